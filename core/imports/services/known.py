"""What the shop already has of the products of a batch, with a fixed number of statements."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from core.catalogue.services.drafts import PriceDraft, ValueDraft
from core.hookspecs.site import Site
from core.imports.services.rows import PriceRow, ProductRow
from core.kernel import db
from core.lib import clock
from core.lib.money import Money
from core.lib.text import fold


class KnownVariant(Struct, frozen=True, kw_only=True):
    """A variant of the shop, perhaps a deleted one; `archived` if its whole product was put away."""

    id: int
    product_id: int
    archived: bool


class KnownOption(Struct, frozen=True, kw_only=True):
    """An option of a product, with its folded words in every language."""

    name: str
    words: frozenset[str]


class Known(Struct, frozen=True, kw_only=True):
    """The shop's side of a batch.

    `options` are per product in order, `prices` per variant: the public ones of the site. `attributes` are codes that
    the file uses as names, `listed` the ids of products that have a place on the site.
    """

    variants: Mapping[str, KnownVariant]
    options: Mapping[int, Sequence[KnownOption]]
    prices: Mapping[int, Sequence[PriceDraft]]
    attributes: frozenset[str]
    listed: frozenset[int]
    values: Mapping[tuple[int, str], Mapping[str, ValueDraft]]
    hidden_categories: Mapping[int, Sequence[int]]

    def products_of(self, row: ProductRow) -> set[int]:
        """Ids of the products to which the SKUs of `row` belong: none if it is new, one if all is well."""
        return {self.variants[variant.sku].product_id for variant in row.variants if variant.sku in self.variants}


def look_up(site: Site, rows: Iterable[ProductRow]) -> Known:
    """Find what the shop has of these products."""
    rows = list(rows)
    skus = [variant.sku for row in rows for variant in row.variants]
    variants = _variants(skus)
    product_ids = sorted({variant.product_id for variant in variants.values()})
    return Known(
        variants=variants,
        options=_options(site, product_ids),
        prices=public_prices(site, sorted(variant.id for variant in variants.values())),
        listed=_listed(site, product_ids),
        values=_values(site, product_ids),
        hidden_categories=_hidden_categories(product_ids),
        attributes=_attributes(sorted({name for row in rows for name in row.attributes})),
    )


def _variants(skus: Sequence[str]) -> dict[str, KnownVariant]:
    found = db.rows(
        "SELECT v.sku, v.id, v.product_id, p.deleted_at FROM variant v JOIN product p ON p.id = v.product_id"
        f" WHERE v.sku IN ({db.marks(skus)})",
        *skus,
    )
    return {
        sku: KnownVariant(id=variant_id, product_id=product_id, archived=deleted is not None)
        for sku, variant_id, product_id, deleted in found
    }


def _options(site: Site, product_ids: Sequence[int]) -> dict[int, list[KnownOption]]:
    options: dict[int, list[KnownOption]] = defaultdict(list)
    for product_id, code, names in db.rows(
        f"SELECT product_id, code, names FROM product_option WHERE product_id IN ({db.marks(product_ids)})"
        " ORDER BY product_id, position, id",
        *product_ids,
    ):
        words = frozenset(map(fold, (code, *json.loads(names).values())))
        options[product_id].append(KnownOption(name=word(names, site, code), words=words))
    return dict(options)


def word(names: str, site: Site, code: str) -> str:
    """The word for a thing in a file: in the site's language, else in any, else its code. `names` is stored JSON."""
    known: dict[str, str] = json.loads(names)
    return known.get(site.language) or next(iter(known.values()), "") or code


def public_prices(site: Site, variant_ids: Sequence[int]) -> dict[int, list[PriceDraft]]:
    """The public prices of variants on the site in its first currency."""
    prices: dict[int, list[PriceDraft]] = defaultdict(list)
    for variant_id, from_qty, starts, ends, amount, was in db.rows(
        "SELECT variant_id, from_qty, starts, ends, amount, was FROM price"
        " WHERE site_id = ? AND currency = ? AND list IS NULL"
        f" AND variant_id IN ({db.marks(variant_ids)}) ORDER BY variant_id, from_qty, starts, ends, amount",
        site.id, site.currency, *variant_ids,
    ):  # fmt: skip
        prices[variant_id].append(
            PriceDraft(
                amount=Money(amount, site.currency),
                was=None if was is None else Money(was, site.currency),
                from_qty=from_qty,
                starts=None if starts is None else clock.instant(starts),
                ends=None if ends is None else clock.instant(ends),
            )
        )
    return dict(prices)


