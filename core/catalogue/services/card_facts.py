"""The facts that cards are made of, for many products with a dozen statements."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from msgspec import Struct, field

from core.catalogue.services.availability import ActiveVariant, active_variants
from core.catalogue.services.prices import PriceFact, price_facts
from core.catalogue.services.words import TextFact
from core.catalogue.services.writing import decoded
from core.kernel import db


class SiteFact(NamedTuple):
    """A site as cards see it; its own language and currency come first."""

    id: int
    languages: tuple[str, ...]
    currencies: tuple[str, ...]


class ListingFact(NamedTuple):
    """A product on a site; instants in microseconds."""

    site_id: int
    visible: bool
    position: int
    publish_at: int | None
    withdraw_at: int | None


class ValueFact(NamedTuple):
    """A value of an option that some active variant has."""

    variant_id: int
    code: str
    value: str
    names: Mapping[str, str]
    swatch: str


class ProductFact(Struct):
    """A product with all that belongs to it. Deleted ones have no listings."""

    id: int
    vendor: str
    created_at: int
    texts: list[TextFact] = field(default_factory=list)
    listings: list[ListingFact] = field(default_factory=list)
    paths: dict[tuple[int, str], str] = field(default_factory=dict)
    variants: list[ActiveVariant] = field(default_factory=list)
    values: list[ValueFact] = field(default_factory=list)
    attributes: list[tuple[str, str]] = field(default_factory=list)
    categories: list[tuple[int, int]] = field(default_factory=list)
    picture: Mapping[str, Any] | None = None
    prices: dict[tuple[int, str], dict[int, list[PriceFact]]] = field(default_factory=dict)


class Tree(Struct):
    """The categories' parents, and those hidden on a site or deleted (site None: everywhere)."""

    parents: dict[int, int | None]
    hidden: set[tuple[int | None, int]]

    def chain(self, category_id: int) -> list[int]:
        """The category and those above it, upwards."""
        chain: list[int] = []
        step: int | None = category_id
        while step is not None:
            chain.append(step)
            step = self.parents[step]
        return chain

    def places(self, site_id: int, categories: Iterable[tuple[int, int]]) -> dict[int, int]:
        """Where a product in `categories` (with positions) shows on a site, ancestors included.

        Category to position.
        """
        found: dict[int, int] = {}
        for category_id, position in categories:
            chain = self.chain(category_id)
            if any((site_id, step) in self.hidden or (None, step) in self.hidden for step in chain):
                continue
            for step in chain:
                found[step] = min(position, found.get(step, position))
        return found


class Facts(Struct):
    """Everything from one moment."""

    sites: dict[int, SiteFact]
    tree: Tree
    products: dict[int, ProductFact]


def load(product_ids: Collection[int]) -> Facts:
    """Read the facts of these products; those that do not exist are absent."""
    ids = tuple(product_ids)
    marks = db.marks(ids)
    products = {
        row[0]: ProductFact(*row)
        for row in db.rows(f"SELECT id, vendor, created_at FROM product WHERE id IN ({marks}) ORDER BY id", *ids)
    }
    for read in (_texts, _listings, _paths, _values, _attributes, _categories, _pictures):
        read(products, marks, ids)
    for variant in active_variants(ids):
        products[variant.product_id].variants.append(variant)
    for (site_id, product_id, variant_id, currency), facts in price_facts(ids).items():
        products[product_id].prices.setdefault((site_id, currency), {})[variant_id] = facts
    return Facts(sites(), tree(), products)


_Products = Mapping[int, ProductFact]


def _texts(products: _Products, marks: str, ids: tuple[int, ...]) -> None:
    for product_id, *text in db.rows(
        f"SELECT product_id, language, site_id, name, summary FROM product_text WHERE product_id IN ({marks}) ORDER"
        " BY id",
        *ids,
    ):
        products[product_id].texts.append(TextFact(*text))


