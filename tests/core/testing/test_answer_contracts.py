"""Every rule of the contracts for taxes, prices and events refuses a plugin that breaks it; a right one passes."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from core.hookspecs import FAMILIES
from core.hookspecs.checkout import PricedCart, Tax, TaxableLine, Taxes
from core.hookspecs.events import OrderPaid
from core.hookspecs.notify import Delivery
from core.hookspecs.promote import PriceQuery, PromotedPrice
from core.hookspecs.site import Elsewhere
from core.kernel import db
from core.lib import clock
from core.lib.money import Money
from core.testing.check import _CONTRACTS
from core.testing.contracts import AskContract, EventContract, PriceContract, TaxContract, a_site, the_address
from core.testing.contracts.asks import odd_ones
from tests.core.testing.test_contracts import broken_rules


def rules(suite: type) -> set[str]:
    return {name for name, _ in inspect.getmembers(suite, inspect.isfunction) if name.startswith("test_")}


def checked(found: dict[str, str], broken: str, suite: type) -> None:
    """The named rule is among the broken ones; a right plugin breaks none."""
    assert broken in {"", *rules(suite)}
    assert broken in found if broken else not found, found


# -- taxes -------------------------------------------------------------------------------------------------------------

LINES = (
    TaxableLine(key="line:1", tax_class="standard", amount=Money(12_000, "EUR")),
    TaxableLine(key="delivery", tax_class="delivery", amount=Money(600, "EUR")),
)
CARTS = [
    PricedCart(lines=LINES, currency="EUR", address=the_address(), prices_include_tax=inside)
    for inside in (True, False)
]


def right(cart: PricedCart) -> Taxes | None:
    """A fifth, in prices or on top of them."""
    base = 12_000 if cart.prices_include_tax else 10_000
    return Taxes(
        taxes=tuple(
            Tax(
                key=line.key,
                name="VAT",
                rate=2000,
                amount=Money(line.amount.amount * 2000 // base, line.amount.currency),
            )
            for line in cart.lines
        )
    )


def changed(**changes: Any) -> Callable[[PricedCart], Taxes | None]:
    def answer(cart: PricedCart) -> Taxes | None:
        found = right(cart)
        assert found is not None
        return Taxes(taxes=tuple(replace(tax, **changes) for tax in found.taxes))

    return answer


def needs_an_address(cart: PricedCart) -> Taxes | None:
    assert cart.address is not None
    return right(cart)


def by_place(cart: PricedCart) -> Taxes | None:
    found = right(cart)
    assert found is not None
    return Taxes(taxes=found.taxes[:1])


def moody() -> Callable[[PricedCart], Taxes | None]:
    times = itertools.count()

    def answer(cart: PricedCart) -> Taxes | None:
        return right(cart) if next(times) % 2 else changed(name="Tax")(cart)

    return answer


@pytest.mark.once
@pytest.mark.parametrize(
    ("taxes", "broken"),
    [
        (right, ""),
        (lambda _cart: None, "test_what_bears_a_tax_is_taxed"),
        (changed(key="line:404"), "test_a_tax_is_of_a_line_that_is_there_in_its_currency"),
        (changed(name=" "), "test_a_tax_is_of_a_line_that_is_there_in_its_currency"),
        (changed(rate=2500), "test_a_tax_is_its_rate_of_the_line"),
        (by_place, "test_the_order_of_the_lines_does_not_matter"),
        (moody(), "test_the_same_cart_bears_the_same_taxes"),
        (needs_an_address, "test_it_has_an_answer_to_any_cart"),
    ],
    ids=["right", "silent", "elsewhere", "nameless", "another rate", "by place", "moody", "needs an address"],
)
def test_each_rule_about_taxes_finds_its_breaker(taxes: Any, broken: str) -> None:
    checked(broken_rules(TaxContract, taxes=taxes, taxed=CARTS), broken, TaxContract)


def test_taxes_that_are_written_down_are_found(app: Any) -> None:
    def noting(cart: PricedCart) -> Taxes | None:
        db.execute("UPDATE orders SET note = ? WHERE id = 1", "asked")
        return right(cart)

    assert broken_rules(TaxContract, taxes=noting, taxed=CARTS).keys() == rules(TaxContract)


# -- prices ------------------------------------------------------------------------------------------------------------

QUERIES = [PriceQuery(variant_id=1, product_id=1, quantity=1, list_price=Money(1000, "EUR"))]
Prices = Mapping[PriceQuery, PromotedPrice]


def cheaper(queries: Sequence[PriceQuery]) -> Prices:
    """A tenth off, of what costs a tenth at least."""
    return {
        query: PromotedPrice(amount=query.list_price - Money(query.list_price.amount // 10, query.list_price.currency))
        for query in queries
    }


def priced(**changes: Any) -> Callable[[Sequence[PriceQuery]], Prices]:
    return lambda queries: {query: replace(price, **changes) for query, price in cheaper(queries).items()}


def by_the_dozen(queries: Sequence[PriceQuery]) -> Prices:
    return cheaper(queries) if len(queries) > 1 or queries == QUERIES else {}


def one_by_one(queries: Sequence[PriceQuery]) -> Prices:
    for _query in queries:
        db.value("SELECT 1")
    return cheaper(queries)


def growing() -> Callable[[Sequence[PriceQuery]], Prices]:
    times = itertools.count(1)
    return lambda queries: {one: replace(price, reason=str(next(times))) for one, price in cheaper(queries).items()}


WRONG: list[tuple[Any, str]] = [
    (cheaper, ""),
    (lambda _queries: {}, "test_what_it_lowers_costs_less"),
    (
        lambda queries: {**cheaper(queries), replace(QUERIES[0], quantity=7): PromotedPrice(amount=Money(1, "EUR"))},
        "test_answers_are_prices_of_what_was_asked",
    ),
    (priced(amount=Money(-1, "EUR")), "test_answers_are_prices_of_what_was_asked"),
    (priced(until=clock.now() - timedelta(days=1)), "test_answers_are_prices_of_what_was_asked"),
    (by_the_dozen, "test_many_are_answered_like_one"),
    (one_by_one, "test_many_cost_no_more_statements_than_a_few"),
    (growing(), "test_the_same_question_has_the_same_answer"),
    (lambda queries: cheaper(queries or QUERIES), "test_nothing_asked_is_nothing_answered"),
]


def test_each_rule_about_prices_finds_its_breaker(app: Any) -> None:
    for prices, broken in WRONG:
        checked(broken_rules(PriceContract, prices=prices, lowered=QUERIES), broken, PriceContract)


# -- questions of pages ------------------------------------------------------------------------------------------------


def moved(path: str) -> Elsewhere | None:
    """Old shelves lead to new ones."""
    return Elsewhere(target="/c/new") if path.startswith("/old/") else None


def forgetful() -> Callable[[str], Elsewhere | None]:
    times = itertools.count()
    return lambda path: Elsewhere(target=f"/c/{next(times)}") if path.startswith("/old/") else None


@pytest.mark.once
@pytest.mark.parametrize(
    ("answer", "broken"),
    [
        (moved, ""),
        (lambda path: None, "test_it_has_something_to_say"),
        (lambda path: "/c/new" if path.startswith("/old/") else None, "test_its_answers_are_what_the_hook_allows"),
        (forgetful(), "test_the_same_question_has_the_same_answer"),
        (lambda path: Elsewhere(target=f"/c/{path.split('/')[2]}"), "test_any_question_is_no_error"),
    ],
    ids=["right", "silent", "of another kind", "forgetful", "trusting"],
)
def test_each_rule_about_questions_finds_its_breaker(answer: Any, broken: str) -> None:
    suite = type("Moved", (AskContract,), {"hook": "site_moved"})
    found = broken_rules(suite, answer=answer, answers=[{"path": "/old/lamp"}], site_asked=a_site())
    checked(found, broken, AskContract)


def test_an_answer_that_is_written_down_is_found(app: Any) -> None:
    def counting(path: str) -> Elsewhere | None:
        db.execute("UPDATE site SET name = name")
        return moved(path)

    suite = type("Moved", (AskContract,), {"hook": "site_moved"})
    given = {"answer": counting, "answers": [{"path": "/old/lamp"}], "site_asked": a_site()}
    assert broken_rules(suite, **given).keys() == rules(AskContract)


@pytest.mark.once
def test_every_hook_has_a_suite() -> None:
    """Of the eighteen each is either in one of its own or in the one for questions."""
    own = {*_CONTRACTS, "notify_event"}
    hooks = {name for family in FAMILIES for name in vars(family) if hasattr(getattr(family, name), "stoa_policy")}
    for hook in hooks - own:
        assert odd_ones(hook), hook
    assert len(hooks) == 18


# -- events ------------------------------------------------------------------------------------------------------------

PAID = OrderPaid(order_id=7, number="1001", captured=100, currency="EUR")


class Diary:
    """It writes down which orders were paid."""

    def __init__(self, how: str) -> None:
        self.how, self.kept = how, list[object]()

    def told(self, delivery: Delivery) -> None:
        order_id = getattr(delivery.event, "order_id", 0)
        if self.how == "of all" and not order_id:
            raise KeyError("no order")
        is_there = order_id == 7 or self.how == "trusting"
        is_new = self.how == "twice" or order_id not in self.kept
        if isinstance(delivery.event, OrderPaid) and self.how != "silent" and is_there and is_new:
            self.kept.append(order_id)


@pytest.mark.once
@pytest.mark.parametrize(
    ("how", "broken"),
    [
        ("right", ""),
        ("silent", "test_what_it_is_told_has_an_effect"),
        ("twice", "test_told_again_it_does_nothing_twice"),
        ("of all", "test_every_kind_of_event_is_no_error_though_its_subject_is_gone"),
        ("trusting", "test_every_kind_of_event_is_no_error_though_its_subject_is_gone"),
    ],
)
def test_each_rule_about_events_finds_its_breaker(how: str, broken: str) -> None:
    found: dict[str, str] = {}
    for name in rules(EventContract):
        diary = Diary(how)
        given = {"told": diary.told, "effects": lambda diary=diary: list(diary.kept),
                 "deliveries": [Delivery(id="one", seq=1, at=clock.now(), attempt=1, event=PAID)]}  # fmt: skip
        alone = type("Alone", (EventContract,), dict.fromkeys(rules(EventContract) - {name}))
        found |= broken_rules(alone, **given)
    checked(found, broken, EventContract)
