"""Every plugin of the house works alone, all work together, and each one that is off leaves no trace."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.app import App
from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.installation import installation
from core.kernel.sites import state_of
from core.kernel.switch import NeededByAnother, pause, switch_off, switch_on
from core.lib.errors import Refused
from core.testing.shop import PASSWORD

# Plugins that come and go: long, and nothing of it is about a database.
pytestmark = pytest.mark.once

PLUGINS = sorted(path.parent.name for path in (Path(__file__).parents[2] / "plugins").glob("*/plugin.py"))
SHOP = ("/", "/p/lamp", "/search?q=lamp", "/cart", "/checkout", "/login")
PANEL = ("/panel", "/panel/products", "/panel/orders", "/panel/plugins")
Turn = Callable[..., None]


@dataclass
class Shop:
    """A site with a lamp, the owner signed in, and a shopper who has the lamp in the cart."""

    app: App
    site: Site
    order: Callable[..., Any]
    lamp: Any

    def __post_init__(self) -> None:
        self._owner, self._shopper = self.app.test_client(), self.app.test_client()
        self._origin = f"https://{self.site.host}"
        self._post(self._owner, "/panel/login", email="owner@example.com", password=PASSWORD)
        self._post(self._shopper, "/cart/add", variant=str(self.lamp.variant_id), quantity="1")

    def _post(self, client: Any, path: str, **form: str) -> None:
        answer = client.post(path, base_url=self._origin, data=form, headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.status_code == 303, path

    def pages(self) -> dict[str, str]:
        """Every page, by its address; each opens."""
        found = {}
        for client, paths in ((self._shopper, SHOP), (self._owner, PANEL)):
            for path in paths:
                answer = client.get(path, base_url=self._origin)
                assert answer.status_code == 200, f"{path}: {answer.status_code}"
                # Each form that may be sent once has a key of its own.
                found[path] = re.sub(r'name="key" value="[^"]*"', "", answer.text)
        return found

    def trace(self) -> dict[str, Any]:
        """All that a plugin can leave on a site: routes, words and menus of pages, files, answers, allowed hosts."""
        runtime = state_of(self.site.id).runtime
        themes = installation().themes
        pages = self.pages()
        # The switchboard lists plugins that are off too, and what happened to them is history.
        del pages["/panel/plugins"], pages["/panel"]
        return {
            "routes": sorted(rule.rule for rule in runtime.url_map.iter_rules()),
            "answers": {
                name: [one.plugin for one in caller.implementations] for name, caller in runtime.callers.items()
            },
            "style": themes.style(self.site.theme, runtime.plugins).digest,
            "files": themes.folder_digest(self.site.theme, runtime.plugins),
            "hosts": dict(runtime.hosts),
            **pages,
        }

    def sell(self) -> None:
        """An order is placed, or refused in words: some plugins want to be filled in first."""
        before = db.value("SELECT COUNT(*) FROM orders")
        try:
            self.order(self.lamp)
            placed = 1
        except Refused:
            placed = 0
        assert db.value("SELECT COUNT(*) FROM orders") == before + placed


@pytest.fixture
def shop(app: App, site: Site, staff: Any, sell: Any, order: Any) -> Shop:
    del staff
    return Shop(app, site, order, sell("LAMP", 8900, stock=50, name="Lamp"))


@pytest.mark.parametrize("name", PLUGINS)
def test_a_plugin_works_alone_and_is_off_without_a_trace(
    name: str, shop: Shop, site: Site, turn_on: Turn, outbox: Any
) -> None:
    before = shop.trace()
    turn_on(name)
    on = [other for other in state_of(site.id).runtime.plugins if other != name]
    shop.pages()
    paths = [rule.rule for rule, _ in installation().plugins.loaded[name].rules]
    switch_off(site.id, name, "system")
    for other in on:
        switch_off(site.id, other, "system")

    assert shop.trace() == before
    for path in paths:
        if "<" not in path:
            assert shop._owner.get(path, base_url=shop._origin).status_code == 404, path

    turn_on(name)
    shop.sell()
    outbox.deliver()
    assert outbox.dead() == []
    assert db.value("SELECT COUNT(*) FROM plugin_fault") == 0


def test_all_plugins_work_together_and_leave_in_any_order(shop: Shop, site: Site, turn_on: Turn, outbox: Any) -> None:
    before = shop.trace()
    for name in PLUGINS:
        turn_on(name)
    assert state_of(site.id).runtime.plugins == tuple(PLUGINS)
    shop.pages()
    waiting = list(PLUGINS)
    while waiting:
        name = waiting.pop(0)
        try:
            switch_off(site.id, name, "system")
        except NeededByAnother:
            waiting.append(name)
    assert shop.trace() == before

    for name in PLUGINS:
        turn_on(name)
    shop.sell()
    outbox.deliver()
    assert outbox.dead() == []
    assert db.value("SELECT COUNT(*) FROM plugin_fault") == 0


def test_the_trace_sees_a_plugin_that_stays(shop: Shop, site: Site, turn_on: Turn) -> None:
    """Planted: a plugin that is on."""
    before = shop.trace()
    turn_on("coupons")
    after = shop.trace()
    assert {key for key in before if before[key] != after[key]} >= {"routes", "answers", "/panel/orders"}
    assert re.search(r"/panel/coupons", after["/panel/orders"])


def test_shoppers_see_no_trace_of_a_paused_plugin_and_the_merchant_is_told(
    shop: Shop, site: Site, turn_on: Turn
) -> None:
    before = shop.trace()
    turn_on("coupons")
    pause(site.id, "coupons", "RuntimeError: no")
    after = shop.trace()
    assert {key for key in before if before[key] != after[key] and not key.startswith("/panel")} == set()
    assert "RuntimeError: no" in shop.pages()["/panel/plugins"]
    switch_on(site.id, "coupons", "system")
    assert shop.trace()["routes"] != before["routes"]
