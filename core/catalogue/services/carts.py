"""Variants as the lines of a cart need them: one statement, however many lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from core.catalogue.services.prices import PriceFact, current, instant_or_none, sooner
from core.catalogue.services.reading import picture_of
from core.catalogue.services.returns import nearest, returns_of
from core.catalogue.services.sale_parts import kit_parts, part_names
from core.catalogue.services.shapes import CartVariant
from core.catalogue.services.stock_levels import NOBODY, level_of, supplies, supply_params, supply_rows
from core.catalogue.services.words import TextFact, best_text, spoken
from core.catalogue.services.writing import decoded
from core.hookspecs.site import Site
from core.kernel import db
from core.lib import clock
from core.lib.money import Money

_REST = ", ".join(["NULL"] * 4)
# Rows of several kinds in one answer: a tag, the variant, eleven numbers, four texts.
_LINES = f"""
WITH RECURSIVE wanted(id, product_id, media_id, shown) AS (
  SELECT v.id, v.product_id, COALESCE(v.media_id,
      (SELECT pm.media_id FROM product_media pm
        WHERE pm.product_id = v.product_id ORDER BY pm.position, pm.media_id LIMIT 1)),
    CASE WHEN v.active AND v.deleted_at IS NULL AND p.deleted_at IS NULL AND l.visible
      AND (l.publish_at IS NULL OR l.publish_at <= ?) AND (l.withdraw_at IS NULL OR l.withdraw_at > ?) THEN 1 ELSE 0 END
  FROM variant v JOIN product p ON p.id = v.product_id LEFT JOIN listing l ON l.product_id = p.id AND l.site_id = ?
  WHERE v.id IN ({{marks}})),
up(product_id, id, near) AS (
  SELECT DISTINCT pc.product_id, pc.category_id, 1
  FROM product_category pc JOIN wanted w ON w.product_id = pc.product_id
  UNION SELECT up.product_id, c.parent_id, 0 FROM up JOIN category c ON c.id = up.id WHERE c.parent_id IS NOT NULL)
SELECT 'v' AS kind, v.id AS variant_id, CAST(v.product_id AS BIGINT) AS n1,
  CAST(CASE WHEN v.tracked THEN 1 ELSE 0 END AS BIGINT) AS n2,
  CAST(v.weight_g AS BIGINT) AS n3, CAST(CASE WHEN v.needs_delivery THEN 1 ELSE 0 END AS BIGINT) AS n4,
    CAST(w.shown AS BIGINT) AS n5, CAST(NULL AS BIGINT) AS n6, CAST(l.withdraw_at AS BIGINT) AS n7,
  CAST(NULL AS BIGINT) AS n8, CAST(NULL AS BIGINT) AS n9, CAST(NULL AS BIGINT) AS n10, CAST(NULL AS BIGINT) AS n11,
  v.sku AS t1, p.tax_class AS t2, s.path AS t3, o.path AS t4
FROM wanted w JOIN variant v ON v.id = w.id JOIN product p ON p.id = v.product_id
  LEFT JOIN listing l ON l.product_id = p.id AND l.site_id = ?
LEFT JOIN slug s ON s.kind = 'product' AND s.ref = p.id AND s.site_id = ? AND s.language = ? AND s.current = ?
LEFT JOIN slug o ON o.kind = 'product' AND o.ref = p.id AND o.site_id = ? AND o.language = ? AND o.current = ?
UNION ALL
SELECT 't', w.id, t.site_id, NULL, NULL, NULL, NULL, NULL, NULL, {_REST}, t.language, t.name, NULL, NULL
FROM wanted w JOIN product_text t ON t.product_id = w.product_id AND (t.site_id IS NULL OR t.site_id = ?)
UNION ALL
SELECT 'm', w.id, m.id, m.width, m.height, m.focal_x, m.focal_y, NULL, NULL, {_REST}, m.name, m.mime, m.alt, NULL
FROM wanted w JOIN media m ON m.id = w.media_id
UNION ALL
SELECT 'o', w.id, o.position, o.id, NULL, NULL, NULL, NULL, NULL, {_REST}, o.names, o.code, x.names, x.code
FROM wanted w JOIN variant_value y ON y.variant_id = w.id JOIN product_option o ON o.id = y.option_id
  JOIN option_value x ON x.id = y.value_id
UNION ALL
SELECT 'p', w.id, p.from_qty, p.starts, p.ends, p.amount, p.was, NULL, NULL, {_REST}, NULL, NULL, NULL, NULL
FROM wanted w JOIN price p ON p.variant_id = w.id AND p.site_id = ? AND p.currency = ? AND p.list IS NULL
UNION ALL
SELECT 'c', w.id, up.id, up.near, c.parent_id, NULL, NULL, NULL, NULL, {_REST},
  CASE WHEN c.deleted_at IS NULL THEN c.returns ELSE '' END, NULL, NULL, NULL
