"""The contract of who is told of events: once is enough, twice is the same, and what is gone is no error."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from core.hookspecs.events import Event
from core.hookspecs.notify import Delivery
from core.lib import clock
from core.testing.contracts.fences import no_network

Told = Callable[[Delivery], None]
Effects = Callable[[], Any]
_GONE = 2**31 - 1


class EventContract:
    """Subclass it in the plugin's tests; give `told`, the hook `notify_event` bound to a site, `effects`, `deliveries`.

    `effects()` answers all that the plugin keeps, so that two looks can be compared; `deliveries` are such as it acts
    on. A plugin that speaks to a server gives a server of its own on this machine and sets `is_local` to False.
    """

    is_local = True

    @pytest.fixture
    def told(self) -> Told:
        raise NotImplementedError("give what answers notify_event")

    @pytest.fixture
    def effects(self) -> Effects:
        raise NotImplementedError("give what the plugin keeps")

    @pytest.fixture
    def deliveries(self) -> Sequence[Delivery]:
        raise NotImplementedError("give at least one delivery that it acts on")

    @pytest.fixture(autouse=True)
    def _fence(self, told: Told, effects: Effects, deliveries: Sequence[Delivery]) -> Iterator[None]:
        del told, effects, deliveries  # made before the fence stands
        if not self.is_local:
            yield
            return
        with no_network():
            yield

    def test_what_it_is_told_has_an_effect(self, told: Told, effects: Effects, deliveries: Sequence[Delivery]) -> None:
        assert deliveries, "no sample: the other rules would prove nothing"
        for delivery in deliveries:
            before = effects()
            told(delivery)
            assert effects() != before, f"nothing came of {type(delivery.event).__name__}"

    def test_told_again_it_does_nothing_twice(
        self, told: Told, effects: Effects, deliveries: Sequence[Delivery]
    ) -> None:
        for delivery in deliveries:
            told(delivery)
        before = effects()
        for delivery in deliveries:
            told(replace(delivery, attempt=delivery.attempt + 1))
        assert effects() == before, "a worker that died before it said so delivers once more"

    def test_every_kind_of_event_is_no_error_though_its_subject_is_gone(self, told: Told, effects: Effects) -> None:
        before = effects()
        for event in any_event():
            told(Delivery(id=f"gone-{type(event).__name__}", seq=1, at=clock.now(), attempt=1, event=event))
        assert effects() == before, "it keeps something of what is gone"


def any_event() -> list[Event]:
    """One of every kind, about things that are gone."""
    return [_gone(kind) for kind in sorted(Event.__subclasses__(), key=lambda kind: kind.__name__)]


def _gone(kind: type[Event]) -> Event:
    return kind(**{field.name: _value(field.type) for field in msgspec.structs.fields(kind) if field.required})


def _value(hint: Any) -> Any:
    if hint is int:
        return _GONE
    if hint is str:
        return "gone"
    if hint is bool:
        return False
    return (_GONE,) if "tuple" in str(hint) else None
