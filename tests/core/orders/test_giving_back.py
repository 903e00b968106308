"""Money goes back by itself where the shop's rules say so: after the commit, once, and only where a gateway can."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.checkout.services.changing import change_order
from core.checkout.services.resolving import Terms, resolve
from core.hookspecs.payment import FactKind, OutcomeUnknown, PaymentDeclined
from core.kernel import db, jobs
from core.lib.money import Money
from core.orders.services import giving_back
from core.orders.services.cancel import cancel
from core.orders.services.case import inspect_case, receive_case, request_case
from core.orders.services.case_rules import Rules, set_rules
from core.orders.services.change_shapes import AddCharge, SetQuantity
from core.orders.services.opening import begin_payment, fetch_payment
from core.orders.services.payments import OnlyByHand, refund
from core.orders.services.read import OrderView, order_view
from core.orders.services.refunds import only_by_hand, refund_surplus
from core.orders.services.resume import resume_unknown
from core.orders.services.ship import return_goods, ship
from core.panel.orders.services.happened import steps
from tests.core.checkout.shop import FakeGateway, FakePlugins, Shop

STAFF = "staff:1"


@pytest.fixture
def order(shop: Shop, gateway: FakeGateway, plugins: FakePlugins, monkeypatch: pytest.MonkeyPatch) -> OrderView:
    """Three cups at 10.00, paid at the gateway."""
    monkeypatch.setattr(giving_back, "state_of", lambda _site_id: shop.state)
    plugins.carriers = []
    placed = shop.order((shop.sell("cup", 1000), 3))
    begin_payment(shop.state, placed.id)
    token, payment_id = db.rows("SELECT token, id FROM payment")[0]
    gateway.happen(token, FactKind.CAPTURED, Money(3000, "EUR"))
    fetch_payment(shop.state, payment_id)
    return seen(placed.id)


def seen(order_id: int) -> OrderView:
    view = order_view(order_id)
    assert view is not None
    return view


def work(order: OrderView) -> int:
    """The worker does what is due; answers what went back so far."""
    while jobs.run_due():
        pass
    assert db.rows("SELECT error FROM job WHERE state = 'dead'") == []
    return seen(order.id).refunded.amount


def come_back(shop: Shop, order: OrderView, terms: Terms) -> None:
    line = order.lines[0].id
    ship(shop.site, order.id, actor=STAFF)
    case_id = request_case(
        shop.site, order.id, kind="return", lines={line: 2}, reason="wrong", key="r", actor=STAFF, by_rules=False
    )
    receive_case(shop.site, case_id, {line: 2}, actor=STAFF)
    inspect_case(shop.site, case_id, {line: {"sellable": 2}}, actor=STAFF)
    assert work(order) == 0, "nothing goes back before it is decided what is withheld"
    resolve(shop.state, case_id, terms, actor=STAFF)


def test_a_way_to_pay_that_gives_nothing_back_is_not_asked_to(
    shop: Shop, order: OrderView, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is noted: what is given back by hand under the same name counts."""
    monkeypatch.setattr(FakeGateway, "can", frozenset({"auth", "void"}))
    [payment] = order.payments
    ten = Money(1000, "EUR")
    with pytest.raises(OnlyByHand):
        refund(shop.state, payment.id, ten, actor=STAFF, key="k")
    assert gateway.calls.count("refund") == 0
    assert only_by_hand(shop.state, seen(order.id))
    refund(shop.state, payment.id, ten, actor=STAFF, key="k", by_hand=True)
    assert seen(order.id).refunded == ten


@pytest.mark.parametrize(("problem", "words"), [(PaymentDeclined(), "failed"), (OutcomeUnknown(), "unknown")])
def test_the_timeline_says_that_the_refund_did_not_go_through(
    shop: Shop, order: OrderView, gateway: FakeGateway, problem: Exception, words: str
) -> None:
    def refuse(act: str) -> None:
        if act == "refund":
            raise problem

    gateway.before = refuse
    with pytest.raises(type(problem)):
        refund(shop.state, order.payments[0].id, Money(1000, "EUR"), actor=STAFF, key="k")
    told = [step.title for step in steps(seen(order.id))]
    assert [title for title in told if words in title] == [
        "The refund failed" if words == "failed" else "The outcome of the refund is unknown"
    ]


def test_what_is_cancelled_goes_back_after_the_commit(shop: Shop, order: OrderView, gateway: FakeGateway) -> None:
    gateway.before = lambda act: None if act == "fetch" else _no_transaction()
    cancel(shop.site, order.id, actor=STAFF, lines={order.lines[0].id: 1})
    assert gateway.calls.count("refund") == 0
    assert work(order) == 1000
    cancel(shop.site, order.id, actor=STAFF)
    assert work(order) == 3000
    assert [entry.actor for entry in seen(order.id).timeline if entry.kind == "refund"] == ["system", "system"]


