"""What stands on a product's page in the shop, place by place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from core.api import ProductPage, Site, Slot, part
from plugins.product_content.forms import ProductContent
from plugins.product_content.services.downloads import shown_downloads
from plugins.product_content.services.related import shelves
from plugins.product_content.services.sizes import shown_sizes
from plugins.product_content.services.specs import shown_specs


def in_slot(site: Site, name: str, product: ProductPage) -> Slot | None:
    """The markup for one of PLACES, empty where there is nothing to show. All changes end the product's page."""
    if name not in _PLACES:
        return None
    template, read = _PLACES[name]
    values = read(site, product)
    return Slot(html=part(f"product_content/{template}", **values) if values else Markup(""))


def _specs(site: Site, product: ProductPage) -> dict[str, Any]:
    tag, groups = shown_specs(site, product)
    return {"groups": groups, "lang": tag} if groups else {}


def _downloads(site: Site, product: ProductPage) -> dict[str, Any]:
    files = shown_downloads(site, product)
    return {"files": files} if files else {}


def _related(site: Site, product: ProductPage) -> dict[str, Any]:
    chosen = ProductContent.of(site)
    found = shelves(site, product, fall_back=chosen.fall_back, most=chosen.most)
    return {"shelves": found, "category": product.crumbs[-1] if product.crumbs else None} if found else {}


def _sizes(site: Site, product: ProductPage) -> dict[str, Any]:
    found = shown_sizes(site, product)
    return {"sizes": found} if found else {}


_PLACES: dict[str, tuple[str, Callable[[Site, ProductPage], dict[str, Any]]]] = {
    "product.details": ("specs", _specs),
    "product.tabs": ("downloads", _downloads),
    "product.bottom": ("related", _related),
    "product.choices": ("sizes", _sizes),
}
PLACES = tuple(_PLACES)
