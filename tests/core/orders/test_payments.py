"""Payments as acts: committed with their key before the network, never doubled, never forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.hookspecs.payment import FactKind, OutcomeUnknown, PaymentDeclined, Redirect, Show
from core.kernel import db
from core.kernel.sites import SiteState
from core.lib import clock
from core.lib.money import Money
from core.orders.services import expire as expiring
from core.orders.services import opening, payments
from core.orders.services.cancel import cancel
from core.orders.services.intents import newest_payment
from core.orders.services.opening import NoSuchWay, NothingToPay, begin_payment, choose_gateway, fetch_payment
from core.orders.services.payments import NothingToCapture, NothingToRefund, capture, mark_paid, refund, void
from core.orders.services.read import OrderView, order_view
from core.orders.services.refunds import refund_surplus
from core.orders.services.resume import resume_unknown
from tests.core.checkout.books import unbalanced
from tests.core.checkout.shop import ByInvoice, FakeGateway, FakePlugins, Shop


@pytest.fixture
def order(shop: Shop) -> OrderView:
    return seen(shop.order((shop.sell("cup", 1000), 2)).id)


def seen(order_id: int) -> OrderView:
    view = order_view(order_id)
    assert view is not None
    return view


def eur(amount: int) -> Money:
    return Money(amount, "EUR")


def token_of(order: OrderView) -> str:
    return str(db.value("SELECT token FROM payment WHERE order_id = ? ORDER BY id DESC LIMIT 1", order.id))


def pay(shop: Shop, gateway: FakeGateway, order: OrderView, kind: FactKind = FactKind.CAPTURED) -> int:
    """The shopper pays at the gateway, and we ask it."""
    begin_payment(shop.state, order.id)
    gateway.happen(token_of(order), kind, order.total)
    payment_id = seen(order.id).payments[-1].id
    fetch_payment(shop.state, payment_id)
    return payment_id


def states() -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in db.rows("SELECT kind, state FROM payment_operation ORDER BY id")]


# -- opening -----------------------------------------------------------------------------------------------------------


def test_begin_sends_the_shopper_to_the_gateway(shop: Shop, order: OrderView) -> None:
    begun = begin_payment(shop.state, order.id)
    assert isinstance(begun, Redirect)
    assert token_of(order) in begun.url
    assert states() == [("begin", "done")]
    assert seen(order.id).payments[0].reference == f"ref-{token_of(order)}"


def test_begin_twice_is_one_operation(shop: Shop, order: OrderView) -> None:
    assert begin_payment(shop.state, order.id) == begin_payment(shop.state, order.id)
    assert states() == [("begin", "done")]


def test_the_operation_is_stored_before_the_network_is_touched(
    shop: Shop, order: OrderView, gateway: FakeGateway
) -> None:
    seen_by_gateway: list[object] = []
    gateway.before = lambda _act: seen_by_gateway.append((db.in_transaction(), states()))
    begin_payment(shop.state, order.id)
    assert seen_by_gateway == [(False, [("begin", "sent")])]


def test_an_operation_that_is_stored_afterwards_is_found(
    shop: Shop, order: OrderView, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: the gateway is called first."""
    monkeypatch.setattr(opening, "begin_operation", lambda _opened: None)
    with pytest.raises(AssertionError):
        test_the_operation_is_stored_before_the_network_is_touched(shop, order, gateway)


def test_an_order_placed_to_be_paid_at_once_has_that_operation_from_its_own_commit_on(
    shop: Shop, gateway: FakeGateway
) -> None:
    placed = shop.place(shop.fill_cart((shop.sell("cup"), 2)), begins=True)
    assert states() == [("begin", "sent")]
    seen_by_gateway: list[object] = []
    gateway.before = lambda _act: seen_by_gateway.append((db.in_transaction(), states()))
    begun = begin_payment(shop.state, placed.id, placed.payment)
    assert seen_by_gateway == [(False, [("begin", "sent")])]
    assert states() == [("begin", "done")]
    assert begin_payment(shop.state, placed.id) == begun, "read from the tables it is the same payment"


