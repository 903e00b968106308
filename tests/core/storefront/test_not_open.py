"""A shop that is not open: shoppers are told so, nothing can be bought, and orders that there are go on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from core.accounts.models import Staff
from core.accounts.services.links import LinkOver
from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.security import public
from core.kernel.site_verbs import edit_site
from core.lib.errors import Broken, Forbidden, Refused
from core.testing.shop import PASSWORD

from .conftest import Visitor, text_of

WINDOW = (
    "/",
    "/p/dome-lamp",
    "/c/lighting",
    "/search",
    "/search/complete?q=lamp",
    "/cart",
    "/checkout",
    "/sitemap.xml",
)
GREEN_L = {"product": "dome-lamp", "o.colour": "green", "o.size": "l"}


@pytest.fixture
def shut(site: Site, lamp: int) -> Iterator[Callable[[], None]]:
    """`shut()`: close the shop."""
    yield lambda: edit_site(site.id, {"open": False}, "test")
    edit_site(site.id, {"open": True}, "test")


def test_shoppers_are_told_and_see_no_goods(visitor: Visitor, shut: Callable[[], None]) -> None:
    assert visitor.get("/p/dome-lamp").status_code == 200  # And kept from now on.
    shut()
    for path in WINDOW:
        answer = visitor.get(path)
        assert answer.status_code == 503, path
        assert "Dome lamp" not in answer.text
        assert "Lighting" not in answer.text
        assert answer.headers["Cache-Control"] == "no-store"
    told = visitor.get("/")
    assert "This shop is not open" in text_of(told.text)
    assert "noindex" in told.text
    assert 'href="/track"' in told.text
    assert 'href="/account"' in told.text, "who is signed in need not do it again"
    assert "本店暂未营业" in visitor.get("/zh-cn/").text
    assert "Retry-After" not in told.headers  # Nobody knows when.
    assert visitor.get("/nowhere").status_code == 404


def test_nothing_is_bought(visitor: Visitor, shut: Callable[[], None], fill: Any) -> None:
    visitor.post("/cart/add", GREEN_L)
    page = visitor.get("/checkout").text
    shut()
    assert visitor.post("/cart/add", GREEN_L).status_code == 503
    assert visitor.post("/checkout/place", fill(page)).status_code == 503
    assert db.value("SELECT COUNT(*) FROM orders") == 0


def test_orders_and_accounts_go_on(visitor: Visitor, shut: Callable[[], None], fill: Any) -> None:
    visitor.post("/cart/add", GREEN_L)
    thanks = visitor.post("/checkout/place", fill(visitor.get("/checkout").text))
    secret = re.search(r"/(?:thanks|order)/([\w-]+)", thanks.request.path)
    assert secret is not None, thanks.request.path
    shut()
    for path in (f"/order/{secret[1]}", f"/checkout/thanks/{secret[1]}", "/track", "/login", "/password", "/stored"):
        assert visitor.get(path).status_code == 200, path
    assert visitor.get("/account", follow=False).status_code == 303


def test_what_goes_on_leads_nowhere_that_is_closed(
    visitor: Visitor, shut: Callable[[], None], fill: Any, shopper: Any
) -> None:
    visitor.post("/login", {"email": shopper.email, "password": PASSWORD})
    visitor.post("/cart/add", GREEN_L)
    thanks = visitor.post("/checkout/place", fill(visitor.get("/checkout").text)).request.path
    order = thanks.replace("checkout/thanks", "order")
    assert 'href="/c/lighting"' in visitor.get("/track").text
    assert "Buy the same again" in visitor.get(order).text
    shut()
    for path in ("/track", "/stored", "/nowhere", "/account", "/account/orders", thanks, order):
        shown = visitor.get(path).text
        leads = set(re.findall(r'(?:href|action)="(/[^"]*)"', shown)) - {"/"}
        closed = {lead for lead in leads if lead.startswith(("/c/", "/p/", "/search", "/cart", "/checkout/place"))}
        assert closed == set(), path
        assert "Buy the same again" not in shown
        assert "popovertarget" not in shown
        assert 'href="/account"' in shown or "thanks" in path
    assert visitor.post(f"{order}/again").status_code == 503


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (Broken("No answer."), "Something broke on our side"),
        (Forbidden("Not you."), "This door is closed"),
        (Refused("Not now."), "That did not work"),
        (LinkOver(), "That did not work"),
    ],
)
def test_nor_does_a_page_that_failed(
    visitor: Visitor,
    shut: Callable[[], None],
    app: Any,
    monkeypatch: pytest.MonkeyPatch,
    failure: Exception,
    words: str,
) -> None:
    @public
    def fail() -> None:
        raise failure

    monkeypatch.setitem(app.flask.view_functions, "storefront.track", fail)
    assert "Start page" in text_of(visitor.get("/track").text)
    shut()
    shown = visitor.get("/track").text
    assert words in text_of(shown)
    assert "Start page" not in text_of(shown)
    assert 'href="/cart"' not in shown
    assert re.search(r'class="button button--primary" href="/(track|login)"', shown)


OF_GOODS = {
    "wishlist": ("add", "remove", "back/0/x", "move", "share", "unshare"),
    "compare": ("add", "remove", "clear"),
    "reviews": ("dome-lamp/new", "1/helpful"),
    "back_in_stock": ("dome-lamp",),
}
FORMS = ("/reviews/dome-lamp/new", "/back_in_stock/dome-lamp")


def test_what_plugins_do_with_goods_is_closed_as_well(
    visitor: Visitor, shut: Callable[[], None], turn_on: Callable[..., None], app: Any, staff: Staff, shopper: Any
) -> None:
    for plugin in OF_GOODS:
        turn_on(plugin)
    visitor.post("/login", {"email": shopper.email, "password": PASSWORD})
    posts = [f"/{plugin}/{path}" for plugin, paths in OF_GOODS.items() for path in paths]
    assert [path for path in posts if visitor.post(path, follow=False).status_code == 503] == []
    shut()
    assert [path for path in posts if visitor.post(path, follow=False).status_code != 503] == []
    assert [path for path in FORMS if visitor.get(path).status_code != 503] == []
    theirs = Visitor(app.test_client())
    theirs.post("/panel/login", {"email": "owner@example.com", "password": PASSWORD}, follow=False)
    assert [path for path in posts if theirs.post(path, follow=False).status_code == 503] == []


def test_authors_still_delete_their_reviews(
    visitor: Visitor, shut: Callable[[], None], turn_on: Callable[..., None], app: Any, shopper: Any
) -> None:
    turn_on("reviews", anyone=True)
    visitor.post("/login", {"email": shopper.email, "password": PASSWORD})
    said = {"stars": "4", "title": "Warm light", "text": "Stands well.", "name": "Mira", "language": "en"}
    assert visitor.post("/reviews/dome-lamp/new", said).status_code == 200
    shut()
    own = visitor.get("/reviews/dome-lamp/new")
    assert own.status_code == 200
    assert "Warm light" in own.text
    assert "<textarea" not in own.text, "it cannot be changed meanwhile"
    assert 'href="/p/' not in own.text
    assert Visitor(app.test_client()).get("/reviews/dome-lamp/new").status_code == 503
    gone = visitor.post("/reviews/dome-lamp/take-back", {})
    assert (gone.status_code, gone.request.path) == (200, "/account")
    assert "Your review is deleted." in text_of(gone.text)
    assert db.value("SELECT COUNT(*) FROM reviews_review") == 0
    assert visitor.get("/reviews/dome-lamp/new").status_code == 503
    assert visitor.post("/reviews/dome-lamp/take-back", {}).status_code == 404


def test_staff_look_at_it_and_nobody_else_gets_their_copy(
    visitor: Visitor, shut: Callable[[], None], app: Any, staff: Staff
) -> None:
    shut()
    theirs = Visitor(app.test_client())
    theirs.post("/panel/login", {"email": "owner@example.com", "password": PASSWORD}, follow=False)
    shown = theirs.get("/p/dome-lamp")
    assert "Dome lamp" in text_of(shown.text)
    assert 'href="/c/lighting"' in theirs.get("/track").text
    assert 'href="/c/lighting"' not in visitor.get("/track").text, "what staff see is not kept for others"
    assert shown.headers["Cache-Control"] == "no-store"
    assert visitor.get("/p/dome-lamp").status_code == 503
