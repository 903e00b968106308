"""Making, changing, ending and copying sales, and carrying price lists in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO

from core.api import (
    NotFound,
    Refused,
    Site,
    Unfit,
    UnreadableFile,
    claim_form,
    execute,
    now,
    open_rows,
    record_activity,
    transaction,
)
from core.api import gettext as _
from plugins.sale_prices.forms import Group, RowError, Wanted, read_list
from plugins.sale_prices.forms.files import COLUMNS
from plugins.sale_prices.forms.sales import NAME_LENGTH
from plugins.sale_prices.models import CATEGORY, FIXED, PRODUCT, VARIANT, Sale, SaleItem
from plugins.sale_prices.services.reading import find_sale, has_own_prices
from plugins.sale_prices.services.telling import follow, known_skus, product_ids_of

_FIELDS = (
    "name", "kind", "basis_points", "amounts", "rounding", "starts", "ends", "active", "everything", "signed_in",
    "skip_reduced",
)  # fmt: skip


class Unreadable(Refused):
    """Rows of a file do not fit; nothing of it has been used."""

    code = "unreadable_rows"
    status = 422
    default_message = "Some rows do not fit. Nothing has been changed."

    def __init__(self, errors: Sequence[RowError]) -> None:
        super().__init__()
        self.errors = errors


class NotRunning(Refused):
    """Only a sale that runs can be ended."""

    code = "not_running"
    default_message = "This sale is not running."


def save_sale(site: Site, wanted: Wanted, *, actor: str, sale_id: int | None = None, key: str = "") -> int:
    """Add a sale, or change one; answers its id. Items with prices of their own (from a file) keep them.

    Raises Unfit for unknown SKUs, NotFound, DoneBefore. Commits.
    """
    items = _items(wanted)
    with transaction():
        claim_form(key)
        sale = Sale(site_id=site.id, created_at=now()) if sale_id is None else find_sale(site, sale_id)
        before = _told(sale) if sale_id else {}
        affected = product_ids_of(site, sale) if sale_id else set()
        for name in _FIELDS:
            setattr(sale, name, getattr(wanted, name))
        sale.save()
        _put_items(site, sale, items)
        follow(site, affected | product_ids_of(site, sale))
        _record(site, sale, actor, "sale_prices.saved", before, _told(sale))
    return int(sale.id)


def _items(wanted: Wanted) -> set[tuple[str, int]]:
    """(kind, ref) of what was chosen. Raises Unfit."""
    if wanted.everything:
        return set()
    known = known_skus({*wanted.skus, *wanted.product_skus})
    for name in ("skus", "product_skus"):
        if missing := [sku for sku in getattr(wanted, name) if sku not in known]:
            raise Unfit({name: _("There is no product with the SKU %(sku)s.", sku=missing[0])})
    return {
        *((VARIANT, known[sku][0]) for sku in wanted.skus),
        *((PRODUCT, known[sku][1]) for sku in wanted.product_skus),
        *((CATEGORY, category_id) for category_id in wanted.category_ids),
    }


def _put_items(site: Site, sale: Sale, items: set[tuple[str, int]]) -> None:
    known = {(item.kind, item.ref): item for item in SaleItem.for_site(site).where(SaleItem.sale == sale.id)}
    for key in known.keys() - items:
        known[key].delete_instance()
    fresh = [(site.id, sale.id, kind, ref) for kind, ref in sorted(items - known.keys())]
    _insert(fresh)


def _insert(items: Sequence[tuple[int, int, str, int]]) -> None:
    for site_id, sale_id, kind, ref in items:
        execute(
            "INSERT INTO sale_prices_item (site_id, sale_id, kind, ref) VALUES (?, ?, ?, ?)",
            site_id,
            sale_id,
            kind,
            ref,
        )


def end_now(site: Site, sale_id: int, *, actor: str) -> None:
    """End a running sale at this instant. Raises NotRunning, NotFound. Commits."""
    with transaction():
        sale, at = find_sale(site, sale_id), now()
        if not sale.active or sale.starts >= at or (sale.ends is not None and sale.ends <= at):
            raise NotRunning
        before = _told(sale)
        sale.ends = at
        sale.save()
        follow(site, product_ids_of(site, sale))
        _record(site, sale, actor, "sale_prices.ended", before, _told(sale))


def duplicate(site: Site, sale_id: int, *, actor: str, key: str = "") -> int:
    """A copy with all its items, switched off until somebody has looked at it; answers its id.

    Raises NotFound, DoneBefore. Commits.
    """
    with transaction():
        claim_form(key)
        sale = find_sale(site, sale_id)
        values = {name: getattr(sale, name) for name in _FIELDS}
        name = _("%(name)s (copy)", name=sale.name)[:NAME_LENGTH]
        copy = Sale.create(site_id=site.id, created_at=now(), **{**values, "name": name, "active": False})
        execute(
            "INSERT INTO sale_prices_item (site_id, sale_id, kind, ref, prices)"
            " SELECT site_id, CAST(? AS INTEGER), kind, ref, prices FROM sale_prices_item"
            " WHERE site_id = ? AND sale_id = ?",
            copy.id, site.id, sale.id,
        )  # fmt: skip
        _record(site, copy, actor, "sale_prices.copied", {}, _told(copy))
    return int(copy.id)


def remove_sale(site: Site, sale_id: int, *, actor: str) -> None:
    """Take a sale away; orders keep the prices they were placed at. Raises NotFound. Commits."""
    with transaction():
        sale = find_sale(site, sale_id)
        follow(site, product_ids_of(site, sale))
        Sale.put_away(site, sale_id)
        _record(site, sale, actor, "sale_prices.removed", _told(sale), {})


def restore_sale(site: Site, sale_id: int, *, actor: str) -> None:
    """Bring a sale back that was taken away, as it was. Raises NotFound. Commits."""
    with transaction():
        sale = Sale.bring_back(site, sale_id)
        if sale is None:
            raise NotFound
        follow(site, product_ids_of(site, sale))
        _record(site, sale, actor, "sale_prices.restored", {}, _told(sale))


def import_list(site: Site, name: str, source: BinaryIO, *, actor: str) -> list[int]:
    """Carry a price list in: a sale of this name per period, answered by id. Rows of a known period update its prices.

    All of the file or nothing. Raises Unreadable, UnreadableFile. Commits.
    """
    with open_rows(source) as found:
        columns = {column.lower() for column in found.columns}
        if missing := [column for column in ("sku", "price") if column not in columns]:
            raise UnreadableFile("The column %(name)s is missing.", name=missing[0])
        groups, errors = read_list(found, site)
    known = known_skus({row.sku for group in groups for row in group.rows})
    errors += [
        RowError(row.line, COLUMNS[0], _("There is no product with the SKU %(sku)s.", sku=row.sku))
        for group in groups
        for row in group.rows
        if row.sku not in known
    ]
    if errors:
        raise Unreadable(sorted(errors, key=lambda error: error.line))
    with transaction():
        return [_take(site, name, group, known, actor) for group in groups]


def _take(site: Site, name: str, group: Group, known: dict[str, tuple[int, int]], actor: str) -> int:
    same = Sale.for_site(site).where(Sale.name == name, Sale.kind == FIXED, Sale.starts == group.starts)
    sale = next((sale for sale in same if sale.ends == group.ends), None)
    if sale is None or (not has_own_prices(site, sale.id) and sale.amounts):
        sale = Sale.create(
            site_id=site.id, created_at=now(), name=name, kind=FIXED, starts=group.starts, ends=group.ends
        )
    items = {
        item.ref: item for item in SaleItem.for_site(site).where(SaleItem.sale == sale.id, SaleItem.kind == VARIANT)
    }
    for row in group.rows:
        variant_id = known[row.sku][0]
        item = items.setdefault(
            variant_id, SaleItem(site_id=site.id, sale_id=sale.id, kind=VARIANT, ref=variant_id, prices={})
        )
        item.prices = {**(item.prices or {}), row.currency: row.amount}
    for item in items.values():
        item.save()
    follow(site, product_ids_of(site, sale))
    _record(site, sale, actor, "sale_prices.imported", {}, {**_told(sale), "rows": len(group.rows)})
    return int(sale.id)


def _told(sale: Sale) -> dict[str, Any]:
    told = {name: getattr(sale, name) for name in _FIELDS}
    return {**told, "starts": str(sale.starts), "ends": "" if sale.ends is None else str(sale.ends)}


def _record(site: Site, sale: Sale, actor: str, verb: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    record_activity(
        actor, verb, f"sale_prices:{sale.id}", before=before, after=after, site_id=site.id, title=str(sale.name)
    )
