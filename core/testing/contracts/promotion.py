"""The contract of a promotion: pure answers about this cart and these codes, that never give more than there is."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace

from core.hookspecs.checkout import Cart
from core.hookspecs.promote import AmountOff, DeliveryOff, Offer, PercentOff, Rejected
from core.hookspecs.site import Site
from core.lib.money import Money
from core.testing.contracts.fences import no_network, no_writes
from core.testing.contracts.samples import a_cart, a_line, a_site

Promote = Callable[[Site, Cart, Sequence[str]], Sequence[Offer | Rejected]]
FOREIGN = ("SOMEBODY-ELSES-CODE", "")


class Case(Struct, frozen=True, kw_only=True):
    """A cart and codes for which the plugin has something to say."""

    cart: Cart
    codes: tuple[str, ...] = ()


class PromotionContract:
    """Subclass it in the plugin's tests and give the fixtures `promote` (the plugin's `promote_offers`) and `cases`."""

    @pytest.fixture
    def promote(self) -> Promote:
        raise NotImplementedError("give the function that answers promote_offers, taking (site, cart, codes)")

    @pytest.fixture
    def cases(self) -> Sequence[Case]:
        raise NotImplementedError("give at least one Case for which it answers an Offer")

    @pytest.fixture
    def shop(self) -> Site:
        return a_site()

    @pytest.fixture(autouse=True)
    def _fence(self, promote: Promote, cases: Sequence[Case], shop: Site) -> Iterator[None]:
        del promote, cases, shop  # made before the fence stands
        with no_writes(), no_network():
            yield

    def test_it_offers_something(self, promote: Promote, cases: Sequence[Case], shop: Site) -> None:
        for case in cases:
            assert _offers(promote(shop, case.cart, case.codes)), (
                f"nothing for the codes {case.codes}: the other rules would prove nothing"
            )

    def test_asked_twice_it_answers_the_same(self, promote: Promote, cases: Sequence[Case], shop: Site) -> None:
        for case in cases:
            first, second = list(promote(shop, case.cart, case.codes)), list(promote(shop, case.cart, case.codes))
            assert first == second, "the total would change between looking and ordering"

    def test_it_changes_nothing_it_was_given(self, promote: Promote, cases: Sequence[Case], shop: Site) -> None:
        for case in cases:
            codes: list[str] = list(case.codes)
            cart = replace(case.cart, extra={"other": {"answer": "yes"}})
            before = copy.deepcopy(cart)
            promote(shop, cart, codes)
            assert codes == list(case.codes), "it changed the list of codes"
            assert cart == before, "it changed the cart"

    def test_it_says_nothing_of_codes_it_does_not_know(
        self, promote: Promote, cases: Sequence[Case], shop: Site
    ) -> None:
        for case in cases:
            for answer in promote(shop, case.cart, (*case.codes, *FOREIGN)):
                assert answer.code not in FOREIGN or (isinstance(answer, Offer) and not answer.code), (
                    "it judged another plugin's code"
                )

    def test_it_speaks_only_of_codes_that_were_given(self, promote: Promote, cases: Sequence[Case], shop: Site) -> None:
        for codes in ((), FOREIGN):
            for case in cases:
                for answer in promote(shop, case.cart, codes):
                    assert not answer.code, f"nobody typed {answer.code!r}"

    def test_its_offers_are_sound(self, promote: Promote, cases: Sequence[Case], shop: Site) -> None:
        for case in cases:
            for cart in _variations(case.cart):
                offers = _offers(promote(shop, cart, case.codes))
                for offer in offers:
                    _sound(offer, cart)
                keys = [offer.key for offer in offers]
                assert len(set(keys)) == len(keys), "two offers under one key"

    def test_refusals_have_reasons(self, promote: Promote, cases: Sequence[Case], shop: Site) -> None:
        for case in cases:
            for cart in _variations(case.cart):
                for answer in promote(shop, cart, case.codes):
                    if isinstance(answer, Rejected):
                        assert answer.reason.strip(), f"{answer.code} is refused without a reason"

    def test_no_cart_becomes_cheaper_than_free(self, promote: Promote, cases: Sequence[Case], shop: Site) -> None:
        from core.checkout.services.offers import Candidate
        from core.checkout.services.quote import ChosenRate, discounted, quote

        for case in cases:
            for cart in _variations(case.cart):
                rate = ChosenRate(carrier="post", service="standard", title="Post", amount=Money(490, cart.currency))
                candidates = [
                    Candidate(plugin="tested", offer=offer) for offer in _offers(promote(shop, cart, case.codes))
                ]
                result = quote(discounted(cart, candidates, rate), None, prices_include_tax=True)
                assert result.total.amount >= 0
                assert all(line.total.amount >= 0 for line in result.lines)


def _offers(answers: Sequence[Offer | Rejected]) -> list[Offer]:
    for answer in answers:
        assert isinstance(answer, Offer | Rejected), f"an answer is an Offer or Rejected, not {type(answer).__name__}"
    return [answer for answer in answers if isinstance(answer, Offer)]


def _variations(cart: Cart) -> Sequence[Cart]:
    """The cart, and others that a shopper could come with."""
    currency = cart.currency
    free = a_cart(a_line(901, 0, currency=currency))
    small = a_cart(a_line(902, 1, currency=currency))
    foreign = a_cart(a_line(903, 700, currency="JPY"))
    guest = replace(cart, email="", customer_id=None, address=None)
    known = replace(cart, customer_id=5)
    many = a_cart(*(a_line(1000 + i, 999, 3, currency) for i in range(50)))
    return cart, free, small, foreign, guest, known, many


def _sound(offer: Offer, cart: Cart) -> None:
    from core.checkout.services.offers import fault

    assert offer.key, "key is empty"
    assert offer.title, "title is empty: the shopper would not know what was taken off"
    _sound_benefit(offer.benefit, cart)
    wrong = fault(offer, cart.currency, frozenset(line.id for line in cart.lines))
    assert not wrong, f"core could not apply it: {wrong}"
    for claim in offer.claims:
        assert claim.key, "a claim without a key"
        assert 0 < claim.amount <= claim.limit, f"a claim of {claim.amount} from {claim.limit}"


def _sound_benefit(benefit: Any, cart: Cart) -> None:
    if isinstance(benefit, PercentOff | DeliveryOff):
        assert 0 < benefit.basis_points <= 10_000, f"{benefit.basis_points} hundredths of a percent"
    if isinstance(benefit, AmountOff):
        assert benefit.amount.amount > 0, "it grants less than nothing"
        assert benefit.amount.currency == cart.currency, "an amount in another currency"
    if isinstance(benefit, PercentOff | AmountOff) and benefit.line_ids is not None:
        assert benefit.line_ids <= {line.id for line in cart.lines}, "lines that are not in the cart"
