"""What waits for a person goes on waiting, whatever is split, merged or changed meanwhile."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from core.checkout.services.changing import change_order, preview_change
from core.checkout.services.own_changes import change_own, preview_own
from core.hookspecs.checkout import Problem
from core.kernel import db
from core.lib.errors import Unfit
from core.lib.jsons import json_or_null
from core.orders.services.change_shapes import AddCharge, AddGoods, SetAddress, SetPrice, SetQuantity
from core.orders.services.forget import _reduce_orders
from core.orders.services.hold_checks import OnHold
from core.orders.services.hold_reasons import HoldReason
from core.orders.services.hold_rules import Rules, set_hold_rules
from core.orders.services.holds import approve_order, held_count, hold_order, reasons_of
from core.orders.services.opening import choose_gateway
from core.orders.services.parting import CannotBeParted, merge_order, preview_merge, split_order
from core.orders.services.payments import mark_paid
from core.orders.services.read import OrderView, order_view
from core.orders.services.ship import ship
from core.panel.orders.services.happened import steps
from tests.core.checkout.shop import LONDON, ByInvoice, FakePlugins, Shop

STAFF = "staff:1"
ABOVE = "The total is above the limit."


def seen(order_id: int) -> OrderView:
    view = order_view(order_id)
    assert view is not None
    return view


def numbered(number: str) -> OrderView:
    return seen(int(db.value("SELECT id FROM orders WHERE number = ?", number)))


def told(order: OrderView) -> list[tuple[str, str]]:
    """(kind, text) of the timeline."""
    return [(entry.kind, entry.data.get("text", "")) for entry in order.timeline]


@pytest.fixture
def cup(shop: Shop) -> int:
    return shop.sell("cup", 1000, stock=30)


def raised(shop: Shop, order: OrderView, quantity: int, key: str = "more") -> OrderView:
    change_order(
        shop.state, order.id, [SetQuantity(line_id=order.lines[0].id, quantity=quantity)], key=key, actor=STAFF
    )
    return seen(order.id)


# -- splitting and merging ---------------------------------------------------------------------------------------------


def test_both_parts_of_a_held_order_wait(shop: Shop, cup: int) -> None:
    order = seen(shop.order((cup, 4)).id)
    hold_order(shop.site, order.id, reason="Strange name", actor="staff:7")
    part = numbered(split_order(shop.site, order.id, {order.lines[0].id: 1}, key="s", actor=STAFF))
    for one in (order, part):
        with pytest.raises(OnHold):
            ship(shop.site, one.id, actor=STAFF)
    assert reasons_of(shop.site, [order.id, part.id]) == {order.id: ["Strange name"], part.id: ["Strange name"]}
    assert db.value("SELECT actor FROM order_hold WHERE order_id = ?", part.id) == "staff:7"
    assert ("held", "Strange name") in told(part)
    assert held_count(shop.site) == 2
    approve_order(shop.site, part.id, actor=STAFF)
    ship(shop.site, part.id, actor=STAFF)
    assert seen(order.id).is_held


def test_parts_of_an_approved_order_are_approved(shop: Shop, cup: int) -> None:
    order = seen(shop.order((cup, 4)).id)
    hold_order(shop.site, order.id, reason="Strange name", actor=STAFF)
    approve_order(shop.site, order.id, actor=STAFF, reason="I rang them")
    part = numbered(split_order(shop.site, order.id, {order.lines[0].id: 1}, key="s", actor=STAFF))
    assert [(one.outcome, one.answer) for one in part.holds] == [("approved", "I rang them")]
    ship(shop.site, part.id, actor=STAFF)
    ship(shop.site, order.id, actor=STAFF)


@pytest.mark.parametrize("which", ["the one that goes", "the one that stays", "both"])
def test_a_merged_order_waits_if_either_did(shop: Shop, cup: int, which: str) -> None:
    goes, stays = (seen(shop.order((cup, 1)).id) for _ in "ab")
    for order in {"both": [goes, stays], "the one that goes": [goes]}.get(which, [stays]):
        hold_order(shop.site, order.id, reason="Strange name", actor=STAFF)
    merge_order(shop.site, goes.id, stays.id, key="m", actor=STAFF)
    with pytest.raises(OnHold):
        ship(shop.site, stays.id, actor=STAFF)
    assert reasons_of(shop.site, [goes.id, stays.id]) == {stays.id: ["Strange name"]}
    assert ("held", "Strange name") in told(seen(stays.id))
    assert held_count(shop.site) == 1


def test_two_small_orders_are_not_merged_past_the_limit(shop: Shop, cup: int) -> None:
    set_hold_rules(shop.site, Rules(above={"EUR": 3000}), actor=STAFF)
    goes, stays = (seen(shop.order((cup, 2)).id) for _ in "ab")
    merge_order(shop.site, goes.id, stays.id, key="m", actor=STAFF)
    with pytest.raises(OnHold):
        ship(shop.site, stays.id, actor=STAFF)
    assert reasons_of(shop.site, [stays.id]) == {stays.id: [ABOVE]}


def test_orders_with_bills_to_different_people_are_not_merged(shop: Shop, cup: int) -> None:
    one, other = (seen(shop.order((cup, 1)).id) for _ in "ab")
    assert preview_merge(shop.site, one.id, other.id).value == 1000

    def billed(name: str) -> None:
        with db.transaction():
            db.execute("UPDATE orders SET billing = ? WHERE id = ?", json_or_null(replace(LONDON, name=name)), other.id)

    billed("Bob Ltd")
    with pytest.raises(CannotBeParted, match="bill"):
        preview_merge(shop.site, one.id, other.id)
    billed(LONDON.name)  # The same as no address of its own: the bill goes where the goods go.
    assert preview_merge(shop.site, one.id, other.id).value == 1000


# -- changing ----------------------------------------------------------------------------------------------------------


def test_a_shopper_cannot_raise_an_order_past_the_limit_unseen(shop: Shop, cup: int) -> None:
    set_hold_rules(shop.site, Rules(above={"EUR": 3000}), actor=STAFF)
    order = seen(shop.order((cup, 2)).id)
    actions = [SetQuantity(line_id=order.lines[0].id, quantity=9)]
    looked = preview_own(shop.state, order.id, actions)
    assert looked.plan.holds == (HoldReason("rule", ABOVE),), "the preview says so"
    price = looked.effect.price_after
    change_own(shop.state, order.id, actions, key="a", actor="guest", seen_price=price)
    with pytest.raises(OnHold):
        ship(shop.site, order.id, actor=STAFF)
    assert reasons_of(shop.site, [order.id]) == {order.id: [ABOVE]}
    assert told(seen(order.id))[-2:] == [("changed", ""), ("held", ABOVE)]
    assert held_count(shop.site) == 1


def test_what_stays_below_the_limit_or_costs_less_goes_on(shop: Shop, cup: int) -> None:
    set_hold_rules(shop.site, Rules(above={"EUR": 3490}), actor=STAFF)
    order = raised(shop, seen(shop.order((cup, 2)).id), 3)
    assert (order.due.amount, order.is_held) == (3490, False)
    set_hold_rules(shop.site, Rules(above={"EUR": 1000}), actor=STAFF)
    assert not raised(shop, order, 1, "less").is_held
    ship(shop.site, order.id, actor=STAFF)


def test_an_approved_order_stays_approved_until_it_breaks_another_rule(shop: Shop, cup: int) -> None:
    set_hold_rules(shop.site, Rules(above={"EUR": 3000}), actor=STAFF)
    order = seen(shop.order((cup, 3)).id)
    approve_order(shop.site, order.id, actor=STAFF)
    assert not raised(shop, order, 4).is_held
    set_hold_rules(shop.site, Rules(above={"EUR": 6000}), actor=STAFF)
    assert raised(shop, seen(order.id), 9, "much").is_held


def test_a_held_order_is_not_held_twice_for_one_reason(shop: Shop, cup: int) -> None:
    set_hold_rules(shop.site, Rules(above={"EUR": 3000}), actor=STAFF)
    order = raised(shop, seen(shop.order((cup, 3)).id), 2, "less")
    assert raised(shop, order, 9).is_held
    assert reasons_of(shop.site, [order.id]) == {order.id: [ABOVE]}


def test_another_place_is_looked_at_too(shop: Shop, cup: int) -> None:
    set_hold_rules(shop.site, Rules(countries=("FR",)), actor=STAFF)
    order = seen(shop.order((cup, 1)).id)
    change_order(shop.state, order.id, [SetAddress(address=replace(LONDON, country="FR"))], key="a", actor=STAFF)
    assert reasons_of(shop.site, [order.id]) == {order.id: ["It goes to a country on the list."]}


def test_plugins_are_asked_again_and_what_they_found_once_stays_decided(
    shop: Shop, cup: int, plugins: FakePlugins
) -> None:
    order = seen(shop.order((cup, 1)).id)
    plugins.problems = [Problem(message="Too many cups", code="cups", review=True), Problem(message="No", code="no")]
    more = [SetQuantity(line_id=order.lines[0].id, quantity=5)]
    assert preview_change(shop.state, order.id, more).plan.holds == (HoldReason("cups", "Too many cups"),)
    assert raised(shop, order, 5).is_held
    assert reasons_of(shop.site, [order.id]) == {order.id: ["Too many cups"]}
    approve_order(shop.site, order.id, actor=STAFF)
    assert not raised(shop, seen(order.id), 6, "more still").is_held
    plugins.asked.clear()
    change_order(shop.state, order.id, [AddCharge(charge="goodwill", amount=100)], key="g", actor=STAFF)
    assert "checkout_problems" not in plugins.asked


def test_an_order_of_which_all_has_left_is_not_held(shop: Shop, cup: int) -> None:
    set_hold_rules(shop.site, Rules(above={"EUR": 3000}), actor=STAFF)
    order = seen(shop.order((cup, 2)).id)
    ship(shop.site, order.id, actor=STAFF)
    fee = [AddCharge(charge="fee", amount=5000)]
    assert preview_change(shop.state, order.id, fee).plan.holds == ()
    change_order(shop.state, order.id, fee, key="f", actor=STAFF)
    assert reasons_of(shop.site, [order.id]) == {}


# -- what the timeline remembers ---------------------------------------------------------------------------------------


def test_the_timeline_tells_what_was_there_before(shop: Shop, cup: int) -> None:
    order = seen(shop.order((cup, 2)).id)
    paris = replace(LONDON, city="Paris", country="FR")
    line = order.lines[0].id
    change_order(
        shop.state, order.id, [SetAddress(address=paris), SetQuantity(line_id=line, quantity=3)], key="a", actor=STAFF
    )
    data = seen(order.id).timeline[-1].data
    (place,) = data["places"]
    assert [place["address"][when]["city"] for when in ("before", "after")] == ["London", "Paris"]
    assert data["quantities"] == [{"name": "Cup", "before": 2, "after": 3}]
    change_order(shop.state, order.id, [SetPrice(line_id=line, amount=750, reason="scratched")], key="p", actor=STAFF)
    data = seen(order.id).timeline[-1].data
    assert data["prices"] == [{"name": "Cup", "before": 1000, "after": 750}]
    assert data.get("quantities", []) == []


def test_the_timeline_tells_what_was_added(shop: Shop, cup: int) -> None:
    order = seen(shop.order((cup, 2)).id)
    pot = shop.sell("pot", 2500)
    change_order(shop.state, order.id, [AddGoods(variant_id=pot, quantity=3)], key="a", actor=STAFF)
    newest = steps(seen(order.id))[0]
    assert newest.title == "Changed: €24.90 before, €99.90 after"
    assert "pot: 0 before, 3 after" in newest.text.replace("Pot", "pot")


def test_the_timeline_tells_which_way_to_pay_there_was(shop: Shop, cup: int, plugins: FakePlugins) -> None:
    plugins.gateways.append(ByInvoice())
    order = seen(shop.order((cup, 2)).id)
    choose_gateway(shop.state, order.id, "invoice" if order.gateway == "fakepay" else "fakepay")
    entry = seen(order.id).timeline[-1]
    assert (entry.kind, entry.data["before"]) == ("gateway", order.payment_title)


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_price_by_hand_needs_its_reason(shop: Shop, cup: int, reason: str) -> None:
    order = seen(shop.order((cup, 2)).id)
    with pytest.raises(Unfit):
        change_order(
            shop.state, order.id, [SetPrice(line_id=order.lines[0].id, amount=1, reason=reason)], key="p", actor=STAFF
        )
    mark_paid(shop.state, order.id, actor=STAFF)
    assert seen(order.id).captured == order.total


def test_whoever_asked_to_be_forgotten_is_not_kept_in_the_timeline(shop: Shop, cup: int) -> None:
    order = seen(shop.order((cup, 2)).id)
    moved = replace(LONDON, lines=("7 Secret Lane",))
    change_order(shop.state, order.id, [SetAddress(address=moved)], key="a", actor=STAFF)
    mine = "SELECT shopper_id FROM orders WHERE id = ?"
    with db.transaction():
        db.execute("UPDATE orders SET shopper_id = 77 WHERE id = ?", order.id)
        _reduce_orders(shop.site.id, 77)
    assert db.value(mine, order.id) is None
    kept = [
        text
        for table, column in (("order_entry", "data"), ("order_change", "plan"), ("order_change_action", "data"))
        for (text,) in db.rows(f"SELECT {column} FROM {table}")
    ]
    assert not [text for text in kept if "Lane" in text or "High Street" in text or "Ada" in text]
    (place,) = seen(order.id).timeline[-1].data["places"]
    assert place["address"] == {"before": {"country": "GB", "region": ""}, "after": {"country": "GB", "region": ""}}


def test_the_panel_puts_what_was_before_into_words(shop: Shop, cup: int) -> None:
    order = seen(shop.order((cup, 2)).id)
    line = order.lines[0].id
    there = SetAddress(address=replace(LONDON, city="Leeds"))
    change_order(shop.state, order.id, [there, SetQuantity(line_id=line, quantity=1)], key="a", actor=STAFF)
    newest = steps(seen(order.id))[0]
    assert "Cup: 2 before, 1 after" in newest.text
    assert re.search("London.* before, .*Leeds.* after", newest.text)
