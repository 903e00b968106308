"""What an order scores: the points of every sign that it shows, and of no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from core.api import ActKind as Kind
from core.api import Address, Money, OrderAct, Problem, Refused, replace
from core.testing.contracts import GuardContract, an_act, an_order
from plugins.risk import plugin
from plugins.risk.forms import Risk, amounts, limit
from plugins.risk.services.rules import Signs, assess
from plugins.risk.tests.conftest import OFF

BERLIN = Address(name="Mira K.", lines=("Lange Str. 1",), city="Berlin", postcode="10115", country="DE")
PARIS = Address(name="Mira K.", lines=("Rue Basse 2",), city="Paris", postcode="75002", country="FR")
XIAN = Address(name="李雷", lines=("长安街12号3单元",), city="西安", postcode="710000", country="CN")


def signs(amount: int = 1000, currency: str = "EUR", **more: Any) -> Signs:
    return Signs(goods=Money(amount, currency), **{"email": "mira@example.com", "address": BERLIN, **more})


def rules(**settings: Any) -> Risk:
    return Risk({**OFF, **settings})


@pytest.mark.once
@pytest.mark.parametrize(
    ("settings", "shown", "not_shown"),
    [
        ({"value_points": 7, "value_above": "EUR 500\nCNY 4000"}, signs(50001), signs(50000)),
        ({"value_points": 7, "value_above": "EUR 500\nCNY 4000"}, signs(400001, "CNY"), signs(50001, "GBP")),
        ({"first_points": 7, "first_above": "eur 100"}, signs(10001, is_first=True), signs(10001)),
        ({"first_points": 7, "first_above": "EUR 0"}, signs(1, is_first=True), signs(0, is_first=True)),
        ({"countries_points": 7}, signs(billing=PARIS), signs(billing=BERLIN)),
        ({"countries_points": 7}, signs(address=PARIS, billing=BERLIN), signs(address=None, billing=PARIS)),
        ({"units_points": 7, "units_above": 10}, signs(units={"A": 3, "B": 11}), signs(units={"A": 10, "B": 10})),
        ({"many_points": 7, "many_orders": 3}, signs(orders=3), signs(orders=2)),
        ({"declines_points": 7, "declines_from": 2}, signs(declines=2), signs(declines=1)),
        ({"email_points": 7, "emails": "a@b.c\n@mailinator.com"}, signs(email="A@B.c "), signs(email="xa@b.c")),
        ({"email_points": 7, "emails": "@mailinator.com\n"}, signs(email="x@MAILINATOR.com"), signs(email="")),
        ({"address_points": 7, "addresses": "Lange Str 1, 10115"}, signs(), signs(address=PARIS)),
        ({"address_points": 7, "addresses": "rue BASSE 2"}, signs(billing=PARIS), signs()),
        (
            {"address_points": 7, "addresses": "Rue Basse 22"},
            signs(address=replace(PARIS, lines=("Rue Basse 22",))),
            signs(address=PARIS),
        ),
        ({"address_points": 7, "addresses": "长安街12号"}, signs(address=XIAN), signs()),
        ({"address_points": 7, "addresses": "\n ,\n西安 12号 710000"}, signs(address=XIAN), signs()),
    ],
)
def test_a_sign_brings_its_points_and_is_not_seen_where_it_is_not(
    settings: dict[str, Any], shown: Signs, not_shown: Signs
) -> None:
    assert assess(rules(**settings), shown).score == 7
    assert assess(rules(**settings), not_shown).score == 0
    without = {name: 0 if name.endswith("_points") else value for name, value in settings.items()}
    assert assess(rules(**without), shown).reasons == ()


@pytest.mark.once
def test_the_points_of_all_signs_add_up_to_a_hundred_at_most() -> None:
    seen = signs(60000, units={"A": 12}, billing=PARIS, orders=5, declines=2)
    some = {"value_points": 13, "value_above": "EUR 500", "units_points": 17, "countries_points": 19}

    found = assess(rules(**some), seen)

    assert [(one.rule, one.points) for one in found.reasons] == [("large", 13), ("countries", 19), ("units", 17)]
    assert found.score == 13 + 17 + 19
    assert assess(rules(**some, many_points=50, declines_points=2), seen).score == 100


@pytest.mark.once
def test_amounts_are_read_as_people_write_them() -> None:
    assert amounts("EUR 500\n\n cny 4,000.50 \nJPY 90000") == {
        "EUR": Money(50000, "EUR"), "CNY": Money(400050, "CNY"), "JPY": Money(90000, "JPY"),
    }  # fmt: skip
    for line in ("500", "EUR", "EUR five", "EUR -3", "€ 500"):
        with pytest.raises(Refused, match="cannot be read"):
            amounts(f"EUR 500\n{line}")
    # What the merchant mistyped stops nobody's order.
    assert limit("EUR five", "EUR") is None
    assert limit("CNY x\nEUR 5", "EUR") == Money(500, "EUR")


@pytest.mark.once
class TestGuard(GuardContract):
    """What waits for its risk is kept back; what waits for something else is not our business."""

    @pytest.fixture
    def guard(self) -> Callable[..., Sequence[Problem]]:
        return plugin.order_problems

    @pytest.fixture
    def refused(self) -> list[tuple[Any, OrderAct]]:
        return [(an_order(holds=("rule", "risk")), an_act(kind)) for kind in (Kind.CAPTURE, Kind.PICK, Kind.SHIP)]

    @pytest.fixture
    def allowed(self) -> list[tuple[Any, OrderAct]]:
        free = [(an_order(holds=("rule", "staff")), an_act(kind)) for kind in Kind]
        return [
            *free,
            *((an_order(holds=("risk",)), an_act(kind)) for kind in (Kind.CANCEL, Kind.RELEASE, Kind.REFUND)),
        ]
