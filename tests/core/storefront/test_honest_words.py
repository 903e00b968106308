"""A shop that has nothing, or cannot send mails, says so and promises nothing."""

from __future__ import annotations

from typing import Any

from core.hookspecs.site import Site

from .conftest import Visitor, text_of


def test_a_shop_without_goods_says_so_in_its_own_name(visitor: Visitor, site: Site) -> None:
    page = visitor.get("/").text
    assert f'<h1 class="hero__title">{site.name}</h1>' in page
    assert "Things that get better with use" not in page
    assert "The shelves are being filled" in text_of(page)


def test_where_nothing_was_chosen_no_filter_is_to_blame(visitor: Visitor) -> None:
    page = visitor.get("/search").text
    assert "Nothing stands here yet" in text_of(page)
    assert 'id="facets"' not in page
    assert 'name="sort"' not in page
    said = text_of(visitor.get("/search?q=lamp").text)
    assert "Nothing was found for “lamp”" in said
    assert "Take one filter away" not in said


def test_a_shop_without_mail_promises_none(visitor: Visitor, sell: Any, order: Any) -> None:
    placed = order(sell("LAMP", 8900), 1, email="mira@example.com")
    thanks = text_of(visitor.get(f"/checkout/thanks/{placed.secret}").text)
    assert f"Order {placed.number} is with us" in thanks
    assert "We write to" not in thanks
    found = text_of(visitor.post("/track", {"number": placed.number, "email": "mira@example.com"}).text)
    assert "Mail me the link" not in found
    assert "does not send mails yet" in found
    asked = text_of(visitor.post("/password", {"email": "mira@example.com"}).text)
    assert "No mail will come" in asked
    assert "on its way" not in asked
