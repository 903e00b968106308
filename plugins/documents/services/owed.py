"""What an order amounts to as it stands now, part by part, and what of that no document says yet.

A part of a line's units costs its cumulative share, as core counts it, so that all documents of an order add up to
exactly what its shopper owes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct, to_builtins

from core.api import DestinationView, OrderLineView, OrderView, replace, rows, value
from core.api import gettext as _
from plugins.documents.models import CREDIT_NOTE, INVOICE


class PartTax(Struct, frozen=True, kw_only=True):
    """A tax within a part; `rate` in hundredths of a percent."""

    name: str
    rate: int
    amount: int


class PartOffer(Struct, frozen=True, kw_only=True):
    """What one offer took off a part; no `title` where nobody knows which it was."""

    title: str
    amount: int


class Part(Struct, frozen=True, kw_only=True):
    """A line, the delivery or a charge. `amount` is what is to be paid for it, tax and offers counted in.

    `subtotal` and `discount` are before tax where the order's prices are. The `offers` together are the discount.
    """

    key: str
    name: str
    sku: str = ""
    quantity: int = 1
    unit: int
    subtotal: int
    discount: int = 0
    amount: int
    taxes: tuple[PartTax, ...] = ()
    offers: tuple[PartOffer, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.quantity or self.amount or any(tax.amount for tax in self.taxes))


def parts_of(order: OrderView) -> list[Part]:
    """The order without what was cancelled, came back or was given back. Three statements."""
    (taxes, of_charges), offers = _taxes(order.id), _offers(order.id)
    parts = [
        _line(line, taxes.get(line.id, []), offers.get(line.id, {}), inside=order.prices_include_tax)
        for line in order.lines
    ]
    if any(line.left for line in order.lines):
        parts += [_delivery(order, one, taxes.get(-one.position, [])) for one in order.destinations if one.total]
    parts += _charges(order, of_charges)
    parts += _refund(order, sum(part.amount for part in parts))
    return [part for part in parts if not part.is_empty]


def _delivery(order: OrderView, to: DestinationView, taxes: Sequence[PartTax]) -> Part:
    """The way to a place; of several each says whose it is."""
    amount, whose = to.total.amount, order.whose(to.position)
    before = amount if order.prices_include_tax else amount - sum(tax.amount for tax in taxes)
    title = to.delivery_title or _("Delivery")
    return Part(
        key=f"delivery:{to.position}" if to.position else "delivery", name=f"{title} · {whose}" if whose else title,
        unit=before, subtotal=before, amount=amount, taxes=tuple(taxes),
    )  # fmt: skip


def _refund(order: OrderView, owed: int) -> list[Part]:
    """Money given back beyond what was cancelled, returned or granted: it makes the order cheaper by as much.

    Refunds that were owed when they were made are in the lines already, also where a later change asks for more.
    """
    given_back = int(value("SELECT given_back FROM orders WHERE id = ?", order.id))
    surplus = max(0, order.captured.amount - given_back - owed)
    extra = order.refunded.amount - given_back - surplus
    if extra <= 0:
        return []
    return [Part(key="refund", name=_("Refund"), unit=-extra, subtotal=-extra, amount=-extra)]


def _line(line: OrderLineView, taxes: Sequence[PartTax], offers: Mapping[str, int], *, inside: bool) -> Part:
    gone = line.cancelled + line.received

    def kept(amount: int) -> int:
        return amount - amount * gone // line.quantity

    # Every share is rounded by itself, so the reduction takes the cent by which net and tax would miss the amount.
    amount, own = line.price_left.amount, tuple(replace(tax, amount=kept(tax.amount)) for tax in taxes)
    net = amount if inside else amount - sum(tax.amount for tax in own)
    subtotal = kept(line.subtotal.amount) if line.discount else net
    named = {title: kept(amount) for title, amount in offers.items()}
    # The cent of rounding goes to the last of them; what no offer explains has no name.
    last = next(reversed(named), "") if sum(offers.values()) == line.discount.amount else ""
    named[last] = named.get(last, 0) + subtotal - net - sum(named.values())
    return Part(
        key=f"line:{line.id}", name=line.name, sku=line.sku, quantity=line.quantity - gone, unit=line.unit.amount,
        subtotal=subtotal, discount=subtotal - net, amount=amount, taxes=own, offers=_part_offers(named),
    )  # fmt: skip


def _part_offers(amounts: Mapping[str, int]) -> tuple[PartOffer, ...]:
    return tuple(PartOffer(title=title, amount=amount) for title, amount in amounts.items() if amount)


def _offers(order_id: int) -> dict[int, dict[str, int]]:
    """By line: what each offer took off it, by its title."""
    found: dict[int, dict[str, int]] = {}
    for title, code, shares in rows(
        "SELECT title, code, shares FROM order_adjustment WHERE order_id = ? ORDER BY position", order_id
    ):
        for line_id, amount in json.loads(shares).items():
            of_line, name = found.setdefault(int(line_id), {}), title or code
            of_line[name] = of_line.get(name, 0) + int(amount)
    return found


def _taxes(order_id: int) -> tuple[dict[int, list[PartTax]], dict[int, list[PartTax]]]:
    """By line, those of the way to a place under its position below zero, 0 for the first; and by charge."""
    of_lines: dict[int, list[PartTax]] = {}
    of_charges: dict[int, list[PartTax]] = {}
    for charge_id, line_id, place, name, rate, amount in rows(
        "SELECT charge_id, line_id, place, name, rate, SUM(amount) FROM order_tax WHERE order_id = ?"
        " GROUP BY charge_id, line_id, place, name, rate ORDER BY MIN(id)",
        order_id,
    ):
        tax = PartTax(name=name, rate=rate, amount=int(amount))
        if charge_id is not None:
            of_charges.setdefault(charge_id, []).append(tax)
        else:
            of_lines.setdefault(-place if line_id is None else line_id, []).append(tax)
    return of_lines, of_charges


def _charges(order: OrderView, taxes: Mapping[int, Sequence[PartTax]]) -> list[Part]:
    """Fees and what was granted, each with its taxes, if it has any."""
    words = {
        "goodwill": _("Goodwill"),
        "restocking": _("Restocking fee"),
        "return_delivery": _("Return delivery"),
        "claim": _("Claim"),
    }
    on_top = 0 if order.prices_include_tax else 1
    return [
        Part(key=f"charge:{charge_id}", name=reason or words.get(kind, _("Fee")), unit=amount, subtotal=amount,
             amount=amount + on_top * sum(tax.amount for tax in taxes.get(charge_id, ())),
             taxes=tuple(taxes.get(charge_id, ())))
        for charge_id, kind, reason, amount in rows(
            "SELECT id, kind, reason, amount FROM order_charge WHERE order_id = ? ORDER BY id", order.id
        )
    ]  # fmt: skip


def still_to_say(now: Iterable[Part], earlier: Iterable[Mapping[str, Any]]) -> list[Part]:
    """What the order's parts are above (or below) what its documents say together; `earlier` are their contents."""
    said: dict[str, Part] = {}
    for content in earlier:
        sign = 1 if content["kind"] == INVOICE else -1
        for stored in content["parts"]:
            part = part_of(stored)
            said[part.key] = _sum(said[part.key], part, sign) if part.key in said else _sum(_none(part), part, sign)
    present = {part.key: part for part in now}
    # Goods stand above what is taken off for them, also those of which nothing is left.
    keys = sorted(dict.fromkeys([*present, *said]), key=lambda key: not key.startswith("line:"))
    found = [_sum(present.get(key) or _none(said[key]), said.get(key), -1) for key in keys]
    return [part for part in found if not part.is_empty]


