"""The four axes: pure functions of facts, and the same in SQL."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from core.hookspecs.payment import FactKind
from core.kernel import db
from core.lib import clock
from core.orders.services import settle as settling
from core.orders.services import states
from core.orders.services import status as rules
from core.orders.services.listing import OrderFilters, count_orders, list_orders
from core.orders.services.payments import mark_paid
from core.orders.services.read import OrderView, order_view
from core.orders.services.settle import money_facts, open_amount, still_due
from core.orders.services.states import changed
from core.orders.services.status import (
    LineFacts,
    MoneyFacts,
    axes,
    claim_value,
    due,
    owed_back,
    returned_value,
    share,
)
from tests.core.checkout.shop import Shop


def line(ordered: int, **more: Any) -> LineFacts:
    return LineFacts(ordered=ordered, total=more.pop("total", 1000 * ordered), **more)


@pytest.mark.parametrize(
    ("money", "expected"),
    [
        ({}, "unpaid"),
        ({"pending_at": 5}, "pending"),
        ({"pending_at": 5, "ended_at": 7}, "unpaid"),
        ({"authorized": 1000}, "authorized"),
        ({"authorized": 1000, "released": 1000}, "unpaid"),
        ({"captured": 999}, "partly_paid"),
        ({"captured": 1000}, "paid"),
        ({"captured": 1001}, "overpaid"),
        ({"captured": 1000, "refunded": 1}, "partly_refunded"),
        ({"captured": 1000, "refunded": 1000}, "refunded"),
        ({"captured": 1000, "lost": 1000}, "refunded"),
        ({"captured": 1000, "disputed": 1000}, "disputed"),
    ],
)
def test_where_the_money_is(money: dict[str, int], expected: str) -> None:
    assert axes(1000, 0, [line(1)], MoneyFacts(**money)).payment == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, "unfulfilled"),
        ({"shipped": 1}, "partly_shipped"),
        ({"shipped": 2, "cancelled": 1}, "shipped"),
        ({"shipped": 3}, "shipped"),
        ({"shipped": 3, "delivered": 3}, "delivered"),
        ({"cancelled": 3}, "not_needed"),
        ({"needs_delivery": False}, "not_needed"),
    ],
)
def test_how_much_has_left(facts: dict[str, Any], expected: str) -> None:
    assert axes(3000, 0, [line(3, **facts)], MoneyFacts()).fulfilment == expected


@pytest.mark.once
def test_money_parcels_and_returns_stand_each_for_themselves() -> None:
    """Every way the money can stand goes with every way the parcels do, and with every return that there can be."""
    moneys = {
        "unpaid": {}, "authorized": {"authorized": 3000}, "paid": {"captured": 3000},
        "disputed": {"captured": 3000, "disputed": 3000},
    }  # fmt: skip
    parcels = {
        "partly_shipped": {"shipped": 2}, "shipped": {"shipped": 3}, "delivered": {"shipped": 3, "delivered": 3},
    }  # fmt: skip
    returns = {"none": {}, "requested": {"return_requested": 1}}
    for paid, money in moneys.items():
        for left, sent in parcels.items():
            for back, asked in returns.items():
                found = axes(3000, 0, [line(3, **sent, **asked)], MoneyFacts(**money))
                assert (found.payment, found.fulfilment, found.returned) == (paid, left, back)
    came = [axes(3000, 0, [line(3, shipped=3, received=units)], MoneyFacts(captured=3000)) for units in (1, 3)]
    assert [(one.fulfilment, one.returned) for one in came] == [("shipped", "partly_returned"), ("shipped", "returned")]


def test_an_order_is_completed_when_it_is_paid_and_sent() -> None:
    sent = [line(1, shipped=1)]
    assert axes(1000, 0, sent, MoneyFacts()).order == "open"
    assert axes(1000, 0, sent, MoneyFacts(captured=1000)).order == "completed"
    assert axes(1000, 0, [line(1, cancelled=1)], MoneyFacts()).order == "cancelled"


@pytest.mark.parametrize(
    ("money", "added", "expected"),
    [
        # Three cups at 10.00 and 4.90 for the way; two cups cancelled, 20.00 refunded for them: 14.90 kept.
        ({"captured": 3490, "refunded": 2000}, 0, ("partly_refunded", "completed")),
        # A pot for 25.00 was added: 39.90 to be kept in all.
        ({"captured": 3490, "refunded": 2000}, 2500, ("partly_paid", "open")),
        ({"captured": 5989, "refunded": 2000}, 2500, ("partly_paid", "open")),
        ({"captured": 5990, "refunded": 2000}, 2500, ("partly_refunded", "completed")),
        ({"captured": 5990, "refunded": 2100}, 2500, ("partly_refunded", "completed")),
        # A chargeback was lost as well: it is not asked for again, and neither does it pay for the pot.
        ({"captured": 3490, "refunded": 2000, "lost": 100}, 2500, ("partly_paid", "open")),
        # Nothing is left of the money: nothing is paid of the pot.
        ({"captured": 3490, "refunded": 2000, "lost": 1490}, 2500, ("unpaid", "open")),
        ({"captured": 3490, "refunded": 2000, "lost": 1490}, 0, ("refunded", "completed")),
        ({"captured": 3490, "refunded": 2000, "disputed": 100}, 2500, ("disputed", "open")),
    ],
)
def test_what_is_open_comes_before_what_was_refunded(
    money: dict[str, int], added: int, expected: tuple[str, str]
) -> None:
    lines = [line(3, cancelled=2, shipped=1, delivered=1)]
    if added:
        lines.append(line(1, total=added, shipped=1, delivered=1))
    found = axes(3490 + added, 490, lines, MoneyFacts(**money), given_back=2000 if added else 0)
    assert (found.payment, found.order) == expected


def test_too_little_that_was_refunded_in_part_is_still_too_little() -> None:
    lines = [line(1, shipped=1)]
    assert axes(1000, 0, lines, MoneyFacts(captured=600, refunded=100)).payment == "partly_paid"
    assert axes(1000, 0, lines, MoneyFacts(captured=600, refunded=600)).payment == "unpaid"


def test_the_delivery_is_due_until_the_last_piece_is_cancelled() -> None:
    assert due(2490, 490, [line(2, cancelled=1)]) == 1490
    assert due(2490, 490, [line(2, cancelled=2)]) == 0


def test_returned_goods_are_owed_back() -> None:
    lines = [line(3, total=1000, shipped=3, received=1)]
    assert owed_back(1490, 490, lines, MoneyFacts(captured=1490)) == 333


@given(total=st.integers(0, 10**9), ordered=st.integers(1, 999), data=st.data())
def test_parts_of_a_line_add_up_to_the_line(total: int, ordered: int, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, ordered), max_size=5)))
    steps = [0, *cuts, ordered]
    parts = [share(total, end, ordered) - share(total, begin, ordered) for begin, end in pairwise(steps)]
    assert sum(parts) == total
    assert all(part >= 0 for part in parts)


EVENTS = st.lists(
    st.tuples(st.sampled_from(("cancel", "return", "claim", "claim", "withdraw")), st.integers(0, 99)), max_size=30
)


@given(total=st.integers(0, 60) | st.integers(0, 10**9), ordered=st.integers(1, 9), events=EVENTS)
def test_in_whatever_order_pieces_go_all_of_them_give_back_the_line(
    total: int, ordered: int, events: list[tuple[str, int]]
) -> None:
    """Cancelled, returned, claimed for money, some claims in vain: no cent is lost, and none is given twice."""
    now, claims, given_back = line(ordered, total=total), list[tuple[int, int]](), 0
    for kind, number in [*events, ("return", 0)]:
        left = ordered - now.cancelled - now.received - now.claimed
        # What comes last takes all that is left.
        units = left if (kind, number) == ("return", 0) else min(left, 1 + number % 3)
        if kind == "withdraw" and claims:
            units, value = claims.pop(number % len(claims))
            after = replace(now, claimed=now.claimed - units, claimed_amount=now.claimed_amount - value)
        elif kind == "claim" and units:
            value = claim_value(now, units)
            assert value >= 0
            claims.append((units, value))
            after = replace(now, claimed=now.claimed + units, claimed_amount=now.claimed_amount + value)
        elif kind in {"cancel", "return"}:
            after = replace(now, **{COUNTED[kind]: getattr(now, COUNTED[kind]) + units})
            assert price_of(after) <= price_of(now), "something that went made the order dearer"
        else:
            continue
        given_back += price_of(now) - price_of(after)
        now = after
        # What is still to be paid for, but for what is claimed, is the price of whole pieces, give or take a cent each.
        whole = Fraction(total * (ordered - now.cancelled - now.received - now.claimed), ordered)
        assert abs(price_of(now) - whole) <= 1 + len(events)
    assert now.cancelled + now.received + now.claimed == ordered
    assert (given_back, price_of(now)) == (total, 0)


COUNTED = {"cancel": "cancelled", "return": "received"}


def price_of(one: LineFacts) -> int:
    """What is to be paid for a line of which claims were granted in money."""
    return due(one.total, 0, [one]) - returned_value([one]) - one.claimed_amount


def test_a_claimed_piece_and_two_returned_ones_are_the_whole_line() -> None:
    """Three pieces for 10.00: 3.34 for the claimed one, which is counted from the end, and 6.66 for the others."""
    sent = line(3, total=1000, shipped=3)
    assert claim_value(sent, 1) == 334
    claimed = replace(sent, claimed=1, claimed_amount=334)
    assert returned_value([replace(claimed, received=1)]) == 333
    assert returned_value([replace(claimed, received=2)]) == 666


def scatter(shop: Shop, count: int, seed: int = 7) -> None:
    """Orders in every state that facts can make, written straight into the tables."""
    draw = random.Random(seed)
    variants = [shop.sell("cup", 1000, None), shop.sell("pot", 333, None)]
    for _ in range(count):
        order = shop.order(*((variant, draw.randint(1, 4)) for variant in variants[: draw.randint(1, 2)]))
        payment = db.value("SELECT id FROM payment WHERE order_id = ?", order.id)
        total = db.value("SELECT total FROM orders WHERE id = ?", order.id)
        with db.transaction():
            changed(order.id)
            for line_id, ordered in db.rows("SELECT id, ordered FROM order_line WHERE order_id = ?", order.id):
                cancelled = draw.choice([0, 0, ordered, draw.randint(0, ordered)])
                shipped = draw.choice([0, ordered - cancelled, draw.randint(0, ordered - cancelled)])
                delivered, received = (draw.choice([0, shipped, draw.randint(0, shipped)]) for _ in range(2))
                claimed = draw.choice([0, shipped - received])
                price = draw.choice([1000, 333, 1, 0])
                db.execute(
                    "UPDATE order_line SET cancelled = ?, shipped = ?, allocated = ?, delivered = ?, received = ?,"
                    " return_requested = ?, claimed = ?, total = ?, claimed_amount = ?,"
                    " needs_delivery = ? WHERE id = ?",
                    cancelled, shipped, ordered - cancelled - shipped, delivered, received, draw.randint(0, shipped),
                    claimed, price, draw.randint(0, price) if claimed else 0, draw.random() < 0.8, line_id,
                )  # fmt: skip
            db.execute("UPDATE orders SET given_back = ? WHERE id = ?", draw.choice([0, 0, 1, total // 2]), order.id)
            for number in range(draw.randint(0, 4)):
                kind = draw.choice([*FactKind, FactKind.CAPTURED, FactKind.CAPTURED])
                db.execute(
                    "INSERT INTO payment_fact (site_id, plugin, account, live, kind, reference, amount, currency, at,"
                    " stored_at, payment_id,"
                    " verdict, note) VALUES (?, 'p', 'a', ?, ?, ?, ?, 'EUR', ?, ?, ?, ?, '')",
                    shop.site.id, True, str(kind), f"{order.id}-{number}", draw.choice([total, total, total // 2, 1]),
                    draw.randint(1, 5), clock.now_us(), payment, draw.choice(["counted"] * 5 + ["quarantined:amount"]),
                )  # fmt: skip


def differing(shop: Shop) -> list[str]:
    """Orders whose statuses in the list, or open amounts in SQL, are not those of their own page."""
    listed = {row.id: row.status for row in list_orders(shop.site, limit=1000).orders}
    return [
        f"{order_id}: {status} but {view.status}"
        for order_id, status in listed.items()
        if (view := order_view(order_id)) and (view.status != status or open_amount(order_id) != open_in_python(view))
    ]


def open_in_python(view: OrderView) -> int:
    """`open_amount`, by the pure rules."""
    money = money_facts(view.id)
    return still_due(view.id, money) - max(0, money.authorized - money.released - money.captured)


def test_the_list_says_what_the_pages_say(shop: Shop) -> None:
    scatter(shop, 40)
    assert differing(shop) == []
    for axis in ("order", "payment", "fulfilment", "returned"):
        codes = {getattr(row.status, axis) for row in list_orders(shop.site, limit=1000).orders}
        for code in codes:
            filters = OrderFilters(statuses={axis: (code,)})
            found = list_orders(shop.site, filters, limit=1000).orders
            assert {getattr(row.status, axis) for row in found} == {code}
            assert count_orders(shop.site, filters) == len(found)


def test_a_list_with_another_rule_is_found(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: the list takes any captured money for paid."""
    with monkeypatch.context() as planted:
        planted.setitem(rules.SQL, "payment", "CASE WHEN COALESCE(m.captured, 0) > 0 THEN 'paid' ELSE 'unpaid' END")
        scatter(shop, 15)
    assert differing(shop)
    states.copy_all()


