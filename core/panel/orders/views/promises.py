"""Another day for an order that waits for goods."""

from __future__ import annotations

from datetime import date

from flask import Response, request

from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib.errors import Refused
from core.orders.services import promising
from core.orders.services.read import OrderView
from core.panel.orders import forms
from core.panel.orders.services.find import order_numbered
from core.panel.shell import actor, panel
from core.panel.shell.answers import page, to
from core.panel.shell.once import form_key, once


@panel.get("/orders/<number>/promise", endpoint="order_promise")
@staff("orders.edit")
def ask(number: str) -> Response:
    """From which day on it leaves now."""
    return _page(order_numbered(number), forms.PromiseForm(), [])


@panel.post("/orders/<number>/promise", endpoint="order_promise_save")
@staff("orders.edit")
@once("panel.order", "number")
def promise(number: str) -> Response:
    """Promise it, and tell the shopper; the same day once more tells nobody anything."""
    order, form = order_numbered(number), forms.PromiseForm(request.form)
    if not form.validate():
        return _page(order, form, form.problems, 422)
    try:
        day = date.fromisoformat(form.day.data) if form.day.data else None
        is_new = promising.promise_day(current().site, order.id, day, actor=actor(), why=form.why.data, key=form_key())
    except ValueError:
        return _page(order, form, form.refuse("day", _("Write the day as 2026-12-31.")), 422)
    except Refused as refusal:
        return _page(order, form, form.refuse(refusal.field, i18n.say(refusal)), refusal.status)
    said = _("The new day is promised; the shopper gets a mail.") if is_new else _("That day was promised already.")
    return to("panel.order", say=said, number=number)


def _page(order: OrderView, form: forms.PromiseForm, problems: forms.Problems, status: int = 200) -> Response:
    return page("order_promise.html", status, order=order, form=form, problems=problems)
