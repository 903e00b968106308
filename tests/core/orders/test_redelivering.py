"""An order goes elsewhere: the carriers are asked again, and only what the move makes of the price is asked for."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from core.checkout.services.changing import PreviewMoved, change_order, preview_change
from core.checkout.services.redelivering import NobodyDelivers
from core.hookspecs.checkout import Address
from core.hookspecs.fulfil import Parcel, Rate
from core.hookspecs.promote import Claim, DeliveryOff, Offer
from core.lib.money import Money
from core.orders.services.change_shapes import BETTER, REEVALUATE, AddGoods, CancelUnits, SetAddress, SetDelivery
from core.orders.services.read import OrderView, order_view
from core.orders.services.ship import ship
from tests.core.checkout.books import unbalanced
from tests.core.checkout.shop import LONDON, FakePlugins, Post, Shop
from tests.core.orders.test_retaxing import by_country

STAFF = "staff:1"
PARIS = Address(name="Ada Wong", lines=("1 rue de Rivoli",), city="Paris", postcode="75001", country="FR")
YORK = replace(LONDON, city="York", postcode="YO1 7HH")


class Zones(Post):
    """4.90 in Britain, 3.00 more for each piece in France, where Express is too; nobody goes anywhere else."""

    def __init__(self) -> None:
        super().__init__()
        self.express_only: set[str] = set()

    def serves(self, address: Address) -> str:
        return "" if address.country in {"GB", "FR"} else "We do not sail that far."

    def quote(self, parcel: Parcel) -> Sequence[Rate]:
        abroad, pieces = parcel.address.country == "FR", sum(line.quantity for line in parcel.lines)
        price = self.amount + (300 * pieces if abroad else 0)
        rates = [Rate(service="standard", title="Standard", amount=Money(price, parcel.value.currency), token="t1")]
        if abroad:
            rates.append(Rate(service="express", title="Express", amount=Money(2500, parcel.value.currency)))
        return [rate for rate in rates if parcel.address.country not in self.express_only or rate.service == "express"]


@pytest.fixture
def post(plugins: FakePlugins) -> Zones:
    zones = Zones()
    plugins.carriers = [zones]
    return zones


@pytest.fixture
def order(shop: Shop, post: Zones, plugins: FakePlugins) -> OrderView:
    """Three cups at 10.00 and 4.90 for the way within Britain, 20 % within."""
    del post
    plugins.taxes = by_country
    return seen(shop.order((shop.sell("cup", 1000), 3)).id)


def seen(order_id: int) -> OrderView:
    view = order_view(order_id)
    assert view is not None
    return view


def move(shop: Shop, order: OrderView, address: Address, **more: str) -> OrderView:
    change_order(shop.state, order.id, [SetAddress(address=address)], key="move", actor=STAFF, **more)
    return seen(order.id)


def test_abroad_costs_what_the_table_says_and_bears_the_tax_of_the_place(shop: Shop, order: OrderView) -> None:
    found = preview_change(shop.state, order.id, [SetAddress(address=PARIS)])
    assert [(rate.service, rate.amount.amount) for rate in found.rates(0)] == [("standard", 1390), ("express", 2500)]
    effect = found.effect
    assert (effect.delivery_before, effect.delivery_after, effect.delta) == (490, 1390, 900)
    # 20 % within 34.90 is 5.82; 10 % within 30.00 is 2.73 and within 13.90 is 1.26.
    assert (effect.tax_before, effect.tax_after) == (500 + 82, 273 + 126)
    moved = move(shop, order, PARIS)
    assert (moved.due.amount, moved.delivery_total.amount, moved.service) == (4390, 1390, "standard")
    assert (moved.delivery_title, moved.rate["amount"], moved.rate["token"]) == (order.delivery_title, 1390, "t1")
    assert unbalanced() == []
    change_order(shop.state, order.id, [SetAddress(address=LONDON)], key="back", actor=STAFF)
    assert seen(order.id).due.amount == 3490
    assert unbalanced() == []


def test_within_the_country_nothing_costs_more_even_if_the_table_has_risen(
    shop: Shop, order: OrderView, post: Zones
) -> None:
    post.amount = 990
    found = preview_change(shop.state, order.id, [SetAddress(address=YORK)])
    assert (found.effect.delta, found.plan.deliveries.get(0)) == (0, None)
    anew = preview_change(shop.state, order.id, [SetAddress(address=PARIS)], policy=REEVALUATE).effect
    kept = preview_change(shop.state, order.id, [SetAddress(address=PARIS)]).effect
    assert (kept.delivery_after, anew.delivery_after) == (490 + 900, 990 + 900)
    better = preview_change(shop.state, order.id, [SetAddress(address=PARIS)], policy=BETTER)
    assert (better.plan.policy, better.effect.delivery_after) == ("keep", 1390)


def test_whoever_lives_there_the_place_is_the_same(shop: Shop, order: OrderView, plugins: FakePlugins) -> None:
    plugins.asked.clear()
    preview_change(shop.state, order.id, [SetAddress(address=replace(LONDON, name="Bob", phone="+442071234567"))])
    assert "fulfil_carriers" not in plugins.asked


def test_another_service_is_taken_where_it_is_wanted_or_the_agreed_one_is_not_offered(
    shop: Shop, order: OrderView, post: Zones
) -> None:
    wanted = SetAddress(address=PARIS, carrier="post", service="express")
    effect = preview_change(shop.state, order.id, [wanted]).effect
    assert (effect.delivery_after, effect.delta) == (2500, 2010)
    post.express_only.add("FR")
    moved = move(shop, order, PARIS)
    assert (moved.service, moved.delivery_title, moved.delivery_total.amount) == ("express", "Post: Express", 2500)
    assert unbalanced() == []


def test_where_nobody_delivers_the_carriers_words_stand_beside_the_country(shop: Shop, order: OrderView) -> None:
    boston = replace(PARIS, country="US", city="Boston", region="MA", postcode="02108")
    with pytest.raises(NobodyDelivers, match="We do not sail that far") as refused:
        preview_change(shop.state, order.id, [SetAddress(address=boston)])
    assert refused.value.field == "country"
    by_hand = [SetAddress(address=boston), SetDelivery(amount=4000, title="Our own boat")]
    assert preview_change(shop.state, order.id, by_hand).effect.delivery_after == 4000


def test_what_has_left_is_not_sent_again(shop: Shop, order: OrderView) -> None:
    ship(shop.site, order.id, actor=STAFF, lines={order.lines[0].id: 2})
    assert move(shop, order, PARIS).delivery_total.amount == 490 + 300
    assert unbalanced() == []


def test_goods_that_come_and_go_in_the_same_change_are_counted(shop: Shop, order: OrderView) -> None:
    pot = shop.sell("pot", 2000)
    fewer = CancelUnits(line_id=order.lines[0].id, quantity=2)
    both = [SetAddress(address=PARIS), fewer, AddGoods(variant_id=pot, quantity=3)]
    assert preview_change(shop.state, order.id, both).effect.delivery_after == 490 + 4 * 300


def test_free_delivery_stays_granted_and_the_way_abroad_is_the_difference(shop: Shop, plugins: FakePlugins) -> None:
    plugins.carriers, plugins.taxes = [Zones()], by_country
    free = Offer(key="free", title="Free delivery", benefit=DeliveryOff(), claims=(Claim(key="f", limit=9),))
    plugins.offers = lambda _cart, _codes: [free]
    order = seen(shop.order((shop.sell("cup", 1000), 3)).id)
    assert (order.due.amount, order.delivery_total.amount) == (3000, 0)
    kept = preview_change(shop.state, order.id, [SetAddress(address=PARIS)])
    anew = preview_change(shop.state, order.id, [SetAddress(address=PARIS)], policy=REEVALUATE).effect
    assert (kept.effect.delivery_after, anew.delivery_after) == (900, 0)
    assert [rate.amount.amount for rate in kept.rates(0)] == [900, 2500 - 490]
    moved = move(shop, order, PARIS)
    assert (moved.delivery_total.amount, moved.due.amount) == (900, 3900)
    shown = moved.delivery.amount - sum(one.amount.amount for one in moved.adjustments if one.target == "delivery")
    assert shown == 900
    assert unbalanced() == []


def test_a_price_that_moves_after_the_preview_is_not_confirmed(shop: Shop, order: OrderView, post: Zones) -> None:
    price = preview_change(shop.state, order.id, [SetAddress(address=PARIS)]).effect.price_after
    post.express_only.add("FR")
    with pytest.raises(PreviewMoved):
        change_order(shop.state, order.id, [SetAddress(address=PARIS)], key="k", actor=STAFF, seen_price=price)
