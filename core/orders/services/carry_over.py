"""Carrying units from one order to another, with what was promised and paid for them: to the cent, and to the piece."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import msgspec

from core.catalogue.services import stock
from core.hookspecs.events import OrderChanged, OrderPlaced
from core.hookspecs.site import Site
from core.kernel import activity, db, events
from core.lib import clock, ids
from core.orders.services.change_shapes import ChangeView, Plan
from core.orders.services.facts import COUNTED, refunded_and_captured
from core.orders.services.goods import NotThatMany, in_each, stock_reference
from core.orders.services.hold_checks import copy_holds, hold_anew, move_holds
from core.orders.services.links import LIFE, order_secret
from core.orders.services.new_order import NewPayment, NewTax
from core.orders.services.opening import ask_for_the_rest
from core.orders.services.settle import line_facts, money_facts, open_amount, settle
from core.orders.services.shapes import OrderView
from core.orders.services.stages import copy_stages
from core.orders.services.status import owed_back
from core.orders.services.store import EVENTS, add_payment, insert_many, insert_taxes, next_number
from core.orders.services.timeline import note


def carry_over(site: Site, order: OrderView, change: ChangeView, actor: str) -> int:
    """Write what a split or merge planned; answers the order that the units are in now. Part of a verb's transaction.

    Both orders are locked by it. Records OrderPlaced for a new order, and OrderChanged for those that there were.
    """
    db.require_transaction()
    plan = change.plan
    target = plan.into if plan.into is not None else _new_order(order, plan)
    _hand_over(order, plan, target, actor)
    _append(order, plan, target)
    _sum_up(plan, target)
    moved = _move_money(order, plan, target, change.id)
    if plan.into is not None:
        _move_claims(order.id, target)
        db.execute("UPDATE orders SET expires_at = NULL WHERE id = ?", order.id)
    number = next_number(site.id, target) if plan.into is None else _number_of(target)
    _tell(site, order, change, target, number, moved, actor)
    if plan.into is None:
        copy_holds(order.id, target)
        copy_stages(order.id, target)
    else:
        move_holds(order.id, target)
    hold_anew(site.id, target, plan.holds)
    settle(target)
    settle(order.id)
    _ask_for_the_rest(site, order, plan, target)
    return target


# -- the goods ---------------------------------------------------------------------------------------------------------


def _new_order(order: OrderView, plan: Plan) -> int:
    """The same shopper, addresses and terms, without a delivery of its own to pay: that stays where it was agreed."""
    now = clock.now_us()
    cart_id = db.value(
        "INSERT INTO carts (site_id, token_digest, currency, language, shopper_id, email, codes, carrier, service,"
        " gateway, extra, note, version, created_at, updated_at, ordered_at)"
        " VALUES (?, ?, ?, ?, ?, '', '[]', '', '', '', '{}', '', 1, ?, ?, ?) RETURNING id",
        order.site_id, ids.digest(ids.token()), order.currency, order.language, order.shopper_id, now, now, now,
    )  # fmt: skip
    same = (
        "site_id, shopper_id, email, phone, name, language, currency, prices_include_tax, tax_note, address, billing,"
        " carrier, service, carrier_plugin, delivery_title, rate, gateway, payment_title, codes, extra, trace,"
        " expires_at, days_to_pay, channel"
    )
    made = int(
        db.value(
            f"INSERT INTO orders (number, cart_id, key_digest, placed_at, queued_at, subtotal, discount, delivery, tax,"
            f" total, delivery_total, charges, given_back, note, version, link, link_until, {same})"
            f" SELECT ?, ?, ?, ?, COALESCE(queued_at, placed_at), 0, 0, 0, 0, 0, 0, 0, 0, '', 1, 0, ?, {same}"
            " FROM orders WHERE id = ? AND site_id = ?"
            " RETURNING id",
            f"cart-{cart_id}", cart_id, ids.digest(order_secret(order.site_id, cart_id)), now,
            clock.micros(clock.now() + LIFE), order.id, order.site_id,
        )
    )  # fmt: skip
    where = "address, country, carrier, service, carrier_plugin, delivery_title, rate"
    for place in sorted({line.place for line in plan.lines} & {one.position for one in order.destinations if one.id}):
        db.execute(
            f"INSERT INTO order_destination (order_id, position, delivery, discount, total, {where})"
            f" SELECT ?, position, 0, 0, 0, {where} FROM order_destination WHERE order_id = ? AND position = ?",
            made, order.id, place,
        )  # fmt: skip
    return made


def _hand_over(order: OrderView, plan: Plan, target: int, actor: str) -> None:
    """The units leave their lines, and what is promised for them is promised to the other order."""
    needs: dict[int, int] = {}
    each = in_each(list(plan.moves))
    for line_id, units in sorted(plan.moves.items()):
        for variant_id, pieces in each[line_id].items():
            needs[variant_id] = needs.get(variant_id, 0) + pieces * units
        if not db.execute(
            "UPDATE order_line SET allocated = allocated - ?, cancelled = cancelled + ? WHERE id = ? AND order_id = ?"
            " AND allocated - CASE WHEN picked > shipped THEN picked - shipped ELSE 0 END >= ?",
            units, units, line_id, order.id, units,
        ):  # fmt: skip
            raise NotThatMany
    stock.hand_over(needs, stock_reference(order.id), stock_reference(target), actor, "split")


def _append(order: OrderView, plan: Plan, target: int) -> None:
    first = int(db.value("SELECT COALESCE(MAX(position), -1) FROM order_line WHERE order_id = ?", target)) + 1
    apart = {"taxes", "quantity", "parts", "promised_at", "of_line_id"}
    agreed = {
        row[0]: row[1:]
        for row in db.rows("SELECT id, promise, promised_at FROM order_line WHERE order_id = ?", order.id)
    }
    rows = [
        {
            "order_id": target, "position": first + place, "ordered": line.quantity, "allocated": line.quantity,
            **{name: value for name, value in msgspec.to_builtins(line).items() if name not in apart},
            **dict.fromkeys(EVENTS, 0), "promise": agreed[line.of_line_id][0],
            "promised_at": agreed[line.of_line_id][1],
        }
        for place, line in enumerate(plan.lines)
        if line.of_line_id is not None
    ]  # fmt: skip
    insert_many("order_line", rows)
    made = [
        row[0]
        for row in db.rows(
            "SELECT id FROM order_line WHERE order_id = ? AND position >= ? ORDER BY position", target, first
        )
    ]
    for line, line_id in zip(plan.lines, made, strict=True):
        db.execute(
            "INSERT INTO order_line_part (line_id, variant_id, sku, name, quantity)"
            " SELECT ?, variant_id, sku, name, quantity FROM order_line_part WHERE line_id = ?",
            line_id, line.of_line_id,
        )  # fmt: skip
    insert_taxes(
        target,
        [
            NewTax(position=place, name=tax.name, rate=tax.rate, amount=tax.amount)
            for place, line in enumerate(plan.lines)
            for tax in line.taxes
        ],
        made,
    )
    _append_offers(plan, target, made)


def _append_offers(plan: Plan, target: int, made: Sequence[int]) -> None:
    last = int(db.value("SELECT COALESCE(MAX(position), -1) FROM order_adjustment WHERE order_id = ?", target))
    insert_many(
        "order_adjustment",
        [
            {
                "order_id": target, "position": last + 1 + place, "plugin": one.plugin, "rule": one.rule[:200],
                "title": one.title, "code": one.code[:64], "target": "lines", "amount": one.amount,
                "shares": json.dumps({str(made[at]): amount for at, amount in one.shares.items()}),
            }
            for place, one in enumerate(plan.adjustments)
        ],
    )  # fmt: skip


def _sum_up(plan: Plan, target: int) -> None:
    def total(of: str) -> int:
        return sum(int(getattr(line, of)) for line in plan.lines)

    db.execute(
        "UPDATE orders SET subtotal = subtotal + ?, discount = discount + ?, total = total + ?,"
        " tax = (SELECT COALESCE(SUM(t.amount), 0) FROM order_tax t WHERE t.order_id = orders.id) WHERE id = ?",
        total("subtotal"), total("discount"), total("total"), target,
    )  # fmt: skip


def _move_claims(source: int, target: int) -> None:
    """What the whole order took from limited counters is the other's now."""
    for key, amount in db.rows(
        "SELECT key, amount FROM order_claim WHERE order_id = ? AND released = ? ORDER BY key", source, False
    ):
        if db.execute(
            "UPDATE order_claim SET amount = amount + ? WHERE order_id = ? AND key = ? AND released = ?",
            amount, target, key, False,
        ):  # fmt: skip
            db.execute("DELETE FROM order_claim WHERE order_id = ? AND key = ?", source, key)
        else:
            db.execute("UPDATE order_claim SET order_id = ? WHERE order_id = ? AND key = ?", target, source, key)


