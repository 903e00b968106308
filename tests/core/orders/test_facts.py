"""Facts about payments: whatever comes, how often and in which order, the books are the same."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import permutations

import pytest
from msgspec.structs import replace

from core.hookspecs.payment import Fact, FactKind
from core.kernel import db
from core.lib import clock
from core.lib.money import Money
from core.orders.services import facts as facts_module
from core.orders.services.cancel import cancel
from core.orders.services.facts import find_payment, fold, record_facts
from core.orders.services.read import OrderView, order_view
from tests.core.checkout.books import unbalanced
from tests.core.checkout.shop import FakeGateway, Shop


@pytest.fixture
def order(shop: Shop) -> OrderView:
    view = order_view(shop.order((shop.sell("cup", 1000), 2)).id)
    assert view is not None
    return view


def token_of(order_id: int) -> str:
    return str(db.value("SELECT token FROM payment WHERE order_id = ? ORDER BY id DESC LIMIT 1", order_id))


def tell(shop: Shop, order_id: int, *facts: Fact) -> int:
    payment = find_payment(shop.site.id, token=token_of(order_id))
    return record_facts(shop.site, "fake", "acme", facts, payment)


def fact(kind: FactKind, amount: int, reference: str = "r1", **more: object) -> Fact:
    values: dict[str, object] = {"account": "acme", "live": False, "at": clock.now(), "amount": Money(amount, "EUR")}
    return Fact(kind=kind, reference=reference, **{**values, **more})  # type: ignore[arg-type]


def books(order_id: int) -> tuple[object, ...]:
    """What a person sees of the money."""
    view = order_view(order_id)
    assert view is not None
    return (
        view.status.payment,
        view.captured,
        view.refunded,
        view.due,
        view.payments[0].state,
        sorted((one.kind, one.amount.amount, one.verdict) for one in view.payments[0].facts),
        db.value("SELECT count(*) FROM outbox WHERE type = 'order.paid'"),
    )


STORY = [
    fact(FactKind.PENDING, 0, "p"),
    fact(FactKind.AUTHORIZED, 2490, "a"),
    fact(FactKind.CAPTURED, 2000, "c1"),
    fact(FactKind.CAPTURED, 490, "c2"),
    fact(FactKind.REFUNDED, 500, "r1"),
    fact(FactKind.REFUNDED, 90, "r2"),
    fact(FactKind.REFUND_FAILED, 90, "r2"),
    fact(FactKind.DISPUTED, 10, "d"),
    fact(FactKind.DISPUTE_WON, 10, "d"),
]


@pytest.mark.parametrize("seed", range(6))
def test_any_order_and_any_number_of_times_makes_the_same_books(shop: Shop, order: OrderView, seed: int) -> None:
    draw = random.Random(seed)
    arrivals = [one for one in STORY for _ in range(draw.randint(1, 5))]
    draw.shuffle(arrivals)
    for one in arrivals:
        tell(shop, order.id, one)
    assert books(order.id)[:5] == (
        "partly_refunded",
        Money(2490, "EUR"),
        Money(500, "EUR"),
        Money(0, "EUR"),
        "partly_refunded",
    )
    assert books(order.id)[6] == 1
    assert unbalanced() == []


def test_a_fold_that_adds_up_as_it_goes_is_found(shop: Shop, order: OrderView, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: a fact's reference is made unique at each arrival, so that a repeat counts again."""
    numbers = iter(range(10_000))
    insert = facts_module._insert

    def careless(site_id: int, plugin: str, one: Fact, reference: str, *more: object) -> bool:
        return insert(site_id, plugin, one, f"{reference}-{next(numbers)}", *more)  # type: ignore[arg-type]

    monkeypatch.setattr(facts_module, "_insert", careless)
    with pytest.raises(AssertionError):
        test_any_order_and_any_number_of_times_makes_the_same_books(shop, order, 1)


def test_the_fold_is_pure() -> None:
    sums = [("authorized", 100), ("captured", 60), ("captured", 40), ("refunded", 30)]
    states = set()
    for arrival in permutations(sums):
        total: dict[str, int] = {}
        for kind, amount in arrival:
            total[kind] = total.get(kind, 0) + amount
        states.add(fold(100, total))
    assert states == {"partly_refunded"}


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"amount": Money(2490, "USD")}, "currency"),
        ({"account": "somebody-else"}, "account"),
        ({"live": True}, "live"),
        ({"amount": Money(0, "EUR")}, "amount"),
        ({"amount": Money(-2490, "EUR")}, "amount"),
    ],
)
def test_what_does_not_fit_is_kept_apart_and_never_counts(
    shop: Shop, order: OrderView, wrong: dict[str, object], why: str
) -> None:
    tell(shop, order.id, replace(fact(FactKind.CAPTURED, 2490), **wrong))  # type: ignore[arg-type]
    view = order_view(order.id)
    assert view is not None
    assert (view.status.payment, view.captured.amount) == ("unpaid", 0)
    assert [one.verdict for one in view.payments[0].facts] == [f"quarantined:{why}"]


