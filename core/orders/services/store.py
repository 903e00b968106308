"""Writing a new order with all its rows, as part of `place_order`'s transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from core.catalogue.services import stock
from core.catalogue.services.shapes import PartOfKit
from core.hookspecs.events import OrderPlaced
from core.hookspecs.promote import Claim
from core.kernel import db, events
from core.lib import clock, ids
from core.lib.jsons import json_or_null, to_json
from core.orders.services.claims import take_claims
from core.orders.services.facts import PaymentRow
from core.orders.services.goods import stock_reference
from core.orders.services.hold_checks import insert_holds
from core.orders.services.intents import Opened
from core.orders.services.links import LIFE
from core.orders.services.new_order import NewAdjustment, NewDestination, NewLine, NewOrder, NewPayment, NewTax
from core.orders.services.operations import begin_operation
from core.orders.services.settle import deadline, settle
from core.orders.services.states import first_state, words_of
from core.orders.services.status import LineFacts
from core.orders.services.timeline import note

FIRST_NUMBER = 10_001
Row = dict[str, Any]


class StoredOrder(Struct, frozen=True, kw_only=True):
    """What was written. `payment` is one whose beginning is noted, and may be asked for once this is committed."""

    id: int
    number: str
    payment: Opened | None


def store_order(new: NewOrder) -> StoredOrder:
    """Take the claims and the stock, and write the order with all that it consists of.

    Inside the caller's transaction. Raises ClaimExhausted and OutOfStock, which undo everything. Records OrderPlaced.
    Rows that others wait for are taken in one order everywhere: stock by variant, claims by name, the counter last.
    """
    db.require_transaction()
    order_id = _insert_order(new)
    taken = stock.allocate(
        pieces_of(new.lines), stock_reference(order_id), new.actor, new.sources,
        site_id=new.site_id, cart=new.holder, why=new.why,
        channel=new.channel,
    )  # fmt: skip
    take_claims(new.site_id, new.claims)
    _insert_destinations(order_id, new.destinations)
    line_ids = _insert_lines(order_id, new.lines, taken)
    _insert_adjustments(order_id, new.adjustments, line_ids)
    insert_taxes(order_id, new.taxes, line_ids)
    _insert_claims(order_id, new.claims)
    token = ids.token()
    payment_id = _insert_payment(new.site_id, order_id, new.payment, new.total, new.currency, token) if new.total else 0
    number = next_number(new.site_id, order_id)
    elsewhere = {"channel": new.channel, "channel_number": new.channel_number} if new.channel else {}
    note(order_id, new.actor, "placed", total=new.total, currency=new.currency, **elsewhere)
    if new.holds:
        insert_holds(new.site_id, order_id, new.holds, "system")
    placed = OrderPlaced(
        order_id=order_id, number=number, total=new.total, currency=new.currency, channel=new.channel,
        channel_number=new.channel_number or "",
    )  # fmt: skip
    events.record(placed, new.site_id)
    if not new.total:
        settle(order_id)
    opened = _begun(new, order_id, number, payment_id, token) if payment_id and new.begins else None
    return StoredOrder(id=order_id, number=number, payment=opened)


def add_payment(site_id: int, order_id: int, payment: NewPayment, amount: int, currency: str) -> int:
    """Store the intent to be paid `amount` through a gateway, under a token of its own. Inside a transaction."""
    return _insert_payment(site_id, order_id, payment, amount, currency, ids.token())


def _insert_payment(
    site_id: int, order_id: int, payment: NewPayment, amount: int, currency: str, token: str
) -> int:  # fmt: skip
    made = db.value(
        "INSERT INTO payment (site_id, order_id, plugin, gateway, account, live, token, amount, currency, title,"
        " reference, data, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '{}', ?) RETURNING id",
        site_id, order_id, payment.plugin, payment.gateway, payment.account, payment.live, token, amount, currency,
        payment.title[:200], clock.now_us(),
    )  # fmt: skip
    return int(made)


def _begun(new: NewOrder, order_id: int, number: str, payment_id: int, token: str) -> Opened:
    """Note that the payment just written is begun; answers what `newest_payment` would read of it."""
    way = new.payment
    row = PaymentRow(
        id=payment_id, site_id=new.site_id, order_id=order_id, plugin=way.plugin, account=way.account, live=way.live,
        amount=new.total, currency=new.currency,
    )  # fmt: skip
    opened = Opened(
        row=row, token=token, gateway=way.gateway, reference="", data={}, order_number=number, email=new.email,
        language=new.language, billing=new.billing or new.address, total=new.total, delivery_total=new.delivery_total,
        taken_by=token,
    )  # fmt: skip
    begin_operation(opened)
    return opened


def no_cart() -> int:
    """What stands for the cart of an order that never had one: below zero, and each once. Inside a transaction."""
    return int(
        db.value(
            "INSERT INTO order_counter (site_id, last) VALUES (0, -1) ON CONFLICT (site_id) DO UPDATE SET last ="
            " order_counter.last - 1 RETURNING last"
        )
    )


def next_number(site_id: int, order_id: int) -> str:
    """The next number of the site. Taken late, because everybody who orders there waits for the counter's row."""
    last = db.value(
        "INSERT INTO order_counter (site_id, last) VALUES (?, ?) ON CONFLICT (site_id) DO UPDATE SET last ="
        " order_counter.last + 1 RETURNING last",
        site_id,
        FIRST_NUMBER,
    )
    # The words begin with the number; the rest of them is known since the row was written.
    db.execute("UPDATE orders SET number = ?, words = ? || words WHERE id = ?", str(last), str(last), order_id)
    return str(last)


