"""Sales as the panel lists them, as their form would have sent them, and as a file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from core.api import Money, NotFound, Site, category_tree, enumerated, marks, money, now, rows
from core.api import gettext as _
from plugins.sale_prices.forms import local_text
from plugins.sale_prices.models import CATEGORY, FIXED, PERCENT, PRODUCT, VARIANT, Sale

DRAFT, PLANNED, RUNNING, OVER = "draft", "planned", "running", "over"


class Listed(Struct, frozen=True, kw_only=True):
    """A sale with its state and what it is for, in words."""

    sale: Sale
    state: str
    takes_off: str
    scope: str


def state_of(sale: Sale, at: datetime) -> str:
    """Where a sale stands at an instant."""
    if sale.ends is not None and sale.ends <= at:
        return OVER
    if not sale.active:
        return DRAFT
    return PLANNED if sale.starts > at else RUNNING


def find_sale(site: Site, sale_id: int) -> Sale:
    """A sale of this site. Raises NotFound."""
    found: Sale | None = Sale.for_site(site).where(Sale.id == sale_id).first()
    if found is None:
        raise NotFound
    return found


def listed(site: Site) -> list[Listed]:
    """All sales: running ones first, then planned, drafts, and those that are over. Two statements."""
    counts: dict[int, dict[str, int]] = {}
    for sale_id, kind, count in rows(
        "SELECT sale_id, kind, COUNT(*) FROM sale_prices_item WHERE site_id = ? GROUP BY sale_id, kind", site.id
    ):
        counts.setdefault(sale_id, {})[kind] = count
    order, at = [RUNNING, PLANNED, DRAFT, OVER], now()
    found = [
        Listed(
            sale=sale, state=state_of(sale, at), takes_off=takes_off(sale), scope=_scope(sale, counts.get(sale.id, {}))
        )
        for sale in Sale.for_site(site)
    ]
    return sorted(found, key=lambda one: (order.index(one.state), one.sale.starts, one.sale.id))


def takes_off(sale: Sale) -> str:
    """The reduction in words."""
    if sale.kind == PERCENT:
        return f"{sale.basis_points / 100:g} %"
    amounts = enumerated(money(Money(amount, code)) for code, amount in sale.amounts.items())
    if sale.kind == FIXED:
        return amounts or _("Prices of a list")
    return _("%(amount)s off", amount=amounts)


def _scope(sale: Sale, counts: dict[str, int]) -> str:
    if sale.everything:
        return _("Everything in the shop")
    words = {
        VARIANT: _("%(count)s SKUs", count=counts.get(VARIANT, 0)),
        PRODUCT: _("%(count)s products", count=counts.get(PRODUCT, 0)),
        CATEGORY: _("%(count)s categories", count=counts.get(CATEGORY, 0)),
    }
    return " · ".join(text for kind, text in words.items() if counts.get(kind)) or _("Nothing yet")


def categories(site: Site) -> list[tuple[str, str]]:
    """(id, name with its depth) of the site's categories."""
    return [
        (str(node.id), f"{'– ' * depth}{node.name}")
        for node, depth in _walk(category_tree(site, site.language, site.currency), 0)
    ]


def _walk(nodes: Any, depth: int) -> Iterator[tuple[Any, int]]:
    for node in nodes:
        yield node, depth
        yield from _walk(node.children, depth + 1)


def has_own_prices(site: Site, sale_id: int) -> bool:
    """Whether the sale's items have prices of their own, as those of a file do."""
    sql = "SELECT 1 FROM sale_prices_item WHERE site_id = ? AND sale_id = ? AND prices IS NOT NULL LIMIT 1"
    return bool(rows(sql, site.id, sale_id))


def filled(site: Site, sale: Sale) -> dict[str, Any]:
    """A sale as its form would have sent it."""
    items = rows(
        "SELECT kind, ref FROM sale_prices_item WHERE site_id = ? AND sale_id = ? ORDER BY id", site.id, sale.id
    )
    return {
        **{f"amount_{code}": Money(amount, code).decimal for code, amount in sale.amounts.items()},
        "name": sale.name,
        "kind": sale.kind,
        "percent": f"{sale.basis_points / 100:g}" if sale.basis_points else "",
        "rounding": sale.rounding,
        "starts": local_text(sale.starts, site),
        "ends": local_text(sale.ends, site),
        "active": "1" if sale.active else "",
        "scope": "everything" if sale.everything else "chosen",
        "for": "signed_in" if sale.signed_in else "everybody",
        "skip_reduced": "1" if sale.skip_reduced else "",
        "skus": "\n".join(_skus(site, sale, VARIANT)),
        "product_skus": "\n".join(_skus(site, sale, PRODUCT)),
        "categories": [str(ref) for kind, ref in items if kind == CATEGORY],
    }


def _skus(site: Site, sale: Sale, kind: str) -> list[str]:
    """SKUs of the variants; of each product the first."""
    sql = (
        "SELECT MIN(v.sku) FROM sale_prices_item i JOIN variant v ON v.id = i.ref"
        if kind == VARIANT
        else "SELECT MIN(v.sku) FROM sale_prices_item i JOIN variant v ON v.product_id = i.ref AND v.deleted_at IS NULL"
    )
    found = rows(
        f"{sql} WHERE i.site_id = ? AND i.sale_id = ? AND i.kind = ? GROUP BY i.id ORDER BY i.id",
        site.id,
        sale.id,
        kind,
    )
    return [row[0] for row in found]


def first_skus(product_ids: Sequence[int]) -> list[str]:
    """A SKU of each product that has one, in their order. One statement per thousand."""
    found: dict[int, str] = {}
    for start in range(0, len(product_ids), 1000):
        part = product_ids[start : start + 1000]
        sql = f"SELECT product_id, MIN(sku) FROM variant WHERE product_id IN ({marks(part)}) AND deleted_at IS NULL"
        found |= dict(rows(f"{sql} GROUP BY product_id", *part))
    return [found[product_id] for product_id in product_ids if product_id in found]


def export_rows(site: Site, sale: Sale) -> Iterator[tuple[str, ...]]:
    """A FIXED sale's prices, one row per variant and currency, in the form in which files come in."""
    period = (local_text(sale.starts, site, " "), local_text(sale.ends, site, " "))
    for sku, prices in rows(
        "SELECT v.sku, i.prices FROM sale_prices_item i JOIN variant v ON v.id = i.ref"
        " WHERE i.site_id = ? AND i.sale_id = ? AND i.kind = ? ORDER BY v.sku",
        site.id, sale.id, VARIANT,
    ):  # fmt: skip
        for currency, amount in {**sale.amounts, **(json.loads(prices) if prices else {})}.items():
            yield sku, currency, Money(amount, currency).decimal, *period
