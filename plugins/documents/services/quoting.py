"""A quote as a paper: what a draft costs, until when. Nothing is stored, and its number counts in no series."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from core.api import (
    Address,
    Attachment,
    DraftQuote,
    Money,
    NotFound,
    Site,
    address_lines,
    day,
    draft_quote,
    money,
    number,
    speaking,
)
from core.api import gettext as _
from plugins.documents.forms import Documents
from plugins.documents.services.paper import Column, Paper, drawn_in, going_to, names_of, paging, rate_text, tax_label


def code_of(site: Site, found: DraftQuote) -> str:
    """The number as it stands on the paper: of the draft, and of the version that was quoted."""
    return f"{Documents.of(site).quote_prefix}{found.number}"


def attached(site: Site, about: str) -> list[Attachment]:
    """The paper for a mail about `draft:<id>-<version>`, while the draft is what it was."""
    name, _colon, number = about.partition(":")
    draft_id = number.partition("-")[0]
    if name != "draft" or not draft_id.isdecimal():
        return []
    try:
        found = in_words(lambda language: draft_quote(site, int(draft_id), language))
    except NotFound:
        return []
    if found.number != number:
        return []
    from plugins.documents.services.drawing import draw  # noqa: PLC0415 -- most mails have no paper

    content = draw([quote_paper(site, found)])
    return [Attachment(name=f"{code_of(site, found)}.pdf", mime="application/pdf", content=content)]


def in_words(ask: Callable[[str], DraftQuote], wanted: str = "") -> DraftQuote:
    """The quote that `ask` answers, in the language in which its sheet is drawn."""
    found = ask(wanted)
    drawn = drawn_in(found.language)
    return found if drawn == found.language else ask(drawn)


def quote_paper(site: Site, found: DraftQuote) -> Paper:
    """The quote in its language."""
    settings, wish, quote = Documents.of(site), found.wish, found.quote
    with speaking(drawn_in(found.language), site.timezone):
        places = [one for one in found.addresses if one is not None]
        bill = wish.billing or wish.address or next(iter(places), None)
        parties = [(_("Quote for"), address_lines(bill) if bill else (wish.email,))]
        parties += [(_("Deliver to"), address_lines(one)) for one in places if len(places) > 1 or one != bill]
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
            rows=tuple(_rows(quote, found.addresses)),
            sums=tuple(_sums(quote)),
            notes=tuple(
                text
                for text in (wish.note, quote.tax_note, _("This is an offer, and no invoice. Nothing is ordered yet."))
                if text
            ),
            footer=tuple(settings.footer.splitlines()),
            at=found.made_at,
            paging=paging(),
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


def _rows(quote: Any, addresses: Sequence[Address | None]) -> Iterator[tuple[str, ...]]:
    """Goods before offers, then the deliveries; of several places each says whose it is."""
    names = names_of(addresses)
    for one in quote.lines:
        line = one.line
        whose = names[one.place] if line.needs_delivery else ""
        name = "\n".join(text for text in (line.name, line.sku, going_to(whose)) if text)
        yield name, number(line.quantity), money(line.unit), _rates(quote, f"line:{line.id}"), money(one.subtotal)
    for place, delivery in enumerate(quote.deliveries):
        if delivery.rate is not None:
            whose = names[place]
            title = f"{delivery.rate.full_title} · {whose}" if whose else delivery.rate.full_title
            rates = _rates(quote, f"delivery:{place}" if place else "delivery")
            yield title, number(1), money(delivery.amount), rates, money(delivery.amount)


def _rates(quote: Any, key: str) -> str:
    return " + ".join(dict.fromkeys(rate_text(tax.rate) for tax in quote.taxes if tax.key == key))


def _sums(quote: Any) -> Iterator[tuple[str, str, bool]]:
    """What is added up to the total, and the taxes in it or on it."""
    totals = quote.totals
    discount = totals.discount
    yield _("Subtotal"), money(totals.subtotal + quote.delivery.amount), False
    if discount:
        yield from ((one.title or one.code, money(-one.amount), False) for one in quote.adjustments)
    taxes = [(tax_label(tax.name, tax.rate), tax.amount) for tax in quote.tax_sums]
    if not quote.prices_include_tax:
        yield from ((name, money(amount), False) for name, amount in taxes)
    yield _("Total"), money(totals.total), True
    if quote.prices_include_tax and taxes:
        without = totals.total.amount - sum(amount.amount for _name, amount in taxes)
        yield _("Without tax"), money(Money(without, quote.currency)), False
        yield from ((name, money(amount), False) for name, amount in taxes)