def test_an_order_whose_shopper_never_came_to_the_gateway_is_asked_about(shop: Shop, gateway: FakeGateway) -> None:
    placed = shop.place(shop.fill_cart((shop.sell("cup"), 2)), begins=True)
    assert resume_unknown(shop.state, older_than_s=-1) == 1
    assert (states(), seen(placed.id).status.payment) == ([("begin", "done")], "unpaid")


def test_what_the_gateway_is_told_at_once_is_what_the_tables_say(shop: Shop) -> None:
    placed = shop.place(shop.fill_cart((shop.sell("cup"), 2)), begins=True)
    assert placed.payment == newest_payment(shop.site.id, placed.id)


def test_a_declined_payment_may_be_tried_another_way(
    shop: Shop, order: OrderView, plugins: FakePlugins, gateway: FakeGateway
) -> None:
    def decline(_act: str) -> None:
        raise PaymentDeclined

    gateway.before = decline
    with pytest.raises(PaymentDeclined):
        begin_payment(shop.state, order.id)
    assert states() == [("begin", "failed")]
    plugins.gateways.append(ByInvoice())
    choose_gateway(shop.state, order.id, "invoice")
    assert isinstance(begin_payment(shop.state, order.id), Show)
    view = seen(order.id)
    assert (view.payment_title, view.payments[-1].rows) == ("Bank transfer", (("Reference", order.number),))
    with pytest.raises(NoSuchWay):
        choose_gateway(shop.state, order.id, "nonsense")


def test_a_timeout_leaves_the_outcome_unknown_and_it_is_asked_about(
    shop: Shop, order: OrderView, gateway: FakeGateway
) -> None:
    def silence(_act: str) -> None:
        raise OutcomeUnknown

    gateway.after = silence
    with pytest.raises(OutcomeUnknown):
        begin_payment(shop.state, order.id)
    assert states() == [("begin", "unknown")]
    gateway.after = lambda _act: None
    gateway.happen(token_of(order), FactKind.CAPTURED, order.total)
    assert resume_unknown(shop.state, older_than_s=-1) == 1
    assert (states(), seen(order.id).status.payment) == ([("begin", "done")], "paid")


def test_a_paid_order_is_not_paid_again(shop: Shop, order: OrderView, gateway: FakeGateway) -> None:
    pay(shop, gateway, order)
    for again in (lambda: begin_payment(shop.state, order.id), lambda: choose_gateway(shop.state, order.id, "fakepay")):
        with pytest.raises(NothingToPay):
            again()


def test_both_of_two_payments_count_and_the_surplus_is_due_back(
    shop: Shop, order: OrderView, gateway: FakeGateway
) -> None:
    begin_payment(shop.state, order.id)
    first = token_of(order)
    gateway.happen(first, FactKind.DECLINED, order.total)
    fetch_payment(shop.state, seen(order.id).payments[0].id)
    choose_gateway(shop.state, order.id, "fakepay")
    gateway.happen(first, FactKind.CAPTURED, order.total)
    gateway.happen(token_of(order), FactKind.CAPTURED, order.total)
    for payment in seen(order.id).payments:
        fetch_payment(shop.state, payment.id)
    view = seen(order.id)
    assert (view.status.payment, view.refund_due) == ("overpaid", order.total)


def test_a_second_try_after_a_refusal_is_one_new_payment_however_often_it_is_pressed(
    shop: Shop, order: OrderView, gateway: FakeGateway
) -> None:
    begin_payment(shop.state, order.id)
    first = token_of(order)
    choose_gateway(shop.state, order.id, "fakepay")
    assert token_of(order) == first, "the payment is still open: the same gateway needs no other"
    gateway.happen(first, FactKind.DECLINED, order.total)
    fetch_payment(shop.state, seen(order.id).payments[0].id)
    assert choose_gateway(shop.state, order.id, "fakepay") == choose_gateway(shop.state, order.id, "fakepay")
    assert len(seen(order.id).payments) == 2
    assert begin_payment(shop.state, order.id) is not None
    assert token_of(order) != first


