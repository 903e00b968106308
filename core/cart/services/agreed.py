"""What staff agreed with a shopper beforehand, and the cart that becomes its order: it never lies in a browser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct, field

from core.hookspecs.site import Site
from core.kernel import db
from core.lib import clock, ids
from core.lib.jsons import json_or_null, to_json

if TYPE_CHECKING:
    from core.cart.services.find import StoredCart


class OwnLine(Struct, frozen=True, kw_only=True):
    """A line of the shop's own words: a title, the price of one in minor units, and how it is taxed. No stock."""

    title: str
    amount: int
    tax_class: str = "standard"


class Agreed(Struct, frozen=True, kw_only=True):
    """The terms of a draft in its `version`: unit prices in minor units by variant, their reasons, and a discount.

    `own` are lines outside the catalogue, by numbers below zero that stand for variants in the cart.

    `by_arrangement`: the shop and the shopper agree about the payment, whatever gateways the site has.
    """

    draft_id: int
    version: int
    prices: Mapping[int, int] = field(default_factory=dict)
    reasons: Mapping[int, str] = field(default_factory=dict)
    discount: int = 0
    discount_reason: str = ""
    by_arrangement: bool = False
    own: Mapping[int, OwnLine] = field(default_factory=dict)


def keep_agreed_cart(site: Site, token: str, cart: StoredCart) -> None:
    """Make the cart behind `token` hold what `cart` says; one of which an order was made stays as it is. Commits.

    The row names no shopper, so it is never taken for the cart that somebody has in their browser.
    """
    with db.transaction():
        now = clock.now_us()
        cart_id = db.value(
            "INSERT INTO carts (site_id, token_digest, currency, language, shopper_id, email, codes, address, billing,"
            " carrier, service, gateway, extra, note, places, version, created_at, updated_at)"
            " VALUES (?, ?, ?, ?, NULL, ?, '[]', ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?) ON CONFLICT (token_digest) DO UPDATE"
            " SET currency = excluded.currency, language = excluded.language, email = excluded.email,"
            " address = excluded.address, billing = excluded.billing, carrier = excluded.carrier,"
            " service = excluded.service, gateway = excluded.gateway, extra = excluded.extra, note = excluded.note,"
            " places = excluded.places, version = carts.version + 1, updated_at = excluded.updated_at"
            " WHERE carts.ordered_at IS NULL AND carts.site_id = excluded.site_id RETURNING id",
            site.id, ids.digest(token), cart.currency, cart.language, cart.email, json_or_null(cart.address),
            json_or_null(cart.billing), cart.carrier, cart.service, cart.gateway,
            to_json(cart.extra), cart.note, to_json(cart.places),
            now, now,
        )  # fmt: skip
        if cart_id is None:
            return
        db.execute("DELETE FROM cart_line WHERE cart_id = ?", cart_id)
        for line in cart.lines:
            db.execute(
                "INSERT INTO cart_line (cart_id, variant_id, quantity) VALUES (?, ?, ?)",
                cart_id, line.variant_id, line.quantity,
            )  # fmt: skip
