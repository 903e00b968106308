"""Query strings and bodies of orders."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from plugins.api.forms.base import Cursor, Id, Instant, Limit, LineUnits, MoneySent, Sent


class OrderQuery(Sent, frozen=True, kw_only=True):
    """A list of orders, the newest first."""

    order: Annotated[str, Meta(pattern="^(open|completed|cancelled)$", examples=["open"])] | None = None
    payment: (
        Annotated[
            str,
            Meta(
                pattern="^(unpaid|pending|authorized|partly_paid|paid|overpaid|partly_refunded|refunded|disputed|not_due)$"
            ),
        ]
        | None
    ) = None
    fulfilment: Annotated[str, Meta(pattern="^(not_needed|unfulfilled|partly_shipped|shipped|delivered)$")] | None = (
        None
    )
    channel: Annotated[str, Meta(max_length=60, examples=["Etsy"])] = ""
    goods: Annotated[str, Meta(pattern="^(ready|partly|waiting)$", examples=["ready"])] | None = None
    shopper_id: Id | None = None
    placed_from: Instant | None = None
    placed_before: Instant | None = None
    after: Annotated[Cursor, Meta(description="`next` of the page before.")] = ""
    limit: Limit = 50


class NewShipment(Sent, frozen=True, kw_only=True):
    """What leaves in one parcel to one `destination` of the order; without `lines`, all that waits.

    It leaves one location: `location_id`, or else there is a parcel from each.
    `carrier` and `service` are codes of a delivery method, as an order's; any other `carrier` is taken by its name.
    """

    lines: Annotated[list[LineUnits], Meta(min_length=1, max_length=200)] | None = None
    carrier: Annotated[str, Meta(max_length=60)] = ""
    service: Annotated[str, Meta(max_length=60)] = ""
    tracking: Annotated[str, Meta(max_length=120)] = ""
    destination: Annotated[int, Meta(ge=0, le=99)] | None = None
    location_id: Id | None = None


class PaidByHand(Sent, frozen=True, kw_only=True):
    """Money that came outside of any gateway; without `amount`, all that is open. `reference` makes it one payment."""

    amount: MoneySent | None = None
    reference: Annotated[str, Meta(max_length=120)] = ""


class Cancellation(Sent, frozen=True, kw_only=True):
    """What shall not be sent any more; without `lines`, all that has not left."""

    lines: Annotated[list[LineUnits], Meta(min_length=1, max_length=200)] | None = None
    reason: Annotated[str, Meta(pattern="^[a-z_]{1,40}$", examples=["merchant"])] = "merchant"


class TrackingChange(Sent, frozen=True, kw_only=True):
    """A parcel's number put right, and what it was sent with where that is said."""

    tracking: Annotated[str, Meta(max_length=120, examples=["JD0123"])]
    carrier: Annotated[str, Meta(max_length=60)] = ""
    service: Annotated[str, Meta(max_length=60)] = ""


class Why(Sent, frozen=True, kw_only=True):
    """A word about it, for the timeline."""

    why: Annotated[str, Meta(max_length=500)] = ""
