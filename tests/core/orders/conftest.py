from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.orders.services.shortages import wrong_shortages
from core.orders.services.states import wrong_states
from core.orders.services.waits import wrong_waits
from tests.core.checkout.conftest import gateway, plugins, shop

__all__ = ["gateway", "plugins", "shop"]


@pytest.fixture(autouse=True)
def rows_say_what_the_facts_say(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test does to orders: what rows say for lists is what their facts and the shelves say."""
    if "instance" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("instance")
    yield
    assert wrong_states() == []
    assert (wrong_shortages(), wrong_waits()) == ([], [])
