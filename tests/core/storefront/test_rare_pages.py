"""Pages that few people see: out of order for a moment, the second step, on to a payment, and a code to scan."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from core.accounts.models import Shopper
from core.accounts.services import factor
from core.hookspecs.site import Site
from core.kernel import db
from core.lib import clock, totp
from core.testing.application import LiveServer
from core.testing.browser import axe_violations, scrolls_sideways
from core.testing.shop import PASSWORD, Item
from tests.markup import faults_of

from .conftest import ADDRESS, Visitor, text_of

PROBE = """
from core.api import *

shop = Views()


@shop.get("/away")
@public
def away():
    raise Broken("The warehouse does not answer.")


class Scan(Gateway):
    code, title, flow = "scan", "Scan a code", "qr"
    paid = []

    def begin(self, intent, key):
        return Qr(text="upi://pay?tr=" + intent.token, reference="r")

    def fetch(self, intent):
        if not self.paid:
            return ()
        paid = {"kind": FactKind.CAPTURED, "reference": "f", "amount": intent.amount, "at": now()}
        return (Fact(account="default", live=False, **paid),)


class Onward(Gateway):
    code, title = "onward", "A payment service"

    def begin(self, intent, key):
        return Redirect(url="https://pay.test/enter", fields={"payment": '7"<'}, reference="o")


PLUGIN = Plugin(
    name="rare", version="1", title="Rare", shop=shop, csp=Csp(form_action=("https://pay.test",))
)


@hookimpl
def payment_gateways(site):
    return [Scan(), Onward()]
"""


@pytest.fixture
def rare(instance: Path, app: Any, site: Site, turn_on: Callable[..., None]) -> None:
    turn_on("rare")


@pytest.fixture
def instance(instance: Path) -> Path:
    """With a plugin that has two ways to pay, and a view that fails for a moment."""
    folder = instance / "plugins" / "rare"
    folder.mkdir(parents=True)
    (folder / "plugin.py").write_text(PROBE, "utf-8")
    return instance


def bought(visitor: Visitor, item: Item, gateway: str) -> Any:
    """What the button of the checkout answers."""
    visitor.post("/cart/add", {"variant": str(item.variant_id), "quantity": "1"})
    visitor.post("/checkout/save", {**ADDRESS, "gateway": gateway})
    page = visitor.get("/checkout").text
    sent = dict(re.findall(r'<input type="hidden"[^>]* name="([^"]+)" value="([^"]*)"', page))
    return visitor.post("/checkout/place", {**sent, **ADDRESS, "gateway": gateway})


@pytest.fixture
def pages(rare: None, app: Any, visitor: Visitor, sell: Callable[..., Item], shopper: Shopper) -> dict[str, Any]:
    """The answers by their names."""
    lamp = sell("LAMP", 8900, stock=9, needs_delivery=False)
    found = {"away": visitor.get("/rare/away"), "onward": bought(visitor, lamp, "onward")}
    found["scan"] = bought(Visitor(app.test_client()), lamp, "scan")
    mira, entry = Visitor(app.test_client()), {"email": shopper.email, "password": PASSWORD}
    mira.post("/login", entry)
    found["second step"] = mira.post("/account/second-step", {"current": PASSWORD})
    code = totp.hotp(factor._secret(factor._row(shopper)), totp.step_of(clock.now()))
    found["recovery codes"] = mira.post("/account/second-step/confirm", {"code": code})
    stranger = Visitor(app.test_client())
    found["code"] = stranger.post("/login", entry)
    proof = re.search(r'name="proof" value="([^"]+)"', found["code"].text)
    assert proof is not None
    found["wrong code"] = stranger.post("/login/code", {"proof": proof[1], "code": "000000"})
    return found


@pytest.mark.once
def test_they_are_well_made_and_have_one_heading(pages: dict[str, Any]) -> None:
    titles = {
        "away": "Something broke on our side",
        "onward": "To the payment",
        "scan": "Thank you, Mira",
        "second step": "Second step at sign-in",
        "recovery codes": "Second step at sign-in",
        "code": "Your code",
        "wrong code": "Your code",
    }
    for name, answer in pages.items():
        assert faults_of(answer.text) == [], name
        assert re.findall(r"<h1[^>]*>(.*?)</h1>", answer.text) == [titles[name]], name


@pytest.mark.once
def test_out_of_order_for_a_moment_says_so_to_people_and_to_machines(visitor: Visitor, rare: None) -> None:
    answer = visitor.get("/rare/away")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert "503" in text_of(answer.text)
    assert "Nothing was charged twice" in text_of(answer.text)


@pytest.mark.once
def test_a_code_to_scan_is_shown_until_it_is_paid(rare: None, visitor: Visitor, sell: Callable[..., Item]) -> None:
    lamp = sell("LAMP", 8900, stock=9, needs_delivery=False)
    page = bought(visitor, lamp, "scan").text
    assert 'aria-label="QR code to pay €89.00"' in page
    assert "<svg" in page.split("qr-frame", 1)[1].split("</p>", 1)[0]
    assert 'href="upi://pay?tr=' in page
    asks = page.split('data-waits="', 1)[1].partition('"')[0]
    # Nobody has paid: the same page with the same code.
    assert "qr-frame" in visitor.get(asks).text
    from plugins.rare import plugin  # type: ignore[import-not-found] # written by this test

    plugin.Scan.paid.append(1)
    paid = visitor.get(asks).text
    assert "data-waits" not in paid
    assert "qr-frame" not in paid
    assert db.value("SELECT COUNT(*) FROM payment") == 1


def standing(text: str) -> Callable[[Route], None]:
    """A handler that answers this page."""
    return lambda route: route.fulfill(body=text, content_type="text/html; charset=utf-8")


@pytest.mark.slow
def test_they_fit_and_are_free_of_barriers(pages: dict[str, Any], serve: LiveServer, page: Page) -> None:
    stays = "export function attach() {}"
    page.route("**/onward.js", lambda route: route.fulfill(body=stays, content_type="text/javascript"))
    for name, answer in pages.items():
        address = serve.url(f"/rare-{name.replace(' ', '-')}", host="127.0.0.1")
        page.route(address, standing(answer.text))
        page.goto(address)
        page.set_viewport_size({"width": 320, "height": 600})
        assert not scrolls_sideways(page), name
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert axe_violations(page) == [], (name, scheme)
