"""The contract of who is told of events: an invoice is issued once, however often the payment is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from core.api import Delivery, OrderPaid, Site, mark_paid, now, rows, state_of
from core.testing.contracts import EventContract
from plugins.documents import plugin


@pytest.mark.slow
class TestEvents(EventContract):
    """A paid order gets its invoice."""

    @pytest.fixture
    def deliveries(
        self, site: Site, lamp: Any, order: Callable[..., Any], set_up: Callable[..., None]
    ) -> Sequence[Delivery]:
        set_up(company="Lamp & Sons", automatic=True, automatic_credits=True)
        placed = order(lamp, 2)
        mark_paid(state_of(site.id), placed.id, actor="system")
        paid = OrderPaid(order_id=placed.id, number=placed.number, captured=17998, currency="EUR")
        return [Delivery(id="one", seq=1, at=now(), attempt=1, event=paid)]

    @pytest.fixture
    def told(self, site: Site) -> Callable[[Delivery], None]:
        return lambda delivery: plugin.notify_event(site=site, delivery=delivery)

    @pytest.fixture
    def effects(self) -> Callable[[], Any]:
        return lambda: rows("SELECT id, code, order_id FROM documents_document ORDER BY id")
