"""The stock of what a site sells, as programs read it: every state of every variant at every location."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from core.catalogue.services.stock_shapes import STATES
from core.hookspecs.site import Site
from core.kernel import db
from core.lib.errors import NotFound

_SOLD = (
    "FROM variant v WHERE v.deleted_at IS NULL AND EXISTS (SELECT 1 FROM listing l WHERE l.product_id = v.product_id"
    " AND l.site_id = ?)"
)


class LevelAt(Struct, frozen=True, kw_only=True):
    """The pieces of a variant at a location, by state, and how many more than are there may be ordered."""

    location_id: int
    pieces: dict[str, int]
    backorder_limit: int


class VariantLevels(Struct, frozen=True, kw_only=True):
    """A variant of the site with its levels, in the order of locations; one that is not `tracked` has none to count."""

    variant_id: int
    product_id: int
    sku: str
    tracked: bool
    levels: tuple[LevelAt, ...]


def list_levels(site: Site, after: int = 0, limit: int = 50, *, sku: str = "") -> list[VariantLevels]:
    """Variants of the site in the order of their ids, from behind `after`; with `sku` that one. Two statements."""
    named = " AND v.sku = ?" if sku else ""
    return _with_levels(
        db.rows(
            f"SELECT v.id, v.product_id, v.sku, v.tracked {_SOLD} AND v.id > ?{named} ORDER BY v.id LIMIT ?",
            *(site.id, after, *([sku] if sku else []), limit),
        )
    )


def levels_of(site: Site, variant_id: int) -> VariantLevels:
    """One variant of the site. Raises NotFound. Two statements."""
    found = _with_levels(
        db.rows(f"SELECT v.id, v.product_id, v.sku, v.tracked {_SOLD} AND v.id = ?", site.id, variant_id)
    )
    if not found:
        raise NotFound
    return found[0]


def _with_levels(variants: Sequence[db.Row]) -> list[VariantLevels]:
    at: dict[int, list[LevelAt]] = {row[0]: [] for row in variants}
    if at:
        for variant_id, location_id, backorder_limit, *pieces in db.rows(
            f"SELECT variant_id, location_id, backorder_limit, {', '.join(STATES)} FROM stock_level"
            f" WHERE variant_id IN ({db.marks(tuple(at))}) ORDER BY location_id",
            *at,
        ):
            counted = {state: int(number) for state, number in zip(STATES, pieces, strict=True)}
            level = LevelAt(location_id=location_id, pieces=counted, backorder_limit=int(backorder_limit))
            at[variant_id].append(level)
    return [
        VariantLevels(variant_id=row[0], product_id=row[1], sku=row[2], tracked=bool(row[3]), levels=tuple(at[row[0]]))
        for row in variants
    ]
