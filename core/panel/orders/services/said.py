"""The parts of an order's page in words: where each line is, totals, why the price is what it is, money, parcels."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from core.checkout.services.answers import answers_of
from core.checkout.services.details import address_texts
from core.checkout.services.quote import Quote
from core.hookspecs.checkout import Address
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.i18n import lazy
from core.kernel.installation import installation
from core.kernel.sites import current
from core.lib import addresses, clock
from core.lib.money import Money
from core.orders.services.manifests import ASKED, MADE, ManifestView
from core.orders.services.price_now import price_now
from core.orders.services.read import FactView, OrderLineView, OrderView, PaymentView
from core.panel.shell.status import Status


class Sum(Struct, frozen=True):
    """One line of the totals."""

    title: str
    amount: Money
    is_total: bool = False


class TraceRow(Struct, frozen=True, kw_only=True):
    """One rule of the stored trace: whether it counted, why not, and what it changed."""

    counted: bool
    title: str
    reason: str
    amount: Money | None


class FactRow(Struct, frozen=True, kw_only=True):
    """One thing that a gateway told, or that somebody noted by hand."""

    what: str
    reference: str
    at: datetime
    amount: Money
    quarantined: str


_FACTS: dict[str, Any] = {
    "pending": lazy("Under way"),
    "authorized": lazy("Authorised"),
    "captured": lazy("Received"),
    "voided": lazy("Let go"),
    "expired": lazy("Expired"),
    "declined": lazy("Declined"),
    "refunded": lazy("Refunded"),
    "refund_failed": lazy("Refund failed"),
    "disputed": lazy("Disputed"),
    "dispute_won": lazy("Dispute won"),
    "dispute_lost": lazy("Dispute lost"),
    "moved": lazy("Carried over to another order"),
}


def fact_words(kind: str) -> str:
    """What a gateway told, in a word."""
    return str(_FACTS.get(kind, kind))


def line_status(line: OrderLineView, order: OrderView) -> Status:
    """Where the pieces of a line are."""
    left = line.quantity - line.cancelled
    if not left:
        return _gone(line, order)
    if not line.needs_delivery:
        return Status(_("Nothing to ship"), "none")
    if line.received:
        return Status(_("%(count)s of %(all)s came back", count=line.received, all=left), "part", "busy")
    if line.shipped >= left:
        return Status(_("Shipped"), "done", "good")
    if line.shipped:
        return Status(_("%(count)s of %(all)s shipped", count=line.shipped, all=left), "part", "busy")
    return Status(_("Being picked"), "part", "busy") if line.picked else Status(_to_ship(line, left), "none")


def _to_ship(line: OrderLineView, left: int) -> str:
    return _("%(count)s of %(all)s to ship", count=left, all=line.quantity) if line.cancelled else _("To ship")


def _gone(line: OrderLineView, order: OrderView) -> Status:
    moved = [one for one in order.moved_on if one.lines.get(line.id)]
    if moved and sum(one.lines[line.id] for one in moved) == line.cancelled:
        return Status(_("In order %(number)s", number=moved[-1].number), "stop")
    return Status(_("Cancelled"), "stop")


def is_overdue(order: OrderView) -> bool:
    """Whether something of it should have left by now, as it was promised."""
    return any(line.allocated and line.promised_at and line.promised_at <= clock.now() for line in order.lines)


def manifest_status(manifest: ManifestView) -> Status:
    """What became of it."""
    if manifest.state == ASKED:
        return Status(_("Being made"), "part", "busy")
    return Status(_("Made"), "done", "good") if manifest.state == MADE else Status(_("Refused"), "stop", "bad")


def sums(order: OrderView) -> list[Sum]:
    """The totals with their parts as they were agreed, and what became of them."""
    return [*_agreed(order), *_by_now(order)]


def _by_now(order: OrderView) -> list[Sum]:
    now = price_now(order)
    if now is None:
        return []
    less = ((_("Cancelled"), now.cancelled), (_("In other orders"), now.moved), (_("Came back"), now.returned))
    return [*(Sum(title, -amount) for title, amount in less if amount), Sum(_("Total now"), now.total, is_total=True)]


def _agreed(order: OrderView) -> list[Sum]:
    rows = [Sum(_("Lines"), order.subtotal)]
    for one in order.adjustments:
        title = f"{one.title} · {one.code}" if one.code and one.code != one.title else one.title
        rows.append(Sum(title, -one.amount))
    for place in order.destinations:
        if place.delivery or place.delivery_title:
            title = place.delivery_title or _("Delivery")
            whose = order.whose(place.position)
            rows.append(Sum(f"{title} · {whose}" if whose else title, place.delivery))
    taxes = [Sum(f"{tax.name} {i18n.number(tax.rate / 100)} %", tax.amount) for tax in order.taxes]
    total = Sum(_("Total"), order.total, is_total=True)
    if order.prices_include_tax:
        return [*rows, total, *(Sum(_("Of which %(tax)s", tax=tax.title), tax.amount) for tax in taxes)]
    return [*rows, *taxes, total]


def trace(order: OrderView) -> list[TraceRow]:
    """Every rule that was looked at when the order was priced, counted or not."""
    return [
        TraceRow(
            counted=step.get("verdict") == "applied",
            title=_step_title(step),
            reason=_(str(step["reason"])) if step.get("reason") else "",
            amount=_step_amount(step, order.currency),
        )
        for step in order.trace
    ]


def quote_trace(quote: Quote) -> list[TraceRow]:
    """The same of a quote, before there is an order."""
    return [
        TraceRow(
            counted=step.verdict == "applied",
            title=f"{step.title or step.rule} · {step.code}" if step.code else step.title or step.rule,
            reason=_(step.reason) if step.reason else "",
            amount=step.amount,
        )
        for step in quote.trace
    ]


def _step_title(step: Mapping[str, Any]) -> str:
    title = str(step.get("title") or step.get("rule") or step.get("plugin") or "")
    return f"{title} · {step['code']}" if step.get("code") else title


def _step_amount(step: Mapping[str, Any], currency: str) -> Money | None:
    """A stored amount, whether it was written as a number or with its currency."""
    amount = step.get("amount")
    amount = amount.get("amount") if isinstance(amount, Mapping) else amount
    return Money(amount, currency) if isinstance(amount, int) else None


def told_payments(order: OrderView) -> list[PaymentView]:
    """The payments that somebody told something of, and the one that is awaited.

    A change of an order that is not paid asks for another sum: what was asked for before says nothing by itself.
    """
    awaited = order.payments[-1:] if order.due else ()
    return [one for one in order.payments if _is_heard_of(one) or one in awaited]


def _is_heard_of(payment: PaymentView) -> bool:
    asked = any(one.kind != "begin" or one.state != "done" for one in payment.operations)
    return bool(payment.facts or payment.reference or asked)


def authorized_left(payment: PaymentView) -> Money:
    """What is authorised and was neither taken nor let go."""
    sums: dict[str, int] = {}
    for told in payment.facts:
        if told.verdict == "counted" and told.note != "by hand":
            sums[told.kind] = sums.get(told.kind, 0) + told.amount.amount
    gone = sum(sums.get(kind, 0) for kind in ("captured", "voided", "expired"))
    return Money(max(0, sums.get("authorized", 0) - gone), payment.amount.currency)


def fact(told: FactView) -> FactRow:
    """A fact in words; money that left has a minus sign."""
    lost = told.kind in {"refunded", "dispute_lost", "moved"}
    by_hand = told.note == "by hand"
    return FactRow(
        what=fact_words(told.kind),
        reference=_("by hand") if by_hand else told.reference,
        at=told.at,
        amount=-told.amount if lost else told.amount,
        quarantined="" if told.verdict == "counted" else told.verdict.partition(":")[2] or told.verdict,
    )


def contents(order: OrderView, units: Mapping[int, int]) -> str:
    """What is in a parcel. Where no unit of a line is counted, parts of it are in there."""
    names = {line.id: line.name for line in order.lines}
    return i18n.enumerated(
        f"{quantity} × {names.get(line_id, '')}" if quantity else _("parts of %(name)s", name=names.get(line_id, ""))
        for line_id, quantity in units.items()
    )


def address_lines(address: Address | None) -> list[str]:
    """An address in the lines and order of its country, and the phone."""
    if address is None:
        return []
    written = addresses.lines(address_texts(address), i18n.language())
    return [*written, address.phone] if address.phone else list(written)


def answers(order: OrderView) -> list[tuple[str, list[tuple[str, str]]]]:
    """What plugins asked at the checkout, by plugin."""
    loaded = installation().plugins.loaded
    return [
        (_(str(loaded[name].plugin.title)) if name in loaded else name, told)
        for name, told in answers_of(current(), order).items()
    ]
