"""Query strings and bodies of drafts of orders."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from plugins.api.forms.base import AddressSent, DeliveryChoice, Id, Minor, MoneySent, RowCursor, Sent, Spoken, Units


class DraftQuery(Sent, frozen=True, kw_only=True):
    """A list of drafts, the newest first."""

    state: Annotated[str, Meta(pattern="^(open|ended)$", examples=["open"])] | None = None
    after: Annotated[RowCursor, Meta(description="`next` of the page before.")] = ""


class DraftLine(Sent, frozen=True, kw_only=True):
    """Units of a variant: at today's price, or at an agreed one in minor units, with its reason."""

    variant_id: Id
    quantity: Units = 1
    agreed: Minor | None = None
    reason: Annotated[str, Meta(max_length=200)] = ""


class NewDraft(Spoken, frozen=True, kw_only=True):
    """An order in the making. `discount` is off all goods together, in minor units."""

    lines: Annotated[list[DraftLine], Meta(min_length=1, max_length=200)]
    email: Annotated[str, Meta(max_length=254, examples=["mira@example.com"])] = ""
    address: AddressSent | None = None
    billing: AddressSent | None = None
    delivery: DeliveryChoice | None = None
    note: Annotated[str, Meta(max_length=2000)] = ""
    discount: Annotated[int, Meta(ge=0, le=10**15, examples=[500])] = 0
    discount_reason: Annotated[str, Meta(max_length=200)] = ""


class DraftChange(NewDraft, frozen=True, kw_only=True):
    """The draft anew, and the `version` that was read: if it is another by now, nothing is written."""

    version: Annotated[int, Meta(ge=0, le=2**53 - 1, examples=[1])]


class NewLink(Sent, frozen=True, kw_only=True):
    """For how many days the pay link is valid."""

    days: Annotated[int, Meta(ge=1, le=365, examples=[14])] = 14


class DraftOrder(Sent, frozen=True, kw_only=True):
    """The total that was seen. Without a `gateway` the order is paid by arrangement."""

    seen_total: MoneySent
    gateway: Annotated[str, Meta(max_length=60)] = ""
    extra: Annotated[
        dict[
            Annotated[str, Meta(max_length=60)],
            dict[Annotated[str, Meta(max_length=60)], Annotated[str, Meta(max_length=2000)]],
        ],
        Meta(description="`{plugin: {field: answer}}`."),
    ] = field(default_factory=dict)
