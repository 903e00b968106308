"""Issuing: a number without gaps and an unchangeable row, in one transaction.

The number is taken first, by one statement that locks its series until the commit. So whoever comes second sees what
the first has issued; what is refused gives its number back with the rest of the transaction.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from core.api import (
    NotFound,
    OrderView,
    Refused,
    Site,
    address_lines,
    marks,
    micros,
    now,
    order_view,
    record_activity,
    rows,
    speaking,
    tell_order,
    transaction,
    value,
)
from plugins.documents.forms import Documents
from plugins.documents.models import CREDIT_NOTE, INVOICE
from plugins.documents.services import owed
from plugins.documents.services.paper import drawn_in, names_of
from plugins.documents.services.reading import contents_of, latest_of

_TRIES = 20
# The states of a payment of which money went back.
GIVEN_BACK = frozenset({"refunded", "partly_refunded"})


class NothingToIssue(Refused):
    """The order's documents say already what it amounts to, or it amounts to nothing."""

    code = "nothing_to_issue"
    default_message = "There is nothing to issue: the documents say already what the order amounts to."


class TooBusy(Refused):
    """The order changed again and again while its document was written."""

    status = 409
    code = "order_changes"
    default_message = "The order is being changed right now. Try again in a moment."


class _Again(Exception):
    """Somebody else changed the order, or issued for it, in between."""


def due_kind(site: Site, order_id: int) -> str:
    """The kind of document that the order lacks, or nothing. Raises NotFound."""
    order = order_view(order_id, site=site)
    if order is None:
        raise NotFound
    earlier = contents_of(site, order_id)
    return owed.kind_of(owed.still_to_say(owed.parts_of(order), earlier), is_first=not earlier)


def issue(site: Site, order_id: int, kind: str, *, actor: str) -> int:
    """Issue what the order lacks, of this kind; answers the document's id.

    A second click answers the document of the first. Raises NotFound, NothingToIssue, TooBusy. Commits.
    """
    for _attempt in range(_TRIES):
        try:
            with transaction():
                return _issue(site, order_id, kind, actor)
        except NothingToIssue:
            if (known := latest_of(site, order_id, kind)) is None:
                raise
            return known
        except _Again:
            continue
    raise TooBusy


def _issue(site: Site, order_id: int, kind: str, actor: str) -> int:
    settings = Documents.of(site)
    number = take_number(site, kind, settings.start(kind))
    earlier = contents_of(site, order_id)
    order = order_view(order_id, site=site)
    if order is None:
        raise NotFound
    with speaking(drawn_in(order.language), site.timezone):
        parts = owed.still_to_say(owed.parts_of(order), earlier)
        if owed.kind_of(parts, is_first=not earlier) != kind:
            raise NothingToIssue
        content = _content(site, order, kind, number, parts)
    if earlier:
        content["corrects"] = [one["code"] for one in earlier if one["kind"] == INVOICE]
    document_id = _insert(site, order, content, f"after:{len(earlier)}" if earlier else "order", actor)
    if document_id is None:
        raise _Again
    text = "Invoice %(code)s issued" if kind == INVOICE else "Credit note %(code)s issued"
    if tell_order(site, order_id, "documents", text, actor=actor, code=content["code"]) != order.version + 1:
        raise _Again
    record_activity(
        actor, f"documents.{kind}", f"order:{order.number}", after={"code": content["code"]}, site_id=site.id,
        title=content["code"],
    )  # fmt: skip
    return document_id


def take_number(site: Site, kind: str, start: int) -> int:
    """The next number of a series, which stays locked until the transaction ends."""
    return int(
        value(
            "INSERT INTO documents_series (site_id, kind, last) VALUES (?, ?, ?)"
            " ON CONFLICT (site_id, kind) DO UPDATE SET last = documents_series.last + 1 RETURNING last",
            site.id, kind, start,
        )
    )  # fmt: skip


