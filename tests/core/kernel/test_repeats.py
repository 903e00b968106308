"""A form that is sent twice is one act: at once, one after the other, and never of what was refused."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from core.kernel import activity, db, repeats
from core.kernel.repeats import DoneBefore, FormReused, check, claim, form_key
from core.lib import clock as shop_clock

pytestmark = pytest.mark.usefixtures("bare")
CLICKS = 4


def act(key: str, *, refused: bool = False) -> None:
    """A verb that leaves one line in the log."""
    with db.transaction():
        claim(key)
        activity.record("staff:1", "act", "thing:1", after={"key": key})
        if refused:
            raise KeyError(key)


def done() -> int:
    return int(db.value("SELECT COUNT(*) FROM activity"))


def test_the_same_form_again_does_nothing_and_another_does() -> None:
    act(form_key(1, "form", "five pieces"))
    with pytest.raises(DoneBefore):
        act(form_key(1, "form", "five pieces"))
    with pytest.raises(FormReused):
        act(form_key(1, "form", "six pieces"))
    assert done() == 1
    for other in (form_key(1, "next form", "five pieces"), form_key(2, "form", "five pieces"), "", ""):
        act(other)
    assert done() == 5, "another form, another site, and acts without any form"


def test_what_was_refused_may_be_sent_again() -> None:
    key = form_key(1, "form", "five pieces")
    with pytest.raises(KeyError):
        act(key, refused=True)
    act(key)
    assert done() == 1


def test_keys_are_forgotten_after_two_months(clock: shop_clock.Frozen) -> None:
    key = form_key(1, "form", "five pieces")
    act(key)
    for days, is_known in ((59, True), (2, False)):
        clock.move(days=days)
        repeats._forget(None)  # type: ignore[arg-type]  # it asks nothing of the job
        if is_known:
            with pytest.raises(DoneBefore):
                check(key)
    check(key)


def clicks(verb: Callable[[str], object]) -> list[str]:
    """The same form, sent many times at once: how each was answered."""
    ready = threading.Barrier(CLICKS)

    def click(_number: int) -> str:
        try:
            ready.wait()
            verb(form_key(1, "form", "five pieces"))
        except DoneBefore:
            return "done before"
        else:
            return "done"
        finally:
            db.reset_thread()

    with ThreadPoolExecutor(CLICKS) as fingers:
        return sorted(fingers.map(click, range(CLICKS)))


def test_of_many_clicks_at_once_one_counts() -> None:
    assert clicks(act) == ["done", *["done before"] * (CLICKS - 1)]
    assert done() == 1


def test_a_verb_that_looks_first_and_writes_then_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = threading.Barrier(CLICKS)

    def looks(key: str) -> None:
        """Planted: the key is looked up before the transaction, and kept by whoever comes first."""
        check(key)
        looked.wait()
        act(key)

    def keeps(key: str) -> Any:
        name, _dot, content = key.partition(".")
        db.execute(
            "INSERT INTO done_form (key, content, at) VALUES (?, ?, 0) ON CONFLICT (key) DO NOTHING", name, content
        )

    monkeypatch.setitem(globals(), "claim", keeps)
    clicks(looks)
    assert done() == CLICKS
