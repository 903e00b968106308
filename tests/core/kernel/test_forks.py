"""A process forks whatever state its shop is in, and its children count from nothing."""

from __future__ import annotations

import gc
import itertools

from core.kernel import forks
from core.kernel.measures import MEASURES


def test_a_shop_that_cannot_be_shown_forks_all_the_same(monkeypatch):
    asked = itertools.count()

    def broken(*_):
        next(asked)
        raise OSError("the database is away")

    monkeypatch.setattr(forks, "_different_sites", broken)
    try:
        forks._before(broken, {})
        forks._before(broken, {})
        assert gc.get_freeze_count() > 0
        assert next(asked) == 1, "tried once"
    finally:
        gc.unfreeze()


def test_a_child_counts_from_nothing():
    MEASURES.happened("kept")
    assert MEASURES.waiting()
    MEASURES.forget()
    assert not MEASURES.waiting()