# -- giving back -------------------------------------------------------------------------------------------------------


def test_a_refund_moves_money_once_per_key(shop: Shop, order: OrderView, gateway: FakeGateway) -> None:
    payment_id = pay(shop, gateway, order)
    for _ in range(3):
        refund(shop.state, payment_id, eur(500), actor="staff:1", key="first")
    assert gateway.calls.count("refund") == 1
    assert seen(order.id).refunded == eur(500)


def test_never_more_is_given_back_than_came(shop: Shop, order: OrderView, gateway: FakeGateway) -> None:
    payment_id = pay(shop, gateway, order)
    refund(shop.state, payment_id, eur(2000), actor="staff:1", key="first")
    with pytest.raises(NothingToRefund, match="490"):
        refund(shop.state, payment_id, eur(491), actor="staff:1", key="second")
    refund(shop.state, payment_id, eur(490), actor="staff:1", key="third")
    assert seen(order.id).status.payment == "refunded"


def test_a_refund_on_its_way_counts_against_the_next(shop: Shop, order: OrderView, gateway: FakeGateway) -> None:
    payment_id = pay(shop, gateway, order)

    def silence(_act: str) -> None:
        raise OutcomeUnknown

    gateway.before = silence
    with pytest.raises(OutcomeUnknown):
        refund(shop.state, payment_id, order.total, actor="staff:1", key="first")
    gateway.before = lambda _act: None
    with pytest.raises(NothingToRefund):
        refund(shop.state, payment_id, eur(1), actor="staff:1", key="second")
    resume_unknown(shop.state, older_than_s=-1)
    assert (seen(order.id).refunded, states()[-1]) == (order.total, ("refund", "done"))


def test_what_is_owed_is_not_given_back_twice_while_the_first_answer_is_lost(
    shop: Shop, order: OrderView, gateway: FakeGateway
) -> None:
    """20.00 and 4.90 were paid, and one cup of 10.00 is cancelled: the gateway would give as much as it took."""
    pay(shop, gateway, order)
    cancel(shop.site, order.id, actor="staff:1", lines={order.lines[0].id: 1})
    gateway.after = lambda act: lose() if act == "refund" else None
    with pytest.raises(OutcomeUnknown):
        refund_surplus(shop.state, order.id, actor="staff:1", key="first")
    gateway.after = lambda _act: None
    with pytest.raises(NothingToRefund):
        refund_surplus(shop.state, order.id, actor="staff:2", key="second")
    assert refund_surplus(shop.state, order.id, actor="staff:1", key="first") == eur(1000)
    assert [one.amount for one in gateway.server[token_of(order)] if one.kind is FactKind.REFUNDED] == [eur(1000)]
    view = seen(order.id)
    assert (view.refunded, view.refund_due) == (eur(1000), eur(0))


def test_what_could_not_be_given_back_may_be_tried_again(shop: Shop, order: OrderView, gateway: FakeGateway) -> None:
    payment_id = pay(shop, gateway, order)
    cancel(shop.site, order.id, actor="staff:1")
    refund_surplus(shop.state, order.id, actor="staff:1", key="first")
    gateway.happen(token_of(order), FactKind.REFUND_FAILED, order.total)
    fetch_payment(shop.state, payment_id)
    assert seen(order.id).refund_due == order.total
    assert refund_surplus(shop.state, order.id, actor="staff:1", key="second") == order.total
    assert seen(order.id).refund_due == eur(0)


