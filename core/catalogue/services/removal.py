"""Rows that go for good: what an import made and its undo takes away. Everything else is put away, never removed."""

from __future__ import annotations

from collections.abc import Collection

from core.catalogue.services.cards import tell_products_changed
from core.catalogue.services.stock_parting import part_with
from core.kernel import activity, cache, db


def remove_products(product_ids: Collection[int], actor: str, reference: str = "") -> None:
    """Part of a verb, which must name these products in its `Change`: the products with all that belongs to them.

    The caller has made sure that no order names their variants. Their ids are never given again, and the moves of their
    stock stay; the last ones are made for `reference`.
    """
    if not product_ids:
        return
    ids = sorted(product_ids)
    titles: dict[int, str] = dict(
        db.rows(
            f"SELECT product_id, name FROM product_text WHERE product_id IN ({db.marks(ids)}) ORDER BY id DESC", *ids
        )
    )
    tell_products_changed(ids)  # While there is still known which sites list them.
    for product_id in ids:
        activity.record(actor, "product.removed", f"product:{product_id}", title=titles.get(product_id, ""))
    variants = db.rows(f"SELECT id FROM variant WHERE product_id IN ({db.marks(ids)})", *ids)
    part_with([row[0] for row in variants], actor, reference=reference)
    db.execute(f"DELETE FROM slug WHERE kind = 'product' AND ref IN ({db.marks(ids)})", *ids)
    db.execute(f"DELETE FROM card_due WHERE product_id IN ({db.marks(ids)})", *ids)
    db.execute(f"DELETE FROM product WHERE id IN ({db.marks(ids)})", *ids)


def remove_category(category_id: int, actor: str) -> bool:
    """Part of a verb: an empty category goes; False where there is something in it, or it is gone already."""
    name = db.value("SELECT name FROM category_text WHERE category_id = ? ORDER BY id LIMIT 1", category_id)
    gone = db.execute(
        "DELETE FROM category WHERE id = ? AND NOT EXISTS (SELECT 1 FROM product_category WHERE category_id = ?)"
        " AND NOT EXISTS (SELECT 1 FROM category c WHERE c.parent_id = ?)",
        category_id, category_id, category_id,
    )  # fmt: skip
    if not gone:
        return False
    db.execute("DELETE FROM slug WHERE kind = 'category' AND ref = ?", category_id)
    db.execute("DELETE FROM card_count WHERE category_id = ?", category_id)
    activity.record(actor, "category.removed", f"category:{category_id}", title=name or "")
    cache.touch("categories")
    return True


def remove_attribute(attribute_id: int) -> bool:
    """Part of a verb: an attribute of which nothing is said goes with its words for filters; False if it is in use."""
    code = db.value("SELECT code FROM attribute WHERE id = ? AND plugin = ''", attribute_id)
    gone = code is not None and db.execute(
        "DELETE FROM attribute WHERE id = ? AND NOT EXISTS (SELECT 1 FROM product_attribute WHERE attribute_id = ?)",
        attribute_id, attribute_id,
    )  # fmt: skip
    if gone and db.value("SELECT 1 FROM product_option WHERE code = ? LIMIT 1", code) is None:
        db.execute("DELETE FROM facet_name WHERE code = ?", code)
    return bool(gone)