def _content(site: Site, order: OrderView, kind: str, number: int, parts: list[owed.Part]) -> dict[str, Any]:
    """All that stands on the document. A credit note's amounts are what is given back."""
    settings = Documents.of(site)
    shown = owed.turned(parts) if kind == CREDIT_NOTE else parts
    bill_to = order.billing or order.address
    return {
        "kind": kind, "number": number, "code": f"{settings.prefix(kind)}{number:05d}", "issued_at": now().isoformat(),
        "language": order.language, "timezone": site.timezone, "currency": order.currency, "order": order.number,
        "ordered_at": order.placed_at.isoformat(), "prices_include_tax": order.prices_include_tax,
        "tax_note": order.tax_note, "payment": order.payment_title,
        "seller": {
            "name": settings.company or site.name, "lines": settings.address.splitlines(), "tax_id": settings.tax_id,
            "email": site.email, "footer": settings.footer,
        },
        "buyer": {
            "name": order.name, "email": order.email, "lines": list(address_lines(bill_to)) if bill_to else [order.name]
        },
        "deliver_to": list(address_lines(order.address)) if order.address else [],
        "places": [list(address_lines(part.address)) for part in order.live if part.address] if order.is_spread else [],
        "goes_to": _goes_to(order),
        "parts": [owed.stored(part) for part in shown],
        "total": sum(part.amount for part in shown),
    }  # fmt: skip


def _goes_to(order: OrderView) -> dict[str, str]:
    """Whose each line is, by the key of its part: of an order that goes to several places."""
    names = names_of([one.address for one in order.destinations])
    whose = {one.position: name for one, name in zip(order.destinations, names, strict=True) if name}
    return {f"line:{line.id}": whose[line.place] for line in order.lines if line.needs_delivery and line.place in whose}


def _insert(site: Site, order: OrderView, content: dict[str, Any], reason: str, actor: str) -> int | None:
    """The new row's id; None where somebody else has issued for the same reason."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    found: int | None = value(
        "INSERT INTO documents_document (site_id, order_id, order_number, kind, number, code, reason, name, currency,"
        " total, content, sha256, actor, issued_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (order_id, reason) DO NOTHING RETURNING id",
        site.id, order.id, order.number, content["kind"], content["number"], content["code"], reason, order.name[:200],
        order.currency, content["total"], text, hashlib.sha256(text.encode()).hexdigest(), actor,
        micros(now()),
    )  # fmt: skip
    return found


def issue_credit(site: Site, order_id: int) -> None:
    """Issue the credit note that an order with an invoice lacks, after money went back. None where none is. Commits."""
    if latest_of(site, order_id, INVOICE) is not None and due_kind(site, order_id) == CREDIT_NOTE:
        issue(site, order_id, CREDIT_NOTE, actor="system")


def issue_first(site: Site, order_id: int) -> None:
    """Issue the invoice of a paid order that has none. One that amounts to nothing, or is gone, gets none. Commits."""
    if order_view(order_id, site=site) is None:
        return
    if latest_of(site, order_id, INVOICE) is None and due_kind(site, order_id) == INVOICE:
        issue(site, order_id, INVOICE, actor="system")


def issue_lacking(site: Site, numbers: Sequence[str] = ()) -> int:
    """Issue what these orders lack, or else the invoice of every paid order without one; answers how many.

    An order that lacks nothing, or that there is not, is passed over. Commits for each.
    """
    chosen = f" AND number IN ({marks(numbers)})" if numbers else ""
    ids = [
        row[0]
        for row in rows(f"SELECT id FROM orders WHERE site_id = ?{chosen} ORDER BY placed_at, id", site.id, *numbers)
    ]
    found = 0
    for order_id in ids:
        kind = _lacking(site, order_id, any_kind=bool(numbers))
        if kind:
            issue(site, order_id, kind, actor="system")
            found += 1
    return found


def _lacking(site: Site, order_id: int, *, any_kind: bool) -> str:
    if any_kind:
        return due_kind(site, order_id)
    order = order_view(order_id, site=site)
    is_paid = order is not None and bool(order.captured.amount) and latest_of(site, order_id, INVOICE) is None
    return INVOICE if is_paid and due_kind(site, order_id) == INVOICE else ""
