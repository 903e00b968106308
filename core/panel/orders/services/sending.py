"""What a parcel is sent with, as the ship page asks for it and the order's page shows it."""

from __future__ import annotations

from typing import NamedTuple, TypedDict

from core.hookspecs.fulfil import ScanStatus
from core.kernel.i18n import gettext as _
from core.kernel.i18n import lazy, speaking
from core.kernel.sites import current
from core.orders.services.by_location import LocationPacking, packed_by_location
from core.orders.services.parcels import Way, tracking_links, ways
from core.orders.services.read import OrderView, ShipmentView
from core.panel.orders.forms import ParcelForm
from core.panel.orders.services import said


class Chosen(TypedDict):
    """What a parcel is sent with, as the verbs take it."""

    carrier: str
    service: str
    title: str


class ShownParcel(NamedTuple):
    """A parcel with its contents in words, the carrier's page for it, and the code of what it was sent with."""

    parcel: ShipmentView
    contents: str
    url: str
    way: str


_SCANS = {
    ScanStatus.PENDING: lazy("The carrier has not got it yet"),
    ScanStatus.PICKED_UP: lazy("Picked up"),
    ScanStatus.IN_TRANSIT: lazy("On its way"),
    ScanStatus.READY_FOR_PICKUP: lazy("Waits to be collected"),
    ScanStatus.OUT_FOR_DELIVERY: lazy("Out for delivery"),
    ScanStatus.DELIVERY_FAILED: lazy("Delivery failed"),
    ScanStatus.DELIVERED: lazy("Delivered"),
    ScanStatus.RETURNED: lazy("Goes back to you"),
}


def scan_words(scan: str) -> str:
    """What a carrier told last of a parcel, in words."""
    return str(_SCANS.get(ScanStatus(scan), scan))


def _ways(order: OrderView) -> list[Way]:
    """Titles in the order's language: its shopper reads them."""
    site = current().site
    with speaking(order.language, site.timezone):
        return ways(site)


def choices(order: OrderView) -> list[tuple[str, str]]:
    """(code, words) of everything that parcels of this site are sent with, and another carrier."""
    named = [(way.code, f"{way.title} · {way.hint}" if way.hint else way.title) for way in _ways(order)]
    return [*named, ("", _("Another carrier"))]


def offer(form: ParcelForm, order: OrderView) -> ParcelForm:
    """The form with its choices."""
    form.way.choices = choices(order)
    return form


def usual(order: OrderView) -> dict[str, str]:
    """What the shopper chose, if it is still there, else the words that were agreed."""
    code = Way(carrier=order.carrier, service=order.service).code
    is_offered = code in {way.code for way in _ways(order)}
    return {"way": code, "title": ""} if is_offered else {"way": "", "title": order.delivery_title[:60]}


class Packed(NamedTuple):
    """A row of a slip; `kit` names what it is a part of, where the other parts are packed elsewhere."""

    sku: str
    name: str
    pieces: int
    kit: str = ""


def slips(order: OrderView) -> list[tuple[str, list[Packed]]]:
    """(place, what it packs now) of each; one of nothing, where nothing is there. Two statements."""
    found = [(place.name, _packed(order, place)) for place in packed_by_location([order.id]).get(order.id, ())]
    return [(place, rows) for place, rows in found if rows] or [("", [])]


def _packed(order: OrderView, place: LocationPacking) -> list[Packed]:
    pieces = {(part.line_id, part.variant_id): part.pieces for part in place.parts}
    whole = [
        Packed(line.sku, line.name, place.units[line.id])
        for line in order.lines
        if line.needs_delivery and line.id in place.units
    ]
    apart = [
        Packed(part.sku, part.name, pieces[line.id, part.variant_id], line.name)
        for line in order.lines
        for part in line.parts
        if (line.id, part.variant_id) in pieces
    ]
    return whole + apart


def lying_apart(order: OrderView) -> list[str]:
    """The parts of kits that no place can pack alone, each with the place that does. Two statements."""
    return [
        _("%(place)s: %(count)s × %(part)s for %(kit)s", place=place, count=one.pieces, part=one.name, kit=one.kit)
        for place, rows in slips(order)
        for one in rows
        if one.kit
    ]


def chosen(form: ParcelForm) -> Chosen:
    """What was chosen. A carrier that went meanwhile is taken by the typed name."""
    code, title = form.way.data or "", (form.title.data or "").strip()
    if code.startswith("own:"):
        code, title = "", code.removeprefix("own:")[:120]
    carrier, _colon, service = code.partition(":")
    return Chosen(carrier=carrier[:60], service=service[:60], title=title)


def shown(order: OrderView) -> list[ShownParcel]:
    """The parcels of an order's page."""
    links = tracking_links(current().site, order.shipments)
    return [
        ShownParcel(
            parcel, said.contents(order, parcel.lines), links.get(parcel.id, ""),
            Way(carrier=parcel.carrier, service=parcel.service, title=parcel.title).code,
        )
        for parcel in order.shipments
    ]  # fmt: skip