# -- the money ---------------------------------------------------------------------------------------------------------


def money_to_move(order_surplus: int, value: int, *, is_merge: bool) -> int:
    """How much of the money goes along: all that is too much after a merge; after a split, what the units cost."""
    return order_surplus if is_merge else min(order_surplus, value)


def _move_money(order: OrderView, plan: Plan, target: int, change_id: int) -> int:
    """Let paid money count for the other order: a fact that it left, and one that it came. Newest payments first.

    What moved is still given back through the payment that took it: the new one remembers whose it is.
    """
    row = db.one("SELECT total, delivery_total FROM orders WHERE id = ?", order.id)
    assert row is not None
    surplus = owed_back(row[0], row[1], line_facts(order.id), money_facts(order.id))
    value = sum(line.total for line in plan.lines)
    left = money_to_move(surplus, value, is_merge=plan.into is not None)
    done = 0
    for payment_id, root, plugin, gateway, account, live, currency, title in db.rows(
        "SELECT id, COALESCE(of_payment_id, id), plugin, gateway, account, live, currency, title FROM payment"
        " WHERE order_id = ? ORDER BY id DESC",
        order.id,
    ):
        refunded, captured = refunded_and_captured(payment_id)
        part = min(left - done, captured - refunded)
        if part <= 0:
            continue
        way = NewPayment(plugin=plugin, gateway=gateway, account=account, live=bool(live), title=title)
        made = add_payment(order.site_id, target, way, part, currency)
        db.execute("UPDATE payment SET of_payment_id = ? WHERE id = ?", root, made)
        reference = f"moved {change_id}:{payment_id}"
        _fact(payment_id, "moved", reference, part, order.number)
        _fact(made, "captured", reference, part, order.number)
        done += part
    return done


