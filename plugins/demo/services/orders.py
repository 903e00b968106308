"""Sixty days of orders: placed, paid, sent and now and then given up, through the same verbs as any other."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from core.api import (
    Details,
    NotFound,
    OrderView,
    PriceChanged,
    Refused,
    Site,
    SiteState,
    add_to_cart,
    apply_code,
    begin_payment,
    cancel_order,
    deliver_order,
    mark_paid,
    order_view,
    place_order,
    rows,
    ship_order,
    value,
)
from plugins.demo.services.days import Begun, Life, hour_of
from plugins.demo.services.extras import tell
from plugins.demo.services.people import Person

DAYS = 60
# Shelves are not sold empty: what the goods' list says is left should look like it.
_KEPT = 6


class Shop(Struct, frozen=True, kw_only=True):
    """One of the two, as its orders need it. `staff` is the actor of those who work there; `words` are in its tongue.

    `gateway` is its way to pay, and whether the money comes before the goods; `code` is its coupon.
    """

    state: SiteState
    people: Sequence[Person]
    staff: str
    words: Mapping[str, Any]
    gateway: str
    pays_first: bool
    code: str

    @property
    def site(self) -> Site:
        return self.state.site

    def order(self, person: Person, goods: Mapping[str, int], *, note: str = "", code: str = "") -> OrderView | None:
        """Order these pieces by SKU; None where they cannot be sold. Commits."""
        site, token = self.site, None
        for sku, pieces in goods.items():
            token = add_to_cart(site, token, variant(sku), pieces, currency=site.currency, language=site.language)
        if code:
            apply_code(site, token, code)
        said = Details(email=person.email, address=person.address, gateway=self.gateway, note=note)
        try:
            placed = place_order(self.state, token, seen_total=None, details=said, shopper_id=person.shopper_id)
        except PriceChanged as shown:
            seen = shown.view.total.amount
            placed = place_order(self.state, token, seen_total=seen, shopper_id=person.shopper_id)
        except Refused:
            return None
        begin_payment(self.state, placed.id)
        return self.look(placed.id)

    def look(self, order_id: int) -> OrderView:
        """An order as it is now."""
        order = order_view(order_id, site=self.site)
        if order is None:
            raise NotFound
        return order

    def take_money(self, order: OrderView) -> None:
        """The money came; the invoice is issued. Commits."""
        mark_paid(self.state, order.id, actor=self.staff)
        self.issue(order)

    def issue(self, order: OrderView) -> None:
        """The paper that the order lacks, where papers are issued. Commits."""
        tell("documents", "issue", "--site", self.site.host, order.number)

    def send(self, order: OrderView, lines: Mapping[int, int] | None = None) -> None:
        """A parcel leaves, with its number. Commits."""
        count = value("SELECT COUNT(*) FROM shipment")
        tracking = f"{self.words['parcels']}{order.number}{count % 1000:03d}"
        ship_order(self.site, order.id, actor=self.staff, lines=lines, tracking=tracking)

    def arrive(self, order: OrderView) -> None:
        """All that is on its way is there. Commits."""
        deliver_order(self.site, order.id, actor=self.staff)

    def fulfilled(self, order: OrderView, hours: int = 20) -> Life:
        """Paid and sent, in the order of the shop, and there some days later."""
        yield from self.paid_before(order, hours)
        yield from self.underway(order, hours)

    def paid_before(self, order: OrderView, hours: int = 20) -> Life:
        """The hours until it can leave, in which the money comes where it comes before the goods."""
        yield timedelta(hours=hours)
        if self.pays_first:
            self.take_money(order)
            yield timedelta(hours=22)

    def underway(self, order: OrderView, hours: int = 20) -> Life:
        """What is left of it leaves and arrives; whoever pays at the door pays."""
        self.send(order)
        yield timedelta(days=2, hours=hours % 9)
        self.arrive(order)
        if not self.pays_first:
            self.take_money(order)


def variant(sku: str) -> int:
    """The id of a variant of the demo."""
    return int(value("SELECT id FROM variant WHERE sku = ?", sku))


def ordinary(shop: Shop, chance: random.Random, today: datetime) -> Iterator[Begun]:
    """A few orders on each of the last days, a little more towards today and at the end of the week."""
    for back in range(DAYS, -1, -1):
        for _ in range(_orders_of(back, chance)):
            # Most of them in the evening.
            at = hour_of(shop.site, today, back, int(chance.triangular(450, 1350, 1210)))
            yield Begun(at=at, site=shop.site, life=_ordinary(shop, random.Random(chance.random())))  # noqa: S311 -- as above


def _orders_of(back: int, chance: random.Random) -> int:
    """None to three a day."""
    return int(chance.random() * (2.1 + (DAYS - back) / 30 + (0.9 if back % 7 in {1, 2} else 0)))


def _ordinary(shop: Shop, chance: random.Random) -> Life:
    """One order as most are; one in twenty is thought better of."""
    goods = chance.sample(_sellable(shop.site), k=chance.choice((1, 1, 1, 2, 3)))
    fate = chance.random()
    order = shop.order(
        chance.choice(shop.people),
        {sku: chance.choice((1, 1, 1, 2)) for sku in goods},
        code=shop.code if fate > 0.85 else "",
    )
    if order is None or order.holds:
        return
    if fate < 0.05:
        yield timedelta(hours=7)
        cancel_order(shop.site, order.id, actor=f"shopper:{order.shopper_id}", reason="shopper")
        return
    yield from shop.fulfilled(order, chance.randrange(2, 30))


def _sellable(site: Site) -> list[str]:
    """What is sold here and of which enough is left."""
    return [
        row[0]
        for row in rows(
            "SELECT v.sku FROM variant v JOIN stock_level s ON s.variant_id = v.id"
            " JOIN price p ON p.variant_id = v.id AND p.site_id = ?"
            " GROUP BY v.id, v.sku HAVING MIN(s.on_hand - s.allocated - s.held) > ? ORDER BY v.id",
            site.id,
            _KEPT,
        )
    ]
