"""The contract of who tells facts about products."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from core.testing.contracts import AskContract
from plugins.reviews import plugin


@pytest.mark.slow
class TestFacts(AskContract):
    """Stars of what was reviewed."""

    hook = "site_data"

    @pytest.fixture
    def answer(self) -> Callable[..., Any]:
        return plugin.site_data

    @pytest.fixture
    def answers(self, lamp: Any, said: Callable[..., int]) -> Sequence[dict[str, Any]]:
        said(lamp, 5)
        said(lamp, 3)
        return [{"kind": "product", "objects": [lamp.product_id]}]
