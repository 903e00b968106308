"""A member of staff at the panel and a shopper, with the plugin on."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest

from core.api import Site
from core.testing.shop import PASSWORD, Item


class Panel:
    """Somebody signed in at the panel of a site."""

    def __init__(self, client: Any, site: Site) -> None:
        self.client, self.origin = client, f"https://{site.host}"

    def get(self, path: str, status: int = 200) -> str:
        with self.client.get(path, base_url=self.origin) as answer:
            assert answer.status_code == status, answer.text
            return html.unescape(str(answer.text))

    def post(self, path: str, status: int = 303, **form: Any) -> str:
        answer = self.client.post(path, data=form, base_url=self.origin, headers={"Origin": self.origin})
        assert answer.status_code == status, answer.text
        return html.unescape(str(answer.text))

    def follow(self, path: str, **form: Any) -> str:
        """What the page says that a POST leads to."""
        answer = self.client.post(path, data=form, base_url=self.origin, headers={"Origin": self.origin})
        assert answer.status_code == 303, answer.text
        return self.get(answer.headers["Location"])


@pytest.fixture
def panel(app: Any, site: Site, staff: Any, turn_on: Callable[..., None]) -> Panel:
    turn_on("product_content")
    panel = Panel(app.test_client(), site)
    panel.post("/panel/login", email=staff.email, password=PASSWORD)
    return panel


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
