"""Orders as they stand: read again whenever one of them is told of, so that repeated and late news do no harm."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.api import OrderFilters, OrderView, Site, execute, list_orders, marks, order_view, rows, transaction
from plugins.pulse.services import days

_REACH = timedelta(days=180)
_PAGE = 200


def note(site: Site, order_id: int) -> None:
    """Write down one order as it is now; of old days, which are summed already, nothing. Commits."""
    order = order_view(order_id, site=site)
    if order is None or _placed(site, order) < days.oldest(site):
        return
    with transaction():
        execute(
            "INSERT INTO pulse_order (site_id, order_id, placed, paid, currency, orders, amount, received)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (site_id, order_id) DO UPDATE SET paid = excluded.paid,"
            " orders = excluded.orders, amount = excluded.amount, received = excluded.received",
            site.id,
            order.id,
            _placed(site, order),
            *_standing(site, order),
        )


def catch_up(site: Site) -> None:
    """Note the orders of the last months that nobody told of: those from before the plugin was switched on. Commits."""
    first = _midnight(site, days.today(site) - _REACH)
    after: str | None = None
    while True:
        page = list_orders(site, OrderFilters(placed_from=first), after, _PAGE)
        ids = [order.id for order in page.orders]
        sql = f"SELECT order_id FROM pulse_order WHERE site_id = ? AND order_id IN ({marks(ids)})"
        known = {order_id for (order_id,) in rows(sql, site.id, *ids)}
        for order_id in ids:
            if order_id not in known:
                note(site, order_id)
        if page.next is None:
            return
        after = page.next


def _midnight(site: Site, day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(site.timezone))


def _placed(site: Site, order: OrderView) -> str:
    return days.day_of(site, order.placed_at).isoformat()


def _standing(site: Site, order: OrderView) -> tuple[str, str, int, int, int]:
    """(day of payment or "", currency, 1 or 0 orders, amount without what was cancelled, money that came)."""
    stands = any(line.cancelled < line.quantity for line in order.lines)
    paid = min((entry.at for entry in order.timeline if entry.kind == "paid"), default=None)
    return (
        days.day_of(site, paid).isoformat() if paid else "",
        order.currency,
        int(stands),
        order.agreed_left.amount if stands else 0,
        order.captured.amount if paid else 0,
    )
