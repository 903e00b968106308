"""Exchanges for several things: one net payment, goods held while the parcel travels back, or sent ahead of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from core.catalogue.services import stock
from core.catalogue.services.drafts import (
    ListingDraft,
    OptionDraft,
    PriceDraft,
    ProductDraft,
    TextDraft,
    ValueDraft,
    VariantDraft,
)
from core.catalogue.services.products import save_product
from core.catalogue.services.stock import OutOfStock
from core.catalogue.services.stock_audit import stock_proof
from core.catalogue.services.stock_kits import set_kit
from core.checkout.services import exchanging
from core.checkout.services.place_order import CannotBePlaced
from core.checkout.services.resolving import Terms, resolve
from core.kernel import db, jobs
from core.lib.errors import Unfit
from core.lib.money import Money
from core.orders.services.case import (
    approve_case,
    decline_case,
    inspect_case,
    receive_case,
    request_case,
    withdraw_case,
)
from core.orders.services.case_reading import case_view
from core.orders.services.case_rules import Rules, set_rules
from core.orders.services.case_shapes import CaseView, WrongStep
from core.orders.services.exchange import hold_new_goods
from core.orders.services.instead import sent_instead
from core.orders.services.parting import CannotBeParted, preview_split
from core.orders.services.payments import mark_paid
from core.orders.services.read import OrderView, order_view
from core.orders.services.ship import deliver, ship
from tests.core.checkout.books import unbalanced
from tests.core.checkout.shop import Shop

STAFF, ADA = "staff:1", "shopper:1"


def seen(order_id: int) -> OrderView:
    view = order_view(order_id)
    assert view is not None
    return view


@pytest.fixture
def order(shop: Shop) -> OrderView:
    """Three cups at 10.00, paid, sent and arrived: 34.90 with the delivery."""
    placed = shop.order((shop.sell("cup", 1000), 3))
    mark_paid(shop.state, placed.id, actor=STAFF)
    ship(shop.site, placed.id, actor=STAFF)
    deliver(shop.site, placed.id, actor=STAFF)
    return seen(placed.id)


def ask(shop: Shop, order: OrderView, wanted: dict[int, int], units: int = 2, **more: Any) -> int:
    return request_case(
        shop.site, order.id, kind="exchange", lines={order.lines[0].id: units}, reason="changed_mind", actor=ADA,
        key=more.pop("key", "k"), wanted=wanted, **more,
    )  # fmt: skip


def case(shop: Shop, case_id: int) -> CaseView:
    return case_view(shop.site, case_id)


def come(shop: Shop, order: OrderView, case_id: int, units: int = 2) -> None:
    """Received, and looked at: all of it can be sold again."""
    line = order.lines[0].id
    receive_case(shop.site, case_id, {line: units}, actor=STAFF)
    inspect_case(shop.site, case_id, {line: {"sellable": units}}, actor=STAFF)


def held(variant_id: int) -> int:
    return int(db.value("SELECT SUM(held) FROM stock_level WHERE variant_id = ?", variant_id))


def run_jobs() -> None:
    while jobs.run_due():
        pass


def rules(shop: Shop, **said: Any) -> None:
    set_rules(shop.site, Rules(**said), actor=STAFF)


def test_two_pieces_are_exchanged_for_three_other_things_with_one_net_payment(shop: Shop, order: OrderView) -> None:
    pot, lid, jug = shop.sell("pot", 2500), shop.sell("lid", 400), shop.sell("jug", 1200)
    case_id = ask(shop, order, {pot: 1, lid: 2, jug: 1})
    approve_case(shop.site, case_id, actor=STAFF)
    come(shop, order, case_id)
    resolve(shop.state, case_id, Terms(), actor=STAFF)
    view = seen(order.id)
    # 25.00 + 2 x 4.00 + 12.00 = 45.00 for two cups at 10.00 each.
    assert [(line.sku, line.quantity) for line in view.lines[1:]] == [("pot", 1), ("lid", 2), ("jug", 1)]
    assert (view.due.amount, view.payments[-1].amount.amount, view.refund_due.amount) == (2500, 2500, 0)
    mark_paid(shop.state, order.id, actor=STAFF)
    ship(shop.site, order.id, actor=STAFF)
    assert (seen(order.id).status.order, unbalanced()) == ("completed", [])


def test_what_it_comes_to_is_said_before_it_is_asked_for(shop: Shop, order: OrderView) -> None:
    pot, lid = shop.sell("pot", 2500), shop.sell("lid", 400)
    rules(shop, restocking=1000, return_delivery={"EUR": 300})
    found = exchanging.net_of(shop.state, order, {order.lines[0].id: 2}, {pot: 1, lid: 1}, "changed_mind")
    # 29.00 new, 20.00 back, less a tenth and 3.00.
    assert (found.goods.amount, found.value.amount, found.fees.amount, found.net.amount) == (2900, 2000, 500, 1400)
    ours = exchanging.net_of(shop.state, order, {order.lines[0].id: 2}, {lid: 1}, "faulty")
    assert (ours.fees.amount, ours.net.amount) == (0, -1600)


# -- held while it travels -----------------------------------------------------------------------------------------


def test_new_goods_are_held_while_the_old_ones_travel_back(shop: Shop, order: OrderView) -> None:
    pot, lid = shop.sell("pot", 2500, stock=1), shop.sell("lid", 400, stock=5)
    rules(shop, exchange_holds_days=14)
    case_id = ask(shop, order, {pot: 1, lid: 2})
    assert (held(pot), held(lid)) == (0, 0), "nothing is kept for what nobody has agreed to"
    approve_case(shop.site, case_id, actor=STAFF)
    assert (held(pot), held(lid), stock_proof()) == (1, 2, [])
    with pytest.raises(CannotBePlaced):
        shop.order((pot, 1))
    come(shop, order, case_id)
    resolve(shop.state, case_id, Terms(), actor=STAFF)
    assert [(line.sku, line.allocated) for line in seen(order.id).lines[1:]] == [("pot", 1), ("lid", 2)]
    assert (held(pot), held(lid), stock_proof(), unbalanced()) == (0, 0, [], [])


def test_the_parts_of_a_kit_are_held(shop: Shop, order: OrderView) -> None:
    leaf, pot, tray = shop.sell("leaf", 300, stock=4), shop.sell("pot", 2500, stock=1), shop.sell("tray", 3000)
    set_kit(tray, {leaf: 2, pot: 1}, STAFF)
    rules(shop, exchange_holds_days=14)
    approve_case(shop.site, ask(shop, order, {tray: 1, leaf: 1}), actor=STAFF)
    assert (held(leaf), held(pot)) == (3, 1)


def _own_hold_is_foreign(case_id: int) -> str:
    """Planted: what is held for an exchange is nobody's when it becomes a promise."""
    return f"nobody:{case_id}"


