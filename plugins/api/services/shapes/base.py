"""What every answer is made of: money, addresses, and why something was refused."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from core.api import Money as CoreMoney
from core.api import ResponseModel

# Base of all that is answered.
Shown = ResponseModel


class Money(Shown, frozen=True, kw_only=True):
    """Minor units of a currency: 1999 EUR are 19.99 euro, 1999 JPY are 1,999 yen."""

    amount: Annotated[int, Meta(examples=[1999])]
    currency: Annotated[str, Meta(examples=["EUR"])]


def money(value: CoreMoney) -> Money:
    """Money as it is shown."""
    return Money(amount=value.amount, currency=value.currency)


def money_or_none(value: CoreMoney | None) -> Money | None:
    """The same, where there may be none."""
    return None if value is None else money(value)


class Address(Shown, frozen=True, kw_only=True):
    """A postal address."""

    name: str
    company: str
    lines: tuple[str, ...]
    city: str
    district: str
    region: str
    postcode: str
    country: str
    phone: str


# -- problems (RFC 9457) -----------------------------------------------------------------------------------------------


class FieldError(Shown, frozen=True, kw_only=True):
    """What is wrong with one field of what was sent; an empty `field` concerns all of it.

    `pointer` leads to it in the body (RFC 6901, as a fragment such as `#/lines/0/quantity`); it is empty for what stood
    in the query string or a header.
    """

    field: str
    pointer: str
    message: str


class Problem(Shown, frozen=True, kw_only=True):
    """Why a request was not carried out. `code` is a word for programs, `request` names it in the shop's log."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request: str
    errors: tuple[FieldError, ...] = ()
