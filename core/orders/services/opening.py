"""A payment is opened at its gateway, by the way that the shopper chose, and asked about there.

It is committed with its idempotency key before the gateway is called, outside any transaction. What the gateway tells
is stored as facts.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import cast

from msgspec.structs import replace

from core.hookspecs.payment import (
    Begun,
    Done,
    Fact,
    Gateway,
    Qr,
    Redirect,
    Show,
)
from core.kernel import db
from core.kernel.answers import checked, checked_all
from core.kernel.sites import SiteState
from core.lib.errors import Broken, NotFound, Refused
from core.orders.services.facts import PaymentRow, payment_state, refunded_and_captured, store_facts
from core.orders.services.gateways import gateways_of, guarded, told_by
from core.orders.services.intents import Opened, intent_of, newest_payment
from core.orders.services.new_order import NewPayment
from core.orders.services.operations import (
    DONE,
    FAILED,
    SENT,
    UNKNOWN,
    begin_key,
    begin_operation,
    called,
    end_operation,
    gateway_for,
)
from core.orders.services.settle import lock_order, open_amount
from core.orders.services.store import add_payment
from core.orders.services.timeline import note


class NothingToPay(Refused):
    """The order is paid, or needs no payment, or is cancelled."""

    code = "nothing_to_pay"
    default_message = "There is nothing to pay for this order any more."


class NoSuchWay(Refused):
    """A way to pay that this shop does not offer now, or not for this order."""

    code = "no_such_way_to_pay"
    default_message = "This way to pay is not offered. Choose another one."


# -- opening -----------------------------------------------------------------------------------------------------------


def begin_payment(state: SiteState, order_id: int, placed: Opened | None = None) -> Begun:
    """Open the order's newest payment at its gateway, or answer again what it answered; network. Two transactions.

    One, where the order was `placed` just now with this payment and the note that it begins. Raises NothingToPay,
    PaymentDeclined, OutcomeUnknown, GatewayGone. A second call is the same operation, never a second payment.
    """
    opened = placed or newest_payment(state.site.id, order_id)
    if opened is None or (placed is None and open_amount(order_id) <= 0):
        raise NothingToPay
    gateway = gateway_for(state, opened)
    intent = intent_of(state, opened)
    key = begin_key(opened)
    if placed is None:
        with db.transaction():
            begin_operation(opened)
    begun = called(state, opened.row, key, lambda: _begun(gateway, gateway.begin(intent, key)))
    _opened(state, opened, key, begun)
    return begun


def _begun(gateway: Gateway, answer: object) -> Begun:
    begun = cast("Begun", checked(answer, Redirect, Qr, Show, Done, asked="begin"))
    return replace(begun, facts=told_by(gateway, begun.facts)) if isinstance(begun, Done) else begun


def _opened(state: SiteState, opened: Opened, key: str, begun: Begun) -> None:
    data = dict(begun.data) if isinstance(begun, Redirect | Qr) else {}
    with db.transaction():
        end_operation(key, DONE)
        db.execute(
            "UPDATE payment SET reference = CASE WHEN ? = '' THEN reference ELSE ? END, data = ?, shown = ? WHERE id ="
            " ?",
            begun.reference[:200], begun.reference[:200], json.dumps(data), _shown(begun), opened.row.id,
        )  # fmt: skip
        if isinstance(begun, Done):
            store_facts(state.site.id, opened.row.plugin, opened.row.account, begun.facts, opened.row)


def _shown(begun: Begun) -> str | None:
    """What pages and mails go on showing of the beginning: instructions, or the code to scan."""
    if isinstance(begun, Show):
        return json.dumps({"text": begun.text, "rows": [list(row) for row in begun.rows]}, ensure_ascii=False)
    return json.dumps({"qr": begun.text}, ensure_ascii=False) if isinstance(begun, Qr) else None


def choose_gateway(state: SiteState, order_id: int, code: str) -> int:
    """Let the order be paid by this gateway: by its newest payment while that is open, else by a new one. Commits.

    Answers the payment's id. A double click finds the payment of the first. Payments before it stay and are still
    believed, should their money arrive. Raises NoSuchWay, NothingToPay.
    """
    offered = next(((plugin, one) for plugin, one in gateways_of(state) if one.code == code), None)
    if offered is None:
        raise NoSuchWay(field="gateway")
    plugin, gateway = offered
    with db.transaction():
        lock_order(order_id, state.site.id)
        amount = open_amount(order_id)
        if amount <= 0:
            raise NothingToPay
        newest = newest_payment(state.site.id, order_id)
        if newest is not None and newest.gateway == code and newest.row.amount == amount and not _has_ended(newest):
            return newest.row.id
        new = NewPayment(plugin=plugin, gateway=code, account=gateway.account, live=gateway.live, title=gateway.title)
        row = db.one("SELECT currency, gateway, payment_title FROM orders WHERE id = ?", order_id)
        assert row is not None
        payment_id = add_payment(state.site.id, order_id, new, amount, row[0])
        db.execute(
            "UPDATE orders SET gateway = ?, payment_title = ?, days_to_pay = ? WHERE id = ?",
            code, gateway.title[:200], max(0, gateway.unpaid_days), order_id,
        )  # fmt: skip
        if code != row[1]:
            note(order_id, "shopper", "gateway", before=row[2], after=gateway.title)
    return payment_id


def ask_for_the_rest(site_id: int, order_id: int) -> None:
    """Part of a verb that changed what is due: a new payment of just the open amount, by the way to pay so far.

    An open payment of another amount stays and is still believed. An order that was free until now has no way to pay:
    the shopper chooses one.
    """
    db.require_transaction()
    amount, newest = open_amount(order_id), newest_payment(site_id, order_id)
    if amount <= 0 or newest is None or (newest.row.amount == amount and not _has_ended(newest)):
        return
    title, row = db.value("SELECT payment_title FROM orders WHERE id = ?", order_id), newest.row
    way = NewPayment(plugin=row.plugin, gateway=newest.gateway, account=row.account, live=row.live, title=title)
    add_payment(site_id, order_id, way, amount, row.currency)


def _has_ended(opened: Opened) -> bool:
    """Whether this payment brings no further money: declined, let go, expired, taken, or refused at its beginning."""
    if payment_state(opened.row.id, opened.row.amount) not in {"open", "pending"}:
        return True
    begun = db.value("SELECT state FROM payment_operation WHERE key = ?", begin_key(opened))
    return bool(begun == FAILED)


# -- asking ------------------------------------------------------------------------------------------------------------


def fetch_payment(state: SiteState, payment_id: int) -> int:
    """Ask the gateway what it knows, and store that; answers how many facts were new. Network, then one transaction.

    Also ends operations whose outcome was unknown, where the facts explain them. Raises OutcomeUnknown, Broken,
    GatewayGone.
    """
    opened = newest_payment(state.site.id, payment_id=payment_id)
    if opened is None:
        raise NotFound
    gateway = gateway_for(state, opened)
    intent = intent_of(state, opened)
    told = guarded(state, opened.row.plugin, "fetch", lambda: checked_all(gateway.fetch(intent), Fact, asked="fetch"))
    facts = told_by(gateway, told)
    with db.transaction():
        new = store_facts(state.site.id, opened.row.plugin, opened.row.account, facts, opened.row)
        _explain(opened.row)
    return new


def ask_newest(state: SiteState, order_id: int) -> None:
    """Ask about the newest payment, if somebody may have made it already. One statement, else as `fetch_payment`.

    A gateway that does not answer now is asked again by others.
    """
    opened = newest_payment(state.site.id, order_id)
    if opened is not None and opened.reference and payment_state(opened.row.id, opened.row.amount) == "open":
        with suppress(Refused, Broken):
            fetch_payment(state, opened.row.id)


def _explain(payment: PaymentRow) -> None:
    """End unknown operations that the stored facts cover: refunds and captures as far as their sums reach."""
    refunded, captured = refunded_and_captured(payment.id)
    for kind, told in (("refund", refunded), ("capture", captured)):
        known = int(
            db.value(
                "SELECT COALESCE(SUM(amount), 0) FROM payment_operation WHERE payment_id = ? AND kind = ? AND state ="
                " ?",
                payment.id, kind, DONE,
            )
        )  # fmt: skip
        for key, amount in db.rows(
            "SELECT key, amount FROM payment_operation WHERE payment_id = ? AND kind = ? AND state IN (?, ?) ORDER BY"
            " id",
            payment.id, kind, SENT, UNKNOWN,
        ):  # fmt: skip
            if told >= known + amount:
                end_operation(key, DONE)
                known += amount
