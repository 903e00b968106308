"""Lines outside the catalogue: what staff wrote into a draft is quoted, taxed and ordered like goods, without stock."""

from __future__ import annotations

from core.cart.services import StoredCart
from core.catalogue.services.shapes import CartVariant, Stock
from core.lib.money import Money

RETURNS = "final"


def own_variants(stored: StoredCart) -> dict[int, CartVariant]:
    """What stands for a variant of each such line, by its number below zero."""
    return {
        number: CartVariant(
            id=number, product_id=0, sku="", name=line.title, path="", choices=(), picture=None,
            price=Money(line.amount, stored.currency), was=None, tiers=(), stock=Stock.AVAILABLE, left=None,
            tax_class=line.tax_class, weight_g=0, needs_delivery=False, category_ids=frozenset(), until=None,
            returns=RETURNS,
        )
        for number, line in (stored.agreed.own if stored.agreed else {}).items()
    }  # fmt: skip
