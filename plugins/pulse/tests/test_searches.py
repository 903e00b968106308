"""Searches: what was looked for, what it found, and where staff lead it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core.api import Site, rows, transaction
from core.testing.panel import AtPanel
from plugins.pulse.services import ageing, counting

from .conftest import NOON


@pytest.fixture
def panel(counters: Any, at_panel: AtPanel, turn_on: Callable[..., None]) -> AtPanel:
    del counters
    turn_on("pulse")
    return at_panel


def told(page: str) -> dict[str, str]:
    """What the script of a page of results would tell of it."""
    found = re.search(r'data-pulse-words="([^"]*)" data-pulse-found="([^"]*)"', page)
    return {"words": found[1], "found": found[2]} if found else {}


def table(file: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(file)))[1:]


def test_a_search_is_counted_with_what_it_found_and_nobody_with_it(
    panel: AtPanel, site: Site, sell: Any, browse: Any, tell: Any, clock: Any
) -> None:
    sell("LAMP", 8900, name="Lamp")
    clock.set(NOON - timedelta(days=8))
    for words in ("lamp", "couch", "couch", "mira@example.com", "+49 151 2345678"):
        sent = told(browse(site, f"/search?q={words}").text)
        assert sent["found"] == ("1" if words == "lamp" else "0")
        tell(site, "search", **sent)
    assert told(browse(site, "/search?q=lamp&sort=newest").text) == {}  # the same search, sorted
    clock.set(NOON)
    tell(site, "search", words="Couch", found="2")

    assert table(panel.get("/panel/pulse/searches.csv?days=30")) == [
        ["couch", "3", "2", "2", "2026-03-10"],
        ["lamp", "1", "0", "1", "2026-03-02"],
    ]
    assert table(panel.get("/panel/pulse/searches.csv?days=7")) == [["couch", "1", "0", "2", "2026-03-10"]]
    assert table(panel.get("/panel/pulse/searches.csv?days=30&only=nothing&q=OUC"))[0][0] == "couch"
    assert table(panel.get("/panel/pulse/searches.csv?days=7&only=nothing")) == []


def test_a_search_that_finds_nothing_is_led_to_other_words(
    panel: AtPanel, site: Site, sell: Any, browse: Any, tell: Any
) -> None:
    sell("SOFA", 8900, name="Sofa")
    tell(site, "search", words="couch", found="0")
    page = panel.get("/panel/pulse/searches?days=7&only=nothing")
    assert "Lead it to…: “couch”" in page
    panel.post("/panel/search-leads", words="couch", kind="also", also="sofa")
    assert told(browse(site, "/search?q=couch").text) == {"words": "couch", "found": "1"}
    assert "also “sofa”" in panel.get("/panel/pulse/searches?days=7")


def test_what_searches_found_last_survives_the_end_of_their_days(panel: AtPanel, site: Site, clock: Any) -> None:
    del panel
    key = counting.Key(site.id, "2026-03-09", "words", "couch")
    with transaction():
        counting.store({key: (3, 3)}, {key: 0})
        counting.store({key._replace(period="2026-03-10"): (1, 0)}, {key._replace(period="2026-03-10"): 4})
    clock.move(days=401)
    ageing.roll_up(site)
    assert [tuple(row) for row in rows("SELECT period, views, visits, results FROM pulse_count")] == [
        ("2026-03", 4, 3, 4)
    ]
