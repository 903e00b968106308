"""The bench runs, in its quickest form, so that it cannot rot; its figures mean nothing here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.buying import STEPS, form_of
from bench.measure import Meter, spent_s
from bench.servers import clean_environment


@pytest.fixture(scope="module")
def results(house: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The JSON of one quick run of the pages."""
    return _run(house, tmp_path_factory, "pages")


@pytest.fixture(scope="module")
def sales(house: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The same of what buys."""
    return _run(house, tmp_path_factory, "buying", "orders")


def _run(house: Path, tmp_path_factory: pytest.TempPathFactory, *claims: str) -> dict[str, object]:
    """As a developer would start it."""
    written = tmp_path_factory.mktemp("bench") / "figures.json"
    command = [sys.executable, "-P", "-m", "core.cli", "bench", "--quick", "--products", "50", "--json", str(written)]
    done = subprocess.run(
        [*command, *claims],
        env={**clean_environment(), "PYTHONPATH": str(house)},
        cwd=house,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "CPU-ms" in done.stdout
    found: dict[str, object] = json.loads(written.read_text("utf-8"))
    return found


@pytest.mark.slow
def test_every_page_has_its_cpu_and_statements(results) -> None:
    series = {(one["page"], one["kept"]): one for one in results["pages"]["series"]}
    assert {page for page, _ in series} == {"home", "category", "product", "search", "plain"}
    assert all(one["cpu_ms"] > 0 for one in series.values())
    assert all(one["statements"] >= 1 for one in series.values() if one["page"] != "plain")
    assert series["product", True]["cpu_ms"] < series["product", False]["cpu_ms"], "a kept page costs less"


@pytest.mark.slow
def test_every_step_of_an_order_is_charged_to_itself(sales) -> None:
    (shop,) = sales["buying"]["shops"]
    assert set(shop["steps"]) == set(STEPS)
    assert shop["orders"] > 0
    assert shop["statements"] == sum(step["statements"] for step in shop["steps"].values())


@pytest.mark.slow
def test_orders_in_process_are_put_beside_plain_commits(sales) -> None:
    (shop,) = sales["orders"]["shops"]
    assert 0 < shop["orders_per_s"] < shop["commits_per_s"]


@pytest.mark.slow
def test_every_page_of_the_panel_is_measured_beside_past_orders(house, tmp_path_factory) -> None:
    (shop,) = _run(house, tmp_path_factory, "panel")["panel"]["shops"]
    pages = {one["page"]: one for one in shop["pages"]}
    assert shop["orders"] == 50
    assert {"/panel/", "/panel/orders?payment=disputed", "/panel/shoppers/1", "/panel/products?q=lamp"} <= pages.keys()
    assert all(one["cpu_ms"] > 0 and 0 < one["statements"] <= 30 for one in pages.values())


@pytest.mark.slow
def test_it_tells_what_it_measured(results) -> None:
    (shop,) = results["shops"]
    assert shop["products"] == 50
    assert {"flat_rate", "tax_table", "coupons", "search_sql"} <= set(shop["plugins"])
    assert results["machine"]["python"]


# -- its instruments -------------------------------------------------------------------------------------------------


def test_processes_that_begin_or_end_are_charged_rightly() -> None:
    before, after = {1: 2.0, 2: 5.0}, {1: 2.5, 3: 0.25}
    assert spent_s(before, after) == 0.75


def test_work_done_is_seen_and_idleness_is_not() -> None:
    import os
    import time

    busy, idle = Meter(), Meter()
    with busy.over(1, os.getpid()):
        until = time.process_time() + 0.05
        while time.process_time() < until:
            pass
    with idle.over(1, os.getpid()):
        time.sleep(0.05)
    assert busy.cpu_ms >= 50
    assert idle.cpu_ms < 25


def test_a_form_is_sent_as_a_browser_would() -> None:
    page = """<form id="buy" action="/cart/add"><input type="hidden" name="product" value="a&amp;b">
      <input type="radio" name="o.size" value="s"><input type="radio" name="o.size" value="l" checked></form>
      <input type="hidden" name="beside" value="1" form="buy"><input type="hidden" name="other" value="2">"""
    assert form_of(page, "/cart/add") == {"product": "a&b", "o.size": "l", "beside": "1"}
