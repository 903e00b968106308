"""Cancelling pieces that have not left: a change like every other, whose effect is shown before it is confirmed."""

from __future__ import annotations

from flask import Response, request

from core.checkout.services.changing import Preview, change_order, preview_change
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib import ids
from core.lib.errors import Broken, Refused, Unfit
from core.lib.money import Money
from core.orders.services.case_rules import rules_of
from core.orders.services.change import check_not_done
from core.orders.services.change_shapes import CancelUnits
from core.orders.services.shapes import OrderView
from core.panel.orders import forms
from core.panel.orders.services import said, wishes
from core.panel.orders.services.find import order_numbered
from core.panel.shell import actor, panel
from core.panel.shell.answers import page, to
from core.panel.shell.once import once


@panel.get("/orders/<number>/cancel", endpoint="order_cancel")
@staff("orders.cancel")
def ask(number: str) -> Response:
    """Which pieces are cancelled."""
    return _page(order_numbered(number), forms.CancelForm())


@panel.post("/orders/<number>/cancel", endpoint="order_cancel_save")
@staff("orders.cancel")
@once("panel.order", "number")
def cancel(number: str) -> Response:
    """`act` is preview (nothing is written) or confirm, which needs the price that the preview said."""
    order, form, key = (
        order_numbered(number),
        forms.CancelForm(request.form),
        request.form.get("key", "")[:64] or ids.token(),
    )
    check_not_done(current().site, order.id, key)
    if not form.validate():
        return _page(order, form, problems=form.problems, status=422)
    try:
        units = forms.units(request.form, order.lines)
        actions = [CancelUnits(line_id=line_id, quantity=count) for line_id, count in units.items()]
        seen = request.form.get("seen", type=int)
        if request.form.get("act") != "confirm" or seen is None:
            return _page(order, form, preview=preview_change(current(), order.id, actions, actor=actor()))
        reason = form.reason.data or "merchant"
        change_order(current(), order.id, actions, key=key, actor=actor(), reason=reason, seen_price=seen)
    except (Refused, Broken) as refusal:
        return _page(order, form, problems=_problems(form, refusal), status=getattr(refusal, "status", 409))
    return to("panel.order", say=_("Cancelled. The stock is free again."), number=number)


def _problems(form: forms.CancelForm, refusal: Refused | Broken) -> forms.Problems:
    if isinstance(refusal, Unfit):
        return [(name if name != "lines" else "", _(message)) for name, message in refusal.errors.items()]
    return form.refuse(getattr(refusal, "field", None), i18n.say(refusal))


def _page(
    order: OrderView,
    form: forms.CancelForm,
    *,
    preview: Preview | None = None,
    problems: forms.Problems | None = None,
    status: int = 200,
) -> Response:
    typed, effect = forms.typed(), preview.effect if preview else None
    return page(
        "order_cancel.html",
        status,
        order=order,
        form=form,
        problems=problems or [],
        errors=forms.by_field(problems or []),
        typed=typed,
        key=ids.token() if problems else typed.get("key") or ids.token(),
        goes_by_itself=rules_of(current().site).refund_cancelled,
        authorized=sum((said.authorized_left(payment) for payment in order.payments), Money.zero(order.currency)),
        preview=preview,
        rows=wishes.rows(preview) if preview else [],
        stock=wishes.stock_rows(effect),
        sums=wishes.sums(effect, order.currency),
    )
