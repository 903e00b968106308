"""Bodies of the cart and the checkout."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from plugins.api.forms.base import AddressSent, DeliveryChoice, Id, MoneySent, Sent, Spoken, Units


class NewLine(Sent, frozen=True, kw_only=True):
    """Units of a variant to put into a cart."""

    variant_id: Id
    quantity: Units = 1


class NewCart(Spoken, frozen=True, kw_only=True):
    """A cart with its first lines."""

    lines: Annotated[list[NewLine], Meta(min_length=1, max_length=50)]


class LineChange(Sent, frozen=True, kw_only=True):
    """How many units a line shall hold."""

    quantity: Units


class NewCode(Sent, frozen=True, kw_only=True):
    """A code of a coupon or gift card."""

    code: Annotated[str, Meta(min_length=1, max_length=64, examples=["WELCOME10"])]


class DetailsChange(Sent, frozen=True, kw_only=True):
    """Answers of the checkout. What is left out stays as it is; `billing` null: the same as `address`."""

    email: Annotated[str, Meta(max_length=254, examples=["mira@example.com"])] | UnsetType = UNSET
    address: AddressSent | UnsetType | None = UNSET
    billing: AddressSent | UnsetType | None = UNSET
    delivery: DeliveryChoice | UnsetType = UNSET
    gateway: Annotated[str, Meta(max_length=60)] | UnsetType = UNSET
    note: Annotated[str, Meta(max_length=2000)] | UnsetType = UNSET
    extra: (
        Annotated[
            dict[
                Annotated[str, Meta(max_length=60)],
                dict[Annotated[str, Meta(max_length=60)], Annotated[str, Meta(max_length=2000)]],
            ],
            Meta(description="`{plugin: {field: answer}}`, as the quote's `fields` ask."),
        ]
        | UnsetType
    ) = UNSET


class NewOrder(Sent, frozen=True, kw_only=True):
    """The total that the shopper was shown; if it is another by now, nothing is ordered."""

    seen_total: MoneySent
