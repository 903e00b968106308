"""Limits on what must not be guessed hold over all processes, and over attempts at one moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.accounts.models import Staff
from core.hookspecs.site import Site
from core.kernel import attempts, db, jobs, limits
from core.kernel.attempts import Bound
from core.lib import clock

BOUND = Bound(("login", "198.51.100.7", "ines"), 8, 300)
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def passed(times: int, bound: Bound = BOUND) -> int:
    return sum(attempts.count([bound]) for _ in range(times))


@pytest.fixture
def guess(site: Site, client: Any, staff: Staff) -> Callable[[], int]:
    """Try a password at the panel; answers the status."""

    def post() -> int:
        origin = f"https://{site.host}"
        sent = {"email": staff.email, "password": "wrong " * 3}
        return int(
            client.post("/panel/login", data=sent, base_url=origin, headers={"Origin": origin}).status_code
        )  # fmt: skip

    return post


def test_many_workers_are_one_to_who_guesses(guess: Callable[[], int]) -> None:
    """Eight tries in five minutes, however they are spread; a worker that has just begun knows of those before."""
    for _ in range(8):
        limits.reset()  # The next request is answered by another worker.
        assert guess() != 429
    limits.reset()
    assert guess() == 429


def test_where_each_worker_counts_for_itself_there_are_more(
    guess: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted bug: as it was."""
    monkeypatch.setattr(attempts, "count", lambda _bounds: True)
    for _ in range(10):
        limits.reset()
        assert guess() != 429


@pytest.mark.usefixtures("database")
def test_at_one_moment_no_more_pass_than_may(together: Callable[..., None]) -> None:
    counted: list[bool] = []
    together(lambda: counted.append(attempts.count([BOUND])), 12)
    assert counted.count(True) == 8


@pytest.mark.usefixtures("database")
def test_looking_first_and_counting_then_lets_more_pass(together: Callable[..., None]) -> None:
    """The planted bug: two statements, between which others look, too."""
    counted, gate = list[bool](), threading.Barrier(12)

    def look_then_count() -> None:
        known = db.value("SELECT taken FROM attempt WHERE key = ?", BOUND.key) or 0
        gate.wait(30)
        if known < BOUND.most:
            with db.transaction():
                db.execute(
                    "INSERT INTO attempt (key, slot, taken, earlier, ends_at) VALUES (?, 0, 1, 0, 0)"
                    " ON CONFLICT (key) DO UPDATE SET taken = attempt.taken + 1",
                    BOUND.key,
                )
            counted.append(True)

    together(look_then_count, 12)
    assert len(counted) > BOUND.most


@pytest.mark.usefixtures("database")
def test_attempts_come_back_as_time_goes_and_rows_are_forgotten() -> None:
    with clock.freeze(NOON):
        assert passed(20) == 8
    with clock.freeze(NOON + timedelta(minutes=4, seconds=59)):
        assert passed(5) == 0
    # Half of the window before still counts: half of eight.
    with clock.freeze(NOON + timedelta(minutes=7, seconds=30)):
        assert passed(20) == 4
    with clock.freeze(NOON + timedelta(minutes=30)):
        assert passed(20) == 8
    with clock.freeze(NOON + timedelta(hours=3)):
        jobs._handler("attempts.forget")(None)  # type: ignore[arg-type]
        assert db.value("SELECT COUNT(*) FROM attempt") == 0


@pytest.mark.usefixtures("database")
def test_of_several_bounds_none_is_counted_where_one_is_reached() -> None:
    wide = Bound(("login", "198.51.100.7"), 60, 600)
    assert sum(attempts.count([wide, BOUND]) for _ in range(12)) == 8
    assert db.value("SELECT taken FROM attempt WHERE key = ?", wide.key) == 8
    attempts.forget([BOUND])
    assert attempts.count([wide, BOUND])


def test_a_login_that_succeeds_is_forgotten_and_nothing_says_what_was_tried(
    guess: Callable[[], int], staff: Staff, site: Site, client: Any
) -> None:
    from core.testing.shop import PASSWORD

    for _ in range(7):
        guess()
    keys = [row[0] for row in db.rows("SELECT key FROM attempt")]
    assert keys
    assert not any(staff.email in key or "127.0.0.1" in key for key in keys)
    origin = f"https://{site.host}"
    sent = {"email": staff.email, "password": PASSWORD}
    client.post("/panel/login", data=sent, base_url=origin, headers={"Origin": origin})
    limits.reset()
    assert [guess() for _ in range(8)].count(429) == 0


def test_reading_pages_writes_nothing(site: Site, browse: Callable[..., Any], statements: Callable[[], Any]) -> None:
    with statements() as sql:
        browse(site, "/search?q=lamp")
        browse(site, "/search/complete?q=lamp")
    assert [one for one in sql if "attempt" in one] == []
