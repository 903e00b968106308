"""All that a product's page asks of this plugin: one statement, once per page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from core.api import ProductPage, Site, marks, request, rows
from plugins.product_content.models import Download, Sizes

PRODUCT, CATEGORY = "product", "category"
# Every part has the same eight columns: kind, id, four texts, two numbers.
_SQL = """SELECT 'specs', id, language, "groups", '', '', 0, 0 FROM product_content_specs
 WHERE site_id = ? AND product_id = ?
UNION ALL SELECT 'download', id, language, title, original, mime, size, position FROM product_content_download
 WHERE site_id = ? AND product_id = ? AND removed_at IS NULL
UNION ALL SELECT 'related', id, kind, '', '', '', other_id, position FROM product_content_related
 WHERE site_id = ? AND product_id = ?
UNION ALL SELECT 'related', id, 'newer', '', '', '', product_id, 0 FROM product_content_related
 WHERE site_id = ? AND other_id = ? AND kind = 'replaces'
UNION ALL SELECT 'sizes', id, language, cells, note, owner, owner_id, 0 FROM product_content_sizes
 WHERE site_id = ? AND (owner = 'product' AND owner_id = ? OR owner = 'category' AND owner_id IN ({categories}))"""


class Content(Struct, frozen=True, kw_only=True):
    """What is kept of one product: specs by language, related goods by kind, sizes by owner, its id and language."""

    specs: Mapping[str, list[dict[str, Any]]]
    downloads: Sequence[Download]
    related: Mapping[str, list[int]]
    sizes: Mapping[tuple[str, int, str], Sizes]


def content_of(site: Site, product: ProductPage) -> Content:
    """What the page of `product` shows, read when its first place is filled and shared by the others."""
    known = request.environ.setdefault("product_content", {})
    if product.id not in known:
        known[product.id] = _read(site, product)
    content: Content = known[product.id]
    return content


def _read(site: Site, product: ProductPage) -> Content:
    categories = sorted({*product.category_ids, *(crumb.category_id for crumb in product.crumbs)})
    sql = _SQL.format(categories=marks(categories))
    found = sorted(rows(sql, *(site.id, product.id) * 5, *categories), key=lambda row: (row[7], row[1]))
    related: dict[str, list[int]] = {}
    for row in found:
        if row[0] == "related":
            related.setdefault(row[2], []).append(row[6])
    return Content(
        specs={row[2]: json.loads(row[3]) for row in found if row[0] == "specs"},
        downloads=tuple(_download(row) for row in found if row[0] == "download"),
        related=related,
        sizes={(row[5], row[6], row[2]): _sizes(row) for row in found if row[0] == "sizes"},
    )


def _download(row: tuple[Any, ...]) -> Download:
    return Download(id=row[1], language=row[2], title=row[3], original=row[4], mime=row[5], size=row[6])


def _sizes(row: tuple[Any, ...]) -> Sizes:
    return Sizes(id=row[1], language=row[2], cells=json.loads(row[3]), note=row[4], owner=row[5], owner_id=row[6])
