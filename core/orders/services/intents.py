"""A payment with what its gateway needs to know of the order: read by two statements, handed over as an Intent."""

from __future__ import annotations

import json
from collections.abc import Mapping

from msgspec import Struct

from core.hookspecs.checkout import Address
from core.hookspecs.payment import Intent
from core.kernel import db
from core.kernel.sites import SiteState
from core.lib.money import Money
from core.orders.services.addresses import address_of
from core.orders.services.facts import PaymentRow


class Opened(Struct, frozen=True, kw_only=True):
    """A payment and its order. `taken_by` is the token that the gateway knows: another payment's, for carried money."""

    row: PaymentRow
    token: str
    gateway: str
    reference: str
    data: Mapping[str, str]
    order_number: str
    email: str
    language: str
    billing: Address | None
    total: int
    delivery_total: int
    taken_by: str


def newest_payment(site_id: int, order_id: int | None = None, *, payment_id: int | None = None) -> Opened | None:
    """The newest payment of an order, or this very payment, if it is of this site. One statement."""
    where, wanted = ("p.order_id = ?", order_id) if payment_id is None else ("p.id = ?", payment_id)
    row = db.one(
        "SELECT p.id, p.site_id, p.order_id, p.plugin, p.account, p.live, p.amount, p.currency, p.token, p.gateway,"
        " COALESCE(r.reference, p.reference), COALESCE(r.data, p.data),"
        " o.number, o.email, o.language, COALESCE(o.billing, o.address), o.total, o.delivery_total,"
        " COALESCE(r.token, p.token)"
        " FROM payment p JOIN orders o ON o.id = p.order_id LEFT JOIN payment r ON r.id = p.of_payment_id"
        f" WHERE p.site_id = ? AND {where} ORDER BY p.id DESC LIMIT"
        f" 1",
        site_id,
        wanted,
    )
    if row is None:
        return None
    payment = PaymentRow(
        id=row[0],
        site_id=row[1],
        order_id=row[2],
        plugin=row[3],
        account=row[4],
        live=bool(row[5]),
        amount=row[6],
        currency=row[7],
    )
    return Opened(
        row=payment, token=row[8], gateway=row[9], reference=row[10], data=json.loads(row[11]), order_number=row[12],
        email=row[13],
        language=row[14], billing=address_of(row[15]), total=row[16], delivery_total=row[17],
        taken_by=row[18],
    )  # fmt: skip


def intent_of(state: SiteState, opened: Opened) -> Intent:
    """What the gateway is told: amounts, our token, and where it finds us."""
    site, payment = state.site, opened.row
    return Intent(
        token=opened.taken_by,
        site=site,
        order_number=opened.order_number,
        amount=Money(payment.amount, payment.currency),
        description=f"{site.name} {opened.order_number}",
        language=opened.language,
        email=opened.email,
        billing=opened.billing,
        return_url=f"{site.origin}/pay/return/{opened.taken_by}",
        notify_url=f"{site.origin}/notify/{payment.plugin}/{payment.account}",
        reference=opened.reference,
        data=opened.data,
    )
