"""Sales of a site, what they are for, and which prices everybody could pay since when."""

from __future__ import annotations

from typing import Any

import peewee
from peewee import Check

from core.api import InstantField, JSONField, RemovableTable, SiteTable

PERCENT, FIXED, OFF = "percent", "fixed", "off"
KINDS = (PERCENT, FIXED, OFF)
EXACT, TO_99, TO_95, TO_WHOLE = "", "99", "95", "whole"
ROUNDINGS = (EXACT, TO_99, TO_95, TO_WHOLE)
VARIANT, PRODUCT, CATEGORY = "variant", "product", "category"


class Sale(RemovableTable):
    """A reduction from `starts` until before `ends` (NULL: without end), while it is `active`.

    `basis_points` are hundredths of a percent; `amounts` {currency: minor units} is the price of a FIXED sale, and what
    an OFF sale takes off. `everything`: for all goods; otherwise for its items. `signed_in`: for shoppers with an
    account alone. `skip_reduced`: not for goods whose own price is compared with a higher one already.
    """

    name = peewee.CharField(max_length=120)
    kind = peewee.CharField(max_length=10)
    basis_points = peewee.IntegerField(default=0, constraints=[Check("basis_points >= 0 AND basis_points <= 10000")])
    amounts = JSONField(default=dict)
    rounding = peewee.CharField(max_length=10, default=EXACT)
    starts = InstantField()
    ends = InstantField(null=True)
    active = peewee.BooleanField(default=True)
    everything = peewee.BooleanField(default=False)
    signed_in = peewee.BooleanField(default=False)
    skip_reduced = peewee.BooleanField(default=False)
    created_at = InstantField()

    class Meta:
        table_name = "sale_prices_sale"
        constraints = [Check("ends IS NULL OR starts < ends")]


class SaleItem(SiteTable):
    """A variant, product or category (`ref`) that a sale is for. `prices` are its own, as `amounts`."""

    sale = peewee.ForeignKeyField(Sale, on_delete="CASCADE", index=False)
    sale_id: Any
    kind = peewee.CharField(max_length=10)
    ref = peewee.IntegerField()
    prices = JSONField(null=True)

    class Meta:
        table_name = "sale_prices_item"
        indexes = ((("sale", "kind", "ref"), True), (("site_id", "kind", "ref"), False))


class PriceSpan(SiteTable):
    """What one unit cost everybody, from `since` until before `until` (NULL: it still does)."""

    site_id = peewee.IntegerField()
    variant_id = peewee.IntegerField()
    currency = peewee.CharField(max_length=3)
    amount = peewee.BigIntegerField()
    since = InstantField()
    until = InstantField(null=True)

    class Meta:
        table_name = "sale_prices_span"
        indexes = ((("site_id", "variant_id", "currency", "since"), False),)


TABLES = (Sale, SaleItem, PriceSpan)
