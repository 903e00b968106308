"""The table, and the arithmetic.

Each line is taxed by itself, after its share of the offers, and rounded to whole minor units, halves away from zero;
the cart's tax is the sum of its lines' taxes. So every total is the sum of shown parts, and returning a line returns
exactly its tax. European law leaves the method of rounding to the member states as long as it is neutral and
proportionate (Court of Justice, C-484/06 Ahold and C-302/07 Wetherspoon), and rounding per line is a method that they
accept. In a price that holds the tax, the tax is `amount * rate / (100 % + rate)`; several taxes of one line share that
sum in proportion to their rates.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.api import (
    Money,
    PricedCart,
    Site,
    Tax,
    TaxableLine,
    Taxes,
    asdict,
    kept,
    percent,
    portion,
    record_activity,
    split,
    touch,
    transaction,
)
from plugins.tax_table.forms import Row
from plugins.tax_table.models import TaxRate

STANDARD, DELIVERY = "standard", "delivery"
_WHOLE = 10_000


def rates_of(site: Site) -> list[TaxRate]:
    """The site's table, in the order in which it is shown, kept until it changes."""
    order = (TaxRate.tax_class, TaxRate.country, TaxRate.region, TaxRate.name)
    return kept(_tag(site), lambda: list(TaxRate.for_site(site).order_by(*order)))


def _tag(site: Site) -> str:
    return f"tax_table:{site.id}"


def add_rate(site: Site, row: Row, *, actor: str) -> None:
    """Add one row to the table, or change the rate of the row at the same place. Commits."""
    with transaction():
        before = rates_of(site)
        rows = [known for known in map(_row, before) if known.place != row.place]
        _replace(site, [*rows, row], actor, before)


def save_table(site: Site, rows: Sequence[Row], *, actor: str) -> None:
    """Let the table hold exactly these rows. Commits."""
    with transaction():
        _replace(site, rows, actor, rates_of(site))


def _replace(site: Site, rows: Sequence[Row], actor: str, before: Sequence[TaxRate]) -> None:
    TaxRate.delete().where(TaxRate.site_id == site.id).execute()
    for row in rows:
        TaxRate.create(site_id=site.id, **asdict(row))
    touch(_tag(site))
    record_activity(
        actor,
        "tax_table.saved",
        f"tax_table:{site.id}",
        before={_said(_row(rate)): rate.rate for rate in before},
        after={_said(row): row.rate for row in rows},
        site_id=site.id,
        title=site.name,
    )


def _row(rate: TaxRate) -> Row:
    return Row(tax_class=rate.tax_class, country=rate.country, region=rate.region, name=rate.name, rate=rate.rate)


def _said(row: Row) -> str:
    return " ".join(filter(None, (row.tax_class, row.country, row.region, row.name)))


# -- the arithmetic --------------------------------------------------------------------------------


def taxes(site: Site, priced: PricedCart, rates: Sequence[TaxRate]) -> Taxes:
    """The taxes of a cart where its goods go; at the shop's own place while the shopper has not said where."""
    address = priced.address
    country = (address.country if address else "") or site.country
    region = address.region if address and address.country else ""
    here = [rate for rate in rates if rate.country == country.upper() and _covers(rate.region, region)]
    found = [tax for line in priced.lines for tax in _on_line(line, _of_class(here, line.tax_class), priced)]
    return Taxes(taxes=tuple(found))


def _covers(region: str, given: str) -> bool:
    return not region or region.strip().casefold() == given.strip().casefold()


def _of_class(here: Sequence[TaxRate], tax_class: str) -> list[TaxRate]:
    """The taxes of a class; of the standard one where the table does not know it, as delivery usually is not named."""
    return [rate for rate in here if rate.tax_class == tax_class] or [
        rate for rate in here if rate.tax_class == STANDARD
    ]


def _on_line(line: TaxableLine, rates: Sequence[TaxRate], priced: PricedCart) -> list[Tax]:
    amounts = _amounts(line.amount.amount, [rate.rate for rate in rates], is_inside=priced.prices_include_tax)
    return [
        Tax(key=line.key, name=rate.name, rate=rate.rate, amount=Money(amount, priced.currency))
        for rate, amount in zip(rates, amounts, strict=True)
    ]


def _amounts(amount: int, rates: Sequence[int], *, is_inside: bool) -> list[int]:
    """The tax per rate, in minor units."""
    if not is_inside:
        return [percent(amount, rate) for rate in rates]
    together = sum(rates)
    return split(portion(amount, together, _WHOLE + together), rates)
