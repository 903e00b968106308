"""What only the house's own tests need; fixtures that plugin authors get too are in core.testing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# On a busy machine an example may take long without being wrong.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

_SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """`shared_data("shopify/products.csv")`: real files beside the project; skips the test where absent."""

    def find(name: str) -> Path:
        path = _SHARED / name
        if not path.exists():
            pytest.skip(f"{name} is not beside the project")
        return path

    return find
