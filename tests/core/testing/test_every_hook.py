"""Whatever a plugin does in a hook: pages open, an order is placed or refused whole, the worker goes on.

Every hook is answered by one plugin that raises, ends the program, answers nonsense of several kinds, or sleeps.
"""

from __future__ import annotations

import inspect
import sys
import textwrap
from contextlib import suppress
from typing import Any

import pytest

from core.checkout.services.quote import WrongTaxes
from core.hookspecs import FAMILIES
from core.hookspecs.notify import Message
from core.hookspecs.spec import OnError
from core.kernel import db, limits
from core.kernel.faults import PluginFault
from core.kernel.installation import installation
from core.kernel.runtime import HookFailed
from core.kernel.sites import state_of
from core.lib.errors import Refused, StoaError
from core.orders.services.cancel import cancel
from core.orders.services.opening import begin_payment

# What a plugin does wrong is met before a database is asked.
pytestmark = pytest.mark.once

HOOKS = sorted(name for family in FAMILIES for name, spec in vars(family).items() if hasattr(spec, "stoa_policy"))
# No page of this small shop asks these; here they are asked as core asks them elsewhere.
ASKED_BY_NO_PAGE = {
    "fulfil_allocate": {"needs": {1: 1}, "sources": (), "address": None},
    "site_data": {"kind": "product", "objects": [1]},
    "site_head": {"kind": "product", "subject": None},
    "site_moved": {"path": "/old"},
    "site_urls": {"since": None},
    "notify_attachments": {
        "message": Message(key="k", kind="order.draft", to="mira@example.com", subject="S", text="T", about="draft:1-1")
    },
}
SOURCE = '''
"""Answers every hook by the fault of the hour."""

import time

from core.api import *

PLUGIN = Plugin(name="bad", version="1", title="Bad", category="machinery")
HOOK, FAULT, ASKED = "", "", []


class Pay(Gateway):
    code = "pay"
    title = "Pay"

    def begin(self, intent, key):
        return Show(text="Pay")


class Nameless(Gateway):
    def begin(self, intent, key):
        return "nonsense"


class Van(Carrier):
    code = "van"
    title = "Van"

    def quote(self, parcel):
        return [Rate(service="van", title="Van", amount=5)]


class Cart_(Carrier):
    def quote(self, parcel):
        return 7


class Post(Channel):
    def send(self, message):
        return 7


HOLLOW = {
    "checkout_problems": lambda site, **_: [Problem(message=None, code=7)],
    "checkout_fields": lambda site, **_: [Field(name=None, label=3, choices=7)],
    "checkout_taxes": lambda site, **_: Taxes(taxes=(Tax(key="line:1", name="T", rate="much", amount=5),)),
    "order_problems": lambda site, **_: [Problem(message=None, code=7)],
    "promote_prices": lambda site, queries, **_: {one: PromotedPrice(amount=5) for one in queries},
    "promote_offers": lambda site, **_: [Offer(key="k", title="T", benefit=None, claims=("one",))],
    "payment_gateways": lambda site: [Nameless()],
    "fulfil_carriers": lambda site: [Cart_(), Van()],
    "fulfil_allocate": lambda site, **_: [Sourced(variant_id="x", location_id=None, quantity=1.5)],
    "notify_channels": lambda site: [Post()],
    "notify_attachments": lambda site, message: [Attachment(name=None, mime=7, content="paper")],
    "notify_event": lambda site, delivery: "nonsense",
    "site_slot": lambda site, **_: Slot(html=None, tags=7, until="soon"),
    "site_data": lambda site, **_: {1: Data(values=None, tags=None)},
    "site_head": lambda site, **_: Head(title=None, noindex="perhaps", json_ld=7, tags=None),
    "site_moved": lambda site, **_: Elsewhere(target=7, permanent="always"),
    "site_search": lambda site, **_: SearchResult(product_ids=("x", None), completions=(7,)),
    "site_urls": lambda site, **_: [Url(path=None, changed="yesterday")],
}


def endless():
    yield 42
    raise RuntimeError("a planted fault in the midst of an answer")


def failing(hook, **asked):
    if hook != HOOK:
        return None
    ASKED.append(FAULT)
    if FAULT == "raises":
        raise RuntimeError("a planted fault")
    if FAULT == "ends the program":
        raise SystemExit(3)
    if FAULT == "answers a text":
        return "nonsense"
    if FAULT == "answers a number":
        return 42
    if FAULT == "answers a list of numbers":
        return [42, object()]
    if FAULT == "answers a mapping of numbers":
        return {"x": 42}
    if FAULT == "breaks off":
        return endless()
    if FAULT == "answers the right shape with nothing right in it":
        return HOLLOW[hook](**asked)
    if FAULT == "sleeps":
        time.sleep(0.03)
    return None
'''
FAULTS = (
    "raises",
    "ends the program",
    "answers a text",
    "answers a number",
    "answers a list of numbers",
    "answers a mapping of numbers",
    "breaks off",
    "answers the right shape with nothing right in it",
    "sleeps",
)


