"""The contract of whoever chooses where goods come from: a whole plan of what is there, or none; always the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest

from core.hookspecs.checkout import Address
from core.hookspecs.fulfil import Source, Sourced
from core.testing.contracts.fences import no_network, no_writes
from core.testing.contracts.samples import the_address

Choose = Callable[[Mapping[int, int], Sequence[Source], Address | None], Sequence[Sourced] | None]
World = tuple[Mapping[int, int], tuple[Source, ...]]

ODD_ADDRESSES = (None, Address(), Address(country="ZZ"), Address(country="gb", postcode="???", city="\x00"))


def a_source(location_id: int, free: Mapping[int, int], country: str = "GB", priority: int = 0) -> Source:
    """A location with what it could send."""
    return Source(location_id=location_id, country=country, priority=priority, free=free)


def worlds(locations: Sequence[int]) -> list[World]:
    """Needs and sources to be asked about: one place has all, only both together, too little, things not counted."""
    one, two = locations[0], locations[1]
    return [
        ({7: 2}, (a_source(one, {7: 5}), a_source(two, {7: 5}, "FR", 1))),
        ({7: 2, 8: 1}, (a_source(one, {7: 5}), a_source(two, {7: 1, 8: 4}, "DE", 1))),
        ({7: 6}, (a_source(one, {7: 4}), a_source(two, {7: 4}, "", 1))),
        ({7: 9}, (a_source(one, {7: 4}), a_source(two, {7: 4}))),
        ({7: 1, 99: 3}, (a_source(one, {7: 1}), a_source(two, {7: 1}))),
        ({7: 1}, (a_source(one, {7: 0}), a_source(two, {7: 3}))),
        ({7: 1}, (a_source(10_001, {7: 1}), a_source(10_002, {7: 1}))),
    ]


class SourcingContract:
    """Subclass it in the plugin's tests and give the fixture `choose`: the hook `fulfil_allocate`, bound to a site.

    `locations` are two that the plugin's rules know.
    """

    @pytest.fixture
    def choose(self) -> Choose:
        raise NotImplementedError("give what answers fulfil_allocate")

    @pytest.fixture
    def locations(self) -> Sequence[int]:
        return (1, 2)

    @pytest.fixture(autouse=True)
    def _fence(self, choose: Choose, locations: Sequence[int]) -> Iterator[None]:
        del choose, locations  # made before the fence stands
        with no_writes(), no_network():
            yield

    def test_it_answers_its_own_sample(self, choose: Choose, locations: Sequence[int]) -> None:
        needs, sources = worlds(locations)[0]
        assert choose(needs, sources, the_address()), "no plan where each of its locations has everything"

    def test_a_plan_is_whole_and_of_what_is_there(self, choose: Choose, locations: Sequence[int]) -> None:
        for needs, sources in worlds(locations):
            for address in (the_address(), *ODD_ADDRESSES):
                check_plan(choose(needs, sources, address), needs, sources)

    def test_the_same_question_has_the_same_answer(self, choose: Choose, locations: Sequence[int]) -> None:
        for needs, sources in worlds(locations):
            first, again = (choose(dict(needs), sources, the_address()) for _time in range(2))
            assert list(first or ()) == list(again or ()), "it answered the same question in two ways"

    def test_nothing_to_choose_from_is_no_error(self, choose: Choose) -> None:
        assert not choose({7: 1}, (), the_address()), "it chose from nothing"


def check_plan(plan: Sequence[Sourced] | None, needs: Mapping[int, int], sources: Sequence[Source]) -> None:
    """Nothing, or all that is needed of every counted variant, each part above zero and there."""
    if not plan:
        return
    free = {(one.location_id, variant_id): pieces for one in sources for variant_id, pieces in one.free.items()}
    summed: dict[int, int] = {}
    places = [(part.location_id, part.variant_id) for part in plan]
    assert len(set(places)) == len(places), "two parts of one variant at one location"
    for part in plan:
        assert 0 < part.quantity <= free.get((part.location_id, part.variant_id), 0), f"{part} is not there"
        summed[part.variant_id] = summed.get(part.variant_id, 0) + part.quantity
    counted = {variant_id: n for variant_id, n in needs.items() if any(variant_id in one.free for one in sources)}
    assert summed == counted, f"the plan gives {summed} of {counted}"
