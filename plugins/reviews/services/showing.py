"""The part of a product's page: stars, histogram and the newest reviews, the same for every reader."""

from __future__ import annotations

from core.api import ProductPage, Site, Slot, part
from plugins.reviews.services.changing import PLUGIN, tag
from plugins.reviews.services.reading import ON_PRODUCT, Shown, Wish, listed


def section(site: Site, product: ProductPage) -> Slot:
    """The section `#reviews`; where there are none, how to write the first. One statement, none without reviews."""
    is_rated = PLUGIN in product.data
    shown = listed(site, product.id, Wish(), ON_PRODUCT) if is_rated else Shown(reviews=(), next="")
    html = part("reviews/section", product=product, shown=shown, wish=Wish())
    return Slot(html=html, tags=(tag(site, product.id),))
