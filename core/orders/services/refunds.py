"""Giving back what an order owes, over all its payments: each wish has a name, and is asked for once."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from core.hookspecs.order import ActKind
from core.kernel import db
from core.kernel.sites import SiteState
from core.lib.errors import NotFound
from core.lib.money import Money
from core.orders.services.facts import BY_HAND, COUNTED
from core.orders.services.guards import ask_guards
from core.orders.services.money_limits import left_to_refund, still_owed
from core.orders.services.operations import FAILED, known_gateway, opened_payment, operation_key
from core.orders.services.part_shapes import PaymentView
from core.orders.services.payments import NothingToRefund, refund
from core.orders.services.read import order_view
from core.orders.services.shapes import OrderView


def refund_surplus(
    state: SiteState,
    order_id: int,
    *,
    actor: str,
    key: str,
    at_most: int | None = None,
    by_hand: bool = False,
    among: Callable[[PaymentView, int], bool] | None = None,
) -> Money:
    """Give back what is owed to the payments that took it, newest first; answers how much was asked for. Network.

    `key` names this wish: repeated, it is the same refund. What is on its way is not owed any more. `at_most` gives
    back a part; `by_hand` only notes it; `among` says of a payment and a part whether to ask there at all. Raises
    Guarded, NothingToRefund, PaymentDeclined, OutcomeUnknown; what was given back before that stays given back.
    """
    order = order_view(order_id, site=state.site)
    if order is None:
        raise NotFound
    left = order.refund_due.amount if at_most is None else min(at_most, order.refund_due.amount)
    if left > 0:
        ask_guards(state, order_id, ActKind.REFUND, actor=actor, amount=left)
    done = 0
    for payment in reversed(order.payments):
        wish = f"{key}:{payment.id}"
        part = _refund_named(state, payment.id, wish)
        if part is None:
            part = min(left_to_refund(payment.id), still_owed(order_id))
            part = part if at_most is None else min(part, at_most - done)
        if part > 0 and (among is None or among(payment, part)):
            amount = Money(part, order.currency)
            refund(state, payment.id, amount, actor=actor, key=wish, by_hand=by_hand, owed=True, asked=True)
            done += part
    if not done:
        raise NothingToRefund(amount=Money.zero(order.currency))
    return Money(done, order.currency)


def was_asked(state: SiteState, payments: Iterable[PaymentView], key: str) -> bool:
    """Whether `refund_surplus` gave something back under this key."""
    return any(_refund_named(state, payment.id, f"{key}:{payment.id}") is not None for payment in payments)


def was_refused(state: SiteState, order: OrderView, key: str) -> bool:
    """Whether a gateway refused for good to give something back under this key: another try needs another key."""
    return any(_refund_named(state, payment.id, f"{key}:{payment.id}") == 0 for payment in order.payments)


def only_by_hand(state: SiteState, order: OrderView) -> bool:
    """Whether no gateway that holds money of this order can give it back."""
    held = [opened_payment(state, payment.id) for payment in order.payments if left_to_refund(payment.id) > 0]
    gateways = [known_gateway(state, opened) for opened in held]
    return not any(gateway is not None and "refund" in gateway.can for gateway in gateways)


def way_back(state: SiteState, order: OrderView, amount: Money) -> str:
    """How so much of what was paid goes back: by its `gateway`, by `hand`, or "" where payments differ in that."""
    ways: set[str] = set()
    for payment in order.payments:
        notes = [fact.note for fact in payment.facts if fact.kind == "captured" and fact.verdict == COUNTED]
        by_gateway = any(note != BY_HAND for note in notes) and gives_back(state, payment, amount.amount)
        ways |= {"gateway" if by_gateway and note != BY_HAND else "hand" for note in notes}
    return ways.pop() if len(ways) == 1 else ""


def gives_back(state: SiteState, payment: PaymentView, part: int) -> bool:
    """Whether the gateway of a payment can give so much of it back."""
    gateway = known_gateway(state, opened_payment(state, payment.id))
    if gateway is None or "refund" not in gateway.can:
        return False
    return "partial_refund" in gateway.can or part == payment.amount.amount


def _refund_named(state: SiteState, payment_id: int, wish: str) -> int | None:
    """How much was asked for under this name already: nothing where that was refused for good, None if never."""
    name = operation_key(opened_payment(state, payment_id), "refund", wish)
    known = db.one("SELECT amount, state FROM payment_operation WHERE key = ?", name)
    return None if known is None else 0 if known[1] == FAILED else int(known[0])
