"""Whoever asked to be erased leaves their orders: what stays is the bill, as the law of bookkeeping asks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog
from msgspec.structs import replace

from core.accounts.services import due_for_erasure, erase
from core.hookspecs.checkout import Address
from core.hookspecs.events import GuestErased
from core.hookspecs.site import Site
from core.kernel import activity, db, events, files, jobs, messages
from core.kernel.secrets import mail_code
from core.lib import ids as tokens
from core.lib.errors import NotFound, Refused
from core.lib.jsons import json_or_null
from core.orders.services.addresses import address_of
from core.orders.services.return_labels import FOLDER
from core.orders.services.spending import guest_orders
from core.orders.services.states import changed
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
            if erase(site_id, shopper_id, _emails("site_id = ? AND shopper_id = ?", [site_id, shopper_id])):
                _reduce_orders(site_id, shopper_id)
                db.execute("DELETE FROM carts WHERE site_id = ? AND shopper_id = ?", site_id, shopper_id)


def _emails(where: str, params: Sequence[object]) -> list[str]:
    return [row[0] for row in db.rows(f"SELECT DISTINCT email FROM orders WHERE {where} AND email <> ''", *params)]


def _has_open_order(site_id: int, shopper_id: int) -> bool:
    source, params = from_sql("SELECT id FROM orders WHERE site_id = ? AND shopper_id = ?", site_id, shopper_id)
    return bool(db.value(f"SELECT count(*) FROM {source} WHERE ({SQL['order']}) = 'open'", *params))


class StillOpen(Refused):
    """Who ordered is needed until their orders have ended."""

    code = "still_open"
    default_message = "An open order is waited for. Ship it, cancel it or end its return first."


def open_among(order_ids: Sequence[int]) -> int:
    """How many of these orders have not ended. One statement."""
    source, params = from_sql(db.marks(order_ids), *order_ids)
    return int(db.value(f"SELECT count(*) FROM {source} WHERE ({SQL['order']}) = 'open'", *params))


def forget_guest(site: Site, order_id: int, *, actor: str) -> int:
    """Let nobody tell any more who placed an order without an account, and the others with its mail address.

    Answers of how many orders. Raises StillOpen, NotFound. Commits. Records GuestErased.
    """
    with db.transaction():
        found = guest_orders(site, order_id)
        if not found:
            raise NotFound
        among = f"id IN ({db.marks(found)})"
        db.execute(f"UPDATE orders SET version = version WHERE {among}", *found)
        if open_among(found):
            raise StillOpen
        for table in ("carts", "order_draft"):
            db.execute(
                f"DELETE FROM {table} WHERE site_id = ? AND shopper_id IS NULL AND LOWER(email) IN"
                f" (SELECT LOWER(email) FROM orders WHERE {among})",
                site.id, *found,
            )  # fmt: skip
        emails = _emails(among, found)
        _reduce(among, found)
        messages.forget_messages(site.id, emails)
        codes = tuple(sorted({mail_code(site.id, email) for email in emails}))
        events.record(GuestErased(order_ids=tuple(found), mail_codes=codes), site.id)
        for one in found:
            activity.record(actor, "guest.erase", f"order:{one}", site_id=site.id)
    return len(found)


def _reduce_orders(site_id: int, shopper_id: int) -> None:
    """Drafts of orders are no bill, so they go."""
    db.execute("DELETE FROM order_draft WHERE site_id = ? AND shopper_id = ?", site_id, shopper_id)
    _reduce("site_id = ? AND shopper_id = ?", [site_id, shopper_id])


def _reduce(where: str, params: Sequence[object]) -> None:
    """The bill keeps its name and address; the place of delivery keeps its country, since taxes follow it."""
    for order_id, stored, stored_billing in db.rows(f"SELECT id, address, billing FROM orders WHERE {where}", *params):
        address = address_of(stored)
        bill = address_of(stored_billing) or address
        place = Address(country=address.country, region=address.region) if address else None
        db.execute(
            "UPDATE orders SET shopper_id = NULL, email = '', phone = '', note = '', extra = '{}', name = ?,"
            " address = ?, billing = ?, key_digest = ?, version = version + 1 WHERE id = ?",
            bill.name if bill else "",
            json_or_null(place),
            json_or_null(replace(bill, phone="") if bill else None),
            tokens.digest(tokens.token()),
            order_id,
        )
        changed(order_id)
        _forget_destinations(order_id)
        _forget_places(order_id)
        _forget_labels(order_id)


def _forget_destinations(order_id: int) -> None:
    """Of each of several places the country alone."""
    for row_id, stored in db.rows("SELECT id, address FROM order_destination WHERE order_id = ?", order_id):
        address = address_of(stored)
        place = Address(country=address.country, region=address.region) if address else None
        db.execute("UPDATE order_destination SET address = ? WHERE id = ?", json_or_null(place), row_id)


def _forget_labels(order_id: int) -> None:
    """The address stands on labels that carriers sold: their numbers and costs stay, the documents go."""
    for name, _mime in db.rows("SELECT file, mime FROM order_label WHERE order_id = ? AND file <> ''", order_id):
        files.drop_file(FOLDER, name)
    db.execute("UPDATE order_label SET file = '' WHERE order_id = ?", order_id)


def _forget_places(order_id: int) -> None:
    """Where goods, bills and mails should have gone, as changes and the timeline remember it: the countries alone."""
    for table, column, where in (
        ("order_entry", "data", "order_id = ?"),
        ("order_change", "plan", "order_id = ?"),
        ("order_change_action", "data", "change_id IN (SELECT id FROM order_change WHERE order_id = ?)"),
    ):
        named = " OR ".join(f"{column} LIKE ?" for _name in _TOLD)
        for row_id, text in db.rows(
            f"SELECT id, {column} FROM {table} WHERE {where} AND ({named})",
            order_id,
            *(f'%"{name}"%' for name in _TOLD),
        ):
            told = json.dumps(_without_places(json.loads(text)), ensure_ascii=False, separators=(",", ":"))
            db.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", told, row_id)


_TOLD = ("address", "billing", "contact", "email", "phone")


def _without_places(told: Any) -> Any:
    """`address` and `billing` are one, or one `before` and one `after`; mail addresses and numbers go."""
    if isinstance(told, list):
        return [_without_places(one) for one in told]
    if not isinstance(told, dict):
        return told
    return {name: _less(value) if name in _TOLD else _without_places(value) for name, value in told.items()}


def _less(value: Any) -> Any:
    if not isinstance(value, dict):
        return [] if isinstance(value, list) else "" if value else value
    if "country" in value:
        return _country_of(value)
    return {when: one and _country_of(one) for when, one in value.items()}


def _country_of(place: dict[str, Any]) -> dict[str, Any]:
    return {name: place[name] for name in ("country", "region") if name in place}
