"""What the parts of the product editor say, read from their many fields; errors stay beside their field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from core.catalogue.services.drafts import OptionDraft, PriceDraft, TextDraft, ValueDraft, VariantDraft
from core.hookspecs.site import Site
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.lib import clock
from core.lib.money import Money, NotMoney, parse_money
from core.lib.text import clean_html
from core.panel.forms import lines

Form = Mapping[str, str]
_WORDS = ("name", "summary", "body", "seo_title", "seo_description")


@dataclass(slots=True, kw_only=True)
class TextForm:
    """The words in one language as the form shows them. `slug` None: this site has no addresses in the language."""

    language: str
    title: str
    name: str = ""
    summary: str = ""
    body_html: str = ""
    seo_title: str = ""
    seo_description: str = ""
    slug: str | None = None
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        return bool(self.name and self.body_html)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceFact:
    """A public price of a variant on this site. Only the one without bounds is edited in the grid."""

    currency: str
    amount: int
    was: int | None
    from_qty: int
    starts: int | None
    ends: int | None

    @property
    def is_plain(self) -> bool:
        return self.from_qty == 1 and self.starts is None and self.ends is None


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantFact:
    """A variant with its choices in words and its public prices here."""

    id: int
    sku: str
    barcode: str
    weight_g: int
    active: bool
    tracked: bool
    title: str
    prices: list[PriceFact]

    def plain(self, currency: str) -> PriceFact | None:
        """The price that holds without bounds in a currency."""
        return next((price for price in self.prices if price.currency == currency and price.is_plain), None)


@dataclass(slots=True, kw_only=True)
class PlaceForm:
    """Where and when a product stands on one site, as the form shows it; times are the site's (`datetime-local`)."""

    id: int
    name: str
    host: str
    timezone: str
    prices: str
    visible: bool
    position: str
    publish_at: str
    withdraw_at: str
    errors: dict[str, str] = field(default_factory=dict)


def read_texts(form: Form, texts: Sequence[TextForm]) -> None:
    """Put what was typed into the texts."""
    for text in texts:
        typed = {name: form.get(f"{name}-{text.language}", "").strip() for name in _WORDS}
        text.name, text.summary, text.seo_title, text.seo_description = (
            typed[name] for name in ("name", "summary", "seo_title", "seo_description")
        )
        text.body_html = typed["body"]
        if text.slug is not None:
            text.slug = form.get(f"slug-{text.language}", "").strip()
        if len(text.name) > 255:
            text.errors["name"] = _("At most %(count)s characters.", count=255)


def text_drafts(texts: Sequence[TextForm]) -> dict[str, TextDraft]:
    """The words as the catalogue takes them, their HTML cleaned."""
    return {
        text.language: TextDraft(
            name=text.name,
            summary=text.summary,
            body_html=clean_html(text.body_html),
            seo_title=text.seo_title,
            seo_description=text.seo_description,
        )
        for text in texts
    }


