"""Coupons at the cart: what a code is good for, and why not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import time_machine

from core.api import (
    AmountOff,
    Cart,
    DeliveryOff,
    Money,
    NotFound,
    Offer,
    PercentOff,
    Rejected,
    Site,
    Unfit,
    replace,
    rows,
)
from core.testing.contracts import Case, PromotionContract, a_cart, a_line, a_site
from plugins.coupons import forms, services

SITE = a_site(timezone="Europe/Berlin")
USUAL = {"title": "Winter sale", "kind": "percent", "percent": "10", "code": "winter10"}


class Form(dict[str, Any]):
    """A form as it is posted: one name may have several values."""

    def getlist(self, name: str) -> list[str]:
        return list(self.get(name, []))


def save(site: Site = SITE, coupon_id: int | None = None, **said: Any) -> int:
    return services.save_coupon(site, forms.parse(Form({**USUAL, **said}), site), actor="staff:1", coupon_id=coupon_id)


def ask(*codes: str, cart: Cart | None = None, site: Site = SITE) -> list[Offer | Rejected]:
    return services.answers(site, cart or a_cart(), codes or ("WINTER10",))


def granted(*codes: str, cart: Cart | None = None) -> Offer:
    (answer,) = ask(*codes, cart=cart)
    assert isinstance(answer, Offer)
    return answer


def reason(cart: Cart | None = None) -> str:
    (answer,) = ask(cart=cart)
    assert isinstance(answer, Rejected)
    return answer.reason


class TestContract(PromotionContract):
    @pytest.fixture
    def promote(self, tables: str) -> Any:
        return services.answers

    @pytest.fixture
    def cases(self, tables: str) -> Sequence[Case]:
        save()
        save(kind="fixed", amount_EUR="5", code="FIVE", total_limit="3", customer_limit="1", minimum_EUR="20")
        save(kind="delivery", code="SHIPFREE", alone="1")
        save(code="SCOPED", categories=["1"])
        codes = ("WINTER10", "FIVE", "SHIPFREE", "SCOPED")
        return [*(Case(cart=a_cart(), codes=(code,)) for code in codes), Case(cart=a_cart(), codes=codes)]


@pytest.mark.usefixtures("tables")
class TestAnswers:
    def test_a_percentage(self) -> None:
        save(percent="12,5")
        offer = granted()
        assert offer.benefit == PercentOff(basis_points=1250)
        assert (offer.title, offer.code, offer.claims) == ("Winter sale", "WINTER10", ())

    def test_a_fixed_sum(self) -> None:
        save(kind="fixed", amount_EUR="5")
        assert granted().benefit == AmountOff(amount=Money(500, "EUR"))

    def test_free_delivery(self) -> None:
        save(kind="delivery")
        assert granted().benefit == DeliveryOff()

    def test_a_code_is_known_however_it_is_written(self) -> None:
        save()
        assert granted("winter10").code == "winter10"

    def test_an_unknown_code_is_left_to_others(self) -> None:
        save()
        assert ask("SOMETHING") == []

    def test_another_sites_code_is_unknown(self) -> None:
        save()
        assert ask(site=a_site(id=2)) == []

    def test_a_fixed_sum_in_another_currency_says_so(self) -> None:
        save(kind="fixed", amount_EUR="5")
        assert reason(a_cart(a_line(currency="USD"))) == "Not for orders in USD."

    def test_a_minimum_is_named(self) -> None:
        save(minimum_EUR="50.01")
        assert reason() == "For orders from €50.01."
        save(code="OTHER", minimum_EUR="50")
        assert isinstance(ask("OTHER")[0], Offer)

    def test_it_takes_off_only_its_goods(self) -> None:
        save(categories=["2"])
        assert granted().benefit == PercentOff(basis_points=1000, line_ids=frozenset({2}))
        assert reason(a_cart(a_line(9))) == "For other goods than those in the cart."

    def test_switched_off_it_is_refused_and_switched_on_granted_again(self) -> None:
        coupon_id = save()
        services.switch(SITE, coupon_id, on=False, actor="staff:1")
        assert reason() == "This code is no longer valid."
        services.switch(SITE, coupon_id, on=True, actor="staff:1")
        assert granted()

    @pytest.mark.parametrize(
        ("at", "said"),
        [
            ("2026-11-30T22:59:59Z", "Starts on 1 December 2026."),
            ("2026-11-30T23:00:00Z", ""),
            ("2026-12-31T22:59:59Z", ""),
            ("2026-12-31T23:00:00Z", "Ended on 31 December 2026."),
        ],
    )
    def test_its_days_are_days_of_the_site(self, at: str, said: str) -> None:
        save(starts="2026-12-01", ends="2026-12-31")
        with time_machine.travel(at, tick=False):
            (answer,) = ask()
        assert (answer.reason if isinstance(answer, Rejected) else "") == said

    def test_two_codes_of_one_coupon_are_one_offer(self) -> None:
        coupon_id = save(code="")
        services.make_codes(SITE, coupon_id, 2, "", actor="staff:1")
        first, second = ask(*services.codes_of(SITE, services.find_coupon(SITE, coupon_id), once=True))
        assert isinstance(first, Offer)
        assert isinstance(second, Rejected)

    def test_alone_it_excludes_other_offers(self) -> None:
        save(alone="1")
        assert granted().exclusive


@pytest.mark.usefixtures("tables")
class TestLimits:
    def test_a_total_limit_is_one_counter(self) -> None:
        coupon_id = save(total_limit="100")
        assert [(claim.key, claim.limit) for claim in granted().claims] == [(f"coupon-{coupon_id}", 100)]

    def test_a_shopper_is_counted_by_mail_address_and_account(self) -> None:
        save(customer_limit="1")
        guest = granted(cart=a_cart(email="Mira@Example.com "))
        assert [claim.key for claim in guest.claims] == [
            claim.key for claim in granted(cart=a_cart(email="mira@example.com")).claims
        ]
        both = granted(cart=a_cart(customer_id=5))
        assert len(both.claims) == 2
        assert "mira" not in str(both.claims)

    def test_a_one_use_code_is_a_counter_of_one(self) -> None:
        coupon_id = save(code="")
        services.make_codes(SITE, coupon_id, 3, "VIP-", actor="staff:1")
        codes = services.codes_of(SITE, services.find_coupon(SITE, coupon_id), once=True)
        assert len(set(codes)) == 3
        claims = [granted(code).claims for code in codes]
        assert {claim.limit for (claim,) in claims} == {1}
        assert len({claim.key for (claim,) in claims}) == 3


@pytest.mark.usefixtures("tables")
class TestEditing:
    def test_a_code_belongs_to_one_coupon_of_a_site(self) -> None:
        first = save()
        with pytest.raises(services.CodeTaken):
            save(title="Another")
        assert [row.coupon.id for row in services.listed(SITE)] == [first]
        save(a_site(id=2))

    def test_changing_the_code_leaves_one_use_codes(self) -> None:
        coupon_id = save()
        services.make_codes(SITE, coupon_id, 2, "", actor="staff:1")
        save(coupon_id=coupon_id, code="winter20", percent="20")
        assert ask("WINTER10") == []
        assert granted("WINTER20").benefit == PercentOff(basis_points=2000)
        (row,) = services.listed(SITE)
        assert (row.code, row.once, row.uses) == ("WINTER20", 2, 0)

    def test_an_unknown_sku_is_named(self) -> None:
        with pytest.raises(Unfit) as refusal:
            save(skus="NO-SUCH-THING")
        assert "NO-SUCH-THING" in refusal.value.errors["skus"]

    def test_another_sites_coupon_is_out_of_reach(self) -> None:
        coupon_id = save()
        other = a_site(id=2)
        for act in (
            lambda: services.find_coupon(other, coupon_id),
            lambda: services.switch(other, coupon_id, on=False, actor="staff:1"),
            lambda: services.make_codes(other, coupon_id, 1, "", actor="staff:1"),
            lambda: save(other, coupon_id=coupon_id),
        ):
            with pytest.raises(NotFound):
                act()

    def test_every_change_stands_in_the_activity_log(self) -> None:
        coupon_id = save()
        save(coupon_id=coupon_id, percent="15")
        services.switch(SITE, coupon_id, on=False, actor="staff:1")
        verbs = [
            verb for (verb,) in rows("SELECT verb FROM activity WHERE object = ? ORDER BY id", f"coupon:{coupon_id}")
        ]
        assert verbs == ["coupons.saved", "coupons.saved", "coupons.switched"]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"title": ""}, "title"),
        ({"percent": "0"}, "percent"),
        ({"percent": "100.01"}, "percent"),
        ({"percent": "ten"}, "percent"),
        ({"kind": "fixed"}, "amount_EUR"),
        ({"kind": "fixed", "amount_EUR": "-5"}, "amount_EUR"),
        ({"minimum_EUR": "much"}, "minimum_EUR"),
        ({"starts": "tomorrow"}, "starts"),
        ({"ends": "9999-12-31"}, "ends"),
        ({"starts": "2026-12-02", "ends": "2026-12-01"}, "ends"),
        ({"total_limit": "0"}, "total_limit"),
        ({"customer_limit": "often"}, "customer_limit"),
        ({"code": "A B"}, "code"),
        ({"code": "=CMD()"}, "code"),
    ],
)
def test_a_wrong_field_is_named(said: dict[str, str], field: str) -> None:
    with pytest.raises(Unfit) as refusal:
        forms.parse({**USUAL, **said}, SITE)
    assert list(refusal.value.errors) == [field]


def test_the_command_says_what_the_form_says() -> None:
    words = "--site shop.localhost --code five --amount EUR=5 --minimum EUR=20 --uses 100 --uses-each 1"
    said = forms.arguments(words.split())
    assert said.pop("site") == "shop.localhost"
    wanted = forms.parse(said, SITE)
    assert (wanted.kind, wanted.amounts, wanted.minimums) == ("fixed", {"EUR": 500}, {"EUR": 2000})
    assert (wanted.title, wanted.code, wanted.total_limit, wanted.customer_limit) == ("five", "FIVE", 100, 1)


def test_a_days_end_is_the_start_of_the_next() -> None:
    wanted = forms.parse({**USUAL, "ends": "2026-12-31"}, SITE)
    assert forms.day_of(wanted.ends, SITE, days=1) == "2026-12-31"
    assert replace(wanted).code == "WINTER10"
