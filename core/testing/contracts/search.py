"""The contract of a search: what shoppers type finds what they mean, and nothing that they may not see."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from core.hookspecs.site import SearchQuery, SearchResult, Site
from core.lib.money import Money

if TYPE_CHECKING:
    from werkzeug.test import Client

    from core.testing.shop import Told

Make = Callable[..., int]
Ask = Callable[..., SearchResult]
HOSTILE = (
    '"',
    "'",
    "*",
    "'; DROP TABLE product; --",
    'NEAR("lamp" "oak", 3)',
    "lamp AND",
    "OR",
    "NOT lamp",
    "title:lamp",
    "(((",
    "lamp:*A & !x",
    "\\",
    "%_",
    "\0lamp\0",
    "^lamp",
    "-lamp",
    "{title} : lamp",
    "№",
    "💡",
    "a" * 2000,
    "lamp " * 400,
    "灯" * 2000,
    " ",
    "",
)


class SearchContract:
    """Subclass it in the plugin's tests and name the plugin. It works as shoppers do, once the worker has worked."""

    plugin = ""

    @pytest.fixture
    def product(self, site: Site) -> Make:
        """`product("LAMP", "Oak lamp")`: on the site, with other words if they are given; answers its id."""
        from core.catalogue.services.drafts import ListingDraft, PriceDraft, ProductDraft, TextDraft, VariantDraft
        from core.catalogue.services.products import save_product

        def make(
            sku: str, name: str, *, on: Site | None = None, chinese: str = "", visible: bool = True, **texts: Any
        ) -> int:
            where = on or site
            vendor = texts.pop("vendor", "")
            words = {where.language: TextDraft(name=name, **texts)}
            if chinese:
                words["zh-CN"] = TextDraft(name=chinese)
            variant = VariantDraft(sku=sku, prices=(PriceDraft(amount=Money(4900, where.currency)),))
            draft = ProductDraft(texts=words, vendor=vendor, variants=(variant,), listing=ListingDraft(visible=visible))
            return save_product(where, draft, "system").product_id

        return make

    @pytest.fixture
    def ask(self, site: Site, outbox: Told) -> Ask:
        """`ask("lamp")`: what the hook answers, after the worker has done what waited."""
        from core.kernel.sites import state_of

        def answer(text: str, *, on: Site | None = None, language: str = "", **more: Any) -> SearchResult:
            outbox.deliver()
            where = on or site
            query = SearchQuery(text=text, language=language or where.language, **more)
            found = state_of(where.id).hooks.site_search(site=where, query=query)
            assert outbox.dead() == []
            assert isinstance(found, SearchResult), f"no answer to {text[:40]!r}"
            return found

        return answer

    @pytest.fixture(autouse=True)
    def _on(self, turn_on: Callable[..., None]) -> None:
        turn_on(self.plugin)

    def test_words_are_found_wherever_they_stand(self, product: Make, ask: Ask) -> None:
        lamp = product(
            "L1", "Oak lamp", summary="Warm light", body_html="<p>Turned by <b>hand</b></p>", vendor="Nordlys"
        )
        product("T1", "Pine table")
        for text in ("oak", "lamp", "warm", "hand", "nordlys", "L1"):
            assert ask(text).product_ids == (lamp,), text

    def test_the_name_counts_more_than_other_words(self, product: Make, ask: Ask) -> None:
        shade = product("S1", "Shade", summary="For every lamp")
        lamp = product("L1", "Lamp of oak, with a long cord and a switch")
        assert ask("lamp").product_ids == (lamp, shade)

    def test_two_words_narrow(self, product: Make, ask: Ask) -> None:
        product("L1", "Oak lamp")
        pine = product("L2", "Pine lamp")
        assert ask("lamp pine").product_ids == (pine,)
        assert ask("pine sofa").product_ids == ()

    def test_a_begun_word_and_its_plural_are_found(self, product: Make, ask: Ask) -> None:
        lamp = product("L1", "Lamp")
        lamps = product("L2", "Lamps for two batteries")
        for text in ("lam", "lamp", "lamps"):
            assert set(ask(text).product_ids) == {lamp, lamps}, text
        assert ask("battery lamp").product_ids == (lamps,)

    def test_accents_width_and_case_do_not_matter(self, product: Make, ask: Ask) -> None:
        cafe = product("C1", "Café table")
        for text in ("cafe", "CAFÉ", "café", "ｃａｆｅ"):
            assert ask(text).product_ids == (cafe,), text

    def test_chinese_is_found_without_blanks(self, product: Make, ask: Ask) -> None:
        lamp = product("L1", "Lamp", chinese="北欧落地台灯LED款")
        product("T1", "Table", chinese="北欧餐桌")
        for text in ("台灯", "落地台灯", "落地", "灯", "led", "台灯led", "北欧台灯", "ＬＥＤ"):
            assert ask(text, language="zh-CN").product_ids == (lamp,), text

    def test_chinese_is_found_by_its_sound(self, product: Make, ask: Ask) -> None:
        lantern = product("L1", "Lantern", chinese="红纸灯笼LED款")
        box = product("B1", "Music box", chinese="音乐盒")
        for text in ("denglong", "hong zhi deng long", "hongzhid", "zhideng", "dl", "hzdl", "DengLong"):
            assert ask(text, language="zh-CN").product_ids == (lantern,), text
        assert ask("yinyue", language="zh-CN").product_ids == (box,)
        assert ask("yinle", language="zh-CN").product_ids == ()
        assert ask("denglong").product_ids == ()

    def test_a_sku_is_found_first_however_it_is_written(self, product: Make, ask: Ask) -> None:
        other = product("AB-123-X", "AB 123 tester")
        exact = product("AB-123", "Cord", summary="Two metres")
        for text in ("AB-123", "ab123", "ab 123"):
            assert ask(text).product_ids[0] == exact, text
        assert other in ask("ab-123").product_ids

    def test_a_typo_suggests_what_finds_something(self, product: Make, ask: Ask) -> None:
        product("T1", "Wooden table")
        assert ask("tabel").suggestion == "table"
        assert ask("woden table").suggestion == "wooden table"
        assert ask("xylophone").suggestion == ""

    def test_typing_completes_words_that_find_something(self, product: Make, ask: Ask) -> None:
        product("L1", "Wooden lamp", chinese="北欧落地台灯")
        product("L2", "Iron ladder")
        assert set(ask("la", complete=True).completions) == {"lamp", "ladder"}
        assert ask("wooden la", complete=True).completions == ("wooden lamp",)
        assert ask("落地", complete=True, language="zh-CN").completions == ("落地台灯",)
        assert ask("la").completions == ()

    def test_nothing_that_is_typed_is_an_error(self, product: Make, ask: Ask, outbox: Told) -> None:
        from core.kernel import db

        product("L1", "Oak lamp")
        for text in HOSTILE:
            ask(text)
            ask(text, complete=True)
        outbox.deliver()
        assert db.rows("SELECT hook FROM plugin_fault") == []
        assert ask("lamp").product_ids != ()

    def test_new_goods_are_found_and_withdrawn_ones_are_not(
        self, site: Site, product: Make, ask: Ask, client: Client
    ) -> None:
        from core.catalogue.services.products import set_listing

        assert ask("lamp").product_ids == ()
        lamp = product("L1", "Oak lamp")
        assert ask("lamp").product_ids == (lamp,)
        assert "Oak lamp" in _page(client, site, "lamp")
        set_listing(site, lamp, visible=False, actor="system")
        assert "Oak lamp" not in _page(client, site, "lamp"), "it waits for the worker"
        assert ask("lamp").product_ids == ()
        assert ask("la", complete=True).completions == ()

    def test_a_new_name_replaces_the_old(self, site: Site, product: Make, ask: Ask) -> None:
        from core.catalogue.services.drafts import ProductDraft, TextDraft, VariantDraft
        from core.catalogue.services.products import save_product

        lamp = product("L1", "Oak lamp")
        assert ask("oak").product_ids == (lamp,)
        renamed = ProductDraft(texts={"en": TextDraft(name="Elm lantern")}, variants=(VariantDraft(sku="L1"),))
        save_product(site, renamed, "system")
        assert ask("oak").product_ids == ()
        assert ask("elm").product_ids == (lamp,)
        assert ask("lanp").suggestion == "", "a word that nothing has any more"

    def test_another_sites_goods_are_never_found(
        self, other_site: Site, product: Make, ask: Ask, turn_on: Callable[..., None]
    ) -> None:
        turn_on(self.plugin, on=other_site)
        here = product("L1", "Lamp here")
        there = product("L2", "Lamp secret", on=other_site)
        assert ask("lamp").product_ids == (here,)
        assert ask("lamp", on=other_site).product_ids == (there,)
        assert ask("secret").product_ids == ()
        assert ask("secert").suggestion == ""
        assert ask("se", complete=True).completions == ()

    def test_what_changed_while_it_was_off_is_found(
        self, site: Site, product: Make, ask: Ask, outbox: Told, turn_on: Callable[..., None]
    ) -> None:
        from core.kernel import db
        from core.kernel.switch import switch_off

        ask("lamp")
        switch_off(site.id, self.plugin, "system")
        lamp = product("L1", "Oak lamp")
        outbox.deliver()
        turn_on(self.plugin)
        with db.transaction():  # a minute later
            db.execute("DELETE FROM job WHERE name LIKE ?", f"{self.plugin}.%")
        assert ask("lamp").product_ids == (lamp,)

    def test_the_pages_of_the_shop_use_it(self, site: Site, product: Make, ask: Ask, client: Client) -> None:
        product("T1", "Wooden table", chinese="北欧餐桌")
        ask("table")
        assert "Wooden table" in _page(client, site, "woo")
        assert "table" in _page(client, site, "tabel"), "the suggestion"
        assert "北欧餐桌" in client.get("/zh-cn/search?q=餐桌", base_url=site.origin).text
        assert "wooden" in client.get("/search/complete?q=woo", base_url=site.origin).text


def _page(client: Client, site: Site, text: str) -> str:
    answer = client.get("/search", query_string={"q": text}, base_url=site.origin)
    assert answer.status_code == 200
    return answer.text
