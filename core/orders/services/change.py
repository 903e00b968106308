"""Changes after placement: a draft with its effect is confirmed in one transaction, or dropped."""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec

from core.catalogue.services import stock
from core.hookspecs.events import OrderCancelled, OrderChanged
from core.hookspecs.promote import Claim
from core.hookspecs.site import Site
from core.kernel import activity, db, events
from core.kernel.repeats import DoneBefore
from core.lib import clock
from core.lib.errors import NotFound, Refused
from core.lib.jsons import json_or_null
from core.orders.services.carry_over import carry_over
from core.orders.services.change_effect import fixed_refunds, stock_needs, totals_after
from core.orders.services.change_places import deliver_elsewhere, new_tax
from core.orders.services.change_shapes import (
    CONFIRMED,
    DRAFT,
    DROPPED,
    Action,
    ChangeView,
    Effect,
    Plan,
)
from core.orders.services.change_wish import NothingChanges
from core.orders.services.claims import release_claims, take_claims
from core.orders.services.giving_back import after_cancelling
from core.orders.services.goods import NotThatMany, stock_reference
from core.orders.services.guards import ask_about_plan
from core.orders.services.happenings import what_changes
from core.orders.services.hold_checks import hold_anew
from core.orders.services.links import number_link_anew
from core.orders.services.opening import ask_for_the_rest
from core.orders.services.read import order_view
from core.orders.services.settle import line_facts, money_facts, settle
from core.orders.services.shapes import OrderView
from core.orders.services.states import changed
from core.orders.services.status import due
from core.orders.services.store import EVENTS, insert_many, insert_parts, insert_taxes, promise
from core.orders.services.timeline import note

_actions = msgspec.json.Decoder(Action)
_plans = msgspec.json.Decoder(Plan)
_effects = msgspec.json.Decoder(Effect)


class ChangeStale(Refused):
    """The order is not what it was when the change was looked at."""

    code = "change_stale"
    default_message = "The order has changed in the meantime. Look at the effect again, then confirm."


class ChangeDropped(Refused):
    """The change was dropped, so it cannot be confirmed any more."""

    code = "change_dropped"
    default_message = "This change was dropped. Make a new one."


# -- drafts ------------------------------------------------------------------------------------------------------------


def store_draft(
    order: OrderView, actions: Sequence[Action], plan: Plan, effect: Effect, *, actor: str, reason: str, key: str
) -> int:
    """Keep a previewed change; answers its id, that of the first draft if the key is repeated. Commits.

    Raises NothingChanges for a plan that writes nothing.
    """
    if plan == Plan(policy=plan.policy, holds=plan.holds):
        raise NothingChanges
    with db.transaction():
        return insert_draft(order, actions, plan, effect, actor=actor, reason=reason, key=key)


def insert_draft(
    order: OrderView, actions: Sequence[Action], plan: Plan, effect: Effect, *, actor: str, reason: str, key: str
) -> int:
    """`store_draft` as part of a verb's transaction."""
    db.require_transaction()
    made = db.value(
        "INSERT INTO order_change (site_id, order_id, version, state, policy, actor, reason, key, plan, effect,"
        " created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (order_id, key) DO NOTHING RETURNING id",
        order.site_id, order.id, order.version, DRAFT, plan.policy, actor, reason[:2000], key[:64], _json(plan),
        _json(effect), clock.now_us(),
    )  # fmt: skip
    if made is None:
        return int(db.value("SELECT id FROM order_change WHERE order_id = ? AND key = ?", order.id, key[:64]))
    for position, action in enumerate(actions):
        data = msgspec.json.encode(action).decode()
        db.execute(
            "INSERT INTO order_change_action (change_id, position, kind, data) VALUES (?, ?, ?, ?)",
            made,
            position,
            json.loads(data)["kind"],
            data,
        )
    return int(made)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def change_view(site: Site, change_id: int) -> ChangeView:
    """A stored change with its actions, if it is of this site; raises NotFound. Two statements."""
    row = db.one(
        "SELECT id, order_id, version, state, policy, actor, reason, key, created_at, ended_at, plan, effect,"
        " into_order_id FROM order_change WHERE id = ? AND site_id = ?",
        change_id,
        site.id,
    )
    if row is None:
        raise NotFound
    actions = db.rows("SELECT data FROM order_change_action WHERE change_id = ? ORDER BY position", change_id)
    return ChangeView(
        id=row[0], order_id=row[1], version=row[2], state=row[3], policy=row[4], actor=row[5], reason=row[6],
        key=row[7], created_at=clock.instant(row[8]), ended_at=None if row[9] is None else clock.instant(row[9]),
        actions=tuple(_actions.decode(data) for (data,) in actions), plan=_plans.decode(row[10]),
        effect=_effects.decode(row[11]), into_order_id=row[12],
    )  # fmt: skip


