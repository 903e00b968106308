"""A mail about an order: its subject, text and HTML, in the order's language."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from core.api import (
    CaseView,
    ChangeView,
    DestinationView,
    Instead,
    Message,
    Money,
    OrderView,
    PaymentChanged,
    ShipmentView,
    Site,
    address_lines,
    begin_instructions,
    can_be_sent_back,
    decided_charges,
    gettext,
    in_the_kit,
    inline_css,
    leaves_later,
    money_back,
    order_view,
    render_outside,
    return_address,
    sent_instead,
    speaking,
    state_of,
    tracking_link,
    way_back,
)

# The subjects, per kind of mail; `%(number)s` is the order's. The templates are mail/<kind>.html and mail/<kind>.txt.
SUBJECTS = {
    "placed": "We have your order %(number)s",
    "paid": "Your payment for order %(number)s has come",
    "refunded": "Money for order %(number)s goes back to you",
    "shipped": "Order %(number)s is on its way",
    "ready": "Order %(number)s is ready to be picked up",
    "unshipped": "A parcel of order %(number)s has not left yet",
    "unready": "Order %(number)s cannot be picked up yet",
    "cancelled": "Order %(number)s is cancelled",
    "promised": "Another day for order %(number)s",
    "changed": "Order %(number)s is changed",
    "split": "Order %(number)s is now two orders",
    "merged": "Order %(other)s is now part of order %(number)s",
    "return_requested": "We have your request about order %(number)s",
    "return_approved": "You can send back goods of order %(number)s",
    "return_declined": "About your request for order %(number)s",
    "return_received": "Your goods of order %(number)s have come back",
    "return_resolved": "Your request about order %(number)s is decided",
    "claim_approved": "We look after your claim about order %(number)s",
}
# Steps of a return that its shopper is told of, and of a claim: for that nothing is sent.
CASE_STEPS = ("requested", "approved", "declined", "received", "resolved")


def compose(site: Site, order: OrderView, kind: str, about: str, values: Mapping[str, Any], **named: str) -> Message:
    """One mail in the order's language, as text and as HTML with its styles inlined (programs drop sheets).

    `about` makes it one mail of its order, whatever is retried; `named` is what else the subject names.
    """
    state = state_of(site.id)
    known = {
        "order": order, "kind": kind, "in_the_kit": in_the_kit, "leaves_later": leaves_later,
        "some_later": any(map(leaves_later, order.lines)),
        "is_collected": all(one.is_collected for one in order.destinations), "address_lines": address_lines,
        "way_back": partial(way_back, state, order), "gives_back": partial(money_back, state, order),
        **values,
    }  # fmt: skip
    html = render_outside(site, f"mail/{kind}.html", order.language, **known)
    text = render_outside(site, f"mail/{kind}.txt", order.language, **known)
    with speaking(order.language, site.timezone):
        subject = gettext(SUBJECTS[kind], number=order.number, **named)
    return Message(
        key=f"order:{order.id}:{about}",
        kind=f"order.{kind}",
        to=order.email,
        subject=subject,
        text=text,
        html=inline_css(html),
        language=order.language,
    )


def order_mail(site: Site, order: OrderView, kind: str, parcel: int | None = None) -> Message:
    """A mail about the order itself; `parcel` names the shipment it is about."""
    shipment = next((shipment for shipment in order.shipments if shipment.id == parcel), None)
    url = tracking_link(site, shipment) if shipment else ""
    to_come = [line for line in order.lines if line.allocated and line.needs_delivery]
    about = kind + (f":{parcel}" if parcel else "")
    values = {"shipment": shipment, "tracking_url": url, "to_come": to_come}
    place = collection_point(order, shipment) if shipment else None
    if place is not None:
        return compose(site, order, "ready", about, {**values, "collected": place})
    return compose(site, order, kind, about, values)


def collection_point(order: OrderView, shipment: ShipmentView) -> DestinationView | None:
    """The place where a shipment is picked up; none where it is sent."""
    return next((one for one in order.destinations if one.position == shipment.place and one.is_collected), None)


def with_instructions(site: Site, order: OrderView) -> OrderView:
    """The order with the words that say where to pay what it costs now, which its shopper may not have seen yet."""
    begin_instructions(state_of(site.id), order.id)
    return order_view(order.id, site=site) or order


def change_mail(site: Site, order: OrderView, change: ChangeView, currency: str) -> Message:
    """What a change cancelled, added, moved and made cheaper or dearer."""
    told = with_instructions(site, order) if change.effect.to_pay > 0 else order
    return compose(site, told, "changed", f"change:{change.id}", _effect(change, told, currency))


def _effect(change: ChangeView, order: OrderView, currency: str) -> dict[str, Any]:
    effect, plan = change.effect, change.plan
    return {
        "before": Money(effect.price_before, currency),
        "after": Money(effect.price_after, currency),
        "to_pay": Money(effect.to_pay, currency),
        "to_refund": Money(effect.to_refund, currency),
        # Goodwill of a refund, which may be given by hand: the mail about the money says how.
        "is_of_refund": change.key.startswith("refund:"),
        **_units(change, order),
        "addresses": plan.addresses,
        "billed": plan.billing is not None,
        "is_new_address": bool(plan.email),
        "renews_link": plan.renews_link,
    }


def _units(change: ChangeView, order: OrderView) -> dict[str, Any]:
    """Units that are cancelled, added and sent elsewhere; what stays in the order at another price is none of them."""
    plan, lines = change.plan, {line.id: line for line in order.lines}
    gone = dict(plan.cancels)
    for new in plan.lines:
        if new.of_line_id in gone:
            gone[new.of_line_id] -= new.quantity
    further = [{"name": new.name, "quantity": new.quantity} for new in plan.lines if new.of_line_id not in gone]
    further += [{"name": lines[of].name, "quantity": -units} for of, units in gone.items() if units < 0]
    return {
        "cancelled": {line_id: units for line_id, units in gone.items() if units > 0},
        "added": further,
        "elsewhere": [
            {"name": new.name, "quantity": new.quantity, "to": order.whose(new.place)}
            for new in plan.lines
            if new.of_line_id in gone and lines[new.of_line_id].place != new.place
        ],
    }


def parting_mail(site: Site, order: OrderView, change: ChangeView, into: int) -> Message | None:
    """A split is told with both orders, a merge with the one that is left; prices stay, so only the goods are named."""
    is_split = change.plan.into is None
    other = order_view(into if is_split else change.order_id, site=site)
    if other is None:
        return None
    values = {"other": other, "lines": change.plan.lines, "both": (order, other) if is_split else (order,)}
    return compose(site, order, "split" if is_split else "merged", f"change:{change.id}", values, other=other.number)


def unshipped_mail(site: Site, order: OrderView, shipment_id: int) -> Message:
    """That a parcel has not left after all, or cannot be picked up yet."""
    parcel = next(one for one in order.taken_back if one.id == shipment_id)
    kind = "unready" if collection_point(order, parcel) else "unshipped"
    return compose(site, order, kind, f"unshipped:{parcel.id}", {"shipment": parcel})


def promised_mail(site: Site, order: OrderView, number: int) -> Message:
    """When goods leave that are not there; each promise is a mail of its own, told apart by the event's number."""
    told = next((one for one in reversed(order.timeline) if one.kind == "promised"), None)
    why = str(told.data.get("why", "")) if told else ""
    return compose(site, order, "promised", f"promised:{number}", {"why": why})


