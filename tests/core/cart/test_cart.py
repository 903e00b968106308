"""A cart: found by its secret alone, bounded, and kept whatever happens."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from core.cart.services import (
    CartFull,
    CartGone,
    CartPlace,
    Details,
    NotForSale,
    add_to_cart,
    apply_code,
    claim_cart,
    find_cart,
    forget_old_carts,
    lines,
    localise_cart,
    remove_code,
    remove_line,
    save_details,
    set_quantity,
)
from core.cart.services.find import StoredCart
from core.hookspecs.checkout import Address
from core.kernel import db
from core.lib import clock
from core.lib.errors import NotFound, Refused
from tests.core.checkout.shop import LONDON, Shop


@pytest.fixture
def cup(shop: Shop) -> int:
    return shop.sell("cup", 1000, None)


@pytest.fixture
def pot(shop: Shop) -> int:
    return shop.sell("pot", 2000, None)


def seen(shop: Shop, token: str | None, **more: int) -> StoredCart:
    cart = find_cart(shop.site, token, **more)
    assert cart is not None
    return cart


def contents(shop: Shop, token: str | None, **more: int) -> dict[int, int]:
    return {line.variant_id: line.quantity for line in seen(shop, token, **more).lines}


# -- goods -------------------------------------------------------------------------------------------------------------


def test_the_same_thing_twice_is_one_line(shop: Shop, cup: int) -> None:
    token = add_to_cart(shop.site, None, cup, 2)
    assert add_to_cart(shop.site, token, cup, 3) == token
    assert contents(shop, token) == {cup: 5}


@pytest.mark.parametrize("quantity", [0, -1, 1000, 10**9])
def test_quantities_are_bounded(shop: Shop, cup: int, quantity: int) -> None:
    with pytest.raises(CartFull):
        add_to_cart(shop.site, None, cup, quantity)
    token = add_to_cart(shop.site, None, cup, 998)
    add_to_cart(shop.site, token, cup, 998)
    assert contents(shop, token) == {cup: 999}


@given(quantity=st.integers(-(10**12), 10**12))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_quantity_leads_out_of_bounds(shop: Shop, quantity: int) -> None:
    cup = int(db.value("SELECT id FROM variant LIMIT 1") or shop.sell("cup", 1000, None))
    token = add_to_cart(shop.site, None, cup, 5)
    line = seen(shop, token).lines[0].id
    try:
        set_quantity(shop.site, token, line, quantity)
    except Refused:
        assert not 0 <= quantity <= 999
    assert all(1 <= one <= 999 for one in contents(shop, token).values())


def test_a_cart_takes_two_hundred_different_things(
    shop: Shop, cup: int, pot: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "CART_LINES", 1)
    token = add_to_cart(shop.site, None, cup)
    with pytest.raises(CartFull):
        add_to_cart(shop.site, token, pot)
    add_to_cart(shop.site, token, cup)
    assert contents(shop, token) == {cup: 2}


def test_what_is_taken_out_can_be_put_back(shop: Shop, cup: int, pot: int) -> None:
    token = add_to_cart(shop.site, None, cup, 3)
    add_to_cart(shop.site, token, pot)
    gone = remove_line(shop.site, token, seen(shop, token).lines[0].id)
    assert contents(shop, token) == {pot: 1}
    add_to_cart(shop.site, token, gone.variant_id, gone.quantity)
    assert contents(shop, token) == {pot: 1, cup: 3}


def test_zero_takes_a_line_out(shop: Shop, cup: int) -> None:
    token = add_to_cart(shop.site, None, cup, 3)
    assert set_quantity(shop.site, token, seen(shop, token).lines[0].id, 0) == 3
    assert contents(shop, token) == {}


def test_what_is_not_sold_here_cannot_be_added(shop: Shop, cup: int) -> None:
    for site, variant in ((shop.site, 999_999), (replace(shop.site, id=999), cup)):
        with pytest.raises(NotForSale):
            add_to_cart(site, None, variant)
    with pytest.raises(NotForSale):
        add_to_cart(shop.site, None, cup, currency="JPY")


# -- whose -------------------------------------------------------------------------------------------------------------


def test_a_line_of_another_cart_cannot_be_touched(shop: Shop, cup: int) -> None:
    mine, theirs = add_to_cart(shop.site, None, cup, 1), add_to_cart(shop.site, None, cup, 7)
    line = seen(shop, theirs).lines[0].id
    with pytest.raises(NotFound):
        set_quantity(shop.site, mine, line, 99)
    with pytest.raises(NotFound):
        remove_line(shop.site, mine, line)
    assert contents(shop, theirs) == {cup: 7}


def test_a_line_looked_up_without_its_cart_is_found(shop: Shop, cup: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: the statements forget whose line it is."""
    value, one, execute = db.value, db.one, db.execute
    for name, act in (("value", value), ("one", one), ("execute", execute)):

        def forgetful(sql: str, *params: object, act: object = act) -> object:
            if "cart_line WHERE id = ? AND cart_id = ?" in sql or "quantity = ? WHERE id = ? AND cart_id" in sql:
                sql, params = sql.replace(" AND cart_id = ?", ""), params[:-1]
            return act(sql, *params)  # type: ignore[operator]

        monkeypatch.setattr(lines.db, name, forgetful)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        test_a_line_of_another_cart_cannot_be_touched(shop, cup)