@pytest.mark.parametrize("lost", ["before", "after"])
def test_a_refund_whose_answer_was_lost_is_made_once(
    shop: Shop, order: OrderView, gateway: FakeGateway, lost: str
) -> None:
    payment_id = pay(shop, gateway, order)

    def silence(act: str) -> None:
        if act == "refund":
            raise OutcomeUnknown

    setattr(gateway, lost, silence)
    with pytest.raises(OutcomeUnknown):
        refund(shop.state, payment_id, eur(500), actor="staff:1", key="first")
    setattr(gateway, lost, lambda _act: None)
    for _ in range(2):
        resume_unknown(shop.state, older_than_s=-1)
    assert seen(order.id).refunded == eur(500)
    assert sum(one.amount.amount for one in gateway.server[token_of(order)] if one.kind is FactKind.REFUNDED) == 500


def test_a_refund_without_a_limit_is_found(
    shop: Shop, order: OrderView, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: nobody compares with what was captured."""
    monkeypatch.setattr(payments, "_check_limit", lambda *_, **__: None)
    with pytest.raises(pytest.fail.Exception):
        test_never_more_is_given_back_than_came(shop, order, gateway)


def test_a_refund_by_hand_is_noted_once(shop: Shop, order: OrderView, gateway: FakeGateway) -> None:
    payment_id = pay(shop, gateway, order)
    for _ in range(2):
        refund(shop.state, payment_id, eur(100), actor="staff:1", key="cash", by_hand=True)
    assert (seen(order.id).refunded, gateway.calls.count("refund")) == (eur(100), 0)


# -- holding and letting go --------------------------------------------------------------------------------------------


def test_held_money_is_captured_or_let_go(shop: Shop, order: OrderView, gateway: FakeGateway) -> None:
    payment_id = pay(shop, gateway, order, FactKind.AUTHORIZED)
    assert seen(order.id).status.payment == "authorized"
    capture(shop.state, payment_id, order.total, actor="staff:1", key="all")
    assert seen(order.id).status.payment == "paid"


def test_never_more_is_taken_than_was_authorised(shop: Shop, order: OrderView, gateway: FakeGateway) -> None:
    """Whatever the gateway would do, and whether it answered or not; what came by hand was never there."""
    payment_id = pay(shop, gateway, order, FactKind.AUTHORIZED)
    mark_paid(shop.state, order.id, actor="staff:1", amount=eur(500), reference="till")
    with pytest.raises(NothingToCapture):
        capture(shop.state, payment_id, order.total + eur(1), actor="staff:1", key="more")
    gateway.after = lambda _act: lose()
    with pytest.raises(OutcomeUnknown):
        capture(shop.state, payment_id, eur(2000), actor="staff:1", key="first")
    gateway.after = lambda _act: None
    with pytest.raises(NothingToCapture) as refusal:
        capture(shop.state, payment_id, eur(491), actor="staff:1", key="second")
    assert refusal.value.params["amount"] == eur(490)
    capture(shop.state, payment_id, eur(490), actor="staff:1", key="third")
    fetch_payment(shop.state, payment_id)
    assert seen(order.id).captured == order.total + eur(500)
    for amount in (eur(1), Money(1, "JPY"), eur(0)):
        with pytest.raises(NothingToCapture):
            capture(shop.state, payment_id, amount, actor="staff:1", key=f"{amount}")


def lose() -> None:
    raise OutcomeUnknown


def test_a_capture_without_a_limit_is_found(
    shop: Shop, order: OrderView, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: nobody compares with what was authorised."""
    monkeypatch.setattr(payments, "_check_limit", lambda *_, **__: None)
    with pytest.raises(pytest.fail.Exception):
        test_never_more_is_taken_than_was_authorised(shop, order, gateway)


def test_held_money_of_a_cancelled_order_is_let_go(shop: Shop, order: OrderView, gateway: FakeGateway) -> None:
    pay(shop, gateway, order, FactKind.AUTHORIZED)
    cancel(shop.site, order.id, actor="staff:1")
    assert expiring.release_authorisations(shop.state) == 1
    assert seen(order.id).payments[0].state == "voided"
    assert expiring.release_authorisations(shop.state) == 0


def test_void_twice_is_one_void(shop: Shop, order: OrderView, gateway: FakeGateway) -> None:
    payment_id = pay(shop, gateway, order, FactKind.AUTHORIZED)
    for _ in range(2):
        void(shop.state, payment_id, actor="staff:1")
    assert (gateway.calls.count("void"), seen(order.id).status.payment) == (1, "unpaid")


# -- by hand -----------------------------------------------------------------------------------------------------------


def test_marked_paid_twice_is_paid_once(shop: Shop, order: OrderView) -> None:
    mark_paid(shop.state, order.id, actor="staff:1")
    with pytest.raises(NothingToPay):
        mark_paid(shop.state, order.id, actor="staff:2")
    view = seen(order.id)
    assert (view.status.payment, view.captured) == ("paid", order.total)
    assert db.value("SELECT count(*) FROM outbox WHERE type = 'order.paid'") == 1


def test_a_line_of_the_banks_paper_counts_once(shop: Shop, order: OrderView) -> None:
    for _ in range(2):
        mark_paid(shop.state, order.id, actor="staff:1", amount=eur(1000), reference="2026-11-23/7")
    view = seen(order.id)
    assert (view.captured, view.status.payment) == (eur(1000), "partly_paid")
    assert [entry.kind for entry in view.timeline].count("marked_paid") == 1


# -- when nobody pays --------------------------------------------------------------------------------------------------


@pytest.fixture
def later(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> SiteState:
    monkeypatch.setattr(expiring, "state_of", lambda _site_id: shop.state)
    return shop.state


@pytest.mark.usefixtures("later")
def test_an_unpaid_order_gives_its_goods_back(shop: Shop, order: OrderView) -> None:
    assert expiring.expire_unpaid() == 0
    assert expiring.expire_unpaid(clock.now() + timedelta(days=4)) == 1
    assert (seen(order.id).status.order, seen(order.id).status.payment) == ("cancelled", "not_due")
    assert expiring.expire_unpaid(clock.now() + timedelta(days=4)) == 0
    assert unbalanced() == []
    assert shop.look(shop.fill_cart((order.lines[0].variant_id, 10))).problems == ()


@pytest.mark.usefixtures("later")
def test_the_gateway_is_asked_before_an_order_expires(shop: Shop, order: OrderView, gateway: FakeGateway) -> None:
    begin_payment(shop.state, order.id)
    gateway.happen(token_of(order), FactKind.CAPTURED, order.total)
    assert expiring.expire_unpaid(clock.now() + timedelta(days=4)) == 0
    assert (seen(order.id).status.order, seen(order.id).status.payment) == ("open", "paid")


@pytest.mark.usefixtures("later")
def test_an_order_that_expires_unasked_is_found(
    shop: Shop, order: OrderView, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: nobody asks the gateway."""
    monkeypatch.setattr(expiring, "fetch_payment", lambda *_: 0)
    with pytest.raises(AssertionError):
        test_the_gateway_is_asked_before_an_order_expires(shop, order, gateway)


@pytest.mark.usefixtures("later")
def test_an_order_whose_gateway_is_silent_waits(shop: Shop, order: OrderView, gateway: FakeGateway) -> None:
    def silence(_act: str) -> None:
        raise OutcomeUnknown

    gateway.before = silence
    assert expiring.expire_unpaid(clock.now() + timedelta(days=4)) == 0
    assert seen(order.id).status.order == "open"


@pytest.mark.usefixtures("later")
def test_a_payment_under_review_gets_a_week_more(shop: Shop, order: OrderView, gateway: FakeGateway) -> None:
    begin_payment(shop.state, order.id)
    gateway.happen(token_of(order), FactKind.PENDING, order.total)
    assert expiring.expire_unpaid(clock.now() + timedelta(days=4)) == 0
    assert seen(order.id).status.payment == "pending"
    assert expiring.expire_unpaid(clock.now() + timedelta(days=11)) == 1
