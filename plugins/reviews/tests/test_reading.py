"""What the public sees: stars, lists, votes, facts for machines; and what stays on its own site."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from core.api import (
    Delivery,
    GuestErased,
    ListingQuery,
    ShopperErased,
    Site,
    cards_for,
    listing,
    now,
    rows,
    switch_off,
    transaction,
    value,
)
from plugins.reviews.models import Vote
from plugins.reviews.plugin import notify_event
from plugins.reviews.services import reading, voting
from plugins.reviews.services.moderating import erase_person

from .conftest import Browser


def machine_facts(page: str) -> list[dict[str, Any]]:
    found = []
    for block in re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL):
        graph = json.loads(block)
        found += graph.get("@graph", [graph])
    return [one for one in found if one["@type"] in {"Product", "ProductGroup", "Review", "AggregateRating"}]


def test_stars_stand_on_the_page_the_card_and_in_one_product_for_machines(
    site: Site, lamp: Any, said: Any, guest: Browser, outbox: Any
) -> None:
    said(lamp, 5, title="Top", name="Ann", days=2)
    said(lamp, 4, text="很好", language="zh-CN", days=1)
    said(lamp, 1, name="Bob", state="pending")
    outbox.deliver()

    page = guest.get("/p/lamp", raw=True)
    (product,) = machine_facts(page)
    assert product["aggregateRating"] == {"@type": "AggregateRating", "ratingValue": 4.5, "reviewCount": 2}
    assert [one["reviewRating"]["ratingValue"] for one in product["review"]] == [4, 5]
    assert product["review"][1]["author"]["name"] == "Ann"
    assert page.count('id="reviews"') == 1
    assert 'lang="zh-CN" dir="auto">很好<' in page
    card = cards_for(site, "en", "EUR", [lamp.product_id])[lamp.product_id]
    assert (card.rating.mean, card.rating.count) == (4.5, 2)


def test_the_best_rated_come_first_and_follow_each_change(
    site: Site, lamp: Any, said: Any, sell: Any, outbox: Any, panel: Browser
) -> None:
    chair = sell("CHAIR", 100, name="Chair")
    said(lamp, 4)
    bad = said(chair, 5)
    outbox.deliver()

    def best() -> list[str]:
        return [card.name for card in listing(site, "en", "EUR", ListingQuery(sort="rating")).cards]

    assert best() == ["Chair", "Lamp"]
    panel.post(f"/panel/reviews/{bad}/reject", reason="Spam")
    outbox.deliver()
    assert best() == ["Lamp", "Chair"]


def test_a_kept_page_is_the_same_for_all_and_ends_with_a_vote_and_an_answer(
    lamp: Any, said: Any, guest: Browser, mira: Browser, panel: Browser, statements: Any
) -> None:
    review_id = said(lamp, 5, title="Top")
    for path in ("/p/lamp", "/reviews/lamp"):
        guest.get(path)
        with statements() as sql:
            page = guest.get(path, raw=True)
        assert len(sql) <= 3, "the page was not kept"
        assert "Mira" not in page
    mira.post(f"/reviews/{review_id}/helpful", path="lamp")
    panel.post(f"/panel/reviews/{review_id}/reply", reply="Thank <you>")
    for path in ("/p/lamp", "/reviews/lamp"):
        page = guest.get(path)
        assert "1 person found this helpful" in page
        assert "Answer of Test shop" in page
        assert "Thank <you>" in page


def test_helpful_counts_once_for_each_browser_and_account_and_never_for_the_author(
    lamp: Any, said: Any, guest: Browser, mira: Browser, shopper: Any, app: Any, site: Site
) -> None:
    review_id = said(lamp, 5)
    path = f"/reviews/{review_id}/helpful"
    assert "Thank you." in guest.follow(path, path="lamp")
    assert "You have said so already." in guest.follow(path, path="lamp")
    mira.post(path, path="lamp")
    mira.post(path, path="lamp")
    Browser(app.test_client(), site).post(path, path="lamp")
    assert value("SELECT helpful FROM reviews_review") == 3
    own = said(lamp, 4, shopper_id=shopper.id)
    mira.post(f"/reviews/{own}/helpful", path="lamp")
    assert value("SELECT helpful FROM reviews_review WHERE id = ?", own) == 0
    guest.post(f"/reviews/{said(lamp, 1, state='pending')}/helpful", 404, path="lamp")


def test_votes_of_one_voter_at_one_moment_count_once(lamp: Any, said: Any, site: Site, together: Any) -> None:
    review_id = said(lamp, 5)
    together(lambda: voting.vote(site, review_id, "v" * 64), 4)
    assert value("SELECT helpful FROM reviews_review") == 1


def test_without_the_unique_index_a_voter_would_count_twice(lamp: Any, said: Any, site: Site) -> None:
    """The bug against which the test above stands guard, planted."""
    review_id = said(lamp, 5)
    for _ in range(2):
        voting.vote(site, review_id, "v" * 64)
        with transaction():
            Vote.delete().where(Vote.site_id == site.id).execute()
    assert value("SELECT helpful FROM reviews_review") == 2


@pytest.mark.parametrize("sort", reading.SORTS)
@pytest.mark.parametrize("stars", [0, 4])
def test_paging_shows_each_review_once_in_order(lamp: Any, said: Any, site: Site, sort: str, stars: int) -> None:
    known = [(said(lamp, 1 + n % 5, days=n % 3, helpful=n % 4), 1 + n % 5, n % 3, n % 4) for n in range(23)]
    seen, after = [], ""
    while True:
        shown = reading.listed(site, lamp.product_id, reading.Wish(stars=stars, sort=sort, after=after), 4)
        seen += [review.id for review in shown.reviews]
        after = shown.next
        if not after:
            break
    orders = {
        "newest": lambda one: -one[0],
        "helpful": lambda one: (-one[3], -one[0]),
        "highest": lambda one: (-one[1], -one[0]),
        "lowest": lambda one: (one[1], -one[0]),
    }
    wanted = [one for one in known if stars in {0, one[1]}]
    if sort == "newest":
        at = dict(rows("SELECT id, created_at FROM reviews_review"))
        wanted.sort(key=lambda one: (-at[one[0]], -one[0]))
    else:
        wanted.sort(key=orders[sort])
    assert seen == [one[0] for one in wanted]


def test_the_list_narrows_by_the_histogram_and_survives_nonsense(lamp: Any, said: Any, guest: Browser) -> None:
    for n in range(12):
        said(lamp, 5 if n % 2 else 2, title=f"Five{n}" if n % 2 else f"Two{n}")
    page = guest.get("/reviews/lamp?stars=2")
    assert "Two0" in page
    assert "Five" not in page
    assert 'rel="next"' in guest.get("/reviews/lamp", raw=True)
    for query in ("stars=9&sort=x&after=y", "after=1.2.3", "after=99999999999999999999.1", "after=9999999999999999.1"):
        guest.get(f"/reviews/lamp?{query}")
    guest.get("/reviews/nothing", 404)
    assert "还没有人评价" not in guest.get("/zh-cn/reviews/lamp")


def test_another_site_has_reviews_of_its_own(
    site: Site, other_site: Site, lamp: Any, said: Any, turn_on: Any, panel: Browser, guest: Browser
) -> None:
    turn_on("reviews", on=other_site)
    theirs = said(lamp, 1, title="Theirs", where=other_site)
    assert "Theirs" not in guest.get("/p/lamp")
    assert reading.facts(site, [lamp.product_id]) == {}
    for act in ("", "/approve", "/reject", "/reply", "/remove", "/restore", "/erase"):
        if act:
            panel.post(f"/panel/reviews/{theirs}{act}", 404, reason="x", reply="x")
        else:
            panel.get(f"/panel/reviews/{theirs}", 404)
    guest.post(f"/reviews/{theirs}/helpful", 404, path="lamp")
    assert "Theirs" not in panel.get("/panel/reviews/?view=published")


def test_off_without_a_trace_and_back_with_all(lamp: Any, said: Any, site: Site, guest: Browser, turn_on: Any) -> None:
    said(lamp, 5, title="Top")
    assert "Top" in guest.get("/p/lamp")
    switch_off(site.id, "reviews", "system")
    page = guest.get("/p/lamp", raw=True)
    assert "Top" not in page
    assert "aggregateRating" not in page
    guest.get("/reviews/lamp", 404)
    turn_on("reviews")
    assert "Top" in guest.get("/p/lamp")


def test_erasure_takes_the_name_and_keeps_the_stars(
    lamp: Any, said: Any, site: Site, guest: Browser, shopper: Any, panel: Browser, outbox: Any
) -> None:
    said(lamp, 2, name="Mira K.", text="Too dark", author=f"shopper:{shopper.id}", shopper_id=shopper.id, order_id=7)
    other = said(lamp, 4, name="Ann")
    assert erase_person(site, "MIRA@example.com", actor="system") == 1
    page = guest.get("/p/lamp")
    assert "Mira K." not in page
    assert "Too dark" in page
    assert "3 of 5" in page
    panel.post(f"/panel/reviews/{other}/erase")
    assert "Ann" not in guest.get("/p/lamp")
    assert rows("SELECT name, shopper_id, order_id FROM reviews_review") == [("", None, None), ("", None, None)]


def test_whoever_is_erased_takes_the_name_along(
    lamp: Any, said: Any, site: Site, guest: Browser, shopper: Any, bought: Any
) -> None:
    order_id = bought(lamp)
    said(lamp, 2, name="Mira K.", text="Too dark", author=f"shopper:{shopper.id}", shopper_id=shopper.id)
    said(lamp, 3, name="Gwen G.", text="Too bright", author="mail:x", order_id=order_id)
    said(lamp, 4, name="Ann", text="Fine")
    for event in (ShopperErased(shopper_id=shopper.id), GuestErased(order_ids=(order_id,))):
        for attempt in (1, 2):
            notify_event(site, Delivery(id="e1", seq=1, at=now(), attempt=attempt, event=event))
    page = guest.get("/p/lamp")
    assert [words in page for words in ("Mira K.", "Gwen G.", "Ann", "Too dark", "Too bright")] == [
        False, False, True, True, True,
    ]  # fmt: skip
    assert rows("SELECT shopper_id, order_id FROM reviews_review WHERE name = ''") == [(None, None), (None, None)]
