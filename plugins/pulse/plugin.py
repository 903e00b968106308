"""Pulse: how many people visit, what they look at and what they order, without cookies."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from core.api import Delivery, MenuEntry, Permission, Plugin, Site, Slot, hookimpl, site_by_host
from plugins.pulse import forms
from plugins.pulse.forms import PulseSettings
from plugins.pulse.models import TABLES
from plugins.pulse.services import ageing, orders, showing
from plugins.pulse.services.counting import COUNTERS
from plugins.pulse.views import PERMISSION, panel, shop


def sweep(payload: Mapping[str, Any], site: Site) -> None:
    """Store what waits here, note orders that nobody told of, forget visitors, sum what is old."""
    del payload
    COUNTERS.flush()
    COUNTERS.forget_visitors(site)
    orders.catch_up(site)
    ageing.roll_up(site)


def import_file(arguments: list[str]) -> int:
    """`./stoa pulse import FILE --site HOST`; 1 if a line could not be taken."""
    from plugins.pulse.services import importing  # noqa: PLC0415 -- no page needs it

    said = forms.import_arguments(arguments)
    taken, wrong = importing.import_file(site_by_host(said.site), said.file)
    sys.stderr.write("".join(f"Line {line}\n" for line in wrong) + f"{taken:,} figures taken.\n")
    return 1 if wrong else 0


PLUGIN = Plugin(
    name="pulse",
    version="1.0.0",
    title="Pulse",
    summary="Visits, pages, search words and orders by day, counted without cookies.",
    category="marketing",
    author="Stoa contributors",
    settings=PulseSettings,
    slots=("product.bottom", "search.bottom", "search.none", "page.end"),
    kept_slots=("product.bottom",),
    models=TABLES,
    shop=shop,
    panel=panel,
    panel_menu=(MenuEntry(title="Pulse", endpoint="show", icon="chart", permission=PERMISSION),),
    permissions=(Permission(code=PERMISSION, title="See the statistics"),),
    jobs={"sweep": sweep},
    every={"sweep": 900},
    commands={"import": import_file},
)


@hookimpl
def site_slot(site: Site, name: str, subject: object) -> Slot | None:
    """The script that tells of the page."""
    return showing.in_slot(site, name, subject)


@hookimpl
def notify_event(site: Site, delivery: Delivery) -> None:
    """Something happened to an order: note how it stands now."""
    order_id = getattr(delivery.event, "order_id", None)
    if order_id is not None:
        orders.note(site, order_id)
