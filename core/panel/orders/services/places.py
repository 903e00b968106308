"""Pages about one of several addresses of an order: which one is asked for, and the way to the others."""

from __future__ import annotations

from collections.abc import Iterable

from flask import request, url_for

from core.orders.services.shapes import OrderView

Tab = tuple[str, str, bool, None]


def part_asked(order: OrderView, places: Iterable[int]) -> OrderView:
    """What goes to the place in the page's address, to the first of `places` if it names none. Raises NotFound."""
    first = min(places, default=order.destinations[0].position)
    return order.at(request.args.get("place", first, type=int))


def tabs(order: OrderView, places: Iterable[int], part: OrderView, endpoint: str) -> list[Tab]:
    """A link to the page about each of these places, as `views` shows them; none where there is only one."""
    here = part.destinations[0].position
    return [
        (order.whose(place), url_for(endpoint, number=order.number, place=place), place == here, None)
        for place in sorted(set(places))
        if order.is_spread
    ]
