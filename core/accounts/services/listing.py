"""The list of a site's accounts, for staff: newest first, walked by keyset."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from core.kernel import db
from core.lib import clock
from core.lib.text import fold

if TYPE_CHECKING:
    from core.hookspecs.site import Site

UNCONFIRMED, BLOCKED, LEAVING = "unconfirmed", "blocked", "leaving"
SHOWS = ("", UNCONFIRMED, BLOCKED, LEAVING)
_MOST = 6
_LAST = 2**31


class ShopperFilters(Struct, frozen=True, kw_only=True):
    """What to list. Every word of `text` is in a name, mail address or number; `tag`: those that wear it."""

    text: str = ""
    show: str = ""
    tag: str = ""


class ShopperRow(Struct, frozen=True, kw_only=True):
    """An account in the list."""

    id: int
    email: str
    name: str
    phone: str
    language: str
    created_at: datetime
    is_confirmed: bool
    is_blocked: bool
    erase_at: datetime | None


def matching(site: Site, filters: ShopperFilters) -> tuple[str, list[object]]:
    """(SELECT, parameters) of the ids of the accounts that fit, for who sorts them by what others know."""
    where, params = _where(site, filters)
    return f"SELECT s.id FROM shopper s WHERE {' AND '.join(where)}", params


def list_shoppers(
    site: Site, filters: ShopperFilters, before: int | None = None, limit: int = 50
) -> tuple[list[ShopperRow], int | None]:
    """The accounts that fit, newest first, and the id to go on from. Erased ones are nobody. One statement."""
    where, params = _where(site, filters)
    where.append("s.id < ?")
    rows = _read(where, [*params, before or _LAST], limit + 1)
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


def shoppers_by_ids(site: Site, ids: Sequence[int]) -> list[ShopperRow]:
    """These accounts in their order. One statement."""
    found = {row.id: row for row in _read(["s.site_id = ?", f"s.id IN ({db.marks(ids)})"], [site.id, *ids], len(ids))}
    return [found[one] for one in ids if one in found]


def _where(site: Site, filters: ShopperFilters) -> tuple[list[str], list[object]]:
    where, params = ["s.site_id = ?", "s.words <> ''"], list[object]([site.id])
    for word in fold(filters.text.replace("\0", " ")).split()[:_MOST]:
        where.append(db.holds("s.words"))
        params.append(word)
    if filters.show == UNCONFIRMED:
        where.append("s.confirmed_at IS NULL")
    if filters.show == BLOCKED:
        where.append("s.disabled_at IS NOT NULL")
    if filters.show == LEAVING:
        where.append("s.erase_at IS NOT NULL")
    if filters.tag:
        where.append("s.id IN (SELECT shopper_id FROM shopper_tag WHERE site_id = ? AND tag = ?)")
        params += [site.id, filters.tag]
    return where, params


def _read(where: Sequence[str], params: Sequence[object], limit: int) -> list[ShopperRow]:
    return [
        ShopperRow(
            id=row[0], email=row[1], name=row[2], phone=row[3], language=row[4], created_at=clock.instant(row[5]),
            is_confirmed=row[6] is not None, is_blocked=row[7] is not None,
            erase_at=clock.instant(row[8]) if row[8] is not None else None,
        )
        for row in db.rows(
            "SELECT s.id, s.email, s.name, s.phone, s.language, s.created_at, s.confirmed_at, s.disabled_at, s.erase_at"
            f" FROM shopper s WHERE {' AND '.join(where)} ORDER BY s.id DESC LIMIT ?",
            *params, limit,
        )
    ]  # fmt: skip
