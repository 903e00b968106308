"""Unpaid orders give their goods back after a while; authorised money of cancelled orders is let go."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from core.kernel import db, jobs
from core.kernel.installation import installation
from core.kernel.sites import SiteState, state_of
from core.lib import clock
from core.lib.errors import Broken, Refused
from core.orders.services.cancel import cancel_units
from core.orders.services.gateways import GatewayGone
from core.orders.services.payments import fetch_payment, void
from core.orders.services.resume import resume_unknown
from core.orders.services.revive import EXPIRED
from core.orders.services.settle import line_facts, money_facts
from core.orders.services.status import due, payment_status

log = structlog.get_logger(__name__)
_BATCH = 100


def expire_unpaid(now: datetime | None = None) -> int:
    """Cancel orders whose time to pay is over, after asking their gateways once more; answers how many were cancelled.

    An order whose gateway does not answer waits for the next run. Network, then one transaction per order.
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
        order = db.one("SELECT total, delivery_total FROM orders WHERE id = ?", order_id)
        assert order is not None
        if payment_status(
            due(order[0], order[1], line_facts(order_id)), money_facts(order_id)
        ) == "pending" and not _waited(order_id, at):
            return False
        if db.value("SELECT SUM(allocated) FROM order_line WHERE order_id = ?", order_id):
            cancel_units(state.site.id, order_id, actor="system", reason=EXPIRED)
        db.execute("UPDATE orders SET expires_at = NULL WHERE id = ?", order_id)
    return True


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
