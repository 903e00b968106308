"""Manifests: what left each place on a day, handed over on one paper, and those that were made."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from flask import Response, request

from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib import clock
from core.orders.services import manifests
from core.panel.orders.services import said
from core.panel.shell import actor, panel
from core.panel.shell.answers import page, to
from core.panel.shell.once import form_key, once


@panel.get("/orders/manifests", endpoint="manifests")
@staff("orders.ship")
def show() -> Response:
    """What waits of a day, and the latest manifests."""
    day = _day(request.args.get("day", ""))
    state = current()
    return page(
        "order_manifests.html",
        day=day,
        makers=list(manifests.makers(state).values()),
        waiting=manifests.waiting(state, day),
        made=[(one, said.manifest_status(one)) for one in manifests.manifests(state)],
    )


@panel.post("/orders/manifests", endpoint="manifest_ask")
@staff("orders.ship")
@once("panel.manifests")
def ask() -> Response:
    """Have a manifest made of what waits at a place."""
    day, place = _day(request.form.get("day", "")), request.form.get("location", "")
    try:
        manifests.ask_manifest(
            current(), carrier=request.form.get("carrier", ""), day=day, actor=actor(), key=form_key(),
            location_id=int(place) if place.isascii() and place.isdecimal() and len(place) < 10 else None,
        )  # fmt: skip
    except manifests.NothingToHandOver as refusal:
        return to("panel.manifests", say=_(refusal.default_message), kind="bad", day=day.isoformat())
    return to("panel.manifests", say=_("The manifest is being made. Look again in a minute."), day=day.isoformat())


@panel.get("/orders/manifests/<int:manifest_id>/<int:position>", endpoint="manifest_paper")
@staff("orders.ship")
def paper(manifest_id: int, position: int) -> Response:
    """A paper to print."""
    return manifests.paper(current().site, manifest_id, position)


def _day(text: str) -> date:
    """The day that is asked for; today where none can be read."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return clock.now().astimezone(ZoneInfo(current().site.timezone)).date()
