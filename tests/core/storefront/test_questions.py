"""What plugins ask at the checkout, and what becomes of the answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.kernel.switch import switch_off, switch_on

from .conftest import Visitor
from .test_buying import GREEN_L

GIFTS = """
from core.api import Field, Plugin, hookimpl, language

PLUGIN = Plugin(name="gifts", version="1", title="Gifts", category="content")
WORDS = {"en": ("Message on the card", "Hide the prices", "Paper", "Plain brown"),
         "zh-CN": ("卡片留言", "不附价格", "包装纸", "牛皮纸")}


@hookimpl
def checkout_fields():
    message, hide, paper, brown = WORDS[language()]
    return [Field(name="message", label=message, kind="textarea"), Field(name="hide", label=hide, kind="checkbox"),
            Field(name="paper", label=paper, choices=(("b7", brown),))]
"""
ANSWERS = {"extra.gifts.message": "Happy birthday", "extra.gifts.hide": "1", "extra.gifts.paper": "b7"}


@pytest.fixture
def instance(instance: Path) -> Path:
    folder = instance / "plugins" / "gifts"
    folder.mkdir(parents=True)
    (folder / "plugin.py").write_text(GIFTS, "utf-8")
    return instance


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


@pytest.fixture
def ordered(site: Any, visitor: Visitor, lamp: int, fill: Callable[..., dict[str, str]]) -> str:
    """The path of the confirmation of an order with answers to all three questions."""
    switch_on(site.id, "gifts", "system")
    visitor.post("/cart/add", GREEN_L)
    placed = visitor.post("/checkout/place", fill(visitor.get("/checkout").text, **ANSWERS))
    assert "Happy birthday" in words(placed.text)
    return str(placed.request.path)


def test_shoppers_read_their_answers_as_they_were_asked(ordered: str, visitor: Visitor) -> None:
    page = words(visitor.get(ordered).text)
    assert "Message on the card Happy birthday Hide the prices Yes Paper Plain brown" in page
    assert "卡片留言 Happy birthday 不附价格 是 包装纸 牛皮纸" in words(visitor.get(f"/zh-cn{ordered}").text)


def test_staff_read_them_in_their_own_language(ordered: str, visitor: Visitor, at_panel: Any) -> None:
    number = re.search(r"Order (\d+)", words(visitor.get(ordered).text))
    assert number
    for prefix, told in (
        ("", "Message on the card Happy birthday Hide the prices Yes Paper Plain brown"),
        ("/zh-cn", "卡片留言 Happy birthday 不附价格 是 包装纸 牛皮纸"),
    ):
        assert told in words(at_panel.get(f"{prefix}/panel/orders/{number[1]}"))


def test_answers_outlive_the_plugin_that_asked(ordered: str, visitor: Visitor, site: Any, at_panel: Any) -> None:
    switch_off(site.id, "gifts", "system")
    number = re.search(r"Order (\d+)", words(visitor.get(ordered).text))
    assert number
    assert "message Happy birthday" in words(at_panel.get(f"/panel/orders/{number[1]}"))
    assert "Happy birthday" in words(visitor.get(ordered).text)
