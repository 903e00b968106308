"""What the catalogue can do, by name. Each module below is one noun or use case; all may be imported from directly."""

from __future__ import annotations

import core.catalogue.services.declared
import core.catalogue.services.stock_expiry  # noqa: F401 -- imported for its job
from core.catalogue.services.cards import refresh_cards
from core.catalogue.services.carts import cart_variants
from core.catalogue.services.categories import (
    create_category,
    delete_category,
    ensure_category,
    move_category,
    place_products,
    restore_category,
    set_category_on_site,
    update_category,
)
from core.catalogue.services.category_pages import category_page, category_tree, home_page
from core.catalogue.services.lists import cards_for, listing
from core.catalogue.services.locations import add_location
from core.catalogue.services.media import add_media, delete_media, describe_media
from core.catalogue.services.pages import product_page
from core.catalogue.services.prices import promoted_prices
from core.catalogue.services.products import (
    archive_product,
    create_product,
    restore_product,
    save_product,
    save_products,
    set_listing,
    set_prices,
    update_product,
)
from core.catalogue.services.rebuild import rebuild_cards
from core.catalogue.services.search import search_cards
from core.catalogue.services.slugs import set_slug
from core.catalogue.services.stock import allocate, release, ship
from core.catalogue.services.stock_audit import stock_proof
from core.catalogue.services.stock_counts import (
    adjust_stock,
    count_stock,
    receive_stock,
    set_backorder_limit,
)

__all__ = [
    "add_location",
    "add_media",
    "adjust_stock",
    "allocate",
    "archive_product",
    "cards_for",
    "cart_variants",
    "category_page",
    "category_tree",
    "count_stock",
    "create_category",
    "create_product",
    "delete_category",
    "delete_media",
    "describe_media",
    "ensure_category",
    "home_page",
    "listing",
    "move_category",
    "place_products",
    "product_page",
    "promoted_prices",
    "rebuild_cards",
    "receive_stock",
    "refresh_cards",
    "release",
    "restore_category",
    "restore_product",
    "save_product",
    "save_products",
    "search_cards",
    "set_backorder_limit",
    "set_category_on_site",
    "set_listing",
    "set_prices",
    "set_slug",
    "ship",
    "stock_proof",
    "update_category",
    "update_product",
]
