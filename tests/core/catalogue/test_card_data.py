"""What plugins say of products stands on cards and pages, as long as the plugin is on and its words hold."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.catalogue.services import cards_for, listing, product_page, rebuild_cards, save_product
from core.catalogue.services.card_data import ProductData, product_data_changed
from core.catalogue.services.drafts import ProductDraft
from core.catalogue.services.shapes import ListingQuery, ProductPage, Rating, ShownCard, Sort
from core.hookspecs.site import Site
from core.kernel import cache, db, jobs
from core.kernel.faults import faults_of
from core.kernel.installation import installation
from core.kernel.sites import state_of
from core.kernel.switch import switch_off, switch_on
from core.lib import clock
from tests.core.catalogue.conftest import Make, Stars
from tests.core.catalogue.goods import STAFF, cards, euro, forget_cards, simple


def card(site: Site, product_id: int) -> ShownCard:
    return cards_for(site, "en", "EUR", [product_id])[product_id]


def change(site: Site, *product_ids: int) -> None:
    """What a plugin's verb does, and then the worker."""
    with db.transaction():
        product_data_changed(site, product_ids)
    jobs.run_due()


def names(found: object) -> list[str]:
    return [shown.name for shown in found.cards]  # type: ignore[attr-defined]


def test_stars_stand_on_the_card_once_the_plugin_says_they_changed(shop: Site, make: Make, stars: Stars) -> None:
    product_id = make("Lamp", "LAMP")
    assert card(shop, product_id).rating is None
    stars.says(product_id, 4.6, 12)
    change(shop, product_id)
    shown = card(shop, product_id)
    assert shown.rating == Rating(mean=4.6, count=12)
    assert shown.data == {"stars": {"rating": 4.6, "rating_count": 12}}


def test_a_new_product_is_asked_about_too(shop: Site, make: Make, stars: Stars) -> None:
    for number in range(1, 9):
        stars.says(number, 3.5, 2)
    assert card(shop, make("Lamp", "LAMP")).rating == Rating(mean=3.5, count=2)


def test_an_edit_asks_for_all_its_products_at_once_and_only_on_sites_where_somebody_answers(
    shop: Site, make: Make, stars: Stars
) -> None:
    ids = [make(f"Lamp {number}", f"L{number}") for number in range(3)]
    stars.module.ASKED.clear()
    rebuild_cards()
    assert stars.asked == [(shop.key, "product", tuple(ids))]


def test_nothing_is_asked_or_read_where_no_plugin_answers(shop: Site, make: Make) -> None:
    product_id = make("Lamp", "LAMP")
    with db.counted() as statements:
        save_product(shop, ProductDraft(id=product_id, vendor="Vesta", whole=False), STAFF)
        listing(shop, "en", "EUR", ListingQuery())
    assert not [text for text in statements if "product_data" in text or "p.rating > 0" in text]


def test_what_is_off_leaves_no_trace_from_the_next_request_on(shop: Site, make: Make, stars: Stars) -> None:
    product_id = make("Lamp", "LAMP")
    stars.says(product_id, 4.6, 12)
    change(shop, product_id)
    switch_off(shop.id, "stars", STAFF)
    state_of(shop.id)  # What every request does first: look whether anything was switched.
    assert card(shop, product_id).rating is None
    assert card(shop, product_id).data == {}
    assert not listing(shop, "en", "EUR", ListingQuery(sort=Sort.RATING)).rated
    jobs.run_due()
    assert db.value("SELECT MAX(rating) FROM card_place") == 0
    switch_on(shop.id, "stars", STAFF)
    jobs.run_due()
    assert card(shop, product_id).rating == Rating(mean=4.6, count=12)


def test_a_second_site_hears_nothing_of_it(shop: Site, other: Site, make: Make, stars: Stars) -> None:
    product_id = make("Lamp", "LAMP")
    stars.says(product_id, 4.6, 12)
    change(shop, product_id)
    assert not listing(other, "zh-CN", "CNY", ListingQuery()).rated
    assert stars.asked[-1][0] == shop.key


