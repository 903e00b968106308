"""Coupons and their codes. How often one was used is counted by core, in the order's own transaction."""

from __future__ import annotations

import peewee
from peewee import Check

from core.api import InstantField, JSONField, SiteTable

PERCENT, FIXED, DELIVERY = "percent", "fixed", "delivery"


class Coupon(SiteTable):
    """What its codes take off, and when.

    `basis_points` are hundredths of a percent; `amounts` and `minimums` {currency: minor units}; empty `product_ids`
    and `category_ids`: all goods. `ends` is the first instant at which it holds no more. Limits NULL: none.
    """

    title = peewee.CharField(max_length=120)
    kind = peewee.CharField(max_length=10)
    basis_points = peewee.IntegerField(default=0, constraints=[Check("basis_points >= 0 AND basis_points <= 10000")])
    amounts = JSONField(default=dict)
    minimums = JSONField(default=dict)
    product_ids = JSONField(default=list)
    category_ids = JSONField(default=list)
    starts = InstantField(null=True)
    ends = InstantField(null=True)
    total_limit = peewee.IntegerField(null=True)
    customer_limit = peewee.IntegerField(null=True)
    alone = peewee.BooleanField(default=False)
    active = peewee.BooleanField(default=True)
    created_at = InstantField()

    class Meta:
        table_name = "coupons_coupon"


class CouponCode(SiteTable):
    """A code in the form in which codes are compared (upper case). `once`: it works a single time."""

    coupon = peewee.ForeignKeyField(Coupon, on_delete="CASCADE")
    code = peewee.CharField(max_length=64)
    once = peewee.BooleanField(default=False)

    class Meta:
        table_name = "coupons_code"
        indexes = ((("site_id", "code"), True),)


TABLES = (Coupon, CouponCode)
