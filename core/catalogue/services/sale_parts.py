"""What is sold of a product.

Options, variants, prices and stock from one statement, and the same for the lines of a cart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from core.catalogue.services.prices import PriceFact, current, instant_or_none, sooner
from core.catalogue.services.shapes import Option, OptionChoice, PartOfKit, ShownVariant
from core.catalogue.services.stock_levels import NOBODY, Supply, level_of, supplies, supply_params, supply_rows
from core.catalogue.services.words import TextFact, best_text, spoken
from core.catalogue.services.writing import decoded
from core.lib.money import Money

_ACTIVE = "SELECT v.id FROM variant v WHERE v.product_id = ? AND v.active AND v.deleted_at IS NULL"
_REST = ", ".join(["NULL"] * 5)
# Rows of several kinds in one answer: a tag, twelve numbers, five texts.
SALE = f"""
SELECT 'o' AS kind, CAST(o.id AS BIGINT) AS n1, CAST(o.position AS BIGINT) AS n2, CAST(v.id AS BIGINT) AS n3,
  CAST(v.position AS BIGINT) AS n4, CAST(NULL AS BIGINT) AS n5, CAST(NULL AS BIGINT) AS n6, CAST(NULL AS BIGINT) AS n7,
  CAST(NULL AS BIGINT) AS n8, CAST(NULL AS BIGINT) AS n9, CAST(NULL AS BIGINT) AS n10, CAST(NULL AS BIGINT) AS n11,
  CAST(NULL AS BIGINT) AS n12, o.code AS t1, o.names AS t2, v.code AS t3, v.names AS t4, v.swatch AS t5
FROM product_option o JOIN option_value v ON v.option_id = o.id WHERE o.product_id = ?
UNION ALL
SELECT 'v', v.id, v.position, v.weight_g, CASE WHEN v.needs_delivery THEN 1 ELSE 0 END, v.media_id, NULL, NULL, {_REST},
  v.sku, v.barcode, NULL, NULL, NULL
FROM variant v WHERE v.product_id = ? AND v.active AND v.deleted_at IS NULL
UNION ALL
SELECT 'w', w.variant_id, w.option_id, w.value_id, NULL, NULL, NULL, NULL, {_REST}, NULL, NULL, NULL, NULL, NULL
FROM variant_value w JOIN variant v ON v.id = w.variant_id WHERE v.product_id = ? AND v.active AND v.deleted_at IS NULL
UNION ALL
SELECT 'p', p.variant_id, p.from_qty, p.starts, p.ends, p.amount, p.was, NULL, {_REST}, NULL, NULL, NULL, NULL, NULL
FROM price p JOIN variant v ON v.id = p.variant_id
  WHERE v.product_id = ? AND p.site_id = ? AND p.currency = ? AND p.list IS NULL
UNION ALL
SELECT 's', s.variant_id, s.part, s.quantity, s.tracked, s.there, s.free, s.ahead, s.kept, s.freed, s.turns,
  s.promised_at, s.release_at, s.sku, NULL, NULL, NULL, NULL FROM ({supply_rows(_ACTIVE)}) s
UNION ALL
SELECT 'k', k.kit_id, k.part_id, t.site_id, NULL, NULL, NULL, NULL, {_REST}, t.language, t.name, NULL, NULL, NULL
FROM variant v JOIN kit_part k ON k.kit_id = v.id JOIN variant p ON p.id = k.part_id
  JOIN product_text t ON t.product_id = p.product_id WHERE v.product_id = ? AND v.active AND v.deleted_at IS NULL
"""


def sale_params(product_id: int, site_id: int, currency: str, now: int) -> tuple[object, ...]:
    """The parameters of SALE."""
    supply = supply_params(site_id, now, NOBODY, product_id)
    return product_id, product_id, product_id, product_id, site_id, currency, *supply, product_id


class Sale(NamedTuple):
    """Options in order, variants in order, and until when their prices hold."""

    options: tuple[Option, ...]
    variants: tuple[ShownVariant, ...]
    until: int | None


def read_sale(
    rows: Iterable[tuple[Any, ...]], language: str, fallback: str, currency: str, now: int, site_id: int = 0
) -> Sale:
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
    supply = supplies((*row[:12], row[12]) for row in kinds["s"])
    names = part_names([(row[0], row[1], row[2], row[12], row[13]) for row in kinds["k"]], site_id, language, fallback)
    variants = []
    until: int | None = None
    for row in sorted(kinds["v"], key=lambda row: (row[1], row[0])):
        price = current(prices[row[0]], now)
        level = level_of(supply.get(row[0], ()), now)
        until = sooner(until, price.until, level.until, level.promised_at)
        chosen = values[row[0]]
        amount = None if price.amount is None else Money(price.amount, currency)
        variants.append(
            ShownVariant(
                id=row[0],
                sku=row[12],
                barcode=row[13],
                price=amount,
                list_price=amount,
                was=None if price.was is None else Money(price.was, currency),
                tiers=price.prices(currency) if len(price.tiers) > 1 else (),
                stock=level.stock,
                left=level.free if level.tracked else None,
                value_ids=tuple(chosen[option.id] for option in options if option.id in chosen),
                media_id=row[4],
                weight_g=row[2],
                needs_delivery=bool(row[3]),
                there=level.there if level.tracked else None,
                promised_at=instant_or_none(level.promised_at),
                release_at=instant_or_none(level.release_at),
                parts=kit_parts(row[0], supply.get(row[0], ()), names),
            )
        )
    return Sale(options, tuple(variants), until)


def part_names(
    rows: Iterable[tuple[int, int, int | None, str, str]], site_id: int, language: str, fallback: str
) -> dict[tuple[int, int], str]:
    """Names of parts per (kit, part), from (kit, part, site, language, name)."""
    texts: dict[tuple[int, int], list[TextFact]] = defaultdict(list)
    for kit_id, part_id, of_site, tag, name in rows:
        texts[kit_id, part_id].append(TextFact(tag, of_site, name, ""))
    best = {key: best_text(found, site_id, language, fallback) for key, found in texts.items()}
    return {key: text.name for key, text in best.items() if text is not None}


def kit_parts(variant_id: int, supply: Iterable[Supply], names: Mapping[tuple[int, int], str]) -> tuple[PartOfKit, ...]:
    """What is in a kit; nothing for what is none."""
    return tuple(
        PartOfKit(
            variant_id=part.variant_id,
            sku=part.sku,
            name=names.get((variant_id, part.variant_id), part.sku),
            quantity=part.quantity,
        )
        for part in supply
        if part.variant_id != variant_id
    )


def _options(rows: Iterable[tuple[Any, ...]], language: str, fallback: str) -> tuple[Option, ...]:
    """Options with those of their values that some variant has."""
    found: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row[1], row[0], row[3], row[2])):
        found[row[0]].append(row)
    return tuple(
        Option(
            id=option_id,
            code=choices[0][12],
            name=spoken(decoded(choices[0][13]), language, fallback) or choices[0][12],
            values=tuple(
                OptionChoice(
                    id=row[2],
                    code=row[14],
                    name=spoken(decoded(row[15]), language, fallback) or row[14],
                    colour=row[16] or "",
                )
                for row in choices
            ),
        )
        for option_id, choices in found.items()
    )
