"""A parcel that was noted by mistake is taken back, as long as nothing of it has arrived."""

from __future__ import annotations

import json

from core.catalogue.services import stock
from core.hookspecs.events import OrderUnshipped
from core.hookspecs.site import Site
from core.kernel import activity, db, events
from core.lib import clock
from core.lib.errors import Broken, NotFound, Refused
from core.orders.services.goods import stock_reference
from core.orders.services.settle import lock_order, settle
from core.orders.services.timeline import note


class HasArrived(Refused):
    """Whoever has the goods has them: they come back by a return."""

    code = "has_arrived"
    default_message = "Something of this parcel has arrived or comes back, so it did leave."


def unship(site: Site, order_id: int, shipment_id: int, *, actor: str, why: str = "") -> bool:
    """Note that a parcel never left: its units wait again, and its pieces are on the shelf and promised as before.

    Parts of kits that left elsewhere go with their kit, whichever of the parcels is meant. Answers whether it was taken
    back now; once more is no news. The parcel stays on paper, with the day it was taken
    back. Raises NotFound for a parcel of another order, HasArrived. Records OrderUnshipped. Commits.
    """
    with db.transaction():
        lock_order(order_id, site.id)
        row = db.one(
            "SELECT COALESCE(with_id, id), undone_at FROM shipment WHERE id = ? AND order_id = ?", shipment_id, order_id
        )
        if row is None:
            raise NotFound
        if row[1] is not None:
            return False
        shipment_id = int(row[0])
        parcels = db.rows(
            "SELECT taken, delivered_at FROM shipment WHERE id = ? OR with_id = ? ORDER BY id", shipment_id, shipment_id
        )
        units = _units(shipment_id)
        has_arrived = any(delivered_at is not None for _taken, delivered_at in parcels)
        if has_arrived or any(left < quantity for quantity, left in units.values()):
            raise HasArrived
        sql = "UPDATE shipment SET undone_at = ? WHERE id = ? OR with_id = ?"
        db.execute(sql, clock.now_us(), shipment_id, shipment_id)
        for line_id, (quantity, _left) in units.items():
            if not db.execute(
                "UPDATE order_line SET shipped = shipped - ?, allocated = allocated + ? WHERE id = ? AND shipped >= ?",
                quantity, quantity, line_id, quantity,
            ):  # fmt: skip
                raise Broken("The units of a locked order changed.", permanent=True)
        pieces = [(one[0], one[1], one[2]) for taken, _delivered_at in parcels for one in json.loads(taken)]
        stock.unship(pieces, stock_reference(order_id), actor)
        number = db.value("SELECT number FROM orders WHERE id = ?", order_id)
        lines = {str(line_id): quantity for line_id, (quantity, _left) in units.items()}
        note(order_id, actor, "unshipped", shipment_id=shipment_id, lines=lines, why=why.strip()[:500])
        activity.record(
            actor, "unship", f"order:{order_id}", before={"lines": lines}, after={"why": why[:500]}, site_id=site.id,
            title=number,
        )  # fmt: skip
        events.record(OrderUnshipped(order_id=order_id, number=number, shipment_id=shipment_id), site.id)
        settle(order_id)
    return True


def _units(shipment_id: int) -> dict[int, tuple[int, int]]:
    """{line: (units in the parcel, units of the line that have left and neither arrived nor come back)}."""
    return {
        row[0]: (int(row[1]), int(row[2]))
        for row in db.rows(
            "SELECT l.id, SUM(p.quantity), MIN(l.shipped - CASE WHEN l.delivered > l.claimed + CASE WHEN"
            " l.return_requested > l.received THEN l.return_requested ELSE l.received END THEN l.delivered ELSE"
            " l.claimed + CASE WHEN l.return_requested > l.received THEN l.return_requested ELSE l.received END END)"
            " FROM shipment_line p JOIN order_line l ON l.id = p.line_id WHERE p.shipment_id = ? GROUP BY l.id"
            " ORDER BY l.id",
            shipment_id,
        )
    }
