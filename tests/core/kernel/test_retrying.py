"""Two verbs that wait for each other in a circle: the database ends one, and it is done again."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from core.kernel import db


@pytest.mark.postgres
def test_both_are_done_in_the_end(database: str, together: Callable[..., None]) -> None:
    del database
    with db.transaction():
        db.execute("CREATE TABLE pot (id INTEGER PRIMARY KEY, spoons INTEGER NOT NULL)")
        db.execute("INSERT INTO pot (id, spoons) VALUES (1, 0), (2, 0)")
    first, both_wait, tries = iter((1, 2)), threading.Barrier(2), list[int]()

    def stir() -> None:
        mine = next(first)

        def verb() -> None:
            tries.append(mine)
            with db.transaction():
                db.execute("UPDATE pot SET spoons = spoons + 1 WHERE id = ?", mine)
                if len(tries) <= 2:
                    both_wait.wait(10)
                db.execute("UPDATE pot SET spoons = spoons + 1 WHERE id = ?", 3 - mine)

        db.retrying(verb)

    try:
        together(stir, 2)
        assert db.rows("SELECT spoons FROM pot ORDER BY id") == [(2,), (2,)]
        assert len(tries) == 3, "one of them was ended, and done again"
    finally:
        with db.transaction():
            db.execute("DROP TABLE pot")
