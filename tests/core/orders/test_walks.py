"""Random lives of orders: whatever happens in whatever order, pieces, money and statuses add up."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.orders.services import case as desk
from core.orders.services import change, change_plan, status
from tests.core.checkout.shop import Shop
from tests.core.orders.walk import Numbers, digest, go

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


@settings(max_examples=20, suppress_health_check=_QUIET, phases=_PHASES)
@given(steps=STEPS)
def test_whatever_happens_to_an_order_adds_up(shop: Shop, steps: list[Numbers]) -> None:
    go(shop, steps)


@pytest.mark.slow
@settings(max_examples=500, suppress_health_check=_QUIET, phases=_PHASES)
@given(steps=st.lists(st.tuples(_NUMBER, _NUMBER, _NUMBER, _NUMBER), min_size=10, max_size=60))
def test_whatever_happens_to_many_orders_adds_up(shop: Shop, steps: list[Numbers]) -> None:
    go(shop, steps)


# Where the walks ended on SQLite; PostgreSQL must end there, too.
ENDS = {
    0: "b87e668477e69373",
    1: "b717b36dffda96dd",
    2: "8566a9087c7d3132",
    3: "6d4516ca1b24884e",
}


@pytest.mark.parametrize("seed", range(4))
def test_the_same_steps_end_in_the_same_state_on_every_database(shop: Shop, seed: int) -> None:
    walk = go(shop, seeded(seed))
    assert len(walk.names) > 5
    assert digest(walk) == ENDS[seed], walk.names


def _forgets_stock(*_: object, **__: object) -> list[object]:
    """Planted: cancelled pieces stay promised."""
    return []


def _forgets_refunds(*_: object, **__: object) -> int:
    """Planted: what was refunded pays a second time."""
    return 0


def _gives_back_twice(lines: list[status.LineFacts]) -> int:
    """Planted: cancelled units count as returned, too."""
    return sum(status.share(line.total, line.cancelled + line.received, line.ordered) for line in lines)


def _believes_old_drafts(change_: change.ChangeView) -> bool:
    """Planted: the version is not compared."""
    return bool(
        change.db.execute("UPDATE order_change SET state = 'confirmed' WHERE id = ? AND state = 'draft'", change_.id)
    )


def _keeps_announced(*_: object, **__: object) -> None:
    """Planted: what never came stays announced."""


def _walk_on(shop: Shop) -> None:
    for seed in range(30):
        go(shop, seeded(seed, 60))


@pytest.mark.parametrize(
    ("where", "name", "planted"),
    [
        (change.stock, "promise_difference", _forgets_stock),
        (change, "fixed_refunds", _forgets_refunds),
        (status, "returned_value", _gives_back_twice),
        (change, "claim_draft", _believes_old_drafts),
        (desk, "_give_up_rest", _keeps_announced),
    ],
)
def test_the_walks_find_planted_mistakes(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, where: object, name: str, planted: Callable[..., object]
) -> None:
    monkeypatch.setattr(where, name, planted)
    if where is status:
        monkeypatch.setattr(change_plan, name, planted)
    with pytest.raises(Exception) as found:
        _walk_on(shop)
    assert found.type.__name__ in {"AssertionError", "IntegrityError"}, found.value
