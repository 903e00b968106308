"""What is answered: only the fields declared here ever leave the shop."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, field

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


# -- problems (RFC 9457) -----------------------------------------------------------------------------------------------


class FieldError(Shown, frozen=True, kw_only=True):
    """What is wrong with one field of what was sent; an empty `field` concerns all of it."""

    field: str
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


# -- the catalogue -----------------------------------------------------------------------------------------------------


class Picture(Shown, frozen=True, kw_only=True):
    """A picture at about 1,200 pixels; `width` and `height` are those of the original."""

    url: str
    width: int
    height: int
    alt: str


class Card(Shown, frozen=True, kw_only=True):
    """A product in a list. `from_price`: some variant costs more. `variant_id`: set if there is nothing to choose."""

    id: int
    name: str
    path: str
    url: str
    summary: str
    price: Money
    was: Money | None
    from_price: bool
    available: bool
    variant_id: int | None
    picture: Picture | None
    created_at: datetime


class FacetValue(Shown, frozen=True, kw_only=True):
    """A value to filter by, and how many products have it."""

    value: str
    name: str
    count: int


class Facet(Shown, frozen=True, kw_only=True):
    """A facet with its values: `filter=<code>:<value>`."""

    code: str
    name: str
    values: tuple[FacetValue, ...]


class ProductList(Shown, frozen=True, kw_only=True):
    """A page of products. `total` counts all pages; `next` and `previous` are cursors, empty at the ends."""

    items: tuple[Card, ...]
    total: int
    facets: tuple[Facet, ...]
    next: str
    previous: str


class SearchResult(ProductList, frozen=True, kw_only=True):
    """What a search finds. `suggestion` is a spelling that finds more."""

    suggestion: str


class OptionValue(Shown, frozen=True, kw_only=True):
    """A value that can be chosen; `colour` is #rrggbb or empty."""

    id: int
    code: str
    name: str
    colour: str


class Option(Shown, frozen=True, kw_only=True):
    """A choice to make."""

    id: int
    code: str
    name: str
    values: tuple[OptionValue, ...]


class Tier(Shown, frozen=True, kw_only=True):
    """The price of each of at least `from_quantity`."""

    from_quantity: int
    price: Money


class Variant(Shown, frozen=True, kw_only=True):
    """What is bought. `price` null: not sold in this currency. `stock`: available, low or out."""

    id: int
    sku: str
    barcode: str
    price: Money | None
    list_price: Money | None
    was: Money | None
    tiers: tuple[Tier, ...]
    stock: str
    value_ids: tuple[int, ...]
    weight_g: int
    needs_delivery: bool


class Fact(Shown, frozen=True, kw_only=True):
    """An attribute in words."""

    code: str
    name: str
    values: tuple[str, ...]


class Step(Shown, frozen=True, kw_only=True):
    """A category on the way to a product or category, from the top."""

    id: int
    name: str
    path: str


class Product(Shown, frozen=True, kw_only=True):
    """All that the product's page says."""

    id: int
    name: str
    path: str
    url: str
    language: str
    summary: str
    body_html: str
    vendor: str
    options: tuple[Option, ...]
    variants: tuple[Variant, ...]
    pictures: tuple[Picture, ...]
    facts: tuple[Fact, ...]
    categories: tuple[Step, ...]
    created_at: datetime
    updated_at: datetime


class CategoryNode(Shown, frozen=True, kw_only=True):
    """A category with those below it; `count` is of products, below included."""

    id: int
    code: str
    name: str
    path: str
    url: str
    count: int
    children: tuple[CategoryNode, ...]


class CategoryTree(Shown, frozen=True, kw_only=True):
    """The top categories."""

    items: tuple[CategoryNode, ...]


class Category(Shown, frozen=True, kw_only=True):
    """A category's own words. `above` leads to it from the top."""

    id: int
    name: str
    path: str
    url: str
    language: str
    body_html: str
    picture: Picture | None
    above: tuple[Step, ...]
    children: tuple[CategoryNode, ...]


# -- the cart ----------------------------------------------------------------------------------------------------------


class CartLine(Shown, frozen=True, kw_only=True):
    """A line. Prices are null where it is not for sale now; `problem` then says why, and it is not in the totals."""

    id: int
    variant_id: int
    product_id: int | None
    sku: str
    name: str
    quantity: int
    unit: Money | None
    list_unit: Money | None
    subtotal: Money | None
    discount: Money | None
    tax: Money | None
    total: Money | None
    problem: str


class Code(Shown, frozen=True, kw_only=True):
    """A code: granted, or why not."""

    code: str
    granted: bool
    title: str
    reason: str


class Totals(Shown, frozen=True, kw_only=True):
    """`total` = `subtotal` - `discount` + `delivery`, and + `tax` where prices lack it."""

    subtotal: Money
    discount: Money
    delivery: Money
    tax: Money
    total: Money


class CartProblem(Shown, frozen=True, kw_only=True):
    """What stops the order, in the cart's language."""

    code: str
    message: str
    field: str
    line_id: int | None


class Cart(Shown, frozen=True, kw_only=True):
    """A cart as it costs now, before delivery is chosen."""

    currency: str
    language: str
    count: int
    lines: tuple[CartLine, ...]
    codes: tuple[Code, ...]
    totals: Totals
    problems: tuple[CartProblem, ...]


class MadeCart(Shown, frozen=True, kw_only=True):
    """A new cart. Send `token` as `Cart-Token`: whoever has it has the cart, and it is shown this once."""

    token: str
    cart: Cart


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


