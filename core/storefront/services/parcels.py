"""The parcels of an order as its shopper sees them: what is in each, and where its carrier saw it last."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from core.hookspecs.fulfil import ScanStatus
from core.kernel.i18n import gettext as _
from core.kernel.i18n import lazy
from core.kernel.sites import SiteState
from core.orders.services.parcels import tracking_links
from core.orders.services.read import OrderView, ShipmentView


class LastScan(Struct, frozen=True, kw_only=True):
    """What a carrier told last of a parcel, in words, with the `place` if it was said; `kind` colours it."""

    text: str
    kind: str
    place: str
    at: datetime


class Parcel(Struct, frozen=True, kw_only=True):
    """A parcel that left, with its `contents` (pieces, name); `url` is the carrier's page for it, where it has one.

    `to` says whom it goes to, where an order goes to several; `scan` where it was seen last, if anybody told.
    `is_collected` where the shopper picks it up.
    """

    carrier: str
    number: str
    url: str
    shipped_at: datetime
    contents: tuple[tuple[int, str], ...] = ()
    to: str = ""
    scan: LastScan | None = None
    is_collected: bool = False


_WORDS = {
    ScanStatus.PENDING: (lazy("The carrier has not got it yet"), ""),
    ScanStatus.PICKED_UP: (lazy("The carrier has it"), "new"),
    ScanStatus.IN_TRANSIT: (lazy("Under way"), "new"),
    ScanStatus.READY_FOR_PICKUP: (lazy("Waits for you to collect it"), "warn"),
    ScanStatus.OUT_FOR_DELIVERY: (lazy("Out for delivery"), "new"),
    ScanStatus.DELIVERY_FAILED: (lazy("It could not be delivered"), "warn"),
    ScanStatus.DELIVERED: (lazy("Delivered"), "good"),
    ScanStatus.RETURNED: (lazy("It goes back to us"), "warn"),
}


def scan_words(status: ScanStatus) -> tuple[str, str]:
    """(words, kind) of what a carrier tells."""
    words, kind = _WORDS[status]
    return str(words), kind


def parcels_of(state: SiteState, order: OrderView, *, whole: bool) -> tuple[Parcel, ...]:
    """The parcels with what is in them, and their carriers' pages; to whom, where it goes to several places."""
    links = tracking_links(state.site, order.shipments)
    names = {line.id: line.name for line in order.lines}
    people = {one.position: one.address.whose for one in order.destinations if one.address}
    told = people if whole and order.is_spread else {}
    collected = {one.position for one in order.destinations if one.is_collected}
    return tuple(
        Parcel(
            carrier=one.title or order.delivery_title,
            number=one.tracking,
            url=links.get(one.id, ""),
            shipped_at=one.shipped_at,
            contents=tuple(
                (quantity, names[line_id]) if quantity else (1, _("Parts of %(name)s", name=names[line_id]))
                for line_id, quantity in one.lines.items()
                if line_id in names
            ),
            to=told.get(one.place, ""),
            scan=_last_scan(one, is_collected=one.place in collected),
            is_collected=one.place in collected,
        )
        for one in order.shipments
    )


def _last_scan(parcel: ShipmentView, *, is_collected: bool) -> LastScan | None:
    """What was told last; of a parcel that arrived that alone, whoever noted it."""
    known = ScanStatus(parcel.scan) if parcel.scan else None
    if parcel.delivered_at is not None:
        at = parcel.scanned_at if known is ScanStatus.DELIVERED and parcel.scanned_at else parcel.delivered_at
        place = parcel.scan_place if known is ScanStatus.DELIVERED else ""
        known = ScanStatus.DELIVERED
    elif known is not None and parcel.scanned_at is not None:
        at, place = parcel.scanned_at, parcel.scan_place
    else:
        return None
    text, kind = scan_words(known)
    if is_collected and known is ScanStatus.DELIVERED:
        text = _("Picked up")
    return LastScan(text=text, kind=kind, place=place, at=at)
