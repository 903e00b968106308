"""Notes of the team, kept in the timeline. Shoppers never see them."""

from __future__ import annotations

from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.repeats import claim
from core.orders.services.settle import lock_order
from core.orders.services.timeline import note


def write(site: Site, order_id: int, text: str, *, actor: str, key: str = "") -> None:
    """Keep a note. Raises NotFound, DoneBefore. Commits."""
    with db.transaction():
        claim(key)
        lock_order(order_id, site.id)
        note(order_id, actor, "note", text=text)
