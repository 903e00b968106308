"""What makes logging in quick in tests, and never refused for having been done too often by an earlier one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def quick_logins() -> Iterator[None]:
    """Passwords are hashed with next to no work, and no attempt of an earlier test counts."""
    from core.kernel import limits, passwords

    limits.reset()
    with passwords.fast():
        yield
