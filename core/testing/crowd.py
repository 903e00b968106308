"""A crowd: the same work by several processes at once, each with a connection of its own."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from typing import Any

from core.kernel import db

# What a test needs was imported before the fork, so that the processes start at once.
_fork = multiprocessing.get_context("fork")
_PATIENCE_S = 120


def at_once(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """Let each work be done by a process of its own, all from the same moment; answers what each of them answered.

    An answer is sent between processes, so it is plain data; an error that a work lets out is answered as its text.
    """
    db.close_all()
    start, answers = _fork.Barrier(len(works)), _fork.Queue()
    people = [_fork.Process(target=_live, args=(place, work, start, answers)) for place, work in enumerate(works)]
    for one in people:
        one.start()
    got = dict(answers.get(timeout=_PATIENCE_S) for _ in people)
    for one in people:
        one.join(timeout=_PATIENCE_S)
    db.connect()
    return [got[place] for place in range(len(works))]


def _live(place: int, work: Callable[[], Any], start: Any, answers: Any) -> None:
    db.after_fork()
    start.wait(timeout=_PATIENCE_S)
    try:
        answer = work()
    except Exception as error:  # noqa: BLE001 -- whatever went wrong is for the test to judge
        answer = f"{type(error).__name__}: {error}"
    db.close_all()
    answers.put((place, answer))
