"""Mails of an order that are sent once more, as the order is now."""

from __future__ import annotations

from core.api import (
    CaseView,
    NotFound,
    OrderView,
    Refused,
    Site,
    case_view,
    cases_of,
    claim_form,
    day,
    digest,
    enqueue_message,
    gettext,
    order_view,
    record_activity,
    replace,
    transaction,
    uid,
)
from plugins.mail.services import messages


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
        place = messages.collection_point(order, one)
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
    return [*taken, case.state] if case.ended_at is not None and case.state in messages.CASE_STEPS else taken


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
        message = messages.case_mail(site, order, case_view(site, int(case_id)), step)
    else:
        told = messages.with_instructions(site, order) if kind == "placed" else order
        message = messages.order_mail(site, told, kind, int(rest) if rest else None)
    with transaction():
        claim_form(key)
        enqueue_message(site, replace(message, key=f"{message.key}:again:{digest(key or uid())}"))
        record_activity(
            actor, "mail.again", f"order:{order.id}", after={"mail": code}, site_id=site.id, title=order.number
        )