# -- variants --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Cell:
    """One cell of the grid: what is typed in it, and what is wrong with it."""

    value: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the grid."""

    key: str
    title: str
    is_number: bool = True


@dataclass(slots=True)
class GridRow:
    """One variant in the grid."""

    id: int
    title: str
    active: bool
    cells: dict[str, Cell]


def columns(site: Site) -> list[Column]:
    """SKU, then price and former price per currency of the site, then weight and barcode."""
    money = [
        column
        for code in site.currencies
        for column in (
            Column(f"price_{code}", _("Price %(currency)s", currency=code)),
            Column(f"was_{code}", _("Was %(currency)s", currency=code)),
        )
    ]
    return [
        Column("sku", _("SKU"), is_number=False),
        *money,
        Column("weight", _("Weight g")),
        Column("barcode", _("Barcode"), is_number=False),
    ]


def grid(site: Site, variants: Sequence[VariantFact], form: Form | None = None) -> list[GridRow]:
    """The grid as stored, or as typed in a refused form."""
    return [_grid_row(site, variant, form) for variant in variants]


def _grid_row(site: Site, variant: VariantFact, form: Form | None) -> GridRow:
    stored = {"sku": variant.sku, "weight": str(variant.weight_g or ""), "barcode": variant.barcode}
    for code in site.currencies:
        price = variant.plain(code)
        stored[f"price_{code}"] = Money(price.amount, code).decimal if price else ""
        stored[f"was_{code}"] = Money(price.was, code).decimal if price and price.was is not None else ""
    if form is None:
        return GridRow(variant.id, variant.title, variant.active, {key: Cell(value) for key, value in stored.items()})
    typed = {key: Cell(form.get(f"v{variant.id}-{key}", value).strip()) for key, value in stored.items()}
    return GridRow(variant.id, variant.title, bool(form.get(f"v{variant.id}-active")), typed)


def variant_draft(site: Site, variant: VariantFact, row: GridRow) -> VariantDraft:
    """What the grid says of a variant; notes what cannot be read in the cells. Prices with bounds stay as they are."""
    if not row.cells["sku"].value:
        row.cells["sku"].error = _("Fill this in.")
    weight = row.cells["weight"].value
    if weight and not weight.isdecimal():
        row.cells["weight"].error = _("Write a whole number.")
    prices = [price for code in site.currencies if (price := _price(row, code)) is not None]
    prices += [
        _bounded(price.currency, price.amount, price.was, price.from_qty, price.starts, price.ends)
        for price in variant.prices
        if not price.is_plain
    ]
    return VariantDraft(
        sku=row.cells["sku"].value,
        id=variant.id,
        prices=tuple(prices),
        weight_g=int(weight) if weight.isdecimal() else 0,
        barcode=row.cells["barcode"].value,
        active=row.active,
    )


def _price(row: GridRow, code: str) -> PriceDraft | None:
    price, was = row.cells[f"price_{code}"], row.cells[f"was_{code}"]
    amount, before = _money(price, code), _money(was, code)
    if amount is None:
        return None
    if before is not None and before.amount <= amount.amount:
        was.error = _("The former price is higher than the price.")
        return None
    return PriceDraft(amount=amount, was=before)


def _money(cell: Cell, code: str) -> Money | None:
    if not cell.value:
        return None
    try:
        amount = parse_money(cell.value, code)
    except NotMoney as refusal:
        cell.error = i18n.say(refusal)
        return None
    if amount.amount < 0:
        cell.error = _("Not below zero.")
        return None
    return amount


def _bounded(
    currency: str, amount: int, was: int | None, from_qty: int, starts: int | None, ends: int | None
) -> PriceDraft:
    begin, end = (None if at is None else clock.instant(at) for at in (starts, ends))
    return PriceDraft(
        amount=Money(amount, currency),
        was=Money(was, currency) if was is not None else None,
        from_qty=from_qty,
        starts=begin,
        ends=end,
    )


def grid_problems(rows: Sequence[GridRow], known: Sequence[Column]) -> list[tuple[str, str]]:
    """(id of the cell, message) of everything that cannot be read."""
    return [
        (f"v{row.id}-{column.key}", f"{row.title}, {column.title}: {row.cells[column.key].error}")
        for row in rows
        for column in known
        if row.cells[column.key].error
    ]


def option_drafts(names: Sequence[str], values: Sequence[str], language: str) -> tuple[OptionDraft, ...]:
    """The options that were named, with their values line by line."""
    return tuple(
        OptionDraft(
            names={language: name.strip()}, values=tuple(ValueDraft(names={language: word}) for word in lines(words))
        )
        for name, words in zip(names, values, strict=False)
        if name.strip()
    )


# -- places ----------------------------------------------------------------------------------------------------------


def read_places(form: Form, places: Sequence[PlaceForm]) -> list[tuple[str, str]]:
    """Put what was typed into the places; answers what cannot be read."""
    for place in places:
        place.visible = bool(form.get(f"visible-{place.id}"))
        place.position = form.get(f"position-{place.id}", "").strip() or "0"
        place.publish_at, place.withdraw_at = (
            form.get(f"{name}-{place.id}", "").strip() for name in ("publish_at", "withdraw_at")
        )
        if not place.position.lstrip("-").isdecimal():
            place.errors["position"] = _("Write a whole number.")
        for name in ("publish_at", "withdraw_at"):
            if getattr(place, name) and instant(getattr(place, name), place.timezone) is None:
                place.errors[name] = _("Write a day and a time.")
    return [
        (f"{name}-{place.id}", f"{place.name}: {message}") for place in places for name, message in place.errors.items()
    ]


def instant(text: str, timezone: str) -> datetime | None:
    """A `datetime-local` of a time zone as an instant; None for anything else."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone)).astimezone(UTC) if text else None
    except ValueError:
        return None
