"""The words of stock: its states, a promise, a move, and why something is refused."""

from __future__ import annotations

from msgspec import Struct

from core.lib.errors import Refused

STATES = ("on_hand", "allocated", "held", "damaged", "quality", "incoming", "preordered")
UNLIMITED = 10**9  # The backorder limit of a variant that may always be ordered.


class OutOfStock(Refused):
    """Fewer than `wanted` pieces of the variant can be had."""

    code = "out_of_stock"
    default_message = "Only %(available)s of %(sku)s can be had now."

    def __init__(self, variant_id: int, wanted: int, available: int, sku: str = "") -> None:
        super().__init__(
            "" if available > 0 else "%(sku)s is sold out.", wanted=wanted, available=available, sku=sku or variant_id
        )
        self.variant_id, self.wanted, self.available = variant_id, wanted, available


class NotReleased(Refused):
    """Pieces that were sold before their release leave from then on."""

    code = "not_released"
    default_message = "%(sku)s is not released yet. It can be sent from %(day)s on."


class NotPromisedThere(Refused):
    """A parcel takes what was promised where it leaves."""

    code = "not_promised_there"
    default_message = "Only %(available)s of %(sku)s are promised there."


class StockPromised(Refused):
    """A level cannot fall below what is promised to orders and held for carts."""

    code = "stock_promised"
    default_message = "Some of it is promised to orders. Cancel or ship those first."

    def __init__(self, variant_id: int) -> None:
        super().__init__(field="stock")
        self.variant_id = variant_id


class NotWaiting(Refused):
    """Returned pieces are no longer in quality control: somebody has sorted them already."""

    code = "not_waiting"
    default_message = "Fewer pieces of %(sku)s are being looked at than came back. Put them there again under Stock."


class LocationClosed(Refused):
    """Nothing comes to a place that is closed."""

    code = "location_closed"
    default_message = "This place is closed. Choose another one."


class Allocation(Struct, frozen=True):
    """Pieces of a variant at a location, promised, held, or moved.

    `late` of them are not there yet; `ahead`: they were sold before their release.
    """

    variant_id: int
    location_id: int
    quantity: int
    late: int = 0
    ahead: bool = False


class Move(Struct, frozen=True, kw_only=True):
    """A change of a level; `reference` is what it is for, such as `order:12`."""

    variant_id: int
    location_id: int
    kind: str
    on_hand: int = 0
    allocated: int = 0
    held: int = 0
    damaged: int = 0
    quality: int = 0
    incoming: int = 0
    preordered: int = 0
    reason: str = ""
    reference: str = ""

    @property
    def pieces(self) -> tuple[int, ...]:
        """Its differences, in the order of `STATES`."""
        return (
            self.on_hand, self.allocated, self.held, self.damaged, self.quality, self.incoming, self.preordered
        )  # fmt: skip
