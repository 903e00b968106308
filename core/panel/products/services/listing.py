"""The list of products: filtered in SQL, walked by keyset, seven statements a page whatever the catalogue's size."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from msgspec import Struct

from core.catalogue.services.product_words import holding
from core.catalogue.services.stock_low import RUNNING_LOW
from core.hookspecs.site import Site
from core.kernel import db, files, i18n
from core.kernel.i18n import gettext as _
from core.kernel.kept import kept_still
from core.lib import clock
from core.lib.languages import named
from core.lib.money import Money
from core.panel.shell.status import Status

PAGE = 40
_LAST = 2**31
SHOWS = ("", "on_sale", "hidden", "scheduled", "low", "archived")


class Query(Struct, frozen=True, kw_only=True):
    """What the list is narrowed by, as its address says it."""

    text: str = ""
    show: str = ""
    category_id: int | None = None
    before: int | None = None


class ProductRow(Struct, frozen=True, kw_only=True):
    """A product in the list. `stock` None: not counted; `price` None: not sold here; `facts` of the further columns."""

    id: int
    name: str
    skus: str
    variants: int
    stock: int | None
    price: Money | None
    picture: str
    status: Status
    sites: list[str]
    languages: list[str]
    facts: Mapping[str, str]


class ListingFact(Struct, frozen=True):
    """Where a product stands on one site; instants in microseconds."""

    visible: bool
    publish_at: int | None
    withdraw_at: int | None


def listed(
    site: Site, language: str, query: Query, site_names: Mapping[int, str], columns: Collection[str] = ()
) -> tuple[list[ProductRow], int | None]:
    """The products that fit, newest first, and the id to go on from. `columns` beyond the usual cost two statements."""
    found = ids_of(site, query, PAGE + 1)
    ids = found[:PAGE]
    facts = _facts(ids, language, columns)
    rows = _rows(site, language, ids, site_names, facts, archived=query.show == "archived")
    return rows, ids[-1] if len(found) > PAGE else None


def ids_of(site: Site, query: Query, most: int) -> list[int]:
    """The ids of the products that fit, newest first; one statement."""
    where, params = _where(site, query)
    return [
        row[0] for row in db.rows(f"SELECT p.id FROM product p WHERE {where} ORDER BY p.id DESC LIMIT ?", *params, most)
    ]


def _where(site: Site, query: Query) -> tuple[str, list[object]]:
    parts = ["p.deleted_at IS NOT NULL" if query.show == "archived" else "p.deleted_at IS NULL", "p.id < ?"]
    params: list[object] = [query.before or _LAST]
    if query.text:
        held, words = holding(query.text)
        parts.append(held)
        params += words
    if query.category_id is not None:
        parts.append("p.id IN (SELECT product_id FROM product_category WHERE category_id = ?)")
        params.append(query.category_id)
    on_sale = "EXISTS (SELECT 1 FROM listing l WHERE l.product_id = p.id AND l.site_id = ? AND l.visible = ?)"
    if query.show in {"on_sale", "hidden"}:
        parts.append(on_sale if query.show == "on_sale" else f"NOT {on_sale}")
        params += [site.id, True]
    if query.show == "scheduled":
        parts.append(
            "p.id IN (SELECT l.product_id FROM listing l WHERE l.site_id = ? AND l.visible = ?"
            " AND (l.publish_at IS NOT NULL OR l.withdraw_at IS NOT NULL) AND (l.publish_at > ? OR l.withdraw_at > ?))"
        )
        params += [site.id, True, clock.now_us(), clock.now_us()]
    if query.show == "low":
        parts.append(f"p.id IN (SELECT few.product_id FROM ({RUNNING_LOW}) few WHERE few.active)")
    return " AND ".join(parts), params


def _rows(
    site: Site,
    language: str,
    ids: list[int],
    site_names: Mapping[int, str],
    facts: Mapping[int, Mapping[str, str]],
    *,
    archived: bool,
) -> list[ProductRow]:
    if not ids:
        return []
    texts, variants, stock = _texts(ids), _variants(ids), _stock(ids)
    prices, places, pictures = _prices(site, ids), listings_of(ids), _pictures(ids)
    rows = []
    for product_id in ids:
        count, sku, counted = variants.get(product_id, (0, "", False))
        place, sold = places[product_id].get(site.id), product_id in prices
        rows.append(
            ProductRow(
                id=product_id,
                name=named(texts[product_id], language),
                skus=sku,
                variants=count,
                stock=stock.get(product_id, 0) if counted else None,
                price=Money(prices[product_id], site.currency) if sold else None,
                picture=files.url(pictures[product_id], 96) if product_id in pictures else "",
                status=status(place, sold=sold, archived=archived),
                sites=[site_names[key] for key, at in places[product_id].items() if at.visible and key in site_names],
                languages=list(texts[product_id]),
                facts=facts.get(product_id, {}),
            )
        )
    return rows


def _facts(ids: list[int], language: str, columns: Collection[str]) -> dict[int, dict[str, str]]:
    """What the columns beyond the usual say."""
    facts: dict[int, dict[str, str]] = {product_id: {} for product_id in ids}
    if ids and {"vendor", "tax", "changed"} & set(columns):
        for product_id, vendor, tax, changed in db.rows(
            f"SELECT id, vendor, tax_class, updated_at FROM product WHERE id IN ({db.marks(ids)})", *ids
        ):
            facts[product_id] |= {"vendor": vendor, "tax": tax, "changed": i18n.day(clock.instant(changed))}
    if ids and "categories" in columns:
        names: dict[int, dict[int, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
        for product_id, category_id, tag, name in db.rows(
            "SELECT p.product_id, p.category_id, t.language, t.name FROM product_category p JOIN category_text t ON"
            " t.category_id = p.category_id AND t.site_id IS NULL"
            f" WHERE p.product_id IN ({db.marks(ids)}) ORDER BY t.id",
            *ids,
        ):
            names[product_id][category_id][tag] = name
        for product_id, known in names.items():
            facts[product_id]["categories"] = i18n.enumerated(named(texts, language) for texts in known.values())
    return facts


def _texts(ids: list[int]) -> dict[int, dict[str, str]]:
    """Names by language."""
    texts: dict[int, dict[str, str]] = defaultdict(dict)
    for product_id, tag, name in db.rows(
        "SELECT product_id, language, name FROM product_text WHERE site_id IS NULL"
        f" AND product_id IN ({db.marks(ids)}) ORDER BY id",
        *ids,
    ):
        texts[product_id][tag] = name
    return texts


def _variants(ids: list[int]) -> dict[int, tuple[int, str, bool]]:
    """How many variants, the first SKU, and whether any is counted."""
    found = db.rows(
        "SELECT product_id, COUNT(*), MIN(sku), MAX(CASE WHEN tracked = ? THEN 1 ELSE 0 END) FROM variant"
        f" WHERE deleted_at IS NULL AND product_id IN ({db.marks(ids)}) GROUP BY product_id",
        True,
        *ids,
    )
    return {row[0]: (row[1], row[2], bool(row[3])) for row in found}


def _stock(ids: list[int]) -> dict[int, int]:
    """Pieces that are there and not promised, of counted variants."""
    found = db.rows(
        "SELECT v.product_id, SUM(s.on_hand - s.allocated) FROM variant v JOIN stock_level s ON s.variant_id = v.id"
        f" WHERE v.deleted_at IS NULL AND v.tracked = ? AND v.product_id IN ({db.marks(ids)}) GROUP BY v.product_id",
        True,
        *ids,
    )
    return {row[0]: int(row[1]) for row in found}


def _prices(site: Site, ids: list[int]) -> dict[int, int]:
    """The lowest public price in the site's own currency, in minor units."""
    found = db.rows(
        "SELECT v.product_id, MIN(p.amount) FROM price p JOIN variant v ON v.id = p.variant_id WHERE p.site_id = ?"
        f" AND p.currency = ? AND p.list IS NULL AND v.product_id IN ({db.marks(ids)}) GROUP BY v.product_id",
        site.id,
        site.currency,
        *ids,
    )
    return {row[0]: row[1] for row in found}


