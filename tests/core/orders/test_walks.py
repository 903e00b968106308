"""Random lives of orders: whatever happens in whatever order, pieces, money and statuses add up."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.orders.services import case as desk
from core.orders.services import change, change_effect, exchange, status
from core.orders.services.part_shapes import OrderLineView
from tests.core.checkout.shop import Shop
from tests.core.orders.walk import ACTS, Act, Numbers, digest, go

_NUMBER = st.integers(0, 2**16)
STEPS = st.lists(st.tuples(_NUMBER, _NUMBER, _NUMBER, _NUMBER), min_size=4, max_size=25)
_QUIET = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large)


# Shrinking a walk takes minutes, since every step commits; the steps that failed are printed as they are.
_PHASES = (Phase.explicit, Phase.reuse, Phase.generate)


def seeded(seed: int, length: int = 40) -> list[Numbers]:
    """The same steps everywhere."""
    dice = random.Random(seed)
    return [
        (dice.randrange(2**16), dice.randrange(2**16), dice.randrange(2**16), dice.randrange(2**16))
        for _ in range(length)
    ]


@settings(max_examples=10, suppress_health_check=_QUIET, phases=_PHASES)
@given(steps=STEPS, spread=st.booleans())
def test_whatever_happens_to_an_order_adds_up(shop: Shop, steps: list[Numbers], spread: bool) -> None:
    """Whether it goes to one place or to several."""
    go(shop, steps, spread=spread)


@pytest.mark.slow
@settings(max_examples=500, suppress_health_check=_QUIET, phases=_PHASES)
@given(steps=st.lists(st.tuples(_NUMBER, _NUMBER, _NUMBER, _NUMBER), min_size=10, max_size=60), spread=st.booleans())
def test_whatever_happens_to_many_orders_adds_up(shop: Shop, steps: list[Numbers], spread: bool) -> None:
    go(shop, steps, spread=spread)


# Where the walks ended on SQLite; PostgreSQL must end there, too.
ENDS = {
    0: "06b88cc03750a9af",
    1: "0b8e0cada72e564d",
    2: "5938d9d8b1442930",
    3: "8fb19fb7d2db1367",
}


@pytest.mark.parametrize("seed", range(4))
def test_the_same_steps_end_in_the_same_state_on_every_database(shop: Shop, seed: int) -> None:
    walk = go(shop, seeded(seed))
    assert len(walk.names) > 5
    assert digest(walk) == ENDS[seed], walk.names


def steps(*acts: tuple[str, int, int, int], among: Sequence[tuple[str, Act]] = ACTS) -> list[Numbers]:
    """Acts by their names as steps of a walk."""
    places = {name: at for at, (name, _act) in enumerate(among)}
    return [(places[name], a, b, c) for name, a, b, c in acts]


def _forgets_claims(line: status.LineFacts, units: int) -> int:
    """Planted: what is cancelled and comes back is counted as if nothing were claimed."""
    return status.share(line.total, units, line.ordered)


def _claims_from_the_front(line: status.LineFacts, units: int) -> int:
    """Planted: claimed units are counted from where the next returned ones will be, too."""
    first = line.cancelled + line.received + line.claimed
    return status.share(line.total, first + units, line.ordered) - status.share(line.total, first, line.ordered)


def _parts_from_the_cancelled(line: OrderLineView, units: int, after: int = 0) -> int:
    """Planted: what came back is not counted before units that go into another order."""
    first = line.cancelled + after
    return status.gone(line.facts, first + units) - status.gone(line.facts, first)


# Three pieces that do not cost the same to the cent: one is claimed for money, and two come back.
CLAIMED_AND_RETURNED = steps(
    ("send", 0, 0, 0), ("ask", 0, 0, 2), ("approve", 0, 0, 0), ("resolve", 0, 0, 0), ("ask", 0, 1, 0),
    ("approve", 0, 0, 0), ("receive", 0, 1, 0),
)  # fmt: skip
# Two are claimed, the first of them in vain after the second was paid for; then the two others come back.
CLAIMED_IN_VAIN = steps(
    ("send", 0, 0, 0), ("ask", 0, 0, 2), ("ask", 0, 0, 2), ("approve", 1, 0, 0), ("resolve", 1, 0, 0),
    ("refuse", 0, 1, 0), ("ask", 0, 1, 0), ("approve", 0, 0, 0), ("receive", 0, 1, 0),
)  # fmt: skip
# One comes back, and the two that wait go into an order of their own.
RETURNED_AND_PARTED = steps(
    ("send", 0, 0, 1), ("ask", 0, 0, 0), ("approve", 0, 0, 0), ("receive", 0, 0, 0), ("part", 0, 1, 0)
)
LAST_PIECES = (CLAIMED_AND_RETURNED, CLAIMED_IN_VAIN, RETURNED_AND_PARTED)


@pytest.mark.parametrize("taken", LAST_PIECES)
def test_the_last_pieces_of_a_line_take_the_last_cent(shop: Shop, taken: list[Numbers]) -> None:
    walk = go(shop, taken)
    assert walk.names == [ACTS[number][0] for number, *_ in taken], "every act was possible"


@pytest.mark.parametrize(
    ("taken", "planted"),
    [
        (CLAIMED_AND_RETURNED, {"gone": _forgets_claims, "claim_value": _claims_from_the_front}),
        (CLAIMED_IN_VAIN, {"gone": _forgets_claims}),
        (RETURNED_AND_PARTED, {"next_to_go": _parts_from_the_cancelled}),
    ],
)
def test_a_lost_cent_is_found(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, taken: list[Numbers], planted: dict[str, Callable[..., object]]
) -> None:
    places: dict[str, object] = {"gone": status, "claim_value": desk, "next_to_go": OrderLineView}
    for name, rule in planted.items():
        monkeypatch.setattr(places[name], name, rule)
    with pytest.raises(AssertionError):
        go(shop, taken)


def _forgets_stock(*_: object, **__: object) -> list[object]:
    """Planted: cancelled pieces stay promised."""
    return []


def _forgets_refunds(*_: object, **__: object) -> int:
    """Planted: what was refunded pays a second time."""
    return 0


def _gives_back_twice(lines: list[status.LineFacts]) -> int:
    """Planted: cancelled units count as returned, too."""
    return sum(status.share(line.total, line.cancelled + line.received, line.ordered) for line in lines)


def _refunds_settle(amount_due: int, money: status.MoneyFacts) -> str:
    """Planted: money that was refunded in part is never asked for again."""
    if money.gone > 0:
        return "partly_refunded" if money.kept > 0 else "refunded"
    return "partly_paid" if money.captured < amount_due else "overpaid" if money.captured > amount_due else "paid"


def _believes_old_drafts(change_: change.ChangeView) -> bool:
    """Planted: the version is not compared."""
    return bool(
        change.db.execute("UPDATE order_change SET state = 'confirmed' WHERE id = ? AND state = 'draft'", change_.id)
    )


def _keeps_announced(*_: object, **__: object) -> None:
    """Planted: what never came stays announced."""


def _counts_on_nothing(*_: object) -> None:
    """Planted: what is sent ahead is to be paid as if nothing came back for it."""


# One of what was paid for is cancelled and its money given back; then something is added, and has to be paid.
GIVEN_BACK_AND_ADDED = steps(("pay", 1, 0, 0), ("cancel", 0, 0, 1), ("refund", 0, 0, 1), ("add", 2, 0, 2))


# One of two that are announced comes, and is decided about.
CAME_IN_PART = steps(
    ("send", 0, 0, 0), ("ask", 1, 1, 0), ("receive", 0, 0, 0), ("inspect", 0, 0, 0), ("resolve", 0, 0, 0)
)
# What is sent instead of two is held, then sent, before they come.
SENT_AHEAD = steps(("send", 0, 0, 0), ("ask", 1, 1, 1), ("keep", 0, 3, 0), ("ahead", 0, 0, 0), ("receive", 0, 1, 0))


# Each with the walk that finds it within thirty steps.
@pytest.mark.parametrize(
    ("where", "name", "planted", "taken"),
    [
        (change.stock, "promise_difference", _forgets_stock, seeded(1, 30)),
        (change, "fixed_refunds", _forgets_refunds, GIVEN_BACK_AND_ADDED),
        (status, "returned_value", _gives_back_twice, seeded(0, 30)),
        (change, "claim_draft", _believes_old_drafts, seeded(4, 30)),
        (desk, "_give_up_rest", _keeps_announced, CAME_IN_PART),
        (exchange, "reckon", _counts_on_nothing, SENT_AHEAD),
        (status, "_captured_status", _refunds_settle, GIVEN_BACK_AND_ADDED),
    ],
)
def test_the_walks_find_planted_mistakes(
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
    where: object,
    name: str,
    planted: Callable[..., object],
    taken: list[Numbers],
) -> None:
    monkeypatch.setattr(where, name, planted)
    if name == "returned_value":
        monkeypatch.setattr(change_effect, name, planted)
    with pytest.raises(Exception) as found:
        go(shop, taken)
    assert found.type.__name__ in {"AssertionError", "IntegrityError"}, found.value
