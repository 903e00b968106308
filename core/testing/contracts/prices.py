"""The contract of who lowers prices: many at once by as few statements as one, and the same each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest
from msgspec.structs import replace

from core.hookspecs.promote import PriceQuery, PromotedPrice
from core.kernel import db
from core.lib import clock
from core.lib.money import Money
from core.testing.contracts.fences import no_network, no_writes

Ask = Callable[[Sequence[PriceQuery]], Mapping[PriceQuery, PromotedPrice]]


class PriceContract:
    """Subclass it in the plugin's tests and give `prices`, the hook `promote_prices` bound to a site, and `lowered`.

    `lowered` are questions that it answers with less than the list price.
    """

    @pytest.fixture
    def prices(self) -> Ask:
        raise NotImplementedError("give what answers promote_prices")

    @pytest.fixture
    def lowered(self) -> Sequence[PriceQuery]:
        raise NotImplementedError("give at least one question that it answers with less")

    @pytest.fixture(autouse=True)
    def _fence(self, prices: Ask, lowered: Sequence[PriceQuery]) -> Iterator[None]:
        del prices, lowered  # made before the fence stands
        with no_writes(), no_network():
            yield

    def test_what_it_lowers_costs_less(self, prices: Ask, lowered: Sequence[PriceQuery]) -> None:
        assert lowered, "no sample: the other rules would prove nothing"
        found = prices(lowered)
        for query in lowered:
            assert query in found, "it has no answer"
            assert found[query].amount.amount < query.list_price.amount, "it lowers nothing"

    def test_answers_are_prices_of_what_was_asked(self, prices: Ask, lowered: Sequence[PriceQuery]) -> None:
        asked = [*lowered, *odd_ones(lowered)]
        for query, price in prices(asked).items():
            assert query in asked, "it answers what nobody asked"
            assert price.amount.currency == query.list_price.currency, "a price in another currency"
            assert price.amount.amount >= 0, "a price below zero"
            assert price.until is None or price.until > clock.now(), "it holds until an instant that is over"

    def test_many_are_answered_like_one(self, prices: Ask, lowered: Sequence[PriceQuery]) -> None:
        asked = [*lowered, *odd_ones(lowered)]
        together = prices(asked)
        for query in asked:
            assert prices([query]).get(query) == together.get(query), "a card would show another price than the cart"

    def test_many_cost_no_more_statements_than_a_few(self, prices: Ask, lowered: Sequence[PriceQuery]) -> None:
        many = [replace(lowered[0], quantity=n, variant_id=lowered[0].variant_id + n) for n in range(1, 60)]
        with db.counted() as few:
            prices(lowered[:1])
        with db.counted() as all_of_them:
            prices(many)
        assert len(all_of_them) <= len(few) + 1, f"{len(all_of_them)} statements for {len(many)} prices"

    def test_the_same_question_has_the_same_answer(self, prices: Ask, lowered: Sequence[PriceQuery]) -> None:
        asked = [*lowered, *odd_ones(lowered)]
        assert dict(prices(asked)) == dict(prices(asked))

    def test_nothing_asked_is_nothing_answered(self, prices: Ask) -> None:
        assert dict(prices([])) == {}


def odd_ones(lowered: Sequence[PriceQuery]) -> list[PriceQuery]:
    """Questions that one did not think of: of goods that are gone, for nothing, in yen, very many, of a customer."""
    usual = lowered[0]
    return [
        replace(usual, variant_id=2**31 - 1, product_id=2**31 - 1),
        replace(usual, list_price=Money.zero(usual.list_price.currency)),
        replace(usual, list_price=Money(1, usual.list_price.currency)),
        replace(usual, list_price=Money(9000, "JPY")),
        replace(usual, quantity=999),
        replace(usual, customer_id=5),
    ]
