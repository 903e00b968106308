"""Query strings and bodies of stock and transfers."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from plugins.api.forms.base import Id, Limit, RowCursor, Sent

Pieces = Annotated[int, Meta(ge=1, le=1_000_000, examples=[5])]
Why = Annotated[str, Meta(min_length=1, max_length=200, examples=["Found behind the shelf"])]
State = Annotated[str, Meta(pattern="^(on_hand|damaged|quality|gone)$", examples=["on_hand"])]
Paper = Annotated[str, Meta(max_length=80, examples=["PO-7"])]


class StockQuery(Sent, frozen=True, kw_only=True):
    """Stock, a page of variants at a time; or of the one with this `sku`."""

    sku: Annotated[str, Meta(max_length=120)] = ""
    after: Annotated[RowCursor, Meta(description="`next` of the page before.")] = ""
    limit: Limit = 50


class StockMove(Sent, frozen=True, kw_only=True):
    """Pieces more, or below zero fewer, and why. Without a location, the first to ship from."""

    delta: Annotated[int, Meta(ge=-1_000_000, le=1_000_000, examples=[5])]
    reason: Why
    location_id: Id | None = None


class StockCount(Sent, frozen=True, kw_only=True):
    """Somebody counted: so many are there."""

    counted: Annotated[int, Meta(ge=0, le=1_000_000, examples=[12])]
    reason: Why
    location_id: Id | None = None


class StockSorting(Sent, frozen=True, kw_only=True, rename={"came_from": "from", "goes_to": "to"}):
    """Pieces that go from one state to another; `gone` is out of the house."""

    came_from: State
    goes_to: Annotated[str, Meta(pattern="^(on_hand|damaged|quality|gone)$", examples=["damaged"])]
    pieces: Pieces
    reason: Why
    location_id: Id | None = None


class StockOrdered(Sent, frozen=True, kw_only=True):
    """Pieces that are on order with a supplier; below zero, that do not come after all."""

    pieces: Annotated[int, Meta(ge=-1_000_000, le=1_000_000, examples=[20])]
    reference: Paper = ""
    location_id: Id | None = None


class StockDelivery(Sent, frozen=True, kw_only=True):
    """Pieces that were on order, and came."""

    pieces: Pieces
    reference: Paper = ""
    location_id: Id | None = None


class NewTransfer(Sent, frozen=True, kw_only=True, rename={"source": "from_location_id", "target": "to_location_id"}):
    """Free pieces that go from one location to another; `on_its_way`: they are incoming there until they arrive."""

    variant_id: Id
    source: Id
    target: Annotated[int, Meta(ge=1, le=2**53 - 1, examples=[2])]
    pieces: Pieces
    reason: Why
    on_its_way: bool = False


class TransferArrival(Sent, frozen=True, kw_only=True):
    """How many pieces came, the others being lost; without it, all."""

    came: Annotated[int, Meta(ge=0, le=1_000_000, examples=[5])] | None = None


class TransferQuery(Sent, frozen=True, kw_only=True):
    """A list of transfers, the newest first."""

    after: Annotated[RowCursor, Meta(description="`next` of the page before.")] = ""
    limit: Limit = 50
