"""Facts about payments: stored once each, judged one by one, and folded in any order to the same state.

Authentic is not valid: a fact counts only if account, test or live money, currency and amount fit the payment it names.
What does not fit is kept in quarantine, where a person sees it, and never counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from core.hookspecs.events import PaymentChanged
from core.hookspecs.payment import Fact, FactKind
from core.hookspecs.site import Site
from core.kernel import db, events
from core.lib import clock
from core.orders.services.revive import revive_if_late
from core.orders.services.settle import lock_order, settle
from core.orders.services.timeline import note

COUNTED, ORPHAN, QUARANTINED = "counted", "orphan", "quarantined:"
# The note of a fact that staff wrote down, and no gateway told.
BY_HAND = "by hand"
_ENDINGS = frozenset({FactKind.PENDING, FactKind.VOIDED, FactKind.EXPIRED, FactKind.DECLINED})
_GIVEN_BACK = frozenset({FactKind.REFUNDED, FactKind.REFUND_FAILED})
_LARGEST = 10**15
_REFERENCE = 200


class PaymentRow(Struct, frozen=True, kw_only=True):
    """What facts are judged against."""

    id: int
    site_id: int
    order_id: int
    plugin: str
    account: str
    live: bool
    amount: int
    currency: str


def find_payment(
    site_id: int, *, token: str = "", plugin: str = "", account: str = "", reference: str = ""
) -> PaymentRow | None:
    """A payment of this site by our token, or by the gateway's own reference for one of its accounts."""
    if token:
        where, params = "token = ?", [token]
    elif reference:
        where, params = "reference = ? AND plugin = ? AND account = ?", [reference, plugin, account]
    else:
        return None
    row = db.one(
        f"SELECT id, site_id, order_id, plugin, account, live, amount, currency FROM payment WHERE site_id = ? AND"
        f" {where}"
        " ORDER BY id DESC LIMIT 1",
        site_id,
        *params,
    )
    return _payment(row) if row else None


def payment_by_id(payment_id: int) -> PaymentRow | None:
    """A payment by its id, which never comes from outside."""
    row = db.one(
        "SELECT id, site_id, order_id, plugin, account, live, amount, currency FROM payment WHERE id = ?", payment_id
    )
    return _payment(row) if row else None


def _payment(row: db.Row) -> PaymentRow:
    return PaymentRow(
        id=row[0],
        site_id=row[1],
        order_id=row[2],
        plugin=row[3],
        account=row[4],
        live=bool(row[5]),
        amount=row[6],
        currency=row[7],
    )


def verdict(fact: Fact, plugin: str, account: str, payment: PaymentRow | None) -> str:
    """Whether a fact counts, by itself and its payment alone: what else arrived, and when, plays no part."""
    if payment is None:
        return ORPHAN
    if plugin != payment.plugin or not fact.account == account == payment.account:
        return QUARANTINED + "account"
    if fact.live != payment.live:
        return QUARANTINED + "live"
    if fact.amount.currency != payment.currency:
        return QUARANTINED + "currency"
    if not (0 if fact.kind in _ENDINGS else 1) <= fact.amount.amount <= _LARGEST:
        return QUARANTINED + "amount"
    return COUNTED


def record_facts(site: Site, plugin: str, account: str, facts: Sequence[Fact], payment: PaymentRow | None) -> int:
    """Store facts that an authentic answer or notice of (plugin, account) told; answers how many were new.

    Commits once. Any number of times and in any order, the result is the same. `payment` None stores orphans, which
    are adopted when the same fact comes again for a payment that is known by then. Records PaymentChanged, and
    OrderPaid the first time that captured money reaches what is due.
    """
    if not facts:
        return 0
    with db.transaction():
        return store_facts(site.id, plugin, account, facts, payment)