def test_a_hold_that_blocks_its_owner_is_found(shop: Shop, order: OrderView, monkeypatch: pytest.MonkeyPatch) -> None:
    pot = shop.sell("pot", 2500, stock=1)
    rules(shop, exchange_holds_days=14)
    case_id = ask(shop, order, {pot: 1})
    approve_case(shop.site, case_id, actor=STAFF)
    come(shop, order, case_id)
    with monkeypatch.context() as planted:
        planted.setattr(stock, "case_reference", _own_hold_is_foreign)
        with pytest.raises(OutOfStock):
            resolve(shop.state, case_id, Terms(), actor=STAFF)
    resolve(shop.state, case_id, Terms(), actor=STAFF)


@pytest.mark.parametrize("ending", ["withdrawn", "declined", "forgotten"])
def test_what_is_held_is_free_again_when_the_exchange_is_dropped(shop: Shop, order: OrderView, ending: str) -> None:
    pot = shop.sell("pot", 2500, stock=1)
    rules(shop, exchange_holds_days=14)
    case_id = ask(shop, order, {pot: 1})
    approve_case(shop.site, case_id, actor=STAFF)
    if ending == "forgotten":
        with time_machine.travel(case(shop, case_id).requested_at + timedelta(days=15), tick=False):
            run_jobs()
    elif ending == "declined":
        decline_case(shop.site, case_id, actor=STAFF, answer="No")
    else:
        withdraw_case(shop.site, case_id, actor=STAFF)
    assert (held(pot), stock_proof()) == (0, [])
    shop.order((pot, 1))


