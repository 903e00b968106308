"""Promote: lower prices, and offers on a cart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from core.hookspecs.checkout import Cart
from core.hookspecs.site import Site
from core.hookspecs.spec import asks
from core.lib.money import Money


class PriceQuery(Struct, frozen=True, kw_only=True):
    """The price of `quantity` units of a variant. `customer_id` None asks for the price that everyone sees."""

    variant_id: int
    product_id: int
    quantity: int
    list_price: Money
    customer_id: int | None = None


class PromotedPrice(Struct, frozen=True, kw_only=True):
    """A price per unit, true until `until` (None: until something is edited), and the words for the trace.

    An answer at the list price lowers nothing now, but its `until` is kept to: so a coming sale is announced.
    """

    amount: Money
    until: datetime | None = None
    reason: str = ""


class Claim(Struct, frozen=True, kw_only=True):
    """One of a limited number: core takes `amount` from the counter `key`, if at most `limit` are then taken.

    Taken inside the order's transaction by a guarded UPDATE, given back when the order is cancelled or expires.
    """

    key: str
    limit: int
    amount: int = 1


class PercentOff(Struct, frozen=True, kw_only=True):
    """`basis_points` hundredths of a percent off the named lines (all for None); `at_most` caps the sum."""

    basis_points: int
    line_ids: frozenset[int] | None = None
    at_most: Money | None = None


class AmountOff(Struct, frozen=True, kw_only=True):
    """A fixed sum off the named lines together (all for None), split in proportion, never below zero."""

    amount: Money
    line_ids: frozenset[int] | None = None


class DeliveryOff(Struct, frozen=True, kw_only=True):
    """`basis_points` off the delivery price: 10 000 is free delivery."""

    basis_points: int = 10_000


class Offer(Struct, frozen=True, kw_only=True):
    """A candidate. Core picks the legal set that is best for the shopper.

    `key` is unique within the plugin and stable; `code` the shopper's code that unlocked it. Offers with the same
    `group`
    exclude each other; `exclusive` excludes every other offer. `priority`: higher is applied first.
    """

    key: str
    title: str
    benefit: PercentOff | AmountOff | DeliveryOff
    code: str = ""
    group: str = ""
    exclusive: bool = False
    priority: int = 0
    claims: tuple[Claim, ...] = ()


class Rejected(Struct, frozen=True, kw_only=True):
    """A code this plugin knows but does not grant, and why, in the shopper's language."""

    code: str
    reason: str


class PromoteSpecs:
    """Hooks of the family `promote`."""

    @asks(PromotedPrice, shape="dict")
    def promote_prices(self, site: Site, queries: Sequence[PriceQuery]) -> Mapping[PriceQuery, PromotedPrice]:  # type: ignore[empty-body]
        """Lower unit prices for a batch of queries, asked for cards, product pages and carts alike.

        The lowest answer wins; an answer above the list price is ignored. An error falls back to the list price.
        """

    @asks(Offer, Rejected)
    def promote_offers(self, site: Site, cart: Cart, codes: Sequence[str]) -> Sequence[Offer | Rejected]:  # type: ignore[empty-body]
        """Candidates for this cart and these codes.

        A plugin never sees another's. Nothing is counted here: see Claim.
        """