def test_a_verb_that_does_not_tell_the_list_is_found(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: who locks an order and concludes from facts forgets what lists are narrowed by."""
    order = shop.order((shop.sell("cup", 1000, 5), 1))
    assert states.wrong_states() == []
    with monkeypatch.context() as planted:
        planted.setattr(settling, "changed", lambda _order_id: None)
        mark_paid(shop.state, order.id, actor="staff:1")
    assert states.wrong_states() == [order.id]
    assert (states.copy_all(), states.wrong_states()) == (1, [])


def test_pages_follow_each_other_without_gap_or_repeat(shop: Shop) -> None:
    cup = shop.sell("cup", stock=None)
    placed = [shop.order((cup, 1)).number for _ in range(7)]
    seen: list[str] = []
    after: str | None = None
    while True:
        page = list_orders(shop.site, after=after, limit=3)
        seen += [row.number for row in page.orders]
        if (after := page.next) is None:
            break
    assert seen == placed[::-1]


def test_a_list_is_found_by_number_name_and_address(shop: Shop) -> None:
    placed = shop.order((shop.sell("cup"), 1))
    for text in (placed.number, f"#{placed.number}", "ada", "WONG", "example.com"):
        assert [row.number for row in list_orders(shop.site, OrderFilters(text=text)).orders] == [placed.number]
    for text in ("%", "_", "nobody"):
        assert list_orders(shop.site, OrderFilters(text=text)).orders == ()
