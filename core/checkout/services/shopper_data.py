"""All that the shop itself knows of a shopper, as JSON. What plugins add is theirs to tell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from core.accounts.models import Shopper
from core.accounts.services import addresses_of, removed_addresses, sessions_of
from core.accounts.services.desk import notes_of, tags_of
from core.checkout.services.details import address_texts
from core.hookspecs.checkout import Address
from core.hookspecs.site import Site
from core.lib.money import Money
from core.orders.services.listing import orders_of
from core.orders.services.read import OrderView, order_view
from core.orders.services.spending import guest_orders


def exported(site: Site, shopper: Shopper) -> str:
    """Profile, addresses, devices and orders of this site, and what its staff noted. Amounts are whole minor units."""
    data = {
        "shop": site.name,
        "profile": {
            "email": shopper.email,
            "name": shopper.name,
            "phone": shopper.phone,
            "language": shopper.language,
            "registered": _moment(shopper.created_at),
            "email_confirmed": _moment(shopper.confirmed_at),
        },
        "addresses": [
            {**row.data, "delivered_to": row.main, "gets_bills": row.billing} for row in addresses_of(shopper)
        ],
        "addresses_removed_lately": [row.data for row in removed_addresses(shopper)],
        "devices": [
            {"agent": one.agent, "since": _moment(one.created_at), "seen": _moment(one.seen_at)}
            for one in sessions_of(shopper_id=shopper.id)
        ],
        "tags": list(tags_of([shopper.id]).get(shopper.id, ())),
        "notes": [{"written": _moment(one.at), "text": one.text} for one in notes_of(site, shopper.id)],
        "orders": [_order(order) for order in _orders(site, shopper)],
    }
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def exported_guest(site: Site, order_id: int) -> str:
    """The same of somebody without an account: what was ordered with the mail address of this order."""
    views = (order_view(one, site=site) for one in guest_orders(site, order_id))
    data = {"shop": site.name, "orders": [_order(order) for order in views if order is not None]}
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def _orders(site: Site, shopper: Shopper) -> Iterator[OrderView]:
    after: str | None = None
    while True:
        found = orders_of(site, shopper.id, after, limit=100)
        for row in found.orders:
            if (order := order_view(row.id, site=site)) is not None:
                yield order
        after = found.next
        if after is None:
            return


def _order(order: OrderView) -> dict[str, Any]:
    return {
        "number": order.number,
        "placed": _moment(order.placed_at),
        "email": order.email,
        "phone": order.phone,
        "name": order.name,
        "address": _address(order.address),
        "addresses": [address_texts(one) for one in order.addresses],
        "billing": _address(order.billing),
        "note": order.note,
        "codes": list(order.codes),
        "answers": order.extra,
        "delivery": order.delivery_title,
        "payment": order.payment_title,
        "status": {"payment": order.status.payment, "delivery": order.status.fulfilment},
        "lines": [
            {"sku": line.sku, "name": line.name, "quantity": line.quantity, "total": _amount(line.total)}
            for line in order.lines
        ],
        "total": _amount(order.total),
        "refunded": _amount(order.refunded),
        "parcels": [
            {"carrier": one.title, "number": one.tracking, "shipped": _moment(one.shipped_at)}
            for one in order.shipments
        ],
    }


def _address(address: Address | None) -> dict[str, str] | None:
    return address_texts(address) if address else None


def _amount(money: Money) -> dict[str, Any]:
    return {"amount": money.amount, "currency": money.currency}


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
