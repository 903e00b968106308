"""What the shopper and the shop meet at the test server, and what the plugin makes of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, TypeVar

import pytest
import requests

from core.api import Broken, FactKind, Forged, IncomingRequest, Intent, Money, OutcomeUnknown, Redirect, now
from core.testing.contracts import an_intent
from plugins.fake_gateway.forms import Settings
from plugins.fake_gateway.plugin import PLUGIN
from plugins.fake_gateway.services import FakeGateway
from plugins.fake_gateway.tests.conftest import LATE_S

Answer = TypeVar("Answer")


class Shop:
    """Hears notices as the shop does: verifies, and answers 200 or 400."""

    def __init__(self, gateway: FakeGateway) -> None:
        self.believed: list[str] = []
        self.refused = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = IncomingRequest(method="POST", headers=headers, query={}, body=body, received_at=now())
                self.send_response(outer.hear(gateway, request))
                self.end_headers()

            def log_message(self, *arguments: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.http.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.http.server_port}/notify"

    def hear(self, gateway: FakeGateway, request: IncomingRequest) -> int:
        try:
            self.believed.append(gateway.read(request).event_id)
        except Forged:
            self.refused += 1
            return 400
        return 200


@pytest.fixture
def gateway(server: str) -> FakeGateway:
    return FakeGateway(Settings({"server": server, "timeout_s": 1}))


@pytest.fixture
def shop(gateway: FakeGateway) -> Iterator[Shop]:
    shop = Shop(gateway)
    yield shop
    shop.http.shutdown()
    shop.http.server_close()


def begun(gateway: FakeGateway, shop: Shop | None = None, **changes: Any) -> tuple[Intent, Redirect]:
    intent = an_intent(notify_url=shop.url if shop else "http://127.0.0.1:9/", **changes)
    return intent, gateway.begin(intent, f"begin-{intent.token}")


def decide(redirect: Redirect, **chosen: str) -> requests.Response:
    return requests.post(redirect.url, data=chosen, allow_redirects=False, timeout=5)


def in_time(seconds: float, ask: Callable[[], Answer]) -> Answer:
    """What `ask()` says before `seconds` are over: where the machine was busy longer than that, it is asked anew."""
    for _ in range(50):
        started = time.monotonic()
        answer = ask()
        if time.monotonic() - started < seconds:
            return answer
    pytest.fail(f"no answer within {seconds} s")


def soon(truth: Callable[[], bool]) -> bool:
    until = time.monotonic() + 5
    while not truth() and time.monotonic() < until:
        time.sleep(0.02)
    return truth()


def kinds(gateway: FakeGateway, intent: Intent) -> list[FactKind]:
    return [fact.kind for fact in gateway.fetch(intent)]


def test_the_page_names_the_amount_in_the_shoppers_language(gateway: FakeGateway) -> None:
    _, redirect = begun(gateway, language="zh-CN")
    page = requests.get(redirect.url, timeout=5)
    assert "测试网关" in page.text
    assert "€49.90" in page.text
    assert "script" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "Pay now" in requests.get(f"{redirect.url}?lang=en", timeout=5).text


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(Money(4990, "JPY"), "¥4,990"), (Money(5124, "KWD"), "KWD5.124"), (Money(4990, "EUR"), "€49.90")],
)
def test_every_currency_is_shown_and_told_with_its_own_digits(
    gateway: FakeGateway, shop: Shop, amount: Money, shown: str
) -> None:
    intent, redirect = begun(gateway, shop, amount=amount, language="en")
    page = unescape(requests.get(redirect.url, timeout=5).text).replace("\N{NO-BREAK SPACE}", " ")
    assert shown in page
    assert f"{shown}0" not in page
    decide(redirect, outcome="pay", notice="none")
    assert [fact.amount for fact in gateway.fetch(intent)] == [amount]


def test_the_shopper_pays_and_comes_back_by_get(gateway: FakeGateway, shop: Shop) -> None:
    intent, redirect = begun(gateway, shop)
    answer = decide(redirect, outcome="pay", notice="once", back="get")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(intent.return_url)
    assert kinds(gateway, intent) == [FactKind.CAPTURED]
    assert soon(lambda: len(shop.believed) == 1)


def test_the_shopper_comes_back_by_a_cross_site_post(gateway: FakeGateway) -> None:
    intent, redirect = begun(gateway)
    page = decide(redirect, outcome="pay", notice="none", back="post")
    assert f'<form method="post" action="{intent.return_url}">' in page.text
    assert f"form-action 'self' {intent.site.origin}" in page.headers["Content-Security-Policy"]


def test_pressing_pay_twice_pays_once(gateway: FakeGateway) -> None:
    intent, redirect = begun(gateway)
    for _ in range(2):
        decide(redirect, outcome="pay", notice="none")
    assert kinds(gateway, intent) == [FactKind.CAPTURED]


@pytest.mark.parametrize("outcome", ["decline", "cancel"])
def test_a_no_is_a_declined_fact(gateway: FakeGateway, outcome: str) -> None:
    intent, redirect = begun(gateway)
    decide(redirect, outcome=outcome, notice="none")
    assert kinds(gateway, intent) == [FactKind.DECLINED]


def test_a_late_success_comes_after_the_shopper(gateway: FakeGateway, shop: Shop) -> None:
    def back_at_once() -> tuple[Intent, list[FactKind]]:
        intent, redirect = begun(gateway, shop)
        assert decide(redirect, outcome="late").status_code == 303
        return intent, kinds(gateway, intent)

    intent, known = in_time(LATE_S, back_at_once)
    assert known == []
    assert soon(lambda: kinds(gateway, intent) == [FactKind.CAPTURED])
    assert soon(lambda: bool(shop.believed))


def test_silence_is_an_unknown_outcome_until_it_ends(gateway: FakeGateway, shop: Shop) -> None:
    def paid() -> Intent:
        intent, redirect = begun(gateway, shop)
        decide(redirect, outcome="timeout")
        return intent

    intent = in_time(0.3, paid)
    with pytest.raises(OutcomeUnknown):
        gateway.fetch(intent)
    assert soon(lambda: bool(shop.believed))
    assert kinds(gateway, intent) == [FactKind.CAPTURED]


def test_a_notice_twice_is_one_event(gateway: FakeGateway, shop: Shop) -> None:
    _, redirect = begun(gateway, shop)
    decide(redirect, outcome="pay", notice="twice")
    assert soon(lambda: len(shop.believed) == 2)
    assert len(set(shop.believed)) == 1


@pytest.mark.parametrize("how", ["forged", "old", "future"])
def test_a_false_notice_is_not_believed(gateway: FakeGateway, shop: Shop, how: str) -> None:
    _, redirect = begun(gateway, shop)
    decide(redirect, outcome="pay", notice=how)
    assert soon(lambda: shop.refused == 1)
    assert shop.believed == []


def test_a_late_notice_is_believed(gateway: FakeGateway, shop: Shop) -> None:
    paid = 0

    def heard_at_once() -> int:
        nonlocal paid
        assert soon(lambda: len(shop.believed) == paid)
        _, redirect = begun(gateway, shop)
        decide(redirect, outcome="pay", notice="late")
        paid += 1
        return len(shop.believed)

    assert in_time(LATE_S, heard_at_once) == paid - 1
    assert soon(lambda: len(shop.believed) == paid)


def test_the_old_secret_is_believed_while_it_is_replaced(server: str, shop: Shop) -> None:
    both = FakeGateway(Settings({"server": server, "secret": "next-secret\ntest-secret"}))
    intent, _ = begun(both, shop)
    number = both.begin(intent, f"begin-{intent.token}").reference
    requests.post(f"{server}/control/payments/{number}", json={"outcome": "pay"}, timeout=5)
    assert soon(lambda: len(shop.believed) == 1)


def test_a_hand_over_by_form_leads_to_the_same_page(server: str) -> None:
    by_form = FakeGateway(Settings({"server": server, "hand_over": "post"}))
    _, redirect = begun(by_form)
    assert redirect.fields == {"payment": redirect.reference}
    answer = requests.post(redirect.url, data=redirect.fields, timeout=5)
    assert answer.url.endswith(f"/pay/{redirect.reference}")


def test_nobody_at_the_address_means_that_nothing_happened() -> None:
    nowhere = FakeGateway(Settings({"server": "http://127.0.0.1:9"}))
    with pytest.raises(Broken) as refusal:
        begun(nowhere)
    assert not isinstance(refusal.value, OutcomeUnknown)


def test_a_wrong_key_is_refused_for_good(server: str) -> None:
    with pytest.raises(Broken) as refusal:
        begun(FakeGateway(Settings({"server": server, "key": "wrong"})))
    assert refusal.value.permanent


def test_a_server_that_claims_to_be_live_is_refused(start_server: Callable[..., str]) -> None:
    with pytest.raises(Broken) as refusal:
        begun(FakeGateway(Settings({"server": start_server("--live")})))
    assert refusal.value.permanent


def test_the_checkout_may_lead_to_the_servers_origin() -> None:
    hosts = PLUGIN.csp.form_action
    assert callable(hosts)
    assert hosts(Settings({"server": "http://127.0.0.1:8600/"})) == ("http://127.0.0.1:8600",)


@pytest.mark.parametrize(
    "address", ["", "nonsense", "http://10.0.0.5:8600", "javascript:alert(1)", "https://a b", "http://["]
)
def test_an_address_that_cannot_be_right_is_left_out(address: str) -> None:
    assert Settings({"server": address}).origin == ""


def test_its_title_says_that_it_is_a_test(gateway: FakeGateway) -> None:
    assert gateway.title == "Test gateway (no real money)"
    assert gateway.live is False
