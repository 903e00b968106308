"""A quote as a paper: what a draft costs, until when. Nothing is stored, and its number counts in no series."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.api import DraftQuote, Money, Site, address_lines, day, money, number, speaking
from core.api import gettext as _
from plugins.documents.forms import Documents
from plugins.documents.services.paper import Column, Paper, drawn_in, rate_text, tax_label


def code_of(site: Site, found: DraftQuote) -> str:
    """The number as it stands on the paper: of the draft, and of the version that was quoted."""
    return f"{Documents.of(site).quote_prefix}{found.number}"


def quote_paper(site: Site, found: DraftQuote, wanted: str = "") -> Paper:
    """The quote in a language that is spoken here, else the shopper's."""
    settings, wish, quote = Documents.of(site), found.wish, found.quote
    language = wanted if wanted in site.languages else wish.language
    with speaking(drawn_in(language), site.timezone):
        bill, place = wish.billing or wish.address, wish.address
        parties = [(_("Quote for"), address_lines(bill) if bill else (wish.email,))]
        if place is not None and place != bill:
            parties.append((_("Deliver to"), address_lines(place)))
        return Paper(
            title=_("Quote"),
            code=code_of(site, found),
            sender=_sender(site, settings),
            parties=tuple((heading, tuple(line for line in lines if line)) for heading, lines in parties),
            facts=(
                (_("Number"), code_of(site, found)),
                (_("Date"), day(found.made_at)),
                (_("Valid until"), day(found.until)),
            ),
            columns=_columns(),
            rows=tuple(_rows(quote)),
            sums=tuple(_sums(quote)),
            notes=tuple(
                text
                for text in (wish.note, quote.tax_note, _("This is an offer, and no invoice. Nothing is ordered yet."))
                if text
            ),
            footer=tuple(settings.footer.splitlines()),
            at=found.made_at,
        )


def _sender(site: Site, settings: Documents) -> tuple[str, ...]:
    tax = _("Tax number: %(number)s", number=settings.tax_id) if settings.tax_id else ""
    lines = (settings.company or site.name, *settings.address.splitlines(), site.email, tax)
    return tuple(text for text in lines if text)


def _columns() -> tuple[Column, ...]:
    return (
        Column(title=_("Item"), share=46),
        Column(title=_("Quantity"), share=12, is_end=True),
        Column(title=_("Each"), share=16, is_end=True),
        Column(title=_("Tax rate"), share=10, is_end=True),
        Column(title=_("Amount"), share=16, is_end=True),
    )


def _rows(quote: Any) -> Iterator[tuple[str, ...]]:
    """Goods before offers, then the delivery."""
    for one in quote.lines:
        line = one.line
        rates = dict.fromkeys(rate_text(tax.rate) for tax in quote.taxes if tax.key == f"line:{line.id}")
        name = f"{line.name}\n{line.sku}" if line.sku else line.name
        yield name, number(line.quantity), money(line.unit), " + ".join(rates), money(one.subtotal)
    delivery = quote.delivery
    if delivery.rate is not None:
        rates = dict.fromkeys(rate_text(tax.rate) for tax in quote.taxes if tax.key == "delivery")
        yield delivery.rate.full_title, number(1), money(delivery.amount), " + ".join(rates), money(delivery.amount)


def _sums(quote: Any) -> Iterator[tuple[str, str, bool]]:
    """What is added up to the total, and the taxes in it or on it."""
    totals = quote.totals
    discount = totals.discount
    yield _("Subtotal"), money(totals.subtotal + quote.delivery.amount), False
    if discount:
        yield _("Offers"), money(-discount), False
    taxes = [(tax_label(tax.name, tax.rate), tax.amount) for tax in quote.tax_sums]
    if not quote.prices_include_tax:
        yield from ((name, money(amount), False) for name, amount in taxes)
    yield _("Total"), money(totals.total), True
    if quote.prices_include_tax and taxes:
        without = totals.total.amount - sum(amount.amount for _name, amount in taxes)
        yield _("Without tax"), money(Money(without, quote.currency)), False
        yield from ((name, money(amount), False) for name, amount in taxes)
