"""The browser sees what a person sees, at the width and with the scripts that the view says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.testing.browser import DESKTOP, PHONE, VIEWS, View, axe_violations, jumps, scrolls_sideways

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAGE = "data:text/html,<html lang=en><title>A page</title><main><h1>Bowls</h1>{}</main>"


@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_scripts_run_only_where_the_view_has_them(page: Page, view: View) -> None:
    page.goto(PAGE.format("<p>plain</p><script>document.querySelector('p').textContent = 'scripted'</script>"))
    assert page.inner_text("p") == ("scripted" if view.scripts else "plain")
    assert page.viewport_size == {"width": view.width, "height": view.height}


def test_axe_names_the_rule_and_the_place(page: Page) -> None:
    page.goto(PAGE.format("<img src=x>"))
    assert axe_violations(page) == ["image-alt: Images must have alternative text: img"]
    page.goto(PAGE.format("<img src=x alt='A bowl'>"))
    assert axe_violations(page) == []


@pytest.mark.parametrize("view", [PHONE, DESKTOP], ids=str)
def test_a_line_wider_than_the_window_is_noticed(page: Page, view: View) -> None:
    page.goto(PAGE.format("<meta name=viewport content='width=device-width'><hr style='width: 1000px'>"))
    assert scrolls_sideways(page) == (view is PHONE)


def test_words_that_are_pushed_down_after_they_were_seen_are_noticed(page: Page) -> None:
    page.goto(PAGE.format("<p>Bowls and plates</p>" * 9))
    assert jumps(page) == []
    page.evaluate("document.querySelector('h1').style.paddingBlockEnd = '40vh'")
    [jump] = jumps(page, most=0.01)
    assert jump.startswith("jumps by 0.")
    assert "Bowls and plates" in jump
    assert jumps(page, most=1) == []


def test_a_picture_of_the_page_is_kept(page: Page, shot: Callable[[str], Path]) -> None:
    page.goto(PAGE.format(""))
    assert shot("bowls").read_bytes().startswith(b"\x89PNG")
