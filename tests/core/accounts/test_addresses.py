"""The addresses a shopper keeps are theirs alone."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import pytest

from core.accounts import services as accounts
from core.accounts.models import Shopper, ShopperAddress
from core.hookspecs.site import Site
from core.kernel import jobs
from core.lib import clock
from core.lib.errors import NotFound, Unfit

from .conftest import register

LONDON = {"name": "Ines Almeida", "line1": "12 Halden Street", "city": "London", "postcode": "e1 6an", "country": "gb"}


def test_the_first_address_is_the_main_one_and_another_can_become_it(ines: Shopper) -> None:
    first = accounts.save_address(ines, LONDON)
    second = accounts.save_address(ines, {**LONDON, "line1": "1 High Street"})
    assert (first.main, second.main) == (True, False)
    assert first.data["postcode"] == "E1 6AN"
    accounts.save_address(ines, {**LONDON, "line1": "2 High Street"}, address_id=second.id, main=True)
    assert [kept.data["line1"] for kept in accounts.addresses_of(ines)] == ["2 High Street", "12 Halden Street"]
    accounts.remove_address(ines, second.id)
    assert [kept.main for kept in accounts.addresses_of(ines)] == [True]


def test_a_wrong_address_is_not_kept(ines: Shopper) -> None:
    with pytest.raises(Unfit) as unfit:
        accounts.save_address(ines, {**LONDON, "postcode": "12345"})
    assert list(unfit.value.errors) == ["postcode"]
    assert accounts.addresses_of(ines) == []


def test_somebody_elses_address_does_not_exist(site: Site, other_site: Site, ines: Shopper) -> None:
    mine = accounts.save_address(ines, LONDON)
    for stranger in (register(site, "tom@example.com"), register(other_site, "ines@example.com")):
        with pytest.raises(NotFound):
            accounts.get_address(stranger, mine.id)
        with pytest.raises(NotFound):
            accounts.save_address(stranger, LONDON, address_id=mine.id)
        with pytest.raises(NotFound):
            accounts.remove_address(stranger, mine.id)
    accounts.remove_address(ines, mine.id)
    for stranger in (register(site, "ada@example.com"), register(other_site, "ada@example.com")):
        with pytest.raises(accounts.AddressGone):
            accounts.restore_address(stranger, mine.id)
    assert accounts.addresses_of(ines) == []


def test_the_list_has_an_end(ines: Shopper) -> None:
    for _ in range(30):
        accounts.save_address(ines, LONDON)
    with pytest.raises(accounts.BookFull):
        accounts.save_address(ines, LONDON)


# -- brought back ------------------------------------------------------------------------------------------------------


@pytest.fixture
def book(ines: Shopper) -> list[int]:
    """Three kept addresses; the first is delivered to and gets the bills."""
    streets = ("1 High Street", "2 High Street", "3 High Street")
    return [accounts.save_address(ines, {**LONDON, "line1": one}, billing=one[0] == "1").id for one in streets]


def standing(shopper: Shopper) -> list[tuple[int, bool, bool]]:
    return [(kept.id, kept.main, kept.billing) for kept in accounts.addresses_of(shopper)]


def test_what_was_removed_comes_back_as_it_was(ines: Shopper, book: list[int]) -> None:
    before = standing(ines)
    accounts.remove_address(ines, book[0])
    with pytest.raises(NotFound):
        accounts.get_address(ines, book[0])
    assert standing(ines) == [(book[1], True, False), (book[2], False, False)]
    assert accounts.restore_address(ines, book[0]).data["line1"] == "1 High Street"
    assert standing(ines) == before


def test_removing_or_undoing_twice_is_doing_it_once(
    ines: Shopper, book: list[int], together: Callable[..., None]
) -> None:
    before = standing(ines)
    together(lambda: accounts.remove_address(ines, book[0]), 3)
    assert standing(ines) == [(book[1], True, False), (book[2], False, False)]
    together(lambda: accounts.restore_address(ines, book[0]), 3)
    assert standing(ines) == before


def test_what_was_chosen_since_stays_chosen(ines: Shopper, book: list[int]) -> None:
    accounts.remove_address(ines, book[0])
    accounts.save_address(ines, LONDON, address_id=book[2], main=True, billing=True)
    accounts.restore_address(ines, book[0])
    assert standing(ines) == [(book[2], True, True), (book[0], False, False), (book[1], False, False)]


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_all_that_was_removed_comes_back_as_it_was_in_any_order(
    ines: Shopper, book: list[int], order: tuple[int, ...]
) -> None:
    before = standing(ines)
    for one in book:
        accounts.remove_address(ines, one)
    assert standing(ines) == []
    for number in order:
        accounts.restore_address(ines, book[number])
        assert [kept.main for kept in accounts.addresses_of(ines)].count(True) == 1
    assert standing(ines) == before


def test_a_full_book_takes_nothing_back(ines: Shopper, book: list[int]) -> None:
    accounts.remove_address(ines, book[0])
    for _ in range(28):
        accounts.save_address(ines, LONDON)
    with pytest.raises(accounts.BookFull):
        accounts.restore_address(ines, book[0])
    accounts.remove_address(ines, book[1])
    assert accounts.restore_address(ines, book[0]).main


def test_whoever_removes_all_day_leaves_no_more_behind_than_a_book_holds(ines: Shopper) -> None:
    ids = [accounts.save_address(ines, LONDON).id for _ in range(5)]
    for _ in range(8):
        for one in ids:
            accounts.remove_address(ines, one)
        ids = [accounts.save_address(ines, LONDON).id for _ in range(5)]
    assert ShopperAddress.select().where(ShopperAddress.removed_at.is_null(is_null=False)).count() == 30


def test_after_a_day_an_address_is_gone_for_good(ines: Shopper, book: list[int]) -> None:
    with clock.freeze(clock.now()) as time:
        accounts.remove_address(ines, book[0])
        for hours, left in ((23, 3), (2, 2)):
            time.move(hours=hours)
            jobs.run_due()
            assert ShopperAddress.select().count() == left
    with pytest.raises(accounts.AddressGone):
        accounts.restore_address(ines, book[0])
