"""Operations that nobody has answered for: after a crash, a timeout, an answer that was lost."""

from __future__ import annotations

from msgspec import Struct

from core.kernel import db
from core.kernel.sites import SiteState
from core.lib import clock
from core.lib.errors import Broken, Refused
from core.lib.money import Money
from core.orders.services.opening import fetch_payment
from core.orders.services.operations import DONE, SENT, UNKNOWN, end_operation, opened_payment, wish_of
from core.orders.services.payments import capture, refund, void


class _Waiting(Struct, frozen=True, kw_only=True):
    """An operation that was sent."""

    key: str
    payment_id: int
    kind: str
    amount: int
    actor: str


def resume_unknown(state: SiteState, older_than_s: int = 60, limit: int = 50) -> int:
    """Ask about operations of this site that were sent and never answered; answers how many. Network.

    A refund or capture that stays unexplained is repeated under its own key, which moves money at most once.
    """
    before = clock.now_us() - older_than_s * 1_000_000
    found = [
        _Waiting(key=row[0], payment_id=row[1], kind=row[2], amount=row[3], actor=row[4])
        for row in db.rows(
            "SELECT o.key, o.payment_id, o.kind, o.amount, o.actor FROM payment_operation o"
            " JOIN payment p ON p.id = o.payment_id"
            " WHERE o.state IN (?, ?) AND o.at < ? AND p.site_id = ? ORDER BY o.id LIMIT ?",
            SENT,
            UNKNOWN,
            before,
            state.site.id,
            limit,
        )
    ]
    for one in found:
        try:
            _resume(state, one)
        except (Refused, Broken):
            continue  # It stays as it is, and is asked about again.
    return len(found)


def _resume(state: SiteState, one: _Waiting) -> None:
    fetch_payment(state, one.payment_id)
    if one.kind == "begin":
        # The shopper opens it again, under the same key; what the gateway knows is stored now.
        with db.transaction():
            end_operation(one.key, DONE)
        return
    if db.value("SELECT state FROM payment_operation WHERE key = ?", one.key) == DONE:
        return
    amount = Money(one.amount, opened_payment(state, one.payment_id).row.currency)
    if one.kind == "refund":
        refund(state, one.payment_id, amount, actor=one.actor, key=wish_of(one.key))
    elif one.kind == "capture":
        capture(state, one.payment_id, amount, actor=one.actor, key=wish_of(one.key))
    else:
        void(state, one.payment_id, actor=one.actor, key=wish_of(one.key))
