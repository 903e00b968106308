"""The key to the page that makes the first site: printed where the shop was started, and good while there is none."""

from __future__ import annotations

import hmac

from core.kernel import secrets


def setup_key() -> str:
    """128 bits that only this installation can make; the same until it has a site."""
    return secrets.derived("setup", "first site")


def is_setup_key(said: str) -> bool:
    """Whether somebody has read what was printed."""
    return hmac.compare_digest(said.encode(), setup_key().encode())