FROM wanted w JOIN up ON up.product_id = w.product_id JOIN category c ON c.id = up.id
UNION ALL
SELECT 'r', w.id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, {_REST}, p.returns, NULL, NULL, NULL
FROM wanted w JOIN product p ON p.id = w.product_id WHERE p.returns <> ''
UNION ALL
SELECT 's', s.variant_id, s.part, s.quantity, s.tracked, s.there, s.free, s.ahead, s.kept, s.freed, s.turns,
  s.promised_at, s.release_at, s.sku, NULL, NULL, NULL
FROM ({supply_rows("SELECT x.id FROM wanted x")}) s
UNION ALL
SELECT 'k', k.kit_id, k.part_id, t.site_id, NULL, NULL, NULL, NULL, NULL, {_REST}, t.language, t.name, NULL, NULL
FROM wanted w JOIN kit_part k ON k.kit_id = w.id JOIN variant p ON p.id = k.part_id
  JOIN product_text t ON t.product_id = p.product_id AND (t.site_id IS NULL OR t.site_id = ?)
"""


def cart_variants(
    site: Site,
    language: str,
    currency: str,
    variant_ids: Sequence[int],
    *,
    holder: str = NOBODY,
    channel: str = "",
) -> dict[int, CartVariant]:
    """The variants of a cart by id; `price` None for those no longer sold here. Unknown ids are absent. One statement.

    Prices are public ones, for one piece and in tiers; promotions are asked for by the quote. What is held for `holder`
    (such as `cart:12`) is there for them, and what is kept for the site, or for its `channel`.
    """
    ids = tuple(dict.fromkeys(variant_ids))
    if not ids:
        return {}
    now = clock.now_us()
    rows = db.rows(
        _LINES.format(marks=db.marks(ids)),
        now,
        now,
        site.id,
        *ids,
        site.id,
        site.id,
        language,
        True,
        site.id,
        site.language,
        True,
        site.id,
        site.id,
        currency,
        *supply_params(site.id, now, holder, channel=channel),
        site.id,
    )
    lines: dict[int, dict[str, list[tuple[Any, ...]]]] = defaultdict(lambda: defaultdict(list))
    for kind, variant_id, *rest in rows:
        lines[variant_id][kind].append(tuple(rest))
    return {
        variant_id: _line(variant_id, lines[variant_id], site, language, currency, now)
        for variant_id in ids
        if variant_id in lines
    }


def _line(
    variant_id: int, kinds: dict[str, list[tuple[Any, ...]]], site: Site, language: str, currency: str, now: int
) -> CartVariant:
    (
        product_id, _tracked, weight_g, needs_delivery, shown, _free, withdraw_at, *_more, sku, tax_class, path,
        own_path,
    ) = kinds["v"][0]  # fmt: skip
    text = best_text([TextFact(row[11], row[0], row[12], "") for row in kinds["t"]], site.id, language, site.language)
    name = text.name if text else sku
    price = current([PriceFact(*row[:5]) for row in kinds["p"]], now)
    amount = price.amount if shown else None
    supply = supplies((variant_id, *row[:12]) for row in kinds["s"]).get(variant_id, ())
    level = level_of(supply, now)
    names = part_names(
        [(variant_id, row[0], row[1], row[11], row[12]) for row in kinds["k"]], site.id, language, site.language
    )
    picture = next(
        (
            picture_of((row[0], row[11], row[12], *row[1:5], row[13]), language, site.language, name)
            for row in kinds["m"]
        ),
        None,
    )
    return CartVariant(
        id=variant_id,
        product_id=product_id,
        sku=sku,
        name=name,
        path=path or own_path or "",
        choices=_choices(kinds["o"], language, site.language),
        picture=picture,
        price=None if amount is None else Money(amount, currency),
        was=None if amount is None or price.was is None else Money(price.was, currency),
        tiers=() if amount is None else price.prices(currency),
        stock=level.stock,
        left=level.free if level.tracked else None,
        tax_class=tax_class,
        weight_g=weight_g,
        needs_delivery=bool(needs_delivery),
        category_ids=frozenset(row[0] for row in kinds["c"]),
        returns=_returns(kinds),
        until=instant_or_none(sooner(price.until, withdraw_at)),
        supply=supply,
        parts=kit_parts(variant_id, supply, names),
    )


def _returns(kinds: dict[str, list[tuple[Any, ...]]]) -> str:
    own = next((row[11] for row in kinds["r"]), "")
    above = {row[0]: row[2] for row in kinds["c"]}
    said = {row[0]: row[11] for row in kinds["c"]}
    return returns_of(own, [nearest(row[0], above, said) for row in kinds["c"] if row[1]])


def _choices(rows: list[tuple[Any, ...]], language: str, fallback: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        (
            spoken(decoded(row[11]), language, fallback) or row[12],
            spoken(decoded(row[13]), language, fallback) or row[14],
        )
        for row in sorted(rows, key=lambda row: (row[0], row[1]))
    )
