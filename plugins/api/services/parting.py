"""Orders split into two, and two merged into one: looked at first, then done with what was seen."""

from __future__ import annotations

from core.api import Money as CoreMoney
from core.api import Parting as StoredParting
from core.api import merge_candidates, merge_order, preview_merge, preview_split, split_order, value
from plugins.api.forms import parting as sent
from plugins.api.models import scopes
from plugins.api.services.once import once
from plugins.api.services.operations import Call, operation
from plugins.api.services.orders import found_order, shown_order, units_by_line
from plugins.api.services.payments import amount_of
from plugins.api.services.shapes.base import money
from plugins.api.services.shapes.orders import Order
from plugins.api.services.shapes.parting import MergeCandidate, MergeCandidates, Parting

_TAG = "Changes"


@operation(
    "POST", "/orders/{order_id}/split/preview", tag=_TAG, scope=scopes.ORDERS_WRITE, body=sent.SplitPreview,
    answer=Parting,
)  # fmt: skip
def preview_order_split(call: Call) -> Parting:
    """Look at what carrying units into a new order would do; nothing is written."""
    asked: sent.SplitPreview = call.body
    order = found_order(call)
    return _shown(preview_split(call.site, order.id, units_by_line(asked.lines) or {}, actor=call.actor))


@operation(
    "POST", "/orders/{order_id}/split", tag=_TAG, scope=scopes.ORDERS_WRITE, body=sent.NewSplit, answer=Order,
    once="needed", status=201,
)  # fmt: skip
def split_into_new_order(call: Call) -> Order:
    """Carry units that wait, and their share of the money, into a new order; answers the new one."""
    asked: sent.NewSplit = call.body
    order, units = found_order(call), units_by_line(asked.lines) or {}
    seen = amount_of(order, asked.seen_value, "seen_value").amount

    def act(key: str) -> int:
        number = split_order(
            call.site, order.id, units, key=key, actor=call.actor, reason=asked.reason, seen=seen
        )  # fmt: skip
        return _numbered(call, number)

    return shown_order(call, once(call, "split_order", act))


@operation("GET", "/orders/{order_id}/merge", tag=_TAG, scope=scopes.ORDERS, answer=MergeCandidates)
def get_merge_candidates(call: Call) -> MergeCandidates:
    """List the orders of the same shopper into which this one could go."""
    found = merge_candidates(call.site, found_order(call))
    return MergeCandidates(items=tuple(MergeCandidate(id=order_id, number=number) for order_id, number in found))


@operation("GET", "/orders/{order_id}/merge/{into_id}", tag=_TAG, scope=scopes.ORDERS_WRITE, answer=Parting)
def preview_order_merge(call: Call) -> Parting:
    """Look at what carrying all of an order into another would do; nothing is written."""
    return _shown(preview_merge(call.site, found_order(call).id, call.path["into_id"], actor=call.actor))


@operation(
    "POST", "/orders/{order_id}/merge/{into_id}", tag=_TAG, scope=scopes.ORDERS_WRITE, body=sent.NewMerge,
    answer=Order, once="needed",
)  # fmt: skip
def merge_into_order(call: Call) -> Order:
    """Carry all of an order, and its money, into another of the same shopper; answers that one."""
    asked: sent.NewMerge = call.body
    order = found_order(call)
    seen = amount_of(order, asked.seen_value, "seen_value").amount

    def act(key: str) -> int:
        number = merge_order(
            call.site, order.id, call.path["into_id"], key=key, actor=call.actor, reason=asked.reason, seen=seen
        )  # fmt: skip
        return _numbered(call, number)

    return shown_order(call, once(call, "merge_order", act))


def _numbered(call: Call, number: str) -> int:
    return int(value("SELECT id FROM orders WHERE site_id = ? AND number = ?", call.site.id, number))


def _shown(found: StoredParting) -> Parting:
    def sum_of(amount: int) -> CoreMoney:
        return CoreMoney(amount, found.order.currency)

    return Parting(
        order_id=found.order.id, into_order_id=found.target.id if found.target else None,
        value=money(sum_of(found.value)), paid=money(sum_of(found.money)),
        to_pay_there=money(sum_of(found.target_due)), to_pay_here=money(sum_of(max(0, found.effect.to_pay))),
        to_refund_here=money(sum_of(max(0, found.effect.to_refund))),
        waits_for=tuple(one.said for one in found.plan.holds),
    )  # fmt: skip