def _pictures(ids: list[int]) -> dict[int, str]:
    """The stored name of the leading picture."""
    found = db.rows(
        "SELECT p.product_id, MIN(m.name) FROM product_media p JOIN media m ON m.id = p.media_id"
        f" WHERE p.position = 0 AND p.product_id IN ({db.marks(ids)}) GROUP BY p.product_id",
        *ids,
    )
    return {row[0]: row[1] for row in found}


def listings_of(ids: list[int]) -> dict[int, dict[int, ListingFact]]:
    """Where products stand: by product, then by site."""
    places: dict[int, dict[int, ListingFact]] = {product_id: {} for product_id in ids}
    found = db.rows(
        "SELECT product_id, site_id, visible, publish_at, withdraw_at FROM listing WHERE product_id IN"
        f" ({db.marks(ids)}) ORDER BY site_id",
        *ids,
    )
    for product_id, site_id, visible, publish_at, withdraw_at in found:
        places[product_id][site_id] = ListingFact(bool(visible), publish_at, withdraw_at)
    return places


def status(place: ListingFact | None, *, sold: bool, archived: bool) -> Status:
    """Whether shoppers of this site can see a product, and if not, why."""
    now = clock.now_us()
    if archived:
        return Status(_("Archived"), "stop")
    if place is None or not place.visible:
        return Status(_("Hidden"), "none")
    if place.publish_at is not None and place.publish_at > now:
        return Status(_("From %(day)s", day=i18n.day(clock.instant(place.publish_at))), "wait")
    if place.withdraw_at is not None and place.withdraw_at <= now:
        return Status(_("Ended"), "stop")
    return Status(_("On sale"), "done", "good") if sold else Status(_("No price"), "warn", "warn")


def category_choices(language: str) -> list[tuple[int, str]]:
    """Every category with its depth shown, in the order of the tree; one statement after something has changed."""
    return kept_still(f"category_choices:{language}", lambda: _category_choices(language))


def _category_choices(language: str) -> list[tuple[int, str]]:
    found = db.rows(
        "SELECT c.id, c.parent_id, t.language, t.name FROM category c LEFT JOIN category_text t ON t.category_id ="
        " c.id AND t.site_id IS NULL"
        " WHERE c.deleted_at IS NULL ORDER BY c.position, c.id"
    )
    names: dict[int, dict[str, str]] = defaultdict(dict)
    children: dict[int | None, list[int]] = defaultdict(list)
    for category_id, parent_id, tag, name in found:
        if category_id not in names:
            children[parent_id].append(category_id)
        names[category_id][tag or ""] = name or ""

    def below(parent: int | None, depth: int) -> list[tuple[int, str]]:
        return [
            line
            for child in children[parent]
            for line in [(child, "– " * depth + named(names[child], language)), *below(child, depth + 1)]
        ]

    return below(None, 0)
