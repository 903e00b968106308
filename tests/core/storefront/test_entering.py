"""What plugins keep for a visitor follows into the account, whatever one of them does, and ends at the way out."""

from __future__ import annotations

from typing import Any

import pytest

from core.kernel.installation import installation
from core.kernel.switch import switch_on
from core.testing.shop import PASSWORD

from .conftest import Visitor

PLUGIN = """
from core.api import CardAct, Plugin, Views, public

shop = Views()

@shop.post("/press")
@public
def press():
    return "pressed"

def entered(site, shopper_id, cookie):
    {does}

PLUGIN = Plugin(name="keeper", version="1", title="Keeper", shop=shop, entered=entered,
                card_acts=(CardAct(endpoint="press", title="Press", icon="heart"),))
"""
ENTRY = {"email": "mira@example.com", "password": PASSWORD}


@pytest.fixture
def keeper(instance: Any, site: Any) -> Any:
    """A plugin whose `entered` does what the test says."""

    def make(does: str) -> None:
        folder = instance / "plugins" / "keeper"
        folder.mkdir(parents=True)
        (folder / "plugin.py").write_text(PLUGIN.format(does=does), "utf-8")
        installation().plugins.discover()
        switch_on(site.id, "keeper", "system")

    return make


def test_a_plugin_is_handed_its_cookie_and_says_what_it_holds_then(visitor: Visitor, shopper: Any, keeper: Any) -> None:
    keeper('return f"{cookie}+{shopper_id}"')
    visitor.client.set_cookie("mine_keeper", "mine", domain="shop.test", secure=True)
    visitor.client.set_cookie("mine_other", "theirs", domain="shop.test", secure=True)
    visitor.post("/login", ENTRY)
    assert visitor.cookie("mine_keeper") == f"mine+{shopper.id}"
    visitor.post("/logout")
    assert visitor.cookie("mine_keeper") == visitor.cookie("mine_other") == ""


@pytest.mark.parametrize("does", ["raise SystemExit", "return 'x' * 9000"])
def test_a_plugin_that_fails_keeps_nobody_out(visitor: Visitor, shopper: Any, keeper: Any, does: str) -> None:
    keeper(does)
    visitor.post("/login", ENTRY)
    assert visitor.get("/account", follow=False).status_code == 200
    assert visitor.cookie("mine_keeper") == ""


def test_a_button_stands_on_every_card_and_its_form_once(visitor: Visitor, lamp: int, keeper: Any) -> None:
    keeper("return None")
    page = visitor.get("/c/lighting").text
    assert page.count('id="act-keeper"') == 1
    assert f'form="act-keeper" name="product" value="{lamp}"' in page
    assert 'form="act-keeper"' in visitor.get("/p/dome-lamp").text
