"""What is older than 400 days is summed by months: the days, and which order it was, are forgotten."""

from __future__ import annotations

from core.api import Site, execute, rows, transaction
from plugins.pulse.services import days
from plugins.pulse.services.counting import Key, store

_DAY = 10


def roll_up(site: Site) -> None:
    """Sum the old days of a site by months. All of it or nothing, so that it can be repeated. Commits."""
    oldest = days.oldest(site)
    with transaction():
        _roll_up_counts(site, oldest)
        _roll_up_orders(site, oldest)


def _roll_up_counts(site: Site, oldest: str) -> None:
    """DELETE answers what it took, so a second process finds nothing to add again."""
    months: dict[Key, tuple[int, int]] = {}
    newest: dict[Key, tuple[str, int]] = {}
    for period, what, name, views, visits, results in rows(
        "DELETE FROM pulse_count WHERE site_id = ? AND period < ? AND LENGTH(period) = ?"
        " RETURNING period, what, name, views, visits, results",
        site.id,
        oldest,
        _DAY,
    ):
        key = Key(site.id, period[:7], what, name)
        before = months.get(key, (0, 0))
        months[key] = (before[0] + views, before[1] + visits)
        if results is not None:
            newest[key] = max(newest.get(key, ("", 0)), (period, results))
    store(months, {key: results for key, (_period, results) in newest.items()})


def _roll_up_orders(site: Site, oldest: str) -> None:
    sums: dict[tuple[str, str], list[int]] = {}
    for placed, paid, currency, orders, amount, received in rows(
        "DELETE FROM pulse_order WHERE site_id = ? AND placed < ? AND paid < ?"
        " RETURNING placed, paid, currency, orders, amount, received",
        site.id,
        oldest,
        oldest,
    ):
        for month, more in ((placed[:7], (orders, amount, 0, 0)), (paid[:7], (0, 0, 1, received))):
            if month:
                found = sums.setdefault((month, currency), [0, 0, 0, 0])
                found[:] = [one + another for one, another in zip(found, more, strict=True)]
    for (month, currency), added in sorted(sums.items()):
        execute(
            "INSERT INTO pulse_month (site_id, period, currency, orders, amount, paid, received)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (site_id, period, currency) DO UPDATE SET"
            " orders = pulse_month.orders + excluded.orders, amount = pulse_month.amount + excluded.amount,"
            " paid = pulse_month.paid + excluded.paid, received = pulse_month.received + excluded.received",
            site.id,
            month,
            currency,
            *added,
        )
