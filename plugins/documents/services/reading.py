"""Issued documents: of an order, one by its id, and the list with its filters. What was altered is not shown."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from core.api import Broken, Money, NotFound, Site, instant, micros, one, rows, value
from plugins.documents.forms import Filters

PAGE, _EXPORT = 50, 500
_COLUMNS = "id, order_id, order_number, kind, code, name, total, currency, issued_at"


class Altered(Broken):
    """The stored text is not the one that was issued."""

    code = "altered"
    default_message = "This document was altered after it was issued."


class Listed(Struct, frozen=True, kw_only=True):
    """A document in a list."""

    id: int
    order_id: int
    order_number: str
    kind: str
    code: str
    name: str
    total: Money
    issued_at: datetime


def content_of(site: Site, document_id: int, *, order_id: int | None = None) -> Mapping[str, Any]:
    """All that stands on a document, proved by its digest. Raises NotFound, Altered."""
    row = one(
        "SELECT content, sha256, order_id FROM documents_document WHERE id = ? AND site_id = ?", document_id, site.id
    )
    if row is None or (order_id is not None and row[2] != order_id):
        raise NotFound
    return _proved(row[0], row[1])


def contents_of(site: Site, order_id: int) -> list[Mapping[str, Any]]:
    """The order's documents, oldest first. Raises Altered."""
    found = rows(
        "SELECT content, sha256 FROM documents_document WHERE site_id = ? AND order_id = ? ORDER BY id",
        site.id,
        order_id,
    )
    return [_proved(text, digest) for text, digest in found]


def _proved(text: str, digest: str) -> Mapping[str, Any]:
    if hashlib.sha256(text.encode()).hexdigest() != digest:
        raise Altered
    found: Mapping[str, Any] = json.loads(text)
    return found


def latest_of(site: Site, order_id: int, kind: str) -> int | None:
    """The newest document of a kind that the order has."""
    found: int | None = value(
        "SELECT MAX(id) FROM documents_document WHERE site_id = ? AND order_id = ? AND kind = ?",
        site.id,
        order_id,
        kind,
    )
    return found


def documents_of(site: Site, *, order_id: int | None = None, order_number: str = "") -> list[Listed]:
    """The documents of one order, oldest first."""
    column, wanted = ("order_id", order_id) if order_id is not None else ("order_number", order_number)
    return _listed(f"site_id = ? AND {column} = ? ORDER BY id", site.id, wanted)


def list_documents(site: Site, filters: Filters, *, before: int | None = None, limit: int = PAGE) -> list[Listed]:
    """Newest first; `before` is the id that the page before ended with."""
    where, params = ["site_id = ?"], list[object]([site.id])
    if filters.kind:
        where.append("kind = ?")
        params.append(filters.kind)
    if filters.q:
        text = filters.q.lstrip("#").lower()
        piece = "%" + "".join(f"\\{letter}" if letter in "%_\\" else letter for letter in text) + "%"
        where.append("(LOWER(code) = ? OR order_number = ? OR LOWER(name) LIKE ? ESCAPE '\\')")
        params += [text, text, piece]
    if (begins := filters.begins(site)) is not None:
        where.append("issued_at >= ?")
        params.append(micros(begins))
    if (ends := filters.ends(site)) is not None:
        where.append("issued_at < ?")
        params.append(micros(ends))
    if before is not None:
        where.append("id < ?")
        params.append(before)
    return _listed(f"{' AND '.join(where)} ORDER BY id DESC LIMIT ?", *params, limit)


def every_document(site: Site, filters: Filters) -> Iterator[Listed]:
    """All that the filters leave, newest first, in steps."""
    before: int | None = None
    while found := list_documents(site, filters, before=before, limit=_EXPORT):
        yield from found
        before = found[-1].id


def _listed(where: str, *params: object) -> list[Listed]:
    return [
        Listed(
            id=row[0], order_id=row[1], order_number=row[2], kind=row[3], code=row[4], name=row[5],
            total=Money(row[6], row[7]), issued_at=instant(row[8]),
        )
        for row in rows(f"SELECT {_COLUMNS} FROM documents_document WHERE {where}", *params)
    ]  # fmt: skip
