"""The routes that gateways use.

A notice is believed by its signature alone, a return only after the gateway was asked.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.app import create_app
from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.installation import installation
from core.kernel.site_verbs import add_site, edit_site
from core.kernel.sites import state_of
from core.kernel.switch import switch_off, switch_on
from core.lib import clock
from core.orders.services import notices
from core.orders.services.read import OrderView, order_view
from tests.core.checkout.books import unbalanced
from tests.core.checkout.shop import FakePlugins, Shop

SECRET = b"shared with the gateway"
PLUGIN = """
    import hashlib, hmac, json
    from pathlib import Path
    from core.api import *

    PLUGIN = Plugin(name="testpay", version="1", title="Testpay", category="payment")
    SERVER = Path(__file__).with_name("server.json")

    def fact_of(line):
        money = Money(line["amount"], line.get("currency", "EUR"))
        said = {word: line[word] for word in ("account", "live") if word in line}
        return Fact(**said, kind=FactKind(line["kind"]), reference=line["reference"], amount=money,
                    at=now())

    class Testpay(Gateway):
        code, account, title = "testpay", "acme", "Testpay"

        def begin(self, intent, key):
            return Redirect(url="https://pay.test/" + intent.token, reference="ref-" + intent.token)

        def fetch(self, intent):
            told = json.loads(SERVER.read_text()) if SERVER.exists() else {}
            return [fact_of(line) for line in told.get(intent.token, [])]

        def read(self, request):
            made = hmac.new(b"shared with the gateway", request.body, hashlib.sha256).hexdigest()
            if not hmac.compare_digest(made, request.headers.get("x-signature", "")):
                raise Forged
            told = json.loads(request.body)
            return Notice(event_id=told["id"], facts=tuple(map(fact_of, told["facts"])), intent=told.get("intent", ""),
                          reference=told.get("reference", ""), reply=Reply(body="thanks"))

    @hookimpl
    def payment_gateways(site):
        return [Testpay()]
"""


@dataclass
class Till:
    """A site with the plugin on, a browser, and one order that waits for its money."""

    client: Any
    site: Site
    folder: Path
    order_id: int

    @property
    def order(self) -> OrderView:
        view = order_view(self.order_id)
        assert view is not None
        return view

    @property
    def token(self) -> str:
        return str(db.value("SELECT token FROM payment WHERE order_id = ?", self.order_id))

    def fact(self, kind: str = "captured", amount: int = 1000, reference: str = "c1", **more: Any) -> dict[str, Any]:
        return {"kind": kind, "amount": amount, "reference": reference, **more}

    def notify(self, *facts: Mapping[str, Any], signature: str | None = None, **more: Any) -> Any:
        """The gateway tells facts about the order's payment."""
        body = json.dumps({"id": "e1", "facts": list(facts), "intent": self.token, **more}).encode()
        made = hmac.new(SECRET, body, hashlib.sha256).hexdigest()
        headers = {"X-Signature": made if signature is None else signature}
        return self.client.post(
            f"/notify/testpay/{more.get('account', 'acme')}", data=body, headers=headers, base_url="http://shop.test"
        )

    def happens(self, *facts: Mapping[str, Any]) -> None:
        """Something happens at the gateway's server, of which nothing is told."""
        (self.folder / "server.json").write_text(json.dumps({self.token: list(facts)}))

    def come_back(self, method: str = "GET", **options: Any) -> Any:
        return self.client.open(f"/pay/return/{self.token}", method=method, base_url="http://shop.test", **options)


@pytest.fixture
def till(instance: Path) -> Till:
    folder = instance / "plugins" / "testpay"
    folder.mkdir(parents=True)
    (folder / "plugin.py").write_text(textwrap.dedent(PLUGIN), "utf-8")
    faces = (("storefront", "core.storefront.views"), ("checkout", "core.checkout.views"))
    app = create_app(instance, faces=faces)
    site = add_site(host="shop.test", name="Test shop", currency="EUR", country="GB")
    installation().plugins.discover()
    switch_on(site.id, "testpay", "system")
    shop = Shop(state_of(site.id), FakePlugins())
    placed = shop.order((shop.sell("cup", 1000), 1))
    return Till(client=app.test_client(use_cookies=False), site=site, folder=folder, order_id=placed.id)


# -- notices -----------------------------------------------------------------------------------------------------------


def test_a_notice_pays_the_order(till: Till) -> None:
    answer = till.notify(till.fact())
    assert (answer.status_code, answer.text) == (200, "thanks")
    assert till.order.status.payment == "paid"


def test_a_notice_told_five_times_pays_once(till: Till) -> None:
    assert {till.notify(till.fact()).status_code for _ in range(5)} == {200}
    assert (till.order.captured.amount, till.order.status.payment) == (1000, "paid")
    assert db.value("SELECT count(*) FROM outbox WHERE type = 'order.paid'") == 1


@pytest.mark.parametrize("signature", ["", "0" * 64])
def test_a_forged_notice_changes_nothing(till: Till, signature: str) -> None:
    assert till.notify(till.fact(), signature=signature).status_code == 400
    assert (till.order.status.payment, db.value("SELECT count(*) FROM payment_fact")) == ("unpaid", 0)


