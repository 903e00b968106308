"""What bodies and query strings are made of."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, field

from core.api import RequestModel

# Base of all that may be sent.
Sent = RequestModel
Id = Annotated[int, Meta(ge=1, le=2**53 - 1, examples=[1])]
Units = Annotated[int, Meta(ge=1, le=999, examples=[1])]
Cursor = Annotated[str, Meta(max_length=300)]
RowCursor = Annotated[str, Meta(pattern="^[0-9]{0,10}$")]
Limit = Annotated[int, Meta(ge=1, le=100)]
Minor = Annotated[int, Meta(ge=0, le=10**15, examples=[1999])]
Language = Annotated[str, Meta(max_length=20, description="One of the site's languages; by default its own.")]
Currency = Annotated[
    str, Meta(pattern="^[A-Z]{3}$", description="One of the site's currencies; by default its own.", examples=["EUR"])
]
Line = Annotated[str, Meta(max_length=200)]
Instant = Annotated[datetime, Meta(tz=True, examples=["2026-11-26T08:00:00Z"])]


class Spoken(Sent, frozen=True, kw_only=True):
    """In which language and currency."""

    language: Language | None = None
    currency: Currency | None = None


class AddressSent(Sent, frozen=True, kw_only=True):
    """A postal address; which parts are needed is the country's custom and told when the order is placed."""

    country: Annotated[str, Meta(pattern="^[A-Z]{2}$", description="ISO 3166 alpha-2.", examples=["DE"])]
    name: Annotated[str, Meta(max_length=120, examples=["Mira K."])] = ""
    company: Annotated[str, Meta(max_length=120)] = ""
    lines: Annotated[list[Line], Meta(max_length=2, examples=[["Lange Str. 1"]])] = field(default_factory=list)
    city: Annotated[Line, Meta(examples=["Berlin"])] = ""
    district: Line = ""
    region: Line = ""
    postcode: Annotated[str, Meta(max_length=20, examples=["10115"])] = ""
    phone: Annotated[str, Meta(max_length=40)] = ""


class DeliveryChoice(Sent, frozen=True, kw_only=True):
    """One of the quote's delivery options."""

    carrier: Annotated[str, Meta(max_length=60)]
    service: Annotated[str, Meta(max_length=60)]


class MoneySent(Sent, frozen=True, kw_only=True):
    """Minor units of a currency."""

    amount: Minor
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$", examples=["EUR"])]


class LineUnits(Sent, frozen=True, kw_only=True):
    """Units of an order's line."""

    line_id: Id
    quantity: Units
