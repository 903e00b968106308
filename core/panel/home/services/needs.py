"""What waits for the merchant: each figure costs one statement, and leads to the list it counts."""

from __future__ import annotations

from datetime import timedelta

from flask import url_for
from msgspec import Struct

from core.catalogue.services.media import wordless_count
from core.catalogue.services.shapes import LOW_STOCK
from core.catalogue.services.stock_audit import noted_differences
from core.catalogue.services.stock_low import low_count
from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.i18n import enumerated, ngettext
from core.kernel.i18n import gettext as _
from core.kernel.installation import installation
from core.kernel.sites import SiteState
from core.lib import clock
from core.orders.services.listing import OrderFilters, count_orders
from core.panel.jobs.services import dead_count
from core.panel.orders.services.filters import VIEWS, to_ship_count
from core.panel.shell import Shell


class Need(Struct, frozen=True, kw_only=True):
    """Something that waits for the merchant, why, and the act that settles it."""

    icon: str
    title: str
    why: str
    url: str
    act: str
    tone: str = ""


def needs(state: SiteState, shell: Shell) -> list[Need]:
    """What waits for this person on this site, the worst first."""
    found = [
        _shut(state, shell),
        _paused(state, shell),
        _broken(shell),
        _faults(state.site, shell),
        _dead(shell),
        _differing(shell),
        _to_ship(state.site, shell),
        _unpaid(state.site, shell),
        _low(shell),
        _wordless(shell),
    ]
    return [need for need in found if need is not None]


def _shut(state: SiteState, shell: Shell) -> Need | None:
    if state.open or not shell.may("site.edit"):
        return None
    return Need(
        icon="pause",
        title=_("The shop is not open"),
        why=_("Shoppers see no goods and can buy nothing."),
        url=url_for("panel.settings", _anchor="open"),
        act=_("Look"),
        tone="warn",
    )


def _paused(state: SiteState, shell: Shell) -> Need | None:
    names = [name for name, now in state.states.items() if now == "paused"]
    if not names or not shell.may("plugins.switch"):
        return None
    loaded = installation().plugins.loaded
    return Need(
        icon="plug",
        title=ngettext("%(n)s plugin is paused", "%(n)s plugins are paused", len(names)),
        why=enumerated(_(str(loaded[name].plugin.title)) if name in loaded else name for name in names),
        url=url_for("panel.plugins", show="care"),
        act=_("Look"),
        tone="bad",
    )


def _broken(shell: Shell) -> Need | None:
    registry = installation().plugins
    names = [name for name in registry.broken if name not in registry.loaded]
    if not names or not shell.may("plugins.switch"):
        return None
    return Need(
        icon="plug",
        title=ngettext("%(n)s plugin cannot run", "%(n)s plugins cannot run", len(names)),
        why=enumerated(names),
        url=url_for("panel.plugins", show="care"),
        act=_("Look"),
        tone="bad",
    )


def _faults(site: Site, shell: Shell) -> Need | None:
    if not shell.may("plugins.switch"):
        return None
    count, plugins = db.one(
        "SELECT COUNT(*), COUNT(DISTINCT plugin) FROM plugin_fault WHERE at > ? AND (site_id = ? OR site_id IS NULL)",
        clock.micros(clock.now() - timedelta(days=1)),
        site.id,
    ) or (0, 0)
    if not count:
        return None
    return Need(
        icon="bolt",
        title=ngettext("%(n)s fault in the last day", "%(n)s faults in the last day", count),
        why=ngettext(
            "In %(n)s plugin; the shop went on without it.", "In %(n)s plugins; the shop went on without them.", plugins
        ),
        url=url_for("panel.plugins", show="care"),
        act=_("Look"),
        tone="warn",
    )


def _dead(shell: Shell) -> Need | None:
    count = dead_count() if shell.may_everywhere("jobs.view") else 0
    if not count:
        return None
    return Need(
        icon="jobs",
        title=ngettext("%(n)s piece of work gave up", "%(n)s pieces of work gave up", count),
        why=_("Nothing is lost; it waits until you try again."),
        url=url_for("panel.jobs"),
        act=_("Look"),
        tone="bad",
    )


def _differing(shell: Shell) -> Need | None:
    count = noted_differences() if shell.may("catalogue.view") else 0
    if not count:
        return None
    return Need(
        icon="shield",
        title=ngettext("%(n)s stock level differs from its moves", "%(n)s stock levels differ from their moves", count),
        why=_("Something other than the shop has changed them."),
        url=url_for("panel.stock_proof", now=1),
        act=_("Look"),
        tone="bad",
    )


def _to_ship(site: Site, shell: Shell) -> Need | None:
    count = to_ship_count(site) if shell.may("orders.view") else 0
    if not count:
        return None
    return Need(
        icon="truck",
        title=ngettext("%(n)s order is to be shipped", "%(n)s orders are to be shipped", count),
        why=_("The pieces are set aside for them."),
        url=url_for("panel.orders", view="to_ship"),
        act=_("Show"),
    )


def _unpaid(site: Site, shell: Shell) -> Need | None:
    if not shell.may("orders.view"):
        return None
    count = count_orders(site, OrderFilters(statuses=VIEWS["unpaid"]))
    if not count:
        return None
    return Need(
        icon="card",
        title=ngettext("%(n)s order waits for its money", "%(n)s orders wait for their money", count),
        why=_("Open orders of which something is still to be paid."),
        url=url_for("panel.orders", view="unpaid"),
        act=_("Show"),
        tone="warn",
    )


def _low(shell: Shell) -> Need | None:
    count = low_count() if shell.may("catalogue.view") else 0
    if not count:
        return None
    return Need(
        icon="box",
        title=ngettext("%(n)s variant is running low", "%(n)s variants are running low", count),
        why=ngettext("%(n)s piece or fewer left.", "%(n)s pieces or fewer left.", LOW_STOCK),
        url=url_for("panel.stock", show="low"),
        act=_("Look"),
        tone="warn",
    )


def _wordless(shell: Shell) -> Need | None:
    count = wordless_count() if shell.may("media.edit") else 0
    if not count:
        return None
    return Need(
        icon="image",
        title=ngettext("%(n)s picture needs words", "%(n)s pictures need words", count),
        why=_("People who cannot see it are told nothing."),
        url=url_for("panel.media", show="wordless"),
        act=_("Write them"),
    )
