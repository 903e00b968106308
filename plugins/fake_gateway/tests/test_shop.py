"""A shopper pays at the test gateway and comes back, and the shop knows what happened."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from core.api import Site, order_view, rows

PERSON = {
    "email": "mira@example.com",
    "name": "Mira K.",
    "line1": "Lange Str. 1",
    "city": "Berlin",
    "postcode": "10115",
    "country": "DE",
}


class Story:
    """One visitor of the shop, and what the gateway's server is told to do."""

    def __init__(self, client: Any, site: Site, server: str) -> None:
        self.client, self.origin, self.server = client, f"http://{site.host}", server

    def get(self, path: str) -> Any:
        return self.client.get(path, base_url=self.origin)

    def post(self, path: str, **form: Any) -> Any:
        return self.client.post(path, data=form, base_url=self.origin, headers={"Origin": self.origin})

    def order(self, variant_id: int) -> str:
        """Order one, and answer the address of the gateway's page."""
        self.post("/cart/add", variant=variant_id, variant_id=variant_id, quantity=1)
        self.post("/checkout/save", **PERSON, gateway="fake_gateway")
        page = unescape(self.get("/checkout").text)
        total = re.search(r'name="seen_total" value="(\d+)"', page)
        assert total, page
        answer = self.post("/checkout/place", **PERSON, gateway="fake_gateway", seen_total=total[1])
        assert answer.status_code == 303, unescape(answer.text)
        return str(answer.headers["Location"])

    def decide(self, page: str, outcome: str, back: str = "get") -> Any:
        return requests.post(
            page, data={"outcome": outcome, "notice": "none", "back": back}, allow_redirects=False, timeout=5
        )

    def notify(self, page: str, how: str = "once") -> Any:
        """What the server would send now, delivered to the shop."""
        number = page.rpartition("/")[2]
        asked = {"how": how, "send": False}
        said = requests.post(f"{self.server}/control/payments/{number}/notice", json=asked, timeout=5).json()
        headers = {"X-Fake-Signature": said["signature"], "Content-Type": "application/json"}
        path = "/notify/fake_gateway/test-shop"
        return self.client.post(path, data=said["body"], base_url=self.origin, headers=headers)


@pytest.fixture
def story(client: Any, site: Site, server: str, turn_on: Callable[..., None]) -> Story:
    turn_on("fake_gateway", server=server, account="test-shop", mode="sale", hand_over="get", timeout_s=2)
    return Story(client, site, server)


@pytest.fixture
def ebook(sell: Callable[..., Any]) -> int:
    """Something that needs no delivery, so that the payment alone is the story."""
    return int(sell("EBOOK", 1250, needs_delivery=False).variant_id)


def status(story: Story, back: str) -> str:
    answer = story.get(urlsplit(back).path)
    assert answer.status_code == 200
    return str(answer.text)


def test_the_checkout_may_lead_to_the_gateway(story: Story, ebook: int) -> None:
    story.post("/cart/add", variant=ebook, variant_id=ebook, quantity=1)
    assert f"form-action 'self' {story.server}" in story.get("/checkout").headers["Content-Security-Policy"]


def test_the_shopper_pays_and_comes_back_by_get(story: Story, ebook: int) -> None:
    page = story.order(ebook)
    assert page.startswith(story.server)
    back = story.decide(page, "pay").headers["Location"]
    answer = story.client.get(back, base_url=story.origin)
    assert answer.status_code == 303
    assert "Set-Cookie" not in answer.headers
    assert paid(story, page)


def test_the_shopper_comes_back_by_a_cross_site_post(story: Story, ebook: int) -> None:
    page = story.order(ebook)
    form = story.decide(page, "pay", back="post").text
    target = re.search(r'action="([^"]+)"', form)
    assert target
    headers = {"Origin": story.server, "Sec-Fetch-Site": "cross-site"}
    answer = story.client.post(urlsplit(target[1]).path, base_url=story.origin, headers=headers)
    assert answer.status_code == 303
    assert "Set-Cookie" not in answer.headers
    assert paid(story, page)


def test_coming_back_twice_and_a_doubled_notice_count_once(story: Story, ebook: int) -> None:
    page = story.order(ebook)
    back = story.decide(page, "pay").headers["Location"]
    for _ in range(2):
        story.client.get(back, base_url=story.origin)
        assert story.notify(page).status_code == 200
    assert paid(story, page) == [1250]


def test_a_notice_alone_is_enough(story: Story, ebook: int) -> None:
    page = story.order(ebook)
    story.decide(page, "pay")
    assert story.notify(page).status_code == 200
    assert paid(story, page) == [1250]


@pytest.mark.parametrize("how", ["forged", "old", "future"])
def test_a_false_notice_pays_nothing(story: Story, ebook: int, how: str) -> None:
    page = story.order(ebook)
    story.decide(page, "pay")
    assert story.notify(page, how).status_code == 400
    assert paid(story, page) == []


def test_a_decline_leaves_the_order_open_for_another_try(story: Story, ebook: int) -> None:
    page = story.order(ebook)
    back = story.decide(page, "decline").headers["Location"]
    answer = story.client.get(back, base_url=story.origin)
    assert paid(story, page) == []
    assert "/checkout/pay/" in status(story, answer.headers["Location"])


def test_who_has_paid_without_our_knowing_does_not_pay_twice(story: Story, ebook: int, site: Site) -> None:
    page = story.order(ebook)
    order = order_view(rows("SELECT MAX(id) FROM orders")[0][0], site=site)
    assert order is not None
    thanks = f"/checkout/thanks/{order.secret}"
    assert "We have not heard of a payment yet" in status(story, thanks)
    story.decide(page, "pay")  # They closed the gateway's page instead of coming back.
    pressed = story.post(f"/checkout/pay/{order.secret}", gateway="fake_gateway")
    assert urlsplit(pressed.headers["Location"]).path == thanks
    assert paid(story, page) == [1250]
    said = status(story, thanks)
    assert "nothing to pay for this order any more" in said
    assert "We have not heard" not in said
    assert "/checkout/pay/" not in said


def test_a_server_that_is_away_leaves_the_order_stored(story: Story, ebook: int, turn_on: Callable[..., None]) -> None:
    turn_on("fake_gateway", server="http://127.0.0.1:9", account="test-shop", mode="sale", hand_over="get", timeout_s=1)
    page = story.order(ebook)
    assert "/checkout/thanks/" in page


def paid(story: Story, page: str) -> list[int]:
    """The captured sums that the shop counts for the payment behind the gateway's page."""
    del story
    counted = "SELECT amount FROM payment_fact WHERE kind = 'captured' AND verdict = 'counted' AND reference LIKE ?"
    return [amount for (amount,) in rows(counted, f"%{page.rpartition('/')[2][4:]}")]
