"""Products by their SKUs, and what to call them: for those who pick goods by hand."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from core.catalogue.services.words import TextFact, best_text
from core.hookspecs.site import Site
from core.kernel import db


class NamedProduct(Struct, frozen=True, kw_only=True):
    """A product as its site calls it in one language; `sku` is its first variant's, empty if it has none."""

    id: int
    name: str
    sku: str


def products_by_sku(skus: Collection[str]) -> dict[str, int]:
    """The product of each SKU that there is, as it was written or in capitals; those of deleted products are absent."""
    wanted = sorted({*skus, *(sku.upper() for sku in skus)})
    found: dict[str, int] = dict(
        db.rows(
            "SELECT v.sku, v.product_id FROM variant v JOIN product p ON p.id = v.product_id"
            f" WHERE v.sku IN ({db.marks(wanted)}) AND v.deleted_at IS NULL AND p.deleted_at IS NULL",
            *wanted,
        )
    )
    return {sku: product_id for sku in skus if (product_id := found.get(sku, found.get(sku.upper()))) is not None}


def variants_by_sku(skus: Collection[str]) -> dict[str, int]:
    """The variant of each SKU that there is, as it was written or in capitals. One statement, if any is named."""
    wanted = sorted({*skus, *(sku.upper() for sku in skus)} - {""})
    if not wanted:
        return {}
    found: dict[str, int] = dict(
        db.rows(f"SELECT sku, id FROM variant WHERE sku IN ({db.marks(wanted)}) AND deleted_at IS NULL", *wanted)
    )
    return {sku: variant_id for sku in skus if (variant_id := found.get(sku, found.get(sku.upper()))) is not None}


def named_products(site: Site, language: str, product_ids: Collection[int]) -> dict[int, NamedProduct]:
    """These products by id, whether the site shows them or not; deleted ones are absent. Three statements."""
    ids = tuple(product_ids)
    if not ids:
        return {}
    kept = db.rows(f"SELECT id FROM product WHERE id IN ({db.marks(ids)}) AND deleted_at IS NULL", *ids)
    texts: dict[int, list[TextFact]] = {row[0]: [] for row in kept}
    for product_id, *text in db.rows(
        f"SELECT product_id, language, site_id, name, '' FROM product_text WHERE product_id IN ({db.marks(ids)})"
        " ORDER BY id",
        *ids,
    ):
        if product_id in texts:
            texts[product_id].append(TextFact(*text))
    skus: dict[int, str] = dict(
        db.rows(
            f"SELECT product_id, sku FROM variant WHERE product_id IN ({db.marks(ids)}) AND deleted_at IS NULL"
            " ORDER BY position DESC, id DESC",
            *ids,
        )
    )
    best = {product_id: best_text(found, site.id, language, site.language) for product_id, found in texts.items()}
    return {
        product_id: NamedProduct(id=product_id, name=text.name if text else "", sku=skus.get(product_id, ""))
        for product_id, text in best.items()
    }