def _insert_order(new: NewOrder) -> int:
    person = new.address or next((one.address for one in new.destinations), None) or new.billing
    row = {
        "site_id": new.site_id,
        "number": f"cart-{new.cart_id}",  # until it gets its own, at the end of the transaction
        "cart_id": new.cart_id,
        "key_digest": ids.digest(new.secret),
        "link": 0,
        "link_until": clock.micros(clock.now() + LIFE),
        "shopper_id": new.shopper_id,
        "email": new.email,
        "phone": person.phone if person else "",
        "name": person.name if person else "",
        "language": new.language,
        "currency": new.currency,
        "placed_at": clock.micros(new.placed_at) if new.placed_at else clock.now_us(),
        "subtotal": new.subtotal,
        "discount": new.discount,
        "delivery": new.delivery,
        "tax": new.tax,
        "total": new.total,
        "delivery_total": new.delivery_total,
        "charges": 0,
        "given_back": 0,
        "prices_include_tax": new.prices_include_tax,
        "tax_note": new.tax_note,
        "address": json_or_null(new.address),
        "billing": json_or_null(new.billing),
        "carrier": new.carrier,
        "carrier_plugin": new.carrier_plugin,
        "service": new.service,
        "delivery_title": new.delivery_title[:200],
        "rate": to_json(new.rate),
        "gateway": new.payment.gateway,
        "payment_title": new.payment.title[:200],
        "note": new.note,
        "codes": to_json(list(new.codes)),
        "extra": to_json(new.extra),
        "trace": to_json(list(new.trace)),
        "days_to_pay": new.days_to_pay,
        "expires_at": deadline(new.days_to_pay) if new.total else None,
        "version": 1,
        "channel": new.channel,
        "channel_number": new.channel_number,
        "state": first_state(new.total, new.delivery_total, [_facts(line) for line in new.lines]),
        "country": new.address.country[:2] if new.address else "",
        "words": words_of(
            "",
            person.name if person else "",
            new.email,
            new.channel_number or "",
            *(one.address.name for one in new.destinations),
        ),
    }
    columns = ", ".join(row)
    return int(db.value(f"INSERT INTO orders ({columns}) VALUES ({db.marks(tuple(row))}) RETURNING id", *row.values()))


def _facts(line: NewLine) -> LineFacts:
    return LineFacts(ordered=line.quantity, needs_delivery=line.needs_delivery, total=line.total)


# What happens to lines, and every line begins without.
EVENTS = (
    "picked", "shipped", "delivered", "cancelled", "return_requested", "received", "restocked", "written_off",
    "claimed", "claimed_amount",
)  # fmt: skip


def pieces_of(lines: Iterable[NewLine]) -> dict[int, int]:
    """What lines take from stock: pieces per variant, the parts of kits and single pieces of them added up."""
    summed: dict[int, int] = {}
    for line in lines:
        for variant_id, pieces in in_a_unit(line.variant_id, line.parts).items():
            summed[variant_id] = summed.get(variant_id, 0) + pieces * line.quantity
    return summed


def in_a_unit(variant_id: int, parts: Sequence[PartOfKit]) -> dict[int, int]:
    """What one unit takes from stock: nothing of what is no variant."""
    return {part.variant_id: part.quantity for part in parts} or ({variant_id: 1} if variant_id else {})


def _insert_lines(order_id: int, lines: Sequence[NewLine], taken: Sequence[stock.Allocation]) -> list[int]:
    """Ids in the order of `lines`, told by position since RETURNING promises no order."""
    rows = [
        {**_line_row(order_id, position, line), **promise(line.variant_id, line.parts, line.promised_at, taken)}
        for position, line in enumerate(lines)
    ]
    line_ids = [row[1] for row in sorted(insert_many("order_line", rows, returning="position, id"))]
    insert_parts(line_ids, [line.parts for line in lines])
    return line_ids


