"""Labels of parcels: bought once for each form, whoever clicks, dies or is silent; kept, given back, forgotten."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.hookspecs.fulfil import Carrier, Label, Parcel, Rate
from core.kernel import db
from core.kernel.files import kept_file
from core.lib import clock
from core.lib.errors import Broken, NotFound
from core.lib.money import Money
from core.orders.services import labels
from core.orders.services.forget import forget_guest
from core.orders.services.goods import NotThatMany
from core.orders.services.hold_checks import OnHold
from core.orders.services.holds import hold_order
from core.orders.services.labels import (
    LabelAsked,
    NoLabels,
    buy_label,
    label_document,
    labels_of,
    parcel_arrived,
    put_on,
    void_label,
)
from core.orders.services.payments import mark_paid
from core.orders.services.read import OrderView, order_view
from core.orders.services.return_labels import FOLDER
from core.orders.services.ship import deliver, ship
from tests.core.checkout.shop import FakePlugins, Shop, open_shop


class Seller(Carrier):
    """Sells one label per key, as carriers should; what it was asked is kept."""

    code = "seller"
    sells_labels = True

    def __init__(self) -> None:
        self.sold: dict[str, str] = {}
        self.asked: list[str] = []
        self.given_back: list[str] = []
        self.before: Callable[[], object] = lambda: None
        self.after: Callable[[], object] = lambda: None

    def quote(self, parcel: Parcel) -> Sequence[Rate]:
        del parcel
        return ()

    def buy(self, parcel: Parcel, rate: Rate, key: str) -> Label:
        self.asked.append(key)
        self.before()
        tracking = self.sold.setdefault(key, f"T{len(self.sold) + 1}")
        self.after()
        cost = Money(100 * sum(line.quantity for line in parcel.lines), "EUR")
        return Label(
            tracking=tracking, document=f"{rate.service} {tracking}".encode(), mime="application/pdf", cost=cost
        )

    def void(self, tracking: str) -> None:
        self.given_back.append(tracking)


@pytest.fixture
def shop(instance: Path, plugins: FakePlugins) -> Shop:
    return open_shop(instance, plugins)


@pytest.fixture
def seller(monkeypatch: pytest.MonkeyPatch) -> Seller:
    made = Seller()
    monkeypatch.setattr(labels, "carriers_of", lambda _state: {"seller": ("fake", made)})
    return made


@pytest.fixture
def order(shop: Shop) -> OrderView:
    placed = shop.order((shop.sell("cup", 1000), 3))
    view = order_view(placed.id)
    assert view is not None
    return view


def buy(
    shop: Shop, order: OrderView, key: str = "k1", carrier: str = "seller", pieces: int = 2
) -> labels.OrderLabelView:
    lines = {order.lines[0].id: pieces}
    return buy_label(shop.state, order, carrier=carrier, service="fast", lines=lines, key=key, actor="staff:1")


def silent() -> None:
    raise Broken("There was no answer.")


def test_a_label_belongs_to_the_form_that_was_sent(shop: Shop, order: OrderView, seller: Seller) -> None:
    first = buy(shop, order)
    assert (first.tracking, first.cost, first.state) == ("T1", Money(200, "EUR"), "bought")
    assert buy(shop, order) == first
    assert buy(shop, order, "k2").tracking == "T2"
    assert len(seller.asked) == 2
    assert label_document(order, first.id).get_data() == b"fast T1"
    with pytest.raises(NoLabels):
        buy(shop, order, "k3", carrier="other")
    with pytest.raises(NotThatMany):
        buy(shop, order, "k3", pieces=0)


def test_who_clicks_again_meanwhile_has_to_wait(shop: Shop, order: OrderView, seller: Seller) -> None:
    def again() -> None:
        with pytest.raises(LabelAsked):
            buy(shop, order)

    seller.before = again
    buy(shop, order)
    assert (len(seller.asked), len(labels_of(order.id))) == (1, 1)


@pytest.mark.parametrize("when", ["before", "after"])
def test_silence_is_asked_again_under_the_same_key(shop: Shop, order: OrderView, seller: Seller, when: str) -> None:
    setattr(seller, when, silent)
    with pytest.raises(Broken):
        buy(shop, order)
    assert labels_of(order.id) == []
    setattr(seller, when, lambda: None)
    buy(shop, order)
    assert len(set(seller.asked)) == 1
    assert list(seller.sold.values()) == ["T1"]


def test_a_worker_that_died_is_followed_after_a_minute(
    shop: Shop, order: OrderView, seller: Seller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies() -> None:
        raise KeyboardInterrupt

    seller.after = dies
    with pytest.raises(KeyboardInterrupt):
        buy(shop, order)
    seller.after = lambda: None
    with pytest.raises(LabelAsked):
        buy(shop, order)
    later = clock.now() + timedelta(minutes=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert buy(shop, order).tracking == "T1"
    assert list(seller.sold.values()) == ["T1"]


def test_the_same_silence_catches_a_key_made_for_each_attempt(
    shop: Shop, order: OrderView, seller: Seller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted bug: every attempt has a key of its own."""
    ask = labels._ask

    def afresh(*said: Any) -> tuple[int, str]:
        label_id, asked_as = ask(*said)
        return label_id, f"{asked_as}{len(seller.asked)}"

    monkeypatch.setattr(labels, "_ask", afresh)
    seller.after = silent
    with pytest.raises(Broken):
        buy(shop, order)
    seller.after = lambda: None
    buy(shop, order)
    assert len(seller.sold) == 2


