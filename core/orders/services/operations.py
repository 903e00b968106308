"""Operations at a gateway: stored with their idempotency key before the network is touched, ended by its answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from core.hookspecs.payment import Gateway, OutcomeUnknown, PaymentDeclined
from core.kernel import db
from core.kernel.sites import SiteState
from core.lib import clock, ids
from core.lib.errors import Broken, NotFound
from core.orders.services.facts import PaymentRow
from core.orders.services.gateways import GatewayGone, find_gateway, guarded
from core.orders.services.intents import Opened, newest_payment
from core.orders.services.timeline import note

SENT, DONE, UNKNOWN, FAILED = "sent", "done", "unknown", "failed"
_LONGEST_WISH = 64
_Answer = TypeVar("_Answer")


def opened_payment(state: SiteState, payment_id: int) -> Opened:
    """The payment with its order, if it is of this site; raises NotFound."""
    opened = newest_payment(state.site.id, payment_id=payment_id)
    if opened is None:
        raise NotFound
    return opened


def gateway_for(state: SiteState, opened: Opened) -> Gateway:
    """Who handles the payment; raises GatewayGone."""
    gateway = known_gateway(state, opened)
    if gateway is None:
        raise GatewayGone
    return gateway


def known_gateway(state: SiteState, opened: Opened) -> Gateway | None:
    """Who handles the payment, if it is still there."""
    return find_gateway(state, opened.row.plugin, opened.row.account, opened.gateway)


def operation_key(opened: Opened, kind: str, wish: str) -> str:
    """The idempotency key that the gateway sees; long wishes are told apart by their digest."""
    return f"{opened.token}:{kind}:{wish if len(wish) <= _LONGEST_WISH else ids.digest(wish)}"


def wish_of(key: str) -> str:
    """The inverse of `operation_key`."""
    return key.split(":", 2)[2]


def begin_key(opened: Opened) -> str:
    """The key under which a payment is begun: one, however often it is."""
    return f"{opened.token}:begin"


def begin_operation(opened: Opened) -> None:
    """Note that the payment is begun now. Inside a transaction."""
    insert_operation(opened.row.id, begin_key(opened), "begin", opened.row.amount, "system")


def insert_operation(payment_id: int, key: str, kind: str, amount: int, actor: str) -> None:
    """Note that it is sent now; one that is known stays as it is. Inside a transaction."""
    db.execute(
        "INSERT INTO payment_operation (key, payment_id, kind, amount, state, actor, note, at)"
        " VALUES (?, ?, ?, ?, ?, ?, '', ?) ON CONFLICT (key) DO NOTHING",
        key,
        payment_id,
        kind,
        amount,
        SENT,
        actor,
        clock.now_us(),
    )


def end_operation(key: str, state: str, why: str = "") -> None:
    """Note how it ended, or that nobody knows. Inside a transaction."""
    db.execute("UPDATE payment_operation SET state = ?, note = ? WHERE key = ?", state, why[:500], key)


def called(state: SiteState, payment: PaymentRow, key: str, call: Callable[[], _Answer]) -> _Answer:
    """Call the gateway; a refusal ends the operation, anything else that is no answer leaves it unknown."""
    try:
        return guarded(state, payment.plugin, key.split(":")[1], call)
    except PaymentDeclined as declined:
        _failed(payment, key, FAILED, str(declined))
        raise
    except Broken as broken:
        is_final = broken.permanent and not isinstance(broken, OutcomeUnknown)
        _failed(payment, key, FAILED if is_final else UNKNOWN, str(broken))
        raise


def _failed(payment: PaymentRow, key: str, state: str, why: str) -> None:
    with db.transaction():
        end_operation(key, state, why)
        told = {"payment_id": payment.id, "act": key.split(":")[1], "why": why[:200]}
        note(payment.order_id, f"plugin:{payment.plugin}", f"payment_{state}", **told)