def promise(
    variant_id: int, parts: Sequence[PartOfKit], promised_at: datetime | None, taken: Sequence[stock.Allocation]
) -> Row:
    """What is agreed of a line by what was taken for it: nothing, if all of it can leave now."""
    own = [one for one in taken if one.variant_id in in_a_unit(variant_id, parts)]
    kind = "preorder" if any(one.ahead for one in own) else "backorder" if any(one.late for one in own) else ""
    at = None if promised_at is None or not kind else clock.micros(promised_at)
    return {"promise": kind, "promised_at": at}


def insert_parts(line_ids: Sequence[int], parts: Sequence[Sequence[PartOfKit]]) -> None:
    """Store what is in the kits among these lines. Inside a transaction."""
    rows: list[Row] = [
        {"line_id": line_id, **asdict(part)}
        for line_id, of_line in zip(line_ids, parts, strict=True)
        for part in of_line
    ]
    insert_many("order_line_part", rows)


def _line_row(order_id: int, position: int, line: NewLine) -> Row:
    return {
        "order_id": order_id,
        "position": position,
        "place": line.place,
        "variant_id": line.variant_id,
        "product_id": line.product_id,
        "sku": line.sku,
        "name": line.name,
        "picture": line.picture,
        "unit_amount": line.unit_amount,
        "list_amount": line.list_amount,
        "subtotal": line.subtotal,
        "discount": line.discount,
        "tax": line.tax,
        "total": line.total,
        "tax_class": line.tax_class,
        "weight_g": line.weight_g,
        "needs_delivery": line.needs_delivery,
        "returns": line.returns,
        "ordered": line.quantity,
        "allocated": line.quantity,
        **dict.fromkeys(EVENTS, 0),
    }


def _insert_destinations(order_id: int, destinations: Sequence[NewDestination]) -> None:
    rows: list[Row] = [
        {
            "order_id": order_id,
            "position": position,
            "address": json_or_null(one.address),
            "carrier": one.carrier,
            "service": one.service,
            "carrier_plugin": one.carrier_plugin,
            "delivery_title": one.delivery_title[:200],
            "rate": to_json(one.rate),
            "delivery": one.delivery,
            "discount": one.discount,
            "total": one.total,
            "country": one.address.country[:2],
        }
        for position, one in enumerate(destinations)
    ]
    insert_many("order_destination", rows)


def _insert_adjustments(order_id: int, adjustments: Sequence[NewAdjustment], line_ids: Sequence[int]) -> None:
    rows: list[Row] = [
        {
            "order_id": order_id,
            "position": position,
            "plugin": one.plugin,
            "rule": one.rule[:200],
            "title": one.title,
            "code": one.code[:64],
            "target": one.target,
            "amount": one.amount,
            "shares": to_json({str(line_ids[place]): amount for place, amount in one.shares.items()}),
        }
        for position, one in enumerate(adjustments)
    ]
    insert_many("order_adjustment", rows)


def insert_taxes(order_id: int, taxes: Sequence[NewTax], line_ids: Sequence[int]) -> None:
    """Store taxes of the lines at their positions, or of the delivery. Inside a transaction."""
    rows: list[Row] = [
        {
            "order_id": order_id,
            "line_id": None if tax.position is None else line_ids[tax.position],
            "place": tax.place,
            "name": tax.name[:120],
            "rate": tax.rate,
            "amount": tax.amount,
        }
        for tax in taxes
    ]
    insert_many("order_tax", rows)


def _insert_claims(order_id: int, claims: Mapping[str, Claim]) -> None:
    rows: list[Row] = [
        {"order_id": order_id, "key": key, "amount": claim.amount, "released": False}
        for key, claim in sorted(claims.items())
    ]
    insert_many("order_claim", rows)


def insert_many(table: str, rows: Sequence[Row], at_once: int = 30, returning: str = "") -> list[db.Row]:
    """Insert rows of the same columns, some at a time: a statement takes a limited number of parameters.

    Answers the columns named in `returning`, in no order.
    """
    made: list[db.Row] = []
    for start in range(0, len(rows), at_once):
        part = rows[start : start + at_once]
        columns = ", ".join(part[0])
        places = ", ".join(f"({db.marks(tuple(row))})" for row in part)
        values = (value for row in part for value in row.values())
        # Safe in SQL: tables and columns are named in this package, never by a request.
        sql = f"INSERT INTO {table} ({columns}) VALUES {places}"
        if returning:
            made += db.rows(f"{sql} RETURNING {returning}", *values)
        else:
            db.execute(sql, *values)
    return made
