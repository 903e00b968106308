"""An order is placed once, at the price that was seen, of goods that are there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from core.cart.services import CartGone, Details, find_cart
from core.catalogue.services import stock
from core.catalogue.services.drafts import PriceDraft
from core.catalogue.services.products import set_listing, set_prices
from core.checkout.services import place_order as placing
from core.checkout.services.look import GatewayView
from core.checkout.services.place_order import CannotBePlaced, EmptyCart, PriceChanged, place_order
from core.hookspecs.checkout import Address, Cart, Problem
from core.hookspecs.promote import AmountOff, Claim, Offer, PercentOff
from core.kernel import db, i18n
from core.kernel.runtime import HookFailed
from core.lib import clock
from core.lib.errors import Unfit
from core.lib.money import Money
from core.orders.services import store as storing
from core.orders.services.cancel import cancel
from core.orders.services.claims import ClaimExhausted
from core.orders.services.new_order import NewOrder
from core.orders.services.read import order_by_key, order_view
from tests.core.checkout.books import unbalanced
from tests.core.checkout.shop import LONDON, FakeGateway, FakePlugins, Shop


def orders() -> int:
    return int(db.value("SELECT count(*) FROM orders"))


def at_once(acts: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run acts in threads that start together; answers what they answered or raised."""
    ready = threading.Barrier(len(acts))
    answers: list[Any] = [None] * len(acts)

    def run(place: int, act: Callable[[], Any]) -> None:
        ready.wait()
        try:
            answers[place] = act()
        except Exception as error:  # noqa: BLE001 -- the test looks at what was raised
            answers[place] = error
        finally:
            db.reset_thread()

    threads = [threading.Thread(target=run, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


# -- once --------------------------------------------------------------------------------------------------------------


def test_an_order_keeps_what_was_agreed(shop: Shop) -> None:
    order = order_view(shop.order((shop.sell("cup", 1000), 2)).id)
    assert order is not None
    assert (order.subtotal.amount, order.delivery.amount, order.total.amount) == (2000, 490, 2490)
    assert (order.status.order, order.status.payment, order.status.fulfilment) == ("open", "unpaid", "unfulfilled")
    assert (order.delivery_title, order.payment_title, order.address) == ("Post: Standard", "Fake pay", LONDON)
    assert [(line.sku, line.quantity, line.allocated) for line in order.lines] == [("cup", 2, 2)]
    assert unbalanced() == []


def test_the_way_of_delivery_is_named_in_the_orders_language_whoever_places_it(shop: Shop) -> None:
    cup = shop.sell("cup", 1000)
    with i18n.speaking("zh-CN"):
        order = order_view(shop.order((cup, 1)).id)
    assert order is not None
    assert (order.language, order.delivery_title) == ("en", "Post: Standard")


def test_a_second_click_answers_the_same_order(shop: Shop) -> None:
    token = shop.fill_cart((shop.sell("cup"), 1))
    seen = shop.look(token).total.amount
    first, second = (place_order(shop.state, token, seen_total=seen) for _ in range(2))
    assert (first.number, first.secret, first.is_new) == (second.number, second.secret, not second.is_new)
    assert orders() == 1


def test_eight_tabs_make_one_order(shop: Shop) -> None:
    token = shop.fill_cart((shop.sell("cup"), 1))
    seen = shop.look(token).total.amount
    details = Details(email="ada@example.com", address=LONDON, note="Ring twice")
    answers = at_once([lambda: place_order(shop.state, token, seen_total=seen, details=details)] * 8)
    assert len({answer.number for answer in answers}) == 1, answers
    assert sum(answer.is_new for answer in answers) == 1
    assert orders() == 1
    assert unbalanced() == []


def test_eight_tabs_find_a_cart_that_is_claimed_too_late(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: the order is stored without claiming its cart first, so two transactions both believe in it."""

    def store(_state: object, _view: object, new: NewOrder) -> placing.PlacedOrder:
        with db.transaction():
            order = storing.store_order(new)
        return placing.PlacedOrder(id=order.id, number=order.number, secret=new.secret, is_new=True)

    monkeypatch.setattr(placing, "_store", store)
    with pytest.raises((AssertionError, AttributeError)):
        test_eight_tabs_make_one_order(shop)


def test_an_order_number_belongs_to_its_site(shop: Shop) -> None:
    cup = shop.sell("cup")
    assert [shop.order((cup, 1)).number for _ in range(3)] == ["10001", "10002", "10003"]


def test_the_secret_opens_the_order_and_nothing_else_does(shop: Shop) -> None:
    order = shop.order((shop.sell("cup"), 1))
    found = order_by_key(shop.site, order.secret)
    assert found is not None
    assert found.number == order.number
    assert order_by_key(shop.site, order.secret.swapcase()) is None
    assert order_by_key(replace(shop.site, id=999), order.secret) is None
    assert order.secret not in str(db.rows("SELECT * FROM orders"))


def test_a_cart_of_another_site_is_not_found(shop: Shop) -> None:
    token = shop.fill_cart((shop.sell("cup"), 1))
    elsewhere = replace(shop.state, site=replace(shop.site, id=999))
    with pytest.raises(CartGone):
        place_order(elsewhere, token, seen_total=0)


# -- at the price that was seen ----------------------------------------------------------------------------------------


def test_another_total_than_seen_is_refused_with_the_new_one(shop: Shop) -> None:
    cup = shop.sell("cup", 1000)
    token = shop.fill_cart((cup, 1))
    seen = shop.look(token).total.amount
    set_prices(shop.site, cup, (PriceDraft(amount=Money(1200, "EUR")),), "staff:1")
    with pytest.raises(PriceChanged) as refusal:
        place_order(shop.state, token, seen_total=seen)
    assert refusal.value.view.total.amount == seen + 200
    assert orders() == 0
    cart = find_cart(shop.site, token)
    assert cart is not None
    assert cart.count == 1


def test_a_price_that_changes_while_plugins_are_asked_is_not_sold(shop: Shop, plugins: FakePlugins) -> None:
    cup = shop.sell("cup", 1000)
    token = shop.fill_cart((cup, 1))
    seen = shop.look(token).total.amount
    raised = []

    def taxes(_priced: object) -> None:
        if not raised:
            raised.append(True)
            set_prices(shop.site, cup, (PriceDraft(amount=Money(1500, "EUR")),), "staff:1")

    plugins.taxes = taxes
    with pytest.raises(PriceChanged):
        place_order(shop.state, token, seen_total=seen)
    assert orders() == 0


def test_a_price_that_changes_in_between_is_found(
    shop: Shop, plugins: FakePlugins, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: prices are not looked at again inside the transaction."""
    monkeypatch.setattr(placing, "_check_prices", lambda *_: None)
    with pytest.raises(pytest.fail.Exception):
        test_a_price_that_changes_while_plugins_are_asked_is_not_sold(shop, plugins)


def test_a_price_that_changes_during_a_request_is_not_sold(
    shop: Shop, plugins: FakePlugins, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a request the cache's clock tells; it stands where it stood before the price changed."""
    seen = db.value("SELECT touched FROM epoch")
    monkeypatch.setattr(placing.cache, "clock_seen", lambda: seen)
    test_a_price_that_changes_while_plugins_are_asked_is_not_sold(shop, plugins)


def test_a_price_that_changes_during_a_request_is_found(
    shop: Shop, plugins: FakePlugins, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: the clock is not looked at."""
    real = placing._claim
    monkeypatch.setattr(placing, "_claim", lambda stored, _seen=None: real(stored))
    with pytest.raises(pytest.fail.Exception):
        test_a_price_that_changes_during_a_request_is_not_sold(shop, plugins, monkeypatch)


def test_what_was_typed_is_kept_when_no_order_is_made(shop: Shop) -> None:
    token = shop.fill_cart((shop.sell("cup", 1000), 1))
    cart = find_cart(shop.site, token)
    assert cart is not None
    way = {"carrier": cart.carrier, "service": cart.service}
    typed = Details(email="ada@example.com", address=cart.address, note="Ring", **way)
    with pytest.raises(PriceChanged):
        place_order(shop.state, token, seen_total=1, details=typed)
    kept = find_cart(shop.site, token)
    assert kept is not None
    assert (kept.email, kept.note) == ("ada@example.com", "Ring")
    assert orders() == 0


def test_what_is_withdrawn_cannot_be_ordered(shop: Shop) -> None:
    cup, pot = shop.sell("cup"), shop.sell("pot")
    token = shop.fill_cart((cup, 1), (pot, 1))
    set_listing(
        shop.site, int(db.value("SELECT product_id FROM variant WHERE id = ?", cup)), visible=False, actor="staff:1"
    )
    view = shop.look(token)
    assert [line.problem != "" for line in view.lines] == [True, False]
    with pytest.raises(CannotBePlaced):
        place_order(shop.state, token, seen_total=view.total.amount)


# -- what speaks against it --------------------------------------------------------------------------------------------


def test_an_empty_cart_is_no_order(shop: Shop) -> None:
    token = shop.fill_cart((shop.sell("cup"), 1))
    db.connect()
    with db.transaction():
        db.execute("DELETE FROM cart_line")
    with pytest.raises(EmptyCart):
        place_order(shop.state, token, seen_total=0)


@pytest.mark.parametrize(
    ("details", "wrong"),
    [
        (Details(address=LONDON), "email"),
        (Details(email="ada@@example", address=LONDON), "email"),
        (Details(email="ada@example.com"), "country"),
        (Details(email="ada@example.com", address=replace(LONDON, postcode="10117")), "postcode"),
        (Details(email="ada@example.com", address=LONDON, billing=Address(country="DE")), "billing_name"),
        (Details(email="ada@example.com", address=LONDON, gateway="nonsense"), "gateway"),
    ],
)
def test_missing_answers_are_named_and_the_rest_is_kept(shop: Shop, details: Details, wrong: str) -> None:
    token = shop.fill_cart((shop.sell("cup"), 1))
    with pytest.raises(Unfit) as refusal:
        place_order(shop.state, token, seen_total=1490, details=details)
    assert wrong in refusal.value.errors
    cart = find_cart(shop.site, token)
    assert cart is not None
    assert (cart.email, cart.address) == (details.email, details.address)
    assert orders() == 0


def test_a_plugins_problem_stops_the_order(shop: Shop, plugins: FakePlugins) -> None:
    token = shop.fill_cart((shop.sell("cup"), 1))
    plugins.problems = [Problem(message="No cups on Sundays.", code="sunday")]
    with pytest.raises(CannotBePlaced, match="No cups on Sundays"):
        shop.place(token)
    assert orders() == 0


def test_a_tax_plugin_that_fails_stops_the_order_and_nothing_is_lost(shop: Shop, plugins: FakePlugins) -> None:
    token = shop.fill_cart((shop.sell("cup"), 1))

    def taxes(_priced: object) -> None:
        raise HookFailed("vat", "checkout_taxes")

    plugins.taxes = taxes
    with pytest.raises(HookFailed):
        place_order(shop.state, token, seen_total=1490)
    assert (orders(), stock.stock_of([1])[1][0][2]) == (0, 0)


def test_the_last_one_is_sold_once_under_eight_buyers(shop: Shop) -> None:
    cup = shop.sell("cup", stock=1)
    carts = [shop.fill_cart((cup, 1)) for _ in range(8)]
    seen = shop.look(carts[0]).total.amount
    answers = at_once([lambda token=token: place_order(shop.state, token, seen_total=seen) for token in carts])
    sold = [answer for answer in answers if isinstance(answer, placing.PlacedOrder)]
    refused = [answer for answer in answers if isinstance(answer, stock.OutOfStock | CannotBePlaced)]
    assert (len(sold), len(refused)) == (1, 7), answers
    assert unbalanced() == []


def test_hooks_are_never_asked_inside_the_transaction(shop: Shop, plugins: FakePlugins) -> None:
    shop.order((shop.sell("cup"), 1))
    assert {"promote_offers", "fulfil_carriers", "payment_gateways", "checkout_taxes", "checkout_problems"} <= {
        *plugins.asked
    }


# -- offers ------------------------------------------------------------------------------------------------------------


def once_only(_cart: Cart, codes: Sequence[str]) -> list[Offer]:
    benefit = AmountOff(amount=Money(100, "EUR"))
    claim = Claim(key="once", limit=1)
    return (
        [Offer(key="once", title="One euro off", benefit=benefit, code="ONCE", claims=(claim,))]
        if "ONCE" in codes
        else []
    )


def test_a_coupon_is_stored_with_its_shares(shop: Shop, plugins: FakePlugins) -> None:
    plugins.offers = once_only
    placed = shop.order((shop.sell("cup", 1000), 1), (shop.sell("pot", 2000), 1), codes=["once"])
    order = order_view(placed.id)
    assert order is not None
    assert [line.discount.amount for line in order.lines] == [33, 67]
    assert (order.adjustments[0].title, order.adjustments[0].amount.amount) == ("One euro off", 100)
    assert [step["verdict"] for step in order.trace] == ["applied"]
    assert unbalanced() == []


def test_a_one_use_coupon_is_used_once_by_eight_at_once(shop: Shop, plugins: FakePlugins) -> None:
    plugins.offers = once_only
    cup = shop.sell("cup", stock=50)
    carts = [shop.fill_cart((cup, 1), codes=["ONCE"]) for _ in range(8)]
    seen = shop.look(carts[0]).total.amount
    answers = at_once([lambda token=token: place_order(shop.state, token, seen_total=seen) for token in carts])
    used = [answer for answer in answers if isinstance(answer, placing.PlacedOrder)]
    refused = [answer for answer in answers if isinstance(answer, ClaimExhausted | PriceChanged)]
    assert (len(used), len(refused)) == (1, 7), answers
    assert db.value("SELECT used FROM claim") == 1
    assert unbalanced() == []


def test_a_coupon_counted_by_reading_first_is_found(
    shop: Shop, plugins: FakePlugins, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: the limit is checked by a read, which all have done before the first writes the count without it."""
    gate, has_waited, real = threading.Barrier(8), threading.local(), placing._checked

    def checked(*arguments: Any) -> Any:
        view = real(*arguments)
        if not hasattr(has_waited, "so"):
            has_waited.so = True
            gate.wait(10)
        return view

    monkeypatch.setattr(placing, "_checked", checked)

    def take(site_id: int, claims: dict[str, Claim]) -> None:
        for key, claim in claims.items():
            db.execute(
                "INSERT INTO claim (site_id, key, used, limit_) VALUES (?, ?, ?, ?) ON CONFLICT (site_id, key)"
                " DO UPDATE SET used = claim.used + 1",
                site_id, key, 1, claim.limit,
            )  # fmt: skip

    monkeypatch.setattr(storing, "take_claims", take)
    with pytest.raises(AssertionError):
        test_a_one_use_coupon_is_used_once_by_eight_at_once(shop, plugins)


def test_a_used_up_coupon_is_rejected_before_the_order(shop: Shop, plugins: FakePlugins) -> None:
    plugins.offers = once_only
    cup = shop.sell("cup")
    shop.order((cup, 1), codes=["ONCE"])
    view = shop.look(shop.fill_cart((cup, 1), codes=["ONCE"]))
    assert (view.codes[0].granted, view.codes[0].reason) == (False, "It has been used up.")


def test_a_cancelled_order_gives_stock_and_coupon_back(shop: Shop, plugins: FakePlugins) -> None:
    plugins.offers = once_only
    cup = shop.sell("cup", stock=1)
    placed = shop.order((cup, 1), codes=["ONCE"])
    cancel(shop.site, placed.id, actor="staff:1")
    assert shop.order((cup, 1), codes=["ONCE"]).is_new
    assert unbalanced() == []


def test_an_unknown_code_says_so(shop: Shop) -> None:
    view = shop.look(shop.fill_cart((shop.sell("cup"), 1), codes=["HELLO"]))
    assert (view.codes[0].granted, view.codes[0].reason) == (False, "This code is not known here.")


# -- ways to pay and to deliver ----------------------------------------------------------------------------------------


def test_core_alone_sells_by_arrangement(shop: Shop, plugins: FakePlugins) -> None:
    plugins.gateways, plugins.carriers = [], []
    order = order_view(shop.order((shop.sell("cup", 1000), 1)).id)
    assert order is not None
    assert (order.total.amount, order.delivery_title, order.payment_title) == (
        1000,
        "Delivery by arrangement",
        "By arrangement",
    )
    assert order.expires_at is None


def test_an_order_over_nothing_is_paid_at_once(shop: Shop, plugins: FakePlugins) -> None:
    plugins.carriers = []
    plugins.offers = lambda *_: [Offer(key="gift", title="Gift", benefit=PercentOff(basis_points=10_000))]
    order = order_view(shop.order((shop.sell("cup", 1000), 1)).id)
    assert order is not None
    assert (order.total.amount, order.status.payment, order.payments) == (0, "not_due", ())
    assert db.value("SELECT count(*) FROM outbox WHERE type = 'order.paid'") == 1


def test_an_online_payment_keeps_the_goods_for_three_days(shop: Shop) -> None:
    order = order_view(shop.order((shop.sell("cup"), 1)).id)
    assert order is not None
    assert order.expires_at is not None
    assert timedelta(days=2, hours=23) < order.expires_at - clock.now() <= timedelta(days=3)


def test_a_gateway_that_counts_in_larger_coins_refuses_what_it_cannot_take(shop: Shop, gateway: FakeGateway) -> None:
    gateway.exponent = lambda _currency: 0  # type: ignore[method-assign]
    token = shop.fill_cart((shop.sell("cup", 1005), 1))
    ways: tuple[GatewayView, ...] = shop.look(token).gateways
    assert [way.reason for way in ways] == ["It cannot take this exact amount."]


def test_a_carrier_that_sleeps_is_left_out(shop: Shop, plugins: FakePlugins, monkeypatch: pytest.MonkeyPatch) -> None:
    class Sleeper(type(plugins.carriers[0])):  # type: ignore[misc]
        code = "sleeper"

        def quote(self, parcel: object) -> list[object]:
            threading.Event().wait(1.5)
            return []

    monkeypatch.setattr("core.checkout.services.delivery.DEADLINE_S", 0.2)
    plugins.carriers.append(Sleeper())
    view = shop.look(shop.fill_cart((shop.sell("cup"), 1)))
    assert [rate.carrier for rate in view.delivery.rates] == ["post"]


def test_a_carrier_that_knows_its_prices_is_asked_without_a_thread(shop: Shop, plugins: FakePlugins) -> None:
    asked_in: dict[str, threading.Thread] = {}

    class Far(type(plugins.carriers[0])):  # type: ignore[misc]
        code = "far"

        def quote(self, parcel: object) -> list[object]:
            asked_in[self.code] = threading.current_thread()
            return list(super().quote(parcel))

    class Near(Far):
        code = "near"
        calls_out = False

    plugins.carriers.extend([Far(), Near()])
    view = shop.look(shop.fill_cart((shop.sell("cup"), 1)))
    assert [rate.carrier for rate in view.delivery.rates] == ["post", "far", "near"]
    assert asked_in["near"] is threading.current_thread()
    assert asked_in["far"] is not threading.current_thread()


@pytest.mark.parametrize("calls_out", [True, False])
def test_a_carrier_that_raises_is_left_out(shop: Shop, plugins: FakePlugins, calls_out: bool) -> None:
    class Broken(type(plugins.carriers[0])):  # type: ignore[misc]
        code = "broken"

        def quote(self, parcel: object) -> list[object]:
            raise SystemExit("no")

    Broken.calls_out = calls_out
    plugins.carriers.insert(0, Broken())
    view = shop.look(shop.fill_cart((shop.sell("cup"), 1)))
    assert [rate.carrier for rate in view.delivery.rates] == ["post"]


def test_an_order_beyond_all_bounds_is_refused(shop: Shop) -> None:
    gold = shop.sell("gold", 10**13, stock=None)
    with pytest.raises(CannotBePlaced):
        shop.order((gold, 999))
    assert orders() == 0
