"""What is sold of a product.

Options, variants, prices and stock from one statement, and the same for the lines of a cart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from core.catalogue.services.availability import Level
from core.catalogue.services.prices import PriceFact, current, sooner
from core.catalogue.services.shapes import Option, OptionChoice, ShownVariant
from core.catalogue.services.words import spoken
from core.catalogue.services.writing import decoded
from core.lib.money import Money

# Rows of several kinds in one answer: a tag, seven numbers, four texts.
SALE = """
SELECT 'o' AS kind, CAST(o.id AS BIGINT) AS n1, CAST(o.position AS BIGINT) AS n2, CAST(v.id AS BIGINT) AS n3,
  CAST(v.position AS BIGINT) AS n4,
  CAST(NULL AS BIGINT) AS n5, CAST(NULL AS BIGINT) AS n6, CAST(NULL AS BIGINT) AS n7, o.code AS t1, o.names AS t2,
    v.code AS t3, v.names AS t4,
  v.swatch AS t5
FROM product_option o JOIN option_value v ON v.option_id = o.id WHERE o.product_id = ?
UNION ALL
SELECT 'v', v.id, v.position, CASE WHEN v.tracked THEN 1 ELSE 0 END, v.weight_g,
  CASE WHEN v.needs_delivery THEN 1 ELSE 0 END, v.media_id,
  (SELECT SUM(l.on_hand + l.backorder_limit - l.allocated - l.held) FROM stock_level l
    WHERE l.variant_id = v.id), v.sku, v.barcode, NULL, NULL, NULL
FROM variant v WHERE v.product_id = ? AND v.active AND v.deleted_at IS NULL
UNION ALL
SELECT 'w', w.variant_id, w.option_id, w.value_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM variant_value w JOIN variant v ON v.id = w.variant_id WHERE v.product_id = ? AND v.active AND v.deleted_at IS NULL
UNION ALL
SELECT 'p', p.variant_id, p.from_qty, p.starts, p.ends, p.amount, p.was, NULL, NULL, NULL, NULL, NULL, NULL
FROM price p JOIN variant v ON v.id = p.variant_id
  WHERE v.product_id = ? AND p.site_id = ? AND p.currency = ? AND p.list IS NULL
"""


class Sale(NamedTuple):
    """Options in order, variants in order, and until when their prices hold."""

    options: tuple[Option, ...]
    variants: tuple[ShownVariant, ...]
    until: int | None


def read_sale(rows: Iterable[tuple[Any, ...]], language: str, fallback: str, currency: str, now: int) -> Sale:
    """The rows of SALE, in words and money."""
    kinds: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        kinds[row[0]].append(row[1:])
    used = {row[2] for row in kinds["w"]}
    options = _options([row for row in kinds["o"] if row[2] in used], language, fallback)
    values: dict[int, dict[int, int]] = defaultdict(dict)
    for variant_id, option_id, value_id, *_ in kinds["w"]:
        values[variant_id][option_id] = value_id
    prices: dict[int, list[PriceFact]] = defaultdict(list)
    for variant_id, *fact in kinds["p"]:
        prices[variant_id].append(PriceFact(*fact[:5]))
    variants = []
    until: int | None = None
    for row in sorted(kinds["v"], key=lambda row: (row[1], row[0])):
        price = current(prices[row[0]], now)
        until = sooner(until, price.until)
        chosen = values[row[0]]
        level = Level(bool(row[2]), int(row[6] or 0))
        amount = None if price.amount is None else Money(price.amount, currency)
        variants.append(
            ShownVariant(
                id=row[0],
                sku=row[7],
                barcode=row[8],
                price=amount,
                list_price=amount,
                was=None if price.was is None else Money(price.was, currency),
                tiers=price.prices(currency) if len(price.tiers) > 1 else (),
                stock=level.stock,
                left=level.free if level.tracked else None,
                value_ids=tuple(chosen[option.id] for option in options if option.id in chosen),
                media_id=row[5],
                weight_g=row[3],
                needs_delivery=bool(row[4]),
            )
        )
    return Sale(options, tuple(variants), until)


def _options(rows: Iterable[tuple[Any, ...]], language: str, fallback: str) -> tuple[Option, ...]:
    """Options with those of their values that some variant has."""
    found: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row[1], row[0], row[3], row[2])):
        found[row[0]].append(row)
    return tuple(
        Option(
            id=option_id,
            code=choices[0][7],
            name=spoken(decoded(choices[0][8]), language, fallback) or choices[0][7],
            values=tuple(
                OptionChoice(
                    id=row[2],
                    code=row[9],
                    name=spoken(decoded(row[10]), language, fallback) or row[9],
                    colour=row[11] or "",
                )
                for row in choices
            ),
        )
        for option_id, choices in found.items()
    )
