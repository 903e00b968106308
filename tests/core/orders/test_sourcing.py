"""Goods come from where the plugin or core's rule says, and never from where they are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.catalogue.services import add_location, receive_stock, stock_proof
from core.catalogue.services.stock import allocated_to
from core.catalogue.services.stock_counts import first_location
from core.catalogue.services.stock_sources import fewest_parcels, why_these
from core.catalogue.services.stock_terms import StockTerms, set_stock_terms
from core.checkout.services.changing import change_order
from core.hookspecs.fulfil import Source, Sourced
from core.kernel import db
from core.orders.services.change_shapes import SetQuantity
from core.orders.services.read import order_view
from core.panel.stock.services.moves import why
from tests.core.checkout.shop import FakePlugins, Shop


def source(location_id: int, free: Mapping[int, int], country: str = "GB", postcode: str = "") -> Source:
    return Source(location_id=location_id, country=country, priority=location_id, free=free, postcode=postcode)


def test_one_parcel_is_better_than_two() -> None:
    places = [source(1, {7: 1}), source(2, {8: 1}), source(3, {7: 1, 8: 1})]
    assert fewest_parcels({7: 1, 8: 1}, places, "GB") == {7: {3: 1}, 8: {3: 1}}


def test_the_nearest_comes_before_the_preferred() -> None:
    places = [source(1, {7: 5}, "US"), source(2, {7: 5}, "GB")]
    assert fewest_parcels({7: 2}, places, "GB") == {7: {2: 2}}
    assert fewest_parcels({7: 2}, places, "") == {7: {1: 2}}


@pytest.mark.once
def test_within_a_country_the_postcode_tells_who_is_nearer() -> None:
    munich, berlin, unknown = (
        source(1, {7: 5}, "DE", "80331"), source(2, {7: 5}, "DE", "10115"), source(3, {7: 5}, "DE")
    )  # fmt: skip
    places = [munich, berlin, unknown]
    assert fewest_parcels({7: 2}, places, "DE", "10 999") == {7: {2: 2}}
    assert why_these({7: 2}, places, "DE", {7: {2: 2}}, "10999") == "nearest"
    assert fewest_parcels({7: 2}, places, "DE", "80999") == {7: {1: 2}}
    assert fewest_parcels({7: 2}, places, "DE", "50667") == {7: {1: 2}}  # As near as any: the merchant's order.
    assert why_these({7: 2}, places, "DE", {7: {1: 2}}, "50667") == "first"
    # Vienna's postcode begins like Berlin's, but lies in another country.
    assert fewest_parcels({7: 2}, [source(1, {7: 5}, "AT", "1011"), unknown], "DE", "10115") == {7: {3: 2}}
    assert fewest_parcels({7: 7}, places, "DE", "10115") == {7: {2: 5, 1: 2}}


@pytest.mark.once
@given(
    st.lists(st.sampled_from(["10115", "10999", "1", "80331", ""]), min_size=1, max_size=5),
    st.sampled_from(["10117", "80339", "99999", ""]),
)
def test_no_place_that_has_it_all_is_nearer_than_the_chosen_one(postcodes: list[str], shopper: str) -> None:
    places = [source(place, {7: 1}, "DE", postcode) for place, postcode in enumerate(postcodes, 1)]
    ((chosen, _pieces),) = fewest_parcels({7: 1}, places, "DE", shopper)[7].items()
    # By another way than the shop's own: the length of the longest common prefix.
    near = [max(n for n in range(6) if one.postcode[:n] == shopper[:n] and n <= len(one.postcode)) for one in places]
    assert near[chosen - 1] == max(near)
    assert chosen == near.index(max(near)) + 1


def test_a_line_is_split_only_if_it_must_be() -> None:
    places = [source(1, {7: 2}), source(2, {7: 2})]
    assert fewest_parcels({7: 3}, places, "GB") == {7: {1: 2, 2: 1}}
    assert fewest_parcels({7: 5}, places, "GB") == {}


@pytest.mark.once
@pytest.mark.parametrize(
    ("places", "why"),
    [
        ([source(1, {7: 2}), source(2, {7: 1})], "fewest"),
        ([source(1, {7: 5}, "US"), source(2, {7: 5}, "GB")], "nearest"),
        ([source(1, {7: 5}), source(2, {7: 5})], "first"),
        ([source(1, {7: 1}), source(2, {7: 1})], "only"),
        ([source(1, {7: 5}, "US"), source(2, {7: 5}, "US")], "first"),
    ],
)
def test_a_plan_says_what_decided(places: list[Source], why: str) -> None:
    assert why_these({7: 2}, places, "GB", fewest_parcels({7: 2}, places, "GB")) == why


@given(
    st.lists(st.dictionaries(st.integers(1, 3), st.integers(1, 4), max_size=3), min_size=1, max_size=4),
    st.dictionaries(st.integers(1, 3), st.integers(1, 4), min_size=1),
)
def test_a_plan_adds_up_takes_what_is_there_and_uses_as_few_places_as_any(
    stock: list[dict[int, int]], needs: dict[int, int]
) -> None:
    places = [source(place, free) for place, free in enumerate(stock, 1)]
    plan = fewest_parcels(needs, places, "GB")
    counted = {v: n for v, n in needs.items() if any(v in free for free in stock)}
    if not plan:
        return
    assert {v: sum(parts.values()) for v, parts in plan.items()} == counted
    assert all(n <= stock[at - 1].get(v, 0) for v, parts in plan.items() for at, n in parts.items())
    used = {at for parts in plan.values() for at in parts}
    for mask in range(1, 2 ** len(stock)):
        chosen = [free for bit, free in enumerate(stock) if mask >> bit & 1]
        if all(sum(free.get(v, 0) for free in chosen) >= n for v, n in counted.items()):
            assert len(used) <= len(chosen)


@pytest.fixture
def north(shop: Shop) -> int:
    return add_location("north", "North", 9, "GB", "staff:1")


def where(order_id: int) -> dict[int, int]:
    return {part.location_id: part.quantity for part in allocated_to(f"order:{order_id}")}


def answering(plugins: FakePlugins, answer: Sequence[Sourced] | None) -> list[Any]:
    """Let a plugin answer; what it was asked is in the list."""
    asked: list[Any] = []

    def allocate(**question: Any) -> Sequence[Sourced] | None:
        asked.append(question)
        return answer

    plugins.fulfil_allocate = allocate  # type: ignore[attr-defined]
    return asked


def test_an_order_comes_from_one_place_if_one_has_all(shop: Shop, plugins: FakePlugins, north: int) -> None:
    cup, pot = shop.sell("cup", stock=5), shop.sell("pot", stock=1)
    receive_stock({cup: 5, pot: 5}, north, "delivery:1", "staff:1")
    answering(plugins, None)
    placed = shop.order((cup, 2), (pot, 2))
    assert {(part.location_id, part.quantity) for part in allocated_to(f"order:{placed.id}")} == {(north, 2)}


def test_a_plugin_chooses_where_goods_come_from(shop: Shop, plugins: FakePlugins, north: int) -> None:
    cup = shop.sell("cup", stock=5)
    receive_stock({cup: 5}, north, "delivery:1", "staff:1")
    asked = answering(plugins, [Sourced(variant_id=cup, location_id=north, quantity=2)])
    assert where(shop.order((cup, 2)).id) == {north: 2}
    assert (asked[0]["needs"], [one.free for one in asked[0]["sources"]]) == ({cup: 2}, [{cup: 5}, {cup: 5}])
    assert stock_proof() == []


@pytest.mark.parametrize("quantity", [1, 3, 99])
def test_a_plan_that_does_not_add_up_is_replaced_by_cores(
    shop: Shop, plugins: FakePlugins, north: int, quantity: int
) -> None:
    cup = shop.sell("cup", stock=5)
    receive_stock({cup: 5}, north, "delivery:1", "staff:1")
    answering(plugins, [Sourced(variant_id=cup, location_id=north, quantity=quantity)])
    assert sum(where(shop.order((cup, 2)).id).values()) == 2
    assert stock_proof() == []


def reasons(order_id: int) -> list[str]:
    return [
        row[0]
        for row in db.rows(
            "SELECT reason FROM stock_move WHERE reference = ? AND kind = 'allocate' ORDER BY id", f"order:{order_id}"
        )
    ]


def test_each_move_keeps_why_it_is_that_place(shop: Shop, plugins: FakePlugins, north: int) -> None:
    cup, pot = shop.sell("cup", stock=5), shop.sell("pot", stock=5)
    assert reasons(shop.order((pot, 1)).id) == ["from.only"]
    receive_stock({cup: 5}, north, "delivery:1", "staff:1")
    answering(plugins, [Sourced(variant_id=cup, location_id=north, quantity=1, why="cheapest", figure="3.10 < 4 EUR")])
    placed = shop.order((cup, 1))
    assert reasons(placed.id) == ["from.cheapest: 3.10 < 4 EUR"]
    answering(plugins, [Sourced(variant_id=cup, location_id=north, quantity=99, why="cheapest")])
    assert reasons(shop.order((cup, 1)).id) == ["from.nearest"]  # what does not add up decides nothing
    answering(plugins, [Sourced(variant_id=cup, location_id=north, quantity=1, why="allowed")])
    assert [str(why(one)) for one in reasons(shop.order((cup, 1)).id)] == ["No other place may send it"]
    answering(plugins, None)
    line = order_view(placed.id).lines[0].id  # type: ignore[union-attr]  # it was just placed
    more = SetQuantity(line_id=line, quantity=3)
    change_order(shop.state, placed.id, [more], key="a", actor="staff:1")
    assert reasons(placed.id) == ["from.cheapest: 3.10 < 4 EUR", "from.nearest"]


def test_nobody_is_asked_where_there_is_no_choice(shop: Shop, plugins: FakePlugins) -> None:
    asked = answering(plugins, None)
    assert where(shop.order((shop.sell("cup"), 2)).id) == {first_location(): 2}
    assert asked == []


def test_a_shelf_comes_before_what_is_not_there_yet(shop: Shop, plugins: FakePlugins, north: int) -> None:
    cup = shop.sell("cup", stock=1)
    set_stock_terms(shop.site, cup, StockTerms(backorder_limit=9), "staff:1")
    receive_stock({cup: 3}, north, "delivery:1", "staff:1")
    asked = answering(plugins, None)
    assert where(shop.order((cup, 2)).id) == {north: 2}
    assert [one.free for one in asked[0]["sources"]] == [{cup: 1}, {cup: 3}]


def test_a_change_asks_for_what_is_added(shop: Shop, plugins: FakePlugins, north: int) -> None:
    cup = shop.sell("cup", stock=5)
    placed = shop.order((cup, 1))
    receive_stock({cup: 5}, north, "delivery:1", "staff:1")
    asked = answering(plugins, [Sourced(variant_id=cup, location_id=north, quantity=2)])
    view = order_view(placed.id)
    assert view is not None
    more = SetQuantity(line_id=view.lines[0].id, quantity=3)
    change_order(shop.state, placed.id, [more], key="a", actor="staff:1")
    assert asked[0]["needs"] == {cup: 2}
    assert where(placed.id) == {first_location(): 1, north: 2}
    assert stock_proof() == []