def check_not_done(site: Site, order_id: int, key: str) -> None:
    """Raise DoneBefore where the change of this key is confirmed: a form that is sent again needs no second look."""
    sql = "SELECT state FROM order_change WHERE order_id = ? AND key = ? AND site_id = ?"
    if db.value(sql, order_id, key[:64], site.id) == CONFIRMED:
        raise DoneBefore


def drop_change(site: Site, change_id: int, *, actor: str) -> None:
    """Let a draft go; one that is dropped stays so. Raises NotFound, ChangeStale for a confirmed one. Commits."""
    with db.transaction():
        state = db.value("SELECT state FROM order_change WHERE id = ? AND site_id = ?", change_id, site.id)
        if state is None:
            raise NotFound
        dropped = db.execute(
            "UPDATE order_change SET state = ?, ended_at = ?, actor = ? WHERE id = ? AND state = ?",
            DROPPED, clock.now_us(), actor, change_id, DRAFT,
        )  # fmt: skip
        if not dropped and state == CONFIRMED:
            raise ChangeStale("This change is confirmed already.")


# -- confirming --------------------------------------------------------------------------------------------------------


def confirm_change(site: Site, change_id: int, *, actor: str, asked: bool = False) -> None:
    """Write what a draft planned, once: stock, lines, charges, delivery, the timeline, what is to be paid. Commits.

    Where the draft says so, the order waits for a person from now on. `asked`: the guards were, as it was drafted by
    the same act.

    Raises NotFound, Guarded, ChangeDropped, ChangeStale (another act came first), OutOfStock, ClaimExhausted: nothing
    is written then, and the draft stays. Records OrderChanged, and OrderCancelled with the last unit.
    """
    change = change_view(site, change_id)
    if not asked and change.state == DRAFT:
        ask_about_plan(site, change.order_id, change.plan, change.effect, actor=actor)
    db.retrying(lambda: _confirm_once(site, change, actor))


def _confirm_once(site: Site, change: ChangeView, actor: str) -> None:
    with db.transaction():
        if claim_draft(change):
            confirm_plan(site, change, actor)


def claim_draft(change: ChangeView) -> bool:
    """Whether this call confirms it: false if another has. The order's version is compared in the same breath.

    Part of a verb. Raises ChangeDropped, ChangeStale.
    """
    db.require_transaction()
    if not db.execute(
        "UPDATE order_change SET state = ?, ended_at = ? WHERE id = ? AND state = ?",
        CONFIRMED, clock.now_us(), change.id, DRAFT,
    ):  # fmt: skip
        if db.value("SELECT state FROM order_change WHERE id = ?", change.id) == DROPPED:
            raise ChangeDropped
        return False
    if not db.execute(
        "UPDATE orders SET version = version + 1 WHERE id = ? AND version = ?", change.order_id, change.version
    ):
        raise ChangeStale
    changed(change.order_id)
    return True


def confirm_plan(site: Site, change: ChangeView, actor: str, *, holder: str = "") -> None:
    """`confirm_change` after the version was compared, as part of a verb's transaction.

    What was held for `holder` goes into what is promised.
    """
    db.require_transaction()
    order, plan = order_view(change.order_id, site=site), change.plan
    if order is None:
        raise NotFound
    if plan.moves:
        _carry_over(site, order, change, actor)
        return
    _fix_refunds(order)
    taken = stock.promise_difference(
        stock_needs(order, plan),
        stock_reference(order.id),
        actor,
        plan.sources,
        site_id=site.id,
        holder=holder,
        reason="cancel" if plan.only_cancels else "change",
        why=plan.why,
        channel=order.channel,
    )
    _cancel(order, plan)
    _append(order, change, taken)
    _charge(order, change)
    deliver_elsewhere(order, plan)
    _write_to_others(order, plan)
    _sum_up(order, plan)
    _tell(site, order, change, actor)
    hold_anew(site.id, order.id, plan.holds)
    settle(order.id)
    ask_for_the_rest(site.id, order.id)
    if plan.cancels:
        after_cancelling(site.id, order.id)