def test_a_token_opens_no_cart_on_another_site(shop: Shop, cup: int) -> None:
    token = add_to_cart(shop.site, None, cup)
    elsewhere = replace(shop.site, id=999)
    assert find_cart(elsewhere, token) is None
    with pytest.raises(CartGone):
        apply_code(elsewhere, token, "SALE")


def test_a_token_that_somebody_planted_is_not_taken_over(shop: Shop, cup: int) -> None:
    assert add_to_cart(shop.site, "planted", cup) != "planted"
    assert find_cart(shop.site, "planted") is None


def test_the_table_holds_no_token(shop: Shop, cup: int) -> None:
    token = add_to_cart(shop.site, None, cup)
    assert token not in str(db.rows("SELECT * FROM carts"))


# -- details -----------------------------------------------------------------------------------------------------------


def test_answers_are_kept_right_or_wrong(shop: Shop, cup: int) -> None:
    token = add_to_cart(shop.site, None, cup)
    details = Details(
        email="not an address", address=LONDON, billing=Address(country="DE"), carrier="post", service="express",
        gateway="cash",
        note="Zweimal klingeln 请按两次", extra={"gifts": {"wrap": "yes"}},
        places=(CartPlace(address=Address(country="FR"), carrier="post", service="slow", units={cup: 1}),),
    )  # fmt: skip
    save_details(shop.site, token, details)
    cart = seen(shop, token)
    assert all(getattr(cart, name) == getattr(details, name) for name in Details.__slots__)
    save_details(shop.site, token, replace(details, places=None))
    assert seen(shop, token).places == details.places


def test_codes_are_compared_without_case_or_blanks(shop: Shop, cup: int) -> None:
    token = add_to_cart(shop.site, None, cup)
    assert {apply_code(shop.site, token, code) for code in (" sale 10 ", "SALE  10", "Sale 10")} == {"SALE 10"}
    assert seen(shop, token).codes == ("SALE 10",)
    remove_code(shop.site, token, "sale 10")
    assert seen(shop, token).codes == ()


def test_codes_are_bounded(shop: Shop, cup: int) -> None:
    token = add_to_cart(shop.site, None, cup)
    for bad in ("", "   ", "x" * 65):
        with pytest.raises(Refused):
            apply_code(shop.site, token, bad)
    for number in range(10):
        apply_code(shop.site, token, f"C{number}")
    with pytest.raises(Refused):
        apply_code(shop.site, token, "C10")


# -- login -------------------------------------------------------------------------------------------------------------


def test_at_login_the_carts_become_one(shop: Shop, cup: int, pot: int) -> None:
    old = add_to_cart(shop.site, None, cup, 2)
    assert claim_cart(shop.site, old, 7) == old
    add_to_cart(shop.site, old, pot, 1)
    new = add_to_cart(shop.site, None, cup, 5)
    assert claim_cart(shop.site, new, 7) == new
    assert contents(shop, new) == {cup: 5, pot: 1}
    assert find_cart(shop.site, old) is None
    assert contents(shop, None, shopper_id=7) == {cup: 5, pot: 1}


def test_a_shopper_finds_the_cart_of_another_device(shop: Shop, cup: int) -> None:
    claim_cart(shop.site, add_to_cart(shop.site, None, cup), 7)
    token = claim_cart(shop.site, None, 7)
    assert contents(shop, token) == {cup: 1}
    assert claim_cart(shop.site, None, 8) is None


def test_another_shoppers_cart_is_not_claimed_on_another_site(shop: Shop, cup: int) -> None:
    claim_cart(shop.site, add_to_cart(shop.site, None, cup), 7)
    assert claim_cart(replace(shop.site, id=999), None, 7) is None


# -- time --------------------------------------------------------------------------------------------------------------


def test_old_carts_are_forgotten_and_ordered_ones_kept(shop: Shop, cup: int) -> None:
    old, ordered = add_to_cart(shop.site, None, cup), shop.fill_cart((cup, 1))
    shop.place(ordered)
    with clock.freeze(clock.now() + timedelta(days=61)):
        fresh = add_to_cart(shop.site, None, cup)
        assert forget_old_carts() == 1
    assert find_cart(shop.site, old) is None
    assert find_cart(shop.site, fresh) is not None
    assert find_cart(shop.site, ordered, ordered=True) is not None


def test_a_cart_follows_the_language_that_is_spoken(shop: Shop, cup: int) -> None:
    token = add_to_cart(shop.site, None, cup)
    localise_cart(shop.site, token, currency="EUR", language="zh-CN")
    assert seen(shop, token).language == "zh-CN"
    with pytest.raises(NotForSale):
        localise_cart(shop.site, token, currency="JPY", language="en")
    add_to_cart(shop.site, token, cup, language="en")
    assert (seen(shop, token).language, seen(shop, token).currency) == ("en", "EUR")


def test_adding_costs_few_statements(shop: Shop, cup: int) -> None:
    token = add_to_cart(shop.site, None, cup)
    with db.counted() as statements:
        add_to_cart(shop.site, token, cup)
    assert len(statements) <= 4, statements
