"""What was counted, as the panel shows it: days beside the days before, lists, and the months that are summed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from msgspec import Struct

from core.api import Money, Site, named_products, rows
from plugins.pulse.models import ALL, DEVICE, HOST, KINDS, LANGUAGE, PAGE, PRODUCT, WORDS
from plugins.pulse.services import days
from plugins.pulse.services.counting import COUNTERS

_TOP = 10
_LISTS = (PRODUCT, WORDS, HOST, DEVICE, LANGUAGE)


class Figures(Struct, kw_only=True):
    """The sums of a day or of a period; `sales` and `received` are minor units of the site's currency."""

    visits: int = 0
    views: int = 0
    orders: int = 0
    sales: int = 0
    paid: int = 0
    received: int = 0

    def of(self, measure: str) -> int:
        """One of them by its name."""
        return int(getattr(self, measure))


class Day(Struct, frozen=True, kw_only=True):
    """One day, with the day as many days earlier that it is compared with."""

    day: date
    now: Figures
    before: Figures


class Ranked(Struct, frozen=True, kw_only=True):
    """One line of a list. `share` is per cent of the highest; `code` is what it stands for."""

    code: str
    name: str
    views: int
    visits: int
    share: float


class Month(Struct, frozen=True, kw_only=True):
    """An old month."""

    period: str
    visits: int
    views: int
    orders: int
    sales: Money


class Report(Struct, frozen=True, kw_only=True):
    """A period of a site. `others` are sales of the period in further currencies."""

    days: list[Day]
    total: Figures
    before: Figures
    others: list[Money]
    kinds: list[Ranked]
    lists: dict[str, list[Ranked]]
    months: list[Month]

    @property
    def is_empty(self) -> bool:
        return not any((self.total.views, self.total.orders, self.before.views, self.before.orders, self.months))


def report(site: Site, length: int, language: str) -> Report:
    """The last `length` days, today included, beside as many before. What this process still holds is in it."""
    today = days.today(site)
    first, middle = today - timedelta(days=2 * length - 1), today - timedelta(days=length - 1)
    found = {(first + timedelta(days=at)).isoformat(): Figures() for at in range(2 * length)}
    counts = _counts(site, first.isoformat())
    for (period, what, name), (views, visits) in counts.items():
        if what == PAGE and name == ALL and period in found:
            found[period].views, found[period].visits = views, visits
    others = _add_orders(site, found, middle.isoformat())
    listed = [found[(first + timedelta(days=at)).isoformat()] for at in range(2 * length)]
    sums = _sums(counts, middle.isoformat())
    return Report(
        days=[Day(day=middle + timedelta(days=at), now=listed[length + at], before=listed[at]) for at in range(length)],
        total=_total(listed[length:]),
        before=_total(listed[:length]),
        others=[Money(amount, currency) for currency, amount in sorted(others.items()) if amount],
        kinds=_kinds(sums),
        lists={what: _top(site, sums, what, language) for what in _LISTS},
        months=_months(site),
    )


Counts = dict[tuple[str, str, str], tuple[int, int]]


def _counts(site: Site, first: str) -> Counts:
    """{(period, what, name): (views, visits)}: what is stored and what waits."""
    sql = "SELECT period, what, name, views, visits FROM pulse_count WHERE site_id = ? AND period >= ?"
    counts = {(row[0], row[1], row[2]): (int(row[3]), int(row[4])) for row in rows(sql, site.id, first)}
    for key, (views, visits) in COUNTERS.waiting(site).items():
        stored = counts.get(key[1:], (0, 0))
        counts[key[1:]] = (stored[0] + views, stored[1] + visits)
    return counts


def _add_orders(site: Site, found: dict[str, Figures], middle: str) -> dict[str, int]:
    """Put orders and money into their days; answers the period's sales in other currencies."""
    first, others = min(found), dict[str, int]()
    for placed, currency, orders, amount in rows(
        "SELECT placed, currency, SUM(orders), SUM(amount) FROM pulse_order WHERE site_id = ? AND placed >= ?"
        " GROUP BY placed, currency",
        site.id,
        first,
    ):
        if placed in found:
            found[placed].orders += int(orders)
            if currency == site.currency:
                found[placed].sales += int(amount)
            elif placed >= middle:
                others[currency] = others.get(currency, 0) + int(amount)
    for paid, currency, orders, received in rows(
        "SELECT paid, currency, COUNT(*), SUM(received) FROM pulse_order WHERE site_id = ? AND paid >= ?"
        " GROUP BY paid, currency",
        site.id,
        first,
    ):
        if paid in found:
            found[paid].paid += int(orders)
            found[paid].received += int(received) if currency == site.currency else 0
    return others


def _total(listed: Iterable[Figures]) -> Figures:
    every = list(listed)
    return Figures(**{name: sum(day.of(name) for day in every) for name in Figures.__struct_fields__})


def _sums(counts: Counts, middle: str) -> dict[str, dict[str, tuple[int, int]]]:
    """{what: {name: (views, visits)}} of the period."""
    sums: dict[str, dict[str, tuple[int, int]]] = {}
    for (period, what, name), (views, visits) in counts.items():
        if period >= middle:
            named = sums.setdefault(what, {})
            before = named.get(name, (0, 0))
            named[name] = (before[0] + views, before[1] + visits)
    return sums


def _kinds(sums: dict[str, dict[str, tuple[int, int]]]) -> list[Ranked]:
    """Kinds of page in the order of a visit, by visits: how far people go."""
    named = sums.get(PAGE, {})
    highest = max((visits for name, (_, visits) in named.items() if name != ALL), default=0)
    return [_ranked(kind, kind, named[kind], named[kind][1], highest) for kind in KINDS if kind in named]


def _top(site: Site, sums: dict[str, dict[str, tuple[int, int]]], what: str, language: str) -> list[Ranked]:
    """The names that were seen most, by views."""
    named = sums.get(what, {})
    best = sorted(named, key=lambda name: (-named[name][0], name))[:_TOP]
    highest = named[best[0]][0] if best else 0
    goods = named_products(site, language, [int(name) for name in best]) if what == PRODUCT and best else {}
    shown = {name: goods[int(name)].name for name in best if goods and int(name) in goods}
    return [
        _ranked(name, shown.get(name, name), named[name], named[name][0], highest)
        for name in best
        if what != PRODUCT or name in shown
    ]


def _ranked(code: str, name: str, counted: tuple[int, int], size: int, highest: int) -> Ranked:
    share = round(100 * size / highest, 1) if highest else 0.0
    return Ranked(code=code, name=name, views=counted[0], visits=counted[1], share=share)


def _months(site: Site) -> list[Month]:
    """The months that were summed, newest first."""
    pages = {
        row[0]: (int(row[1]), int(row[2]))
        for row in rows(
            "SELECT period, views, visits FROM pulse_count WHERE site_id = ? AND what = 'page' AND name = ''"
            " AND LENGTH(period) = 7",
            site.id,
        )
    }
    orders: dict[str, int] = {}
    sales: dict[str, int] = {}
    sql = "SELECT period, currency, orders, amount FROM pulse_month WHERE site_id = ?"
    for period, currency, count, amount in rows(sql, site.id):
        orders[period] = orders.get(period, 0) + int(count)
        sales[period] = sales.get(period, 0) + (int(amount) if currency == site.currency else 0)
    return [
        Month(
            period=period,
            views=pages.get(period, (0, 0))[0],
            visits=pages.get(period, (0, 0))[1],
            orders=orders.get(period, 0),
            sales=Money(sales.get(period, 0), site.currency),
        )
        for period in sorted({*pages, *orders}, reverse=True)
    ]
