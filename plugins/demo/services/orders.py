"""Sixty days of orders: placed, paid, sent and now and then cancelled through the same verbs as any other."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from core.api import (
    Address,
    Details,
    PlacedOrder,
    PriceChanged,
    Refused,
    Site,
    SiteState,
    add_to_cart,
    cancel_order,
    deliver_order,
    freeze,
    mark_paid,
    now,
    place_order,
    rows,
    ship_order,
    state_of,
)

PEOPLE = Path(__file__).parents[1] / "people.toml"
ACTOR = "plugin:demo"
DAYS = 60
# Shelves are not sold empty: what the goods' list says is left should look like it.
_KEPT = 6
_SEED = 20
Person = Mapping[str, Any]


def seed_orders(sites: Sequence[Site]) -> int:
    """Let shoppers have bought on each of the last days, a little more towards today; answers how many orders.

    The clock of this process stands in the past meanwhile, so nothing may be served yet. Commits, order by order.
    """
    people = tomllib.loads(PEOPLE.read_text("utf-8"))["people"]
    chance = random.Random(_SEED)  # noqa: S311 -- a demo that looks the same every time
    today = now()
    made = 0
    for back in range(DAYS, -1, -1):
        for site in sites:
            known = [person for person in people if person["site"] == site.host]
            for _ in range(_orders_of(back, chance)):
                at = today - timedelta(days=back, minutes=chance.randrange(20, 600))
                made += _lived(state_of(site.id), chance, chance.choice(known), at, today)
    return made


def _orders_of(back: int, chance: random.Random) -> int:
    """None to three a day, more of late and at the end of the week."""
    return int(chance.random() * (1.4 + (DAYS - back) / 40 + (0.6 if back % 7 in {1, 2} else 0)))


def _lived(state: SiteState, chance: random.Random, person: Person, at: datetime, today: datetime) -> bool:
    """One order with what became of it by `today`; False where nothing could be sold."""
    with freeze(at):
        placed = _ordered(state, chance, person)
    if placed is None:
        return False
    _paid_and_sent(state, placed.id, chance, at, today)
    return True


def _ordered(state: SiteState, chance: random.Random, person: Person) -> PlacedOrder | None:
    site, token = state.site, None
    for variant_id in chance.sample(_sellable(site), k=chance.choice((1, 1, 1, 2, 3))):
        pieces = chance.choice((1, 1, 1, 2))
        token = add_to_cart(site, token, variant_id, pieces, currency=site.currency, language=site.language)
    try:
        return place_order(state, token, seen_total=None, details=_details(site, person, chance))
    except PriceChanged as shown:
        return place_order(state, token, seen_total=shown.view.total.amount)
    except Refused:
        return None


def _sellable(site: Site) -> list[int]:
    """Variants that are sold here and of which enough is left."""
    return [
        row[0]
        for row in rows(
            "SELECT v.id FROM variant v JOIN stock_level s ON s.variant_id = v.id"
            " JOIN price p ON p.variant_id = v.id AND p.site_id = ?"
            " GROUP BY v.id HAVING MIN(s.on_hand - s.allocated - s.held) > ? ORDER BY v.id",
            site.id,
            _KEPT,
        )
    ]


def _details(site: Site, person: Person, chance: random.Random) -> Details:
    address = Address(
        name=person["name"],
        lines=(person["line"],),
        district=person.get("district", ""),
        city=person["city"],
        region=person.get("region", ""),
        postcode=person["postcode"],
        country=site.country,
        phone=person.get("phone", ""),
    )
    return Details(email=person["email"], address=address, gateway=chance.choice(_WAYS.get(site.host, ("",))))


_WAYS = {"shop.localhost": ("bank_transfer",), "ji.localhost": ("cash_on_delivery",)}


def _paid_and_sent(state: SiteState, order_id: int, chance: random.Random, at: datetime, today: datetime) -> None:
    """Paid a day later, sent on the second and there on the fifth; a few were cancelled, the newest still wait."""
    fate = chance.random()
    if fate < 0.05 and at + timedelta(days=1) < today:
        with freeze(at + timedelta(hours=7)):
            cancel_order(state.site, order_id, actor=ACTOR, reason="shopper")
        return
    steps = (
        (timedelta(hours=chance.randrange(1, 30)), lambda: mark_paid(state, order_id, actor=ACTOR)),
        (timedelta(days=2), lambda: ship_order(state.site, order_id, actor=ACTOR, tracking=f"NB{order_id:09d}")),
        (timedelta(days=5), lambda: deliver_order(state.site, order_id, actor=ACTOR)),
    )
    for after, step in steps:
        if at + after >= today or (fate > 0.93 and after > timedelta(days=1)):
            return
        with freeze(at + after):
            step()
