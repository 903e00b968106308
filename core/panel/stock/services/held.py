"""The list of holds in words: who holds what, with a way to them; and as a file."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from flask import url_for
from msgspec import Struct

from core.catalogue.services.stock_held import Held, held_now
from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.i18n import gettext as _
from core.kernel.i18n import lazy
from core.lib.csv import write_rows

KINDS: dict[str, Any] = {"cart": lazy("Carts"), "draft": lazy("Drafts"), "case": lazy("Exchanges")}
# Who may hold, one of a kind.
HOLDERS: dict[str, Any] = {
    "cart": lazy("A cart"), "draft": lazy("A draft of an order"), "case": lazy("An exchange"),
}  # fmt: skip
COLUMNS = ("owner", "id", "order", "sku", "location", "pieces", "until")
_AT_ONCE = 500


class Row(Struct, frozen=True, kw_only=True):
    """A hold with its owner in words; `url` leads there where this site has it, `order` is the exchange's."""

    held: Held
    owner: str
    url: str
    order: str


def rows(site: Site, found: Sequence[Held]) -> list[Row]:
    """These holds with their owners. At most two statements."""
    drafts = [one.owner_id for one in found if one.kind == "draft"]
    cases = [one.owner_id for one in found if one.kind == "case"]
    ours = _ids(f"SELECT id FROM order_draft WHERE site_id = ? AND id IN ({db.marks(drafts)})", site, drafts)
    orders = dict[int, str](
        db.rows(
            "SELECT c.id, o.number FROM order_case c JOIN orders o ON o.id = c.order_id WHERE c.site_id = ? AND c.id IN"
            f" ({db.marks(cases)})",
            site.id, *cases,
        )
        if cases
        else ()
    )  # fmt: skip
    return [_row(one, ours, orders) for one in found]


def _ids(sql: str, site: Site, wanted: Sequence[int]) -> set[int]:
    return {row[0] for row in db.rows(sql, site.id, *wanted)} if wanted else set()


def _row(one: Held, drafts: set[int], orders: dict[int, str]) -> Row:
    if one.kind == "draft":
        url = url_for("panel.draft", draft_id=one.owner_id) if one.owner_id in drafts else ""
        return Row(held=one, owner=_("Draft %(number)s", number=one.owner_id), url=url, order="")
    if one.kind == "case":
        number = orders.get(one.owner_id, "")
        url = url_for("panel.order_case", number=number, case_id=one.owner_id) if number else ""
        owner = _("Exchange of order %(number)s", number=number) if number else str(HOLDERS["case"])
        return Row(held=one, owner=owner, url=url, order=number)
    return Row(held=one, owner=str(HOLDERS[one.kind]), url="", order="")


def write_held(site: Site, kind: str, stream: BinaryIO) -> int:
    """Write every hold that the list shows; answers how many. Three statements per 500."""
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="", write_through=True)
    try:
        return write_rows(text, COLUMNS, _cells(site, kind))
    finally:
        text.detach()


def _cells(site: Site, kind: str) -> Iterator[tuple[object, ...]]:
    zone, after = ZoneInfo(site.timezone), ""
    while True:
        found = held_now(kind=kind, after=after, limit=_AT_ONCE)
        for row in rows(site, found):
            one = row.held
            until = one.until.astimezone(zone).isoformat(sep=" ", timespec="seconds")
            yield one.kind, one.owner_id, row.order, one.sku, one.location, one.pieces, until
        if len(found) < _AT_ONCE:
            return
        after = found[-1].cursor