def kind_of(parts: Sequence[Part], *, is_first: bool) -> str:
    """The document that says it: an invoice for more, a credit note for less or as much; none for nothing.

    Goods that went away and came back at the same price (split off, and merged again) are nothing.
    """
    if not parts or (not is_first and _come_to_nothing(parts)):
        return ""
    return INVOICE if is_first or sum(part.amount for part in parts) > 0 else CREDIT_NOTE


def _come_to_nothing(parts: Sequence[Part]) -> bool:
    together: dict[tuple[str, str, int], Part] = {}
    for part in parts:
        goods = part.sku, part.name, part.unit
        together[goods] = _sum(together.get(goods, _none(part)), part, 1)
    return all(part.is_empty for part in together.values())


def turned(parts: Iterable[Part]) -> list[Part]:
    """The same, given back."""
    return [_sum(_none(part), part, -1) for part in parts]


def _none(part: Part) -> Part:
    return Part(key=part.key, name=part.name, sku=part.sku, quantity=0, unit=part.unit, subtotal=0, amount=0)


def _sum(one: Part, other: Part | None, sign: int) -> Part:
    if other is None:
        return one
    taxes = {(tax.name, tax.rate): tax.amount for tax in one.taxes}
    for tax in other.taxes:
        taxes[tax.name, tax.rate] = taxes.get((tax.name, tax.rate), 0) + sign * tax.amount
    discount = one.discount + sign * other.discount
    offers = {offer.title: offer.amount for offer in one.offers}
    for offer in other.offers:
        offers[offer.title] = offers.get(offer.title, 0) + sign * offer.amount
    if "" in offers:
        # Names on one side alone would say that an offer came, and that it went.
        offers = {"": discount}
    return Part(
        key=one.key, name=one.name, sku=one.sku, quantity=one.quantity + sign * other.quantity, unit=one.unit,
        subtotal=one.subtotal + sign * other.subtotal, discount=discount, offers=_part_offers(offers),
        amount=one.amount + sign * other.amount,
        taxes=tuple(PartTax(name=name, rate=rate, amount=amount) for (name, rate), amount in taxes.items()),
    )  # fmt: skip


def stored(part: Part) -> dict[str, Any]:
    """A part as JSON."""
    return dict(to_builtins(part))


def part_of(stored: Mapping[str, Any]) -> Part:
    """The inverse of `stored`. A document of long ago names no offers."""
    discount = stored["discount"]
    offers = stored.get("offers", [{"title": "", "amount": discount}] if discount else [])
    taxes = tuple(PartTax(**tax) for tax in stored["taxes"])
    return Part(**{**stored, "taxes": taxes, "offers": tuple(PartOffer(**offer) for offer in offers)})