def _listings(products: _Products, marks: str, ids: tuple[int, ...]) -> None:
    for product_id, site_id, visible, *rest in db.rows(
        "SELECT l.product_id, l.site_id, l.visible, l.position, l.publish_at, l.withdraw_at FROM listing l"
        f" JOIN product p ON p.id = l.product_id AND p.deleted_at IS NULL WHERE l.product_id IN ({marks})",
        *ids,
    ):
        products[product_id].listings.append(ListingFact(site_id, bool(visible), *rest))


def _paths(products: _Products, marks: str, ids: tuple[int, ...]) -> None:
    for product_id, site_id, language, path in db.rows(
        f"SELECT ref, site_id, language, path FROM slug WHERE kind = 'product' AND ref IN ({marks}) AND current = ?",
        *ids,
        True,
    ):
        products[product_id].paths[site_id, language] = path


def _values(products: _Products, marks: str, ids: tuple[int, ...]) -> None:
    for product_id, variant_id, code, value, names, swatch in db.rows(
        "SELECT v.product_id, v.id, o.code, x.code, x.names, x.swatch FROM variant v JOIN variant_value w ON"
        " w.variant_id = v.id"
        " JOIN option_value x ON x.id = w.value_id JOIN product_option o ON o.id = w.option_id"
        f" WHERE v.product_id IN ({marks}) AND v.active AND v.deleted_at IS NULL ORDER BY o.position, o.id,"
        " x.position, x.id, v.id",
        *ids,
    ):
        products[product_id].values.append(ValueFact(variant_id, code, value, decoded(names), swatch))


def _attributes(products: _Products, marks: str, ids: tuple[int, ...]) -> None:
    for product_id, code, value in db.rows(
        "SELECT p.product_id, a.code, p.value FROM product_attribute p JOIN attribute a ON a.id = p.attribute_id"
        f" WHERE p.product_id IN ({marks}) AND a.filterable",
        *ids,
    ):
        products[product_id].attributes.append((code, value))


def _categories(products: _Products, marks: str, ids: tuple[int, ...]) -> None:
    for product_id, category_id, position in db.rows(
        f"SELECT product_id, category_id, position FROM product_category WHERE product_id IN ({marks}) ORDER BY"
        " category_id",
        *ids,
    ):
        products[product_id].categories.append((category_id, position))


def _pictures(products: _Products, marks: str, ids: tuple[int, ...]) -> None:
    names = ("media_id", "name", "mime", "width", "height", "focal_x", "focal_y", "alt")
    for product_id, *media in db.rows(
        "SELECT p.product_id, m.id, m.name, m.mime, m.width, m.height, m.focal_x, m.focal_y, m.alt FROM product_media p"
        f" JOIN media m ON m.id = p.media_id WHERE p.product_id IN ({marks}) ORDER BY p.position DESC, m.id DESC",
        *ids,
    ):
        picture = dict(zip(names, media, strict=True))
        products[product_id].picture = {**picture, "alt": decoded(picture["alt"])}


def sites() -> dict[int, SiteFact]:
    """All sites, as the transaction sees them."""
    return {
        row[0]: SiteFact(
            row[0], tuple(dict.fromkeys([row[1], *decoded(row[2])])), tuple(dict.fromkeys([row[3], *decoded(row[4])]))
        )
        for row in db.rows("SELECT id, language, languages, currency, currencies FROM site ORDER BY id")
    }


def tree() -> Tree:
    """All categories, deleted ones marked."""
    found = Tree({}, set())
    for category_id, parent_id, deleted_at in db.rows("SELECT id, parent_id, deleted_at FROM category"):
        found.parents[category_id] = parent_id
        if deleted_at is not None:
            found.hidden.add((None, category_id))
    found.hidden.update(
        (row[0], row[1]) for row in db.rows("SELECT site_id, category_id FROM category_site WHERE visible = ?", False)
    )
    return found
