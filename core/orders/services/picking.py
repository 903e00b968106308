"""What is to be fetched for orders, and from where: what waits to be sent and is on the shelf for them.

What others wait for before them, and what was sold before its release, is not among it (`services.shortages`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.hookspecs.site import Site
from core.kernel import db
from core.orders.services.goods import stock_reference
from core.orders.services.shapes import OrderView


@dataclass(frozen=True, slots=True, kw_only=True)
class ToPick:
    """Pieces of a variant for one order at one place; `place` is empty for what is not counted."""

    order_number: str
    place: str
    sku: str
    name: str
    pieces: int


def to_pick(site: Site, orders: Sequence[OrderView]) -> list[ToPick]:
    """The pieces of these orders of the site that can be fetched, kits in their parts, by place and SKU.

    One statement.
    """
    mine = [order for order in orders if order.site_id == site.id]
    places = _places([order.id for order in mine])
    found: list[ToPick] = []
    for order in mine:
        for variant_id, (sku, name, pieces) in sorted(_needed(order).items()):
            left = pieces
            for location_id, place, promised in places.get((order.id, variant_id), ()):
                if part := min(left, promised - _missing(order, variant_id, location_id)):
                    found.append(ToPick(order_number=order.number, place=place, sku=sku, name=name, pieces=part))
                    left -= part
            if left:
                found.append(ToPick(order_number=order.number, place="", sku=sku, name=name, pieces=left))
    return sorted(found, key=lambda one: (one.place, one.sku, one.order_number))


def _missing(order: OrderView, variant_id: int, location_id: int) -> int:
    return sum(one.pieces for one in order.short if (one.variant_id, one.location_id) == (variant_id, location_id))


def _needed(order: OrderView) -> dict[int, tuple[str, str, int]]:
    needed: dict[int, tuple[str, str, int]] = {}
    here = order.here
    for line in order.lines:
        if not (line.needs_delivery and here[line.id]):
            continue
        parts = [(part.variant_id, part.sku, part.name, part.quantity) for part in line.parts]
        for variant_id, sku, name, each in parts or [(line.variant_id, line.sku, line.name, 1)]:
            known = needed.get(variant_id, (sku, name, 0))
            needed[variant_id] = (known[0], known[1], known[2] + each * here[line.id])
    return needed


_Places = dict[tuple[int, int], list[tuple[int, str, int]]]


def _places(order_ids: Sequence[int]) -> _Places:
    """(order, variant) -> (location, its name, pieces promised there)."""
    references = {stock_reference(order_id): order_id for order_id in order_ids}
    found: _Places = {}
    if not references:
        return found
    for reference, variant_id, location_id, name, pieces in db.rows(
        "SELECT m.reference, m.variant_id, o.id, o.name, SUM(m.allocated) + SUM(m.preordered) FROM stock_move m"
        f" JOIN location o ON o.id = m.location_id WHERE m.reference IN ({db.marks(tuple(references))})"
        " GROUP BY m.reference, m.variant_id, o.id, o.name, o.priority"
        " HAVING SUM(m.allocated) + SUM(m.preordered) > 0 ORDER BY o.priority, o.id",
        *references,
    ):
        found.setdefault((references[reference], variant_id), []).append((location_id, name, int(pieces)))
    return found
