"""What a product's page says below a reduced price: until when, and the lowest price of the 30 days before."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from core.api import Money, PriceQuery, Settings, Site, Slot, enumerated, part, setting
from plugins.sale_prices.services.history import lowest_before
from plugins.sale_prices.services.pricing import tag, winners_now


class SaleSettings(Settings):
    """What the merchant may change. The form in the panel is made from this class."""

    lowest: bool = setting(
        True,
        label="Show the lowest price of the last 30 days",
        help="Asked for in the European Union: Directive 98/6/EC, article 6a. The history begins when the plugin is"
        " switched on.",
    )
    ending: bool = setting(True, label="Show until when a sale price holds")


class Line(NamedTuple):
    """What is said of variants that are alike; `skus` empty if that is all of them."""

    skus: str
    ends: datetime | None
    lowest: Money | None


def below_price(site: Site, product: Any) -> Slot | None:
    """A few words below the price of a product that is on sale. Two statements at most."""
    settings = SaleSettings.of(site)
    queries = {
        PriceQuery(variant_id=variant.id, product_id=product.id, quantity=1, list_price=variant.list_price): variant
        for variant in product.variants
        if variant.list_price is not None
    }
    found = {query: one.winner for query, one in winners_now(site, list(queries)).items() if one.winner is not None}
    if not found:
        return None
    currency = next(iter(found)).list_price.currency
    starts = {query.variant_id: winner.term.starts for query, winner in found.items()}
    lowest = lowest_before(site, starts, currency) if settings.lowest else {}
    said: dict[tuple[datetime | None, int | None], list[str]] = {}
    for query, winner in found.items():
        key = (winner.term.ends if settings.ending else None, lowest.get(query.variant_id))
        said.setdefault(key, []).append(queries[query].sku)
    is_one = len(said) == 1 and len(found) == len(queries)
    lines = [
        Line("" if is_one else enumerated(skus), ends, None if amount is None else Money(amount, currency))
        for (ends, amount), skus in said.items()
        if ends is not None or amount is not None
    ]
    if not lines:
        return None
    return Slot(html=part("sale_prices/below_price", lines=lines), tags=(tag(site),))
