"""What a page may cost in statements, with every plugin off and nothing kept: the third look at each, as counts."""

from __future__ import annotations

import pytest

from core.kernel import db

from .conftest import Visitor


@pytest.mark.parametrize(
    ("path", "most"), [("/", 3), ("/c/lighting", 4), ("/p/dome-lamp", 5), ("/search?q=dome", 4), ("/search", 4)]
)
def test_page_stays_within_its_statements(visitor: Visitor, lamp: int, path: str, most: int) -> None:
    for look in range(3):
        fresh = f"{path}{'&' if '?' in path else '?'}look={look}"  # Another address is another page to the cache.
        with db.counted() as statements:
            assert visitor.get(fresh).status_code == 200
    assert len(statements) <= most, statements


def test_kept_page_costs_one_statement(visitor: Visitor, lamp: int) -> None:
    visitor.get("/p/dome-lamp")
    with db.counted() as statements:
        visitor.get("/p/dome-lamp")
    assert len(statements) <= 2, statements


def test_adding_stays_within_its_statements(visitor: Visitor, lamp: int) -> None:
    sent = {"product": "dome-lamp", "o.colour": "green", "o.size": "l"}
    visitor.post("/cart/add", sent)
    with db.counted() as statements:
        visitor.post("/cart/add", {**sent, "variant": "3", "shown": "colour=green&size=l"}, follow=False)
    assert len([one for one in statements if not one.startswith(("BEGIN", "COMMIT"))]) <= 6, statements
