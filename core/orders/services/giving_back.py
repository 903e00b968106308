"""Money that goes back by itself: of what was cancelled, and of returns that are resolved, as the site's rules say.

The act only leaves a job with its commit. The gateway is asked by the worker, under a key of the act's own, so that a
job that runs twice asks once; what somebody gives back meanwhile is not owed any more.
"""

from __future__ import annotations

from functools import partial

import structlog

from core.kernel import db, jobs
from core.kernel.sites import SiteState, state_of
from core.lib.errors import Broken, NotFound, Refused
from core.orders.services.case_rules import rules_of_id
from core.orders.services.money_limits import still_owed
from core.orders.services.payments import NothingToRefund
from core.orders.services.read import order_view
from core.orders.services.refunds import gives_back, refund_surplus

log = structlog.get_logger(__name__)
JOB = "orders.give_back"


def after_cancelling(site_id: int, order_id: int) -> None:
    """Part of a verb that took units off an order before they left: what was paid for them goes back soon."""
    if rules_of_id(site_id).refund_cancelled:
        _soon(site_id, order_id)


def after_resolving(site_id: int, order_id: int) -> None:
    """Part of the verb that ends a case: its fees are known by now, and what is left of the price goes back soon."""
    if rules_of_id(site_id).refund_resolved:
        _soon(site_id, order_id)


def _soon(site_id: int, order_id: int) -> None:
    db.require_transaction()
    if still_owed(order_id) > 0:
        version = db.value("SELECT version FROM orders WHERE id = ?", order_id)
        key = f"{order_id}:{version}"
        jobs.enqueue(JOB, {"order": order_id, "key": key}, site_id=site_id, key=f"{JOB}:{key}")


@jobs.job(JOB)
def _give_back(running: jobs.Running) -> None:
    """Ask those gateways that can. What they refuse, and what came another way, is for a person to give back.

    An answer that was lost is asked about like any other.
    """
    if running.site_id is None:
        return
    try:
        give_back(state_of(running.site_id), int(running.payload["order"]), key=f"auto:{running.payload['key']}")
    except NothingToRefund:
        return  # Somebody has given it back meanwhile.
    except NotFound:
        log.info("nothing goes back: the site or the order is gone", **running.payload)
    except (Refused, Broken) as error:
        log.warning("money waits to be given back", error=str(error), **running.payload)


def give_back(state: SiteState, order_id: int, *, key: str) -> None:
    """Give back what is owed to the payments whose gateways can do that by themselves. Network.

    Raises what `refund_surplus` raises.
    """
    order = order_view(order_id, site=state.site)
    if order is None:
        raise NotFound

    refund_surplus(state, order_id, actor="system", key=key, among=partial(gives_back, state))
