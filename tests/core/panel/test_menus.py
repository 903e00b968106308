"""What a button unfolds over a page is seen whole, or scrolls: in a window of any size nobody misses its last field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.hookspecs.site import Site
from core.testing.shop import Item
from tests.core.panel.conftest import Panel
from tests.core.panel.test_pages import _answered_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

LISTS = ("/panel/orders", "/panel/products", "/panel/shoppers", "/panel/stock", "/panel/documents")
WIDTHS, HEIGHTS = (375, 768, 900, 1440), (600, 700, 812, 900)


def _hidden(page: Page, path: str, widths: tuple[int, ...], heights: tuple[int, ...]) -> list[str]:
    """The menus of a page that stand out of the window, or whose last field cannot be brought into it."""
    wrong = []
    page.goto(f"http://shop.test{path}")
    for width in widths:
        for height in heights:
            page.set_viewport_size({"width": width, "height": height})
            for opener in page.locator("main [popovertarget]:visible").all():
                opener.click()
                menu = page.locator(f"#{opener.get_attribute('popovertarget')}")
                for what in (menu, menu.locator(":is(input, select, button):visible").last):
                    what.scroll_into_view_if_needed()
                    box = what.bounding_box()
                    assert box is not None
                    if (
                        min(box["x"], box["y"]) < 0
                        or box["x"] + box["width"] > width
                        or box["y"] + box["height"] > height
                    ):
                        wrong.append(f"{path}, {width} × {height}, {menu.get_attribute('id')}: {box}")
                page.keyboard.press("Escape")
    return wrong


@pytest.mark.once
def test_the_filters_and_columns_of_orders_are_within_reach(
    page: Page, panel: Panel, sell: Callable[..., Item], order: Callable[..., object]
) -> None:
    order(sell("LAMP", 8900, stock=5, name="Lamp"), 1)
    _answered_by(panel, page)
    assert _hidden(page, LISTS[0], (900,), (600,)) == []


@pytest.mark.slow
def test_every_menu_of_every_list_is_within_reach_in_windows_of_all_sizes(
    page: Page, panel: Panel, site: Site, sell: Callable[..., Item], order: Callable[..., object]
) -> None:
    order(sell("LAMP", 8900, stock=5, name="Lamp"), 1)
    _answered_by(panel, page)
    assert [line for path in LISTS for line in _hidden(page, path, WIDTHS, HEIGHTS)] == []
    del site
