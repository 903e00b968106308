"""Notes of the team and of plugins, kept in the timeline. Shoppers never see them."""

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


def tell(site: Site, order_id: int, plugin: str, text: str, *, actor: str, **values: object) -> int:
    """What a plugin did with an order: a row of its timeline. Answers the order's new version.

    `text` is a msgid of the plugin, `values` fill it; they stay when its shopper is forgotten, so they name no person.
    Part of a plugin's transaction, so that whoever works on the order at the same time learns of it. Something has
    happened to an order that was told of: an import that is undone leaves it. Raises NotFound.
    """
    db.require_transaction()
    version = lock_order(order_id, site.id)
    note(order_id, actor, "told", plugin=plugin, told=text, values=values)
    return version
