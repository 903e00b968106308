"""What the panel shows: coupons with their codes and uses, and the choices of the form."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from core.api import Money, NotFound, Site, enumerated, instant, language, marks, money, rows
from core.api import gettext as _
from plugins.coupons.models import DELIVERY, PERCENT, Coupon, CouponCode

_LATEST_USES = 100


class Listed(Struct, frozen=True, kw_only=True):
    """A coupon in the list: its common code (or none), the number of its one-use codes, and of its orders."""

    coupon: Coupon
    code: str
    once: int
    uses: int

    @property
    def takes_off(self) -> str:
        return takes_off(self.coupon)


class Use(Struct, frozen=True, kw_only=True):
    """An order in which a coupon applied, and what it took off."""

    order_id: int
    number: str
    code: str
    amount: Money
    at: datetime


def takes_off(coupon: Coupon) -> str:
    """What it takes off, in the reader's words: `10 %`, `€5.00`, `Free delivery`."""
    if coupon.kind == DELIVERY:
        return _("Free delivery")
    if coupon.kind == PERCENT:
        return _("%(percent)s %%", percent=f"{coupon.basis_points / 100:g}")
    return enumerated(money(Money(amount, code)) for code, amount in coupon.amounts.items())


def find_coupon(site: Site, coupon_id: int) -> Coupon:
    """A coupon of this site. Raises NotFound."""
    found: Coupon | None = Coupon.for_site(site).where(Coupon.id == coupon_id).first()
    if found is None:
        raise NotFound
    return found


def listed(site: Site) -> list[Listed]:
    """All coupons, the newest first. Three statements."""
    codes = {
        coupon_id: (code or "", once)
        for coupon_id, code, once in rows(
            "SELECT coupon_id, MAX(CASE WHEN once THEN NULL ELSE code END), SUM(CASE WHEN once THEN 1 ELSE 0 END)"
            " FROM coupons_code WHERE site_id = ? GROUP BY coupon_id",
            site.id,
        )
    }
    uses: dict[str, int] = dict(
        rows(
            "SELECT a.rule, count(*) FROM order_adjustment a JOIN orders o ON o.id = a.order_id"
            " WHERE o.site_id = ? AND a.plugin = ? GROUP BY a.rule",
            site.id,
            "coupons",
        )
    )
    found = Coupon.for_site(site).order_by(Coupon.id.desc())
    return [
        Listed(coupon=coupon, code=code, once=once, uses=uses.get(f"coupon-{coupon.id}", 0))
        for coupon in found
        for code, once in [codes.get(coupon.id, ("", 0))]
    ]


def uses_of(site: Site, coupon: Coupon) -> list[Use]:
    """The latest orders in which it applied."""
    found = rows(
        "SELECT o.id, o.number, a.code, a.amount, o.currency, o.placed_at"
        " FROM order_adjustment a JOIN orders o ON o.id = a.order_id"
        " WHERE o.site_id = ? AND a.plugin = ? AND a.rule = ? ORDER BY o.placed_at DESC, o.id DESC LIMIT ?",
        site.id,
        "coupons",
        f"coupon-{coupon.id}",
        _LATEST_USES,
    )
    return [
        Use(order_id=order_id, number=number, code=code, amount=Money(amount, currency), at=instant(at))
        for order_id, number, code, amount, currency, at in found
    ]


def codes_of(site: Site, coupon: Coupon, *, once: bool) -> list[str]:
    """Its codes in the order in which they were made."""
    query = (
        CouponCode.for_site(site).where(CouponCode.coupon == coupon, CouponCode.once == once).order_by(CouponCode.id)
    )
    return [found.code for found in query]


def skus_of(product_ids: Sequence[int]) -> list[str]:
    """The first SKU of each product."""
    found = rows(
        f"SELECT MIN(sku) FROM variant WHERE product_id IN ({marks(product_ids)}) AND deleted_at IS NULL"
        " GROUP BY product_id ORDER BY 1",
        *product_ids,
    )
    return [sku for (sku,) in found]


def categories(site: Site) -> list[tuple[int, str]]:
    """(id, name) of every category, in the reader's language, else in the site's, else in any."""
    found = rows(
        "SELECT c.id, t.language, t.name FROM category c"
        " JOIN category_text t ON t.category_id = c.id AND t.site_id IS NULL"
        " WHERE c.deleted_at IS NULL ORDER BY c.position, c.id"
    )
    names: dict[int, dict[str, str]] = {}
    for category_id, tag, name in found:
        names.setdefault(category_id, {})[tag] = name
    wanted = (language(), site.language)
    return [
        (category_id, next((known[tag] for tag in wanted if tag in known), next(iter(known.values()))))
        for category_id, known in names.items()
    ]
