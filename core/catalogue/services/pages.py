"""A product's page by two statements: its address; what is said of it and what is sold of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from core.catalogue.services.card_data import rating_in, said_of
from core.catalogue.services.prices import Answers, instant_or_none, promoted_prices, sooner, state_for
from core.catalogue.services.reading import picture_of
from core.catalogue.services.returns import returns_of
from core.catalogue.services.sale_parts import SALE, Sale, read_sale, sale_params
from core.catalogue.services.shapes import Crumb, Fact, Moved, Picture, ProductPage, ShownVariant
from core.catalogue.services.words import TextFact, best_text, spoken
from core.catalogue.services.writing import decoded
from core.hookspecs.promote import PriceQuery
from core.hookspecs.site import Data, Site
from core.kernel import cache, db
from core.kernel.fragments import kept_facts
from core.lib import clock
from core.lib.money import Money

_ADDRESS = """
SELECT mine.ref, o.language, o.path, p.version, p.vendor, p.tax_class, p.created_at, p.updated_at, l.publish_at,
  l.withdraw_at, p.returns
FROM slug mine JOIN product p ON p.id = mine.ref AND p.deleted_at IS NULL
JOIN listing l ON l.product_id = p.id AND l.site_id = mine.site_id AND l.visible
JOIN slug o ON o.kind = mine.kind AND o.ref = mine.ref AND o.site_id = mine.site_id AND o.current = ?
WHERE mine.site_id = ? AND mine.language IN (?, ?) AND mine.kind = 'product' AND mine.path = ?
ORDER BY CASE WHEN mine.language = ? THEN 0 ELSE 1 END, mine.ref
"""

# Rows of several kinds in one answer: a tag, five numbers, six texts. Casts say the types, which PostgreSQL cannot
# guess.
_SAID = """
WITH RECURSIVE up(start, id, parent_id, depth) AS (
  SELECT c.id, c.id, c.parent_id, 0 FROM product_category pc JOIN category c ON c.id = pc.category_id
    WHERE pc.product_id = ?
  UNION ALL SELECT up.start, c.id, c.parent_id, up.depth + 1 FROM up JOIN category c ON c.id = up.parent_id)
SELECT 't' AS kind, CAST(t.site_id AS BIGINT) AS n1, CAST(NULL AS BIGINT) AS n2, CAST(NULL AS BIGINT) AS n3,
  CAST(NULL AS BIGINT) AS n4,
  CAST(NULL AS BIGINT) AS n5, t.language AS t1, t.name AS t2, t.summary AS t3, t.body_html AS t4, t.seo_title AS t5,
    t.seo_description AS t6
FROM product_text t WHERE t.product_id = ? AND (t.site_id IS NULL OR t.site_id = ?)
UNION ALL
SELECT 'm', m.id, m.width, m.height, m.focal_x, m.focal_y, m.name, m.mime, m.alt, NULL, NULL, NULL
FROM (SELECT media_id, position FROM product_media WHERE product_id = ?
  UNION ALL SELECT v.media_id, 10000 + v.position FROM variant v
    WHERE v.product_id = ? AND v.media_id IS NOT NULL AND v.deleted_at IS NULL) pm
JOIN media m ON m.id = pm.media_id
UNION ALL
SELECT 'p', pm.media_id, pm.position, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM product_media pm
  WHERE pm.product_id = ?
UNION ALL
SELECT 'a', a.position, pa.position, NULL, NULL, NULL, a.code, a.names, pa.names, pa.value, a.kind, NULL
FROM product_attribute pa JOIN attribute a ON a.id = pa.attribute_id WHERE pa.product_id = ?
UNION ALL
SELECT 'c', up.start, up.id, up.depth, CASE WHEN c.deleted_at IS NULL
  AND (z.visible IS NULL OR z.visible = ?) THEN 1 ELSE 0 END,
  x.site_id, x.name, x.language, COALESCE(s.path, o.path, c.code),
  CASE WHEN c.deleted_at IS NULL THEN c.returns ELSE '' END, NULL, NULL
