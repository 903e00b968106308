"""Every rule of the contract for choosing locations refuses a plugin that breaks it, and lets a right one pass."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from core.catalogue.services.stock_sources import fewest_parcels
from core.hookspecs.fulfil import Source, Sourced
from core.testing.contracts import SourcingContract
from tests.core.testing.test_contracts import broken_rules

Needs = Mapping[int, int]
RULES = {name for name, _ in inspect.getmembers(SourcingContract, inspect.isfunction) if name.startswith("test_")}


def right(needs: Needs, sources: Sequence[Source], _address: Any) -> list[Sourced]:
    """Core's own rule, which must pass."""
    return [
        Sourced(variant_id=variant_id, location_id=at, quantity=n)
        for variant_id, parts in fewest_parcels(needs, sources, "GB").items()
        for at, n in parts.items()
    ]


def silent(*_: Any) -> None:
    """It has no plan even for its own sample."""


def generous(needs: Needs, sources: Sequence[Source], _address: Any) -> list[Sourced]:
    """It gives more than there is."""
    return [Sourced(variant_id=v, location_id=one.location_id, quantity=n) for v, n in needs.items() for one in sources]


def moody() -> Callable[..., list[Sourced]]:
    """It answers each time in another order of places."""
    asked: list[int] = []

    def answer(needs: Needs, sources: Sequence[Source], address: Any) -> list[Sourced]:
        asked.append(1)
        return right(needs, sources if len(asked) % 2 else tuple(reversed(sources))[:1], address)

    return answer


def inventive(needs: Needs, sources: Sequence[Source], address: Any) -> list[Sourced]:
    """It sends from places that nobody named."""
    return right(needs, sources, address) or [Sourced(variant_id=7, location_id=1, quantity=1)]


@pytest.mark.parametrize(
    ("choose", "broken"),
    [
        (right, set()),
        (silent, {"test_it_answers_its_own_sample"}),
        (generous, {"test_a_plan_is_whole_and_of_what_is_there"}),
        (moody(), {"test_the_same_question_has_the_same_answer"}),
        (inventive, {"test_nothing_to_choose_from_is_no_error"}),
    ],
    ids=["right", "silent", "generous", "moody", "inventive"],
)
def test_each_rule_finds_its_breaker(choose: Callable[..., Any], broken: set[str]) -> None:
    found = set(broken_rules(SourcingContract, choose=choose, locations=(1, 2)))
    assert found >= broken
    assert bool(found) == bool(broken)
    assert broken <= RULES
