"""What search plugins index: the words of the products that a site shows now, in one language, many at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from msgspec import Struct

from core.catalogue.services.card_facts import tree
from core.catalogue.services.words import TextFact, best_text, spoken
from core.catalogue.services.writing import decoded
from core.hookspecs.site import Site
from core.kernel import db
from core.lib.pinyin import sounds
from core.lib.text import plain

_Named = dict[int, list[str]]


class SearchText(Struct, frozen=True, kw_only=True):
    """The words of a product as one site says them. `body` is plain text; `attributes` are values, options included.

    `sounds` are the words by which a Chinese name is typed in Latin letters; empty in other languages.
    """

    product_id: int
    name: str
    summary: str
    body: str
    vendor: str
    skus: tuple[str, ...]
    categories: tuple[str, ...]
    attributes: tuple[str, ...]
    sounds: tuple[str, ...] = ()


def search_texts(
    site: Site, language: str, product_ids: Collection[int] | None = None, *, after: int = 0, limit: int = 200
) -> list[SearchText]:
    """The words of these products, or of the next `limit` with an id above `after`; in the order of ids.

    Only of those that the site shows at this moment: one that is missing here belongs in no index. Seven statements.
    """
    if product_ids is None:
        ids = _shown(site, language, after, limit)
    else:
        ids = _shown_of(site, language, sorted(set(product_ids)))
    if not ids:
        return []
    texts, vendors, skus = _texts(site, language, ids), _vendors(ids), _skus(ids)
    categories, attributes = _categories(site, language, ids), _attributes(site, language, ids)
    return [
        SearchText(
            product_id=product_id,
            name=text.name,
            summary=text.summary,
            body=plain(body) if body else "",
            vendor=vendors.get(product_id, ""),
            skus=tuple(skus.get(product_id, ())),
            categories=tuple(categories.get(product_id, ())),
            attributes=tuple(dict.fromkeys(attributes.get(product_id, ()))),
            sounds=sounds(text.name) if language.startswith("zh") else (),
        )
        for product_id, (text, body) in texts.items()
    ]


def _shown(site: Site, language: str, after: int, limit: int) -> list[int]:
    found = db.rows(
        "SELECT product_id FROM card_words WHERE site_id = ? AND language = ? AND product_id > ?"
        " ORDER BY product_id LIMIT ?",
        site.id,
        language,
        after,
        limit,
    )
    return [row[0] for row in found]


def _shown_of(site: Site, language: str, ids: list[int]) -> list[int]:
    found = db.rows(
        f"SELECT product_id FROM card_words WHERE site_id = ? AND language = ? AND product_id IN ({db.marks(ids)})"
        " ORDER BY product_id",
        site.id,
        language,
        *ids,
    )
    return [row[0] for row in found]


def _texts(site: Site, language: str, ids: list[int]) -> dict[int, tuple[TextFact, str]]:
    """The words to show and the body that goes with them, by product."""
    bodies: dict[int, dict[TextFact, str]] = {product_id: {} for product_id in ids}
    for product_id, spoken_in, site_id, name, summary, body in db.rows(
        "SELECT product_id, language, site_id, name, summary, body_html FROM product_text"
        f" WHERE product_id IN ({db.marks(ids)}) AND (site_id IS NULL OR site_id = ?) ORDER BY id",
        *ids,
        site.id,
    ):
        bodies[product_id][TextFact(spoken_in, site_id, name, summary)] = body
    best = {product_id: best_text(texts, site.id, language, site.language) for product_id, texts in bodies.items()}
    return {product_id: (text, bodies[product_id][text]) for product_id, text in best.items() if text is not None}


def _vendors(ids: list[int]) -> dict[int, str]:
    return {row[0]: row[1] for row in db.rows(f"SELECT id, vendor FROM product WHERE id IN ({db.marks(ids)})", *ids)}


def _skus(ids: list[int]) -> _Named:
    return _grouped(
        db.rows(
            f"SELECT product_id, sku FROM variant WHERE product_id IN ({db.marks(ids)}) AND active"
            " AND deleted_at IS NULL ORDER BY position, id",
            *ids,
        )
    )


def _categories(site: Site, language: str, ids: list[int]) -> _Named:
    """The names of a product's categories and of those above them, hidden ones left out."""
    placed = _grouped(
        db.rows(
            f"SELECT product_id, category_id FROM product_category WHERE product_id IN ({db.marks(ids)})"
            " ORDER BY category_id",
            *ids,
        )
    )
    all_categories = tree()
    places = {
        product_id: list(all_categories.places(site.id, [(category_id, 0) for category_id in found]))
        for product_id, found in placed.items()
    }
    names = _category_names(site, language, sorted({place for found in places.values() for place in found}))
    return {product_id: [names[place] for place in found if place in names] for product_id, found in places.items()}


def _category_names(site: Site, language: str, category_ids: list[int]) -> dict[int, str]:
    texts: dict[int, list[TextFact]] = {}
    for category_id, *text in db.rows(
        "SELECT category_id, language, site_id, name, '' FROM category_text"
        f" WHERE category_id IN ({db.marks(category_ids)}) ORDER BY id",
        *category_ids,
    ):
        texts.setdefault(category_id, []).append(TextFact(*text))
    best = {key: best_text(found, site.id, language, site.language) for key, found in texts.items()}
    return {key: text.name for key, text in best.items() if text is not None}


def _attributes(site: Site, language: str, ids: list[int]) -> _Named:
    marks = db.marks(ids)
    found = db.rows(
        f"SELECT product_id, value, names FROM product_attribute WHERE product_id IN ({marks})"
        " UNION ALL SELECT o.product_id, v.code, v.names FROM option_value v"
        f" JOIN product_option o ON o.id = v.option_id WHERE o.product_id IN ({marks})",
        *ids,
        *ids,
    )
    return _grouped((row[0], spoken(decoded(row[2]), language, site.language) or row[1]) for row in found)


def _grouped(pairs: Iterable[tuple[Any, ...]]) -> dict[int, list[Any]]:
    groups: dict[int, list[Any]] = {}
    for key, member in pairs:
        groups.setdefault(key, []).append(member)
    return groups
