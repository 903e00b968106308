"""Goods do not wait for money for ever: unpaid orders end, unpaid additions go back, staff hears of the rest.

Authorised money of cancelled orders is let go.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from core.kernel import db, jobs
from core.kernel.installation import installation
from core.kernel.sites import SiteState, state_of
from core.lib import clock
from core.lib.errors import Broken, Refused
from core.orders.services.cancel import cancel_units
from core.orders.services.difference import added_unpaid, give_back
from core.orders.services.facts import payment_state
from core.orders.services.gateways import GatewayGone
from core.orders.services.hold_checks import hold_unpaid
from core.orders.services.opening import fetch_payment
from core.orders.services.payments import void
from core.orders.services.resume import resume_unknown
from core.orders.services.revive import EXPIRED
from core.orders.services.settle import line_facts, money_facts, open_amount
from core.orders.services.states import changed
from core.orders.services.status import MoneyFacts, due, payment_status

log = structlog.get_logger(__name__)
_BATCH = 100


def expire_unpaid(now: datetime | None = None) -> int:
    """Cancel orders whose time to pay is over, after asking their gateways once more; answers how many were cancelled.

    Of an order that was paid at least in part only what was added and never paid goes back, and nothing that was paid
    for; staff decides about the rest. An order whose gateway does not answer waits for the next run. Network, then one
    transaction per order.
    """
    at = clock.micros(now or clock.now())
    found = db.rows("SELECT site_id, id FROM orders WHERE expires_at <= ? ORDER BY expires_at, id LIMIT ?", at, _BATCH)
    return sum(_expire(state_of(site_id), order_id, at) for site_id, order_id in found)


def _expire(state: SiteState, order_id: int, at: int) -> bool:
    try:
        for (payment_id,) in db.rows("SELECT id FROM payment WHERE order_id = ? ORDER BY id", order_id):
            fetch_payment(state, payment_id)
    except GatewayGone:
        log.info("expires unasked, its plugin is off", order_id=order_id)
    except (Refused, Broken) as error:
        log.warning("waits to expire", order_id=order_id, error=str(error))
        return False
    with db.transaction():
        # What was asked outside is judged again under the lock: money may have come in between.
        if not db.execute("UPDATE orders SET version = version + 1 WHERE id = ? AND expires_at <= ?", order_id, at):
            return False
        changed(order_id)
        order = db.one("SELECT total, delivery_total FROM orders WHERE id = ?", order_id)
        assert order is not None
        money = money_facts(order_id)
        status = payment_status(due(order[0], order[1], line_facts(order_id)), money)
        if (status == "pending" or _is_under_way(order_id)) and not _waited(order_id, at):
            return False
        is_paid_for = _is_paid_for(order_id, money)
        if is_paid_for:
            _end_difference(state, order_id)
        elif _is_waiting(order_id):
            cancel_units(state.site.id, order_id, actor="system", reason=EXPIRED)
        db.execute("UPDATE orders SET expires_at = NULL WHERE id = ?", order_id)
    return not is_paid_for


def _is_under_way(order_id: int) -> bool:
    """Whether one of the payments, such as that of a difference, is pending at its gateway."""
    found = db.rows("SELECT id, amount FROM payment WHERE order_id = ?", order_id)
    return any(payment_state(payment_id, amount) == "pending" for payment_id, amount in found)


def _is_paid_for(order_id: int, money: MoneyFacts) -> bool:
    """Whether money is there, or once was for all of it: orders without a price are paid as they are placed."""
    return (
        money.captured > 0
        or money.authorized > money.released
        or bool(db.value("SELECT 1 FROM order_effect WHERE order_id = ? AND effect = 'paid'", order_id))
    )


def _is_waiting(order_id: int) -> bool:
    return bool(db.value("SELECT SUM(allocated) FROM order_line WHERE order_id = ?", order_id))


def _end_difference(state: SiteState, order_id: int) -> None:
    """What was added and never paid goes back; what cannot be told apart from what was paid is for staff to decide."""
    left = open_amount(order_id)
    if left > 0 and (units := added_unpaid(order_id, left)):
        give_back(state.site, order_id, units)
        left = open_amount(order_id)
    if left > 0:
        hold_unpaid(state.site.id, order_id)


def _waited(order_id: int, at: int) -> bool:
    """A payment under review gets a week more; then the order goes, and late money would bring it back."""
    expires = int(db.value("SELECT expires_at FROM orders WHERE id = ?", order_id))
    return at >= expires + timedelta(days=7) // timedelta(microseconds=1)


def release_authorisations(state: SiteState) -> int:
    """Let go of authorised money of orders of which nothing is left; answers how many payments. Network."""
    found = db.rows(
        "SELECT p.id FROM payment p JOIN payment_fact f ON f.payment_id = p.id AND f.verdict = 'counted' JOIN orders o"
        " ON o.id = p.order_id"
        " WHERE p.site_id = ? AND NOT EXISTS (SELECT 1 FROM order_line l WHERE l.order_id = o.id AND l.cancelled <"
        " l.ordered)"
        " GROUP BY p.id HAVING SUM(CASE WHEN f.kind = 'authorized' THEN f.amount ELSE 0 END)"
        " > SUM(CASE WHEN f.kind IN ('voided', 'expired', 'captured') THEN f.amount ELSE 0 END) LIMIT ?",
        state.site.id,
        _BATCH,
    )
    for (payment_id,) in found:
        try:
            void(state, payment_id, actor="system")
        except (Refused, Broken) as error:
            log.warning("an authorisation stays", payment_id=payment_id, error=str(error))
    return len(found)


@jobs.job("orders.expire", every=timedelta(minutes=5))
def _expire_job(running: jobs.Running) -> None:
    del running
    expire_unpaid()


@jobs.job("orders.ask", every=timedelta(minutes=1))
def _ask_job(running: jobs.Running) -> None:
    """What crashed or timed out half-way is asked about, on every site."""
    del running
    for state in installation().sites.all():
        resume_unknown(state)
        release_authorisations(state)
