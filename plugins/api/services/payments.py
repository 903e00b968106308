"""Money of an order: noted by hand, taken, let go, and given back."""

from __future__ import annotations

from typing import Any

from core.api import (
    Broken,
    Money,
    NotFound,
    NothingToCapture,
    OrderView,
    Refused,
    capture_payment,
    grant_and_refund,
    left_to_capture,
    mark_paid,
    void_payment,
)
from plugins.api.forms.base import MoneySent
from plugins.api.forms.orders import PaidByHand
from plugins.api.forms.payments import Capture, NewRefund
from plugins.api.models import scopes
from plugins.api.services.checkout import OtherCurrency
from plugins.api.services.once import Act, once
from plugins.api.services.operations import Call, operation
from plugins.api.services.orders import found_order, shown_order
from plugins.api.services.shapes.orders import Order


class GatewayCannot(Refused):
    """What was asked is beyond this gateway: asking again is in vain."""

    code = "gateway_cannot"


def _asked(act: Act) -> Act:
    """The same, in which what a gateway can never do is a refusal."""

    def ask(key: str) -> int | None:
        try:
            return act(key)
        except Broken as error:
            if error.permanent:
                params: dict[str, Any] = error.params
                raise GatewayCannot(error.message, **params) from error
            raise

    return ask


@operation(
    "POST", "/orders/{order_id}/payments", tag="Payments", scope=scopes.PAYMENTS, body=PaidByHand, answer=Order,
    once="heeded", status=201,
)  # fmt: skip
def create_payment(call: Call) -> Order:
    """Mark an order as paid outside of any gateway."""
    asked: PaidByHand = call.body
    order = found_order(call)
    amount = amount_of(order, asked.amount, "amount") if asked.amount else None

    def act(key: str) -> None:
        mark_paid(call.state, order.id, actor=call.actor, amount=amount, reference=asked.reference, key=key)

    once(call, "create_payment", act, of=order.id)
    return shown_order(call)


@operation(
    "POST", "/orders/{order_id}/payments/{payment_id}/captures", tag="Payments", scope=scopes.PAYMENTS, body=Capture,
    answer=Order, once="needed", status=201,
)  # fmt: skip
def take_payment(call: Call) -> Order:
    """Take authorised money, in whole or in part."""
    asked: Capture = call.body
    order = found_order(call)
    payment_id, amount = _payment(call, order), amount_of(order, asked.amount, "amount")
    once(
        call,
        "capture",
        _asked(lambda key: capture_payment(call.state, payment_id, amount, actor=call.actor, key=key)),
        of=order.id,
    )
    return shown_order(call)


@operation(
    "POST", "/orders/{order_id}/payments/{payment_id}/void", tag="Payments", scope=scopes.PAYMENTS, answer=Order,
    once="heeded",
)  # fmt: skip
def release_payment(call: Call) -> Order:
    """Let go of all that is authorised and was not taken."""
    order = found_order(call)
    payment_id = _payment(call, order)
    was_let_go = any(act.kind == "void" for one in order.payments if one.id == payment_id for act in one.operations)

    def act(_key: str) -> None:
        # Let go once more is no news.
        if left_to_capture(payment_id) <= 0 and not was_let_go:
            raise NothingToCapture(amount=Money.zero(order.currency))
        void_payment(call.state, payment_id, actor=call.actor)

    once(call, "void", _asked(act), of=order.id)
    return shown_order(call)


@operation(
    "POST", "/orders/{order_id}/refunds", tag="Payments", scope=scopes.REFUNDS, body=NewRefund, answer=Order,
    once="needed", status=201,
)  # fmt: skip
def create_refund(call: Call) -> Order:
    """Give money back: what is owed, and with a reason more, which is granted as goodwill before it moves."""
    asked: NewRefund = call.body
    order = found_order(call)
    amount = amount_of(order, asked.amount, "amount") if asked.amount else order.refund_due

    def act(key: str) -> None:
        grant_and_refund(
            call.state, order.id, amount, actor=call.actor, key=key, reason=asked.reason, by_hand=asked.by_hand
        )

    once(call, "create_refund", _asked(act), of=order.id)
    return shown_order(call)


def amount_of(order: OrderView, sent: MoneySent, field: str) -> Money:
    """Money that was sent, if it is in the order's currency. Raises OtherCurrency."""
    if sent.currency != order.currency:
        raise OtherCurrency("The order is in another currency.", field=f"{field}.currency")
    return Money(sent.amount, sent.currency)


def _payment(call: Call, order: OrderView) -> int:
    payment_id: int = call.path["payment_id"]
    if payment_id not in {one.id for one in order.payments}:
        raise NotFound
    return payment_id
