"""Goods come back by the shop's rules: announced, received, looked at piece by piece, resolved with money apart."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from msgspec.structs import replace

from core.catalogue.services.locations import add_location
from core.catalogue.services.stock import NotWaiting
from core.catalogue.services.stock_counts import first_location, sort_stock
from core.catalogue.services.stock_kits import set_kit
from core.checkout.services.resolving import REFUND, REPLACE, Terms, TooHigh, TooMuch, resolve, terms_by_rules
from core.hookspecs.promote import AmountOff, Offer
from core.kernel import db
from core.lib import clock
from core.lib.errors import NotFound, Unfit
from core.lib.money import Money
from core.orders.services import case_reading
from core.orders.services.case import (
    WrongStep,
    approve_case,
    decline_case,
    inspect_case,
    receive_case,
    request_case,
    resolve_case,
    withdraw_case,
)
from core.orders.services.case_reading import case_view, cases_of, list_cases
from core.orders.services.case_rules import REASONS, NotReturnable, Rules, days_for, set_rules
from core.orders.services.goods import NotThatMany
from core.orders.services.listing import list_orders
from core.orders.services.payments import mark_paid
from core.orders.services.read import OrderView, order_view
from core.orders.services.refunds import refund_surplus
from core.orders.services.ship import deliver, ship
from tests.core.checkout.books import unbalanced
from tests.core.checkout.shop import FakePlugins, Shop

STAFF, ADA = "staff:1", "shopper:1"


def seen(order_id: int) -> OrderView:
    view = order_view(order_id)
    assert view is not None
    return view


@pytest.fixture
def cup(shop: Shop) -> int:
    return shop.sell("cup", 1000)


def arrived(shop: Shop, cup: int, units: int) -> OrderView:
    """Paid, sent and there."""
    placed = shop.order((cup, units))
    mark_paid(shop.state, placed.id, actor=STAFF)
    ship(shop.site, placed.id, actor=STAFF)
    deliver(shop.site, placed.id, actor=STAFF)
    return seen(placed.id)


@pytest.fixture
def order(shop: Shop, cup: int) -> OrderView:
    """Three cups, paid, sent and arrived: 34.90."""
    return arrived(shop, cup, 3)


def ask(
    shop: Shop, order: OrderView, units: int = 2, kind: str = "return", reason: str = "changed_mind", **more: Any
) -> int:
    line = order.lines[0].id
    return request_case(
        shop.site, order.id, kind=kind, lines={line: units}, reason=reason, actor=ADA, key=more.pop("key", "k"), **more
    )  # fmt: skip


def come_back(shop: Shop, order: OrderView, case_id: int, units: int = 2, **found: int) -> None:
    """Approved, received, and looked at."""
    line = order.lines[0].id
    approve_case(shop.site, case_id, actor=STAFF)
    receive_case(shop.site, case_id, {line: units}, actor=STAFF)
    inspect_case(shop.site, case_id, {line: found or {"sellable": units}}, actor=STAFF)


def stock_now(variant_id: int) -> tuple[int, ...]:
    found = db.one("SELECT on_hand, allocated, damaged FROM stock_level WHERE variant_id = ?", variant_id)
    assert found is not None
    return found


def beside(variant_id: int) -> tuple[int, ...]:
    """(on the shelf, damaged, in quality control) of a variant at its first place."""
    states = "SELECT on_hand, damaged, quality FROM stock_level WHERE variant_id = ? ORDER BY location_id"
    found = db.one(states, variant_id)
    assert found is not None
    return tuple(found)


def state(shop: Shop, case_id: int) -> str:
    return case_view(shop.site, case_id).state


def test_a_return_takes_its_steps_and_each_is_told(shop: Shop, order: OrderView, cup: int) -> None:
    case_id = ask(shop, order)
    assert (state(shop, case_id), seen(order.id).status.returned) == ("requested", "requested")
    approve_case(shop.site, case_id, actor=STAFF)
    assert state(shop, case_id) == "approved"
    receive_case(shop.site, case_id, {order.lines[0].id: 2}, actor=STAFF)
    assert (state(shop, case_id), seen(order.id).refund_due.amount) == ("received", 2000)
    inspect_case(shop.site, case_id, {order.lines[0].id: {"sellable": 1, "damaged": 1}}, actor=STAFF)
    assert (state(shop, case_id), stock_now(cup)) == ("inspected", (8, 0, 1))
    resolve(shop.state, case_id, Terms(), actor=STAFF)
    assert (state(shop, case_id), case_view(shop.site, case_id).granted) == ("resolved", 2000)
    told = [row[0] for row in db.rows("SELECT payload FROM outbox WHERE type = 'return.changed' ORDER BY id")]
    steps = ["requested", "approved", "received", "inspected", "resolved"]
    assert [next(step for step in steps if f'"{step}"' in text) for text in told] == steps
    assert unbalanced() == []


def test_what_came_waits_in_quality_control_until_somebody_has_looked_at_it(
    shop: Shop, order: OrderView, cup: int
) -> None:
    line, case_id = order.lines[0].id, ask(shop, order, 3)
    approve_case(shop.site, case_id, actor=STAFF)
    for units in (1, 2):
        receive_case(shop.site, case_id, {line: units}, actor=STAFF)
        assert unbalanced() == []
    assert beside(cup) == (7, 0, 3)
    inspect_case(shop.site, case_id, {line: {"sellable": 1, "damaged": 1}}, actor=STAFF)
    assert (beside(cup), unbalanced()) == ((8, 1, 1), [])
    sort_stock(cup, first_location(), 1, "quality", "gone", "Broken on the table", STAFF)
    with pytest.raises(NotWaiting, match="cup"):
        inspect_case(shop.site, case_id, {line: {"discarded": 1}}, actor=STAFF)
    assert (beside(cup), state(shop, case_id)) == ((8, 1, 0), "received")


def test_each_unit_that_comes_back_has_a_fate_of_its_own(shop: Shop, cup: int) -> None:
    order = arrived(shop, cup, 4)
    line, case_id, shelf = order.lines[0].id, ask(shop, order, 4), beside(cup)[0]
    approve_case(shop.site, case_id, actor=STAFF)
    receive_case(shop.site, case_id, {line: 4}, actor=STAFF)
    fates = {"sellable": 1, "damaged": 1, "discarded": 1, "to_supplier": 1}
    inspect_case(shop.site, case_id, {line: fates}, actor=STAFF)
    (found,) = case_view(shop.site, case_id).lines
    assert {fate: getattr(found, fate) for fate in fates} == fates
    assert beside(cup) == (shelf + 1, 1, 0), "one is for sale, one lies aside, and two have left the house"
    assert unbalanced() == []


def test_pieces_are_put_away_at_another_place_than_where_they_waited(shop: Shop, order: OrderView, cup: int) -> None:
    line, case_id = order.lines[0].id, ask(shop, order, 2)
    north = add_location("north", "North", None, "GB", STAFF)
    approve_case(shop.site, case_id, actor=STAFF)
    receive_case(shop.site, case_id, {line: 2}, actor=STAFF)
    inspect_case(shop.site, case_id, {line: {"sellable": 1, "to_supplier": 1}}, actor=STAFF, location_id=north)
    found = db.rows("SELECT on_hand, quality FROM stock_level WHERE variant_id = ? ORDER BY location_id", cup)
    assert [tuple(row) for row in found] == [(7, 0), (1, 0)]
    assert unbalanced() == []


def test_the_parts_of_a_kit_are_looked_at_like_pieces(shop: Shop) -> None:
    tea, pot = shop.sell("tea", 500, stock=20), shop.sell("teapot", 900, stock=5)
    kit = shop.sell("set", 1500)
    set_kit(kit, {tea: 2, pot: 1}, STAFF)
    placed = shop.order((kit, 2))
    ship(shop.site, placed.id, actor=STAFF)
    line = seen(placed.id).lines[0].id
    case_id = request_case(
        shop.site, placed.id, kind="return", lines={line: 2}, reason="changed_mind", actor=ADA, key="kit",
        by_rules=False,
    )  # fmt: skip
    receive_case(shop.site, case_id, {line: 2}, actor=STAFF)
    assert (beside(tea), beside(pot)) == ((16, 0, 4), (3, 0, 2))
    inspect_case(shop.site, case_id, {line: {"sellable": 1, "damaged": 1}}, actor=STAFF)
    assert (beside(tea), beside(pot), unbalanced()) == ((18, 2, 0), (4, 1, 0), [])


def test_what_was_granted_is_apart_from_the_money_that_moved(shop: Shop, order: OrderView) -> None:
    case_id = ask(shop, order)
    come_back(shop, order, case_id)
    assert resolve(
        shop.state, case_id, Terms(restocking=150, return_delivery=490, goodwill=40), actor=STAFF
    ).amount == (2000 - 150 - 490 + 40)
    view = seen(order.id)
    assert (view.refund_due.amount, view.refunded.amount) == (1400, 0)
    assert refund_surplus(shop.state, order.id, actor=STAFF, key="r").amount == 1400
    assert (seen(order.id).refund_due.amount, seen(order.id).refunded.amount) == (0, 1400)


def test_fees_above_what_the_goods_cost_are_refused(shop: Shop, order: OrderView) -> None:
    case_id = ask(shop, order)
    come_back(shop, order, case_id)
    with pytest.raises(TooHigh):
        resolve(shop.state, case_id, Terms(restocking=2001), actor=STAFF)
    assert state(shop, case_id) == "inspected"


def test_a_case_is_resolved_once(shop: Shop, order: OrderView) -> None:
    case_id = ask(shop, order)
    come_back(shop, order, case_id)
    for _ in range(3):
        resolve(shop.state, case_id, Terms(restocking=100), actor=STAFF)
    assert (seen(order.id).charges.amount, seen(order.id).refund_due.amount) == (100, 1900)


def test_an_exchange_is_one_net_payment(shop: Shop, order: OrderView) -> None:
    pot = shop.sell("pot", 2500)
    case_id = ask(shop, order, 1, "exchange", wanted={pot: 1})
    come_back(shop, order, case_id, 1)
    resolve(shop.state, case_id, Terms(), actor=STAFF)
    view = seen(order.id)
    assert (view.due.amount, view.refund_due.amount, view.payments[-1].amount.amount) == (1500, 0, 1500)
    mark_paid(shop.state, order.id, actor=STAFF)
    ship(shop.site, order.id, actor=STAFF)
    assert (seen(order.id).status.payment, seen(order.id).status.order) == ("paid", "completed")
    assert unbalanced() == []


def test_an_exchange_for_what_is_sold_out_leaves_the_case_open(shop: Shop, order: OrderView) -> None:
    pot = shop.sell("pot", 2500, stock=0)
    case_id = ask(shop, order, 1, "exchange", wanted={pot: 1})
    come_back(shop, order, case_id, 1)
    with pytest.raises(Exception, match="sold out"):
        resolve(shop.state, case_id, Terms(), actor=STAFF)
    assert state(shop, case_id) == "inspected"


def test_a_claim_gives_the_money_back_and_the_goods_stay(shop: Shop, order: OrderView, cup: int) -> None:
    case_id = ask(shop, order, 1, "claim", "damaged", photos=("a.webp",))
    approve_case(shop.site, case_id, actor=STAFF)
    resolve(shop.state, case_id, Terms(way=REFUND), actor=STAFF)
    assert (seen(order.id).refund_due.amount, stock_now(cup)) == (1000, (7, 0, 0))
    with pytest.raises(NotThatMany):
        ask(shop, order, 3, key="again")
    assert unbalanced() == []


def test_a_claim_gives_a_part_of_the_money_and_no_more_than_was_paid(shop: Shop, order: OrderView, cup: int) -> None:
    case_id = ask(shop, order, 2, "claim", "damaged", wish=REFUND)
    approve_case(shop.site, case_id, actor=STAFF)
    with pytest.raises(TooMuch):
        resolve(shop.state, case_id, Terms(part=2001), actor=STAFF)
    terms = Terms(part=333, goodwill=100, answer="Sorry for the crack.")
    assert resolve(shop.state, case_id, terms, actor=STAFF).amount == 433
    assert [one.title for one in seen(order.id).adjustments] == ["Goodwill", "Claim"], "the answer is no name of a sum"
    assert (seen(order.id).refund_due.amount, stock_now(cup)) == (433, (7, 0, 0))
    case = case_view(shop.site, case_id)
    assert (case.wish, case.way) == (REFUND, REFUND)
    assert unbalanced() == []


def test_only_a_claim_has_a_wish(shop: Shop, order: OrderView) -> None:
    with pytest.raises(NotReturnable):
        ask(shop, order, 1, wish=REFUND)
    with pytest.raises(NotReturnable):
        ask(shop, order, 1, "claim", "damaged", wish="a pony")


def test_a_claim_is_replaced_at_no_charge(shop: Shop, order: OrderView, cup: int) -> None:
    case_id = ask(shop, order, 2, "claim", "missing")
    approve_case(shop.site, case_id, actor=STAFF)
    assert resolve(shop.state, case_id, Terms(way=REPLACE), actor=STAFF).amount == 0
    view = seen(order.id)
    assert (view.due.amount, view.refund_due.amount, view.lines[-1].allocated, stock_now(cup)) == (0, 0, 2, (7, 2, 0))


@pytest.mark.parametrize("first", ["claim", "return"])
def test_no_cent_is_lost_between_what_is_claimed_and_what_comes_back(
    shop: Shop, plugins: FakePlugins, cup: int, first: str
) -> None:
    """Three cups for 10.00: one is paid for, two come back, and what is granted is what is owed."""
    plugins.offers = lambda _cart, _codes: [Offer(key="x", title="X", benefit=AmountOff(amount=Money(2000, "EUR")))]
    placed = shop.order((cup, 3))
    mark_paid(shop.state, placed.id, actor=STAFF)
    ship(shop.site, placed.id, actor=STAFF)
    deliver(shop.site, placed.id, actor=STAFF)
    order = seen(placed.id)
    assert (order.lines[0].total.amount, order.total.amount) == (1000, 1490)
    granted = 0
    for kind in (first, "return" if first == "claim" else "claim"):
        case_id = ask(shop, order, 1 if kind == "claim" else 2, kind, "damaged", key=kind)
        if kind == "claim":
            approve_case(shop.site, case_id, actor=STAFF)
        else:
            come_back(shop, order, case_id)
        granted += resolve(shop.state, case_id, Terms(), actor=STAFF).amount
    assert (granted, seen(order.id).refund_due.amount) == (1000, 1000)
    refund_surplus(shop.state, order.id, actor=STAFF, key="r")
    assert (seen(order.id).refunded.amount, seen(order.id).due.amount, seen(order.id).refund_due.amount) == (1000, 0, 0)


def test_a_claim_in_vain_leaves_no_cent_behind(shop: Shop, plugins: FakePlugins, cup: int) -> None:
    """Three cups for 10.00: two are claimed one after the other, the first in vain; then the other two come back."""
    plugins.offers = lambda _cart, _codes: [Offer(key="x", title="X", benefit=AmountOff(amount=Money(2000, "EUR")))]
    placed = shop.order((cup, 3))
    mark_paid(shop.state, placed.id, actor=STAFF)
    ship(shop.site, placed.id, actor=STAFF)
    deliver(shop.site, placed.id, actor=STAFF)
    order = seen(placed.id)
    in_vain, claim = (ask(shop, order, 1, "claim", "damaged", key=key) for key in ("a", "b"))
    approve_case(shop.site, claim, actor=STAFF)
    granted = resolve(shop.state, claim, Terms(), actor=STAFF).amount
    decline_case(shop.site, in_vain, actor=STAFF, answer="no")
    back = ask(shop, order, 2, key="back")
    come_back(shop, order, back)
    granted += resolve(shop.state, back, Terms(), actor=STAFF).amount
    assert (granted, seen(order.id).refund_due.amount) == (1000, 1000)
    assert list_orders(shop.site).orders[0].status == seen(order.id).status


def test_only_what_was_wrong_with_the_goods_can_be_claimed(shop: Shop, order: OrderView) -> None:
    with pytest.raises(NotReturnable):
        ask(shop, order, 1, "claim", "changed_mind")
    with pytest.raises(NotReturnable):
        ask(shop, order, 1, reason="nonsense")


def test_after_the_window_only_staff_may_take_it_back(shop: Shop, order: OrderView) -> None:
    set_rules(shop.site, Rules(window_days=14), actor=STAFF)
    with time_machine.travel(clock.now() + timedelta(days=15), tick=False):
        with pytest.raises(NotReturnable, match="over"):
            ask(shop, order)
        assert state(shop, ask(shop, order, by_rules=False)) == "approved"


def test_what_has_not_left_cannot_come_back(shop: Shop, cup: int) -> None:
    waiting = seen(shop.order((cup, 1)).id)
    with pytest.raises(NotReturnable):
        ask(shop, waiting, 1)
    with pytest.raises(NotThatMany):
        ask(shop, waiting, 1, by_rules=False)


def test_goods_that_never_come_back_do_for_our_fault(shop: Shop, order: OrderView) -> None:
    with db.transaction():
        db.execute("UPDATE order_line SET returns = 'hygiene' WHERE order_id = ?", order.id)
    with pytest.raises(NotReturnable, match="hygiene"):
        ask(shop, order)
    assert state(shop, ask(shop, order, reason="faulty")) == "requested"


def test_goods_and_reasons_have_days_of_their_own(shop: Shop, order: OrderView) -> None:
    rules = Rules(window_days=14, reasons={"changed_mind": 30, "does_not_fit": 0, "faulty": 60})
    days = {code: days_for(rules, "", code) for code in ("changed_mind", "not_as_described", "does_not_fit", "faulty")}
    assert days == {"changed_mind": 30, "not_as_described": 14, "does_not_fit": 0, "faulty": 60}
    assert [days_for(rules, "7", code) for code in ("changed_mind", "not_as_described", "faulty")] == [7, 7, 60]
    assert [days_for(rules, "90", code) for code in ("changed_mind", "not_as_described", "damaged")] == [30, 90, 90]
    assert [days_for(rules, "perishable", code) for code in ("changed_mind", "damaged")] == [0, 14]
    set_rules(shop.site, rules, actor=STAFF)
    with pytest.raises(NotReturnable, match="reason"):
        ask(shop, order, reason="does_not_fit")
    with time_machine.travel(clock.now() + timedelta(days=29), tick=False):
        with pytest.raises(NotReturnable, match="over"):
            ask(shop, order, reason="not_as_described")
        assert state(shop, ask(shop, order)) == "requested"
    with pytest.raises(Unfit):
        set_rules(shop.site, Rules(reasons=dict.fromkeys(REASONS, 0)), actor=STAFF)


def test_the_rules_charge_for_a_changed_mind_and_never_for_our_fault(shop: Shop, order: OrderView) -> None:
    set_rules(shop.site, Rules(restocking=1050, return_delivery={"EUR": 490}), actor=STAFF)
    case_id = ask(shop, order)
    come_back(shop, order, case_id)
    terms = terms_by_rules(shop.state, case_view(shop.site, case_id))
    assert (terms.restocking, terms.return_delivery) == (210, 490)
    other = ask(shop, order, 1, reason="wrong", key="other")
    come_back(shop, order, other, 1)
    assert terms_by_rules(shop.state, case_view(shop.site, other)) == Terms()


def test_rules_that_make_no_sense_are_refused(shop: Shop) -> None:
    with pytest.raises(Unfit) as wrong:
        set_rules(shop.site, Rules(window_days=-1, restocking=10_001, return_delivery={"EUR": -1}), actor=STAFF)
    assert set(wrong.value.errors) == {"window_days", "restocking", "return_delivery"}


def test_a_site_may_approve_by_itself(shop: Shop, order: OrderView) -> None:
    set_rules(shop.site, Rules(approves_itself=True), actor=STAFF)
    assert state(shop, ask(shop, order, 1)) == "approved"
    assert state(shop, ask(shop, order, 1, "claim", "damaged", key="c")) == "requested"


@pytest.mark.parametrize("ending", ["declined", "withdrawn"])
def test_what_does_not_come_back_after_all_can_be_announced_again(shop: Shop, order: OrderView, ending: str) -> None:
    case_id = ask(shop, order, 3)
    if ending == "declined":
        decline_case(shop.site, case_id, actor=STAFF, answer="Worn.")
    else:
        withdraw_case(shop.site, case_id, actor=ADA)
    assert (state(shop, case_id), seen(order.id).status.returned) == (ending, "none")
    assert state(shop, ask(shop, order, 3, key="again")) == "requested"


def test_what_is_announced_is_not_announced_twice(shop: Shop, order: OrderView) -> None:
    first = ask(shop, order, 2)
    assert ask(shop, order, 2) == first
    with pytest.raises(NotThatMany):
        ask(shop, order, 2, key="other")


def test_steps_out_of_order_are_refused(shop: Shop, order: OrderView) -> None:
    line, case_id = order.lines[0].id, ask(shop, order)
    for step in (
        lambda: receive_case(shop.site, case_id, {line: 1}, actor=STAFF),
        lambda: inspect_case(shop.site, case_id, {line: {"sellable": 1}}, actor=STAFF),
        lambda: resolve(shop.state, case_id, Terms(), actor=STAFF),
        lambda: resolve_case(shop.site, case_id, actor=STAFF, change_id=None, granted=0),
    ):
        with pytest.raises(WrongStep):
            step()
    approve_case(shop.site, case_id, actor=STAFF)
    receive_case(shop.site, case_id, {line: 1}, actor=STAFF)
    with pytest.raises(WrongStep):
        withdraw_case(shop.site, case_id, actor=ADA)
    with pytest.raises(NotThatMany):
        inspect_case(shop.site, case_id, {line: {"sellable": 2}}, actor=STAFF)
    with pytest.raises(NotThatMany):
        receive_case(shop.site, case_id, {line: 2}, actor=STAFF)


def test_cases_of_another_site_are_not_found(shop: Shop, order: OrderView) -> None:
    case_id = ask(shop, order)
    elsewhere = replace(shop.site, id=999)
    with pytest.raises(NotFound):
        approve_case(elsewhere, case_id, actor=STAFF)
    assert list_cases(elsewhere) == []
    assert cases_of(elsewhere, order.id) == []


def test_the_list_shows_open_and_ended_ones_in_two_statements(shop: Shop, order: OrderView) -> None:
    ended, open_ = ask(shop, order, 1), ask(shop, order, 1, "claim", "damaged", key="c")
    withdraw_case(shop.site, ended, actor=ADA)
    with db.counted() as taken:
        assert [case.id for case in list_cases(shop.site)] == [open_, ended]
    assert len(taken) == 2
    assert [case.id for case in list_cases(shop.site, is_open=True)] == [open_]
    assert [case.id for case in list_cases(shop.site, kind="return")] == [ended]
    assert case_reading.list_cases(shop.site, before=ended) == []
