from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.checkout.shop import FakeGateway, FakePlugins, Post, Shop, open_shop


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def plugins(gateway: FakeGateway) -> FakePlugins:
    return FakePlugins(gateways=[gateway], carriers=[Post()])


@pytest.fixture
def shop(instance: Path, plugins: FakePlugins) -> Shop:
    return open_shop(instance, plugins)
