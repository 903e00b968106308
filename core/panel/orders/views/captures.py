"""Money that is authorised: taken in whole or in part, or let go."""

from __future__ import annotations

from flask import Response, request

from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib import ids
from core.lib.errors import Broken, NotFound, Refused
from core.lib.money import Money, parse_money
from core.orders.services import payments
from core.orders.services.money_limits import left_to_capture
from core.orders.services.part_shapes import PaymentView
from core.orders.services.shapes import OrderView
from core.panel.orders import forms
from core.panel.orders.services.find import order_numbered
from core.panel.shell import actor, panel
from core.panel.shell.answers import page, to


@panel.get("/orders/<number>/payments/<int:payment_id>/take", endpoint="order_take")
@staff("orders.pay")
def ask(number: str, payment_id: int) -> Response:
    """How much of what is authorised is taken."""
    order = order_numbered(number)
    return _page(order, _payment(order, payment_id))


@panel.post("/orders/<number>/payments/<int:payment_id>/take", endpoint="order_take_save")
@staff("orders.pay")
def take(number: str, payment_id: int) -> Response:
    """Take an amount, or let all go that was not taken; the form's key makes a repeated click the same. Network."""
    order = order_numbered(number)
    payment = _payment(order, payment_id)
    typed = forms.typed()
    try:
        if typed["act"] == "void":
            return _void(order, payment, number)
        amount = parse_money(typed["amount"], order.currency)
        payments.capture(current(), payment.id, amount, actor=actor(), key=f"panel:{typed['key'][:40]}")
    except (Refused, Broken) as refusal:
        return _page(order, payment, [("amount", i18n.say(refusal))], getattr(refusal, "status", 409))
    return to("panel.order", say=_("%(amount)s captured.", amount=i18n.money(amount)), number=number)


def _void(order: OrderView, payment: PaymentView, number: str) -> Response:
    if left_to_capture(payment.id) <= 0:
        raise payments.NothingToCapture(amount=Money.zero(order.currency))
    payments.void(current(), payment.id, actor=actor())
    return to("panel.order", say=_("The authorisation was let go."), number=number)


def _payment(order: OrderView, payment_id: int) -> PaymentView:
    """A payment of this order; raises NotFound."""
    found = next((payment for payment in order.payments if payment.id == payment_id), None)
    if found is None:
        raise NotFound
    return found


def _page(
    order: OrderView, payment: PaymentView, problems: forms.Problems | None = None, status: int = 200
) -> Response:
    left, typed = Money(max(0, left_to_capture(payment.id)), order.currency), forms.typed()
    return page(
        "order_take.html",
        status,
        order=order,
        payment=payment,
        left=left,
        amount=typed["amount"] if request.method == "POST" else min(left, order.due).decimal,
        problems=problems or [],
        key=typed["key"] or ids.token(),
    )
