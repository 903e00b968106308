"""Giving money back: what is owed, and goodwill beyond it, to the payments that took it."""

from __future__ import annotations

from flask import Response, request

from core.checkout.services.refunding import grant_and_refund, most_to_refund
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib import ids
from core.lib.errors import Broken, Refused
from core.lib.money import parse_money
from core.orders.services.case_reading import cases_of
from core.orders.services.case_shapes import INSPECTED, RECEIVED
from core.orders.services.refunds import only_by_hand, was_refused
from core.orders.services.settle import OrderMoved
from core.orders.services.shapes import OrderView
from core.panel.orders import forms
from core.panel.orders.services.find import order_numbered
from core.panel.shell import actor, panel
from core.panel.shell.answers import page, to


@panel.get("/orders/<number>/refund", endpoint="order_refund")
@staff("orders.refund")
def ask(number: str) -> Response:
    """What is owed, and what can be given back at most."""
    return _page(order_numbered(number))


@panel.post("/orders/<number>/refund", endpoint="order_refund_save")
@staff("orders.refund")
def refund(number: str) -> Response:
    """Give an amount back; what is more than owed becomes goodwill, with its reason, before the money moves."""
    order = order_numbered(number)
    key, by_hand = request.form.get("key", "")[:40], bool(request.form.get("by_hand"))
    try:
        amount = parse_money(request.form.get("amount", ""), order.currency)
        reason = request.form.get("reason", "").strip()
        seen = request.form.get("version", type=int)
        grant_and_refund(current(), order.id, amount, actor=actor(), key=key, reason=reason, by_hand=by_hand, seen=seen)
    except OrderMoved as refusal:
        return _page(order_numbered(number), [("", i18n.say(refusal))], refusal.status)
    except (Refused, Broken) as refusal:
        # What was granted before the gateway refused stands: the page goes on from there.
        return _page(order_numbered(number), [("amount", i18n.say(refusal))], getattr(refusal, "status", 409))
    told = _("%(amount)s is given back.") if by_hand else _("%(amount)s is on its way back.")
    return to("panel.order", say=told % {"amount": i18n.money(amount)}, number=number)


def _page(order: OrderView, problems: forms.Problems | None = None, status: int = 200) -> Response:
    typed = forms.typed()
    return page(
        "order_refund.html",
        status,
        order=order,
        undecided=[one for one in cases_of(current().site, order.id) if one.state in {RECEIVED, INSPECTED}],
        most=most_to_refund(order),
        problems=problems or [],
        errors=forms.by_field(problems or []),
        typed=typed,
        by_hand=bool(typed["by_hand"]) if problems else only_by_hand(current(), order),
        key=typed["key"] if typed["key"] and not was_refused(current(), order, typed["key"]) else ids.token(),
    )
