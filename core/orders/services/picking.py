"""What is to be fetched for orders, and from where: what the stock has promised them and nobody has sent."""

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
    """The pieces that wait of these orders of the site, kits in their parts, by place and SKU. One statement."""
    mine = [order for order in orders if order.site_id == site.id]
    places = _places([order.id for order in mine])
    found: list[ToPick] = []
    for order in mine:
        for variant_id, (sku, name, pieces) in sorted(_needed(order).items()):
            left = pieces
            for place, there in places.get((order.id, variant_id), ()):
                if part := min(left, there):
                    found.append(ToPick(order_number=order.number, place=place, sku=sku, name=name, pieces=part))
                    left -= part
            if left:
                found.append(ToPick(order_number=order.number, place="", sku=sku, name=name, pieces=left))
    return sorted(found, key=lambda one: (one.place, one.sku, one.order_number))


def _needed(order: OrderView) -> dict[int, tuple[str, str, int]]:
    needed: dict[int, tuple[str, str, int]] = {}
    for line in order.lines:
        if not (line.needs_delivery and line.allocated):
            continue
        parts = [(part.variant_id, part.sku, part.name, part.quantity) for part in line.parts]
        for variant_id, sku, name, each in parts or [(line.variant_id, line.sku, line.name, 1)]:
            known = needed.get(variant_id, (sku, name, 0))
            needed[variant_id] = (known[0], known[1], known[2] + each * line.allocated)
    return needed


def _places(order_ids: Sequence[int]) -> dict[tuple[int, int], list[tuple[str, int]]]:
    """(order, variant) -> (name of the location, pieces promised there)."""
    references = {stock_reference(order_id): order_id for order_id in order_ids}
    found: dict[tuple[int, int], list[tuple[str, int]]] = {}
    if not references:
        return found
    for reference, variant_id, name, pieces in db.rows(
        "SELECT m.reference, m.variant_id, o.name, SUM(m.allocated) + SUM(m.preordered) FROM stock_move m"
        f" JOIN location o ON o.id = m.location_id WHERE m.reference IN ({db.marks(tuple(references))})"
        " GROUP BY m.reference, m.variant_id, o.id, o.name, o.priority"
        " HAVING SUM(m.allocated) + SUM(m.preordered) > 0 ORDER BY o.priority, o.id",
        *references,
    ):
        found.setdefault((references[reference], variant_id), []).append((name, int(pieces)))
    return found