def test_words_that_end_leave_the_card_by_themselves(shop: Site, make: Make, stars: Stars, noon: clock.Frozen) -> None:
    product_id = make("Lamp", "LAMP")
    until = clock.now() + timedelta(hours=1)
    stars.says(product_id, 4.6, 12, until=until)
    change(shop, product_id)
    assert card(shop, product_id).until == until
    stars.module.SAYS.clear()
    noon.move(hours=1)
    jobs.run_due()
    assert card(shop, product_id).rating is None
    assert card(shop, product_id).until is None


@pytest.mark.parametrize(
    "values",
    [
        {"rating": 6, "rating_count": 3},
        {"rating": 4.5, "rating_count": 0},
        {"rating": "4.5", "rating_count": 3},
        {"rating": True, "rating_count": True},
        {"rating": 4.5},
    ],
)
def test_stars_that_make_no_sense_are_none(shop: Site, make: Make, stars: Stars, values: dict[str, object]) -> None:
    product_id = make("Lamp", "LAMP")
    stars.module.SAYS[product_id] = {"values": values}
    change(shop, product_id)
    assert card(shop, product_id).rating is None
    assert listing(shop, "en", "EUR", ListingQuery()).rated is False


def test_what_cannot_be_stored_is_a_fault_and_the_product_is_saved_all_the_same(
    shop: Site, make: Make, stars: Stars
) -> None:
    product_id = make("Lamp", "LAMP")
    stars.module.SAYS[product_id] = {"values": {"rating": float("nan"), "who": object()}}
    save_product(shop, ProductDraft(id=product_id, vendor="Vesta", whole=False), STAFF)
    installation().faults.flush()
    assert card(shop, product_id).data == {}
    assert [fault.hook for fault in faults_of(shop.id, "stars")] == ["site_data"]


def test_the_facts_for_search_engines_stay_off_the_card(shop: Site, make: Make, stars: Stars) -> None:
    product_id = make("Lamp", "LAMP")
    stars.module.SAYS[product_id] = {"values": {"json_ld": {"review": ["long"]}, "label": "New"}}
    change(shop, product_id)
    assert card(shop, product_id).data == {"stars": {"label": "New"}}
    page = product_page(shop, "en", "EUR", "lamp")
    assert isinstance(page, ProductPage)
    assert page.data["stars"]["json_ld"] == {"review": ["long"]}


def test_best_rated_come_first_page_by_page_and_those_without_stars_last(shop: Site, make: Make, stars: Stars) -> None:
    given = {"A": (4.5, 10), "B": (4.5, 200), "C": (5.0, 1), "D": (2.0, 9), "E": None, "F": None}
    for name, said in given.items():
        product_id = make(name, name)
        if said is not None:
            stars.says(product_id, *said)
    rebuild_cards()
    first = listing(shop, "en", "EUR", ListingQuery(sort=Sort.RATING, limit=3))
    assert first.rated
    assert names(first) == ["C", "B", "A"]
    second = listing(shop, "en", "EUR", ListingQuery(sort=Sort.RATING, limit=3, after=first.next))
    assert (names(second)[0], sorted(names(second)[1:])) == ("D", ["E", "F"])
    assert second.next == ""
    assert names(listing(shop, "en", "EUR", ListingQuery(sort=Sort.RATING, limit=3, before=second.previous))) == [
        "C",
        "B",
        "A",
    ]
    assert names(listing(shop, "en", "EUR", ListingQuery())) == list("ABCDEF")


def test_an_order_that_nobody_offers_is_the_usual_one(shop: Site, make: Make) -> None:
    for name in "BAC":
        make(name, name)
    found = listing(shop, "en", "EUR", ListingQuery(sort=Sort.RATING))
    assert names(found) == names(listing(shop, "en", "EUR", ListingQuery()))
    assert not found.rated


