"""Which mail an event asks for, written in the order's language and handed to the channel once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from core.api import (
    CaseView,
    ChangeView,
    DestinationView,
    Event,
    Instead,
    Message,
    Money,
    NotFound,
    OrderCancelled,
    OrderChanged,
    OrderPaid,
    OrderPlaced,
    OrderPromised,
    OrderShipped,
    OrderUnshipped,
    OrderView,
    PaymentChanged,
    Refused,
    ReturnChanged,
    ShipmentView,
    Site,
    address_lines,
    begin_instructions,
    can_be_sent_back,
    case_view,
    cases_of,
    change_view,
    claim_form,
    day,
    decided_charges,
    digest,
    enqueue_message,
    gettext,
    in_the_kit,
    inline_css,
    language,
    leaves_later,
    money_back,
    order_view,
    record_activity,
    render_outside,
    replace,
    return_address,
    sent_instead,
    speaking,
    state_of,
    tracking_link,
    transaction,
    uid,
    way_back,
)
from plugins.mail.forms import Settings

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
_KINDS: dict[type[Event], str] = {
    OrderPlaced: "placed",
    OrderPaid: "paid",
    OrderShipped: "shipped",
    OrderCancelled: "cancelled",
}
# The events that may have a mail.
HEARD: tuple[type[Event], ...] = (
    *_KINDS, OrderChanged, OrderPromised, OrderUnshipped, ReturnChanged, PaymentChanged,
)  # fmt: skip
# Steps of a return that its shopper is told of, and of a claim: for that nothing is sent.
_STEPS = ("requested", "approved", "declined", "received", "resolved")


def tell_shopper(site: Site, event: Event, number: int = 0) -> None:
    """Enqueue the mail that `event` asks for, if any. Commits. The same event enqueues the same key: one mail.

    `number` is the event's own: a step that repeats (a second parcel of a return) is another event, and another mail.
    """
    message = _message(site, event, number)
    if message is not None:
        with transaction():
            enqueue_message(site, message)


def _message(site: Site, event: Event, number: int) -> Message | None:
    if isinstance(event, OrderChanged):
        return _of_change(site, event)
    if isinstance(event, OrderPromised | OrderUnshipped):
        return _of_delay(site, event, number)
    if isinstance(event, ReturnChanged):
        return _of_return(site, event, number)
    if isinstance(event, PaymentChanged):
        return _of_payment(site, event, number)
    if isinstance(event, OrderPlaced | OrderPaid | OrderShipped | OrderCancelled):
        order = _order(site, event.order_id)
        if order is not None and not _is_told_elsewhere(order, event):
            parcel = event.shipment_id if isinstance(event, OrderShipped) else None
            told = _with_instructions(site, order) if isinstance(event, OrderPlaced) else order
            return write_mail(site, told, _KINDS[type(event)], parcel)
    return None


def _is_told_elsewhere(order: OrderView, event: OrderPlaced | OrderPaid | OrderShipped | OrderCancelled) -> bool:
    """Whoever ordered in another channel was told there that it was placed and paid; of its way they are told here.

    Of an order that was split off, and of money that only came along from another one, the mail about that tells.
    """
    if isinstance(event, OrderCancelled):
        return event.reason == "import_undone"
    if isinstance(event, OrderPlaced) and order.split_from:
        return True
    if isinstance(event, OrderPaid) and not any(one.kind in {"payment", "marked_paid"} for one in order.timeline):
        return order.captured.amount > 0
    return bool(order.channel) and not isinstance(event, OrderShipped)


def _with_instructions(site: Site, order: OrderView) -> OrderView:
    """The order with the words that say where to pay what it costs now, which its shopper may not have seen yet."""
    begin_instructions(state_of(site.id), order.id)
    return _order(site, order.id) or order


def _order(site: Site, order_id: int) -> OrderView | None:
    """The order, if there is somebody to write to."""
    order = order_view(order_id, site=site)
    return order if order is not None and order.email else None


def _of_change(site: Site, event: OrderChanged) -> Message | None:
    """A change has one mail; one that cancels the last unit is told by the mail about that, and a case by its own."""
    order = _order(site, event.order_id)
    if order is None or order.status.order == "cancelled":
        return None
    change = change_view(site, event.change_id)
    if change.key.startswith("case:"):
        return None
    if change.into_order_id is not None:
        return _of_parting(site, order, change, change.into_order_id)
    told = _with_instructions(site, order) if change.effect.to_pay > 0 else order
    return written(site, told, "changed", f"change:{event.change_id}", _effect(change, told, event.currency))


def _of_parting(site: Site, order: OrderView, change: ChangeView, into: int) -> Message | None:
    """A split is told with both orders, a merge with the one that is left; prices stay, so only the goods are named."""
    is_split = change.plan.into is None
    other = order_view(into if is_split else change.order_id, site=site)
    if other is None:
        return None
    values = {"other": other, "lines": change.plan.lines, "both": (order, other) if is_split else (order,)}
    return written(site, order, "split" if is_split else "merged", f"change:{change.id}", values, other=other.number)


def _of_delay(site: Site, event: OrderPromised | OrderUnshipped, number: int) -> Message | None:
    """That a parcel has not left after all, or when goods leave that are not there.

    Each promise is a mail of its own.
    """
    order = _order(site, event.order_id)
    if order is None:
        return None
    if isinstance(event, OrderUnshipped):
        parcel = next(one for one in order.taken_back if one.id == event.shipment_id)
        kind = "unready" if _collected(order, parcel) else "unshipped"
        return written(site, order, kind, f"unshipped:{parcel.id}", {"shipment": parcel})
    told = next((one for one in reversed(order.timeline) if one.kind == "promised"), None)
    why = str(told.data.get("why", "")) if told else ""
    return written(site, order, "promised", f"promised:{number}", {"why": why})


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


def _of_payment(site: Site, event: PaymentChanged, number: int) -> Message | None:
    """Money that went back, and money that comes after the order was paid in full once: the difference of a change."""
    order = _order(site, event.order_id) if event.refunded or event.state == "captured" else None
    if order is None:
        return None
    if event.refunded and not order.channel:
        back = Money(event.refunded, order.currency)
        by = "" if event.by_hand else next(one for one in order.payments if one.id == event.payment_id).title
        return written(site, order, "refunded", f"refunded:{number}", {"back": back, "by": by})
    if event.state != "captured" or not _is_further(order, event.payment_id):
        return None
    return written(site, order, "paid", f"paid:{event.payment_id}", {"shipment": None, "tracking_url": ""})


def _is_further(order: OrderView, payment_id: int) -> bool:
    """Whether the timeline tells of this payment after it told that the order is paid."""
    paid = next((place for place, one in enumerate(order.timeline) if one.kind == "paid"), None)
    told = (
        place
        for place, one in enumerate(order.timeline)
        if one.kind == "payment" and one.data.get("payment_id") == payment_id
    )
    return paid is not None and paid < next(told, -1)


def _of_return(site: Site, event: ReturnChanged, number: int) -> Message | None:
    order = _order(site, event.order_id)
    if order is None or event.step not in _STEPS:
        return None
    again = f":{number}" if event.step == "received" else ""
    return _case_mail(site, order, case_view(site, event.case_id), event.step, again)


def _case_mail(site: Site, order: OrderView, case: CaseView, step: str, again: str = "") -> Message:
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
    return written(site, order, kind, f"case:{case.id}:{step}{again}", values)


def _net(order: OrderView, instead: Instead, granted: Money) -> Money:
    """What new goods cost beside what is granted for the old ones; below zero no more than what is given back."""
    net = instead.price - granted if instead.price else -granted
    return max(net, -(order.refunded + order.refund_due))


def write_mail(site: Site, order: OrderView, kind: str, parcel: int | None = None) -> Message:
    """A mail about the order itself; `parcel` names the shipment it is about."""
    shipment = next((shipment for shipment in order.shipments if shipment.id == parcel), None)
    url = tracking_link(site, shipment) if shipment else ""
    to_come = [line for line in order.lines if line.allocated and line.needs_delivery]
    about = kind + (f":{parcel}" if parcel else "")
    values = {"shipment": shipment, "tracking_url": url, "to_come": to_come}
    place = _collected(order, shipment) if shipment else None
    if place is not None:
        return written(site, order, "ready", about, {**values, "collected": place})
    return written(site, order, kind, about, values)


def _collected(order: OrderView, shipment: ShipmentView) -> DestinationView | None:
    """The place where a shipment is picked up; none where it is sent."""
    return next((one for one in order.destinations if one.position == shipment.place and one.is_collected), None)


def written(site: Site, order: OrderView, kind: str, about: str, values: Mapping[str, Any], **named: str) -> Message:
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


# -- once more ---------------------------------------------------------------------------------------------------------


class NoSuchMail(Refused):
    """A mail that this order has no reason for."""

    status = 422
    code = "no_such_mail"
    default_message = "Choose a mail from the list."


class NoAddress(Refused):
    """Nobody to write to."""

    code = "no_address"
    default_message = "The order has no mail address."


def mails_of(order: OrderView) -> list[tuple[str, str]]:
    """The mails that can be sent again: (code, words). The code of a parcel's mail ends with its number."""
    found = [("placed", gettext("Order received"))]
    if order.captured:
        found.append(("paid", gettext("Payment received")))
    for one in order.shipments:
        if not any(one.lines.values()):
            continue  # Parts of a kit, of which the mail about the kit's parcel tells.
        place = _collected(order, one)
        words = (
            gettext("Ready to be picked up: %(place)s", place=place.delivery_title)
            if place
            else gettext("Parcel on its way: %(tracking)s", tracking=one.tracking or one.title or one.id)
        )
        found.append((f"shipped:{one.id}", words))
    if order.status.order == "cancelled" and not order.merged_into:
        found.append(("cancelled", gettext("Order cancelled")))
    return found


