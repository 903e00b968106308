"""The contract of who guards orders: pure answers with words of their own, about lines that are there, for any act."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence

import pytest
from msgspec.structs import replace

from core.hookspecs.checkout import Address, Problem
from core.hookspecs.order import ActKind, GuardedOrder, OrderAct
from core.lib.money import Money
from core.testing.contracts.fences import no_network, no_writes
from core.testing.contracts.samples import an_act, an_order, the_address

Guard = Callable[[GuardedOrder, OrderAct], Sequence[Problem]]
Sample = tuple[GuardedOrder, OrderAct]


class GuardContract:
    """Subclass it in the plugin's tests and give `guard`, the hook `order_problems` bound to a site, and the samples.

    `refused` are orders with acts that the plugin refuses, `allowed` those that it lets pass.
    """

    @pytest.fixture
    def guard(self) -> Guard:
        raise NotImplementedError("give what answers order_problems")

    @pytest.fixture
    def refused(self) -> Sequence[Sample]:
        raise NotImplementedError("give at least one order and act that it refuses")

    @pytest.fixture
    def allowed(self) -> Sequence[Sample]:
        raise NotImplementedError("give at least one order and act that it lets pass")

    @pytest.fixture(autouse=True)
    def _fence(self, guard: Guard, refused: Sequence[Sample], allowed: Sequence[Sample]) -> Iterator[None]:
        del guard, refused, allowed  # made before the fence stands
        with no_writes(), no_network():
            yield

    def test_it_refuses_what_it_says_it_refuses(self, guard: Guard, refused: Sequence[Sample]) -> None:
        assert refused, "no sample: the other rules would prove nothing"
        for order, act in refused:
            assert list(guard(order, act)), f"it let {act.kind} pass"

    def test_it_lets_pass_what_it_says_it_allows(self, guard: Guard, allowed: Sequence[Sample]) -> None:
        assert allowed, "a guard that lets nothing pass stops the shop"
        for order, act in allowed:
            assert not list(guard(order, act)), f"it refuses {act.kind}"

    def test_refusals_have_words_and_lines_that_are_there(self, guard: Guard, refused: Sequence[Sample]) -> None:
        for order, act in (*refused, *odd_ones()):
            for problem in guard(order, act):
                assert isinstance(problem, Problem), f"an answer is a Problem, not {type(problem).__name__}"
                assert str(problem.message).strip(), "it refuses without a word"
                assert problem.code, "a problem without a code"
                known = {line.id for line in order.lines}
                assert problem.line_id is None or problem.line_id in known, "it speaks of a line that is not there"

    def test_the_same_question_has_the_same_answer(self, guard: Guard, refused: Sequence[Sample]) -> None:
        for order, act in (*refused, *odd_ones()):
            first, again = list(guard(order, act)), list(guard(order, act))
            assert first == again, "what was refused at the preview would pass at the click, or the other way round"

    def test_it_changes_nothing_it_was_given(self, guard: Guard, refused: Sequence[Sample]) -> None:
        for of, asked in refused:
            order, act = replace(of, extra={"other": {"answer": "yes"}}), replace(asked, lines=dict(asked.lines))
            before = copy.deepcopy((order, act))
            guard(order, act)
            assert (order, act) == before, "it changed the order or the act"

    def test_it_has_an_answer_to_every_act_on_any_order(self, guard: Guard, refused: Sequence[Sample]) -> None:
        for order, act in (*((order, act) for order, _ in refused for act in any_act()), *odd_ones()):
            assert isinstance(guard(order, act), Sequence), "it answers no list"


def any_act() -> list[OrderAct]:
    """Every kind of act, by everybody, with all that an act may say or without."""
    acts = [an_act(kind) for kind in ActKind]
    bare = [OrderAct(kind=kind, actor="guest") for kind in ActKind]
    full = [
        an_act(
            kind, actor="shopper:3", lines={1: 2, 99: 1}, adds={5: 1}, amount=Money(-700, "EUR"),
            address=the_address("FR"), order_id=8, case_id=4,
        )
        for kind in ActKind
    ]  # fmt: skip
    return [*acts, *bare, *full]


def odd_ones() -> list[Sample]:
    """Orders that a guard did not think of: nobody's, without an address, in yen, sent, cancelled, on hold."""
    usual = an_order()
    line = usual.lines[0]
    yen = Money(9000, "JPY")
    orders = (
        usual,
        replace(usual, lines=()),
        replace(usual, email="", address=None, billing=None, gateway="", codes=(), extra={}),
        replace(usual, address=Address(country="ZZ"), customer_id=5, extra={"x": {"y": None}}),
        replace(usual, currency="JPY", total=yen, captured=yen, refunded=yen, lines=(replace(line, total=yen),)),
        an_order(replace(line, waiting=0, picked=0, shipped=2)),
        an_order(replace(line, waiting=0, cancelled=2), status={}),
        replace(usual, holds=("rule", "staff", "somebody_elses")),
    )
    return [(order, act) for order in orders for act in any_act()]