FROM up JOIN category c ON c.id = up.id
LEFT JOIN category_site z ON z.category_id = c.id AND z.site_id = ?
LEFT JOIN category_text x ON x.category_id = c.id AND (x.site_id IS NULL OR x.site_id = ?)
LEFT JOIN slug s ON s.kind = 'category' AND s.ref = c.id AND s.site_id = ? AND s.language = ? AND s.current = ?
LEFT JOIN slug o ON o.kind = 'category' AND o.ref = c.id AND o.site_id = ? AND o.language = ? AND o.current = ?
"""

# Both in one answer: twelve numbers and six texts. What is sold is told by a mark before its kind.
_SOLD = "sold "
_NUMBERS = 12
_ALL = f"""
SELECT kind, n1, n2, n3, n4, n5, {", ".join(["CAST(NULL AS BIGINT)"] * (_NUMBERS - 5))}, t1, t2, t3, t4, t5, t6
FROM ({_SAID}) said
UNION ALL
SELECT '{_SOLD}' || kind, {", ".join(f"n{at}" for at in range(1, _NUMBERS + 1))}, t1, t2, t3, t4, t5, NULL
FROM ({SALE}) sold
"""


def product_page(site: Site, language: str, currency: str, path: str) -> ProductPage | Moved | None:
    """The page at /p/<path> with promoted prices, where it moved to, or None if the site does not show it.

    Two statements. Words fall back to the site's language. Asks `promote_prices` and `site_data`.
    """
    page = read_page(site, language, currency, path)
    if not isinstance(page, ProductPage):
        return page
    state = state_for(site)
    page = apply_promoted(page, promoted_prices(state, price_queries(page)))
    page = _with_data(page, said_of(state, [page.id]).get(page.id, {}))
    cache.depends(*page_tags(page.id), until=page.until)
    return page


def read_page(
    site: Site, language: str, currency: str, path: str, at: datetime | None = None
) -> ProductPage | Moved | None:
    """The same with public prices, as it is `at` an instant (default: now). Asks nobody."""
    rows = db.rows(_ADDRESS, True, site.id, language, site.language, path.replace("\0", ""), language)
    now = clock.micros(at or clock.now())
    if not rows or not _is_open(rows[0], now):
        return None
    address = rows[0]
    alternates = {row[1]: row[2] for row in rows if row[0] == address[0] and row[1] in site.languages}
    present = alternates.get(language) or alternates.get(site.language)
    if present is not None and present != path:
        return Moved(path=present)

    def read() -> ProductPage | None:
        return _read(site, language, currency, path, address, alternates, now)

    if at is not None:
        return read()
    key = ("product_page", site.id, language, site.languages, currency, address[0], path)
    return kept_facts(key, page_tags(address[0]), read, _room)


def page_tags(product_id: int) -> frozenset[str]:
    """What ends everything that is kept of a product's page."""
    return frozenset({f"product:{product_id}", "categories"})


def _room(page: ProductPage) -> int:
    return 2 * len(page.body_html) + 1000 * (len(page.variants) + len(page.pictures)) + 4000


def _read(
    site: Site,
    language: str,
    currency: str,
    path: str,
    address: tuple[Any, ...],
    alternates: Mapping[str, str],
    now: int,
) -> ProductPage | None:
    product_id = address[0]
    found = db.rows(_ALL, *_said_params(product_id, site, language), *sale_params(product_id, site.id, currency, now))
    said = _group(row for row in found if not row[0].startswith(_SOLD))
    sold = ((row[0].removeprefix(_SOLD), *row[1:-1]) for row in found if row[0].startswith(_SOLD))
    sale = read_sale(sold, language, site.language, currency, now, site.id)
    return _page(site, language, path, address, alternates, said, sale)


def _said_params(product_id: int, site: Site, language: str) -> tuple[object, ...]:
    slugs = (site.id, language, True, site.id, site.language, True)
    return (
        product_id,
        product_id,
        site.id,
        product_id,
        product_id,
        product_id,
        product_id,
        True,
        site.id,
        site.id,
        *slugs,
    )


def _is_open(row: tuple[Any, ...], now: int) -> bool:
    return (row[8] is None or row[8] <= now) and (row[9] is None or now < row[9])


_Rows = Mapping[str, list[tuple[Any, ...]]]


def _group(rows: Iterable[tuple[Any, ...]]) -> _Rows:
    grouped: dict[str, list[tuple[Any, ...]]] = {"t": [], "m": [], "p": [], "a": [], "c": []}
    for row in rows:
        grouped[row[0]].append((*row[1:6], *row[1 + _NUMBERS :]))
    return grouped


def _page(
    site: Site,
    language: str,
    path: str,
    address: tuple[Any, ...],
    alternates: Mapping[str, str],
    said: _Rows,
    sale: Sale,
) -> ProductPage | None:
    text = _text(said["t"], site, language)
    if text is None:
        return None
    trails = _trails(said["c"], site, language)
    until = sooner(sale.until, address[9])
    return ProductPage(
        id=address[0],
        version=address[3],
        path=path,
        name=text[6],
        summary=text[7],
        body_html=text[8],
        seo_title=text[9],
        seo_description=text[10],
        text_language=text[5],
        vendor=address[4],
        tax_class=address[5],
        options=sale.options,
        variants=sale.variants,
        pictures=_pictures(said, language, site.language, text[6]),
        facts=_facts(said["a"], language, site.language),
        crumbs=max(trails, key=len, default=()),
        category_ids=frozenset(crumb.category_id for trail in trails for crumb in trail),
        alternates=alternates,
        created_at=clock.instant(address[6]),
        updated_at=clock.instant(address[7]),
        until=instant_or_none(until),
        returns=returns_of(address[10], _nearest_words(said["c"])),
    )