def _carry_over(site: Site, order: OrderView, change: ChangeView, actor: str) -> None:
    """A split or a merge; the other order of a merge must be what it was, too."""
    plan = change.plan
    if plan.into is not None and not db.execute(
        "UPDATE orders SET version = version + 1 WHERE id = ? AND site_id = ? AND version = ?",
        plan.into, site.id, plan.into_version,
    ):  # fmt: skip
        raise ChangeStale
    target = carry_over(site, order, change, actor)
    db.execute("UPDATE order_change SET into_order_id = ? WHERE id = ? AND site_id = ?", target, change.id, site.id)


def _fix_refunds(order: OrderView) -> None:
    """What was refunded because it was owed does not pay for what is added now."""
    money = money_facts(order.id)
    if not money.captured:
        return
    asked = int(
        db.value(
            "SELECT COALESCE(SUM(o.amount), 0) FROM payment_operation o JOIN payment p ON p.id = o.payment_id"
            " WHERE p.order_id = ? AND o.kind = 'refund' AND o.state <> 'failed'",
            order.id,
        )
    )
    row = db.one("SELECT total, delivery_total, given_back FROM orders WHERE id = ?", order.id)
    assert row is not None
    fixed = fixed_refunds(row[0], row[1], line_facts(order.id), money, row[2], asked)
    db.execute("UPDATE orders SET given_back = ? WHERE id = ?", fixed, order.id)


def _cancel(order: OrderView, plan: Plan) -> None:
    for line in order.lines:
        units = plan.cancels.get(line.id, 0)
        if units and not db.execute(
            "UPDATE order_line SET allocated = allocated - ?, cancelled = cancelled + ?,"
            " picked = CASE WHEN picked > allocated - ? + shipped THEN allocated - ? + shipped ELSE picked END"
            " WHERE id = ? AND order_id = ? AND allocated >= ?",
            units, units, units, units, line.id, order.id, units,
        ):  # fmt: skip
            raise NotThatMany(sku=line.sku)


def _append(order: OrderView, change: ChangeView, taken: Sequence[stock.Allocation]) -> None:
    plan = change.plan
    first = int(db.value("SELECT MAX(position) FROM order_line WHERE order_id = ?", order.id)) + 1
    counted = dict.fromkeys(EVENTS, 0)
    apart = {"taxes", "quantity", "parts", "promised_at"}
    rows = [
        {
            "order_id": order.id, "position": first + place, "change_id": change.id, "ordered": line.quantity,
            "allocated": line.quantity,
            **{name: value for name, value in msgspec.to_builtins(line).items() if name not in apart},
            **counted, **promise(line.variant_id, line.parts, line.promised_at, taken),
        }
        for place, line in enumerate(plan.lines)
    ]  # fmt: skip
    insert_many("order_line", rows)
    ids = [
        row[0]
        for row in db.rows(
            "SELECT id FROM order_line WHERE order_id = ? AND position >= ? ORDER BY position", order.id, first
        )
    ]
    insert_parts(ids, [line.parts for line in plan.lines])
    taxes = [new_tax(at, tax) for at, line in enumerate(plan.lines) for tax in line.taxes]
    insert_taxes(order.id, taxes, ids)
    _append_offers(order, plan, ids)


