"""Sums as rows: the last but the soft ones is the sum of those above it, to the cent."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from core.checkout.services.quote import Quote
from core.kernel.i18n import gettext as _
from core.kernel.i18n import ngettext, number
from core.lib.money import Money
from core.orders.services.part_shapes import DestinationView
from core.orders.services.read import OrderView


class Row(Struct, frozen=True, kw_only=True):
    """A row: its name, and an amount or a word instead ("Free"). `kind`: "", sum, sale or soft."""

    name: str
    amount: Money
    text: str = ""
    kind: str = ""


def quote_rows(quote: Quote, count: int, places: Sequence[str] = ()) -> list[Row]:
    """The sums of a cart. Before a delivery is chosen, its row says so; each of several `places` has its own."""
    delivery = quote.delivery
    words = "" if delivery.rate else _("At the checkout")
    taxes = [(tax.name, tax.rate, tax.amount) for tax in quote.tax_sums]
    offers = [(offer.title or offer.code, offer.amount) for offer in quote.adjustments]
    shown = delivery.rate is not None or any(line.line.needs_delivery for line in quote.lines)
    return [
        Row(name=_goods(count), amount=quote.totals.subtotal),
        *_offers(offers),
        *(
            _delivery(_("Delivery: %(place)s", place=place), one.amount, "" if one.rate else _("At the checkout"))
            for place, one in zip(places, quote.deliveries, strict=False)
        ),
        *([_delivery(_("Delivery charge"), delivery.amount, words)] if shown and not places else []),
        *_sums(quote.totals.total, taxes, included=quote.prices_include_tax),
    ]


def goods_row(quote: Quote, count: int) -> list[Row]:
    """What the goods cost after offers, for the drawer: delivery and tax come later."""
    goods = [line.subtotal - line.discount for line in quote.lines]
    return [Row(name=_goods(count), amount=Money(sum(one.amount for one in goods), quote.currency), kind="sum")]


def _delivery_name(order: OrderView, one: DestinationView) -> str:
    title = one.delivery_title or _("Delivery charge")
    return f"{title} · {one.address.whose}" if order.is_spread and one.address else title


def order_rows(order: OrderView) -> list[Row]:
    """The sums of an order as they were agreed."""
    taxes = [(tax.name, tax.rate, tax.amount) for tax in order.taxes]
    return [
        Row(name=_goods(order.count), amount=order.subtotal),
        *_offers([(offer.title or offer.code, offer.amount) for offer in order.adjustments]),
        *(
            [_delivery(_delivery_name(order, one), one.delivery, "") for one in order.destinations]
            if order.needs_delivery
            else []
        ),
        *_sums(order.total, taxes, included=order.prices_include_tax),
    ]


def _goods(count: int) -> str:
    return ngettext("Goods, one piece", "Goods, %(n)s pieces", count)


def _offers(offers: Sequence[tuple[str, Money]]) -> list[Row]:
    """What was taken off, and charges that were put on, which are below zero here."""
    return [
        Row(name=title or _("Discount"), amount=-amount, kind="sale" if amount.amount > 0 else "")
        for title, amount in offers
        if amount
    ]


def _delivery(name: str, amount: Money, words: str) -> Row:
    return Row(name=name, amount=amount, text=words or ("" if amount else _("Free")))


def _sums(total: Money, taxes: Sequence[tuple[str, int, Money]], *, included: bool) -> list[Row]:
    """Taxes on top stand before the total, taxes within it after, as a part of it."""
    if not included:
        named = [
            Row(name=_("%(name)s, %(rate)s %%", name=name, rate=number(rate / 100)), amount=amount)
            for name, rate, amount in taxes
        ]
        return [*named, Row(name=_("Total"), amount=total, kind="sum")]
    within = [
        Row(name=_("of which %(name)s, %(rate)s %%", name=name, rate=number(rate / 100)), amount=amount, kind="soft")
        for name, rate, amount in taxes
    ]
    return [Row(name=_("Total"), amount=total, kind="sum"), *within]
