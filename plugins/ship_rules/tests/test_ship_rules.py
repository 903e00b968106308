"""Goods come from where the rules say, while everything can be had there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from core.api import (
    Address,
    SetQuantity,
    Site,
    Source,
    Sourced,
    change_order,
    execute,
    order_view,
    rows,
    state_of,
    transaction,
    value,
)
from core.testing.contracts import SourcingContract
from core.testing.shop import PASSWORD, Item
from plugins.ship_rules.forms import Wanted
from plugins.ship_rules.models import ShipRule
from plugins.ship_rules.services import choose, plan, save_rule

STAFF = "staff:1"


def source(location_id: int, free: Mapping[int, int], priority: int = 0) -> Source:
    return Source(location_id=location_id, country="GB", priority=priority, free=free)


def rule(*places: tuple[int, int | None], **more: Any) -> ShipRule:
    return ShipRule(
        places=[list(place) for place in places], **{"criteria": ["few"], "costs": {}, "only": False, **more}
    )


def where(parts: Sequence[Sourced] | None) -> dict[int, dict[int, int]]:
    found: dict[int, dict[int, int]] = {}
    for part in parts or ():
        found.setdefault(part.variant_id, {})[part.location_id] = part.quantity
    return found


def test_the_preferred_comes_first_and_a_place_that_sends_no_more_today_last() -> None:
    places = [source(1, {7: 5}), source(2, {7: 5}), source(3, {7: 5})]
    wanted = rule((3, 15 * 60), (1, None))
    assert where(plan(wanted, {7: 2}, places, 14 * 60 + 59)) == {7: {3: 2}}
    assert where(plan(wanted, {7: 2}, places, 15 * 60)) == {7: {1: 2}}


def test_fewest_parcels_or_the_order_as_the_rule_says() -> None:
    places = [source(1, {7: 1}), source(2, {7: 3, 8: 1}), source(3, {7: 3, 8: 1})]
    assert where(plan(rule((1, None), (3, None)), {7: 2, 8: 1}, places, 0)) == {7: {3: 2}, 8: {3: 1}}
    by_order = plan(rule((1, None), (3, None), criteria=["places"]), {7: 2, 8: 1}, places, 0)
    assert where(by_order) == {7: {1: 1, 3: 1}, 8: {3: 1}}


def test_others_send_only_if_they_may() -> None:
    places = [source(1, {7: 1}), source(2, {7: 5})]
    assert where(plan(rule((1, None)), {7: 3}, places, 0)) == {7: {2: 3}}
    assert plan(rule((1, None), only=True), {7: 3}, places, 0) is None


def test_a_rule_that_left_places_out_is_not_told_as_if_they_had_nothing() -> None:
    def why(places: list[Source]) -> set[str]:
        return {part.why for part in plan(rule((1, None), only=True), {7: 1}, places, 0) or ()}

    assert why([source(1, {7: 1}), source(2, {7: 5})]) == {"allowed"}
    assert why([source(1, {7: 1}), source(2, {8: 5})]) == {"only"}


class TestContract(SourcingContract):
    @pytest.fixture
    def choose(self, site: Site, turn_on: Callable[..., None], locations: Sequence[int]) -> Any:
        turn_on("ship_rules")
        first, second = locations
        save(site, [(second, None), (first, 12 * 60)])
        return lambda needs, sources, address: choose(site, needs, sources, address)


def save(site: Site, places: list[tuple[int, int | None]], countries: str = "", **more: Any) -> None:
    values = {"criteria": ["few"], "costs": {}, "only": False, "position": 0, **more}
    save_rule(site, Wanted(countries=countries, places=places, **values), actor=STAFF)


@pytest.fixture
def north(site: Site, turn_on: Callable[..., None]) -> int:
    """A second location, behind the first for core."""
    turn_on("ship_rules")
    with transaction():
        execute("INSERT INTO location (code, name, priority, country) VALUES ('north', 'North', 9, '')")
    del site
    return int(value("SELECT id FROM location WHERE code = 'north'"))


def stock_there(item: Item, location_id: int, pieces: int) -> None:
    with transaction():
        execute(
            "INSERT INTO stock_level (variant_id, location_id, on_hand, allocated, held, backorder_limit)"
            " VALUES (?, ?, ?, 0, 0, 0)",
            item.variant_id, location_id, pieces,
        )  # fmt: skip
        execute(
            "INSERT INTO stock_move (variant_id, location_id, kind, on_hand, allocated, held, reason, actor, reference,"
            " at) VALUES (?, ?, 'receive', ?, 0, 0, '', 'system', '', 0)",
            item.variant_id, location_id, pieces,
        )  # fmt: skip


def sent_from(order_id: int) -> dict[int, int]:
    found = rows(
        "SELECT location_id, SUM(allocated) FROM stock_move WHERE reference = ? GROUP BY location_id",
        f"order:{order_id}",
    )
    return {row[0]: int(row[1]) for row in found if row[1]}


def test_an_order_and_what_is_added_to_it_come_from_where_the_rule_says(
    site: Site, north: int, sell: Callable[..., Item], order: Callable[..., Any]
) -> None:
    lamp = sell("LAMP", 8900, stock=9)
    stock_there(lamp, north, 9)
    main = int(value("SELECT id FROM location WHERE code = 'main'"))
    save(site, [(north, None)], " DE ")
    placed = order(lamp, 2)
    assert sent_from(placed.id) == {north: 2}
    view = order_view(placed.id, site=site)
    assert view is not None
    more = SetQuantity(line_id=view.lines[0].id, quantity=5)
    change_order(state_of(site.id), placed.id, [more], key="a", actor=STAFF)
    assert sent_from(placed.id) == {north: 5}
    british = Address(name="Ada", lines=("1 High Street",), city="London", postcode="SW1A 1AA", country="GB")
    assert sent_from(order(lamp, 1, address=british).id) == {main: 1}


def test_the_last_hour_is_that_of_the_site(site: Site, north: int, clock: Any) -> None:
    main = int(value("SELECT id FROM location WHERE code = 'main'"))
    save(site, [(main, 15 * 60), (north, None)])
    both = [source(main, {7: 5}), source(north, {7: 5})]
    clock.set(datetime(2026, 3, 2, 14, 59, tzinfo=UTC))
    assert where(choose(site, {7: 1}, both, None)) == {7: {main: 1}}
    clock.move(minutes=1)
    assert where(choose(site, {7: 1}, both, None)) == {7: {north: 1}}


def test_rules_are_written_in_the_panel(site: Site, north: int, staff: Any, client: Any) -> None:
    origin = f"https://{site.host}"
    sent = {"base_url": origin, "headers": {"Origin": origin}}
    client.post("/panel/login", data={"email": staff.email, "password": PASSWORD}, **sent)
    form = {"countries": "de, at", "places": "north 15:30\nmain", "criteria-1": "few", "position": "1"}
    assert client.post("/panel/ship_rules/new", data=form, **sent).status_code == 303
    (stored,) = ShipRule.for_site(site)
    assert (stored.countries, stored.places[0]) == (" DE AT ", [north, 930])
    page = client.get("/panel/ship_rules/", base_url=origin).text
    assert "until 15:30" in page
    wrong = client.post(f"/panel/ship_rules/{stored.id}", data={**form, "places": "south", "countries": "XX"}, **sent)
    assert wrong.status_code == 422
    assert "south: write a location" in wrong.text
    assert "There is no country XX." in wrong.text
    assert client.post(f"/panel/ship_rules/{stored.id}/remove", **sent).status_code == 303
    assert not list(ShipRule.for_site(site))
    assert client.post(f"/panel/ship_rules/{stored.id}/restore", **sent).status_code == 303
    assert list(ShipRule.for_site(site)) == [stored]