def test_a_fact_that_is_believed_for_its_signature_alone_is_found(
    shop: Shop, order: OrderView, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: authentic is taken for valid."""
    monkeypatch.setattr(facts_module, "verdict", lambda *_: "counted")
    with pytest.raises(AssertionError):
        test_what_does_not_fit_is_kept_apart_and_never_counts(shop, order, {"amount": Money(2490, "USD")}, "currency")


def test_too_little_is_partly_paid_and_too_much_is_shown(shop: Shop, order: OrderView) -> None:
    tell(shop, order.id, fact(FactKind.CAPTURED, 2000, "c1"))
    assert books(order.id)[0] == "partly_paid"
    tell(shop, order.id, fact(FactKind.CAPTURED, 1000, "c2"))
    view = order_view(order.id)
    assert view is not None
    assert (view.status.payment, view.refund_due.amount) == ("overpaid", 510)
    assert "surplus" in {entry.kind for entry in view.timeline}


def test_the_same_name_with_another_amount_is_a_contradiction(shop: Shop, order: OrderView) -> None:
    tell(shop, order.id, fact(FactKind.CAPTURED, 2490, "c1"))
    for _ in range(3):
        tell(shop, order.id, fact(FactKind.CAPTURED, 5000, "c1"))
    view = order_view(order.id)
    assert view is not None
    assert view.captured.amount == 2490
    assert sorted(one.verdict for one in view.payments[0].facts) == ["counted", "quarantined:contradiction"]


def test_a_fact_that_comes_before_its_payment_is_adopted_later(shop: Shop, order: OrderView) -> None:
    early = fact(FactKind.CAPTURED, 2490, "early")
    record_facts(shop.site, "fake", "acme", [early], None)
    assert books(order.id)[0] == "unpaid"
    tell(shop, order.id, early, early)
    assert books(order.id)[0] == "paid"
    assert db.value("SELECT count(*) FROM payment_fact") == 1


def test_money_for_another_sites_order_is_not_counted_here(shop: Shop, order: OrderView) -> None:
    assert find_payment(999, token=token_of(order.id)) is None


def expire(shop: Shop, order_id: int) -> None:
    from core.orders.services.revive import EXPIRED

    cancel(shop.site, order_id, actor="system", reason=EXPIRED)


def test_late_money_brings_an_expired_order_back(shop: Shop, order: OrderView) -> None:
    expire(shop, order.id)
    tell(shop, order.id, fact(FactKind.CAPTURED, 2490))
    view = order_view(order.id)
    assert view is not None
    assert (view.status.order, view.status.payment, view.lines[0].allocated) == ("open", "paid", 2)
    assert unbalanced() == []


def test_late_money_without_goods_is_due_back(shop: Shop, order: OrderView) -> None:
    expire(shop, order.id)
    shop.order((order.lines[0].variant_id, 9))
    tell(shop, order.id, fact(FactKind.CAPTURED, 2490))
    view = order_view(order.id)
    assert view is not None
    assert (view.status.order, view.refund_due.amount) == ("cancelled", 2490)
    assert "too_late" in {entry.kind for entry in view.timeline}
    assert unbalanced() == []


def test_what_a_person_cancelled_stays_cancelled(shop: Shop, order: OrderView) -> None:
    cancel(shop.site, order.id, actor="staff:1", reason="fraud")
    tell(shop, order.id, fact(FactKind.CAPTURED, 2490))
    view = order_view(order.id)
    assert view is not None
    assert (view.status.order, view.refund_due.amount) == ("cancelled", 2490)


def test_a_payment_ends_the_deadline(shop: Shop, order: OrderView, gateway: FakeGateway) -> None:
    assert order.expires_at is not None
    assert order.expires_at <= clock.now() + timedelta(days=gateway.unpaid_days)
    tell(shop, order.id, fact(FactKind.CAPTURED, 2490))
    view = order_view(order.id)
    assert view is not None
    assert view.expires_at is None
