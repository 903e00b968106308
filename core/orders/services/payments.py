"""What is done with a payment that was opened: money is taken, let go, given back, or noted by hand.

Each act is committed with its idempotency key before the gateway is called, outside any transaction.

The gateway's answer is stored as facts. No answer leaves the operation `unknown`: it is never repeated under a new key,
and ends when the gateway was asked what it knows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.hookspecs.order import ActKind
from core.hookspecs.payment import (
    Fact,
    FactKind,
    Gateway,
    Intent,
)
from core.hookspecs.site import Site
from core.kernel import activity, db
from core.kernel.answers import checked_all
from core.kernel.repeats import claim
from core.kernel.sites import SiteState
from core.lib import clock
from core.lib.errors import Refused
from core.lib.money import Money, NotMoney
from core.orders.services.facts import BY_HAND, PaymentRow, store_facts
from core.orders.services.gateways import told_by
from core.orders.services.guards import ask_guards
from core.orders.services.intents import Opened, intent_of, newest_payment
from core.orders.services.money_limits import left_to_capture, left_to_refund, still_owed
from core.orders.services.opening import NothingToPay
from core.orders.services.operations import (
    DONE,
    FAILED,
    called,
    end_operation,
    gateway_for,
    insert_operation,
    opened_payment,
    operation_key,
)
from core.orders.services.settle import lock_order, money_facts, still_due
from core.orders.services.timeline import note


class NothingToRefund(Refused):
    """More than was captured and not yet given back."""

    code = "nothing_to_refund"
    default_message = "At most %(amount)s can be given back."


class OnlyByHand(Refused):
    """The gateway cannot refund, so it is not asked to."""

    code = "gateway_cannot"
    default_message = "This way to pay gives nothing back by itself. Give it back by hand, and say so here."


class NothingToCapture(Refused):
    """More than was authorised and neither taken nor let go."""

    code = "nothing_to_capture"
    default_message = "At most %(amount)s can be taken."


def capture(state: SiteState, payment_id: int, amount: Money, *, actor: str, key: str) -> None:
    """Take authorised money.

    `key` names this wish: repeated, it is the same capture. What is authorised, less what was taken, let go or is under
    way, is the limit, checked under the order's lock. Network; commits before and after. Raises Guarded,
    NothingToCapture, PaymentDeclined, OutcomeUnknown.
    """
    opened = opened_payment(state, payment_id)
    _ask_guards(state, opened, ActKind.CAPTURE, amount, actor, key)
    _act(
        state,
        opened,
        "capture",
        amount,
        actor,
        key,
        lambda gateway, intent, name: gateway.capture(intent, amount, name),
    )


def void(state: SiteState, payment_id: int, *, actor: str, key: str = "void") -> None:
    """Let go of authorised money. Network; commits before and after."""
    opened = opened_payment(state, payment_id)
    whole = Money(opened.row.amount, opened.row.currency)
    _act(state, opened, "void", whole, actor, key, lambda gateway, intent, name: gateway.void(intent, name))


def refund(
    state: SiteState,
    payment_id: int,
    amount: Money,
    *,
    actor: str,
    key: str,
    by_hand: bool = False,
    owed: bool = False,
    asked: bool = False,
) -> None:
    """Give captured money back through its gateway, or note that it was given `by_hand`.

    `key` names this wish: repeated, it is the same refund. What is captured, less what was given back or is under way,
    is the limit, checked under the order's lock; with `owed`, what the order owes is one, too. `asked`: the guards
    were, about all that goes back. Raises Guarded, OnlyByHand, NothingToRefund, PaymentDeclined, OutcomeUnknown.
    """
    opened = opened_payment(state, payment_id)
    if not asked:
        _ask_guards(state, opened, ActKind.REFUND, amount, actor, key)
    if by_hand:
        _refund_by_hand(state.site, opened, amount, actor, key, owed=owed)
        return

    def act(gateway: Gateway, intent: Intent, name: str) -> Sequence[Fact]:
        return gateway.refund(intent, amount, name)

    _act(state, opened, "refund", amount, actor, key, act, owed=owed)


def _ask_guards(state: SiteState, opened: Opened, kind: ActKind, amount: Money, actor: str, key: str) -> None:
    """Not about an operation that was sent before: it is finished, whatever was said since."""
    name = operation_key(opened, kind, key)
    ask_guards(
        state, opened.row.order_id, kind, actor=actor, amount=amount.amount,
        done=lambda: db.value("SELECT 1 FROM payment_operation WHERE key = ?", name),
    )  # fmt: skip


Act = Callable[[Gateway, Intent, str], Sequence[Fact]]


def _act(
    state: SiteState, opened: Opened, kind: str, amount: Money, actor: str, key: str, act: Act, *, owed: bool = False
) -> None:
    gateway = gateway_for(state, opened)
    name = operation_key(opened, kind, key)
    with db.transaction():
        lock_order(opened.row.order_id, state.site.id)
        known = db.one("SELECT state FROM payment_operation WHERE key = ?", name)
        if known is not None and known[0] in {DONE, FAILED}:
            return
        if known is None:
            if kind == "refund" and kind not in gateway.can:
                raise OnlyByHand
            _check_limit(opened.row, kind, amount, owed=owed)
            insert_operation(opened.row.id, name, kind, amount.amount, actor)
            note(opened.row.order_id, actor, kind, payment_id=opened.row.id, amount=amount.amount)
            activity.record(
                actor,
                kind,
                f"order:{opened.row.order_id}",
                after={"amount": amount.amount},
                site_id=state.site.id,
                title=opened.order_number,
            )
    intent = intent_of(state, opened)
    told = called(state, opened.row, name, lambda: checked_all(act(gateway, intent, name), Fact, asked=kind))
    facts = told_by(gateway, told)
    with db.transaction():
        store_facts(state.site.id, opened.row.plugin, opened.row.account, facts, opened.row)
        end_operation(name, DONE)


def _check_limit(payment: PaymentRow, kind: str, amount: Money, *, owed: bool = False) -> None:
    """A refund may not exceed what is captured, nor a capture what is authorised, counting those under way.

    With `owed`, a refund may not exceed either what the order owes.
    """
    if kind not in _LIMITS:
        return
    left, refusal = _LIMITS[kind]
    most = max(0, left(payment.id)) if amount.currency == payment.currency else 0
    if owed:
        most = min(most, max(0, still_owed(payment.order_id)))
    if not 0 < amount.amount <= most:
        raise refusal(amount=Money(most, payment.currency))


_LIMITS: dict[str, tuple[Callable[[int], int], type[Refused]]] = {
    "refund": (left_to_refund, NothingToRefund),
    "capture": (left_to_capture, NothingToCapture),
}


def _refund_by_hand(site: Site, opened: Opened, amount: Money, actor: str, key: str, *, owed: bool) -> None:
    with db.transaction():
        lock_order(opened.row.order_id, site.id)
        name = operation_key(opened, "refund", key)
        if db.value("SELECT 1 FROM payment_operation WHERE key = ?", name):
            return
        _check_limit(opened.row, "refund", amount, owed=owed)
        insert_operation(opened.row.id, name, "refund", amount.amount, actor)
        end_operation(name, DONE)
        note(opened.row.order_id, actor, "refund", payment_id=opened.row.id, amount=amount.amount, by_hand=True)
        activity.record(
            actor,
            "refund",
            f"order:{opened.row.order_id}",
            after={"amount": amount.amount},
            site_id=site.id,
            title=opened.order_number,
        )
        store_facts(
            site.id, opened.row.plugin, opened.row.account, [_by_hand(opened.row, "refunded", name, amount)], opened.row
        )


def mark_paid(
    state: SiteState,
    order_id: int,
    *,
    actor: str,
    amount: Money | None = None,
    reference: str = "",
    key: str = "",
    seen: int | None = None,
) -> None:
    """Note that money came by hand: in cash, on the bank's paper, by arrangement. Commits.

    Without `amount`, all that is still open; `reference` (a bank's line) makes it one and the same payment, and so does
    the `key` of the form. `seen` is the version of the order that was looked at. Raises NotMoney, NothingToPay,
    NotFound, DoneBefore, OrderMoved.
    """
    if amount is not None and amount.amount <= 0:
        raise NotMoney.of(amount.currency)
    with db.transaction():
        claim(key)
        lock_order(order_id, state.site.id, seen)
        opened = newest_payment(state.site.id, order_id)
        if opened is None:
            raise NothingToPay
        money = money_facts(order_id)
        wanted = amount or Money(max(0, still_due(order_id)), opened.row.currency)
        if wanted.amount <= 0 or wanted.currency != opened.row.currency:
            raise NothingToPay
        name = f"by hand {opened.token} {reference or money.captured}"
        if db.value("SELECT 1 FROM payment_fact WHERE payment_id = ? AND reference = ?", opened.row.id, name[:200]):
            return
        activity.record(
            actor,
            "mark paid",
            f"order:{order_id}",
            after={"amount": wanted.amount},
            site_id=state.site.id,
            title=opened.order_number,
        )
        note(order_id, actor, "marked_paid", amount=wanted.amount, reference=reference)
        store_facts(
            state.site.id,
            opened.row.plugin,
            opened.row.account,
            [_by_hand(opened.row, "captured", name, wanted)],
            opened.row,
        )


def _by_hand(payment: PaymentRow, kind: str, reference: str, amount: Money) -> Fact:
    return Fact(
        account=payment.account,
        live=payment.live,
        kind=FactKind(kind),
        reference=reference,
        amount=amount,
        at=clock.now(),
        note=BY_HAND,
    )
