"""A shop that looks for some signs, and a way to pay that authorises, captures and declines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.api import Site
from plugins.risk import plugin

# Every sign off: each test says what it looks for.
OFF = {
    "hold_at": 0, "refuse_at": 0, "value_points": 0, "first_points": 0, "countries_points": 0, "units_points": 0,
    "many_points": 0, "declines_points": 0, "email_points": 0, "address_points": 0, "units_above": 10,
    "many_orders": 3, "many_hours": 24, "declines_from": 2,
}  # fmt: skip
PAY = '''
"""Authorises what it is asked for, and declines what the test wants declined."""

from core.api import *

PLUGIN = Plugin(name="pay", version="1", title="Pay", category="payment")
DECLINES = []


class Pay(Gateway):
    code = "pay"
    title = "Pay"
    can = frozenset({"auth"})

    def begin(self, intent, key):
        return Done(facts=tuple(self._fact("declined", intent.amount, f"d{n}{key}") for n in DECLINES)
                    or (self._fact("authorized", intent.amount, key),))

    def capture(self, intent, amount, key):
        return [self._fact("captured", amount, key)]

    def _fact(self, kind, amount, reference):
        return Fact(account="default", live=False, kind=FactKind(kind), reference=reference, amount=amount, at=now())


@hookimpl
def payment_gateways(site):
    return [Pay()]
'''


@pytest.fixture
def look_for(turn_on: Callable[..., None]) -> Callable[..., None]:
    """`look_for(units_points=30, hold_at=30)`: the plugin on, looking for these signs alone."""

    def turn(*, on: Site | None = None, **settings: object) -> None:
        turn_on(plugin.PLUGIN.name, on=on, **{name: str(value) for name, value in {**OFF, **settings}.items()})

    return turn


@pytest.fixture
def pay(instance: Path, site: Site, turn_on: Callable[..., None]) -> Any:
    """The way to pay, on; what stands in its DECLINES is declined."""
    del site
    folder = instance / "plugins" / "pay"
    folder.mkdir(parents=True)
    (folder / "plugin.py").write_text(PAY, "utf-8")
    turn_on("pay")
    import sys

    return sys.modules["plugins.pay.plugin"]


@pytest.fixture
def cup(sell: Callable[..., Any]) -> Any:
    return sell("CUP", 1000, stock=500, name="Cup")
