"""A heart works for everybody, nothing is lost at sign-in, and nobody sees a list who should not."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import Struct

from core.api import (
    Delivery,
    ListingDraft,
    Money,
    NotFound,
    PriceDraft,
    ProductDraft,
    ShopperErased,
    Site,
    TextDraft,
    VariantDraft,
    now,
    save_product,
    switch_off,
    value,
)
from core.testing.shop import PASSWORD, Item
from plugins.wishlist.models import Wish
from plugins.wishlist.services import cookie, keeping


class Browser(Struct):
    """A browser without scripts on a site."""

    client: Any
    site: Site

    def get(self, path: str, status: int = 200) -> str:
        return words(self.raw(path, status))

    def raw(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path, base_url=f"https://{self.site.host}")
        assert answer.status_code == status, answer.text
        return str(answer.text)

    def post(self, path: str, status: int = 303, *, script: bool = False, **form: Any) -> str:
        origin = f"https://{self.site.host}"
        headers = {"Origin": origin, **({"X-Requested-With": "fetch"} if script else {})}
        answer = self.client.post(path, data=form, base_url=origin, headers=headers)
        assert answer.status_code == status, answer.text
        return str(answer.headers["Location"]) if status == 303 else words(answer.text)

    @property
    def held(self) -> str:
        found = self.client.get_cookie("mine_wishlist", domain=self.site.host)
        return found.value if found else ""

    def sign_in(self) -> None:
        self.post("/login", email="mira@example.com", password=PASSWORD)


def words(page: str) -> str:
    body = re.sub(r"<(script|noscript)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body)))


@pytest.fixture
def lamp(turn_on: Callable[..., None], sell: Callable[..., Item]) -> Item:
    turn_on("wishlist")
    return sell("LAMP", 8900, name="Arc lamp", stock=0)


@pytest.fixture
def new(app: Any, site: Site, lamp: Item) -> Callable[[], Browser]:
    return lambda: Browser(app.test_client(), site)


def restock(site: Site, item: Item, amount: int, stock: int) -> None:
    """The lamp again, with another price and so many there."""
    price = PriceDraft(amount=Money(amount, "EUR"))
    variant = VariantDraft(sku=item.sku, prices=(price,), tracked=True, stock=stock)
    texts = {"en": TextDraft(name="Arc lamp")}
    save_product(site, ProductDraft(texts=texts, variants=(variant,), listing=ListingDraft(visible=True)), "system")


def test_a_guest_keeps_takes_off_and_stores_nothing_here(new: Callable[[], Browser], lamp: Item) -> None:
    guest = new()
    assert "Nothing on it yet" in guest.get("/wishlist/")
    guest.post("/wishlist/add", product=lamp.product_id)
    assert "Arc lamp" in guest.get("/wishlist/")
    assert Wish.select().count() == 0
    guest.post("/wishlist/remove", product=lamp.product_id)
    assert "Nothing on it yet" in guest.get("/wishlist/")
    assert guest.held == ""


def test_a_script_presses_the_heart_on_and_off(new: Callable[[], Browser], lamp: Item) -> None:
    guest = new()
    assert "on your wish list" in guest.post("/wishlist/add", 200, script=True, product=lamp.product_id)
    assert guest.held.startswith(f"{lamp.product_id}-8900-EUR-0~")
    assert "off your wish list" in guest.post("/wishlist/add", 200, script=True, product=lamp.product_id)
    assert guest.held == ""


def test_what_a_guest_kept_joins_the_account_and_is_there_on_another_device(
    new: Callable[[], Browser], lamp: Item, shopper: Any, sell: Callable[..., Item]
) -> None:
    rug, phone, desk = sell("RUG", 5000, name="Wool rug"), new(), new()
    desk.sign_in()
    desk.post("/wishlist/add", product=rug.product_id)
    phone.post("/wishlist/add", product=lamp.product_id)
    phone.sign_in()
    assert len(cookie.read(phone.site, phone.held)) == 2
    seen = desk.get("/wishlist/")
    assert "Arc lamp" in seen
    assert "Wool rug" in seen
    phone.post("/logout")
    assert phone.held == ""
    assert "Nothing on it yet" in phone.get("/wishlist/")


def test_good_news_is_told(new: Callable[[], Browser], lamp: Item, site: Site, outbox: Any) -> None:
    guest = new()
    guest.post("/wishlist/add", product=lamp.product_id)
    restock(site, lamp, 6900, 5)
    outbox.deliver()
    told = guest.get("/wishlist/")
    assert "€20.00 cheaper than when you kept it" in told
    assert "Back in stock" in told
    assert guest.post("/wishlist/move", product=lamp.product_id) == "/cart"
    assert "Arc lamp" in guest.get("/cart")
    assert "Nothing on it yet" in guest.get("/wishlist/")


@pytest.mark.parametrize("has_account", [False, True])
def test_what_was_taken_off_comes_back_as_it_was(
    new: Callable[[], Browser], lamp: Item, sell: Callable[..., Item], site: Site, shopper: Any, *, has_account: bool
) -> None:
    """At its place and with its price of then; a second press, or another tab that was quicker, is no error."""
    del shopper
    browser = new()
    if has_account:
        browser.sign_in()
    kept = [lamp, sell("RUG", 5000, name="Wool rug"), sell("POT", 900, name="Clay pot")]
    for item in kept:
        browser.post("/wishlist/add", product=item.product_id)
    before = cookie.read(site, browser.held)
    restock(site, lamp, 6900, 0)
    for item in (kept[1], lamp):
        page = browser.raw(browser.post("/wishlist/remove", product=item.product_id))
        undo = re.search(r'action="(/wishlist/back/[^"]+)"', page)
        assert undo, page
        assert len(cookie.read(site, browser.held)) == 2
        for _press in (1, 2):
            assert browser.post(html.unescape(undo[1])) == "/wishlist/"
            assert "It is on your wish list." in browser.get("/wishlist/")
            assert cookie.read(site, browser.held) == before
    assert "€20.00 cheaper than when you kept it" in browser.get("/wishlist/")
    browser.post("/wishlist/remove", product=lamp.product_id)
    browser.get("/wishlist/")
    assert "/wishlist/back/" not in browser.raw(browser.post("/wishlist/remove", product=lamp.product_id))


def test_nothing_is_put_back_by_a_forged_link_or_on_a_full_list(
    new: Callable[[], Browser], lamp: Item, site: Site, other_site: Site, monkeypatch: Any
) -> None:
    guest = new()
    held = [cookie.Entry(product_id=lamp.product_id, price=1, currency="EUR", available=True)]
    ours = (cookie.written(other_site, held), cookie.written(site, held * 2))
    for forged in ("x", f"{lamp.product_id}-1-EUR-1~x", *ours):
        guest.post(f"/wishlist/back/0/{forged}", 404)
    guest.post(f"/wishlist/back/99999999999999999999/{cookie.written(site, held)}")
    assert cookie.read(site, guest.held) == held
    guest.post("/wishlist/remove", product=lamp.product_id)
    monkeypatch.setattr("plugins.wishlist.services.keeping.MOST", 0)
    page = guest.raw(guest.post(f"/wishlist/back/0/{cookie.written(site, held)}"))
    assert "full" in page
    assert "/wishlist/back/0/" in page, "it can be tried again"


def test_a_changed_cookie_is_no_list(new: Callable[[], Browser], lamp: Item) -> None:
    guest = new()
    guest.post("/wishlist/add", product=lamp.product_id)
    for changed in (guest.held.replace("8900", "1"), "x~y", "1-2~"):
        guest.client.set_cookie("mine_wishlist", changed, domain=guest.site.host, secure=True)
        assert "Nothing on it yet" in guest.get("/wishlist/")


def test_a_list_is_of_one_site(new: Callable[[], Browser], lamp: Item, other_site: Site) -> None:
    guest = new()
    guest.post("/wishlist/add", product=lamp.product_id)
    assert cookie.read(other_site, guest.held) == []
    assert cookie.read(guest.site, guest.held)


def test_a_link_shows_the_list_until_it_is_taken_back(new: Callable[[], Browser], lamp: Item, shopper: Any) -> None:
    mira, friend = new(), new()
    friend.post("/wishlist/share", 303)
    assert value("SELECT COUNT(*) FROM wishlist_shared") == 0
    mira.sign_in()
    mira.post("/wishlist/add", product=lamp.product_id)
    mira.post("/wishlist/share")
    link = re.search(r"shop\.test:\d+(/wishlist/of/\S+)", mira.get("/wishlist/"))
    assert link
    seen = friend.get(link[1])
    assert "Arc lamp" in seen
    assert "Mira" not in seen
    mira.post("/wishlist/unshare")
    friend.get(link[1], 404)
    mira.post("/wishlist/share")
    friend.get(link[1], 404)


def test_what_is_hidden_or_unknown_is_not_kept(new: Callable[[], Browser]) -> None:
    new().post("/wishlist/add", 404, product=999999)
    new().post("/wishlist/add", 404, product="x")


def test_a_full_list_says_so(new: Callable[[], Browser], lamp: Item, site: Site, monkeypatch: Any) -> None:
    monkeypatch.setattr("plugins.wishlist.services.keeping.MOST", 0)
    assert "full" in new().post("/wishlist/add", 422, script=True, product=lamp.product_id)


def test_the_heart_stands_on_cards_and_goes_with_the_plugin(new: Callable[[], Browser], site: Site, lamp: Item) -> None:
    guest = new()
    page = guest.client.get("/search?q=", base_url="https://shop.test").text
    assert f'form="act-wishlist" name="product" value="{lamp.product_id}"' in page
    assert page.count('id="act-wishlist"') == 1
    switch_off(site.id, "wishlist", "system")
    assert "wishlist" not in guest.client.get("/search?q=", base_url="https://shop.test").text
    guest.get("/wishlist/", 404)


def test_an_erased_account_takes_its_list_along(lamp: Item, shopper: Any, site: Site) -> None:
    from plugins.wishlist.plugin import notify_event

    keeping.keep(site, shopper.id, "", lamp.product_id, language="en", currency="EUR")
    keeping.share(site, shopper.id)
    notify_event(site, Delivery(id="e1", seq=1, at=now(), attempt=1, event=ShopperErased(shopper_id=shopper.id)))
    assert value("SELECT COUNT(*) FROM wishlist_wish") == value("SELECT COUNT(*) FROM wishlist_shared") == 0


def test_staff_see_the_list_on_the_shoppers_page(
    site: Site, shopper: Any, at_panel: Any, turn_on: Any, sell: Any
) -> None:
    turn_on("wishlist")
    lamp = sell("LAMP", 8900, stock=3, name="Arc lamp")
    assert "The wish list is empty." in at_panel.get(f"/panel/shoppers/{shopper.id}")
    keeping.keep(site, shopper.id, "", lamp.product_id, language="en", currency=site.currency)
    page = at_panel.get(f"/panel/shoppers/{shopper.id}")
    assert re.search(rf'<a href="/panel/products/{lamp.product_id}">\s*Arc lamp', page)


# -- from elsewhere ----------------------------------------------------------------------------------------------------


def test_what_somebody_kept_in_another_shop_is_kept_here_once(
    turn_on: Callable[..., None], site: Site, sell: Callable[..., Item], shopper: Any
) -> None:
    turn_on("wishlist")
    items = [sell(sku, 8900) for sku in ("LAMP", "MUG")]

    assert [keeping.keep_for(site, shopper.email, ["LAMP", "MUG"]) for _ in range(2)] == [2, 0]
    assert [one.product_id for one in keeping.entries(site, shopper.id, "")] == [item.product_id for item in items]
    for email, sku in ((shopper.email, "NOPE"), ("nobody@example.com", "LAMP")):
        with pytest.raises(NotFound):
            keeping.keep_for(site, email, [sku])