def store_facts(site_id: int, plugin: str, account: str, facts: Sequence[Fact], payment: PaymentRow | None) -> int:
    """`record_facts` as part of a verb's transaction."""
    db.require_transaction()
    if payment is not None:
        lock_order(payment.order_id)
    told: dict[int, tuple[PaymentRow, list[Fact]]] = {}
    new = 0
    for fact in facts:
        whose = payment if payment is None or fact.kind not in _GIVEN_BACK else _whose(payment, fact)
        if _store(site_id, plugin, account, fact, whose):
            new += 1
            if whose is not None:
                told.setdefault(whose.id, (whose, []))[1].append(fact)
    for whose, fresh in told.values():
        _tell(whose, plugin, account, fresh)
    return new


def _whose(payment: PaymentRow, fact: Fact) -> PaymentRow:
    """Money that was carried over to other orders is given back through the payment that took it.

    So a refund belongs to the order that asked for one of this amount, and one that failed to the order whose refund it
    was; else to the payment that the gateway names.
    """
    whose = _asked_by(payment, fact) if fact.kind is FactKind.REFUNDED else _given_to(payment, fact)
    found = payment_by_id(whose) if whose is not None else None
    if found is None:
        return payment
    lock_order(found.order_id)
    return found


def _asked_by(payment: PaymentRow, fact: Fact) -> int | None:
    found: int | None = db.value(
        "SELECT o.payment_id FROM payment_operation o JOIN payment p ON p.id = o.payment_id"
        " JOIN payment own ON own.id = ? WHERE p.id <> own.id AND p.site_id = own.site_id AND p.of_payment_id ="
        " COALESCE(own.of_payment_id, own.id) AND o.kind = 'refund' AND o.amount = ? AND o.state IN ('sent', 'unknown')"
        " ORDER BY o.id LIMIT 1",
        payment.id, fact.amount.amount,
    )  # fmt: skip
    return found


def _given_to(payment: PaymentRow, fact: Fact) -> int | None:
    """By the refund's own name, where the gateway keeps it; else whichever got as much and still has it."""
    found: int | None = db.value(
        "SELECT p.id FROM payment own JOIN payment p ON COALESCE(p.of_payment_id, p.id) ="
        " COALESCE(own.of_payment_id, own.id) AND p.site_id = own.site_id"
        " JOIN payment_fact f ON f.payment_id = p.id AND f.verdict = ? AND f.kind IN ('refunded', 'refund_failed')"
        " WHERE own.id = ? GROUP BY p.id, own.id"
        " HAVING SUM(CASE WHEN f.kind = 'refunded' THEN f.amount ELSE -f.amount END) >= ?"
        " ORDER BY MAX(CASE WHEN f.kind = 'refunded' AND f.reference = ? THEN 1 ELSE 0 END) DESC,"
        " MAX(CASE WHEN f.kind = 'refunded' AND f.amount = ? THEN 1 ELSE 0 END) DESC, p.id LIMIT 1",
        COUNTED, payment.id, fact.amount.amount, fact.reference[:_REFERENCE], fact.amount.amount,
    )  # fmt: skip
    return found


def _store(site_id: int, plugin: str, account: str, fact: Fact, payment: PaymentRow | None) -> bool:
    """Whether the fact is new here, or was an orphan until now."""
    judged = verdict(fact, plugin, account, payment)
    if _insert(site_id, plugin, fact, fact.reference, payment, judged):
        return True
    key = (site_id, plugin, fact.account, str(fact.kind), fact.reference[:_REFERENCE])
    if payment is not None and _adopt(key, payment, judged, _stored_amount(fact, payment)):
        return True
    known = db.one(
        "SELECT amount, currency FROM payment_fact WHERE site_id = ? AND plugin = ? AND account = ? AND kind = ? AND"
        " reference = ?",
        *key,
    )
    if known is None or known == (_stored_amount(fact, payment), fact.amount.currency):
        return False
    # The gateway says something else under a name it has used: nothing is overwritten, and somebody has to look.
    other = f"{fact.reference[:150]} ({fact.amount.amount} {fact.amount.currency})"
    return _insert(site_id, plugin, fact, other, payment, QUARANTINED + "contradiction")


def _stored_amount(fact: Fact, payment: PaymentRow | None) -> int:
    """An ending without an amount ends the whole payment."""
    return payment.amount if payment and fact.kind in _ENDINGS and not fact.amount.amount else fact.amount.amount