def test_staff_hold_and_let_go_by_hand(shop: Shop, order: OrderView) -> None:
    pot = shop.sell("pot", 2500, stock=1)
    case_id = ask(shop, order, {pot: 1})
    with pytest.raises(WrongStep):
        hold_new_goods(shop.site, case_id, 3, actor=STAFF)
    approve_case(shop.site, case_id, actor=STAFF)
    hold_new_goods(shop.site, case_id, 3, actor=STAFF)
    hold_new_goods(shop.site, case_id, 9, actor=STAFF)
    assert held(pot) == 1, "held anew, not twice"
    hold_new_goods(shop.site, case_id, 0, actor=STAFF)
    assert held(pot) == 0
    with pytest.raises(Unfit):
        hold_new_goods(shop.site, case_id, 91, actor=STAFF)


# -- sent ahead ----------------------------------------------------------------------------------------------------


def ahead(shop: Shop, order: OrderView, wanted: dict[int, int], units: int = 2) -> int:
    """An exchange that is sent as soon as it is approved."""
    rules(shop, exchange_sends="approved")
    case_id = ask(shop, order, wanted, units)
    approve_case(shop.site, case_id, actor=STAFF)
    run_jobs()
    return case_id


def test_sent_ahead_only_the_difference_is_to_be_paid(shop: Shop, order: OrderView) -> None:
    pot, lid = shop.sell("pot", 2500), shop.sell("lid", 400)
    case_id = ahead(shop, order, {pot: 1, lid: 1})
    view = seen(order.id)
    # 29.00 are sent, and two cups at 10.00 are expected.
    assert (view.due.amount, view.advanced.amount, view.payments[-1].amount.amount) == (900, 2000, 900)
    mark_paid(shop.state, order.id, actor=STAFF)
    ship(shop.site, order.id, actor=STAFF)
    assert (seen(order.id).status.payment, unbalanced()) == ("paid", [])
    line = order.lines[0].id
    receive_case(shop.site, case_id, {line: 1}, actor=STAFF)
    assert (seen(order.id).advanced.amount, seen(order.id).due.amount) == (1000, 0)
    receive_case(shop.site, case_id, {line: 1}, actor=STAFF)
    inspect_case(shop.site, case_id, {line: {"sellable": 2}}, actor=STAFF)
    assert (seen(order.id).advanced.amount, seen(order.id).refund_due.amount) == (0, 0)
    resolve(shop.state, case_id, Terms(), actor=STAFF)
    view = seen(order.id)
    assert (len(view.lines), view.due.amount, view.refund_due.amount) == (3, 0, 0), "the goods are not sent twice"
    assert (view.status.order, unbalanced()) == ("completed", [])


def test_what_is_cheaper_gives_money_back_only_once_the_old_goods_came(shop: Shop, order: OrderView) -> None:
    lid = shop.sell("lid", 400)
    case_id = ahead(shop, order, {lid: 1})
    view = seen(order.id)
    assert (view.due.amount, view.refund_due.amount, view.advanced.amount) == (0, 0, 400)
    come(shop, order, case_id)
    assert seen(order.id).refund_due.amount == 1600
    resolve(shop.state, case_id, Terms(restocking=100), actor=STAFF)
    assert (seen(order.id).refund_due.amount, unbalanced()) == (1500, [])


def test_what_never_comes_back_is_owed(shop: Shop, order: OrderView) -> None:
    pot = shop.sell("pot", 2500)
    case_id = ahead(shop, order, {pot: 1})
    ship(shop.site, order.id, actor=STAFF)
    assert seen(order.id).due.amount == 500
    decline_case(shop.site, case_id, actor=STAFF, answer="Nothing came")
    view = seen(order.id)
    assert (view.due.amount, view.payments[-1].amount.amount, view.advanced.amount) == (2500, 2500, 0)
    assert unbalanced() == []


def test_what_has_not_left_stays_here_when_the_exchange_is_withdrawn(shop: Shop, order: OrderView) -> None:
    pot = shop.sell("pot", 2500, stock=1)
    case_id = ahead(shop, order, {pot: 1})
    mark_paid(shop.state, order.id, actor=STAFF)
    withdraw_case(shop.site, case_id, actor=STAFF)
    view = seen(order.id)
    assert (view.lines[-1].cancelled, view.due.amount, view.refund_due.amount) == (1, 0, 500)
    assert (stock_proof(), unbalanced()) == ([], [])
    shop.order((pot, 1))


