"""What is nearest to a list that leaves nothing: the same query with one choice fewer, counted; one statement."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from core.catalogue.services.narrowing import Narrowing
from core.catalogue.services.shapes import Chip, ListingQuery, Nearest
from core.kernel import db

_MOST = 12


def without(query: ListingQuery, chip: Chip) -> ListingQuery:
    """The query without one choice, from its beginning."""
    query = replace(query, after="", before="")
    if chip.code == "price":
        return replace(query, price_min=None, price_max=None)
    if chip.code == "in_stock":
        return replace(query, in_stock=False)
    left = {
        code: tuple(one for one in values if (code, one) != (chip.code, chip.value))
        for code, values in query.filters.items()
    }
    return replace(query, filters={code: values for code, values in left.items() if values})


def nearest(narrowing: Narrowing, chips: Sequence[Chip]) -> tuple[Nearest, ...]:
    """Which choice to give up, the one that shows most first; those that would show nothing are left out."""
    if not chips:
        return ()
    parts: list[str] = []
    params: list[object] = []
    for place, chip in enumerate(chips[:_MOST]):
        where = replace(narrowing, query=without(narrowing.query, chip)).where()
        parts.append(f"SELECT {place} AS place, COUNT(*) AS total FROM card_place p WHERE {where.sql}")
        params += where.params
    found = [
        Nearest(chip=chips[place], total=int(total)) for place, total in db.rows(" UNION ALL ".join(parts), *params)
    ]
    return tuple(sorted((one for one in found if one.total), key=lambda one: -one.total))
