"""What is measured: added up over processes, written once a minute by the worker, forgotten after three days."""

from __future__ import annotations

from typing import Any

import pytest

from core.kernel import db, measures
from core.kernel.measures import JOB, KEPT, KEPT_HOURS, PAGE, STEPS, Measures, last_day, share_ms


@pytest.fixture
def fresh(app: Any, monkeypatch: pytest.MonkeyPatch) -> Measures:
    """Measures that have measured nothing, as after a start."""
    found = Measures()
    monkeypatch.setattr(measures, "MEASURES", found)
    return found


def steps(**counts: int) -> list[int]:
    """A histogram by the upper ends of its steps: steps(ms10=3)."""
    found = [0] * (len(STEPS) + 1)
    for name, count in counts.items():
        found[STEPS.index(int(name.removeprefix("ms")))] = count
    return found


def test_shares_are_read_from_a_histogram_as_if_steps_were_filled_evenly() -> None:
    assert share_ms(steps(), 0.5) is None
    assert share_ms(steps(ms10=100), 0.5) == 8.5  # The middle of 7 to 10.
    assert share_ms(steps(ms10=50, ms100=50), 0.5) == 10
    assert share_ms(steps(ms10=90, ms100=10), 0.95) == 85  # The middle of 70 to 100.
    beyond = steps()
    beyond[-1] = 4
    assert share_ms(beyond, 1) == 20_000


def test_two_processes_add_to_one_hour(fresh: Measures, clock: Any) -> None:
    other = Measures()
    for process, took_s in ((fresh, 0.008), (other, 0.08)):
        for _ in range(10):
            process.took(PAGE, took_s)
        process.happened(KEPT)
        process.took(JOB, 2.5)
        assert process.flush()
    hour = last_day()[-1]
    assert (hour.pages, hour.kept, hour.jobs) == (20, 0.1, 2)
    assert (hour.half_ms, hour.most_ms) == (10, 97)
    assert 2000 < (hour.waited_ms or 0) <= 3000


def test_writing_is_once_a_minute_two_statements_and_never_lost(
    fresh: Measures, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh.took(PAGE, 0.01)
    with db.counted() as statements:
        assert fresh.flush()
    assert len([sql for sql in statements if sql.startswith(("INSERT", "DELETE"))]) == 2
    fresh.took(PAGE, 0.01)
    assert not fresh.flush()
    assert last_day()[-1].pages == 2
    clock.move(minutes=2)
    with monkeypatch.context() as broken:
        broken.setattr(measures, "_store", lambda _counts: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            fresh.flush()
    clock.move(minutes=2)
    assert fresh.flush()
    assert sum(hour.pages for hour in last_day()) == 2


def test_old_hours_are_forgotten(fresh: Measures, clock: Any) -> None:
    fresh.took(PAGE, 0.01)
    fresh.flush()
    clock.move(hours=KEPT_HOURS + 1)
    assert last_day()[0].pages == 0
    fresh.took(PAGE, 0.01)
    fresh.flush()
    assert db.value("SELECT COUNT(*) FROM measure") == 1
