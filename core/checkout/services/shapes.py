"""What looking at a cart answers: frozen, for the cart page, the checkout, and place_order."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct

from core.cart.services import StoredCart
from core.catalogue.services.shapes import CartVariant
from core.checkout.services.delivery import Delivery
from core.checkout.services.quote import ChosenRate, Quote, QuoteLine, TraceStep
from core.hookspecs.checkout import Address, Cart, Field, Problem
from core.lib.money import Money

CART, CHECKOUT, PLACE = "cart", "checkout", "place"


class LineView(Struct, frozen=True, kw_only=True):
    """A line of the cart page, or its part that goes to the place at position `place`.

    `priced` None: it is not for sale now, `problem` says why, and it is not in the totals.

    `variant` None: it is gone altogether. `later` says when what is not there leaves.
    """

    id: int
    variant_id: int
    quantity: int
    variant: CartVariant | None
    priced: QuoteLine | None
    problem: str = ""
    later: str = ""
    place: int = 0


class PlaceView(Struct, frozen=True, kw_only=True):
    """A place that the goods go to: its `number` in the cart, 0 for the cart's own address, and the ways there."""

    number: int
    address: Address | None
    delivery: Delivery


class CodeView(Struct, frozen=True, kw_only=True):
    """A code of the cart: granted, or why not."""

    code: str
    granted: bool
    title: str = ""
    reason: str = ""


class GatewayView(Struct, frozen=True, kw_only=True):
    """A way to pay. `reason` says why it cannot be used for this order; empty if it can."""

    plugin: str
    code: str
    account: str
    live: bool
    title: str
    description: str
    icon: str
    flow: str
    unpaid_days: int
    reason: str = ""


class CheckoutView(Struct, frozen=True, kw_only=True):
    """A cart with everything that the cart page and the checkout show. `cart` is what hooks saw.

    `delivery.rates` are empty at the step `cart`. `places` are there where the goods go to several, or to another than
    the cart's own address: then `delivery` is that of the first. `gateway` is the chosen one, the first usable by
    default, None if nothing is to be paid. `fields` are (plugin, field).
    """

    stored: StoredCart
    cart: Cart
    lines: tuple[LineView, ...]
    quote: Quote
    codes: tuple[CodeView, ...]
    delivery: Delivery
    gateways: tuple[GatewayView, ...]
    gateway: GatewayView | None
    fields: tuple[tuple[str, Field], ...]
    problems: tuple[Problem, ...]
    held_until: datetime | None = None
    places: tuple[PlaceView, ...] = ()

    @property
    def total(self) -> Money:
        return self.quote.total

    @property
    def needs_payment(self) -> bool:
        return bool(self.quote.total)

    @property
    def is_empty(self) -> bool:
        return not self.lines


def plain(told: TraceStep | ChosenRate) -> dict[str, Any]:
    """For JSON: money as its minor units, beside the order's one currency."""
    said = ((name, getattr(told, name)) for name in told.__struct_fields__)
    return {name: value.amount if isinstance(value, Money) else value for name, value in said}
