"""The door to stock for the transaction of an order, a return or an import; each room behind it does one thing."""

from __future__ import annotations

from core.catalogue.services.stock_holds import (
    cart_reference,
    case_reference,
    draft_reference,
    end_holds,
    held_for,
    held_until,
    unhold,
)
from core.catalogue.services.stock_promising import allocate, hold, promise_difference
from core.catalogue.services.stock_returning import let_go, put_aside, put_away, restock, unship
from core.catalogue.services.stock_settling import allocated_to, hand_over, release, ship
from core.catalogue.services.stock_shapes import (
    STATES,
    UNLIMITED,
    Allocation,
    LocationClosed,
    Move,
    NotPromisedThere,
    NotReleased,
    NotWaiting,
    OutOfStock,
    StockPromised,
)
from core.catalogue.services.stock_writer import apply_moves, ensure_level, stock_of

__all__ = [
    "STATES",
    "UNLIMITED",
    "Allocation",
    "LocationClosed",
    "Move",
    "NotPromisedThere",
    "NotReleased",
    "NotWaiting",
    "OutOfStock",
    "StockPromised",
    "allocate",
    "allocated_to",
    "apply_moves",
    "cart_reference",
    "case_reference",
    "draft_reference",
    "end_holds",
    "ensure_level",
    "hand_over",
    "held_for",
    "held_until",
    "hold",
    "let_go",
    "promise_difference",
    "put_aside",
    "put_away",
    "release",
    "restock",
    "ship",
    "stock_of",
    "unhold",
    "unship",
]