def _insert(site_id: int, plugin: str, fact: Fact, reference: str, payment: PaymentRow | None, judged: str) -> bool:
    return bool(
        db.execute(
            "INSERT INTO payment_fact (site_id, plugin, account, live, kind, reference, amount, currency, at,"
            " stored_at, payment_id, verdict, note)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (site_id, plugin, account, kind, reference)"
            " DO NOTHING",
            site_id, plugin, fact.account[:120], bool(fact.live), str(fact.kind), reference[:_REFERENCE],
            _stored_amount(fact, payment), fact.amount.currency, clock.micros(fact.at), clock.now_us(),
            payment.id if payment else None, judged,
            fact.note[:2000],
        )
    )  # fmt: skip


def _adopt(key: tuple[object, ...], payment: PaymentRow, judged: str, amount: int) -> bool:
    return bool(
        db.execute(
            "UPDATE payment_fact SET payment_id = ?, verdict = ?, amount = ? WHERE payment_id IS NULL AND site_id = ?"
            " AND plugin = ? AND account = ?"
            " AND kind = ? AND reference = ?",
            payment.id,
            judged,
            amount,
            *key,
        )
    )


def _tell(payment: PaymentRow, plugin: str, account: str, fresh: Sequence[Fact]) -> None:
    judged = [
        {
            "kind": str(fact.kind), "amount": fact.amount.amount, "currency": fact.amount.currency,
            "verdict": verdict(fact, plugin, account, payment), "note": fact.note[:200],
        }
        for fact in fresh
    ]  # fmt: skip
    note(payment.order_id, f"plugin:{plugin}", "payment", payment_id=payment.id, facts=judged)
    back = [one for one in judged if one["kind"] == "refunded" and one["verdict"] == COUNTED]
    events.record(
        PaymentChanged(
            order_id=payment.order_id, payment_id=payment.id, state=payment_state(payment.id, payment.amount),
            refunded=sum(int(str(one["amount"])) for one in back), by_hand=all(one.note == BY_HAND for one in fresh),
        ),
        payment.site_id,
    )  # fmt: skip
    revive_if_late(payment.order_id)
    settle(payment.order_id)


def fold(amount: int, sums: Mapping[str, int]) -> str:
    """The state of one payment from the sums of its counted facts by kind.

    A pure function, so order and repeats do not matter.
    """
    moved = sums.get("moved", 0)
    captured = sums.get("captured", 0) - moved
    refunded = max(0, sums.get("refunded", 0) - sums.get("refund_failed", 0))
    if sums.get("disputed", 0) > sums.get("dispute_won", 0) + sums.get("dispute_lost", 0):
        return "disputed"
    if captured > 0:
        if refunded + sums.get("dispute_lost", 0) >= captured:
            return "refunded"
        return "partly_refunded" if refunded else "captured" if captured >= amount else "partly_captured"
    if moved:
        return "moved"
    if sums.get("authorized", 0) > sums.get("voided", 0) + sums.get("expired", 0):
        return "authorized"
    ended = next((kind for kind in ("voided", "expired", "declined") if kind in sums), "")
    return ended or ("pending" if "pending" in sums else "open")


def payment_state(payment_id: int, amount: int) -> str:
    """The fold over the facts stored so far."""
    found = db.rows(
        "SELECT kind, SUM(amount) FROM payment_fact WHERE payment_id = ? AND verdict = ? GROUP BY kind",
        payment_id,
        COUNTED,
    )
    return fold(amount, {kind: int(total) for kind, total in found})


def refunded_and_captured(payment_id: int) -> tuple[int, int]:
    """(given back, captured) of one payment, by its facts; what was carried over to another order is not its own."""
    found: dict[str, int] = dict(
        db.rows(
            "SELECT kind, SUM(amount) FROM payment_fact WHERE payment_id = ? AND verdict = ? GROUP BY kind",
            payment_id,
            COUNTED,
        )
    )
    refunded = max(0, int(found.get("refunded", 0)) - int(found.get("refund_failed", 0)))
    return refunded, int(found.get("captured", 0)) - int(found.get("moved", 0))
