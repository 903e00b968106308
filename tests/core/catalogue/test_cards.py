"""Cards follow their facts: what an edit leaves is what a rebuild would make."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from msgspec.structs import replace

from core.catalogue.services import (
    adjust_stock,
    archive_product,
    cards_for,
    create_category,
    delete_category,
    describe_media,
    ensure_category,
    move_category,
    rebuild_cards,
    restore_category,
    restore_product,
    save_product,
    save_products,
    set_category_on_site,
    set_listing,
    set_prices,
    set_slug,
)
from core.catalogue.services.categories import CategoryDraft, CategoryText
from core.catalogue.services.drafts import AttributeDraft, PriceDraft, ProductDraft, TextDraft, ValueDraft, VariantDraft
from core.catalogue.services.media import StoredFile, add_media
from core.catalogue.services.shapes import ShownCard
from core.catalogue.services.stock import OutOfStock, StockPromised, allocate, release
from core.hookspecs.site import Site
from core.kernel import db, jobs
from core.lib import clock
from core.lib.money import Money
from tests.core.catalogue.conftest import Make, Promoter
from tests.core.catalogue.goods import STAFF, cards, euro, forget_cards, location, priced, shirt, simple, variant_id


def card(site: Site, product_id: int, language: str = "en", currency: str = "EUR") -> ShownCard:
    return cards_for(site, language, currency, [product_id])[product_id]


def test_card_says_the_lowest_price_and_that_there_are_higher_ones(shop: Site, make: Make) -> None:
    draft = shirt("Oxford", "OX", colours=("red", "blue"), sizes=("s",))
    assert draft.variants is not None
    red, blue = draft.variants
    product_id = make(
        replace(draft, variants=(replace(red, prices=priced("25")), replace(blue, prices=priced("18", was="22"))))
    )
    shown = card(shop, product_id)
    assert (shown.price, shown.was, shown.from_price, shown.variant_id) == (euro("18"), euro("22"), True, None)
    assert [swatch.name for swatch in card(shop, product_id, "zh-CN").swatches] == ["红色", "蓝色"]


def test_card_of_a_simple_product_can_be_added_at_once(shop: Site, make: Make) -> None:
    assert card(shop, make("Lamp", "LAMP")).variant_id == variant_id("LAMP")


def test_last_piece_sold_turns_the_card_in_the_same_transaction(shop: Site, make: Make) -> None:
    product_id = make("Lamp", "LAMP", stock=6)
    lamp = variant_id("LAMP")
    assert (card(shop, product_id).available, card(shop, product_id).low) == (True, False)
    with db.transaction():
        allocate({lamp: 1}, "order:1", "system")
    assert card(shop, product_id).low
    with db.transaction():
        allocate({lamp: 5}, "order:2", "system")
    assert not card(shop, product_id).available
    with db.transaction():
        release({lamp: 5}, "order:2", "system")
    assert card(shop, product_id).available


def test_refused_sale_leaves_the_card(shop: Site, make: Make) -> None:
    product_id = make("Lamp", "LAMP", stock=1)

    def allocate_twice():
        with db.transaction():
            allocate({variant_id("LAMP"): 1}, "order:1", "system")
            allocate({variant_id("LAMP"): 1}, "order:2", "system")

    with pytest.raises(OutOfStock):
        allocate_twice()
    assert card(shop, product_id).available


def test_promoted_price_is_on_the_card_of_a_new_product_too(shop: Site, promoter: Promoter) -> None:
    promoter.percent = dict.fromkeys(range(1, 10), 20)
    product_id = save_product(shop, simple("Lamp", "LAMP", "10"), STAFF).product_id
    shown = card(shop, product_id)
    assert (shown.price, shown.was) == (euro("8"), euro("10"))


def test_promotions_are_asked_for_the_price_that_is_about_to_be(shop: Site, make: Make, promoter: Promoter) -> None:
    product_id = make("Lamp", "LAMP", "10")
    promoter.percent = {product_id: 50}
    transactions: list[int] = []
    with db.counted() as statements:
        set_prices(shop, variant_id("LAMP"), priced("12"), STAFF)
    transactions += [1 for statement in statements if statement.startswith("BEGIN")]
    assert card(shop, product_id).price == euro("6")
    assert {query.list_price for query in promoter.asked[-2:]} == {euro("10"), euro("12")}
    assert len(transactions) <= 1


def test_promotion_that_ends_takes_its_price_off_the_card(
    shop: Site, make: Make, promoter: Promoter, noon: clock.Frozen
) -> None:
    product_id = make("Lamp", "LAMP", "10")
    promoter.percent, promoter.until = {product_id: 50}, clock.now() + timedelta(hours=1)
    save_product(shop, ProductDraft(id=product_id, vendor="Vesta", whole=False), STAFF)
    shown = card(shop, product_id)
    assert (shown.price, shown.until) == (euro("5"), promoter.until)
    promoter.percent = {}
    noon.move(hours=1)
    jobs.run_due()
    assert card(shop, product_id).price == euro("10")


def test_sale_begins_and_ends_by_itself(shop: Site, make: Make, noon: clock.Frozen) -> None:
    product_id = make("Lamp", "LAMP", "10")
    tomorrow = clock.now() + timedelta(days=1)
    sale = PriceDraft(amount=euro("7"), was=euro("10"), starts=tomorrow, ends=tomorrow + timedelta(days=1))
    set_prices(shop, variant_id("LAMP"), (*priced("10"), sale), STAFF)
    assert card(shop, product_id).price == euro("10")
    noon.move(days=1)
    jobs.run_due()
    assert (card(shop, product_id).price, card(shop, product_id).was) == (euro("7"), euro("10"))
    noon.move(days=1)
    jobs.run_due()
    assert card(shop, product_id).price == euro("10")


def test_listing_is_published_and_withdrawn_by_itself(shop: Site, make: Make, noon: clock.Frozen) -> None:
    product_id = make("Lamp", "LAMP")
    set_listing(
        shop,
        product_id,
        visible=True,
        publish_at=clock.now() + timedelta(hours=1),
        withdraw_at=clock.now() + timedelta(hours=2),
        actor=STAFF,
    )
    seen = []
    for _ in range(3):
        seen.append(bool(cards_for(shop, "en", "EUR", [product_id])))
        noon.move(hours=1)
        jobs.run_due()
    assert seen == [False, True, False]


def test_many_products_of_a_category_follow_by_a_job(shop: Site, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.catalogue.services.cards.AT_ONCE", 2)
    category = ensure_category(["Lamps"], "en", STAFF)
    for number in range(5):
        make(simple(f"Lamp {number}", f"L{number}", category_ids=(category,)))
    delete_category(category, STAFF)
    assert db.value("SELECT COUNT(*) FROM card_place WHERE category_id = ?", category) > 0
    jobs.run_due()
    assert db.value("SELECT COUNT(*) FROM card_place WHERE category_id = ?", category) == 0
    _assert_as_rebuilt()


def _assert_as_rebuilt() -> None:
    before = cards()
    forget_cards()
    rebuild_cards()
    assert cards() == before


class Story:
    """Random edits of everything that cards are made from."""

    def __init__(self, shop: Site, other: Site, seed: int) -> None:
        self.sites, self.random = (shop, other), random.Random(seed)
        self.categories = [
            ensure_category(path, "en", STAFF) for path in (["A"], ["A", "B"], ["A", "B", "C"], ["D"], ["D", "E"])
        ]
        self.pictures = [
            add_media(
                StoredFile(
                    name=f"{n}.webp", original="x", mime="image/webp", width=4, height=3, bytes=9, sha256=str(n)
                ),
                {},
                STAFF,
            )
            for n in range(3)
        ]
        self.products = [save_product(shop, self.draft(number), STAFF).product_id for number in range(6)]

    def draft(self, number: int) -> ProductDraft:
        colours = tuple(self.random.sample(["red", "blue", "green"], self.random.randint(1, 3)))
        draft = shirt(f"Shirt {number}", f"S{number}", colours=colours, sizes=("s",))
        assert draft.variants is not None
        material = ValueDraft(names={"en": self.random.choice(["Linen", "Wool", "Silk"])})
        return replace(
            draft,
            variants=tuple(
                replace(variant, prices=priced(str(self.random.randint(5, 40))), stock=self.random.choice([0, 2, 30]))
                for variant in draft.variants
            ),
            attributes=(
                AttributeDraft(code="material", names={"en": "Material"}, values=(material,), filterable=True),
            ),
            category_ids=tuple(self.random.sample(self.categories, self.random.randint(0, 2))),
            media_ids=tuple(self.random.sample(self.pictures, self.random.randint(0, 2))),
        )

    def step(self) -> None:
        verbs: list[Callable[[], object]] = [
            self.edit,
            self.price,
            self.stock,
            self.sell,
            self.list_elsewhere,
            self.archive,
            self.category,
            self.move,
            self.hide,
            self.rename,
            self.picture,
        ]
        self.random.choice(verbs)()

    @property
    def product(self) -> int:
        return self.random.choice(self.products)

    def variant(self) -> int:
        rows = db.rows("SELECT id FROM variant WHERE deleted_at IS NULL ORDER BY id")
        return int(self.random.choice(rows)[0])

    def edit(self) -> None:
        number = self.random.randrange(6)
        save_products(self.sites[0], [replace(self.draft(number), id=self.products[number])], STAFF)

    def price(self) -> None:
        site = self.random.choice(self.sites)
        amount = Money(self.random.randint(100, 9000), self.random.choice(site.currencies))
        set_prices(site, self.variant(), self.random.choice([(), (PriceDraft(amount=amount),)]), STAFF)

    def stock(self) -> None:
        try:
            adjust_stock(self.variant(), location(), self.random.randint(-10, 10), "story", STAFF)
        except StockPromised:
            return

    def sell(self) -> None:
        try:
            with db.transaction():
                allocate({self.variant(): self.random.randint(1, 5)}, f"order:{self.random.random()}", "system")
        except OutOfStock:
            return

    def list_elsewhere(self) -> None:
        site = self.random.choice(self.sites)
        set_listing(
            site, self.product, visible=self.random.random() < 0.8, position=self.random.randint(0, 3), actor=STAFF
        )

    def archive(self) -> None:
        self.random.choice([archive_product, restore_product, restore_product])(self.product, STAFF)

    def category(self) -> None:
        self.random.choice([delete_category, restore_category])(self.random.choice(self.categories), STAFF)

    def move(self) -> None:
        move_category(self.categories[4], self.random.choice([None, *self.categories[:4]]), 0, STAFF)

    def hide(self) -> None:
        site, category = self.random.choice(self.sites), self.random.choice(self.categories)
        set_category_on_site(site, category, visible=self.random.random() < 0.5, position=0, actor=STAFF)

    def rename(self) -> None:
        text = TextDraft(name=f"Name {self.random.random()}", summary="short")
        save_product(
            self.random.choice(self.sites), ProductDraft(id=self.product, site_texts={"en": text}, whole=False), STAFF
        )
        set_slug(self.sites[0], "product", self.product, "en", f"path-{self.random.random()}", STAFF)

    def picture(self) -> None:
        describe_media(self.random.choice(self.pictures), STAFF, alt={"en": f"Alt {self.random.random()}"})


@pytest.mark.parametrize("seed", range(3))
def test_after_any_edits_cards_are_as_if_made_anew(shop: Site, other: Site, seed: int) -> None:
    story = Story(shop, other, seed)
    for _ in range(40):
        story.step()
    assert any(cards()["card"])
    _assert_as_rebuilt()


def test_rebuild_heals_what_was_broken_by_hand(make: Make) -> None:
    make(
        shirt(
            "Oxford",
            "OX",
            category_ids=(create_category(CategoryDraft(texts={"en": CategoryText(name="Shirts")}), STAFF),),
        )
    )
    before = cards()
    with db.transaction():
        db.execute("UPDATE card SET price = 1")
        db.execute("DELETE FROM card_facet WHERE value = 'red'")
        db.execute("UPDATE card_count SET total = total + 5")
        db.execute("INSERT INTO card_words (product_id, site_id, language, words) VALUES (99, 1, 'en', 'ghost')")
        db.execute(
            "INSERT INTO card_place (product_id, site_id, category_id, currency, position, price, created_at,"
            " rating, available)"
            " VALUES (99, 1, 0, 'EUR', 0, 0, 0, 0, ?)",
            True,
        )
    rebuild_cards()
    assert cards() == before


def test_stock_edit_of_a_draft_without_a_change_writes_no_card(shop: Site, make: Make) -> None:
    product_id = make("Lamp", "LAMP", stock=50)
    with db.counted() as statements:
        save_product(
            shop, ProductDraft(id=product_id, variants=(VariantDraft(sku="LAMP", stock=40),), whole=False), STAFF
        )
    assert not [statement for statement in statements if statement.startswith(('INSERT INTO "card', "UPDATE card"))]
