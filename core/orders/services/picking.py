"""What is to be fetched for orders, and from where: what waits to be sent and is on the shelf for them.

What others wait for before them, and what was sold before its release, is not among it (`services.shortages`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from core.hookspecs.site import Site
from core.orders.services.by_location import LocationPacking, packed_by_location
from core.orders.services.shapes import OrderView


class ToPick(Struct, frozen=True, kw_only=True):
    """Pieces of a variant for one order at one place; `place` is empty for what is not counted.

    `kits` are the names of those that they are parts of.
    """

    order_number: str
    location_id: int | None
    place: str
    sku: str
    name: str
    pieces: int
    kits: tuple[str, ...] = ()


def to_pick(site: Site, orders: Sequence[OrderView]) -> list[ToPick]:
    """The pieces of these orders of the site that can be fetched, kits in their parts, by place and SKU.

    Two statements.
    """
    mine = [order for order in orders if order.site_id == site.id]
    packed = packed_by_location([order.id for order in mine])
    found = [
        ToPick(
            order_number=order.number, location_id=place.location_id, place=place.name, sku=sku, name=name,
            pieces=pieces, kits=kits,
        )
        for order in mine
        for place in packed.get(order.id, ())
        for sku, name, pieces, kits in _fetched(order, place)
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.place, one.sku, one.order_number))


def _fetched(order: OrderView, place: LocationPacking) -> list[tuple[str, str, int, tuple[str, ...]]]:
    """(SKU, name, pieces, kits) of each variant that is fetched at a place."""
    found: dict[tuple[int, str], tuple[str, str, int, tuple[str, ...]]] = {}
    for variant_id, sku, name, pieces, kit in _pieces(order, place):
        _sku, _name, known, kits = found.get((variant_id, sku), (sku, name, 0, ()))
        found[variant_id, sku] = (sku, name, known + pieces, tuple(dict.fromkeys([*kits, *([kit] if kit else [])])))
    return list(found.values())


def _pieces(order: OrderView, place: LocationPacking) -> Iterator[tuple[int, str, str, int, str]]:
    """(variant, SKU, name, pieces, kit or nothing)."""
    apart = {(part.line_id, part.variant_id): part.pieces for part in place.parts}
    for line in order.lines:
        units = place.units.get(line.id, 0)
        if not line.needs_delivery:
            continue
        if not line.parts and units:
            yield line.variant_id, line.sku, line.name, units, ""
        for part in line.parts:
            if pieces := part.quantity * units + apart.get((line.id, part.variant_id), 0):
                yield part.variant_id, part.sku, part.name, pieces, line.name
