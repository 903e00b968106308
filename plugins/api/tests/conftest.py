"""A shop with the API on, and programs that call it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from core.api import Site, now
from plugins.api import forms, plugin
from plugins.api.models import scopes
from plugins.api.services import keys

# Imported first: else loading the plugin would import its modules anew, beside those that the tests reach into.
assert plugin.PLUGIN


class Program:
    """A program with a key; `get("/products")` answers the parsed body of the expected status."""

    def __init__(self, client: Any, site: Site, key: str) -> None:
        self.client, self.site, self.key = client, site, key
        self.cart = ""
        self.last: Any = None

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        sent = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        if self.cart:
            sent["Cart-Token"] = self.cart
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        data = body if isinstance(body, bytes | None) else json.dumps(body)
        kind = None if data is None else "application/json"
        self.last = self.client.open(
            f"/api/v1{path}", method=method, base_url=f"http://{self.site.host}", data=data, content_type=kind,
            headers=sent,
        )  # fmt: skip
        return self.last

    def get(self, path: str, status: int = 200, **headers: str) -> Any:
        return self._expect("GET", path, None, status, headers)

    def post(self, path: str, body: Any = None, status: int = 201, **headers: str) -> Any:
        return self._expect("POST", path, body, status, headers)

    def patch(self, path: str, body: Any, status: int = 200, **headers: str) -> Any:
        return self._expect("PATCH", path, body, status, headers)

    def put(self, path: str, body: Any, status: int = 200, **headers: str) -> Any:
        return self._expect("PUT", path, body, status, headers)

    def delete(self, path: str, status: int = 200, **headers: str) -> Any:
        return self._expect("DELETE", path, None, status, headers)

    def _expect(self, method: str, path: str, body: Any, status: int, headers: dict[str, str]) -> Any:
        answer = self.ask(method, path, body, **headers)
        assert answer.status_code == status, answer.text
        return json.loads(answer.text) if answer.text else None


@pytest.fixture
def key(site: Site, turn_on: Callable[..., None]) -> Callable[..., str]:
    """`key("orders:read")`: a new key with these scopes, or with all."""
    turn_on("api", per_minute=100_000)

    def make(*wanted: str, on: Site | None = None, **more: Any) -> str:
        held = wanted or tuple(scopes.scopes_of(on or site))
        chosen = forms.WantedKey(title="Test", scopes=held, expires_at=more.get("expires_at"))
        return keys.make_key(on or site, chosen, actor="system")[1]

    return make


@pytest.fixture
def program(client: Any, site: Site, key: Callable[..., str]) -> Callable[..., Program]:
    """`program("cart:write")`: a program whose key has these scopes, or all."""

    def make(*wanted: str, on: Site | None = None) -> Program:
        return Program(client, on or site, key(*wanted, on=on))

    return make


@pytest.fixture(autouse=True)
def no_use_of_an_earlier_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """What other tests used gathered in this process under the same ids."""
    monkeypatch.setattr(keys, "_used", {})
    monkeypatch.setattr(keys, "_last_flush", [int(now().timestamp() * 1_000_000)])


ADDRESS = {"name": "Mira K.", "lines": ["Lange Str. 1"], "city": "Berlin", "postcode": "10115", "country": "DE"}


@pytest.fixture
def bought(program: Callable[..., Program], sell: Callable[..., Any]) -> Callable[..., tuple[Program, dict[str, Any]]]:
    """`bought(quantity=2)`: a program with a cart that was ordered, and the order as answered."""

    def buy(
        quantity: int = 1, *, stock: int = 9, sku: str = "LAMP", gateway: str = ""
    ) -> tuple[Program, dict[str, Any]]:
        app = program()
        item = sell(sku, 8900, stock=stock)
        app.cart = app.post("/cart", {"lines": [{"variant_id": item.variant_id, "quantity": quantity}]})["token"]
        chosen = {"gateway": gateway} if gateway else {}
        quote = app.patch("/cart/details", {"email": "mira@example.com", "address": ADDRESS, **chosen})
        placed = app.post("/cart/order", {"seen_total": quote["totals"]["total"]}, Idempotency_Key=f"one-{sku}")
        return app, placed

    return buy


PAY = '''
"""A gateway that authorises at once."""

from core.api import *

PLUGIN = Plugin(name="pay", version="1", title="Pay", category="machinery")


class Pay(Gateway):
    code = "pay"
    title = "Pay"
    can = frozenset({"auth", "refund"})

    def begin(self, intent, key):
        return Done(facts=(self._fact("authorized", intent.amount, f"a{intent.token}"),))

    def capture(self, intent, amount, key):
        return [self._fact("captured", amount, key)]

    def void(self, intent, key):
        return [self._fact("voided", intent.amount, key)]

    def refund(self, intent, amount, key):
        return [self._fact("refunded", amount, key)]

    def _fact(self, kind, amount, reference):
        return Fact(account="default", live=False, kind=FactKind(kind), reference=reference, amount=amount, at=now())


@hookimpl
def payment_gateways(site):
    return [Pay()]
'''


@pytest.fixture
def authorising(instance: Any, turn_on: Callable[..., None]) -> None:
    """A gateway that authorises what it is asked for; an order paid by it may be captured."""
    folder = instance / "plugins" / "pay"
    folder.mkdir(parents=True)
    (folder / "plugin.py").write_text(PAY, "utf-8")
    turn_on("pay")


VAN = '''
"""A carrier that sells the way back, and carries nothing."""

from core.api import *

PLUGIN = Plugin(name="van", version="1", title="Van", category="delivery")


class Van(Carrier):
    code = "van"
    title = "Van"

    def quote(self, parcel):
        return []

    def return_label(self, parcel, key):
        return Label(tracking=f"V-{key}", document=b"%PDF", mime="application/pdf", cost=Money(300, "EUR"))


@hookimpl
def fulfil_carriers(site):
    return [Van()]
'''


@pytest.fixture
def van(instance: Any, turn_on: Callable[..., None]) -> Callable[[], None]:
    """`van()`: from now on a carrier sells the way back, and nobody delivers."""
    folder = instance / "plugins" / "van"
    folder.mkdir(parents=True)
    (folder / "plugin.py").write_text(VAN, "utf-8")
    return lambda: turn_on("van")


@pytest.fixture
def walk(authorising: None, van: Any, bought: Any, sell: Any, site: Site, shopper: Any, turn_on: Any) -> Any:
    """A program that may do everything in a shop with something in every corner; see `walk.py`."""
    from core.api import CategoryDraft, CategoryText, add_location, create_category
    from plugins.api.tests.walk import Walk

    turn_on("webhooks")
    app, placed = bought(quantity=30, stock=500, gateway="pay")
    app.post("/cart/payment", status=200)
    category = create_category(CategoryDraft(code="light", texts={"en": CategoryText(name="Light")}), "system")
    add_location("north", "North", None, "GB", "system")
    return Walk(app, sell("SHADE", 8900, stock=500), placed, category, site, shopper.id, van)
