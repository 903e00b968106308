"""What was counted: pages and what belongs to them, orders, and what is left of both when they are old."""

from __future__ import annotations

import peewee

from core.api import SiteTable

PAGE, PRODUCT, WORDS, HOST, DEVICE, LANGUAGE = "page", "product", "words", "host", "device", "language"
KINDS = ("home", "category", "product", "search", "cart", "checkout", "confirmation", "other")
ALL = ""
"""The name of the row that counts every page of a period together."""


class Count(SiteTable):
    """How often something was seen in a `period`: a local day (`2026-03-09`), or once it is old a month (`2026-03`).

    `what` is one of the words above and `name` which of them: a kind of page, a product's id, words, a host. `visits`
    are the devices that were counted with it; only pages, devices, languages and hosts have them. Of words they are
    those of the searches that found nothing, and `results` how many goods the newest of them found (NULL: not known).
    """

    site_id = peewee.IntegerField()
    period = peewee.CharField(max_length=10)
    what = peewee.CharField(max_length=10)
    name = peewee.CharField(max_length=120)
    views = peewee.BigIntegerField(default=0)
    visits = peewee.BigIntegerField(default=0)
    results = peewee.IntegerField(null=True)

    class Meta:
        table_name = "pulse_count"
        indexes = ((("site_id", "period", "what", "name"), True),)


class OrderCount(SiteTable):
    """One order as it stands: when it was placed and paid (local days), and how much. Amounts are minor units.

    `orders` is 0 once all of it is cancelled. `paid` is empty, and `received` 0, until the money has come.
    """

    site_id = peewee.IntegerField()
    order_id = peewee.IntegerField()
    placed = peewee.CharField(max_length=10)
    paid = peewee.CharField(max_length=10, default="")
    currency = peewee.CharField(max_length=3)
    orders = peewee.IntegerField(default=1)
    amount = peewee.BigIntegerField(default=0)
    received = peewee.BigIntegerField(default=0)

    class Meta:
        table_name = "pulse_order"
        indexes = ((("site_id", "order_id"), True), (("site_id", "placed"), False), (("site_id", "paid"), False))


class MonthOfOrders(SiteTable):
    """What the orders of a month came to, once they are old. Amounts are minor units of `currency`."""

    site_id = peewee.IntegerField()
    period = peewee.CharField(max_length=7)
    currency = peewee.CharField(max_length=3)
    orders = peewee.BigIntegerField(default=0)
    amount = peewee.BigIntegerField(default=0)
    paid = peewee.BigIntegerField(default=0)
    received = peewee.BigIntegerField(default=0)

    class Meta:
        table_name = "pulse_month"
        indexes = ((("site_id", "period", "currency"), True),)


TABLES = (Count, OrderCount, MonthOfOrders)
