"""What the database itself refuses about stock, whoever writes and however: a changed past, and too many promises."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import peewee
import pytest

from core.catalogue.services import adjust_stock, allocate, stock_proof
from core.catalogue.services.stock_counts import first_location
from core.catalogue.services.stock_terms import StockTerms, set_stock_terms
from core.hookspecs.site import Site
from core.kernel import db
from core.lib.clock import Frozen, now
from tests.core.catalogue.conftest import Make
from tests.core.catalogue.goods import STAFF, variant_id

PROMISES = "stock_level_promises"


@pytest.fixture
def lamp(make: Make) -> int:
    make("Lamp", "LAMP", stock=10)
    return variant_id("LAMP")


def attempt(sql: str, *params: object) -> str:
    """What the database says to it; nothing where it lets it happen."""
    try:
        with db.transaction():
            db.execute(sql, *params)
    except peewee.IntegrityError as refusal:
        return str(refusal)
    return ""


@contextmanager
def without(trigger: str, table: str) -> Iterator[None]:
    """The planted bug: a trigger that somebody forgot to make. It is there again afterwards."""
    with suppress(_Enough), db.transaction():
        db.execute(f"DROP TRIGGER {trigger}" + ("" if db.is_sqlite() else f" ON {table}"))
        yield
        raise _Enough


class _Enough(Exception):
    """What was tried is taken back."""


FORGERIES = {
    "changed": "UPDATE stock_move SET on_hand = on_hand + 1",
    "blamed on another": "UPDATE stock_move SET actor = 'staff:9'",
    "deleted": "DELETE FROM stock_move",
}


def test_a_move_is_neither_changed_nor_deleted(lamp: int) -> None:
    before = db.rows("SELECT * FROM stock_move ORDER BY id")
    assert before
    for what, forgery in FORGERIES.items():
        assert "stock_move only grows" in attempt(forgery), what
    assert db.rows("SELECT * FROM stock_move ORDER BY id") == before
    assert adjust_stock(lamp, first_location(), -1, "broken", STAFF) == 9


def test_a_move_is_not_replaced_either(lamp: int) -> None:
    id_ = db.value("SELECT MAX(id) FROM stock_move")
    columns = "id, variant_id, location_id, kind, on_hand, allocated, held, reason, actor, reference, at"
    row = f"INTO stock_move ({columns}) VALUES ({id_}, {lamp}, 1, 'count', 1, 0, 0, '', '', '', 0)"
    if db.is_sqlite():
        assert "stock_move only grows" in attempt(f"INSERT OR REPLACE {row}")
    else:
        assert "stock_move only grows" in attempt(f"INSERT {row} ON CONFLICT (id) DO UPDATE SET actor = 'staff:9'")
        assert "stock_move only grows" in attempt("TRUNCATE stock_move CASCADE")
    assert stock_proof() == []


def test_the_same_forgery_goes_unseen_without_the_trigger(lamp: int) -> None:
    with without("stock_move_stays", "stock_move"):
        assert db.execute("UPDATE stock_move SET on_hand = on_hand + 1") > 0
        assert stock_proof() != []
    assert stock_proof() == []
    assert "stock_move only grows" in attempt(FORGERIES["changed"])


@pytest.fixture
def released(site: Site, make: Make, clock: Frozen) -> int:
    """Ten were sold ahead, of at most ten; then came the day, and ten pieces for them. Two more may be ordered late."""
    make("Album", "AHEAD", stock=0)
    variant = variant_id("AHEAD")
    terms = StockTerms(release_at=now() + timedelta(days=3), preorder_cap=10, backorder_limit=2)
    set_stock_terms(site, variant, terms, STAFF)
    with db.transaction():
        allocate({variant: 10}, "order:1", "system")
    clock.move(days=4)
    adjust_stock(variant, first_location(), 10, "delivery", STAFF)
    return variant


BEYOND = {
    "an eleventh pre-order": ("UPDATE stock_level SET preordered = 11", "stock_preordered"),
    "a cap below what was sold ahead": ("UPDATE stock_level SET preorder_cap = 9", "stock_preordered"),
    "the pieces of those who ordered ahead": ("UPDATE stock_level SET allocated = 3", "sold ahead"),
    "the same, held for a cart": ("UPDATE stock_level SET held = 3", "sold ahead"),
    "more backorders than the limit": ("UPDATE stock_level SET allocated = 13", "stock_promised|sold ahead"),
    "all at once": ("UPDATE stock_level SET allocated = 12, held = 1, preordered = 10", "stock_promised|sold ahead"),
}


def test_the_database_refuses_to_promise_beyond_what_there_is_and_what_was_set(released: int) -> None:
    before = db.rows("SELECT * FROM stock_level")
    for what, (sql, says) in BEYOND.items():
        said = attempt(f"{sql} WHERE variant_id = ?", released)
        assert any(word in said for word in says.split("|")), what
    assert db.rows("SELECT * FROM stock_level") == before


def test_a_level_does_not_begin_oversold(lamp: int, released: int) -> None:
    with db.transaction():
        db.execute("INSERT INTO location (code, name, priority, country) VALUES ('b', 'B', 1, '')")
    insert = (
        "INSERT INTO stock_level (variant_id, location_id, on_hand, allocated, held, backorder_limit, preordered,"
        " preorder_cap) VALUES (?, (SELECT id FROM location WHERE code = 'b'), 4, 3, 0, 0, 2, 2)"
    )
    assert "sold ahead" in attempt(insert, lamp)


def test_what_may_be_promised_still_is(released: int) -> None:
    assert attempt("UPDATE stock_level SET allocated = 2 WHERE variant_id = ?", released) == ""
    # A count may show that pieces are missing for those who ordered ahead; they are not promised to others by that.
    assert attempt("UPDATE stock_level SET on_hand = 5 WHERE variant_id = ?", released) == ""
    assert "sold ahead" in attempt("UPDATE stock_level SET allocated = 3 WHERE variant_id = ?", released)


def test_the_same_attempt_oversells_without_the_trigger(released: int) -> None:
    with without(PROMISES, "stock_level"):
        assert db.execute("UPDATE stock_level SET allocated = 3 WHERE variant_id = ?", released) == 1
    assert "sold ahead" in attempt("UPDATE stock_level SET allocated = 3 WHERE variant_id = ?", released)
