"""Stock as the panel shows it: counts per location as a grid, the list of levels, and their states in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from core.catalogue.services import stock, stock_counts
from core.catalogue.services.product_words import holding
from core.catalogue.services.stock_audit import Difference
from core.catalogue.services.stock_low import FREE, RUNNING_LOW
from core.kernel import db, i18n
from core.kernel.i18n import gettext as _
from core.kernel.i18n import lazy
from core.kernel.kept import once_a_look
from core.lib.errors import Refused
from core.lib.languages import named

PAGE = 50


class Place(Struct, frozen=True):
    """A location."""

    id: int
    name: str


class StockCell(Struct, frozen=True, kw_only=True):
    """The count of a variant at a location, as typed, and what it was when the page was made."""

    location: int
    name: str
    value: str
    was: str
    allocated: int
    error: str


class StockRow(Struct, frozen=True, kw_only=True):
    """A variant with its counts."""

    id: int
    title: str
    sku: str
    cells: list[StockCell]


class LevelRow(Struct, frozen=True, kw_only=True):
    """A variant in the list of levels. `beside`: what else there is of it, in words."""

    variant_id: int
    product_id: int
    sku: str
    name: str
    on_hand: int
    allocated: int
    free: int
    beside: str


STATES: dict[str, Any] = {
    "on_hand": lazy("On hand"),
    "allocated": lazy("Promised"),
    "held": lazy("Held"),
    "damaged": lazy("Damaged"),
    "quality": lazy("Being looked at"),
    "incoming": lazy("Incoming"),
    "preordered": lazy("Pre-ordered"),
}
# What stands beside pieces on hand and promised ones.
BESIDE = ("held", "damaged", "quality", "incoming", "preordered")


def differing(one: Difference) -> list[tuple[str, int, int]]:
    """(state in words, level, sum of moves) where they differ."""
    return [
        (str(STATES[state]), level, moves)
        for state, level, moves in zip(stock.STATES, one.level, one.moves, strict=True)
        if level != moves
    ]


def locations() -> list[Place]:
    """Where goods are kept, the first to ship from first."""
    sql = "SELECT id, name FROM location WHERE closed_at IS NULL ORDER BY priority, id"
    return [Place(row[0], row[1]) for row in once_a_look(("locations",), lambda: db.rows(sql))]


def grid(variants: Sequence[tuple[int, str, str]], typed: Any, wrong: Mapping[str, str]) -> list[StockRow]:
    """Rows of (id, title, SKU) with their counts; what was typed in a refused form stays. Two statements."""
    places, levels = locations(), stock.stock_of([variant[0] for variant in variants])
    return [
        StockRow(
            id=variant_id,
            title=title,
            sku=sku,
            cells=[_cell(variant_id, place, levels.get(variant_id, []), typed, wrong) for place in places],
        )
        for variant_id, title, sku in variants
    ]


def _cell(
    variant_id: int,
    place: Place,
    levels: Iterable[tuple[int, int, int, int, int]],
    typed: Any,
    wrong: Mapping[str, str],
) -> StockCell:
    level = next((level for level in levels if level[0] == place.id), None)
    was, key = str(level[1]) if level else "", f"s{variant_id}-{place.id}"
    return StockCell(
        location=place.id,
        name=place.name,
        value=typed.get(key, was),
        was=was,
        allocated=level[2] if level else 0,
        error=wrong.get(key, ""),
    )


def changed_counts(
    form: Mapping[str, str], variants: Mapping[int, str]
) -> tuple[dict[tuple[int, int], int], list[tuple[str, str]]]:
    """The counts of `variants` (id to title) that differ from what the page showed, by (variant, location).

    And what cannot be read.
    """
    changes: dict[tuple[int, int], int] = {}
    problems: list[tuple[str, str]] = []
    for variant_id, title in variants.items():
        for place in locations():
            key = f"s{variant_id}-{place.id}"
            text = form.get(key, "").strip()
            if text == form.get(f"was-{key}", "").strip():
                continue
            if text.isdecimal() and len(text) < 10:
                changes[variant_id, place.id] = int(text)
            else:
                where = _where(title, place.name)
                problems.append((key, _("%(place)s: write a whole number, or leave it as it was.", place=where)))
    return changes, problems


def _where(title: str, place: str) -> str:
    return i18n.enumerated(filter(None, (title, place)))


def counted_since(
    form: Mapping[str, str], changes: Mapping[tuple[int, int], int], variants: Mapping[int, str]
) -> list[tuple[str, str]]:
    """Of these counts by (variant, location), whose level is neither what the page showed nor they. One statement."""
    names, problems = {place.id: place.name for place in locations()}, []
    levels = stock.stock_of([variant_id for variant_id, _location in changes])
    for (variant_id, location_id), count in changes.items():
        key = f"s{variant_id}-{location_id}"
        there = next((level[1] for level in levels.get(variant_id, []) if level[0] == location_id), None)
        was, now = form.get(f"was-{key}"), "" if there is None else str(there)
        if was is not None and was.strip() != now and now != str(count):
            where = _where(variants[variant_id], names[location_id])
            said = {"place": where, "now": now or "–", "was": was.strip() or "–"}
            told = _("%(place)s: there are %(now)s now, not %(was)s. Count once more, or save again.", **said)
            problems.append((key, told))
    return problems


def set_counts(
    changes: Mapping[tuple[int, int], int], variants: Mapping[int, str], reason: str, actor: str
) -> tuple[int, list[tuple[str, str]]]:
    """Store counts by (variant, location), a move each; answers how many, and what is wrong with the others."""
    names, problems = {place.id: place.name for place in locations()}, []
    for (variant_id, location_id), count in changes.items():
        try:
            set_count(variant_id, location_id, count, reason, actor)
        except Refused as refusal:
            where = _where(variants[variant_id], names[location_id])
            problems.append((f"s{variant_id}-{location_id}", i18n.labelled(where, i18n.say(refusal))))
    return len(changes) - len(problems), problems


def set_count(variant_id: int, location_id: int, count: int, reason: str, actor: str) -> None:
    """Store a count as a move; a variant that was not counted until now is from here on. Raises StockPromised."""
    if not db.value("SELECT tracked FROM variant WHERE id = ?", variant_id):
        with db.transaction():
            db.execute("UPDATE variant SET tracked = ? WHERE id = ?", True, variant_id)
    stock_counts.count_stock(variant_id, location_id, count, reason, actor)


def levels(language: str, query: str, show: str, after: int | None) -> tuple[list[LevelRow], int | None]:
    """Counted variants by id, and the id to go on from; two statements."""
    parts, params = ["v.deleted_at IS NULL", "v.tracked = ?", "v.id > ?"], list[object]([True, after or 0])
    if query:
        held, words = holding(query)
        parts.append(f"v.product_id IN (SELECT p.id FROM product p WHERE {held})")
        params += words
        # Who asks for a SKU means that variant, not the others of its product.
        parts.append("(v.sku = ? OR NOT EXISTS (SELECT 1 FROM variant w WHERE w.sku = ? AND w.deleted_at IS NULL))")
        params += [query, query]
    if show == "low":
        parts.append(f"v.id IN (SELECT few.variant_id FROM ({RUNNING_LOW}) few)")
    # A page of variants is chosen first, so that only their levels are summed.
    chosen = f"SELECT v.id, v.product_id, v.sku FROM variant v WHERE {' AND '.join(parts)} ORDER BY v.id LIMIT ?"
    sums = ", ".join(f"COALESCE(SUM(s.{state}), 0)" for state in BESIDE)
    found = db.rows(
        "SELECT c.id, c.product_id, c.sku, COALESCE(SUM(s.on_hand), 0), COALESCE(SUM(s.allocated), 0),"
        f" COALESCE(SUM({FREE}), 0), {sums} FROM ({chosen}) c"
        " LEFT JOIN stock_level s ON s.variant_id = c.id GROUP BY c.id, c.product_id, c.sku ORDER BY c.id",
        *params,
        PAGE + 1,
    )
    names = _names([row[1] for row in found], language)
    rows = [
        LevelRow(
            variant_id=row[0],
            product_id=row[1],
            sku=row[2],
            name=names.get(row[1], ""),
            on_hand=int(row[3]),
            allocated=int(row[4]),
            free=int(row[5]),
            beside=_beside(row[6:]),
        )
        for row in found[:PAGE]
    ]
    return rows, found[PAGE - 1][0] if len(found) > PAGE else None


def _beside(pieces: Sequence[int]) -> str:
    """`2 damaged · 5 incoming`: the states that are not empty."""
    return " · ".join(f"{STATES[state]} {int(n)}" for state, n in zip(BESIDE, pieces, strict=True) if n)


def _names(product_ids: list[int], language: str) -> dict[int, str]:
    texts: dict[int, dict[str, str]] = {}
    for product_id, tag, name in db.rows(
        "SELECT product_id, language, name FROM product_text WHERE site_id IS NULL AND product_id IN"
        f" ({db.marks(product_ids)})",
        *product_ids,
    ):
        texts.setdefault(product_id, {})[tag] = name
    return {product_id: named(names, language) for product_id, names in texts.items()}
