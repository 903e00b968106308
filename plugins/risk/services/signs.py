"""The signs of a cart about to be ordered, and of an order: its own figures, and other orders of the same person."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta

from core.api import Address, Cart, Money, OrderView, Site, fold, micros, now, order_view, rows, value
from plugins.risk.forms import Risk, limit
from plugins.risk.services.rules import Signs

_MOST = 1000


def signs_of_cart(site: Site, rules: Risk, cart: Cart) -> Signs:
    """What is known when a cart is ordered, or when an order (its id below zero) is to become more. Reads only."""
    placed = order_view(-cart.id, site=site) if cart.id < 0 else None
    return _signs(
        site, rules, cart.subtotal, ((line.sku, line.quantity) for line in cart.lines), cart.email, cart.address,
        cart.billing, shopper_id=cart.customer_id, until=placed.placed_at if placed else now(),
        besides=placed.id if placed else 0, declines=_declined(placed) if placed else 0,
    )  # fmt: skip


def signs_of_order(site: Site, rules: Risk, order: OrderView) -> Signs:
    """What is known of an order, its payments included; other orders count as they stood when it was placed."""
    left = [(line, line.left) for line in order.lines if line.left]
    goods = Money(sum((line.unit * units).amount for line, units in left), order.currency)
    return _signs(
        site, rules, goods, ((line.sku, units) for line, units in left), order.email, order.address, order.billing,
        shopper_id=order.shopper_id, until=order.placed_at, besides=order.id, declines=_declined(order),
    )  # fmt: skip


def _declined(order: OrderView) -> int:
    return sum(
        fact.kind == "declined" and fact.verdict == "counted" for payment in order.payments for fact in payment.facts
    )


def _signs(
    site: Site,
    rules: Risk,
    goods: Money,
    pieces: Iterable[tuple[str, int]],
    email: str,
    address: Address | None,
    billing: Address | None,
    *,
    shopper_id: int | None,
    until: datetime,
    besides: int,
    declines: int,
) -> Signs:
    units: dict[str, int] = {}
    for sku, count in pieces:
        units[sku] = units.get(sku, 0) + count
    most = limit(rules.first_above, goods.currency) if rules.first_points else None
    is_large = most is not None and goods > most
    return Signs(
        goods=goods, units=units, email=email, address=address, billing=billing, declines=declines,
        orders=1 + (_others(site, rules, email, address, until, besides) if rules.many_points else 0),
        is_first=is_large and not _was_sent_to(site, email, shopper_id, until, besides),
    )  # fmt: skip


def _others(site: Site, rules: Risk, email: str, address: Address | None, until: datetime, besides: int) -> int:
    """Other orders within the hours by the same mail address, phone or place; of very many the newest thousand."""
    mine = _person(email, address)
    if not mine:
        return 0
    found = rows(
        "SELECT email, address FROM orders WHERE site_id = ? AND placed_at > ? AND placed_at <= ? AND id <> ?"
        " AND (LOWER(email) = LOWER(?) OR (phone <> '' AND phone = ?) OR address LIKE ? ESCAPE '!')"
        " ORDER BY placed_at DESC LIMIT ?",
        site.id, micros(until - timedelta(hours=rules.many_hours)), micros(until), besides, email.strip(),
        address.phone if address else "", _like(address), _MOST,
    )  # fmt: skip
    return sum(bool(mine & _person(other, _stored(text))) for other, text in found)


def _like(address: Address | None) -> str:
    """What stands in every stored address of the same place, as it is stored."""
    if address is None:
        return ""
    part = ("postcode", address.postcode) if address.postcode else ("city", address.city)
    piece = f'"{part[0]}":{json.dumps(part[1], ensure_ascii=False)}'
    return "%" + "".join(f"!{letter}" if letter in "!%_" else letter for letter in piece) + "%"


def _stored(text: str | None) -> Address | None:
    parts = json.loads(text) if text else None
    return Address(**{**parts, "lines": tuple(parts.get("lines", ()))}) if parts else None


def _person(email: str, address: Address | None) -> frozenset[str]:
    """By what somebody is known again: the mail address, the digits of the phone, the place of delivery."""
    known = {f"mail {email.strip().casefold()}"} if email.strip() else set()
    if address is not None:
        digits = "".join(letter for letter in address.phone if letter.isdigit())
        place = "".join(fold("".join((*address.lines, address.postcode))).split())
        known |= {f"phone {digits[-9:]}"} if len(digits) > 5 else set()
        known |= {f"place {address.country} {place}"} if address.lines and place else set()
    return frozenset(known)


def _was_sent_to(site: Site, email: str, shopper_id: int | None, until: datetime, besides: int) -> bool:
    """Whether something of an earlier order has left to this account or mail address."""
    typed = email.strip()
    return bool(
        value(
            "SELECT 1 FROM orders o JOIN order_line l ON l.order_id = o.id AND l.shipped > 0 WHERE o.site_id = ?"
            " AND o.id <> ? AND o.placed_at <= ? AND (o.email IN (?, ?) OR o.shopper_id = ?) LIMIT 1",
            site.id, besides, micros(until), typed, typed.lower(), shopper_id if shopper_id is not None else -1,
        )
    )  # fmt: skip
