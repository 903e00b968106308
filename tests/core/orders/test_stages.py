"""A plugin keeps stages of its own: facts beside the order's four axes, shown, looked for, and guarded."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

import pytest

from core.hookspecs.events import OrderStaged
from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.i18n import speaking
from core.kernel.installation import installation
from core.kernel.manifest import LoadError, Plugin, Stage
from core.kernel.switch import switch_off
from core.lib.errors import NotFound
from core.orders.services.guards import Guarded, stages_of
from core.orders.services.listing import OrderFilters, list_orders
from core.orders.services.parting import split_order
from core.orders.services.read import OrderView, order_view
from core.orders.services.ship import ship
from core.orders.services.stages import WrongStage, enter_stage
from core.panel.orders.services.staged import stage_title
from core.testing.shop import Item

STAFF = "staff:1"
KILN = '''
"""Pots are glazed, then fired; only what was fired leaves."""

from core.api import *

PLUGIN = Plugin(
    name="kiln",
    version="1",
    title="Kiln",
    category="machinery",
    order_stages=(
        Stage(code="glazed", title="Glazed", after=("", "broken"), tone="busy"),
        Stage(code="fired", title="Fired", after=("glazed",), tone="good"),
        Stage(code="broken", title="Broken", tone="bad", by_hand=False),
    ),
)


@hookimpl
def order_problems(order, act):
    if act.kind == ActKind.SHIP and order.stages.get("kiln") != "fired":
        return [Problem(message="Fire it first.", code="not_fired")]
    if act.stage == "kiln:broken" and act.actor != "plugin:kiln":
        return [Problem(message="Only the kiln breaks pots.", code="whole")]
    return []
'''


@pytest.fixture
def kiln(site: Site, turn_on: Callable[..., None]) -> Any:
    folder = installation().config.plugins_path / "kiln"
    folder.mkdir(parents=True)
    (folder / "plugin.py").write_text(KILN, "utf-8")
    words = folder / "locale" / "zh_CN" / "LC_MESSAGES"
    words.mkdir(parents=True)
    (words / "messages.po").write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Fired"\nmsgstr "已烧制"\n', "utf-8"
    )
    turn_on("kiln")
    return sys.modules["plugins.kiln.plugin"]


@pytest.fixture
def pot(sell: Callable[..., Item]) -> Item:
    return sell("POT", 1000, stock=50, name="Pot")


def seen(order_id: int) -> OrderView:
    view = order_view(order_id)
    assert view is not None
    return view


def test_the_last_stage_is_where_an_order_stands(
    site: Site, kiln: Any, pot: Item, order: Callable[..., Any], outbox: Any
) -> None:
    placed = order(pot)
    assert stages_of(placed.id) == {}

    with pytest.raises(WrongStage):
        enter_stage(site, placed.id, "kiln", "fired", actor=STAFF)
    assert enter_stage(site, placed.id, "kiln", "glazed", actor=STAFF)
    assert not enter_stage(site, placed.id, "kiln", "glazed", actor=STAFF)
    assert enter_stage(site, placed.id, "kiln", "fired", actor=STAFF)

    assert stages_of(placed.id) == {"kiln": "fired"}
    # What was so before stays known.
    assert [row[0] for row in db.rows("SELECT stage FROM order_stage ORDER BY id")] == ["glazed", "fired"]
    told = [entry.data for entry in seen(placed.id).timeline if entry.kind == "stage"]
    assert told == [
        {"plugin": "kiln", "before": "", "after": "glazed"},
        {"plugin": "kiln", "before": "glazed", "after": "fired"},
    ]
    assert [(event.plugin, event.stage) for event in outbox.events(OrderStaged)] == [
        ("kiln", "glazed"), ("kiln", "fired"),
    ]  # fmt: skip


def test_a_guard_lets_an_order_leave_only_from_a_stage(
    site: Site, kiln: Any, pot: Item, order: Callable[..., Any]
) -> None:
    placed = order(pot)
    with pytest.raises(Guarded, match="Fire it first"):
        ship(site, placed.id, actor=STAFF)
    enter_stage(site, placed.id, "kiln", "glazed", actor=STAFF)
    with pytest.raises(Guarded, match="Only the kiln"):
        enter_stage(site, placed.id, "kiln", "broken", actor=STAFF)
    assert enter_stage(site, placed.id, "kiln", "broken", actor="plugin:kiln")
    enter_stage(site, placed.id, "kiln", "glazed", actor=STAFF)
    enter_stage(site, placed.id, "kiln", "fired", actor=STAFF)

    ship(site, placed.id, actor=STAFF)

    assert seen(placed.id).status.fulfilment == "shipped"


def test_nobody_comes_to_a_stage_that_is_not_there(
    site: Site, other_site: Site, kiln: Any, pot: Item, order: Callable[..., Any]
) -> None:
    placed = order(pot)
    for where, plugin, stage in (
        (site, "kiln", "melted"), (site, "nobody", "glazed"), (other_site, "kiln", "glazed"),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            enter_stage(where, placed.id, plugin, stage, actor=STAFF)
    switch_off(site.id, "kiln", "system")
    with pytest.raises(NotFound):
        enter_stage(site, placed.id, "kiln", "glazed", actor=STAFF)
    assert stages_of(placed.id) == {}


@pytest.mark.slow
def test_both_parts_of_a_split_order_stand_where_it_stood(
    site: Site, kiln: Any, pot: Item, order: Callable[..., Any]
) -> None:
    placed = order(pot, 2)
    enter_stage(site, placed.id, "kiln", "glazed", actor=STAFF)

    number = split_order(site, placed.id, {seen(placed.id).lines[0].id: 1}, key="s", actor=STAFF)

    part = int(db.value("SELECT id FROM orders WHERE number = ?", number))
    assert stages_of(part) == stages_of(placed.id) == {"kiln": "glazed"}


def test_staff_see_set_and_look_for_stages(
    site: Site, kiln: Any, pot: Item, order: Callable[..., Any], at_panel: Any
) -> None:
    one, two, three = (order(pot) for _ in "abc")
    page = f"/panel/orders/{one.number}"
    assert 'value="kiln:glazed"' in at_panel.get(page)
    assert 'value="kiln:fired"' not in at_panel.get(page)

    text = at_panel.follow(f"{page}/stage", stage="kiln:glazed")

    assert "Now: Glazed" in text
    assert re.search(r"<dt>Kiln</dt><dd>.*?<span>Glazed</span>", text)
    assert "Kiln: Glazed" in text
    assert 'value="kiln:fired"' in text
    assert "not where this stage begins" in at_panel.follow(f"{page}/stage", stage="kiln:glazed,")
    # What only the plugin sets is no button, and no address either.
    assert 'value="kiln:broken"' not in text
    assert "not where this stage begins" in at_panel.follow(f"{page}/stage", stage="kiln:broken")

    text = at_panel.post("/panel/orders/bulk", status=200, act="stage", stage="kiln:fired", n=[one.number, two.number])
    assert "1 of 2 orders are done." in text
    assert "Now: Fired" in text
    assert "The order is not where this stage begins." in text

    def found(query: str) -> set[str]:
        return set(re.findall(r'/panel/orders/(\d+)"', at_panel.get(f"/panel/orders?{query}")))

    assert found("stage=kiln:fired") == {one.number}
    assert found("stage=kiln:glazed") == set()
    assert found("stage=kiln") == {one.number, two.number, three.number}
    with speaking("zh-CN"):
        assert stage_title("kiln", "fired") == "已烧制"
    assert len(list_orders(site, OrderFilters(stage=("kiln", "fired"))).orders) == 1


@pytest.mark.slow
def test_a_plugin_that_is_off_shows_no_stage_and_keeps_its_facts(
    site: Site, kiln: Any, pot: Item, order: Callable[..., Any], at_panel: Any, turn_on: Callable[..., None]
) -> None:
    placed = order(pot)
    enter_stage(site, placed.id, "kiln", "glazed", actor=STAFF)
    switch_off(site.id, "kiln", "system")

    assert "<dt>Kiln</dt>" not in at_panel.get(f"/panel/orders/{placed.number}")
    assert "kiln:" not in at_panel.get("/panel/orders")
    turn_on("kiln")
    assert "<dt>Kiln</dt>" in at_panel.get(f"/panel/orders/{placed.number}")


@pytest.mark.once
@pytest.mark.parametrize(
    ("stages", "complaint"),
    [
        ([Stage(code="Ready!", title="Ready")], "small letters"),
        ([Stage(code="ready", title="Ready", tone="pink")], "'pink' is not one of busy"),
        ([Stage(code="ready", title="Ready"), Stage(code="done", title="D", after=("raedy",))], "did you mean"),
        ([Stage(code="ready", title="A"), Stage(code="ready", title="B")], "one code"),
    ],
)
def test_a_slip_in_a_stage_is_told_to_its_author(stages: list[Stage], complaint: str) -> None:
    with pytest.raises(LoadError, match=complaint):
        Plugin(name="kiln", version="1", title="Kiln", category="machinery", order_stages=tuple(stages))