def _nearest_words(rows: Sequence[tuple[Any, ...]]) -> list[str]:
    """What each category of the product says of sending back, else the nearest above it."""
    found: dict[int, str] = {}
    for row in sorted(rows, key=lambda row: -row[2]):
        found[row[0]] = row[8] or found.get(row[0], "")
    return list(found.values())


def _text(rows: Sequence[tuple[Any, ...]], site: Site, language: str) -> tuple[Any, ...] | None:
    """The row of words to show."""
    by_text = {TextFact(row[5], row[0], row[6], ""): row for row in rows}
    best = best_text(by_text, site.id, language, site.language)
    return by_text[best] if best else None


def _pictures(said: _Rows, language: str, fallback: str, name: str) -> tuple[Picture, ...]:
    """The product's pictures in order, then those that only a variant has."""
    order = {media_id: position for media_id, position, *_ in said["p"]}
    found = {
        row[0]: picture_of((row[0], row[5], row[6], row[1], row[2], row[3], row[4], row[7]), language, fallback, name)
        for row in said["m"]
    }
    ids = sorted(found, key=lambda media_id: (media_id not in order, order.get(media_id, 0), media_id))
    return tuple(picture for media_id in ids if (picture := found[media_id]) is not None)


def _facts(rows: Sequence[tuple[Any, ...]], language: str, fallback: str) -> tuple[Fact, ...]:
    values: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: (row[0], row[5], row[1])):
        code = row[5]
        names[code] = spoken(decoded(row[6]), language, fallback) or code
        values.setdefault(code, []).append(spoken(decoded(row[7]), language, fallback) or row[8])
    return tuple(Fact(code=code, name=names[code], values=tuple(shown)) for code, shown in values.items())


def _trails(rows: Sequence[tuple[Any, ...]], site: Site, language: str) -> list[tuple[Crumb, ...]]:
    """The visible ways from the top down to each category of the product."""
    steps: dict[int, dict[int, list[tuple[Any, ...]]]] = {}
    for row in rows:
        steps.setdefault(row[0], {}).setdefault(row[2], []).append(row)
    return [
        tuple(_crumb(by_depth[depth], site, language) for depth in sorted(by_depth, reverse=True))
        for _, by_depth in sorted(steps.items())
        if all(row[3] for found in by_depth.values() for row in found)
    ]


def _crumb(rows: Sequence[tuple[Any, ...]], site: Site, language: str) -> Crumb:
    texts = [TextFact(row[6], row[4], row[5], "") for row in rows if row[5] is not None]
    text = best_text(texts, site.id, language, site.language)
    return Crumb(category_id=rows[0][1], name=text.name if text else rows[0][7], path=rows[0][7])


def _with_data(page: ProductPage, answers: Mapping[str, Data]) -> ProductPage:
    """The page with what plugins say of the product; it ends with the first of their tags, or when one says so."""
    if not answers:
        return page
    cache.depends(*(tag for answer in answers.values() for tag in answer.tags))
    ends = [end for end in (page.until, *(answer.until for answer in answers.values())) if end is not None]
    values = {plugin: dict(answer.values) for plugin, answer in answers.items()}
    return replace(page, data=values, rating=rating_in(values), until=min(ends, default=None))


# -- promotions --------------------------------------------------------------------------------------------------------


def price_queries(page: ProductPage) -> list[PriceQuery]:
    """What to ask `promote_prices` about a page: each variant's price for everyone."""
    return [_query(page, variant, variant.list_price) for variant in page.variants if variant.list_price is not None]


def _query(page: ProductPage, variant: ShownVariant, list_price: Money) -> PriceQuery:
    return PriceQuery(variant_id=variant.id, product_id=page.id, quantity=1, list_price=list_price)


def apply_promoted(page: ProductPage, answers: Answers) -> ProductPage:
    """The page with promoted prices where plugins answered lower ones; it ends when the first of them does."""
    if not answers:
        return page
    until, variants = page.until, []
    for variant in page.variants:
        answer = answers.get(_query(page, variant, variant.list_price)) if variant.list_price is not None else None
        if answer is None:
            variants.append(variant)
            continue
        is_lower = variant.list_price is not None and answer.amount < variant.list_price
        variants.append(replace(variant, price=answer.amount, was=variant.list_price) if is_lower else variant)
        until = min((end for end in (until, answer.until) if end is not None), default=None)
    return replace(page, variants=tuple(variants), until=until)
