"""A product's page."""

from __future__ import annotations

from datetime import timedelta

from core.catalogue.services import product_page, set_listing
from core.catalogue.services.drafts import AttributeDraft, ValueDraft
from core.catalogue.services.shapes import Fact, ProductPage, Stock
from core.catalogue.services.stock import allocate
from core.hookspecs.site import Site
from core.kernel import cache, db
from core.lib import clock
from tests.core.catalogue.conftest import Make
from tests.core.catalogue.goods import STAFF, shirt, simple, variant_id


def page(site: Site, path: str, language: str = "en") -> ProductPage:
    found = product_page(site, language, "EUR", path)
    assert isinstance(found, ProductPage)
    return found


def test_a_page_takes_two_statements(shop: Site, make: Make) -> None:
    make(shirt("Oxford", "OX"))
    with db.counted() as statements:
        page(shop, "oxford")
    assert len(statements) == 2


def test_choosing_values_finds_the_variant(shop: Site, make: Make) -> None:
    make(shirt("Oxford", "OX"))
    found = page(shop, "oxford")
    blue, medium = found.options[0].values[1], found.options[1].values[1]
    variant = found.variant_with(frozenset({blue.id, medium.id}))
    assert variant is not None
    assert variant.sku == "OX-blue-m"
    assert found.variant_with(frozenset({blue.id})) is None


def test_first_shown_is_what_can_be_bought(shop: Site, make: Make) -> None:
    make(shirt("Oxford", "OX"))
    with db.transaction():
        allocate({variant_id("OX-red-s"): 10, variant_id("OX-red-m"): 7}, "order:1", "system")
    found = page(shop, "oxford")
    assert [(variant.stock, variant.left) for variant in found.variants[:3]] == [
        (Stock.OUT, 0),
        (Stock.LOW, 3),
        (Stock.AVAILABLE, 10),
    ]
    assert found.first is not None
    assert found.first.sku == "OX-red-m"


def test_what_is_not_counted_has_no_number(shop: Site, make: Make) -> None:
    make("Voucher", "VOUCHER")
    assert (page(shop, "voucher").variants[0].left, page(shop, "voucher").variants[0].stock) == (None, Stock.AVAILABLE)


def test_facts_are_told_in_the_language(shop: Site, make: Make) -> None:
    attributes = (
        AttributeDraft(
            code="care",
            names={"en": "Care", "zh-CN": "护理"},
            values=(ValueDraft(names={"en": "Hand wash", "zh-CN": "手洗"}), ValueDraft(names={"en": "Dry flat"})),
        ),
    )
    make(simple("Lamp", "LAMP", attributes=attributes))
    assert page(shop, "lamp").facts == (Fact(code="care", name="Care", values=("Hand wash", "Dry flat")),)
    assert page(shop, "lamp", "zh-CN").facts == (Fact(code="care", name="护理", values=("手洗", "Dry flat")),)


def test_page_is_there_from_its_publication_until_its_withdrawal(shop: Site, make: Make, noon: clock.Frozen) -> None:
    product_id = make("Lamp", "LAMP")
    begin, end = clock.now() + timedelta(hours=1), clock.now() + timedelta(hours=2)
    set_listing(shop, product_id, visible=True, publish_at=begin, withdraw_at=end, actor=STAFF)
    assert product_page(shop, "en", "EUR", "lamp") is None
    noon.set(begin)
    assert page(shop, "lamp").until == end
    noon.set(end)
    assert product_page(shop, "en", "EUR", "lamp") is None


def test_nonsense_has_no_page(shop: Site, make: Make) -> None:
    make("Lamp", "LAMP")
    for path in ("", "\0", "lamp/", "Lamp", "x" * 5000):
        assert product_page(shop, "en", "EUR", path) is None


def test_a_cached_page_ends_with_whatever_it_shows(shop: Site, make: Make) -> None:
    product_id = make("Lamp", "LAMP", stock=6)
    token = cache.recording().set(cache.Recording())
    try:
        page(shop, "lamp")
        recording = cache.recording().get()
    finally:
        cache.recording().reset(token)
    assert recording is not None
    assert f"product:{product_id}" in recording.tags
    before = db.value("SELECT version FROM tag_version WHERE tag = ?", f"product:{product_id}")
    with db.transaction():
        allocate({variant_id("LAMP"): 1}, "order:1", "system")
    assert db.value("SELECT version FROM tag_version WHERE tag = ?", f"product:{product_id}") > before
