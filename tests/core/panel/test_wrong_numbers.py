"""Whoever writes several wrong numbers into a table of pieces reads each reason beside its field, at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from core.checkout.services.changing import change_order
from core.hookspecs.site import Site
from core.kernel.sites import state_of
from core.orders.services.case import approve_case, receive_case, request_case
from core.orders.services.change_shapes import AddGoods
from core.orders.services.read import order_view
from core.orders.services.shapes import OrderView
from core.orders.services.ship import ship
from core.testing.shop import Item
from tests.core.panel.conftest import Panel


@pytest.fixture
def placed(site: Site, sell: Callable[..., Item], order: Callable[..., Any]) -> OrderView:
    """Three lamps and two shades."""
    made = order(sell("LAMP", 8900, stock=9, name="Lamp"), 3)
    shade = AddGoods(variant_id=sell("SHADE", 900, stock=9, name="Shade").variant_id, quantity=2)
    change_order(state_of(site.id), made.id, [shade], key="k", actor="staff:1")
    found = order_view(made.id, site=site)
    assert found is not None
    return found


def says(answer: Any, name: str, reason: str) -> bool:
    """Whether the reason stands below the field, and the field points to it."""
    text = answer.get_data(as_text=True)
    points = re.search(rf'<input [^>]*id="{name}"[^>]*aria-describedby="{name}-error"', text)
    below = re.search(rf'id="{name}-error">(.*?)</p>', text, re.DOTALL)
    return answer.status_code == 422 and bool(points) and below is not None and reason in below[1]


@pytest.mark.parametrize("act", ["cancel", "split", "ship", "return"])
def test_every_wrong_number_is_said_beside_its_field(panel: Panel, site: Site, placed: OrderView, act: str) -> None:
    if act == "return":
        ship(site, placed.id, actor="staff:1")
    lamp, shade = (f"line-{line.id}" for line in placed.lines)
    form = {lamp: "4", shade: "x", "key": "f", "act": "preview", "kind": "return", "reason": "faulty"}
    answer = panel.post(f"/panel/orders/{placed.number}/{act}", form)
    assert says(answer, lamp, "Lamp: from 0 to 3.")
    assert says(answer, shade, "Shade: from 0 to 2.")
    assert 'value="4"' in answer.get_data(as_text=True)
    assert 'value="x"' in answer.get_data(as_text=True)


def test_every_piece_that_did_not_come_is_said_beside_its_field(panel: Panel, site: Site, placed: OrderView) -> None:
    ship(site, placed.id, actor="staff:1")
    lamp, shade = (line.id for line in placed.lines)
    case = request_case(
        site, placed.id, kind="return", lines={lamp: 3, shade: 2}, reason="faulty", key="r", actor="staff:1"
    )  # fmt: skip
    approve_case(site, case, actor="staff:1")
    receive_case(site, case, {lamp: 3, shade: 2}, actor="staff:1")
    wrong = {f"sellable-{lamp}": "2", f"damaged-{lamp}": "2", f"discarded-{shade}": "many", "act": "inspect"}
    answer = panel.post(f"/panel/orders/{placed.number}/returns/{case}", wrong)
    assert says(answer, f"sellable-{lamp}", "Lamp: that is more than came.")
    assert says(answer, f"discarded-{shade}", "Shade: from 0 to 2.")


def test_what_is_wrong_in_a_change_is_said_beside_it_and_nothing_else_unfolds(panel: Panel, placed: OrderView) -> None:
    lamp, shade = (line.id for line in placed.lines)
    wrong = {f"qty-{lamp}": "x", f"price-{shade}": "much", "act": "preview", "key": "c"}
    answer = panel.post(f"/panel/orders/{placed.number}/change", wrong)
    assert says(answer, f"qty-{lamp}", "Lamp")
    assert says(answer, f"price-{shade}", "Write an amount")
    assert 'value="much"' in answer.get_data(as_text=True)
    assert '<details class="fold" open>' not in answer.get_data(as_text=True)
