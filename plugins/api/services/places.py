"""Locations by the ids that programs send."""

from __future__ import annotations

from core.api import Unfit, first_stock_location, stock_locations


def location_of(location_id: int | None, field: str = "location_id") -> int:
    """An existing location; None: the first to ship from. Raises Unfit."""
    if location_id is None:
        return first_stock_location()
    if location_id not in {one.id for one in stock_locations()}:
        raise Unfit({field: "There is no such location."})
    return location_id
