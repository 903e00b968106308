"""Every rule of the contract for guarding orders refuses a plugin that breaks it, and lets a right one pass."""

from __future__ import annotations

import inspect
import socket
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from core.hookspecs.checkout import Problem
from core.hookspecs.order import ActKind, GuardedOrder, OrderAct
from core.kernel import db
from core.testing.contracts import GuardContract, an_act, an_order
from tests.core.testing.test_contracts import broken_rules

RULES = {name for name, _ in inspect.getmembers(GuardContract, inspect.isfunction) if name.startswith("test_")}
REFUSED = [(an_order(), an_act(ActKind.SHIP))]
ALLOWED = [(an_order(), an_act(ActKind.CANCEL))]


def right(order: GuardedOrder, act: OrderAct) -> list[Problem]:
    """It refuses to send what is not in hand."""
    return [
        Problem(message="Pick it first.", code="not_picked", line_id=line.id)
        for line in order.lines
        if act.kind is ActKind.SHIP and line.waiting and not line.picked
    ]


def silent(_order: GuardedOrder, _act: OrderAct) -> list[Problem]:
    """It lets pass what it says it refuses."""
    return []


def stubborn(_order: GuardedOrder, _act: OrderAct) -> list[Problem]:
    """It refuses everything."""
    return [Problem(message="No.", code="no")]


def wordless(order: GuardedOrder, act: OrderAct) -> list[Problem]:
    """It refuses without a word."""
    return [Problem(message=" ", code=one.code) for one in right(order, act)]


def elsewhere(order: GuardedOrder, act: OrderAct) -> list[Problem]:
    """It speaks of a line that is not there."""
    return [Problem(message=one.message, code=one.code, line_id=404) for one in right(order, act)]


def moody() -> Callable[..., list[Problem]]:
    """It refuses every second time."""
    asked: list[int] = []

    def answer(order: GuardedOrder, act: OrderAct) -> list[Problem]:
        asked.append(1)
        return right(order, act)[: len(asked) % 2] if act.kind is ActKind.SHIP else []

    return answer


def meddling(order: GuardedOrder, act: OrderAct) -> list[Problem]:
    """It takes units out of the act."""
    act.lines.clear()  # type: ignore[attr-defined]
    return right(order, act)


def forgetful(order: GuardedOrder, act: OrderAct) -> list[Problem]:
    """It breaks where the act names no line."""
    return right(order, act) if act.lines[order.lines[0].id] else []


def writing(order: GuardedOrder, act: OrderAct) -> list[Problem]:
    """It keeps a note of what it was asked."""
    db.execute("UPDATE orders SET note = ? WHERE id = ?", act.kind, order.id)
    return right(order, act)


def curious(order: GuardedOrder, act: OrderAct) -> list[Problem]:
    """It asks a server."""
    with socket.socket() as probe:
        probe.connect_ex(("192.0.2.1", 80))
    return right(order, act)


@pytest.mark.once
@pytest.mark.parametrize(
    ("guard", "broken"),
    [
        (right, set()),
        (silent, {"test_it_refuses_what_it_says_it_refuses"}),
        (stubborn, {"test_it_lets_pass_what_it_says_it_allows"}),
        (wordless, {"test_refusals_have_words_and_lines_that_are_there"}),
        (elsewhere, {"test_refusals_have_words_and_lines_that_are_there"}),
        (moody(), {"test_the_same_question_has_the_same_answer"}),
        (meddling, {"test_it_changes_nothing_it_was_given"}),
        (forgetful, {"test_it_has_an_answer_to_every_act_on_any_order"}),
        (curious, RULES - {"test_it_lets_pass_what_it_says_it_allows"}),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_each_rule_finds_its_breaker(guard: Callable[..., Any], broken: set[str]) -> None:
    found = set(_broken(guard))
    assert found >= broken
    assert bool(found) == bool(broken)
    assert broken <= RULES


def test_a_guard_that_writes_is_found(app: Any) -> None:
    assert "test_it_refuses_what_it_says_it_refuses" in _broken(writing)


def _broken(guard: Callable[..., Any], refused: Sequence[Any] = REFUSED) -> dict[str, str]:
    return broken_rules(GuardContract, guard=guard, refused=refused, allowed=ALLOWED)
