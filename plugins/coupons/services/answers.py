"""What a cart's codes are good for: an offer each, or the reason why not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.api import (
    AmountOff,
    Cart,
    Claim,
    DeliveryOff,
    Money,
    Offer,
    PercentOff,
    Rejected,
    Site,
    day,
    digest,
    money,
    now,
)
from core.api import gettext as _
from plugins.coupons.models import DELIVERY, FIXED, Coupon, CouponCode


def answers(site: Site, cart: Cart, codes: Sequence[str]) -> list[Offer | Rejected]:
    """One answer per code of ours, none for codes that we do not know. One statement, none without codes.

    Two codes of one coupon are one offer: the second is refused. Limits are claims: core counts them when the order is
    placed.
    """
    given = {code: code.strip().upper() for code in codes if code.strip()}
    if not given:
        return []
    found = {known.code: known for known in _known(site, set(given.values()))}
    told: list[Offer | Rejected] = []
    granted: set[int] = set()
    for code, normal in given.items():
        if normal in found:
            told.append(_answer(site, cart, code, found[normal], granted))
    return told


def _known(site: Site, codes: set[str]) -> list[CouponCode]:
    query = CouponCode.for_site(site).select_extend(Coupon).join(Coupon).where(CouponCode.code.in_(sorted(codes)))
    return list(query)


def _answer(site: Site, cart: Cart, code: str, known: CouponCode, granted: set[int]) -> Offer | Rejected:
    coupon = known.coupon
    reason = (
        _("Another code of the same offer is in the cart.") if coupon.id in granted else why_not(site, cart, coupon)
    )
    if reason:
        return Rejected(code=code, reason=reason)
    granted.add(coupon.id)
    return Offer(
        key=f"coupon-{coupon.id}",
        title=coupon.title,
        code=code,
        benefit=_benefit(cart, coupon),
        exclusive=coupon.alone,
        claims=_claims(cart, known),
    )


def why_not(site: Site, cart: Cart, coupon: Coupon) -> str:
    """The first reason against it in the shopper's language, empty if there is none. Limits are not looked at."""
    return _not_now(site, coupon) or _not_for_sum(cart, coupon) or _not_for_goods(cart, coupon)


def _not_now(site: Site, coupon: Coupon) -> str:
    at = now()
    if not coupon.active:
        return _("This code is no longer valid.")
    if coupon.starts and at < coupon.starts:
        return _("Starts on %(day)s.", day=_day(coupon.starts, site))
    if coupon.ends and at >= coupon.ends:
        return _("Ended on %(day)s.", day=_day(coupon.ends - timedelta(microseconds=1), site))
    return ""


def _not_for_sum(cart: Cart, coupon: Coupon) -> str:
    currency = cart.currency
    is_priced = coupon.kind != FIXED or currency in coupon.amounts
    if not is_priced or (coupon.minimums and currency not in coupon.minimums):
        return _("Not for orders in %(currency)s.", currency=currency)
    if cart.subtotal.amount < coupon.minimums.get(currency, 0):
        return _("For orders from %(amount)s.", amount=money(Money(coupon.minimums[currency], currency)))
    return ""


def _not_for_goods(cart: Cart, coupon: Coupon) -> str:
    return "" if _line_ids(cart, coupon) else _("For other goods than those in the cart.")


def _day(at: datetime, site: Site) -> str:
    return day(at.astimezone(ZoneInfo(site.timezone)).date(), "long")


def _line_ids(cart: Cart, coupon: Coupon) -> frozenset[int]:
    """The lines that it is for."""
    products, categories = set(coupon.product_ids), set(coupon.category_ids)
    is_for_all = not products and not categories
    return frozenset(
        line.id for line in cart.lines if is_for_all or line.product_id in products or line.category_ids & categories
    )


def _benefit(cart: Cart, coupon: Coupon) -> PercentOff | AmountOff | DeliveryOff:
    if coupon.kind == DELIVERY:
        return DeliveryOff()
    lines = _line_ids(cart, coupon)
    scope = None if len(lines) == len(cart.lines) else lines
    if coupon.kind == FIXED:
        return AmountOff(amount=Money(coupon.amounts[cart.currency], cart.currency), line_ids=scope)
    return PercentOff(basis_points=coupon.basis_points, line_ids=scope)


def _claims(cart: Cart, known: CouponCode) -> tuple[Claim, ...]:
    """The counters that an order with this code takes from. A shopper is known by account and by mail address."""
    coupon, claims = known.coupon, []
    if known.once:
        claims.append(Claim(key=f"code-{known.id}", limit=1))
    if coupon.total_limit is not None:
        claims.append(Claim(key=f"coupon-{coupon.id}", limit=coupon.total_limit))
    if coupon.customer_limit is not None:
        claims += [Claim(key=f"coupon-{coupon.id}-{who}", limit=coupon.customer_limit) for who in _who(cart)]
    return tuple(claims)


def _who(cart: Cart) -> list[str]:
    who = [f"shopper-{cart.customer_id}"] if cart.customer_id is not None else []
    mail = cart.email.strip().lower()
    return [*who, f"mail-{digest(mail)[:32]}"] if mail else who
