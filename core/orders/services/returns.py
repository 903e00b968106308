"""A shopper who comes back from a gateway: found by the payment's token alone."""

from __future__ import annotations

from msgspec import Struct

from core.hookspecs.site import Site
from core.kernel import db
from core.orders.services.links import order_secret


class ReturnedPayment(Struct, frozen=True, kw_only=True):
    """Which payment, the secret of its order's page, and the language in which it was ordered."""

    payment_id: int
    order_id: int
    secret: str
    language: str


def returned_payment(site: Site, token: str) -> ReturnedPayment | None:
    """The payment behind the token of a return address, on this site."""
    row = db.one(
        "SELECT p.id, p.order_id, o.cart_id, o.link, o.language FROM payment p JOIN orders o ON o.id = p.order_id"
        " WHERE p.token = ? AND p.site_id = ?",
        token,
        site.id,
    )
    if row is None:
        return None
    secret = order_secret(site.id, row[2], row[3])
    return ReturnedPayment(payment_id=row[0], order_id=row[1], secret=secret, language=row[4])
