"""Picking begins, and may be taken back: from then on shoppers cannot change their order by themselves."""

from __future__ import annotations

from collections.abc import Mapping

from core.hookspecs.order import ActKind
from core.hookspecs.site import Site
from core.kernel import activity, db
from core.kernel.repeats import claim
from core.lib.errors import Broken, Refused
from core.orders.services.goods import NotThatMany, pick
from core.orders.services.guards import ask_guards
from core.orders.services.hold_checks import check_not_held
from core.orders.services.settle import lock_order
from core.orders.services.timeline import note
from core.orders.services.waits import here_of


class NotHere(Refused):
    """None of it is on the shelf for this order."""

    code = "not_here"
    default_message = "The goods are not there yet."


class HasLeft(Refused):
    """Something of it is on its way, so picking did begin."""

    code = "has_left"
    default_message = "Something of this order has left, so its picking stands."


def start_picking(
    site: Site, order_id: int, *, actor: str, lines: Mapping[int, int] | None = None, key: str = ""
) -> int:
    """Take units {line id: quantity}, or all that are on the shelf for it, into hand; answers how many. Commits.

    Raises NotFound, Guarded, OnHold, NotHere, NotThatMany (also if all of it was picked before), DoneBefore.
    """
    ask_guards(site, order_id, ActKind.PICK, actor=actor, lines=lines)
    with db.transaction():
        claim(key)
        lock_order(order_id, site.id)
        check_not_held(order_id)
        units = pick(order_id, "not picked", _on_the_shelf(order_id) if lines is None else lines)
        for one in units:
            if not db.execute(
                "UPDATE order_line SET picked = CASE WHEN picked > shipped THEN picked ELSE shipped END + ?"
                " WHERE id = ? AND CASE WHEN picked > shipped THEN picked ELSE shipped END + ? <= allocated + shipped",
                one.quantity, one.line_id, one.quantity,
            ):  # fmt: skip
                raise Broken("The units of a locked order changed.", permanent=True)
        _record(site, order_id, actor, "picked", {str(one.line_id): one.quantity for one in units})
    return sum(one.quantity for one in units)


def _on_the_shelf(order_id: int) -> dict[int, int] | None:
    """Units that can be fetched and were not; None for all of them, where nothing of the order is missing."""
    if not db.value("SELECT 1 FROM order_shortage WHERE order_id = ? LIMIT 1", order_id):
        return None
    here = here_of(order_id)
    for line_id, in_hand in db.rows(
        "SELECT id, picked - shipped FROM order_line WHERE order_id = ? AND picked > shipped", order_id
    ):
        here[line_id] = max(0, here.get(line_id, 0) - in_hand)
    if not any(here.values()):
        raise NotHere
    return here


def undo_picking(site: Site, order_id: int, *, actor: str, key: str = "") -> None:
    """Put it all back: nobody has begun. Commits.

    Raises NotFound, HasLeft, NotThatMany (nothing was picked), DoneBefore.
    """
    with db.transaction():
        claim(key)
        lock_order(order_id, site.id)
        if db.value("SELECT 1 FROM order_line WHERE order_id = ? AND shipped > 0 LIMIT 1", order_id):
            raise HasLeft
        found = db.rows("SELECT id, picked FROM order_line WHERE order_id = ? AND picked > 0 ORDER BY id", order_id)
        if not found:
            raise NotThatMany("There is nothing left to do here.")
        db.execute("UPDATE order_line SET picked = 0 WHERE order_id = ? AND shipped = 0", order_id)
        _record(site, order_id, actor, "unpicked", {str(line_id): picked for line_id, picked in found})


def _record(site: Site, order_id: int, actor: str, kind: str, lines: dict[str, int]) -> None:
    note(order_id, actor, kind, lines=lines)
    number = db.value("SELECT number FROM orders WHERE id = ?", order_id)
    activity.record(actor, kind, f"order:{order_id}", after={"lines": lines}, site_id=site.id, title=number)
