"""Whoever asked to be erased leaves their orders: what stays is the bill, as the law of bookkeeping asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import structlog

from core.accounts.services import due_for_erasure, erase
from core.hookspecs.checkout import Address
from core.kernel import db, jobs
from core.lib import ids
from core.orders.services.addresses import address_json, address_of
from core.orders.services.status import SQL, from_sql

log = structlog.get_logger(__name__)


@jobs.job("orders.forget_people", every=timedelta(hours=1))
def _forget_people(running: jobs.Running) -> None:
    """Accounts whose time has come go with all of it in one transaction; one with an open order waits for its end."""
    del running
    for site_id, shopper_id in due_for_erasure():
        if _has_open_order(site_id, shopper_id):
            log.info("erasure waits for an open order", shopper=shopper_id, site=site_id)
            continue
        with db.transaction():
            if erase(site_id, shopper_id):
                _reduce_orders(site_id, shopper_id)
                db.execute("DELETE FROM carts WHERE site_id = ? AND shopper_id = ?", site_id, shopper_id)


def _has_open_order(site_id: int, shopper_id: int) -> bool:
    mine = [site_id, shopper_id]
    source, flags = from_sql("SELECT id FROM orders WHERE site_id = ? AND shopper_id = ?")
    return bool(db.value(f"SELECT count(*) FROM {source} WHERE ({SQL['order']}) = 'open'", *flags, *mine, *mine))


def _reduce_orders(site_id: int, shopper_id: int) -> None:
    """The bill keeps its name and address; the place of delivery keeps its country, since taxes follow it.

    Drafts of orders are no bill, so they go.
    """
    db.execute("DELETE FROM order_draft WHERE site_id = ? AND shopper_id = ?", site_id, shopper_id)
    rows = db.rows("SELECT id, address, billing FROM orders WHERE site_id = ? AND shopper_id = ?", site_id, shopper_id)
    for order_id, stored, stored_billing in rows:
        address = address_of(stored)
        bill = address_of(stored_billing) or address
        place = Address(country=address.country, region=address.region) if address else None
        db.execute(
            "UPDATE orders SET shopper_id = NULL, email = '', phone = '', note = '', extra = '{}', name = ?,"
            " address = ?, billing = ?, key_digest = ?, version = version + 1 WHERE id = ?",
            bill.name if bill else "",
            address_json(place),
            address_json(replace(bill, phone="") if bill else None),
            ids.digest(ids.token()),
            order_id,
        )