def test_pages_end_with_the_commit_that_changes_the_data(shop: Site, make: Make, stars: Stars) -> None:
    product_id = make("Lamp", "LAMP")
    before = db.value("SELECT MAX(version) FROM tag_version WHERE tag = ?", f"product:{product_id}")
    with db.transaction():
        product_data_changed(shop, [product_id])
    assert db.value("SELECT version FROM tag_version WHERE tag = ?", f"product:{product_id}") > before
    stars.says(product_id, 4.0, 1)
    lists = db.value("SELECT MAX(version) FROM tag_version WHERE tag = 'category:0'")
    jobs.run_due()
    assert db.value("SELECT version FROM tag_version WHERE tag = 'category:0'") > lists


def test_a_page_depends_on_what_the_plugin_says_it_depends_on(shop: Site, make: Make, stars: Stars) -> None:
    product_id = make("Lamp", "LAMP")
    until = clock.now() + timedelta(hours=1)
    stars.says(product_id, 4.0, 1, tags=("stars:1",), until=until)
    token = cache.recording().set(cache.Recording())
    page = product_page(shop, "en", "EUR", "lamp")
    kept = cache.recording().get()
    cache.recording().reset(token)
    assert isinstance(page, ProductPage)
    assert page.rating == Rating(mean=4.0, count=1)
    assert kept is not None
    assert "stars:1" in kept.tags
    assert kept.until == until


def _overtaken(shop: Site, product_id: int, stars: Stars) -> Rating | None:
    """An edit asks; before it stores, somebody reviews the product and the worker writes the new stars."""
    stars.says(product_id, 1.0, 1)

    def review() -> None:
        stars.module.BEFORE.clear()
        stars.says(product_id, 5.0, 2)
        change(shop, product_id)

    stars.module.BEFORE.append(review)
    save_product(shop, ProductDraft(id=product_id, vendor="Vesta", whole=False), STAFF)
    return card(shop, product_id).rating


def test_an_answer_that_was_overtaken_is_asked_for_again(shop: Site, make: Make, stars: Stars) -> None:
    assert _overtaken(shop, make("Lamp", "LAMP"), stars) == Rating(mean=5.0, count=2)


def test_the_test_above_sees_an_answer_that_is_believed_too_long(
    shop: Site, make: Make, stars: Stars, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ProductData, "not_overtaken", lambda self: self)
    assert _overtaken(shop, make("Lamp", "LAMP"), stars) == Rating(mean=1.0, count=1)


def test_cards_with_data_are_as_if_made_anew(shop: Site, make: Make, stars: Stars) -> None:
    stars.says(make("Lamp", "LAMP"), 4.6, 12)
    stars.says(make(replace(simple("Vase", "VASE"), vendor="Vesta")), 3.1, 4)
    rebuild_cards()
    before = cards()
    forget_cards()
    rebuild_cards()
    assert cards() == before


SALE = """
from core.api import Money, Plugin, PromotedPrice, hookimpl
PLUGIN = Plugin(name="half_off", version="1.0.0", title="Half off")


@hookimpl
def promote_prices(site, queries):
    return {query: PromotedPrice(amount=Money(query.list_price.amount // 2, query.list_price.currency))
            for query in queries}
"""


def test_promoted_prices_come_and_go_with_their_plugin(shop: Site, make: Make, instance: Path) -> None:
    product_id = make("Lamp", "LAMP", "10")
    folder = instance / "plugins" / "half_off"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "plugin.py").write_text(SALE, "utf-8")
    switch_on(shop.id, "half_off", STAFF)
    jobs.run_due()
    assert card(shop, product_id).price == euro("5")
    switch_off(shop.id, "half_off", STAFF)
    jobs.run_due()
    assert card(shop, product_id).price == euro("10")
