"""What a change added and nobody paid: which units that is, and giving them back by a change of the system's own."""

from __future__ import annotations

import msgspec

from core.hookspecs.site import Site
from core.kernel import db
from core.orders.services.change import change_view, claim_draft, confirm_plan, insert_draft
from core.orders.services.change_effect import effect_of
from core.orders.services.change_shapes import CONFIRMED, CancelUnits, Effect, Plan
from core.orders.services.places import delivery_taxes, emptied
from core.orders.services.read import order_view
from core.orders.services.settle import line_facts, money_facts
from core.orders.services.status import share

DIFFERENCE = "difference_unpaid"
_plans = msgspec.json.Decoder(Plan)
_effects = msgspec.json.Decoder(Effect)


def added_unpaid(order_id: int, left: int) -> dict[int, int]:
    """Units by line that changes only added, and that cost no more than the amount `left` open. After `lock_order`.

    Money pays for what was agreed first, so the newest changes are the unpaid ones. A change that also took something
    away, an exchange above all, is not to be told apart by units; and what is announced to come back may pay for it.
    """
    db.require_transaction()
    units: dict[int, int] = {}
    if any(line.return_requested > line.received for line in line_facts(order_id)):
        return units
    for change_id, plan, effect in db.rows(
        "SELECT id, plan, effect FROM order_change WHERE order_id = ? AND state = ? AND into_order_id IS NULL"
        " ORDER BY ended_at DESC, id DESC",
        order_id, CONFIRMED,
    ):  # fmt: skip
        more = _effects.decode(effect).delta
        if left <= 0 or more <= 0 or _plans.decode(plan).cancels:
            break
        units.update(_units_of(order_id, change_id, min(left, more)))
        left -= more
    return units


def _units_of(order_id: int, change_id: int, at_most: int) -> dict[int, int]:
    """Waiting units that a change added, the last line first, as many as fit into `at_most`."""
    units: dict[int, int] = {}
    for line_id, total, ordered, cancelled, allocated in db.rows(
        "SELECT id, total, ordered, cancelled, allocated FROM order_line WHERE order_id = ? AND change_id = ?"
        " ORDER BY position DESC",
        order_id, change_id,
    ):  # fmt: skip
        gone = share(total, cancelled, ordered)
        costs = [share(total, cancelled + count, ordered) - gone for count in range(allocated + 1)]
        if count := max(count for count, cost in enumerate(costs) if cost <= at_most):
            units[line_id] = count
            at_most -= costs[count]
    return units


def give_back(site: Site, order_id: int, units: dict[int, int], *, reason: str = DIFFERENCE) -> None:
    """Cancel these units by a change that "system" makes: stock, taxes, timeline and mail as after any other.

    Part of a verb's transaction, after `lock_order`.
    """
    db.require_transaction()
    order = order_view(order_id, site=site)
    assert order is not None
    given_back = int(db.value("SELECT given_back FROM orders WHERE id = ?", order_id))
    plan = Plan(cancels=units, emptied=emptied(order, units))
    effect = effect_of(order, plan, money_facts(order_id), given_back, delivery_taxes(order_id))
    actions = [CancelUnits(line_id=line_id, quantity=count) for line_id, count in sorted(units.items())]
    key = f"{reason}:{order.version}"
    made = insert_draft(order, actions, plan, effect, actor="system", reason=reason, key=key)
    change = change_view(site, made)
    if claim_draft(change):
        confirm_plan(site, change, "system")
