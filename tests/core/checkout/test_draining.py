"""A plugin that is switched off while orders need it offers nothing new, finishes them, and then ends by itself."""

from __future__ import annotations

from typing import Any

import pytest

from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.runtime import DRAINING, OFF, ON
from core.kernel.sites import state_of
from core.kernel.switch import switch_off, switch_on, switchboard
from core.orders.services.gateways import find_gateway, gateways_of
from core.orders.services.payments import mark_paid
from core.orders.services.ship import ship


def state(site: Site) -> str:
    return state_of(site.id).states["bank_transfer"]


@pytest.fixture
def unpaid(site: Site, sell: Any, order: Any, turn_on: Any) -> int:
    """An order that waits for a bank transfer, with the plugin switched off behind it."""
    turn_on("bank_transfer", holder="Shop", account="DE89370400440532013000")
    placed = order(sell("LAMP", 8900, stock=3), gateway="bank_transfer")
    assert db.value("SELECT plugin FROM payment WHERE order_id = ?", placed.id) == "bank_transfer"
    assert switch_off(site.id, "bank_transfer", "system") == DRAINING
    return int(placed.id)


def test_it_offers_nothing_new_but_answers_for_its_order(unpaid: int, site: Site) -> None:
    here = state_of(site.id)
    account = db.value("SELECT account FROM payment WHERE order_id = ?", unpaid)
    assert [plugin for plugin, _ in gateways_of(here)] == ["core"]
    assert find_gateway(here, "bank_transfer", account) is not None
    shown = {view.name: view for view in switchboard(site.id)}["bank_transfer"]
    assert (shown.state, shown.needed_by_orders) == (DRAINING, 1)


def test_it_ends_by_itself_when_the_order_is_paid_and_sent(unpaid: int, site: Site, outbox: Any, clock: Any) -> None:
    clock.move(minutes=11)
    outbox.deliver()
    assert state(site) == DRAINING
    mark_paid(state_of(site.id), unpaid, actor="system")
    ship(site, unpaid, actor="system")
    clock.move(minutes=11)
    outbox.deliver()
    assert state(site) == OFF


def test_it_can_be_switched_on_again(unpaid: int, site: Site) -> None:
    switch_on(site.id, "bank_transfer", "system")
    assert state(site) == ON
    assert [plugin for plugin, _ in gateways_of(state_of(site.id))] == ["bank_transfer"]


def test_on_another_site_it_is_simply_off(unpaid: int, other_site: Site) -> None:
    switch_on(other_site.id, "bank_transfer", "system")
    assert switch_off(other_site.id, "bank_transfer", "system") == OFF
