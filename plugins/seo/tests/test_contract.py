"""The contract of who answers where a page has gone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from core.testing.contracts import AskContract
from core.testing.panel import AtPanel
from plugins.seo import plugin


@pytest.mark.slow
class TestMoved(AskContract):
    """An old address leads to the new one."""

    hook = "site_moved"

    @pytest.fixture
    def answer(self) -> Callable[..., Any]:
        return plugin.site_moved

    @pytest.fixture
    def answers(self, panel: AtPanel) -> Sequence[dict[str, Any]]:
        panel.post("/panel/seo/redirects", from_="/shop/lamp.html", code="301", to="/p/lamp")
        panel.post("/panel/seo/redirects", from_="/season", code="410", to="")
        return [{"path": "/shop/lamp.html"}, {"path": "/season"}]
