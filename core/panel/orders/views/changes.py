"""The change editor: what a change would do is shown first; then it is confirmed once, or left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from flask import Response, request

from core.checkout.services.changing import Preview, change_order, preview_change
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib import addresses, ids
from core.lib.errors import Broken, Refused, Unfit
from core.orders.services.change import check_not_done
from core.orders.services.change_shapes import KEEP, POLICIES, Action
from core.orders.services.shapes import OrderView
from core.panel.orders import forms
from core.panel.orders.services import addressing, said, wishes
from core.panel.orders.services.find import order_numbered
from core.panel.orders.services.places import part_asked, tabs
from core.panel.shell import actor, once, page, panel, to


@panel.get("/orders/<number>/change", endpoint="order_change")
@staff("orders.edit")
def ask(number: str) -> Response:
    """The editor, with the order as it is."""
    return _editor(order_numbered(number))


@panel.post("/orders/<number>/change", endpoint="order_change_save")
@staff("orders.edit")
@once("panel.order", "number")
def change(number: str) -> Response:
    """`act` is preview or fields (nothing is written) or confirm, which needs the price that the preview said."""
    order = order_numbered(number)
    policy = request.form.get("policy", KEEP)
    policy = policy if policy in POLICIES else KEEP
    if request.form.get("act") == "fields":
        return _editor(order)
    check_not_done(current().site, order.id, request.form.get("key", ""))
    try:
        actions = wishes.actions_of(request.form, order, _part(order))
        if request.form.get("act") != "confirm" or not request.form.get("seen"):
            return _looked(order, actions, policy)
        change_order(
            current(),
            order.id,
            actions,
            key=request.form.get("key", "")[:64],
            actor=actor(),
            reason=request.form.get("reason", "").strip(),
            policy=policy,
            seen_price=request.form.get("seen", type=int),
        )
    except (Refused, Broken) as refusal:
        return _editor(order, problems=_problems(refusal), status=getattr(refusal, "status", 409))
    return to("panel.order", say=_("The order is changed."), number=number)


def _part(order: OrderView) -> OrderView:
    """What goes to the place that the editor is about: of several the one that is asked for. Raises NotFound."""
    return part_asked(order, [line.place for line in order.lines if line.left])


def _looked(order: OrderView, actions: list[Action], policy: str) -> Response:
    if not actions:
        return _editor(order)
    return _editor(order, preview=preview_change(current(), order.id, actions, policy=policy, actor=actor()))


def _problems(refusal: Refused | Broken) -> forms.Problems:
    if isinstance(refusal, Unfit):
        return list(refusal.errors.items())
    field = getattr(refusal, "field", None)
    return [(f"{addressing.PREFIX}{field}" if field in addresses.NAMES else "", i18n.say(refusal))]


def _address(order: OrderView, typed: Mapping[str, str], preview: Preview | None) -> dict[str, object]:
    """The form of the address with what was typed, and where the goods would go by which way."""
    now = addressing.address_values(order.address)
    country = typed[f"{addressing.PREFIX}country"] or (order.address.country if order.address else "")
    known = order.billing or order.address
    bill = addressing.address_values(known, addressing.BILLING)
    billed = typed[f"{addressing.BILLING}country"] or (known.country if known else "")
    rates = preview.rates if preview else ()
    chosen = preview.service if preview else None
    return {
        "billing": addressing.address_form(billed, addressing.BILLING) if known else None,
        "billed_to": said.address_lines(preview.plan.billing) if preview and preview.plan.billing else [],
        "address": addressing.address_form(country) if order.address else None,
        "address_values": defaultdict(str, {**now, **bill, **typed}),
        "goes_to": said.address_lines(preview.plan.address) if preview and preview.plan.address else [],
        "rates": [(f"{rate.carrier}:{rate.service}", rate.full_title, i18n.money(rate.amount)) for rate in rates],
        "chosen": f"{chosen.carrier}:{chosen.service}" if chosen else "",
    }


def _editor(
    order: OrderView, *, preview: Preview | None = None, problems: forms.Problems | None = None, status: int = 200
) -> Response:
    typed, part = forms.typed(), _part(order)
    live = [line.place for line in order.lines if line.left]
    effect = preview.effect if preview else None
    return page(
        "order_change.html",
        status,
        order=order,
        part=part,
        places=tabs(order, live, part, "panel.order_change"),
        typed=typed,
        problems=problems or [],
        errors=forms.by_field(problems or []),
        key=ids.token() if problems else typed["key"] or ids.token(),
        **_address(part, typed, preview),
        delivery=part.destinations[0].left,
        preview=preview,
        rows=wishes.rows(preview) if preview else [],
        stock=wishes.stock_rows(effect),
        sums=wishes.sums(effect, order.currency),
    )
