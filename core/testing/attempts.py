"""Attempts that are counted against a limit, forgotten between two steps of a test."""

from __future__ import annotations


def forget_attempts() -> None:
    """As if nobody had tried anything yet."""
    from core.kernel import limits

    limits.reset(everywhere=True)
