"""Giving money back: what is owed, and goodwill beyond it, granted before the money moves."""

from __future__ import annotations

from core.checkout.services.changing import change_order
from core.hookspecs.order import ActKind
from core.kernel import db
from core.kernel.sites import SiteState
from core.lib.errors import NotFound, Refused
from core.lib.money import Money, NotMoney
from core.orders.services.change_shapes import AddCharge
from core.orders.services.guards import ask_guards
from core.orders.services.payments import NothingToRefund
from core.orders.services.read import order_view
from core.orders.services.refunds import refund_surplus, was_asked
from core.orders.services.settle import lock_order
from core.orders.services.shapes import OrderView

_CHANGE = "SELECT 1 FROM order_change WHERE order_id = ? AND key = ?"


class StillOpen(Refused):
    """Goodwill lowers what is open first, so that nothing of it would go back."""

    code = "still_open"
    default_message = "Something of this order is still to be paid. Lower its price by a change instead."


def most_to_refund(order: OrderView) -> Money:
    """What can be given back at most."""
    return Money(max(0, order.captured.amount - order.refunded.amount), order.currency)


def grant_and_refund(
    state: SiteState,
    order_id: int,
    amount: Money,
    *,
    actor: str,
    key: str,
    reason: str = "",
    by_hand: bool = False,
    seen: int | None = None,
) -> Money:
    """Give an amount back to the payments that took it; answers how much was asked for. Network.

    What is more than owed becomes goodwill first, with its `reason`. `key` names this wish: repeated, nothing is
    granted a second time. `seen` is the version of the order that was looked at. Raises NotFound, NotMoney,
    NothingToRefund, StillOpen, OrderMoved, and what a change and `refund_surplus` raise.
    """
    order = order_view(order_id, site=state.site)
    if order is None:
        raise NotFound
    if was_asked(state, order.payments, key):
        return refund_surplus(state, order_id, actor=actor, key=key, at_most=amount.amount, by_hand=by_hand)
    _grant(state, order, amount, actor=actor, key=key, reason=reason, seen=seen)
    return refund_surplus(state, order_id, actor=actor, key=key, at_most=amount.amount, by_hand=by_hand)


def _grant(
    state: SiteState, order: OrderView, amount: Money, *, actor: str, key: str, reason: str, seen: int | None
) -> None:
    """Make goodwill of what is more than owed, if it can be given back at all."""
    most, wish = most_to_refund(order), f"refund:{key}"
    if amount.amount <= 0:
        raise NotMoney.of(amount.currency)
    if amount.currency != order.currency or amount.amount > most.amount:
        raise NothingToRefund(amount=most)
    more = amount.amount - order.refund_due.amount
    if more > 0 and order.due.amount > 0:
        raise StillOpen
    if more > 0:
        ask_guards(state, order.id, ActKind.REFUND, actor=actor, amount=amount.amount)
    if seen is not None and not db.value(_CHANGE, order.id, wish):
        with db.transaction():
            lock_order(order.id, state.site.id, seen)
    if more > 0:
        charge = AddCharge(charge="goodwill", amount=more, reason=reason[:200])
        change_order(state, order.id, [charge], key=wish, actor=actor, reason=charge.reason)