def source() -> str:
    """The plugin with an implementation of every hook that takes all its arguments."""
    specs = {name: spec for family in FAMILIES for name, spec in vars(family).items() if name in HOOKS}
    written = []
    for name, spec in specs.items():
        arguments = [argument for argument in inspect.signature(spec).parameters if argument != "self"]
        passed = ", ".join(f"{argument}={argument}" for argument in arguments)
        written.append(f"@hookimpl\ndef {name}({', '.join(arguments)}):\n    return failing({name!r}, {passed})\n")
    return textwrap.dedent(SOURCE) + "\n\n" + "\n\n".join(written)


@pytest.fixture
def bad(app, site, turn_on) -> Any:
    """The faulty plugin, on; set its FAULT and HOOK."""
    folder = installation().config.plugins_path / "bad"
    folder.mkdir(parents=True)
    (folder / "plugin.py").write_text(source(), "utf-8")
    turn_on("bad")
    return sys.modules["plugins.bad.plugin"]


def look_around(browse, site, round_: int) -> None:
    """What a shopper sees, past the kept pages."""
    for path in ("/", "/p/lamp", "/search?q=lamp", "/cart", "/checkout"):
        page = f"{path}{'&' if '?' in path else '?'}n={round_}"
        answer = browse(site, page)
        assert answer.status_code < 500, f"{page}: {answer.status_code}"


@pytest.mark.parametrize("hook", HOOKS)
def test_the_shop_stands_whatever_a_plugin_does_in(hook, bad, site, browse, sell, order, shopper, outbox, monkeypatch):
    lamp = sell("LAMP", 8900, stock=100, name="Lamp")
    browse(site, "/cart/add", data={"variant": str(lamp.variant_id), "quantity": "1"})
    monkeypatch.setattr(installation().faults, "_limit", 10_000)
    bad.HOOK = hook
    policy = state_of(site.id).runtime.callers[hook].policy
    placed = 0
    for round_, fault in enumerate(FAULTS):
        bad.FAULT = fault
        state_of(site.id).hooks._slow = 0.01
        bad.ASKED.clear()

        look_around(browse, site, round_)
        if hook in ASKED_BY_NO_PAGE:
            getattr(state_of(site.id).hooks, hook)(site=site, **ASKED_BY_NO_PAGE[hook])
        try:
            cancel(site, order(lamp).id, actor="staff:1")
            placed += 1
        except HookFailed:
            assert policy.on_error is OnError.BLOCK, fault
        limits.reset(everywhere=True)
        assert browse(site, "/password", data={"email": shopper.email}).status_code < 500
        outbox.deliver()

        assert bad.ASKED, f"nobody asked {hook}"
        assert db.value("SELECT COUNT(*) FROM orders") == placed, f"{fault}: half an order"
        assert not db.value("SELECT SUM(allocated) FROM order_line"), f"{fault}: it is not cancelled"
        told = PluginFault.select().where(PluginFault.hook.in_([hook, "quote"])).count()
        harmless = policy.shape == "none" and fault not in {"raises", "ends the program"}
        harmless |= policy.patience > 1 and fault == "sleeps"
        assert told or harmless, f"{fault}: the merchant is told"
        PluginFault.delete().execute()
    bad.FAULT = ""
    order(lamp)