def test_a_final_no_may_be_asked_anew(shop: Shop, order: OrderView, seller: Seller) -> None:
    def refused() -> None:
        raise Broken("Too heavy.", permanent=True)

    seller.before = refused
    with pytest.raises(Broken):
        buy(shop, order)
    seller.before = lambda: None
    buy(shop, order)
    assert len(set(seller.asked)) == 2
    assert [one.state for one in labels_of(order.id)] == ["bought"]


def test_an_order_on_hold_buys_nothing(shop: Shop, order: OrderView, seller: Seller) -> None:
    hold_order(shop.site, order.id, code="staff", reason="Look", actor="staff:1")
    with pytest.raises(OnHold):
        buy(shop, order)
    assert seller.asked == []


def test_a_label_is_given_back_once(shop: Shop, order: OrderView, seller: Seller) -> None:
    label = buy(shop, order)
    void_label(shop.state, order, label.id, actor="staff:1")
    with pytest.raises(NotFound):
        void_label(shop.state, order, label.id, actor="staff:1")
    assert (seller.given_back, labels_of(order.id)[0].state) == (["T1"], "void")


def test_what_a_carrier_tells_is_noted_once(shop: Shop, order: OrderView, seller: Seller) -> None:
    label = buy(shop, order, pieces=3)
    parcel = ship(shop.site, order.id, actor="staff:1", carrier="seller", tracking=label.tracking)
    put_on(order.id, label.id, parcel)
    with db.transaction():  # No plugin carries it here, so the parcel was taken by its name.
        db.execute("UPDATE shipment SET carrier = 'seller' WHERE id = ?", parcel)
    assert not parcel_arrived(shop.site, "other", "T1", actor="plugin:fake")
    assert not parcel_arrived(shop.site, "seller", "", actor="plugin:fake")
    assert parcel_arrived(shop.site, "seller", "T1", actor="plugin:fake")
    assert not parcel_arrived(shop.site, "seller", "T1", actor="plugin:fake")
    view = order_view(order.id)
    assert view is not None
    assert view.status.fulfilment == "delivered"


def test_of_a_forgotten_guest_no_label_is_left(shop: Shop, order: OrderView, seller: Seller) -> None:
    label = buy(shop, order, pieces=3)
    name = db.value("SELECT file FROM order_label")
    ship(shop.site, order.id, actor="staff:1", tracking=label.tracking)
    deliver(shop.site, order.id, actor="staff:1")
    assert kept_file(FOLDER, name) is not None
    mark_paid(shop.state, order.id, actor="staff:1")
    forget_guest(shop.site, order.id, actor="staff:1")
    assert kept_file(FOLDER, name) is None
    with pytest.raises(NotFound):
        label_document(order, label.id)
