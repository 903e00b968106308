"""Acts on many orders at once, and their slips to print."""

from __future__ import annotations

from flask import Response, request

from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib import ids
from core.lib.errors import Forbidden, NotFound
from core.orders.services.shapes import OrderView
from core.panel.orders.services import bulk, said, sending
from core.panel.orders.services.find import order_numbered
from core.panel.shell import actor, panel, shell
from core.panel.shell.answers import page, to


@panel.post("/orders/bulk", endpoint="orders_bulk")
@staff("orders.view")
def act() -> Response:
    """Capture, pick, ship or note as delivered, with a result per order; each act asks for its own permission."""
    numbers, name = request.form.getlist("n"), request.form.get("act", "")
    if not numbers:
        return to("panel.orders", say=_("Choose at least one order."), kind="bad")
    if name == "print":
        return _slips(numbers)
    if name not in bulk.ACTS:
        raise NotFound
    if not shell().may(bulk.ACTS[name][0]):
        raise Forbidden
    key, tag = request.form.get("key", "")[:24], request.form.get("tag", "")
    stage = request.form.get("stage", "")
    day = request.form.get("day", "").strip()[:10]
    unpaid = bool(request.form.get("unpaid"))
    wish = bulk.Wish(state=current(), actor=actor(), key=key, tag=tag, stage=stage, day=day, unpaid=unpaid)
    results = bulk.run(name, numbers, wish)
    return page(
        "orders_result.html",
        results=results,
        done=sum(one.is_done for one in results),
        unpaid=[one.number for one in results if one.is_unpaid],
        key=ids.token(),
    )


def _packed(order: OrderView) -> list[tuple[OrderView, str, list[sending.Packed]]]:
    """What each location packs for each place where something goes."""
    found = [(part, place, rows) for part in order.by_place for place, rows in sending.slips(part)]
    return [one for one in found if one[2]]


def _slips(numbers: list[str]) -> Response:
    """What goes into each parcel and where it goes: a sheet for each location it leaves and place it goes to.

    Orders with nothing to pack have none, and are named.
    """
    packed = {number: _packed(order_numbered(number)) for number in dict.fromkeys(numbers[: bulk.MOST])}
    sheets = [
        (part, place, rows, said.address_lines(part.address)) for one in packed.values() for part, place, rows in one
    ]  # fmt: skip
    return page("orders_print.html", sheets=sheets, without=[number for number, one in packed.items() if not one])