def test_taxes_that_cannot_be_stop_the_order_but_not_the_look_at_the_cart(bad, site, browse, sell, order, outbox):
    lamp = sell("LAMP", 8900, stock=100, name="Lamp")
    browse(site, "/cart/add", data={"variant": str(lamp.variant_id), "quantity": "1"})
    bad.HOLLOW["checkout_taxes"] = lambda site, priced: bad.Taxes(
        taxes=tuple(bad.Tax(key=line.key, name="T", rate=2000, amount=line.amount * 3) for line in priced.lines)
    )
    bad.HOOK, bad.FAULT = "checkout_taxes", FAULTS[-2]

    shown = browse(site, "/cart")

    assert shown.status_code == 200
    assert "89.00" in shown.text
    with pytest.raises(WrongTaxes):
        order(lamp)
    outbox.deliver()
    assert db.value("SELECT COUNT(*) FROM orders") == 0
    assert PluginFault.select().where(PluginFault.hook == "checkout_taxes").count()


# -- the objects that plugins offer ------------------------------------------------------------------------------------

GATEWAY = """
from core.api import *

PLUGIN = Plugin(name="bad", version="1", title="Bad", category="payment")
METHOD, FAULT, ASKED = "", "", []


def act(method, right):
    if method != METHOD:
        return right
    ASKED.append(FAULT)
    if FAULT == "raises":
        raise RuntimeError("a planted fault")
    if FAULT == "ends the program":
        raise SystemExit(3)
    if FAULT == "answers a list of numbers":
        return [42]
    return 42.5


class Pay(Gateway):
    code = "pay"
    title = "Pay"

    def exponent(self, currency):
        return act("exponent", 2)

    def takes(self, amount, address):
        return act("takes", "")

    def begin(self, intent, key):
        return act("begin", Show(text="Pay"))

    def fetch(self, intent):
        return act("fetch", [])

    def read(self, request):
        return act("read", Notice(event_id="1", facts=()))


@hookimpl
def payment_gateways(site):
    return [Pay()]
"""


@pytest.mark.parametrize("method", ["exponent", "takes", "begin", "fetch", "read"])
@pytest.mark.parametrize("fault", ["raises", "ends the program", "answers a list of numbers", "answers a number"])
def test_an_order_stands_whatever_a_gateway_does_in(
    method, fault, app, site, turn_on, browse, sell, order, monkeypatch, outbox
):
    folder = installation().config.plugins_path / "bad"
    folder.mkdir(parents=True)
    (folder / "plugin.py").write_text(GATEWAY, "utf-8")
    turn_on("bad")
    bad = sys.modules["plugins.bad.plugin"]
    lamp = sell("LAMP", 8900, stock=100, name="Lamp")
    browse(site, "/cart/add", data={"variant": str(lamp.variant_id), "quantity": "1"})
    bad.METHOD, bad.FAULT = method, fault

    assert browse(site, "/checkout").status_code == 200
    try:
        placed = order(lamp, gateway="pay")
    except Refused:
        assert method in {"exponent", "takes"}, "a gateway that cannot say what it takes is not offered"
    else:
        with suppress(StoaError):
            begin_payment(state_of(site.id), placed.id)
        token = db.value("SELECT token FROM payment WHERE order_id = ?", placed.id)
        assert browse(site, f"/pay/return/{token}").status_code == 303
        assert browse(site, f"/checkout/thanks/{placed.secret}").status_code == 200
        assert browse(site, "/notify/bad/default", data={"x": "1"}).status_code in {200, 503}
        assert db.value("SELECT COUNT(*) FROM payment_fact") == 0

    assert bad.ASKED
    outbox.deliver()
    assert PluginFault.select().where(PluginFault.hook == ("takes" if method == "exponent" else method)).count()
