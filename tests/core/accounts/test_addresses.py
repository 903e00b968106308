"""The addresses a shopper keeps are theirs alone."""

from __future__ import annotations

import pytest

from core.accounts import services as accounts
from core.accounts.models import Shopper
from core.hookspecs.site import Site
from core.lib.errors import NotFound, Refused, Unfit

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


def test_the_list_has_an_end(ines: Shopper) -> None:
    for _ in range(30):
        accounts.save_address(ines, LONDON)
    with pytest.raises(Refused):
        accounts.save_address(ines, LONDON)
