"""Where the products of a site are: what a sitemap lists, in pieces whose cost does not grow with the shop."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from core.hookspecs.site import Site
from core.kernel import cache, db
from core.lib import clock

_SHOWN = "SELECT 1 FROM card c WHERE c.site_id = ? AND c.product_id = s.ref AND c.language = ? AND c.currency = ?"


class ProductAddress(Struct, frozen=True, kw_only=True):
    """A product that the site shows: its path below /p/ by language, and when its words last changed."""

    paths: Mapping[str, str]
    changed: datetime


def address_pieces(site: Site, size: int) -> list[int]:
    """The numbers of those pieces, of `size` ids each, that hold a product the site shows. One statement."""
    cache.depends("category:0")
    found = db.rows(
        "SELECT DISTINCT product_id / ? AS piece FROM card WHERE site_id = ? AND language = ? AND currency = ?"
        " ORDER BY piece",
        size,
        site.id,
        site.language,
        site.currency,
    )
    return [int(row[0]) for row in found]


def product_addresses(site: Site, piece: int, size: int) -> list[ProductAddress]:
    """The products of a piece in the order of their ids. One statement.

    Ids never move to another piece, so what a crawler has read of a piece stays true until one of its products changes.
    """
    cache.depends("category:0")
    found = db.rows(
        "SELECT s.ref, s.language, s.path, p.updated_at FROM slug s JOIN product p ON p.id = s.ref"
        " WHERE s.kind = 'product' AND s.ref >= ? AND s.ref < ? AND s.site_id = ? AND s.current = ?"
        f" AND EXISTS ({_SHOWN}) ORDER BY s.ref, s.language",
        piece * size,
        (piece + 1) * size,
        site.id,
        True,
        site.id,
        site.language,
        site.currency,
    )
    paths: dict[int, dict[str, str]] = {}
    changed: dict[int, int] = {}
    for product_id, language, path, at in found:
        if language in site.languages:
            paths.setdefault(product_id, {})[language] = path
            changed[product_id] = at
    return [
        ProductAddress(paths=known, changed=clock.instant(changed[product_id])) for product_id, known in paths.items()
    ]