def test_a_notice_is_verified_before_anything_is_looked_up(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[object] = []
    monkeypatch.setattr(notices, "find_payment", lambda *a, **k: looked.append(a))
    till.notify(till.fact(), signature="")
    assert looked == []


def test_a_notice_believed_before_it_is_verified_is_found(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: the signature is not asked for."""
    from core.hookspecs.payment import Notice

    def careless(state: Any, plugin: str, act: str, call: Any) -> Any:
        try:
            return call()
        except Exception:  # noqa: BLE001 -- the planted bug
            return Notice(event_id="e", facts=(), intent=till.token)

    monkeypatch.setattr(notices, "guarded", careless)
    with pytest.raises(AssertionError):
        test_a_notice_is_verified_before_anything_is_looked_up(till, monkeypatch)


@pytest.mark.parametrize("wrong", [{"amount": 1}, {"currency": "USD"}, {"live": True}, {"account": "other"}])
def test_an_authentic_notice_about_something_else_does_not_pay(till: Till, wrong: dict[str, Any]) -> None:
    assert till.notify({**till.fact(), **wrong}).status_code == 200
    assert till.order.status.payment in {"unpaid", "partly_paid"}


def test_a_notice_for_nobody_is_kept_and_asked_for_again_for_an_hour(till: Till) -> None:
    with clock.freeze(clock.now()) as frozen:
        assert till.notify(till.fact(), intent="unknown").status_code == 503
        assert db.value("SELECT count(*) FROM payment_fact WHERE verdict = 'orphan'") == 1
        frozen.move(minutes=59)
        assert till.notify(till.fact(), intent="unknown").status_code == 503
        frozen.move(minutes=2)
        assert till.notify(till.fact(), intent="unknown").status_code == 200
    assert till.order.status.payment == "unpaid"


def test_an_orphan_counts_once_its_payment_is_known(till: Till) -> None:
    till.notify(till.fact(), intent="unknown")
    assert till.notify(till.fact()).status_code == 200
    assert till.order.status.payment == "paid"


def test_a_plugin_that_finishes_its_orders_still_hears_its_notices(till: Till) -> None:
    assert switch_off(till.site.id, "testpay", "staff:1") == "draining"
    assert till.notify(till.fact()).status_code == 200
    assert till.order.status.payment == "paid"


def test_unknown_plugins_and_accounts_are_not_found(till: Till) -> None:
    for path in ("/notify/nobody/acme", "/notify/testpay/nobody"):
        assert till.client.post(path, data=b"{}", base_url="http://shop.test").status_code == 404


def test_a_huge_notice_is_refused_unread(till: Till) -> None:
    answer = till.client.post("/notify/testpay/acme", data=b"x" * 600_000, base_url="http://shop.test")
    assert answer.status_code == 413


# -- coming back -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {}),
        ("POST", {"Sec-Fetch-Site": "cross-site", "Origin": "https://pay.test"}),
    ],
)
def test_the_shopper_comes_back_and_the_gateway_is_asked(till: Till, method: str, headers: dict[str, str]) -> None:
    till.happens(till.fact())
    answer = till.come_back(method, headers=headers, data={"status": "whatever it says"} if method == "POST" else None)
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (303, False)
    assert answer.headers["Location"].endswith(till.order.secret)
    assert till.order.status.payment == "paid"


def test_what_the_visitor_brings_is_not_believed(till: Till) -> None:
    answer = till.come_back("GET", query_string={"status": "paid", "amount": "1000"})
    assert answer.status_code == 303
    assert till.order.status.payment == "unpaid"


def test_coming_back_twice_and_a_notice_beside_it_count_once(till: Till) -> None:
    till.happens(till.fact())
    till.come_back()
    till.notify(till.fact())
    till.come_back("POST")
    assert till.order.captured.amount == 1000
    assert unbalanced() == []


def test_a_declined_payment_leads_back_to_an_order_that_can_be_paid(till: Till) -> None:
    till.happens(till.fact("declined"))
    assert till.come_back().status_code == 303
    assert (till.order.payments[0].state, till.order.can_be_paid) == ("declined", True)


def test_a_gateway_that_does_not_answer_loses_nothing(till: Till) -> None:
    (till.folder / "server.json").write_text("not json")
    assert till.come_back().status_code == 303
    assert till.order.status.payment == "unpaid"


def test_a_shopper_comes_back_in_the_language_they_ordered_in(till: Till) -> None:
    edit_site(till.site.id, {"languages": ["zh-CN"]}, "system")
    secret = till.come_back().headers["Location"].rpartition("/")[2]
    with db.transaction():
        db.execute("UPDATE orders SET language = 'zh-CN' WHERE id = ?", till.order_id)
    back = till.come_back("POST")
    assert back.headers["Location"] == f"/zh-cn/checkout/thanks/{secret}"

    edit_site(till.site.id, {"languages": []}, "system")
    assert till.come_back("POST").headers["Location"] == f"/checkout/thanks/{secret}", "the site speaks it no more"


def test_reserved_money_is_not_said_to_be_paid(till: Till) -> None:
    def said() -> str:
        page = till.client.get(till.come_back().headers["Location"], base_url="http://shop.test").text
        return " ".join(re.sub(r"<[^>]+>", " ", page).split())

    till.notify(till.fact("authorized", reference="a1"))
    assert "Payment reserved" in said()
    assert " Paid " not in said()

    till.notify(till.fact("captured"))
    assert " Paid " in said()
    assert "Payment reserved" not in said()


def test_a_foreign_token_is_not_found(till: Till) -> None:
    elsewhere = add_site(host="two.test", name="Two", currency="EUR")
    assert elsewhere.id != till.site.id
    for path, host in (("/pay/return/guess", "shop.test"), (f"/pay/return/{till.token}", "two.test")):
        assert till.client.get(path, base_url=f"http://{host}").status_code == 404