def _no_transaction() -> None:
    assert not db.in_transaction()


def test_a_change_to_fewer_gives_back_and_a_fee_or_goodwill_does_not(shop: Shop, order: OrderView) -> None:
    change_order(shop.state, order.id, [AddCharge(charge="goodwill", amount=100)], key="g", actor=STAFF)
    assert work(order) == 0
    change_order(shop.state, order.id, [SetQuantity(line_id=order.lines[0].id, quantity=2)], key="q", actor="guest")
    assert work(order) == 1100


@pytest.mark.parametrize(
    "gives_back",
    [
        lambda shop, order: cancel(shop.site, order.id, actor=STAFF),
        lambda shop, order: come_back(shop, order, Terms()),
        lambda shop, order: (ship(shop.site, order.id, actor=STAFF), return_goods(shop.site, order.id, actor=STAFF)),
    ],
    ids=["cancelled", "resolved", "returned"],
)
def test_nothing_goes_back_by_itself_where_the_rules_say_so(
    shop: Shop, order: OrderView, gives_back: Callable[[Shop, OrderView], object]
) -> None:
    set_rules(shop.site, Rules(refund_cancelled=False, refund_resolved=False), actor=STAFF)
    gives_back(shop, order)
    assert work(order) == 0
    assert seen(order.id).refund_due.amount > 0


def test_a_return_goes_back_once_it_is_decided_less_its_fees(shop: Shop, order: OrderView) -> None:
    set_rules(shop.site, Rules(refund_resolved=True), actor=STAFF)
    come_back(shop, order, Terms(restocking=250))
    assert work(order) == 1750
    assert seen(order.id).refund_due.amount == 0


def test_goods_that_come_back_without_a_case_go_back_at_once(shop: Shop, order: OrderView) -> None:
    set_rules(shop.site, Rules(refund_resolved=True), actor=STAFF)
    ship(shop.site, order.id, actor=STAFF)
    return_goods(shop.site, order.id, actor=STAFF, lines={order.lines[0].id: 1})
    assert work(order) == 1000


def test_what_somebody_gave_back_meanwhile_is_not_given_again(shop: Shop, order: OrderView) -> None:
    cancel(shop.site, order.id, actor=STAFF, lines={order.lines[0].id: 1})
    refund_surplus(shop.state, order.id, actor=STAFF, key="by a person")
    assert work(order) == 1000


def test_a_job_that_runs_twice_gives_back_once(shop: Shop, order: OrderView, gateway: FakeGateway) -> None:
    cancel(shop.site, order.id, actor=STAFF, lines={order.lines[0].id: 1})
    work(order)
    with db.transaction():
        db.execute("UPDATE job SET state = 'ready', due_at = 0 WHERE name = ?", giving_back.JOB)
    assert work(order) == 1000
    assert gateway.calls.count("refund") == 1


@pytest.mark.parametrize("refusal", [PaymentDeclined, OutcomeUnknown])
def test_what_the_gateway_refuses_waits_and_what_it_does_not_answer_is_asked_about(
    shop: Shop, order: OrderView, gateway: FakeGateway, refusal: type[Exception]
) -> None:
    def refuse(act: str) -> None:
        if act == "refund":
            raise refusal

    gateway.before = refuse
    cancel(shop.site, order.id, actor=STAFF)
    assert work(order) == 0
    gateway.before = lambda _act: None
    resume_unknown(shop.state, older_than_s=-1)
    assert seen(order.id).refunded.amount == (3000 if refusal is OutcomeUnknown else 0)


@pytest.mark.parametrize(("can", "back"), [(set(), 0), ({"refund"}, 0), ({"refund", "partial_refund"}, 1000)])
def test_only_gateways_that_can_are_asked(
    shop: Shop, order: OrderView, monkeypatch: pytest.MonkeyPatch, can: set[str], back: int
) -> None:
    monkeypatch.setattr(FakeGateway, "can", frozenset(can))
    cancel(shop.site, order.id, actor=STAFF, lines={order.lines[0].id: 1})
    assert work(order) == back
    operations = [one for one in seen(order.id).payments[0].operations if one.kind == "refund"]
    assert len(operations) == (1 if back else 0), "no wish is written down that nobody can fulfil"


def test_a_gateway_that_gives_back_all_or_nothing_gives_back_all(
    shop: Shop, order: OrderView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeGateway, "can", frozenset({"refund"}))
    cancel(shop.site, order.id, actor=STAFF)
    assert work(order) == 3000