def _fact(payment_id: int, kind: str, reference: str, amount: int, number: str) -> None:
    now = clock.now_us()
    db.execute(
        "INSERT INTO payment_fact (site_id, plugin, account, live, kind, reference, amount, currency, at, stored_at,"
        " payment_id, verdict, note) SELECT site_id, plugin, account, live, ?, ?, ?, currency, ?, ?, id, ?, ?"
        " FROM payment WHERE id = ?",
        kind, reference, amount, now, now, COUNTED, f"order {number}", payment_id,
    )  # fmt: skip


def _ask_for_the_rest(site: Site, order: OrderView, plan: Plan, target: int) -> None:
    ask_for_the_rest(site.id, order.id)
    has_payment = db.value("SELECT 1 FROM payment WHERE order_id = ? AND of_payment_id IS NULL", target)
    rest = open_amount(target)
    if plan.into is not None or has_payment or rest <= 0:
        ask_for_the_rest(site.id, target)
        return
    newest = db.one(
        "SELECT plugin, gateway, account, live, title FROM payment WHERE order_id = ? ORDER BY id DESC LIMIT 1",
        order.id,
    )
    assert newest is not None  # What is due has an intent to be paid.
    way = NewPayment(
        plugin=newest[0], gateway=newest[1], account=newest[2], live=bool(newest[3]), title=newest[4]
    )  # fmt: skip
    add_payment(site.id, target, way, rest, order.currency)


# -- telling -----------------------------------------------------------------------------------------------------------


def _number_of(order_id: int) -> str:
    return str(db.value("SELECT number FROM orders WHERE id = ?", order_id))


def _tell(site: Site, order: OrderView, change: ChangeView, target: int, number: str, moved: int, actor: str) -> None:
    plan, effect = change.plan, change.effect
    value = sum(line.total for line in plan.lines)
    lines: Mapping[str, int] = {str(line_id): units for line_id, units in plan.moves.items()}
    kind = "split" if plan.into is None else "merged"
    if plan.into is None:
        total = db.value("SELECT total FROM orders WHERE id = ?", target)
        note(target, actor, "placed", total=total, currency=order.currency)
        placed = OrderPlaced(
            order_id=target, number=number, total=int(total), currency=order.currency, channel=order.channel
        )
        events.record(placed, site.id)
    note(order.id, actor, kind, to=number, lines=lines, amount=value, money=moved, reason=change.reason)
    pieces = sum(line.quantity for line in plan.lines)
    note(
        target, actor, f"{kind}_from", of=order.number, pieces=pieces, amount=value, money=moved, reason=change.reason
    )  # fmt: skip
    activity.record(
        actor, kind, f"order:{order.id}", before={"price": effect.price_before},
        after={"price": effect.price_after, "to": number, "money": moved, "reason": change.reason}, site_id=site.id,
        title=order.number,
    )  # fmt: skip
    told = [(order.id, order.number, effect.delta)]
    told += [(target, number, value)] if plan.into is not None else []
    for order_id, name, delta in told:
        events.record(
            OrderChanged(
                order_id=order_id, number=name, change_id=change.id, delta=delta, currency=order.currency
            ),
            site.id,
        )  # fmt: skip
