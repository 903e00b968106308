"""Sales by day for the first page: one statement, whatever the number of orders.

The definition, as the page states it: the totals of orders placed on a day of the site's own time zone, delivery and
tax included, without what was cancelled. Each currency is summed by itself.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from core.hookspecs.site import Site
from core.kernel import db
from core.lib import clock
from core.lib.chart import Box, Chart, charts
from core.lib.money import Money, exponent
from core.orders.services.status import CANCELLED_SQL

RANGES = (7, 30, 90)
_QUARTER_US, _HOUR_US = 900_000_000, 3_600_000_000
_BOXES = (Box("broad", 760, 220, 44, 5), Box("narrow", 340, 190, 44, 3))


class Day(Struct, frozen=True, kw_only=True):
    """One day, with the day as many days earlier that it is compared with."""

    day: date
    orders: int
    total: Money
    orders_before: int
    before: Money


class Sales(Struct, frozen=True, kw_only=True):
    """The last days in the site's currency, oldest first; `others` are sums of the period in further currencies."""

    days: list[Day]
    others: list[Money]

    @property
    def today(self) -> Day:
        return self.days[-1]

    @property
    def orders(self) -> int:
        return sum(day.orders for day in self.days)

    @property
    def orders_before(self) -> int:
        return sum(day.orders_before for day in self.days)

    @property
    def total(self) -> Money:
        return Money(sum(day.total.amount for day in self.days), self.today.total.currency)

    @property
    def before(self) -> Money:
        return Money(sum(day.before.amount for day in self.days), self.today.total.currency)


def of_days(site: Site, days: int) -> Sales:
    """The sales of the last `days` days, today included, beside as many days before them."""
    today = clock.now().astimezone(ZoneInfo(site.timezone)).date()
    listed = [today - timedelta(days=back) for back in reversed(range(days))]
    sums = _sums(site, today - timedelta(days=2 * days - 1), 2 * days)
    others: dict[str, int] = {}
    for (place, currency), (_orders, amount) in sums.items():
        if currency != site.currency and place >= days:
            others[currency] = others.get(currency, 0) + amount
    counted = [sum(orders for (place, _), (orders, _amount) in sums.items() if place == at) for at in range(2 * days)]
    amounts = [sums.get((at, site.currency), (0, 0))[1] for at in range(2 * days)]
    return Sales(
        days=[
            Day(
                day=day,
                orders=counted[days + at],
                total=Money(amounts[days + at], site.currency),
                orders_before=counted[at],
                before=Money(amounts[at], site.currency),
            )
            for at, day in enumerate(listed)
        ],
        others=[Money(amount, currency) for currency, amount in sorted(others.items())],
    )


def _sums(site: Site, first: date, days: int) -> dict[tuple[int, str], tuple[int, int]]:
    """(orders, amount) by (number of the day since `first`, currency).

    The database sums hours, or quarters where a midnight of the time zone cuts an hour; days are made of them here.
    """
    starts = [clock.micros(_midnight(site, first + timedelta(days=at))) for at in range(days)]
    step = _QUARTER_US if any(start % _HOUR_US for start in starts) else _HOUR_US
    found = db.rows(
        "SELECT o.placed_at / ?, o.currency, COUNT(*), SUM(o.total - COALESCE(l.gone, 0)) FROM orders o LEFT JOIN"
        f" (SELECT order_id, {CANCELLED_SQL} AS gone FROM order_line WHERE cancelled > 0 GROUP BY order_id) l"
        " ON l.order_id = o.id WHERE o.site_id = ? AND o.placed_at >= ? AND o.state NOT LIKE 'cancelled %'"
        " GROUP BY 1, 2",
        step,
        site.id,
        starts[0],
    )
    sums: dict[tuple[int, str], tuple[int, int]] = {}
    for number, currency, orders, amount in found:
        key = (bisect_right(starts, int(number) * step) - 1, currency)
        before = sums.get(key, (0, 0))
        sums[key] = (before[0] + int(orders), before[1] + int(amount))
    return sums


def _midnight(site: Site, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(site.timezone))


# -- the chart -------------------------------------------------------------------------------------------------------


def drawings(sales: Sales) -> list[Chart]:
    """The chart for a wide page and for a phone, in whole units of money."""
    unit = 10 ** exponent(sales.today.total.currency)
    return charts(
        _BOXES,
        [day.day for day in sales.days],
        [day.total.amount / unit for day in sales.days],
        [day.before.amount / unit for day in sales.days],
    )