def refund_mail(site: Site, order: OrderView, event: PaymentChanged, number: int) -> Message:
    """Money that goes back, and the way it goes; `number` is the event's."""
    back = Money(event.refunded, order.currency)
    by = "" if event.by_hand else next(one for one in order.payments if one.id == event.payment_id).title
    return compose(site, order, "refunded", f"refunded:{number}", {"back": back, "by": by})


def further_payment_mail(site: Site, order: OrderView, payment_id: int) -> Message:
    """A payment after the one that paid the order."""
    return compose(site, order, "paid", f"paid:{payment_id}", {"shipment": None, "tracking_url": ""})


def case_mail(site: Site, order: OrderView, case: CaseView, step: str, again: str = "") -> Message:
    """The mail about a step of a case, as it is now; `again` tells apart those of a step that repeats."""
    is_claim = case.kind == "claim"
    kind = "claim_approved" if is_claim and step == "approved" else f"return_{step}"
    instead, granted = sent_instead(site, case, order.language), Money(case.granted, case.currency)
    with speaking(order.language, site.timezone):
        charges = decided_charges(site, case) if step == "resolved" else ()
    values = {
        "case": case,
        "charges": charges,
        "step": step,
        "is_claim": is_claim,
        "is_exchange": case.kind == "exchange",
        "is_replaced": is_claim and case.way == "replace",
        "granted": granted,
        "for_goods": granted - sum((amount for _title, amount in charges), Money.zero(case.currency)),
        "instead": () if step == "declined" else instead.goods,
        "net": _net(order, instead, granted),
        "send_to": return_address(site),
        "has_label": can_be_sent_back(case),
    }
    return compose(site, order, kind, f"case:{case.id}:{step}{again}", values)


def _net(order: OrderView, instead: Instead, granted: Money) -> Money:
    """What new goods cost beside what is granted for the old ones; below zero no more than what is given back."""
    net = instead.price - granted if instead.price else -granted
    return max(net, -(order.refunded + order.refund_due))
