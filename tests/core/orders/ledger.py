"""What must hold over all orders of all sites, reckoned from the facts by plain arithmetic beside the shop's own."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from core.kernel import db
from core.orders.services.read import OrderView, order_view
from tests.core.orders.walk import costs_now

COUNTS = (
    "ordered", "allocated", "picked", "shipped", "delivered", "cancelled", "return_requested", "received", "restocked",
    "written_off", "claimed", "claimed_amount",
)  # fmt: skip
STATES = ("on_hand", "allocated", "held", "damaged", "quality", "incoming")
_SETTLED = {"paid", "overpaid", "partly_refunded", "refunded", "not_due"}
Line = dict[str, Any]


def complaints() -> list[str]:
    """Everything that is not as it must be, with the name of its rule; empty is right."""
    return [f"{rule.__name__}: {said}" for rule in RULES for said in rule()]


def below_zero() -> Iterator[str]:
    """No quantity is ever negative, neither on an order nor on a shelf."""
    for row in db.rows(f"SELECT id, {', '.join(COUNTS)} FROM order_line"):
        if min(row[1:]) < 0:
            yield f"line {row}"
    for row in db.rows(f"SELECT variant_id, location_id, {', '.join(STATES)} FROM stock_level"):
        if min(row[2:]) < 0:
            yield f"stock {row}"


def uncounted() -> Iterator[str]:
    """What the lines say of units is what the parcels and the cases say."""
    sent: dict[int, int] = dict(
        db.rows(
            "SELECT l.line_id, SUM(l.quantity) FROM shipment_line l JOIN shipment s ON s.id = l.shipment_id"
            " WHERE s.undone_at IS NULL GROUP BY l.line_id"
        )
    )
    back = {
        row[0]: tuple(map(int, row[1:]))
        for row in db.rows(
            "SELECT line_id, SUM(received), SUM(sellable), SUM(damaged + discarded + to_supplier) FROM order_case_line"
            " GROUP BY line_id"
        )
    }
    for line in _lines():
        if line["ordered"] != line["allocated"] + line["shipped"] + line["cancelled"]:
            yield f"line {line['id']}: units are neither here nor there"
        if line["shipped"] != int(sent.get(line["id"], 0)):
            yield f"line {line['id']}: {line['shipped']} shipped, {sent.get(line['id'], 0)} in parcels"
        if (line["received"], line["restocked"], line["written_off"]) != back.get(line["id"], (0, 0, 0)):
            yield f"line {line['id']}: came back otherwise than its cases say"


def unequal_sums() -> Iterator[str]:
    """Net and tax are gross: of every line, of the delivery and the charges, of every order."""
    taxes: dict[int, list[tuple[int | None, int | None, int, int]]] = defaultdict(list)
    for order_id, *row in db.rows("SELECT order_id, line_id, charge_id, rate, amount FROM order_tax ORDER BY id"):
        taxes[order_id].append(tuple(row))  # type: ignore[arg-type]
    lines: dict[int, list[Line]] = defaultdict(list)
    for line in _lines():
        lines[line["order_id"]].append(line)
    charges = Counter[int](dict(db.rows("SELECT order_id, SUM(amount) FROM order_charge GROUP BY order_id")))
    for order_id, inside, total, tax, delivery in db.rows(
        "SELECT id, prices_include_tax, total, tax, delivery_total FROM orders"
    ):
        for line in lines[order_id]:
            own = [(rate, amount) for of, _charge, rate, amount in taxes[order_id] if of == line["id"]]
            yield from _unequal_line(line, own, inside=bool(inside))
        if tax != sum(amount for *_, amount in taxes[order_id]):
            yield f"order {order_id}: its taxes are not its tax"
        on_top = 0 if inside else sum(amount for _line, charge, _rate, amount in taxes[order_id] if charge is not None)
        parts = sum(line["total"] for line in lines[order_id]) + delivery + int(charges[order_id]) + on_top
        if total != parts:
            yield f"order {order_id}: {total}, its parts {parts}"


def _unequal_line(line: Line, own: list[tuple[int, int]], *, inside: bool) -> Iterator[str]:
    net, tax = line["subtotal"] - line["discount"], sum(amount for _rate, amount in own)
    if tax != line["tax"]:
        yield f"line {line['id']}: tax {line['tax']}, its rows {tax}"
    if line["total"] != (net if inside else net + tax):
        yield f"line {line['id']}: net and tax are not gross"
    rate = Decimal(sum(rate for rate, _amount in own)) / 10_000
    exact = Decimal(net) * rate / ((1 + rate) if inside else 1)
    # Units that were carried into another line or order bring their share of its tax along, rounded once more.
    if abs(tax - int(exact.quantize(Decimal(1), ROUND_HALF_UP))) > (2 if line["carried"] else 0):
        yield f"line {line['id']}: tax {tax}, {exact} by its rate"


def money_out_of_bounds() -> Iterator[str]:
    """Never goes more back, or is disputed, than was captured, nor is more captured than was authorised."""
    for payment_id, sums in _sums("payment_id").items():
        refunded = sums["refunded"] - sums["refund_failed"]
        lost = max(sums["disputed"] - sums["dispute_won"], sums["dispute_lost"])
        if refunded + lost + sums["moved"] > sums["captured"] or refunded < 0:
            yield f"payment {payment_id}: {refunded} refunded of {sums['captured']}, {sums['moved']} moved"
        if 0 < sums["authorized"] < sums["captured"] - sums["by hand"]:
            yield f"payment {payment_id}: {sums['captured']} captured of {sums['authorized']} authorised"


def false_statuses() -> Iterator[str]:
    """Every axis is what follows from the facts."""
    money = _sums("order_id")
    for (order_id,) in db.rows("SELECT id FROM orders ORDER BY id"):
        order = order_view(order_id)
        assert order is not None
        said, right = order.status, _axes(order, money.get(order_id, Counter()))
        for axis, found in right.items():
            if getattr(said, axis) not in found:
                yield f"order {order_id}: {axis} {getattr(said, axis)}, by its facts {sorted(found)}"


def stock_that_differs() -> Iterator[str]:
    """Every level is the sum of its moves."""
    sums = ", ".join(f"SUM({state})" for state in STATES)
    moved = {
        (row[0], row[1]): tuple(map(int, row[2:]))
        for row in db.rows(f"SELECT variant_id, location_id, {sums} FROM stock_move GROUP BY variant_id, location_id")
    }
    for row in db.rows(f"SELECT variant_id, location_id, {', '.join(STATES)} FROM stock_level"):
        if moved.get((row[0], row[1]), (0,) * len(STATES)) != tuple(row[2:]):
            yield f"stock {row}, moved {moved.get((row[0], row[1]))}"


def kept_for_closed() -> Iterator[str]:
    """Nothing is kept on a shelf for an order that is over."""
    for order_id, pieces in db.rows(
        "SELECT o.id, SUM(m.allocated + m.preordered + m.held) FROM orders o JOIN stock_move m"
        " ON m.reference = 'order:' || CAST(o.id AS VARCHAR(20))"
        " WHERE NOT EXISTS (SELECT 1 FROM order_line l WHERE l.order_id = o.id AND l.ordered > l.shipped + l.cancelled)"
        " GROUP BY o.id"
    ):
        if pieces:
            yield f"order {order_id}: {pieces} pieces"


RULES: tuple[Callable[[], Iterator[str]], ...] = (
    below_zero, uncounted, unequal_sums, money_out_of_bounds, false_statuses, stock_that_differs, kept_for_closed,
)  # fmt: skip


# -- papers ------------------------------------------------------------------------------------------------------------


def untrue_papers(order: OrderView) -> Iterator[str]:
    """Net and tax are gross on every invoice and credit note; together they say what the order costs, and its tax.

    For an order whose papers were just brought up to date.
    """
    said, taxes = 0, 0
    for code, kind, text in db.rows(
        "SELECT code, kind, content FROM documents_document WHERE order_id = ? ORDER BY id", order.id
    ):
        content = json.loads(text)
        sign = 1 if kind == "invoice" else -1
        for part in content["parts"]:
            net, tax = part["subtotal"] - part["discount"], sum(one["amount"] for one in part["taxes"])
            if part["amount"] != net + (0 if order.prices_include_tax else tax):
                yield f"{code}: {part['key']} costs {part['amount']}, net {net}, tax {tax}"
            taxes += sign * tax
        if content["total"] != sum(part["amount"] for part in content["parts"]):
            yield f"{code}: {content['total']} is not the sum of its parts"
        said += sign * content["total"]
    costs, slack = costs_now(order)
    if abs(said - costs) > slack:
        yield f"the papers say {said}, the order costs {costs}"
    left, slack = _tax_left(order)
    if abs(taxes - left) > slack:
        yield f"the papers say {taxes} of tax, {left} is left"


def _tax_left(order: OrderView) -> tuple[Fraction, int]:
    left, slack = Fraction(0), 0
    for line in order.lines:
        gone = line.cancelled + line.received
        left += Fraction(line.tax.amount * (line.quantity - gone), line.quantity)
        slack += 1 if 0 < gone < line.quantity else 0
    rest = "line_id IS NULL" if any(line.left for line in order.lines) else "charge_id IS NOT NULL"
    return left + int(
        db.value(f"SELECT COALESCE(SUM(amount), 0) FROM order_tax WHERE order_id = ? AND {rest}", order.id)
    ), slack


# -- reckoning ---------------------------------------------------------------------------------------------------------


def _lines() -> list[Line]:
    names = ("id", "order_id", "change_id", "subtotal", "discount", "tax", "total", *COUNTS)
    parted = {row[0] for row in db.rows("SELECT into_order_id FROM order_change WHERE into_order_id IS NOT NULL")}
    found = [
        dict(zip(names, row, strict=True)) for row in db.rows(f"SELECT {', '.join(names)} FROM order_line ORDER BY id")
    ]
    return [{**line, "carried": line["change_id"] is not None or line["order_id"] in parted} for line in found]


def _sums(by: str) -> dict[int, Counter[str]]:
    """The sums of the facts that count, by kind; `by hand` is what of the captured money never was at the bank."""
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for key, kind, amount, note in db.rows(
        f"SELECT p.{'id' if by == 'payment_id' else by}, f.kind, f.amount, f.note FROM payment_fact f"
        " JOIN payment p ON p.id = f.payment_id WHERE f.verdict = 'counted'"
    ):
        found[key][kind] += amount
        found[key]["by hand"] += amount if (kind, note) == ("captured", "by hand") else 0
    return found


def price(order: OrderView) -> tuple[Fraction, int]:
    """What an order costs without its cancelled units, and by how many cents that may be rounded otherwise."""
    left, slack = Fraction(0), 0
    for line in order.lines:
        left += Fraction(line.total.amount * line.left, line.quantity)
        slack += 2 if line.cancelled else 0
    on_top = 0 if order.prices_include_tax else _charge_taxes(order.id)
    lives = any(line.left for line in order.lines)
    return left + order.charges.amount + on_top + (order.delivery_total.amount if lives else 0), slack


def _charge_taxes(order_id: int) -> int:
    return int(
        db.value(
            "SELECT COALESCE(SUM(amount), 0) FROM order_tax WHERE order_id = ? AND charge_id IS NOT NULL", order_id
        )
    )


def _axes(order: OrderView, money: Counter[str]) -> dict[str, set[str]]:
    lines = order.lines
    carried = [line for line in lines if line.needs_delivery]
    wanted, sent = sum(line.left for line in carried), sum(line.shipped for line in carried)
    arrived, back = sum(line.delivered for line in carried), sum(line.received for line in lines)
    if not wanted:
        fulfilment = "not_needed"
    elif not sent:
        fulfilment = "unfulfilled"
    else:
        fulfilment = "partly_shipped" if sent < wanted else "delivered" if arrived >= wanted else "shipped"
    if back:
        returned = "returned" if back >= sum(line.shipped for line in lines) else "partly_returned"
    else:
        returned = "requested" if any(line.return_requested for line in lines) else "none"
    payment = _paid(order, money)
    if not any(line.left for line in lines):
        whole = {"cancelled"}
    else:
        is_done = fulfilment in {"not_needed", "shipped", "delivered"}
        whole = {"completed" if is_done and paid in _SETTLED else "open" for paid in payment}
    return {"fulfilment": {fulfilment}, "returned": {returned}, "payment": payment, "order": whole}


def _paid(order: OrderView, money: Counter[str]) -> set[str]:
    captured, refunded = money["captured"] - money["moved"], money["refunded"] - money["refund_failed"]
    if money["disputed"] > money["dispute_won"] + money["dispute_lost"]:
        return {"disputed"}
    refunded += money["dispute_lost"]
    if not captured:
        return {_promised(money)} if order.due else {"not_due"}
    if order.due:
        return {"partly_paid" if captured > refunded else "unpaid"}
    if refunded:
        return {"refunded" if refunded >= captured else "partly_refunded"}
    costs, slack = price(order)
    surplus = captured - costs
    return {"paid", "overpaid"} if abs(surplus) <= slack and slack else {"overpaid" if surplus > 0 else "paid"}


def _promised(money: Counter[str]) -> str:
    return "authorized" if money["authorized"] > money["voided"] + money["expired"] + money["moved"] else "unpaid"
