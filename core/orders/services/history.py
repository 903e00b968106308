"""Past orders from a file: with their dates, lines, returns and credits, but without mails, events or moves of stock.

Reading a file again changes nothing: every document is known by its number.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

from core.accounts.services import find_shopper
from core.hookspecs.checkout import Address
from core.hookspecs.site import Site
from core.kernel import activity, db
from core.kernel.i18n import gettext as _
from core.lib import addresses, clock, ids
from core.lib.money import Money
from core.orders.services.addresses import address_json
from core.orders.services.case_shapes import RESOLVED, RETURN
from core.orders.services.facts import COUNTED
from core.orders.services.gateways import CORE, Arrangement
from core.orders.services.history_rows import PastDocument, PastLine, Remark, documents
from core.orders.services.links import LIFE, order_secret
from core.orders.services.states import changed
from core.orders.services.store import EVENTS, NewPayment, add_payment, insert_many, no_cart

_AT_ONCE = 50
_MOST_REMARKS = 1_000
Progress = Callable[[int], None]


@dataclass(slots=True)
class Report:
    """What became of a file. `sold` and `credited` are sums of minor units per currency."""

    orders: int = 0
    credits: int = 0
    known: int = 0
    lines: int = 0
    empty: int = 0
    refused: int = 0
    sold: dict[str, int] = field(default_factory=dict)
    credited: dict[str, int] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)

    def remark(self, one: Remark) -> None:
        """Count a row or document that was left out, and keep the first thousand reasons."""
        self.refused += 1
        if len(self.remarks) < _MOST_REMARKS:
            self.remarks.append(one)


def import_orders(
    site: Site,
    file: Path | BinaryIO,
    *,
    actor: str,
    currency: str = "",
    prefix: str = "",
    progress: Progress | None = None,
) -> Report:
    """Read past orders into a site; `prefix` is put before their numbers. Commits in steps, each document whole.

    Lines below zero are goods that came back: of the shopper's earlier orders where they fit, else a credit of its own.
    No event is recorded. Raises UnreadableFile, MissingColumns.
    """
    report = Report()
    with documents(file, currency or site.currency) as found:
        for batch in _batches(found, report):
            with db.transaction():
                skus = _variants(batch)
                for one in batch:
                    _take(_Writing(site, actor, skus, report), one, prefix)
            if progress is not None:
                progress(report.orders + report.credits + report.known)
    with db.transaction():
        sums = {"orders": report.orders, "credits": report.credits, "lines": report.lines}
        activity.record(actor, "import orders", f"site:{site.id}", after=sums, site_id=site.id, title=site.name)
    return report


def _batches(found: Iterator[PastDocument | Remark], report: Report) -> Iterator[list[PastDocument]]:
    batch: list[PastDocument] = []
    for one in found:
        if isinstance(one, Remark):
            report.remark(one)
            continue
        batch.append(one)
        if len(batch) == _AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _variants(batch: Sequence[PastDocument]) -> dict[str, tuple[int, int]]:
    """(variant, product) of the SKUs that are known here, some at a time: a statement takes a limited number."""
    skus = sorted({line.sku for one in batch for line in one.lines})
    found: dict[str, tuple[int, int]] = {}
    for start in range(0, len(skus), 500):
        part = skus[start : start + 500]
        marks = db.marks(part)
        for sku, variant_id, product_id in db.rows(
            f"SELECT sku, id, product_id FROM variant WHERE sku IN ({marks}) AND deleted_at IS NULL", *part
        ):
            found[sku] = (variant_id, product_id)
    return found


@dataclass(frozen=True, slots=True)
class _Writing:
    """What writing a document needs."""

    site: Site
    actor: str
    skus: dict[str, tuple[int, int]]
    report: Report


def _take(writing: _Writing, one: PastDocument, prefix: str) -> None:
    """One document: what was sold becomes an order, what was given back a return or a credit."""
    site, report, number = writing.site, writing.report, f"{prefix}{one.number}"[:40]
    sold = [line.given() for line in one.lines if line.amount > 0 or (line.amount == 0 and line.quantity > 0)]
    back = [line.given() for line in one.lines if line.amount < 0]
    if not any(line.amount for line in one.lines) and not (one.customer or one.email):
        report.empty += 1  # Pieces that were found or lost: nothing was sold to anybody.
        return
    if not (sold or back):
        report.empty += 1
        return
    if one.currency not in site.currencies:
        report.remark(Remark(line=one.lines[0].line, number=number, text="This site does not sell in its currency."))
        return
    if db.value("SELECT 1 FROM order_import WHERE site_id = ? AND number = ?", site.id, number):
        report.known += 1
        return
    if db.value("SELECT 1 FROM orders WHERE site_id = ? AND number = ?", site.id, number):
        report.remark(Remark(line=one.lines[0].line, number=number, text="An order of this shop has this number."))
        return
    at = _instant(site, one.at)
    became = [_order(writing, one, number, at, sold)] if sold else []
    if back:
        became.append(_credit(writing, one, f"{number}-C"[:40] if sold else number, at, back))
    db.execute("INSERT INTO order_import (site_id, number, order_id) VALUES (?, ?, ?)", site.id, number, became[0])
    report.lines += len(sold) + len(back)


def _instant(site: Site, at: datetime) -> int:
    return clock.micros(at.replace(tzinfo=ZoneInfo(site.timezone)))


# -- what was sold -----------------------------------------------------------------------------------------------------


def _order(writing: _Writing, one: PastDocument, number: str, at: int, lines: Sequence[PastLine]) -> int:
    """An order that was sent, arrived and was paid, on its day."""
    total = sum(line.amount for line in lines)
    order_id = _insert_order(writing.site, one, number, at, total)
    _insert_lines(writing, order_id, lines)
    _entry(order_id, at, writing.actor, "imported", total=total, currency=one.currency)
    if total:
        payment = _payment(writing.site, order_id, total, one.currency, at)
        _fact(payment, "captured", f"import {number}", total, at)
        db.execute(
            "INSERT INTO order_effect (order_id, effect, at) VALUES (?, 'paid', ?)"
            " ON CONFLICT (order_id, effect) DO NOTHING",
            order_id, at,
        )  # fmt: skip
    writing.report.orders += 1
    writing.report.sold[one.currency] = writing.report.sold.get(one.currency, 0) + total
    return order_id


def _insert_order(site: Site, one: PastDocument, number: str, at: int, total: int) -> int:
    shopper = find_shopper(site, one.email) if one.email else None
    country = addresses.country_code(one.country)
    address = Address(country=country) if country else None
    about = {name: text for name, text in (("customer", one.customer), ("country", one.country)) if text}
    cart_id = no_cart()
    row = {
        "site_id": site.id, "number": number, "cart_id": cart_id,
        "key_digest": ids.digest(order_secret(site.id, cart_id)), "shopper_id": shopper.id if shopper else None,
        "email": one.email[:254], "phone": "", "name": f"#{one.customer}"[:200] if one.customer else "",
        "language": site.language, "currency": one.currency, "placed_at": at, "subtotal": total, "discount": 0,
        "delivery": 0, "tax": 0, "total": total, "delivery_total": 0, "charges": 0, "given_back": 0,
        "prices_include_tax": True, "tax_note": "", "address": address_json(address), "billing": None, "carrier": "",
        "carrier_plugin": "", "service": "", "delivery_title": "", "rate": "{}", "gateway": Arrangement.code,
        "payment_title": _("Imported"), "note": "", "codes": "[]",
        "extra": json.dumps({"import": about} if about else {}, ensure_ascii=False), "trace": "[]", "expires_at": None,
        "version": 1, "link": 0, "link_until": clock.micros(clock.instant(at) + LIFE),
    }  # fmt: skip
    columns = ", ".join(row)
    made = db.value(f"INSERT INTO orders ({columns}) VALUES ({db.marks(tuple(row))}) RETURNING id", *row.values())
    if number.isascii() and number.isdecimal() and len(number) < 10:
        # The shop's own numbers go on above those that it brings along.
        db.execute(
            "INSERT INTO order_counter (site_id, last) VALUES (?, ?) ON CONFLICT (site_id) DO UPDATE SET last ="
            " CASE WHEN order_counter.last < excluded.last THEN excluded.last ELSE order_counter.last END",
            site.id, max(int(number), 10_000),
        )  # fmt: skip
    changed(int(made))
    return int(made)


def _insert_lines(writing: _Writing, order_id: int, lines: Sequence[PastLine], received: int = 0) -> None:
    rows = []
    for position, line in enumerate(lines):
        variant_id, product_id = writing.skus.get(line.sku, (0, 0))
        events = dict.fromkeys(EVENTS, 0)
        events.update(picked=line.quantity, shipped=line.quantity, delivered=line.quantity)
        if received:
            events.update(received=line.quantity, return_requested=line.quantity)
        rows.append(
            {
                "order_id": order_id, "position": position, "variant_id": variant_id, "product_id": product_id,
                "sku": line.sku, "name": line.name, "picture": "", "unit_amount": line.price,
                "list_amount": line.price, "subtotal": line.amount, "discount": 0, "tax": 0, "total": line.amount,
                "tax_class": "standard", "weight_g": 0, "needs_delivery": True, "ordered": line.quantity,
                "allocated": 0, "promise": "", **events,
            }
        )  # fmt: skip
    insert_many("order_line", rows)


def _payment(site: Site, order_id: int, amount: int, currency: str, at: int) -> int:
    way = NewPayment(plugin=CORE, gateway=Arrangement.code, account="", live=True, title=_("Imported"))
    made = add_payment(site.id, order_id, way, amount, currency)
    db.execute("UPDATE payment SET created_at = ? WHERE id = ? AND site_id = ?", at, made, site.id)
    return made


def _fact(payment_id: int, kind: str, reference: str, amount: int, at: int) -> None:
    db.execute(
        "INSERT INTO payment_fact (site_id, plugin, account, live, kind, reference, amount, currency, at, stored_at,"
        " payment_id, verdict, note) SELECT site_id, plugin, account, live, ?, ?, ?, currency, ?, ?, id, ?, 'imported'"
        " FROM payment WHERE id = ?",
        kind, reference[:200], amount, at, clock.now_us(), COUNTED, payment_id,
    )  # fmt: skip


def _entry(order_id: int, at: int, actor: str, kind: str, **data: object) -> None:
    db.execute(
        "INSERT INTO order_entry (order_id, at, actor, kind, data) VALUES (?, ?, ?, ?, ?)",
        order_id, at, actor, kind, json.dumps(data),
    )  # fmt: skip


# -- what came back ----------------------------------------------------------------------------------------------------


def _credit(writing: _Writing, one: PastDocument, number: str, at: int, lines: Sequence[PastLine]) -> int:
    """Goods that came back: of earlier orders of the same shopper at the same price, else of a time before the file."""
    found: dict[int, list[tuple[int, PastLine]]] = {}  # order -> (line id, units)
    rest: list[PastLine] = []
    for line in lines:
        left = line.quantity
        for line_id, order_id, can in _bought(writing.site, one, line, at):
            units = min(left, can)
            if units:
                part = PastLine(line=line.line, sku=line.sku, name=line.name, quantity=units, price=line.price)
                found.setdefault(order_id, []).append((line_id, part))
                # At once, so that a second row about the same goods sees what is left.
                db.execute(
                    "UPDATE order_line SET received = received + ?, return_requested = return_requested + ?"
                    " WHERE id = ? AND order_id = ?",
                    units, units, line_id, order_id,
                )  # fmt: skip
                changed(order_id)
                left -= units
        if left:
            rest.append(
                PastLine(line=line.line, sku=line.sku, name=line.name, quantity=left, price=line.price)
            )  # fmt: skip
    for order_id, parts in found.items():
        _return(writing, order_id, number, at, parts)
    total = sum(line.amount for line in lines)
    writing.report.credits += 1
    writing.report.credited[one.currency] = writing.report.credited.get(one.currency, 0) + total
    first = _unmatched(writing, one, number, at, rest) if rest else 0
    return next(iter(found), first)


def _bought(site: Site, one: PastDocument, line: PastLine, at: int) -> list[tuple[int, int, int]]:
    """(line, order, units that may still come back) of imported orders of this shopper before, the newest first."""
    if not (one.customer or one.email):
        return []
    return [
        (row[0], row[1], int(row[2]))
        for row in db.rows(
            "SELECT l.id, l.order_id, l.shipped - l.received FROM order_line l JOIN orders o ON o.id = l.order_id"
            " WHERE o.site_id = ? AND o.name = ? AND o.email = ? AND o.currency = ? AND l.sku = ? AND l.unit_amount = ?"
            " AND o.placed_at <= ? AND o.cart_id < 0 AND l.shipped > l.received ORDER BY o.placed_at DESC, l.id DESC",
            site.id, f"#{one.customer}"[:200] if one.customer else "", one.email[:254], one.currency, line.sku,
            line.price, at,
        )
    ]  # fmt: skip


def _return(writing: _Writing, order_id: int, number: str, at: int, parts: Sequence[tuple[int, PastLine]]) -> None:
    """A resolved return of an order, with its money, on its day."""
    total = sum(part.amount for _line_id, part in parts)
    case_id = db.value(
        "INSERT INTO order_case (site_id, order_id, kind, key, reason, note, photos, wanted, wish, way, outcome,"
        " granted, actor, answer, requested_at, approved_at, ended_at)"
        " VALUES (?, ?, ?, ?, 'changed_mind', ?, '[]', '{}', '', '', ?, ?, ?, '', ?, ?, ?) RETURNING id",
        writing.site.id, order_id, RETURN, f"import:{number}"[:64], number, RESOLVED, total, writing.actor, at, at, at,
    )  # fmt: skip
    units: dict[int, tuple[int, int]] = {}
    for line_id, part in parts:
        count, value = units.get(line_id, (0, 0))
        units[line_id] = (count + part.quantity, value + part.amount)
    for line_id, (count, value) in units.items():
        db.execute(
            "INSERT INTO order_case_line (case_id, line_id, quantity, received, sellable, damaged, discarded,"
            " to_supplier, value) VALUES (?, ?, ?, ?, ?, 0, 0, 0, ?)",
            case_id, line_id, count, count, count, value,
        )  # fmt: skip
        db.execute("UPDATE order_line SET restocked = restocked + ? WHERE id = ?", count, line_id)
    payment = db.value("SELECT MIN(id) FROM payment WHERE order_id = ?", order_id)
    if payment is not None and total:
        _fact(int(payment), "refunded", f"import {number}:{order_id}", total, at)
    _entry(order_id, at, writing.actor, "returned", lines={str(line_id): n for line_id, (n, _v) in units.items()})


def _unmatched(writing: _Writing, one: PastDocument, number: str, at: int, lines: Sequence[PastLine]) -> int:
    """A credit for goods that the file does not say were sold: an order of which everything came back.

    Its money left and never came, so together with what was sold the sums are those of the file.
    """
    total = sum(line.amount for line in lines)
    order_id = _insert_order(writing.site, one, number, at, total)
    _insert_lines(writing, order_id, lines, received=1)
    _entry(order_id, at, writing.actor, "imported", total=-total, currency=one.currency)
    if total:
        payment = _payment(writing.site, order_id, total, one.currency, at)
        _fact(payment, "refunded", f"import {number}", total, at)
    return order_id


# -- the command -------------------------------------------------------------------------------------------------------


def said(report: Report) -> list[str]:
    """What became of a file, in words."""
    sums = [
        (_("sold"), report.sold),
        (_("given back"), report.credited),
    ]
    return [
        _("%(n)s orders added, with %(lines)s lines", n=report.orders, lines=report.lines),
        _("%(n)s credits and returns added", n=report.credits),
        _("%(n)s documents were known already", n=report.known),
        _("%(n)s documents sold nothing to anybody", n=report.empty),
        _("%(n)s rows or documents left out", n=report.refused),
        *(f"{word}: {Money(amount, code).decimal} {code}" for word, of in sums for code, amount in sorted(of.items())),
    ]
