"""Bodies of changes of a placed order: what shall be done, and the price that was seen."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from plugins.api.forms.base import AddressSent, Id, MoneySent, Sent

Place = Annotated[int, Meta(ge=0, le=99, description="One of the order's destinations, by its number.")]
Reason = Annotated[str, Meta(min_length=1, max_length=200, examples=["Agreed on the phone"])]
Most = Annotated[int, Meta(ge=0, le=999, examples=[1])]
Some = Annotated[int, Meta(ge=1, le=999, examples=[1])]


class Add(Sent, frozen=True, kw_only=True, tag="add", tag_field="kind"):
    """Units of a variant more."""

    variant_id: Id
    quantity: Some
    destination: Place | None = None


class Quantity(Sent, frozen=True, kw_only=True, tag="quantity", tag_field="kind"):
    """How many units of a line there shall be, those that have left included."""

    line_id: Id
    quantity: Most


class Cancel(Sent, frozen=True, kw_only=True, tag="cancel", tag_field="kind"):
    """Units of a line that will not be sent."""

    line_id: Id
    quantity: Some


class Remove(Sent, frozen=True, kw_only=True, tag="remove", tag_field="kind"):
    """All units of a line that have not left."""

    line_id: Id


class Price(Sent, frozen=True, kw_only=True, tag="price", tag_field="kind"):
    """What one unit costs from now on, offers included, and why: for units that have not left."""

    line_id: Id
    price: MoneySent
    reason: Reason


class Move(Sent, frozen=True, kw_only=True, tag="address", tag_field="kind"):
    """Another address for what has not left; carriers are asked what it costs there."""

    address: AddressSent
    carrier: Annotated[str, Meta(max_length=60)] = ""
    service: Annotated[str, Meta(max_length=60)] = ""
    destination: Place | None = None


class Billing(Sent, frozen=True, kw_only=True, tag="billing", tag_field="kind"):
    """Who the bill is made out to."""

    address: AddressSent


class Contact(Sent, frozen=True, kw_only=True, tag="contact", tag_field="kind"):
    """Where mails about the order go, and the phone number; what is left out stays."""

    email: Annotated[str, Meta(max_length=254, examples=["mira@example.com"])] = ""
    phone: Annotated[str, Meta(max_length=40)] = ""


class Delivery(Sent, frozen=True, kw_only=True, tag="delivery", tag_field="kind"):
    """What the delivery costs after offers; names that are left out stay."""

    price: MoneySent
    title: Annotated[str, Meta(max_length=120)] = ""
    carrier: Annotated[str, Meta(max_length=60)] = ""
    service: Annotated[str, Meta(max_length=60)] = ""
    destination: Place | None = None


class NewDestination(Sent, frozen=True, kw_only=True, tag="destination", tag_field="kind"):
    """A further address, under the number after the order's last one; other actions send goods there."""

    address: AddressSent
    destination: Place
    carrier: Annotated[str, Meta(max_length=60)] = ""
    service: Annotated[str, Meta(max_length=60)] = ""


class Send(Sent, frozen=True, kw_only=True, tag="move", tag_field="kind"):
    """Units of a line that have not left and go to another of the order's destinations."""

    line_id: Id
    quantity: Some
    destination: Place


class Charge(Sent, frozen=True, kw_only=True, tag="charge", tag_field="kind"):
    """A fee, or goodwill that is granted; the amount is above zero either way. A fee may be `taxed`."""

    charge: Annotated[str, Meta(pattern="^(fee|goodwill)$", examples=["goodwill"])]
    amount: MoneySent
    reason: Reason
    line_id: Id | None = None
    taxed: bool = False


Action = Add | Quantity | Cancel | Remove | Price | Move | Billing | Contact | Delivery | NewDestination | Send | Charge


class NewChange(Sent, frozen=True, kw_only=True):
    """Actions on an order, to be looked at before they are confirmed.

    `policy`: keep what was agreed, reevaluate offers and prices, or whichever is better for the shopper.
    """

    actions: Annotated[
        list[Action], Meta(min_length=1, max_length=50, examples=[[{"kind": "cancel", "line_id": 1, "quantity": 1}]])
    ]
    policy: Annotated[str, Meta(pattern="^(keep|reevaluate|better)$", examples=["keep"])] = "keep"
    reason: Annotated[str, Meta(max_length=2000, examples=["Agreed on the phone"])] = ""


class Confirmation(Sent, frozen=True, kw_only=True):
    """The effect that was seen: `price_after` of the change, and the `version` of the order that it was made of."""

    seen_price: MoneySent
    version: Annotated[int, Meta(ge=0, le=2**53 - 1, examples=[1])]
