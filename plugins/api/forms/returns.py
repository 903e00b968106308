"""Query strings and bodies of returns, exchanges and claims."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from plugins.api.forms.base import Id, Limit, LineUnits, Minor, MoneySent, RowCursor, Sent, Units

Lines = Annotated[list[LineUnits], Meta(min_length=1, max_length=200)]
Count = Annotated[int, Meta(ge=0, le=999, examples=[1])]
Answer = Annotated[str, Meta(max_length=2000)]


class ReturnQuery(Sent, frozen=True, kw_only=True):
    """A list of returns, the newest first."""

    state: Annotated[str, Meta(pattern="^(open|ended)$", examples=["open"])] | None = None
    kind: Annotated[str, Meta(pattern="^(return|exchange|claim)$", examples=["return"])] | None = None
    after: Annotated[RowCursor, Meta(description="`next` of the page before.")] = ""
    limit: Limit = 50


class VariantUnits(Sent, frozen=True, kw_only=True):
    """Units of a variant."""

    variant_id: Id
    quantity: Units


class NewReturn(Sent, frozen=True, kw_only=True):
    """Units of an order that shall come back, or that are claimed without.

    `wanted` is what an exchange sends instead, `wish` what a claim is to end with. `by_rules` false passes over the
    shop's rules, such as the days within which goods may come back, and approves it at once.
    """

    kind: Annotated[str, Meta(pattern="^(return|exchange|claim)$", examples=["return"])] = "return"
    lines: Lines
    reason: Annotated[
        str,
        Meta(
            pattern="^(changed_mind|does_not_fit|not_as_described|damaged|faulty|wrong|incomplete|missing)$",
            examples=["does_not_fit"],
        ),
    ]
    note: Annotated[str, Meta(max_length=2000)] = ""
    wanted: Annotated[list[VariantUnits], Meta(max_length=50)] = field(default_factory=list)
    wish: Annotated[str, Meta(pattern="^(refund|replace)$", examples=["refund"])] | None = None
    by_rules: bool = True


class Refusal(Sent, frozen=True, kw_only=True):
    """Why the goods may not come."""

    answer: Annotated[str, Meta(min_length=1, max_length=2000, examples=["They were worn."])]


class Arrival(Sent, frozen=True, kw_only=True):
    """Units that came."""

    lines: Lines


class Found(Sent, frozen=True, kw_only=True):
    """What received units of a line are: each is counted once."""

    line_id: Id
    sellable: Count = 0
    damaged: Count = 0
    discarded: Count = 0
    to_supplier: Count = 0


class Inspection(Sent, frozen=True, kw_only=True):
    """What was found; sellable units go on the shelf at `location_id`, or else where they were sent from."""

    lines: Annotated[list[Found], Meta(min_length=1, max_length=200)]
    location_id: Id | None = None


class TermsQuery(Sent, frozen=True, kw_only=True):
    """Terms to look at, in minor units; what is left out is as the shop's rules say."""

    restocking: Minor | None = None
    return_delivery: Minor | None = None
    goodwill: Minor | None = None
    part: Annotated[Minor, Meta(description="How much of the price a claim gives back; without it, all.")] | None = None
    way: Annotated[str, Meta(pattern="^(refund|replace)$", examples=["refund"])] | None = None


class Resolution(Sent, frozen=True, kw_only=True):
    """The decision. `seen` is what its terms said before; if it is another by now, nothing is decided.

    Fees that are left out are as the shop's rules say. For a claim, `way` is refund or replace, and `part` how much of
    the price it gives back.
    """

    seen: MoneySent
    restocking: MoneySent | None = None
    return_delivery: MoneySent | None = None
    goodwill: MoneySent | None = None
    part: MoneySent | None = None
    way: Annotated[str, Meta(pattern="^(refund|replace)$", examples=["refund"])] | None = None
    answer: Answer = ""


# A picture of one pixel, so that the example can be tried.
_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mNgaGgAAAGEAQFocvOPAAAAAElFTkSuQmCC"


class NewPhoto(Sent, frozen=True, kw_only=True):
    """A picture of what came, or of what is wrong with it: JPEG, PNG or WebP, in base64. Metadata is not kept."""

    data: Annotated[str, Meta(pattern="^[A-Za-z0-9+/]+={0,2}$", max_length=11_000_000, examples=[_PIXEL])]
