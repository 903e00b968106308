"""The grid of variants: what is typed in its cells, read into drafts; an error stays beside its cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct

from core.catalogue.services.drafts import PriceDraft, VariantDraft
from core.hookspecs.site import Site
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.lib import clock
from core.lib.money import Money, NotMoney, parse_money
from core.panel.products.forms import PriceFact, VariantFact

Form = Mapping[str, str]
_LONGEST = 64
_MOST_DIGITS = 8


class Cell(Struct):
    """One cell: what is typed in it, what is stored, and what is wrong with it."""

    value: str
    stored: str
    error: str = ""

    @property
    def is_changed(self) -> bool:
        return self.value != self.stored


class Column(Struct, frozen=True, kw_only=True):
    """A column; one that is `fixed` this person may read only."""

    key: str
    title: str
    is_number: bool = True
    fixed: bool = False


class GridRow(Struct):
    """One variant in the grid."""

    id: int
    title: str
    active: bool
    cells: dict[str, Cell]


def columns(site: Site, *, shared: bool = True, stock: bool = True) -> list[Column]:
    """SKU, then price and former price per currency of the site, then stock, weight and barcode.

    Without `shared` what all sites have in common is fixed; without `stock` the counts are.
    """
    money = [
        column
        for code in site.currencies
        for column in (
            Column(key=f"price_{code}", title=_("Price %(currency)s", currency=code)),
            Column(key=f"was_{code}", title=_("Was %(currency)s", currency=code)),
        )
    ]
    return [
        Column(key="sku", title=_("SKU"), is_number=False, fixed=not shared),
        *money,
        Column(key="stock", title=_("Stock"), fixed=not stock),
        Column(key="weight", title=_("Weight g"), fixed=not shared),
        Column(key="barcode", title=_("Barcode"), is_number=False, fixed=not shared),
    ]


def grid(site: Site, variants: Sequence[VariantFact], form: Form | None = None) -> list[GridRow]:
    """The grid as stored, or as typed in a form that was refused, filled or kept."""
    return [_grid_row(site, variant, form) for variant in variants]


def _grid_row(site: Site, variant: VariantFact, form: Form | None) -> GridRow:
    stored = {"sku": variant.sku, "weight": str(variant.weight_g or ""), "barcode": variant.barcode}
    stored["stock"] = "" if variant.stock is None else str(variant.stock)
    for code in site.currencies:
        price = variant.plain(code)
        stored[f"price_{code}"] = Money(price.amount, code).decimal if price else ""
        stored[f"was_{code}"] = Money(price.was, code).decimal if price and price.was is not None else ""
    if form is None:
        cells = {key: Cell(value, value) for key, value in stored.items()}
        return GridRow(variant.id, variant.title, variant.active, cells)
    cells = {key: Cell(form.get(f"v{variant.id}-{key}", value).strip(), value) for key, value in stored.items()}
    # A row that the form does not name came into being after it was opened.
    named = f"v{variant.id}-sku" in form
    return GridRow(
        variant.id, variant.title, bool(form.get(f"v{variant.id}-active")) if named else variant.active, cells
    )


# -- what the cells say ------------------------------------------------------------------------------------------------


def variant_drafts(
    site: Site, variants: Sequence[VariantFact], rows: Sequence[GridRow], known: Sequence[Column], form: Form
) -> list[VariantDraft]:
    """What the grid says of the variants; notes what cannot be read in the cells. Fixed cells count as they are stored.

    Prices with bounds stay as they are. A count that changed since the page was made is not written over.
    """
    fixed = {column.key for column in known if column.fixed}
    for row in rows:
        for key in fixed & row.cells.keys():
            row.cells[key].value = row.cells[key].stored
    skus = Counter(row.cells["sku"].value for row in rows)
    drafts = []
    for variant, row in zip(variants, rows, strict=True):
        if skus[row.cells["sku"].value] > 1:
            row.cells["sku"].error = _("Another row has this SKU.")
        drafts.append(_draft(site, variant, row, form, shared="sku" not in fixed))
    return drafts


def _draft(site: Site, variant: VariantFact, row: GridRow, form: Form, *, shared: bool) -> VariantDraft:
    sku, weight, barcode = row.cells["sku"], row.cells["weight"], row.cells["barcode"]
    if not sku.value:
        sku.error = _("Fill this in.")
    for cell in (sku, barcode):
        if len(cell.value) > _LONGEST:
            cell.error = _("At most %(count)s characters.", count=_LONGEST)
    if weight.value and not _is_number(weight.value):
        weight.error = _("Write a whole number.")
    prices = [price for code in site.currencies if (price := _price(row, code)) is not None]
    prices += [
        _bounded(price) for price in variant.prices if not price.is_plain or price.currency not in site.currencies
    ]
    stock, tracked = _stock(row.cells["stock"], form.get(f"was-v{variant.id}-stock"))
    return VariantDraft(
        sku=sku.value,
        id=variant.id,
        prices=tuple(prices),
        every_currency=True,
        weight_g=int(weight.value) if _is_number(weight.value) else 0,
        barcode=barcode.value,
        active=row.active if shared else None,
        stock=stock,
        tracked=tracked,
    )


def _stock(cell: Cell, was: str | None) -> tuple[int | None, bool | None]:
    """The new count, and whether the variant is counted; None for what stays. An empty cell: no longer counted."""
    if cell.value == (cell.stored if was is None else was):
        return None, None
    if cell.value and not _is_number(cell.value):
        cell.error = _("Write a whole number.")
    elif was is not None and was != cell.stored:
        cell.error = _("%(count)s are there by now. Look again, then save.", count=cell.stored or _("None"))
    elif cell.value:
        return int(cell.value), True
    else:
        return None, False
    return None, None


def _is_number(text: str) -> bool:
    return text.isdecimal() and len(text) <= _MOST_DIGITS


def _price(row: GridRow, code: str) -> PriceDraft | None:
    price, was = row.cells[f"price_{code}"], row.cells[f"was_{code}"]
    amount, before = _money(price, code), _money(was, code)
    if amount is None:
        if before is not None and not price.error:
            was.error = _("Give it a price too.")
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


def _bounded(price: PriceFact) -> PriceDraft:
    begin, end = (None if at is None else clock.instant(at) for at in (price.starts, price.ends))
    return PriceDraft(
        amount=Money(price.amount, price.currency),
        was=None if price.was is None else Money(price.was, price.currency),
        from_qty=price.from_qty,
        starts=begin,
        ends=end,
    )


def problems(rows: Sequence[GridRow], known: Sequence[Column]) -> list[tuple[str, str]]:
    """(id of the cell, message) of everything that cannot be read."""
    return [
        (
            f"v{row.id}-{column.key}",
            i18n.labelled(i18n.enumerated((row.title, column.title)), row.cells[column.key].error),
        )
        for row in rows
        for column in known
        if row.cells[column.key].error
    ]


def blame(rows: Sequence[GridRow], key: str, value: str, message: str) -> bool:
    """Put a refusal beside the cells of a column that hold `value`; False if none does."""
    found = [row.cells[key] for row in rows if row.cells[key].value == value]
    for cell in found:
        cell.error = message
    return bool(found)
