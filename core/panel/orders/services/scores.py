"""How strange plugins find orders (`site_data` of the kind "order"), and the queue by that."""

from __future__ import annotations

from collections.abc import Sequence

from core.kernel.sites import SiteState
from core.orders.services.holds import held_ids
from core.orders.services.listing import OrderFilters, OrderPage, list_orders

PAGE = 50
_HIGHEST = 10**6


def scores(state: SiteState, order_ids: Sequence[int]) -> dict[int, int]:
    """The highest score that a plugin gives each order; those that none scores are absent. Asks `site_data`."""
    if not order_ids or not state.hooks.answering("site_data"):
        return {}
    found: dict[int, int] = {}
    for answers in state.hooks.site_data(site=state.site, kind="order", objects=tuple(order_ids)).values():
        for order_id, data in answers.items():
            score = data.values.get("score")
            if isinstance(score, int) and not isinstance(score, bool) and 0 <= score <= _HIGHEST:
                found[order_id] = max(score, found.get(order_id, 0))
    return {order_id: score for order_id, score in found.items() if order_id in set(order_ids)}


def queue(state: SiteState, after: str, *, by_score: bool) -> tuple[OrderPage, dict[int, int]]:
    """A page of the orders on hold, the newest or the strangest first, and their scores."""
    if not by_score:
        found = list_orders(state.site, OrderFilters(statuses={"order": ("open",)}, held=True), after or None, PAGE)
        return found, scores(state, [order.id for order in found.orders])
    waiting = held_ids(state.site)
    known = scores(state, waiting)
    ranked = sorted(waiting, key=lambda order_id: (-known.get(order_id, -1), -order_id))
    start = int(after) if after.isascii() and after.isdecimal() and len(after) < 6 else 0
    ids = ranked[start : start + PAGE]
    rows = {row.id: row for row in list_orders(state.site, OrderFilters(ids=tuple(ids)), limit=PAGE).orders}
    following = str(start + PAGE) if len(ranked) > start + PAGE else None
    return OrderPage(orders=tuple(rows[one] for one in ids if one in rows), next=following), known
