"""Scores as the panel shows them, and what the settings would have done."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from core.api import Money, Site, instant, list_orders, marks, one, order_view, rows
from plugins.risk.forms import Filters, Risk, amounts
from plugins.risk.services.keeping import words
from plugins.risk.services.rules import Reason
from plugins.risk.services.signs import assess_order

PAGE = 50
TRIED = 100


class Told(Struct, frozen=True, kw_only=True):
    """A score with its reasons in words and the points of each."""

    score: int
    at: datetime
    reasons: tuple[tuple[str, int], ...]


class Row(Struct, frozen=True, kw_only=True):
    """A row of the list; `is_held`: it waits for a decision, for whatever reason."""

    order_id: int
    number: str
    name: str
    placed_at: datetime
    total: Money
    score: int
    reasons: tuple[tuple[str, int], ...]
    is_held: bool


def score_of(site: Site, order_id: int) -> Told | None:
    """What is known of an order's risk. One statement."""
    row = one("SELECT score, at, reasons FROM risk_score WHERE order_id = ? AND site_id = ?", order_id, site.id)
    return Told(score=row[0], at=instant(row[1]), reasons=_reasons(row[2])) if row else None


def scores_of(site: Site, order_ids: Sequence[int]) -> dict[int, int]:
    """The scores of these orders, where there are any. One statement."""
    return dict(
        rows(
            f"SELECT order_id, score FROM risk_score WHERE site_id = ? AND order_id IN ({marks(order_ids)})",
            site.id, *order_ids,
        )
    )  # fmt: skip


def _reasons(text: str) -> tuple[tuple[str, int], ...]:
    return tuple((words(Reason(**told)), told["points"]) for told in json.loads(text))


def list_scores(site: Site, filters: Filters, after: str = "") -> tuple[list[Row], str]:
    """A page of orders, the highest score or the newest first, and where the next page begins. One statement."""
    by = ("s.order_id",) if filters.sort else ("s.score", "s.order_id")
    # The newest are read in the order of their ids: an index on the score would bring all of them to be sorted.
    least = "s.score + 0 >= ?" if filters.sort else "s.score >= ?"
    where, params = ["s.site_id = ?", least], list[object]([site.id, filters.least])
    if filters.view != "all":
        where.append("s.order_id IN (SELECT order_id FROM order_hold WHERE site_id = ? AND ended_at IS NULL)")
        where.append("EXISTS (SELECT 1 FROM order_line l WHERE l.order_id = s.order_id AND l.allocated > 0)")
        params.append(site.id)
    if cursor := _cursor(after, len(by)):
        where.append(f"({', '.join(by)}) < ({', '.join('?' * len(by))})")
        params += cursor
    found = [
        Row(
            order_id=row[0], number=row[1], name=row[2], placed_at=instant(row[3]), total=Money(row[5], row[4]),
            score=row[6], reasons=_reasons(row[7]), is_held=bool(row[8]),
        )
        for row in rows(
            "SELECT s.order_id, o.number, o.name, o.placed_at, o.currency, o.total, s.score, s.reasons,"
            f" EXISTS ({_HELD}) FROM risk_score s JOIN orders o ON o.id = s.order_id WHERE {' AND '.join(where)}"
            f" ORDER BY {', '.join(f'{column} DESC' for column in by)} LIMIT ?",
            *params, PAGE + 1,
        )
    ]  # fmt: skip
    page = found[:PAGE]
    return page, _after(page[-1], filters) if len(found) > PAGE else ""


_HELD = "SELECT 1 FROM order_hold h WHERE h.order_id = s.order_id AND h.ended_at IS NULL"


def _after(row: Row, filters: Filters) -> str:
    return str(row.order_id) if filters.sort else f"{row.score}.{row.order_id}"


def _cursor(after: str, parts: int) -> list[int]:
    """A cursor that somebody typed is the beginning of the list."""
    said = after.split(".")
    is_one = len(said) == parts and all(part.isascii() and part.isdecimal() and len(part) < 10 for part in said)
    return [int(part) for part in said] if is_one else []


# -- trying the settings -----------------------------------------------------------------------------------------------


class Trial(Struct, frozen=True, kw_only=True):
    """Of how many of the newest orders, how many would wait and how many would have been refused."""

    orders: int
    wait: int
    refused: int


def try_rules(site: Site) -> Trial:
    """Assess the newest hundred orders by the settings as they are. Reads only; raises UnreadableAmounts."""
    rules = Risk.of(site)
    for text in (rules.value_above, rules.first_above):
        amounts(text)
    views = [order_view(row.id, site=site) for row in list_orders(site, limit=TRIED).orders]
    scores = [assess_order(site, rules, view).score for view in views if view is not None]
    refused = sum(bool(rules.refuse_at) and score >= rules.refuse_at for score in scores)
    return Trial(
        orders=len(scores), refused=refused,
        wait=sum(bool(rules.hold_at) and score >= rules.hold_at for score in scores) - _both(rules, scores),
    )  # fmt: skip


def _both(rules: Risk, scores: Sequence[int]) -> int:
    """Those above both thresholds are refused, and never wait."""
    both = max(rules.refuse_at, rules.hold_at)
    return sum(score >= both for score in scores) if rules.refuse_at and rules.hold_at else 0
