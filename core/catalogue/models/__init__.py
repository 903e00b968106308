"""The tables of the catalogue, in the order in which they refer to each other."""

from __future__ import annotations

from core.catalogue.models.card import Card, CardCount, CardDue, CardFacet, CardName, CardPlace, CardWords
from core.catalogue.models.category import Category, CategorySite, CategoryText, ProductCategory
from core.catalogue.models.listing import Listing, Slug
from core.catalogue.models.media import Media, ProductMedia, RemovedMedia
from core.catalogue.models.price import Price
from core.catalogue.models.product import (
    Attribute,
    FacetName,
    KitPart,
    OptionValue,
    Product,
    ProductAttribute,
    ProductOption,
    ProductText,
    Variant,
    VariantValue,
)
from core.catalogue.models.search import SearchLead
from core.catalogue.models.stock import (
    FormerVariant,
    Location,
    StockHold,
    StockLevel,
    StockMove,
    StockReserve,
    StockSafety,
    StockTransfer,
)

FACTS = (
    Product,
    ProductText,
    ProductOption,
    OptionValue,
    Variant,
    KitPart,
    VariantValue,
    Attribute,
    ProductAttribute,
    FacetName,
    Media,
    ProductMedia,
    RemovedMedia,
    Category,
    CategoryText,
    ProductCategory,
    CategorySite,
    Listing,
    Slug,
    SearchLead,
    Price,
    Location,
    StockLevel,
    StockMove,
    FormerVariant,
    StockHold,
    StockReserve,
    StockTransfer,
    StockSafety,
)
CARDS = (Card, CardPlace, CardName, CardWords, CardFacet, CardCount, CardDue)
TABLES = FACTS + CARDS

__all__ = [
    "CARDS",
    "FACTS",
    "TABLES",
    "Attribute",
    "Card",
    "CardCount",
    "CardDue",
    "CardFacet",
    "CardName",
    "CardPlace",
    "CardWords",
    "Category",
    "CategorySite",
    "CategoryText",
    "FacetName",
    "FormerVariant",
    "KitPart",
    "Listing",
    "Location",
    "Media",
    "OptionValue",
    "Price",
    "Product",
    "ProductAttribute",
    "ProductCategory",
    "ProductMedia",
    "ProductOption",
    "ProductText",
    "RemovedMedia",
    "Slug",
    "StockHold",
    "StockLevel",
    "StockMove",
    "StockReserve",
    "StockSafety",
    "StockTransfer",
    "Variant",
    "VariantValue",
]
