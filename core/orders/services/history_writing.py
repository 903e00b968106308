"""A document of a file of past orders becomes an order that was sent, arrived and was paid, or a return of one.

No mail, event or move of stock. What was written stands in the run's journal, by which an undo goes.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from msgspec import Struct, field
from msgspec.structs import replace

from core.accounts.services import find_shopper
from core.hookspecs.checkout import Address
from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.i18n import gettext as _
from core.lib import addresses, clock, ids
from core.lib.jsons import json_or_null
from core.orders.services.case_shapes import RESOLVED, RETURN
from core.orders.services.facts import COUNTED
from core.orders.services.gateways import CORE, Arrangement
from core.orders.services.history_rows import PastDocument, PastLine
from core.orders.services.links import LIFE, order_secret
from core.orders.services.new_order import NewPayment
from core.orders.services.settle import lock_order
from core.orders.services.states import changed
from core.orders.services.store import EVENTS, add_payment, insert_many, no_cart

NOTE = "imported"
# The number of a document, with room for what tells its credit apart.
LONGEST_NUMBER = 38


class Tally(Struct):
    """What came in: documents, lines, and sums in minor units per currency."""

    orders: int = 0
    credits: int = 0
    lines: int = 0
    empty: int = 0
    sold: Counter[str] = field(default_factory=Counter)
    credited: Counter[str] = field(default_factory=Counter)


class Writing(Struct, frozen=True, kw_only=True):
    """What writing documents of a run needs; `skus` are (variant, product) of those that are known here."""

    site: Site
    run_id: int
    actor: str
    skus: dict[str, tuple[int, int]]
    tally: Tally


def sold_and_back(one: PastDocument) -> tuple[list[PastLine], list[PastLine]]:
    """The lines that were sold, and those that came back, with counts and prices above zero."""
    sold = [line.given() for line in one.lines if line.amount > 0 or (line.amount == 0 and line.quantity > 0)]
    return sold, [line.given() for line in one.lines if line.amount < 0]


def says_nothing(one: PastDocument) -> bool:
    """Pieces that were found or lost: nothing was sold to anybody, and nothing came back from anybody."""
    return not any(sold_and_back(one)) or not (any(line.amount for line in one.lines) or one.customer or one.email)


def credit_number(number: str) -> str:
    """Under which number a credit stands that is for no order, where its document is an order, too."""
    return f"{number}-C"


def case_key(number: str) -> str:
    """What the return that came in under this number is known by, as long as it stands."""
    return f"import:{number}"


def refund_reference(run_id: int, number: str, order_id: int) -> str:
    """What the money of such a return is known by."""
    return f"import {run_id}:{number}:{order_id}"


def tally(into: Tally, one: PastDocument) -> None:
    """Count a document that comes in; its sums are those of its rows."""
    sold, back = sold_and_back(one)
    into.orders += bool(sold)
    into.credits += bool(back)
    into.lines += len(sold) + len(back)
    if sold:
        into.sold[one.currency] += sum(line.amount for line in sold)
    if back:
        into.credited[one.currency] += sum(line.amount for line in back)


def write(writing: Writing, one: PastDocument, number: str) -> None:
    """Part of a batch: one document under `number`, which nothing here has."""
    sold, back = sold_and_back(one)
    at = clock.micros(one.at.replace(tzinfo=ZoneInfo(writing.site.timezone)))
    became = [_order(writing, one, number, at, sold)] if sold else []
    if back:
        became.append(_credit(writing, one, number, credit_number(number) if sold else number, at, back))
    db.execute(
        "INSERT INTO order_import (site_id, number, order_id, run_id) VALUES (?, ?, ?, ?)",
        writing.site.id, number, became[0], writing.run_id,
    )  # fmt: skip
    tally(writing.tally, one)


def _journal(
    writing: Writing, one: PastDocument, kind: str, order_id: int, version: int, title: str, case_id: int = 0
) -> None:
    """What an undo goes by: an order that was made, or a return that was put to an earlier one (`case_id`)."""
    db.execute(
        "INSERT INTO import_change (run_id, line, kind, ref, title, created, version, before, after, state, reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, '{}', ?, '', '')",
        writing.run_id, one.line, kind, order_id, title, kind == "order", version,
        json.dumps({"case": case_id, "from": version - 1} if case_id else {}),
    )  # fmt: skip


# -- what was sold -----------------------------------------------------------------------------------------------------


def _order(writing: Writing, one: PastDocument, number: str, at: int, lines: Sequence[PastLine]) -> int:
    """An order that was sent, arrived and was paid, on its day."""
    total = sum(line.amount for line in lines)
    order_id = _insert_order(writing.site, one, number, at, total)
    _insert_lines(writing, order_id, lines)
    entry(order_id, at, writing.actor, "imported", total=total, currency=one.currency)
    _journal(writing, one, "order", order_id, 1, number)
    if total:
        payment = _payment(writing.site, order_id, total, one.currency, at)
        fact(payment, "captured", f"import {writing.run_id}:{number}", total, at)
        db.execute(
            "INSERT INTO order_effect (order_id, effect, at) VALUES (?, 'paid', ?)"
            " ON CONFLICT (order_id, effect) DO NOTHING",
            order_id, at,
        )  # fmt: skip
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
        "prices_include_tax": True, "tax_note": "", "address": json_or_null(address), "billing": None, "carrier": "",
        "carrier_plugin": "", "service": "", "delivery_title": "", "rate": "{}", "gateway": Arrangement.code,
        "payment_title": _("Imported"), "note": "", "codes": "[]",
        "extra": json.dumps({"import": about} if about else {}, ensure_ascii=False), "trace": "[]", "expires_at": None,
        "version": 1, "link": 0, "link_until": clock.micros(clock.instant(at) + LIFE),
    }  # fmt: skip
    columns = ", ".join(row)
    made = db.value(f"INSERT INTO orders ({columns}) VALUES ({db.marks(tuple(row))}) RETURNING id", *row.values())
    changed(int(made))
    return int(made)


def _insert_lines(writing: Writing, order_id: int, lines: Sequence[PastLine], received: int = 0) -> None:
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


def fact(payment_id: int, kind: str, reference: str, amount: int, at: int) -> None:
    """What happened with the money then, told by nobody: no conclusion is drawn, and nothing is sent."""
    db.execute(
        "INSERT INTO payment_fact (site_id, plugin, account, live, kind, reference, amount, currency, at, stored_at,"
        " payment_id, verdict, note) SELECT site_id, plugin, account, live, ?, ?, ?, currency, ?, ?, id, ?, 'imported'"
        " FROM payment WHERE id = ?",
        kind, reference[:200], amount, at, clock.now_us(), COUNTED, payment_id,
    )  # fmt: skip


def entry(order_id: int, at: int, actor: str, kind: str, **data: object) -> None:
    """A line of the timeline, on its day."""
    db.execute(
        "INSERT INTO order_entry (order_id, at, actor, kind, data) VALUES (?, ?, ?, ?, ?)",
        order_id, at, actor, kind, json.dumps(data),
    )  # fmt: skip


# -- what came back ----------------------------------------------------------------------------------------------------


def _credit(writing: Writing, one: PastDocument, number: str, own: str, at: int, lines: Sequence[PastLine]) -> int:
    """Goods that came back: of earlier orders of the same shopper at the same price, else of a time before the file.

    What belongs to no order stands under the number `own`. Answers an order that it belongs to.
    """
    found: dict[int, list[tuple[int, PastLine]]] = {}  # order -> (line id, units)
    rest: list[PastLine] = []
    for line in lines:
        left = line.quantity
        for line_id, order_id, can in _bought(writing.site, one, line, at):
            units = min(left, can)
            if units:
                found.setdefault(order_id, []).append((line_id, replace(line, quantity=units)))
                # At once, so that a second row about the same goods sees what is left.
                db.execute(
                    "UPDATE order_line SET received = received + ?, return_requested = return_requested + ?"
                    " WHERE id = ? AND order_id = ?",
                    units, units, line_id, order_id,
                )  # fmt: skip
                left -= units
        if left:
            rest.append(replace(line, quantity=left))
    for order_id, parts in found.items():
        _return(writing, one, order_id, number, at, parts)
    first = _unmatched(writing, one, own, at, rest) if rest else 0
    return next(iter(found), first)


def _bought(site: Site, one: PastDocument, line: PastLine, at: int) -> list[tuple[int, int, int]]:
    """(line, order, units that may still come back) of imported orders of this shopper before, the newest first."""
    if not (one.customer or one.email):
        return []
    gone = (
        "CASE WHEN l.return_requested > l.received + l.claimed THEN l.return_requested ELSE l.received + l.claimed END"
    )
    return [
        (row[0], row[1], int(row[2]))
        for row in db.rows(
            f"SELECT l.id, l.order_id, l.shipped - {gone} FROM order_line l JOIN orders o ON o.id = l.order_id"
            " WHERE o.site_id = ? AND o.name = ? AND o.email = ? AND o.currency = ? AND l.sku = ? AND l.unit_amount = ?"
            f" AND o.placed_at <= ? AND o.cart_id < 0 AND l.shipped > {gone} ORDER BY o.placed_at DESC, l.id DESC",
            site.id, f"#{one.customer}"[:200] if one.customer else "", one.email[:254], one.currency, line.sku,
            line.price, at,
        )
    ]  # fmt: skip


def _return(
    writing: Writing, one: PastDocument, order_id: int, number: str, at: int, parts: Sequence[tuple[int, PastLine]]
) -> None:
    """A resolved return of an order, with its money, on its day."""
    version = lock_order(order_id)
    total = sum(part.amount for _line_id, part in parts)
    case_id = db.value(
        "INSERT INTO order_case (site_id, order_id, kind, key, reason, note, photos, wanted, wish, way, outcome,"
        " granted, actor, answer, requested_at, approved_at, ended_at)"
        " VALUES (?, ?, ?, ?, 'changed_mind', ?, '[]', '{}', '', '', ?, ?, ?, '', ?, ?, ?) RETURNING id",
        writing.site.id, order_id, RETURN, case_key(number), number, RESOLVED, total, writing.actor, at, at, at,
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
        fact(int(payment), "refunded", refund_reference(writing.run_id, number, order_id), total, at)
    entry(order_id, at, writing.actor, "returned", lines={str(line_id): n for line_id, (n, _v) in units.items()})
    # An order that this run made is taken back as a whole; of another, only the return.
    is_own = db.execute(
        "UPDATE import_change SET version = ? WHERE kind = 'order' AND ref = ? AND run_id = ?",
        version, order_id, writing.run_id,
    )  # fmt: skip
    if not is_own:
        _journal(writing, one, "return", order_id, version, number, case_id)


def _unmatched(writing: Writing, one: PastDocument, number: str, at: int, lines: Sequence[PastLine]) -> int:
    """A credit for goods that the file does not say were sold: an order of which everything came back.

    Its money left and never came, so together with what was sold the sums are those of the file.
    """
    total = sum(line.amount for line in lines)
    order_id = _insert_order(writing.site, one, number, at, total)
    _insert_lines(writing, order_id, lines, received=1)
    entry(order_id, at, writing.actor, "imported", total=-total, currency=one.currency)
    _journal(writing, one, "order", order_id, 1, number)
    if total:
        payment = _payment(writing.site, order_id, total, one.currency, at)
        fact(payment, "refunded", f"import {writing.run_id}:{number}", total, at)
    return order_id
