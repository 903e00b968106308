"""A package is imported without what it would take along."""

from __future__ import annotations

import sys

import pytest

from core.lib.spare import hollow, without

pytestmark = pytest.mark.once


def test_what_is_not_loaded_is_not_found_within_the_block() -> None:
    sys.modules.pop("this", None)
    with without("this"), pytest.raises(ImportError):
        import this  # noqa: F401
    assert "this" not in sys.modules


def test_it_is_there_again_after_an_import_that_failed() -> None:
    with pytest.raises(ZeroDivisionError), without("this"):
        raise ZeroDivisionError
    assert "this" not in sys.modules


def test_what_is_loaded_already_stays() -> None:
    with without("json"):
        import json
    assert sys.modules["json"] is json


def test_what_is_given_empty_is_whole_for_whoever_asks_later() -> None:
    sys.modules.pop("this", None)
    with hollow("this"):
        import this

        assert not hasattr(this, "s")
    assert "this" not in sys.modules


def test_what_is_loaded_already_is_not_emptied() -> None:
    with hollow("json"):
        import json
    assert hasattr(json, "dumps")


def test_what_is_taken_out_of_it_does_nothing() -> None:
    sys.modules.pop("this", None)
    with hollow("this:since Group"):
        from this import Group, since

    @since("1.0", reason="it was time")
    def untouched() -> str:
        return "as it was"

    @Group("shop").command("open")
    def unheard() -> str:
        return "as it was"

    assert untouched() == unheard() == "as it was"
    assert not Group().commands, "there are none"
