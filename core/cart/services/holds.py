"""Goods that a cart holds for a while, on sites that do so: taken anew with every change, and gone when time is up."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.catalogue.services import stock
from core.catalogue.services.prices import state_for
from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.site_verbs import set_about
from core.lib import clock
from core.lib.errors import Unfit

LONGEST_MINUTES = 120
_SETTING = "hold_minutes"


def hold_minutes(site: Site) -> int:
    """For how long this site holds what is put into a cart; 0: not at all, which is how sites begin. No statement."""
    found = state_for(site).about.get(_SETTING, 0)
    return found if isinstance(found, int) and 0 < found <= LONGEST_MINUTES else 0


def set_hold_minutes(site: Site, minutes: int, actor: str) -> None:
    """Hold goods for carts for so long, 0 for not at all. What is held already stays so to its end. Commits."""
    if not 0 <= minutes <= LONGEST_MINUTES:
        raise Unfit({"hold_minutes": "Write a number of minutes from 0 to 120."})
    set_about(site.id, {_SETTING: minutes}, actor)


def hold_cart(site: Site, cart_id: int) -> None:
    """Part of a verb that changed a cart: hold what it needs now, for the whole time again; as much as can be had."""
    minutes = hold_minutes(site)
    if not minutes:
        return
    needs: dict[int, int] = {}
    for variant_id, quantity, part_id, pieces in db.rows(
        "SELECT l.variant_id, l.quantity, k.part_id, k.quantity FROM cart_line l"
        " LEFT JOIN kit_part k ON k.kit_id = l.variant_id WHERE l.cart_id = ?",
        cart_id,
    ):
        taken = part_id or variant_id
        needs[taken] = needs.get(taken, 0) + quantity * (pieces or 1)
    until = clock.now() + timedelta(minutes=minutes)
    stock.hold(needs, stock.cart_reference(cart_id), "system", until=until, site_id=site.id)


def held_until(site: Site, cart_id: int) -> datetime | None:
    """Until when the cart's goods are held; None if nothing is. One statement, none on sites that hold nothing."""
    return stock.held_until(stock.cart_reference(cart_id)) if hold_minutes(site) else None
