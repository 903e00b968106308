"""What makes logging in quick in tests, and free of what earlier tests tried."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def quick_logins() -> Iterator[None]:
    """Passwords are hashed with next to no work, and no attempt of an earlier test counts."""
    from core.kernel import limits, passwords, sessions

    limits.reset()
    sessions.reset()
    with passwords.fast():
        yield
