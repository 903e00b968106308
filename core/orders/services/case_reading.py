"""Returns, exchanges and claims as they are read: one by one, of an order, of an account, and the whole list."""

from __future__ import annotations

import json

from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.kept import once_a_look
from core.lib import clock
from core.lib.errors import NotFound
from core.lib.text import fold
from core.orders.services.case_shapes import DISPOSITIONS, CaseLine, CaseView

PAGE = 50
_OF_ONE_ORDER = 10_000

_CASE = (
    "c.id, c.order_id, o.number, o.currency, c.kind, c.reason, c.note, c.photos, c.wanted, c.outcome, c.granted,"
    " c.actor, c.answer, c.requested_at, c.approved_at, c.ended_at, c.label, c.wish, c.way, o.name, o.email,"
    " c.sent_change_id, c.advance"
)


def case_view(site: Site, case_id: int) -> CaseView:
    """One case of this site; raises NotFound. Two statements."""
    found = _views(site, "c.id = ?", [case_id])
    if not found:
        raise NotFound
    return found[0]


def cases_of(site: Site, order_id: int) -> list[CaseView]:
    """The cases of an order, oldest first. Two statements, of which most orders need one."""
    found = once_a_look(("cases", site.id, order_id), lambda: _views(site, "c.order_id = ?", [order_id], _OF_ONE_ORDER))
    return found[::-1]


def was_requested(site: Site, order_id: int, key: str) -> bool:
    """Whether the form with this key has made a case of the order. One statement."""
    asked = "SELECT 1 FROM order_case WHERE order_id = ? AND key = ? AND site_id = ?"
    return bool(db.value(asked, order_id, key[:64], site.id))


def cases_of_shopper(site: Site, shopper_id: int, limit: int = PAGE) -> list[CaseView]:
    """The cases of an account's orders, newest first. Two statements."""
    theirs = "c.order_id IN (SELECT id FROM orders WHERE site_id = ? AND shopper_id = ?)"
    return _views(site, theirs, [site.id, shopper_id], limit)


def list_cases(
    site: Site,
    *,
    is_open: bool | None = None,
    kind: str = "",
    text: str = "",
    before: int | None = None,
    limit: int = PAGE,
) -> list[CaseView]:
    """The cases of a site, newest first, a page at a time (`before` is the id to go on from). Two statements.

    `text` finds the number on a label, else a piece of the order's number, or of its name or mail address.
    """
    where, params = ["c.id < ?"], list[object]([before or 2**31 - 1])
    for condition, value in _saying(text):
        where.append(condition)
        params.append(value)
    if is_open is not None:
        where.append("c.ended_at IS NULL" if is_open else "c.ended_at IS NOT NULL")
    if kind:
        where.append("c.kind = ?")
        params.append(kind)
    return _views(site, " AND ".join(where), params, limit)


def _saying(text: str) -> list[tuple[str, object]]:
    """The conditions that a text is found by; `1001-R5` is the number on the label of case 5."""
    words = fold(text.replace("\0", "").strip().lstrip("#"))
    number, dash, case_id = words.rpartition("-r")
    if dash and case_id.isascii() and case_id.isdecimal() and len(case_id) < 10:
        return [(db.holds("o.words"), number), ("c.id = ?", int(case_id))]
    return [(db.holds("o.words"), words)] if words else []


def _views(site: Site, where: str, params: list[object], limit: int = PAGE) -> list[CaseView]:
    rows = db.rows(
        f"SELECT {_CASE} FROM order_case c JOIN orders o ON o.id = c.order_id WHERE c.site_id = ? AND {where}"
        " ORDER BY c.id DESC LIMIT ?",
        site.id,
        *params,
        limit,
    )
    if not rows:
        return []
    lines: dict[int, list[CaseLine]] = {}
    ids = [row[0] for row in rows]
    for case_id, *line in db.rows(
        "SELECT c.case_id, l.id, l.name, l.sku, l.variant_id, c.quantity, c.received, c.sellable, c.damaged,"
        " c.discarded, c.to_supplier, c.value FROM order_case_line c JOIN order_line l ON l.id = c.line_id"
        f" WHERE c.case_id IN ({db.marks(ids)}) ORDER BY l.position",
        *ids,
    ):
        names = ("line_id", "name", "sku", "variant_id", "quantity", "received", *DISPOSITIONS, "value")
        lines.setdefault(case_id, []).append(CaseLine(**dict(zip(names, line, strict=True))))
    return [
        CaseView(
            id=row[0], order_id=row[1], order_number=row[2], currency=row[3], kind=row[4], reason=row[5], note=row[6],
            photos=tuple(json.loads(row[7])), wanted={int(v): n for v, n in json.loads(row[8]).items()},
            outcome=row[9], granted=row[10], actor=row[11], answer=row[12], requested_at=clock.instant(row[13]),
            approved_at=None if row[14] is None else clock.instant(row[14]),
            ended_at=None if row[15] is None else clock.instant(row[15]), lines=tuple(lines.get(row[0], ())),
            label=json.loads(row[16]) if row[16] else {}, wish=row[17], way=row[18], name=row[19], email=row[20],
            sent_change_id=row[21], advance=int(row[22]),
        )
        for row in rows
    ]  # fmt: skip
