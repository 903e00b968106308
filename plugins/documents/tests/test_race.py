"""Many hands at once: no number is missing or given twice, and an order has one invoice. Each beside its bug."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest

from core.api import Site, cancel_order, execute, micros, now, rows, transaction, value
from core.testing.crowd import at_once
from plugins.documents.models import INVOICE
from plugins.documents.services import issuing, reading
from plugins.documents.services.issuing import NothingToIssue

PROCESSES = 8


def clerk(site: Site, order_ids: Sequence[int]) -> list[int | None]:
    """Issues for these orders; None for what was refused."""
    got: list[int | None] = []
    for order_id in order_ids:
        try:
            got.append(issuing.issue(site, order_id, INVOICE, actor="system"))
        except NothingToIssue:
            got.append(None)
    return got


def rush(site: Site, work: Sequence[Sequence[int]]) -> list[Any]:
    """A process for each list of orders; answers all they got."""
    return [one for got in at_once([partial(clerk, site, ids) for ids in work]) for one in got]


def dealt(orders: Sequence[int]) -> list[Sequence[int]]:
    return [orders[place::PROCESSES] for place in range(PROCESSES)]


def numbers() -> list[int]:
    return [number for (number,) in rows("SELECT number FROM documents_document ORDER BY number")]


@pytest.fixture(params=[16, pytest.param(160, marks=pytest.mark.slow)])
def orders(request: Any, lamp: Any, order: Callable[..., Any], sell: Callable[..., Any]) -> list[int]:
    cup = sell("CUP", 900, stock=request.param)
    return [order(cup).id for _ in range(request.param)]


@pytest.fixture
def empty(site: Site, orders: list[int]) -> list[int]:
    """Orders with nothing to invoice: they take a number and must give it back."""
    chosen = orders[:: PROCESSES // 2]
    for order_id in chosen:
        cancel_order(site, order_id, actor="system", reason="test")
    return chosen


def test_eight_processes_leave_no_gap(site: Site, orders: list[int], empty: list[int]) -> None:
    got = rush(site, dealt(orders))
    count = len(orders) - len(empty)
    assert got.count(None) == len(empty)
    assert len({one for one in got if isinstance(one, int)}) == count
    assert numbers() == list(range(1, count + 1))
    assert value("SELECT last FROM documents_series WHERE site_id = ?", site.id) == count


def number_first(site: Site, order_id: int, kind: str, *, actor: str) -> int:
    """The bug: a number that was taken in a transaction of its own is gone when the document is refused."""
    with transaction():
        number = TAKE(site, kind, 1)
    issuing.take_number = lambda *_: number
    with transaction():
        return int(issuing._issue(site, order_id, kind, actor))


TAKE = issuing.take_number


def test_the_same_rush_catches_numbers_that_are_not_given_back(
    site: Site, orders: list[int], empty: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuing, "issue", number_first)
    rush(site, dealt(orders))
    count = len(orders) - len(empty)
    assert len(numbers()) == count
    assert numbers() != list(range(1, count + 1))


def test_clicks_at_once_give_one_invoice(site: Site, orders: list[int]) -> None:
    got = rush(site, [orders[:2]] * PROCESSES)
    assert len(set(got)) == 2
    assert numbers() == [1, 2]


def look_first(site: Site, order_id: int, kind: str, *, actor: str) -> int:
    """The bug: whether there is an invoice, and its number, are read before writing, and nothing else stops it."""
    assert not reading.contents_of(site, order_id)
    time.sleep(0.3)
    with transaction():
        return int(
            value(
                "INSERT INTO documents_document (site_id, order_id, order_number, kind, number, code, reason, name,"
                " currency, total, content, sha256, actor, issued_at) SELECT ?, ?, '', ?, COALESCE(MAX(number), 0) + 1,"
                " '', 'order', '', 'EUR', 0, '', '', ?, ? FROM documents_document RETURNING id",
                site.id, order_id, kind, actor, micros(now()),
            )
        )  # fmt: skip


def test_the_same_clicks_catch_a_clerk_who_only_looks_first(
    site: Site, orders: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction():
        for columns in ("site_id_kind_number", "order_id_reason"):
            execute(f"DROP INDEX documents_document_{columns}")
    monkeypatch.setattr(issuing, "issue", look_first)
    rush(site, [orders[:1]] * PROCESSES)
    assert len(numbers()) > 1
