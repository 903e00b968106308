"""A member of staff at the panel and a shopper, with the plugin on."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest

from core.api import Site
from core.testing.panel import AtPanel
from core.testing.shop import Item


class Panel(AtPanel):
    """Pages as people read them: without entities."""

    def get(self, path: str, status: int = 200) -> str:
        return html.unescape(super().get(path, status))

    def post(self, path: str, status: int = 303, **form: Any) -> str:
        return html.unescape(super().post(path, status, **form))


@pytest.fixture
def panel(at_panel: AtPanel, site: Site, turn_on: Callable[..., None]) -> Panel:
    turn_on("product_content")
    return Panel(at_panel.client, site)


@pytest.fixture
def lamp(sell: Callable[..., Item]) -> Item:
    return sell("LAMP", 8900, name="Lamp")


@pytest.fixture
def page(browse: Callable[..., Any], site: Site) -> Callable[..., str]:
    """`page("/p/lamp")`: the text of a page of the shop, in one line, without what only machines read."""

    def read(path: str, on: Site | None = None) -> str:
        answer = browse(on or site, path)
        assert answer.status_code == 200, answer.text
        body = re.sub(r"<(script|noscript)\b.*?</\1>", " ", answer.text, flags=re.DOTALL)
        return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body)))

    return read
