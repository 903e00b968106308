"""The cart, and what it costs at the checkout."""

from __future__ import annotations

from plugins.api.services.shapes.base import Address, Money, Shown


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