def _attributes(names: Sequence[str]) -> frozenset[str]:
    return frozenset(
        code for (code,) in db.rows(f"SELECT code FROM attribute WHERE code IN ({db.marks(names)})", *names)
    )


def _listed(site: Site, product_ids: Sequence[int]) -> frozenset[int]:
    sql = f"SELECT product_id FROM listing WHERE site_id = ? AND product_id IN ({db.marks(product_ids)})"
    return frozenset(product_id for (product_id,) in db.rows(sql, site.id, *product_ids))


def _values(site: Site, product_ids: Sequence[int]) -> dict[tuple[int, str], dict[str, ValueDraft]]:
    values: dict[tuple[int, str], dict[str, ValueDraft]] = defaultdict(dict)
    for product_id, code, value, names, number in db.rows(
        "SELECT p.product_id, a.code, p.value, p.names, p.number FROM product_attribute p"
        f" JOIN attribute a ON a.id = p.attribute_id WHERE p.product_id IN ({db.marks(product_ids)})",
        *product_ids,
    ):
        found = ValueDraft(names=json.loads(names), code=value, number=number)
        values[product_id, code][word(names, site, value)] = found
    return values


# A category below a deleted one is out of sight too.
_HIDDEN = (
    "WITH RECURSIVE hidden(id) AS (SELECT id FROM category WHERE deleted_at IS NOT NULL"
    " UNION SELECT c.id FROM category c JOIN hidden h ON c.parent_id = h.id)"
)


def _hidden_categories(product_ids: Sequence[int]) -> dict[int, list[int]]:
    hidden: dict[int, list[int]] = defaultdict(list)
    for product_id, category_id in db.rows(
        f"{_HIDDEN} SELECT product_id, category_id FROM product_category"
        f" WHERE category_id IN (SELECT id FROM hidden) AND product_id IN ({db.marks(product_ids)})",
        *product_ids,
    ):
        hidden[product_id].append(category_id)
    return hidden


def visible_category_paths(site: Site, product_ids: Sequence[int]) -> dict[int, list[tuple[str, ...]]]:
    """The categories of products as paths of names in the site's language, without those that are deleted."""
    rows = db.rows(
        f"{_HIDDEN} SELECT c.id, c.parent_id, c.code, t.name FROM category c"
        " LEFT JOIN category_text t ON t.category_id = c.id AND t.site_id IS NULL"
        " WHERE c.id NOT IN (SELECT id FROM hidden) ORDER BY c.id, CASE WHEN t.language = ? THEN 1 ELSE 0 END, t.id",
        site.language,
    )
    # Of several languages the site's own comes last, and stays.
    known = {category_id: (parent_id, name or code) for category_id, parent_id, code, name in rows}
    found: dict[int, list[tuple[str, ...]]] = defaultdict(list)
    for product_id, category_id in db.rows(
        f"SELECT product_id, category_id FROM product_category WHERE product_id IN ({db.marks(product_ids)})"
        " ORDER BY product_id, position, category_id",
        *product_ids,
    ):
        if category_id in known:
            found[product_id].append(_path(category_id, known))
    return found


def _path(category_id: int | None, known: Mapping[int, tuple[int | None, str]]) -> tuple[str, ...]:
    names: list[str] = []
    while category_id is not None:
        category_id, name = known[category_id]
        names.append(name)
    return tuple(reversed(names))


def stated_prices(prices: Sequence[PriceDraft]) -> tuple[PriceRow, ...]:
    """What a file can say of a variant's prices: the one for single pieces without bounds, and the next sale."""
    single = [price for price in prices if price.from_qty == 1]
    plain = [price for price in single if price.starts is None and price.ends is None]
    now = clock.now()
    sales = [price for price in single if price not in plain and (price.ends is None or price.ends > now)]
    first = min(plain, key=lambda price: price.amount.amount, default=None)
    sale = min(sales, key=lambda price: (price.starts or clock.EPOCH, price.amount.amount), default=None)
    if first is None:
        return ()
    shown = [PriceRow(amount=first.amount, was=first.was)]
    if sale is not None and sale.amount < first.amount:
        shown.append(PriceRow(amount=sale.amount, was=first.amount, starts=sale.starts, ends=sale.ends))
    return tuple(shown)