def _append_offers(order: OrderView, plan: Plan, ids: Sequence[int]) -> None:
    last = db.value("SELECT COALESCE(MAX(position), -1) FROM order_adjustment WHERE order_id = ?", order.id)
    insert_many(
        "order_adjustment",
        [
            {
                "order_id": order.id, "position": int(last) + 1 + place, "plugin": one.plugin, "rule": one.rule[:200],
                "title": one.title, "code": one.code[:64], "target": "lines", "amount": one.amount,
                "shares": json.dumps({str(ids[at]): amount for at, amount in one.shares.items()}),
            }
            for place, one in enumerate(plan.adjustments)
        ],
    )  # fmt: skip
    claims = {
        key: Claim(key=key, limit=limit, amount=amount) for one in plan.adjustments for key, limit, amount in one.claims
    }
    take_claims(order.site_id, claims)
    for key, claim in sorted(claims.items()):
        db.execute(
            "INSERT INTO order_claim (order_id, key, amount, released) VALUES (?, ?, ?, ?)",
            order.id, key, claim.amount, False,
        )  # fmt: skip


def _charge(order: OrderView, change: ChangeView) -> None:
    for one in change.plan.charges:
        charge_id = db.value(
            "INSERT INTO order_charge (order_id, change_id, line_id, kind, reason, amount) VALUES (?, ?, ?, ?, ?, ?)"
            " RETURNING id",
            order.id, change.id, one.line_id, one.charge, one.reason, one.amount,
        )  # fmt: skip
        for tax in one.taxes:
            db.execute(
                "INSERT INTO order_tax (order_id, charge_id, name, rate, amount) VALUES (?, ?, ?, ?, ?)",
                order.id, charge_id, tax.name, tax.rate, tax.amount,
            )  # fmt: skip


def _write_to_others(order: OrderView, plan: Plan) -> None:
    """Who the bill is for and who is written to. With another mail address the old link opens nothing any more."""
    if plan.billing is not None:
        db.execute("UPDATE orders SET billing = ? WHERE id = ?", json_or_null(plan.billing), order.id)
    if plan.email or plan.phone:
        db.execute(
            "UPDATE orders SET email = ?, phone = ? WHERE id = ?",
            plan.email or order.email, plan.phone or order.phone, order.id,
        )  # fmt: skip
    if plan.renews_link:
        number_link_anew(order.site_id, order.id)


def _sum_up(order: OrderView, plan: Plan) -> None:
    """The stored sums are those of the rows."""
    total, _delivery = totals_after(order, plan)
    db.execute(
        "UPDATE orders SET subtotal = subtotal + ?, discount = discount + ?, charges = charges + ?, total = ?,"
        " tax = (SELECT COALESCE(SUM(t.amount), 0) FROM order_tax t WHERE t.order_id = orders.id) WHERE id = ?",
        sum(line.subtotal for line in plan.lines), sum(line.discount for line in plan.lines),
        sum(charge.amount for charge in plan.charges), total, order.id,
    )  # fmt: skip


def _tell(site: Site, order: OrderView, change: ChangeView, actor: str) -> None:
    plan, effect = change.plan, change.effect
    facts = line_facts(order.id)
    row = db.one("SELECT total, delivery_total FROM orders WHERE id = ?", order.id)
    assert row is not None
    is_over = all(line.cancelled == line.ordered for line in facts)
    happened: dict[str, object] = {
        "change": change.id,
        "reason": change.reason,
        "lines": {str(line_id): units for line_id, units in plan.cancels.items()},
        "added": [{"name": line.name, "quantity": line.quantity} for line in plan.lines],
        "before": effect.price_before,
        "after": effect.price_after,
        "due": effect.price_before,
        "due_after": due(row[0], row[1], facts),
    }
    happened.update(what_changes(order, plan))
    note(order.id, actor, "cancelled" if is_over or plan.only_cancels else "changed", **happened)
    activity.record(
        actor, "change", f"order:{order.id}", before={"price": effect.price_before},
        after={"price": effect.price_after, "reason": change.reason}, site_id=site.id, title=order.number,
    )  # fmt: skip
    if is_over:
        release_claims(site.id, order.id)
        db.execute("UPDATE orders SET expires_at = NULL WHERE id = ?", order.id)
        events.record(OrderCancelled(order_id=order.id, number=order.number, reason="changed"), site.id)
    events.record(
        OrderChanged(
            order_id=order.id, number=order.number, change_id=change.id, delta=effect.delta, currency=order.currency
        ),
        site.id,
    )