def mails_of_cases(site: Site, order: OrderView) -> list[tuple[str, str]]:
    """The mails about returns, exchanges and claims that can be sent again: (case:<id>:<step>, words)."""
    kinds = {"return": gettext("Return"), "exchange": gettext("Exchange"), "claim": gettext("Claim")}
    steps = {
        "requested": gettext("asked for"),
        "approved": gettext("approved"),
        "declined": gettext("declined"),
        "received": gettext("received"),
        "resolved": gettext("decided"),
    }
    return [
        (f"case:{case.id}:{step}",
         gettext("%(what)s, %(day)s: %(step)s", what=kinds[case.kind], day=day(case.requested_at), step=steps[step]))
        for case in cases_of(site, order.id)
        for step in _steps_of(case)
    ]  # fmt: skip


def _steps_of(case: CaseView) -> list[str]:
    """The steps that a case has taken and that have a mail."""
    taken = ["requested"]
    if case.approved_at is not None:
        taken.append("approved")
    if any(line.received for line in case.lines):
        taken.append("received")
    return [*taken, case.state] if case.ended_at is not None and case.state in _STEPS else taken


def send_again(site: Site, order_id: int, code: str, *, key: str, actor: str) -> None:
    """Send a mail of an order once more, as the order is now; a form that is sent twice sends one.

    Raises NotFound, NoSuchMail, NoAddress, DoneBefore. Commits.
    """
    order = order_view(order_id, site=site)
    if order is None:
        raise NotFound
    if code not in dict([*mails_of(order), *mails_of_cases(site, order)]):
        raise NoSuchMail(field="mail")
    if not order.email:
        raise NoAddress(field="mail")
    kind, _colon, rest = code.partition(":")
    if kind == "case":
        case_id, _colon, step = rest.partition(":")
        message = _case_mail(site, order, case_view(site, int(case_id)), step)
    else:
        told = _with_instructions(site, order) if kind == "placed" else order
        message = write_mail(site, told, kind, int(rest) if rest else None)
    with transaction():
        claim_form(key)
        enqueue_message(site, replace(message, key=f"{message.key}:again:{digest(key or uid())}"))
        record_activity(
            actor, "mail.again", f"order:{order.id}", after={"mail": code}, site_id=site.id, title=order.number
        )


# -- the settings, tried -----------------------------------------------------------------------------------------------


class NoServer(Refused):
    """A letter that cannot be tried, because no server is named."""

    code = "no_server"
    default_message = "Name a server first, and save."


def send_trial(site: Site, email: str) -> str:
    """Send a letter to whoever tries the settings, at once; answers what to look for. Network. Raises Broken."""
    settings = Settings.of(site)
    if not settings.host:
        raise NoServer
    from plugins.mail.client import Smtp  # noqa: PLC0415 -- who sends nothing needs no SMTP

    letter = Message(
        key=f"trial:{uid()}",
        kind="trial",
        to=email,
        subject=gettext("A letter from %(site)s", site=site.name),
        text=gettext("This letter came by the mail server that you chose. Shoppers get theirs the same way."),
        language=language(),
    )
    Smtp(settings, site).send(letter)
    return gettext(
        "A letter is on its way to %(email)s. If it does not arrive, look among the unwanted mail.", email=email
    )
