"""The signs of a cart about to be ordered, and of an order: its own figures, and other orders of the same person."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct

from core.api import Address, Cart, Money, OrderView, Site, fold, micros, now, order_view, replace, rows, value
from plugins.risk.forms import Risk, limit
from plugins.risk.services.rules import MOST, Assessment, Signs, assess

_MOST = 1000


class _Who(Struct, frozen=True, kw_only=True):
    """Whose other orders are looked at, as they stood at `until`; `besides` is this order."""

    shopper_id: int | None
    until: datetime
    besides: int


def assess_cart(site: Site, rules: Risk, cart: Cart) -> Assessment:
    """What a cart scores when it is ordered, or an order (its id below zero) when it is to become more. Reads only.

    Other orders are looked up only where they can still make it wait: usual orders cost no statement.
    """
    placed = order_view(-cart.id, site=site) if cart.id < 0 else None
    signs = Signs(
        goods=cart.subtotal, units=_pieces((line.sku, line.quantity) for line in cart.lines), email=cart.email,
        address=cart.address, billing=cart.billing, declines=_declined(placed) if placed else 0,
    )  # fmt: skip
    alone = assess(rules, signs)
    lowest = min((score for score in (rules.hold_at, rules.refuse_at) if score), default=MOST + 1)
    if alone.score + rules.many_points + rules.first_points < lowest:
        return alone
    who = _Who(
        shopper_id=cart.customer_id, until=placed.placed_at if placed else now(), besides=placed.id if placed else 0
    )
    return assess(rules, _with_others(site, rules, signs, who))


def assess_order(site: Site, rules: Risk, order: OrderView) -> Assessment:
    """What an order scores, its payments included; other orders count as they stood when it was placed. Reads only.

    Of an order that goes to several places it is what the worst of them scores.
    """
    if order.is_spread:
        seen = [replace(order, address=one, destinations=order.destinations[:1]) for one in order.addresses]
        return max((assess_order(site, rules, one) for one in seen), key=lambda one: one.score)
    left = [(line, line.left) for line in order.lines if line.left]
    signs = Signs(
        goods=Money(sum((line.unit * units).amount for line, units in left), order.currency),
        units=_pieces((line.sku, units) for line, units in left), email=order.email, address=order.address,
        billing=order.billing, declines=_declined(order),
    )  # fmt: skip
    who = _Who(shopper_id=order.shopper_id, until=order.placed_at, besides=order.id)
    return assess(rules, _with_others(site, rules, signs, who))


def _pieces(lines: Iterable[tuple[str, int]]) -> dict[str, int]:
    units: dict[str, int] = {}
    for sku, count in lines:
        units[sku] = units.get(sku, 0) + count
    return units


def _declined(order: OrderView) -> int:
    told = (fact for payment in order.payments for fact in payment.facts)
    return sum(fact.kind == "declined" and fact.verdict == "counted" for fact in told)


def _with_others(site: Site, rules: Risk, signs: Signs, who: _Who) -> Signs:
    """The same with what other orders tell, as far as a rule asks for it."""
    most = limit(rules.first_above, signs.goods.currency) if rules.first_points else None
    is_large = most is not None and signs.goods > most
    return replace(
        signs,
        orders=1 + (_others(site, rules, signs, who) if rules.many_points else 0),
        is_first=is_large and not _was_sent_to(site, signs.email, who),
    )


def _others(site: Site, rules: Risk, signs: Signs, who: _Who) -> int:
    """Other orders within the hours by the same mail address, phone or place; of very many the newest thousand."""
    mine, address = _person(signs.email, signs.address), signs.address
    if not mine:
        return 0
    found = rows(
        "SELECT email, COALESCE(address, (SELECT d.address FROM order_destination d WHERE d.order_id = orders.id AND"
        " d.address LIKE ? ESCAPE '!' ORDER BY d.position LIMIT 1)) FROM orders"
        " WHERE site_id = ? AND placed_at > ? AND placed_at <= ? AND id <> ?"
        " AND (LOWER(email) = LOWER(?) OR (phone <> '' AND phone = ?) OR address LIKE ? ESCAPE '!'"
        " OR EXISTS (SELECT 1 FROM order_destination d WHERE d.order_id = orders.id AND d.address LIKE ? ESCAPE '!'))"
        " ORDER BY placed_at DESC LIMIT ?",
        _like(address), site.id, micros(who.until - timedelta(hours=rules.many_hours)), micros(who.until), who.besides,
        signs.email.strip(), address.phone if address else "", _like(address), _like(address), _MOST,
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


def _was_sent_to(site: Site, email: str, who: _Who) -> bool:
    """Whether something of an earlier order has left to this account or mail address."""
    typed = email.strip()
    return bool(
        value(
            "SELECT 1 FROM orders o JOIN order_line l ON l.order_id = o.id AND l.shipped > 0 WHERE o.site_id = ?"
            " AND o.id <> ? AND o.placed_at <= ? AND (o.email IN (?, ?) OR o.shopper_id = ?) LIMIT 1",
            site.id, who.besides, micros(who.until), typed, typed.lower(),
            who.shopper_id if who.shopper_id is not None else -1,
        )
    )  # fmt: skip
