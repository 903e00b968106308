"""Stock, locations and transfers."""

from __future__ import annotations

from datetime import datetime

from plugins.api.services.shapes.base import Shown


class Location(Shown, frozen=True, kw_only=True):
    """A place that goods come from; nothing comes to a closed one."""

    id: int
    code: str
    name: str
    country: str
    is_open: bool


class LocationList(Shown, frozen=True, kw_only=True):
    """All locations, the first to ship from first."""

    items: tuple[Location, ...]


class Level(Shown, frozen=True, kw_only=True):
    """The pieces of a variant at a location.

    `on_hand` are on the shelf, `allocated` of them promised to orders and `held` for carts; `damaged`, in `quality` and
    `incoming` ones cannot be sold; `preordered` are promised before they are there. `backorder_limit` more than are
    there may be ordered.
    """

    location_id: int
    on_hand: int
    allocated: int
    held: int
    damaged: int
    quality: int
    incoming: int
    preordered: int
    backorder_limit: int


class VariantStock(Shown, frozen=True, kw_only=True):
    """The stock of a variant, which is the same on all sites; one that is not `tracked` is never counted."""

    variant_id: int
    product_id: int
    sku: str
    tracked: bool
    levels: tuple[Level, ...]


class StockList(Shown, frozen=True, kw_only=True):
    """A page of variants with their stock; `next` is a cursor, empty at the end."""

    items: tuple[VariantStock, ...]
    next: str


class Transfer(Shown, frozen=True, kw_only=True):
    """Pieces that went from one location to another. `received_at` null: they are on their way."""

    id: int
    variant_id: int
    sku: str
    from_location_id: int
    to_location_id: int
    pieces: int
    came: int
    reason: str
    sent_at: datetime
    received_at: datetime | None
    undone_at: datetime | None


class TransferList(Shown, frozen=True, kw_only=True):
    """A page of transfers; `next` is a cursor, empty at the end."""

    items: tuple[Transfer, ...]
    next: str
