"""An order that goes to several addresses, after it was placed: each address lives its own life, the sums stay one."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from core.checkout.services.changing import change_order, draft_change, preview_change
from core.checkout.services.own_changes import NotYours, change_own, preview_own
from core.checkout.services.redelivering import NobodyDelivers
from core.checkout.services.resolving import Terms, resolve
from core.hookspecs.fulfil import Label, Parcel
from core.kernel import db, i18n
from core.lib.errors import NotFound, Unfit
from core.lib.money import Money
from core.orders.services import parting
from core.orders.services.cancel import cancel
from core.orders.services.case import inspect_case, receive_case, request_case
from core.orders.services.case_rules import NotReturnable
from core.orders.services.change import ChangeStale, confirm_change
from core.orders.services.change_shapes import (
    AddDestination,
    AddGoods,
    CancelUnits,
    MoveUnits,
    SetAddress,
    SetDelivery,
    SetPrice,
    SetQuantity,
)
from core.orders.services.forget import _forget_places
from core.orders.services.goods import NotThatMany
from core.orders.services.hold_rules import Rules, set_hold_rules
from core.orders.services.read import OrderView, order_view
from core.orders.services.return_labels import buy_return_label
from core.orders.services.ship import ship
from tests.core.checkout.books import unbalanced
from tests.core.checkout.places import BONN, PARIS, Abroad, spread, to, within
from tests.core.checkout.shop import LONDON, Shop
from tests.core.checkout.test_place_order import at_once
from tests.core.checkout.test_places import shop

__all__ = ["shop"]
STAFF = "staff:1"
YORK = replace(LONDON, city="York", postcode="YO1 7HH")


def seen(order_id: int) -> OrderView:
    view = order_view(order_id)
    assert view is not None
    return view


@pytest.fixture
def order(shop: Shop) -> OrderView:
    """A cup to London for 4.90, and two to Paris for 10.00: 44.90, with 20 % and 10 % within."""
    cup = shop.sell("cup", 1000)
    return seen(shop.place(spread(shop, (cup, 3), places=[to(PARIS, {cup: 2})])).id)


def change(shop: Shop, order: OrderView, *actions: object) -> OrderView:
    """What staff saw in the preview is what it is afterwards."""
    wanted = list(actions)
    effect = preview_change(shop.state, order.id, wanted).effect  # type: ignore[arg-type]
    change_order(shop.state, order.id, wanted, key=f"c{order.version}", actor=STAFF)  # type: ignore[arg-type]
    after = seen(order.id)
    assert after.agreed_left.amount == effect.price_after
    live = [line for line in after.lines if line.left]
    assert effect.tax_after == sum(line.tax.amount * line.left // line.quantity for line in live) + sum(
        tax for (tax,) in db.rows(
            "SELECT amount FROM order_tax WHERE order_id = ? AND line_id IS NULL AND charge_id IS NULL", order.id
        )
    )  # fmt: skip
    assert unbalanced() == []
    return after


# -- parcels -----------------------------------------------------------------------------------------------------------


def test_a_parcel_goes_to_one_address(shop: Shop, order: OrderView) -> None:
    with pytest.raises(NotThatMany, match="one address"):
        ship(shop.site, order.id, actor=STAFF)
    ship(shop.site, order.id, actor=STAFF, place=1)
    after = seen(order.id)
    assert [(one.place, sum(one.lines.values())) for one in after.shipments] == [(1, 2)]
    assert (after.status.fulfilment, after.at(1).can_be_shipped, after.at(0).can_be_shipped) == (
        "partly_shipped",
        False,
        True,
    )
    ship(shop.site, order.id, actor=STAFF)  # what is left goes to one address
    assert seen(order.id).status.fulfilment == "shipped"
    assert unbalanced() == []


# -- changes -----------------------------------------------------------------------------------------------------------


def test_one_address_changes_and_the_other_stays(shop: Shop, order: OrderView) -> None:
    with pytest.raises(Unfit):
        preview_change(shop.state, order.id, [SetAddress(address=BONN)])
    after = change(shop, order, SetAddress(address=BONN, destination=1))
    assert [one.address for one in after.destinations] == [LONDON, BONN]
    # As far as Paris, so the way costs the same; 19 % within 20.00 and 10.00 instead of 10 %.
    assert [one.delivery.amount for one in after.destinations] == [490, 1000]
    live = [line for line in after.lines if line.left]
    assert [(line.place, line.tax.amount) for line in live] == [(0, within(1000, 2000)), (1, within(2000, 1900))]


def test_nearer_is_cheaper_by_the_difference_of_that_way_alone(shop: Shop, order: OrderView) -> None:
    after = change(shop, order, SetAddress(address=YORK, destination=1))
    assert [(one.delivery.amount, one.total.amount) for one in after.destinations] == [(490, 490), (490, 490)]
    assert after.agreed_left.amount == 3000 + 490 + 490


def test_the_way_to_one_address_gets_another_price(shop: Shop, order: OrderView) -> None:
    after = change(shop, order, SetDelivery(amount=0, title="On us", destination=0))
    assert [(one.delivery_title, one.total.amount) for one in after.destinations] == [("On us", 0), ("Post: Far", 1000)]
    assert after.total.amount == 3000 + 1000
    with i18n.speaking("zh-CN"):
        assert seen(order.id).delivery_title == "On us、Post: Far", "joined as the reader's language does"


def test_further_goods_go_where_they_are_wanted(shop: Shop, order: OrderView) -> None:
    pot = shop.sell("pot", 2500)
    line = next(line for line in order.lines if line.place == 1)
    after = change(
        shop, order, AddGoods(variant_id=pot, quantity=1, destination=1), SetQuantity(line_id=line.id, quantity=3)
    )
    assert [(one.sku, one.place, one.tax.amount) for one in after.lines[2:]] == [
        ("cup", 1, within(1000, 1000)),
        ("pot", 1, within(2500, 1000)),
    ]


@pytest.mark.parametrize("by_change", [False, True])
def test_a_way_that_is_not_gone_costs_nothing(shop: Shop, order: OrderView, by_change: bool) -> None:
    line = next(line for line in order.lines if line.place == 1)
    if by_change:
        after = change(shop, order, CancelUnits(line_id=line.id, quantity=2))
    else:
        cancel(shop.site, order.id, actor=STAFF, lines={line.id: 2})
        after = seen(order.id)
    assert after.agreed_left.amount == 1000 + 490
    assert (after.delivery.amount, after.tax.amount) == (
        490,
        within(1000, 2000) + within(490, 2000) + within(2000, 1000),
    )
    assert unbalanced() == []
    cancel(shop.site, order.id, actor=STAFF)
    assert seen(order.id).agreed_left.amount == 0
    assert unbalanced() == []


def test_a_way_costs_what_it_did_while_something_goes_there(shop: Shop, order: OrderView) -> None:
    line = next(line for line in order.lines if line.place == 1)
    assert change(shop, order, CancelUnits(line_id=line.id, quantity=1)).agreed_left.amount == 2000 + 490 + 1000


def test_who_edits_one_address_learns_that_another_was_sent(shop: Shop, order: OrderView) -> None:
    drafted = draft_change(
        shop.state, order.id, [SetAddress(address=YORK, destination=1)], key="edit", actor=STAFF
    )  # fmt: skip
    ship(shop.site, order.id, actor="staff:2", place=0)
    with pytest.raises(ChangeStale):
        confirm_change(shop.site, drafted, actor=STAFF)
    assert seen(order.id).destinations[1].address == PARIS
    again = change(shop, seen(order.id), SetAddress(address=YORK, destination=1))
    assert [one.address for one in again.destinations] == [LONDON, YORK]


def test_one_address_is_edited_while_another_is_sent(shop: Shop, order: OrderView) -> None:
    """Either the change comes first and both happen, or it learns that the order is another; never half of it."""
    line = next(line for line in order.lines if line.place == 0)
    move = [SetAddress(address=YORK, destination=1)]
    drafted = draft_change(shop.state, order.id, move, key="edit", actor=STAFF)
    answers = at_once(
        [
            lambda: confirm_change(shop.site, drafted, actor=STAFF),
            lambda: ship(shop.site, order.id, actor="staff:2", lines={line.id: 1}),
        ]
    )
    after = seen(order.id)
    stale = any(isinstance(one, ChangeStale) for one in answers)
    assert [one.address for one in after.destinations] == [LONDON, PARIS if stale else YORK]
    assert [one.delivery.amount for one in after.destinations] == [490, 1000 if stale else 490]
    assert [one.lines for one in after.shipments] == [{line.id: 1}]
    assert unbalanced() == []


def test_a_bill_to_none_of_the_countries_waits_for_a_person(shop: Shop) -> None:
    set_hold_rules(shop.site, Rules(other_country=True), actor=STAFF)
    cup = shop.sell("cup", 1000)
    held = [
        seen(shop.place(spread(shop, (cup, 2), places=[to(PARIS, {cup: 1})], billing=billing)).id).is_held
        for billing in (PARIS, BONN)
    ]
    assert held == [False, True]


# -- several addresses in one change -----------------------------------------------------------------------------------


def told(order: OrderView) -> list[tuple[int, int, int]]:
    """(place, units, tax) of what is left."""
    return [(line.place, line.left, line.tax.amount) for line in order.lines if line.left]


def test_one_change_edits_every_address(shop: Shop, order: OrderView) -> None:
    after = change(shop, order, SetAddress(address=BONN, destination=0), SetAddress(address=YORK, destination=1))
    assert [one.address for one in after.destinations] == [BONN, YORK]
    # To Bonn 8.00 and 1.00 for the piece, to York as to London; each with the taxes there.
    assert [one.total.amount for one in after.destinations] == [900, 490]
    assert told(after) == [(0, 1, within(1000, 1900)), (1, 2, within(2000, 2000))]
    assert after.tax.amount == order.tax.amount + sum(
        now - before
        for now, before in (
            (within(1000, 1900), 0), (within(2000, 2000), 0), (within(900, 1900), within(490, 2000)),
            (within(490, 2000), within(1000, 1000)),
        )
    )  # fmt: skip
    with db.transaction():
        _forget_places(order.id)
    kept = db.rows("SELECT data FROM order_entry UNION ALL SELECT plan FROM order_change UNION ALL"
                   " SELECT data FROM order_change_action")  # fmt: skip
    assert "Am Markt" not in str(kept)
    assert "YO1" not in str(kept)


def test_pieces_go_from_one_address_to_another_at_the_taxes_there(shop: Shop, order: OrderView) -> None:
    away = next(line for line in order.lines if line.place == 1)
    with pytest.raises(NotThatMany):
        preview_change(shop.state, order.id, [MoveUnits(line_id=away.id, quantity=3, destination=0)])
    with pytest.raises(NotFound):
        preview_change(shop.state, order.id, [MoveUnits(line_id=away.id, quantity=1, destination=2)])
    seen_first = preview_change(shop.state, order.id, [MoveUnits(line_id=away.id, quantity=1, destination=0)])
    assert seen_first.effect.stock == {}, "no piece is promised anew or let go"
    after = change(shop, order, MoveUnits(line_id=away.id, quantity=1, destination=0))
    assert told(after) == [(0, 1, within(1000, 2000)), (1, 1, within(2000, 1000)), (0, 1, within(1000, 2000))]
    assert after.agreed_left.amount == order.total.amount, "both ways cost what was agreed"
    # With the last one the way to Paris is not gone any more; whoever sends something there again pays for it.
    empty = change(shop, after, MoveUnits(line_id=away.id, quantity=1, destination=0))
    assert empty.agreed_left.amount == 3000 + 490
    again = change(shop, empty, MoveUnits(line_id=empty.lines[-1].id, quantity=1, destination=1))
    assert again.agreed_left.amount == 3000 + 490 + 900


def test_an_order_for_one_address_gets_a_further_one(shop: Shop) -> None:
    cup = shop.sell("cup", 1000)
    order = seen(shop.order((cup, 3)).id)
    line = order.lines[0]

    def further(address: object = PARIS, units: int = 2) -> list[object]:
        return [
            MoveUnits(line_id=line.id, quantity=units, destination=1),
            AddDestination(address=address, destination=1),  # type: ignore[arg-type]
        ]

    with pytest.raises(Unfit, match="another look"):
        preview_change(shop.state, order.id, further(units=0))  # type: ignore[arg-type]
    with pytest.raises(NobodyDelivers) as nobody:
        preview_change(shop.state, order.id, further(replace(PARIS, country="JP")))  # type: ignore[arg-type]
    assert nobody.value.place == 1
    after = change(shop, order, *further(), SetPrice(line_id=line.id, amount=900, reason="scratched"))
    assert [(one.address, one.total.amount) for one in after.destinations] == [(LONDON, 490), (PARIS, 1000)]
    assert told(after) == [(0, 1, within(900, 2000)), (1, 2, within(1800, 1000))]
    assert (after.agreed_left.amount, after.address) == (2700 + 1490, None)
    ship(shop.site, order.id, actor=STAFF, place=1)
    assert [one.place for one in seen(order.id).shipments] == [1]


def test_shoppers_send_pieces_to_another_of_their_addresses(shop: Shop, order: OrderView) -> None:
    away = next(line for line in order.lines if line.place == 1)
    wanted = [MoveUnits(line_id=away.id, quantity=1, destination=0), SetAddress(address=BONN, destination=1)]
    price = preview_own(shop.state, order.id, wanted).effect.price_after
    change_own(shop.state, order.id, wanted, key="own", actor="guest", seen_price=price)
    after = seen(order.id)
    assert ([one.address for one in after.destinations], after.agreed_left.amount) == ([LONDON, BONN], price)
    assert unbalanced() == []
    with pytest.raises(NotYours):
        preview_own(shop.state, order.id, [AddDestination(address=YORK, destination=2)])


# -- splitting, merging, coming back -----------------------------------------------------------------------------------


def test_a_place_goes_along_with_what_is_split_off(shop: Shop, order: OrderView) -> None:
    line = next(line for line in order.lines if line.place == 1)
    number = parting.split_order(shop.site, order.id, {line.id: 2}, key="s", actor=STAFF)
    made = seen(int(db.value("SELECT id FROM orders WHERE number = ?", number)))
    assert (made.address, made.delivery.amount, made.total.amount) == (PARIS, 0, 2000)
    # The way to Paris was agreed with the first order, and stays there.
    assert seen(order.id).agreed_left.amount == 1000 + 490 + 1000
    assert unbalanced() == []
    moved = change(shop, made, SetAddress(address=BONN))
    assert moved.address == BONN
    with pytest.raises(parting.CannotBeParted):
        parting.merge_order(shop.site, made.id, order.id, key="m", actor=STAFF)
    change(shop, moved, SetAddress(address=PARIS))
    parting.merge_order(shop.site, made.id, order.id, key="m2", actor=STAFF)
    assert [(one.sku, one.quantity) for one in seen(order.id).at(1).lines if one.left] == [("cup", 2)]
    assert unbalanced() == []


def test_what_comes_back_starts_where_it_went_and_so_does_what_is_sent_instead(shop: Shop, order: OrderView) -> None:
    class Labels(Abroad):
        sold: Parcel | None = None

        def return_label(self, parcel: Parcel, key: str) -> Label:
            self.sold = parcel
            return Label(tracking="R1", document=b"%PDF", mime="application/pdf", cost=Money(0, "EUR"))

    post = Labels()
    shop.plugins.carriers = [post]
    for place in (0, 1):
        ship(shop.site, order.id, actor=STAFF, place=place)
    here, there = (next(line.id for line in order.lines if line.place == place) for place in (0, 1))
    asked = {"kind": "exchange", "reason": "wrong", "actor": STAFF, "by_rules": False}
    with pytest.raises(NotReturnable, match="two returns"):
        request_case(shop.site, order.id, lines={here: 1, there: 1}, key="both", **asked)  # type: ignore[arg-type]
    pot = shop.sell("pot", 1000)
    case = request_case(shop.site, order.id, lines={there: 1}, key="one", wanted={pot: 1}, **asked)  # type: ignore[arg-type]
    buy_return_label(shop.state, case, actor=STAFF)
    assert post.sold is not None
    assert post.sold.address == PARIS
    receive_case(shop.site, case, {there: 1}, actor=STAFF)
    inspect_case(shop.site, case, {there: {"sellable": 1}}, actor=STAFF)
    resolve(shop.state, case, Terms(), actor=STAFF)
    assert [(line.sku, line.place) for line in seen(order.id).lines if line.allocated] == [("pot", 1)]
    assert unbalanced() == []
