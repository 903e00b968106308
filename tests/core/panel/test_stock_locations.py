"""The places that ship, in the panel, by forms without a script."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

from core.catalogue.services.locations import all_locations
from core.kernel import db
from tests.core.panel.conftest import Panel, words

NEW = {"name": "North", "code": "north", "country": "GB"}


def number_of(code: str) -> int:
    return int(db.value("SELECT id FROM location WHERE code = ?", code))


def test_a_place_is_added_named_put_first_and_closed(panel: Panel, sell: Callable[..., Any]) -> None:
    lamp = sell("LAMP", 8900, stock=10, name="Arc lamp").variant_id
    shown = words(panel.follow(panel.post("/panel/stock/locations/new", NEW)))
    assert "North is added." in shown
    assert "Main main – 1 10" in shown
    assert "North north United Kingdom 0 0" in shown
    north = number_of("north")
    panel.post(f"/panel/stock/locations/{north}", {"name": "Far north", "country": "NO"})
    panel.post(f"/panel/stock/locations/{north}/earlier")
    assert [(one.name, one.country) for one in all_locations()] == [("Far north", "NO"), ("Main", "")]
    panel.post(f"/panel/stock/{lamp}", {"delta": "2", "reason": "Came", "location": str(north)})
    refused = words(panel.follow(panel.post(f"/panel/stock/locations/{north}/close")))
    assert "Far north still has stock" in refused
    panel.post(f"/panel/stock/{lamp}", {"delta": "-2", "reason": "Gone", "location": str(north)})
    closed = words(panel.follow(panel.post(f"/panel/stock/locations/{north}/close")))
    assert "Far north is closed." in closed
    assert "Open Far north again" in closed
    panel.post(f"/panel/stock/locations/{north}/open")
    told = words(panel.get("/panel/activity"))
    for act in (
        "added the location North", "changed the location Far north", "changed when goods are taken from Far north",
        "closed the location Far north", "opened the location Far north again",
    ):  # fmt: skip
        assert act in told


def test_undo_brings_a_place_back_where_it_stood(panel: Panel) -> None:
    panel.post("/panel/stock/locations/new", NEW)
    north = number_of("north")
    panel.post(f"/panel/stock/locations/{north}/earlier")
    closed = panel.follow(panel.post(f"/panel/stock/locations/{north}/close")).get_data(as_text=True)
    undo = re.search(r'action="([^"]*/open\?[^"]*)"', closed)
    assert undo is not None
    panel.post(html.unescape(undo[1]))
    assert [one.code for one in all_locations()] == ["north", "main"]
    panel.post(f"/panel/stock/locations/{north}/close")
    panel.post(f"/panel/stock/locations/{north}/open")
    assert [one.code for one in all_locations()] == ["main", "north"], "what is opened later goes behind the others"


def test_whoever_comes_second_is_told_what_the_first_one_did(panel: Panel) -> None:
    panel.post("/panel/stock/locations/new", NEW)
    north = number_of("north")
    panel.post(f"/panel/stock/locations/{north}/close")
    for late in ("close", "earlier"):
        said = words(panel.follow(panel.post(f"/panel/stock/locations/{north}/{late}")))
        assert "North is closed already." in said
    for said in ("North is open again.", "North is open already."):
        assert said in words(panel.follow(panel.post(f"/panel/stock/locations/{north}/open")))


def test_what_does_not_fit_is_said_beside_its_field(panel: Panel) -> None:
    for sent, said in (
        ({"name": ""}, "Fill this in."),
        ({"code": "Nord Süd"}, "Write small letters, digits and hyphens."),
        ({"code": "main"}, "Another location has this code."),
    ):
        answer = panel.post("/panel/stock/locations/new", {**NEW, **sent})
        assert (answer.status_code, said in words(answer)) == (422, True)
    assert len(all_locations()) == 1


def test_places_of_all_sites_are_for_those_who_edit_stock_everywhere(colleague: Callable[..., Panel]) -> None:
    theirs = colleague({"catalogue.view", "stock.edit"})
    assert "Add a location" not in words(theirs.get("/panel/stock/locations"))
    assert theirs.post("/panel/stock/locations/new", NEW).status_code == 403
    assert len(all_locations()) == 1