class Details(Shown, frozen=True, kw_only=True):
    """The checkout's answers so far."""

    email: str
    address: Address | None
    billing: Address | None
    carrier: str
    service: str
    gateway: str
    note: str
    extra: dict[str, dict[str, str]]


class DeliveryOption(Shown, frozen=True, kw_only=True):
    """A way to deliver. `days` are the least and the most."""

    carrier: str
    service: str
    title: str
    amount: Money
    days: tuple[int, ...]
    pickup: bool
    chosen: bool


class Gateway(Shown, frozen=True, kw_only=True):
    """A way to pay; `reason` says why it cannot be used for this cart."""

    code: str
    title: str
    description: str
    reason: str
    chosen: bool


class Choice(Shown, frozen=True, kw_only=True):
    """An answer to choose."""

    value: str
    label: str


class Question(Shown, frozen=True, kw_only=True):
    """A further question of the checkout: answer it in `extra[plugin][name]`."""

    plugin: str
    name: str
    label: str
    kind: str
    required: bool
    help: str
    choices: tuple[Choice, ...]
    max_length: int


class TaxSum(Shown, frozen=True, kw_only=True):
    """A tax over the whole cart; `rate` in hundredths of a percent."""

    name: str
    rate: int
    amount: Money


class Quote(Cart, frozen=True, kw_only=True):
    """The cart at the checkout, with delivery, taxes, ways to pay and questions. Order at `totals.total`."""

    needs_delivery: bool
    delivery: tuple[DeliveryOption, ...]
    gateways: tuple[Gateway, ...]
    fields: tuple[Question, ...]
    taxes: tuple[TaxSum, ...]
    tax_note: str
    details: Details


# -- orders ------------------------------------------------------------------------------------------------------------


class Status(Shown, frozen=True, kw_only=True):
    """The four axes of an order."""

    order: str
    payment: str
    fulfilment: str
    returned: str


class PlacedOrder(Shown, frozen=True, kw_only=True):
    """The order made of a cart. `url` is its page for the shopper: keep it as secret as the cart's token."""

    id: int
    number: str
    url: str
    total: Money
    due: Money
    status: Status


class Row(Shown, frozen=True, kw_only=True):
    """A line of instructions: what, and its value."""

    label: str
    value: str


class BegunPayment(Shown, frozen=True, kw_only=True):
    """How the shopper goes on. `kind`: redirect (to `url`, by POST if there are `fields`), qr, show, or done."""

    kind: str
    url: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    text: str = ""
    rows: tuple[Row, ...] = ()


class OrderRow(Shown, frozen=True, kw_only=True):
    """An order in a list.

    `channel` is where it was placed if not here. `goods`: partly or waiting, where something is not on the shelf.
    """

    id: int
    number: str
    placed_at: datetime
    total: Money
    pieces: int
    status: Status
    channel: str
    channel_number: str
    goods: str


class OrderList(Shown, frozen=True, kw_only=True):
    """A page of orders; `next` is a cursor, empty at the end."""

    items: tuple[OrderRow, ...]
    next: str


class OrderLine(Shown, frozen=True, kw_only=True):
    """A line of an order; the counts are of units, each from 0 to `quantity`."""

    id: int
    variant_id: int
    product_id: int
    sku: str
    name: str
    quantity: int
    unit: Money
    subtotal: Money
    discount: Money
    tax: Money
    total: Money
    waiting: int
    on_shelf: int
    shipped: int
    cancelled: int
    returned: int
    destination: int


class ShippedUnits(Shown, frozen=True, kw_only=True):
    """Units of a line in a parcel."""

    line_id: int
    quantity: int


class Shipment(Shown, frozen=True, kw_only=True):
    """A parcel: `title` is what it was sent with, in words; `tracking_url` the carrier's page for it, or empty.

    `sent_from` is the location it left.
    """

    id: int
    sent_from: str
    delivered_at: datetime | None
    carrier: str
    service: str
    title: str
    tracking: str
    tracking_url: str
    shipped_at: datetime
    lines: tuple[ShippedUnits, ...]
    destination: int


class Destination(Shown, frozen=True, kw_only=True):
    """A place that an order goes to, by its number in the order, and what bringing it there costs.

    `address` is null for keys that may not read customers.
    """

    number: int
    delivery_title: str
    delivery: Money
    discount: Money
    address: Address | None


class Customer(Shown, frozen=True, kw_only=True):
    """Who ordered; only for keys that may read customers."""

    name: str
    email: str
    phone: str
    note: str
    address: Address | None
    billing: Address | None


class Order(Shown, frozen=True, kw_only=True):
    """An order. `due` is still to be paid; `customer` is null for keys that may not read customers.

    It goes to one of its `destinations`, or to several: then the customer's `address` is null, and lines and shipments
    say the number of theirs. `channel` is where it was placed if not here, under `channel_number`. `goods` says of what
    waits to be sent whether it is on the shelf: ready, partly or waiting.
    """

    id: int
    number: str
    placed_at: datetime
    currency: str
    subtotal: Money
    discount: Money
    delivery: Money
    tax: Money
    total: Money
    captured: Money
    refunded: Money
    due: Money
    status: Status
    delivery_title: str
    payment_title: str
    channel: str
    channel_number: str
    goods: str
    lines: tuple[OrderLine, ...]
    shipments: tuple[Shipment, ...]
    destinations: tuple[Destination, ...]
    customer: Customer | None