def test_of_a_part_that_came_the_rest_is_owed_with_the_decision(shop: Shop, order: OrderView) -> None:
    pot = shop.sell("pot", 2500)
    case_id = ahead(shop, order, {pot: 1})
    mark_paid(shop.state, order.id, actor=STAFF)
    come(shop, order, case_id, 1)
    assert seen(order.id).due.amount == 0
    resolve(shop.state, case_id, Terms(), actor=STAFF)
    # 25.00 less one cup that came and 5.00 that were paid.
    assert (seen(order.id).due.amount, unbalanced()) == (1000, [])


def test_fees_are_counted_before_the_goods_are_sent(shop: Shop, order: OrderView) -> None:
    pot = shop.sell("pot", 2500)
    rules(shop, restocking=1000, exchange_sends="approved")
    case_id = ask(shop, order, {pot: 1})
    approve_case(shop.site, case_id, actor=STAFF)
    exchanging.send_if_due(shop.state, case_id, actor=STAFF)
    assert seen(order.id).due.amount == 700, "25.00 less 20.00, and a tenth of that"
    mark_paid(shop.state, order.id, actor=STAFF)
    come(shop, order, case_id)
    resolve(shop.state, case_id, Terms(restocking=200), actor=STAFF)
    assert (seen(order.id).due.amount, seen(order.id).refund_due.amount, unbalanced()) == (0, 0, [])


def test_goods_leave_once_all_of_the_old_ones_came(shop: Shop, order: OrderView) -> None:
    pot = shop.sell("pot", 2500, stock=1)
    rules(shop, exchange_sends="came", exchange_holds_days=10)
    case_id = ask(shop, order, {pot: 1})
    approve_case(shop.site, case_id, actor=STAFF)
    line = order.lines[0].id
    receive_case(shop.site, case_id, {line: 1}, actor=STAFF)
    run_jobs()
    assert (case(shop, case_id).is_sent, held(pot)) == (False, 1)
    receive_case(shop.site, case_id, {line: 1}, actor=STAFF)
    run_jobs()
    assert (case(shop, case_id).is_sent, held(pot), seen(order.id).due.amount) == (True, 0, 500)


def test_what_is_sold_out_waits_for_a_person(shop: Shop, order: OrderView) -> None:
    pot = shop.sell("pot", 2500, stock=0)
    case_id = ahead(shop, order, {pot: 1})
    assert (case(shop, case_id).is_sent, case(shop, case_id).state) == (False, "approved")
    with pytest.raises(OutOfStock):
        exchanging.send_ahead(shop.state, case_id, actor=STAFF)


def test_it_is_sent_once(shop: Shop, order: OrderView) -> None:
    case_id = ahead(shop, order, {shop.sell("pot", 2500): 1})
    exchanging.send_ahead(shop.state, case_id, actor=STAFF)
    run_jobs()
    assert len(seen(order.id).lines) == 2


def test_money_that_is_awaited_as_goods_is_not_shared(shop: Shop, order: OrderView) -> None:
    ahead(shop, order, {shop.sell("pot", 2500): 1, shop.sell("lid", 400): 1})
    with pytest.raises(CannotBeParted):
        preview_split(shop.site, order.id, {seen(order.id).lines[-1].id: 1})


def test_what_is_asked_for_instead_is_named_in_the_language_that_is_asked_for(shop: Shop, order: OrderView) -> None:
    glaze = OptionDraft(code="glaze", names={"en": "Glaze"}, values=(ValueDraft(code="moss", names={"en": "Moss"}),))
    variant = VariantDraft(
        sku="BOWL", prices=(PriceDraft(amount=Money(900, "EUR")),), stock=5, tracked=True, values={"glaze": "moss"}
    )
    texts = {"en": TextDraft(name="Bowl")}
    draft = ProductDraft(texts=texts, options=(glaze,), variants=(variant,), listing=ListingDraft(visible=True))
    save_product(shop.site, draft, "system")
    bowl = int(db.value("SELECT id FROM variant WHERE sku = 'BOWL'"))
    asked = case(shop, ask(shop, order, {bowl: 1}))
    assert sent_instead(shop.site, asked, "en").goods == (("Bowl, Moss", 1),)
    assert sent_instead(shop.site, asked, "zh-CN").goods == (("Bowl，Moss", 1),)
