"""After an edit: pages, cards and the history of prices follow.

Product pages carry a tag of the site and end with the edit itself. Cards, and the lists that show them, follow by jobs
of some hundred products, so that no sale of everything holds up the shop.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from core.api import Site, enqueue_job, marks, product_data_changed, rows, touch, transaction
from plugins.sale_prices.models import CATEGORY, PRODUCT, VARIANT, Sale
from plugins.sale_prices.services.history import record
from plugins.sale_prices.services.pricing import tag

AT_ONCE = 500
JOB = "sale_prices.tell"

_PRODUCTS = """
WITH RECURSIVE down(id) AS (
  SELECT ref FROM sale_prices_item WHERE sale_id = ? AND kind = ?
  UNION SELECT c.id FROM category c JOIN down ON c.parent_id = down.id)
SELECT l.product_id FROM listing l WHERE l.site_id = ? AND l.product_id IN (
  SELECT ref FROM sale_prices_item WHERE sale_id = ? AND kind = ?
  UNION SELECT v.product_id FROM sale_prices_item i JOIN variant v ON v.id = i.ref WHERE i.sale_id = ? AND i.kind = ?
  UNION SELECT pc.product_id FROM product_category pc JOIN down ON down.id = pc.category_id)
"""


def product_ids_of(site: Site, sale: Sale) -> set[int]:
    """The listed products that a stored sale concerns. One statement."""
    if sale.everything:
        return {row[0] for row in rows("SELECT product_id FROM listing WHERE site_id = ?", site.id)}
    found = rows(_PRODUCTS, sale.id, CATEGORY, site.id, sale.id, PRODUCT, sale.id, VARIANT)
    return {row[0] for row in found}


def follow(site: Site, product_ids: Collection[int]) -> None:
    """Let everything follow that shows prices of these products. Inside the transaction of the edit."""
    touch(tag(site))
    ids = sorted(product_ids)
    for start in range(0, len(ids), AT_ONCE):
        part = ids[start : start + AT_ONCE]
        enqueue_job(JOB, {"product_ids": part}, site_id=site.id, plugin="sale_prices")


def tell(payload: Mapping[str, Any], site: Site) -> None:
    """The job: end the pages of these products, let their cards be made anew, and note what they cost now. Commits."""
    ids = [int(number) for number in payload["product_ids"]]
    with transaction():
        product_data_changed(site, ids)
    record(site, ids)


def known_skus(skus: Collection[str]) -> dict[str, tuple[int, int]]:
    """SKU to (variant, product), for those that there are. One statement per thousand."""
    found: dict[str, tuple[int, int]] = {}
    wanted = sorted(set(skus))
    for start in range(0, len(wanted), 1000):
        part = wanted[start : start + 1000]
        sql = f"SELECT sku, id, product_id FROM variant WHERE sku IN ({marks(part)}) AND deleted_at IS NULL"
        found.update({sku: (variant_id, product_id) for sku, variant_id, product_id in rows(sql, *part)})
    return found
