"""Cancelling: stock and claims go back in the same transaction; money that was paid is then due back."""

from __future__ import annotations

from collections.abc import Mapping

from core.catalogue.services import stock
from core.hookspecs.events import OrderCancelled
from core.hookspecs.order import ActKind
from core.hookspecs.site import Site
from core.kernel import activity, db, events
from core.kernel.repeats import check, claim
from core.orders.services.claims import release_claims
from core.orders.services.giving_back import after_cancelling
from core.orders.services.goods import needs, pick, stock_reference
from core.orders.services.guards import ask_guards
from core.orders.services.places import drop_deliveries, live_places
from core.orders.services.revive import EXPIRED
from core.orders.services.settle import line_facts, lock_order, settle
from core.orders.services.status import due
from core.orders.services.timeline import note


def cancel(
    site: Site,
    order_id: int,
    *,
    actor: str,
    reason: str = "merchant",
    lines: Mapping[int, int] | None = None,
    key: str = "",
) -> None:
    """Cancel units that have not left: all of them, or {line id: quantity}. Commits.

    Gives stock back, and the claims once nothing of the order is left. Raises NotFound, Guarded, NotThatMany,
    DoneBefore. Records OrderCancelled when the whole order is cancelled.
    """
    check(key)
    ask_guards(site, order_id, ActKind.CANCEL, actor=actor, lines=lines)
    with db.transaction():
        claim(key)
        cancel_units(site.id, order_id, actor=actor, reason=reason, lines=lines)


def _said(reason: str) -> str:
    """The reason as the moves of stock keep it for good: a code, never what somebody wrote about the order."""
    return f"cancel.{reason}" if reason == EXPIRED else "cancel"


def cancel_units(
    site_id: int, order_id: int, *, actor: str, reason: str, lines: Mapping[int, int] | None = None
) -> None:
    """`cancel` as part of another verb's transaction."""
    lock_order(order_id, site_id)
    units = pick(order_id, "promised", lines)
    order = db.one(
        "SELECT number, total, delivery_total, (SELECT count(*) FROM order_destination d WHERE d.order_id = orders.id)"
        " FROM orders WHERE id = ?",
        order_id,
    )
    assert order is not None
    due_before, total, delivery_total = due(order[1], order[2], line_facts(order_id)), order[1], order[2]
    live = live_places(order_id) if order[3] else set()
    stock.release(needs(units), stock_reference(order_id), actor, _said(reason))
    for one in units:
        db.execute(
            "UPDATE order_line SET allocated = allocated - ?, cancelled = cancelled + ?,"
            " picked = CASE WHEN picked > allocated - ? + shipped THEN allocated - ? + shipped ELSE picked END WHERE"
            " id = ? AND allocated >= ?",
            one.quantity, one.quantity, one.quantity, one.quantity, one.line_id, one.quantity,
        )  # fmt: skip
    after = line_facts(order_id)
    if order[3] and (left := live_places(order_id)) and live - left:
        drop_deliveries(order_id, sorted(live - left))
        total, delivery_total = db.rows("SELECT total, delivery_total FROM orders WHERE id = ?", order_id)[0]
    gone = {str(one.line_id): one.quantity for one in units}
    note(
        order_id,
        actor,
        "cancelled",
        reason=reason,
        lines=gone,
        due=due_before,
        due_after=due(total, delivery_total, after),
    )
    activity.record(
        actor, "cancel", f"order:{order_id}", after={"reason": reason, "lines": gone}, site_id=site_id, title=order[0]
    )
    if all(line.cancelled == line.ordered for line in after):
        release_claims(site_id, order_id)
        db.execute("UPDATE orders SET expires_at = NULL WHERE id = ?", order_id)
        events.record(OrderCancelled(order_id=order_id, number=order[0], reason=reason), site_id)
    settle(order_id)
    after_cancelling(site_id, order_id)
