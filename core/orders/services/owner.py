"""Whose an order is: a guest's order joins the account that the guest makes."""

from __future__ import annotations

from core.hookspecs.site import Site
from core.kernel import db
from core.lib import ids
from core.orders.services.timeline import note


def claim_order(site: Site, secret: str, shopper_id: int) -> bool:
    """Put the guest's order behind a link into an account.

    False if there is none, or it is somebody's already. Commits.
    """
    with db.transaction():
        row = db.one(
            "UPDATE orders SET shopper_id = ?, version = version + 1"
            " WHERE key_digest = ? AND site_id = ? AND shopper_id IS NULL RETURNING id",
            shopper_id,
            ids.digest(secret),
            site.id,
        )
        if row is not None:
            note(row[0], f"shopper:{shopper_id}", "claimed", shopper=shopper_id)
    return row is not None


def claim_orders(site: Site, email: str, shopper_id: int) -> int:
    """Put all that was ordered as a guest with this address into the account whose owner has just confirmed it.

    Answers how many. Commits.
    """
    with db.transaction():
        rows = db.rows(
            "UPDATE orders SET shopper_id = ?, version = version + 1"
            " WHERE site_id = ? AND LOWER(email) = LOWER(?) AND shopper_id IS NULL RETURNING id",
            shopper_id,
            site.id,
            email,
        )
        for row in rows:
            note(row[0], f"shopper:{shopper_id}", "claimed", shopper=shopper_id)
    return len(rows)
