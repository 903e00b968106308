"""What plugins say against an act on a placed order: asked once per verb, before its transaction, never about facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from core.hookspecs.checkout import Address, Problem
from core.hookspecs.order import ActKind, GuardedLine, GuardedOrder, OrderAct
from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.runtime import Hooks
from core.kernel.sites import SiteState, current_or_none, state_of
from core.lib.errors import NotFound, Refused
from core.lib.money import Money
from core.orders.services.change_shapes import Effect, Plan
from core.orders.services.part_shapes import OrderLineView
from core.orders.services.read import order_view
from core.orders.services.shapes import OrderView

HOOK = "order_problems"
_WAITING = (ActKind.CANCEL, ActKind.SHIP)


class Guarded(Refused):
    """A plugin speaks against it; `problems` are in the reader's language. Nothing was stored."""

    code = "guarded"
    default_message = "%(why)s"

    def __init__(self, problems: tuple[Problem, ...], line_id: int | None = None) -> None:
        field = None if line_id is None else f"line-{line_id}"
        super().__init__(field=field, why=" ".join(str(one.message) for one in problems))
        self.problems = problems


def ask_guards(
    where: Site | SiteState,
    order_id: int,
    kind: ActKind,
    *,
    actor: str,
    lines: Mapping[int, int] | None = None,
    adds: Mapping[int, int] | None = None,
    amount: int | None = None,
    addresses: Sequence[Address] = (),
    other: int | None = None,
    case_id: int | None = None,
    stage: str = "",
    done: Callable[[], object] | None = None,
) -> None:
    """Ask every plugin that guards orders; outside any transaction. No statement in a request where none does.

    `lines` None are all that the act can take; `amount` is in minor units of the order's currency. What `done` answers
    says that a repeated click was heeded before, and is not asked about. Raises Guarded, HookFailed, NotFound.
    """
    hooks = _hooks(where)
    if not hooks.answering(HOOK) or (done is not None and done()):
        return
    site = where.site if isinstance(where, SiteState) else where
    order = order_view(order_id, site=site)
    if order is None:
        raise NotFound
    act = OrderAct(
        kind=kind, actor=actor, lines=_all_lines(order, kind) if lines is None else lines, adds=adds or {},
        amount=None if amount is None else Money(amount, order.currency), address=next(iter(addresses), None),
        addresses=tuple(addresses), order_id=other, case_id=case_id, stage=stage,
    )  # fmt: skip
    problems = hooks.order_problems(site=site, order=guarded_order(order), act=act)
    if problems:
        raise Guarded(tuple(problems), _place(order, problems))


def _place(order: OrderView, problems: Sequence[Problem]) -> int | None:
    """The line beside which the words stand, if all of them are about one."""
    places = {one.line_id for one in problems}
    return next((line.id for line in order.lines if places == {line.id}), None)


def is_guarded(where: Site | SiteState) -> bool:
    """Whether any plugin guards orders here."""
    return bool(_hooks(where).answering(HOOK))


def ask_about_plan(where: Site | SiteState, order_id: int, plan: Plan, effect: Effect, *, actor: str) -> None:
    """The same of a change, a split or a merge; both orders of a merge are asked about.

    A change that only takes units away is a cancellation, whoever makes it and by which form.
    """
    if plan.moves:
        kind, lines = (ActKind.SPLIT if plan.into is None else ActKind.MERGE), plan.moves
        ask_guards(where, order_id, kind, actor=actor, lines=lines, other=plan.into)
        if plan.into is not None:
            ask_guards(where, plan.into, kind, actor=actor, lines={}, other=order_id)
        return
    adds: dict[int, int] = {}
    for line in plan.lines:
        adds[line.variant_id] = adds.get(line.variant_id, 0) + line.quantity
    kind = ActKind.CANCEL if plan.only_cancels else ActKind.CHANGE
    ask_guards(
        where, order_id, kind, actor=actor, lines=plan.cancels, adds=adds, amount=effect.delta,
        addresses=tuple(plan.addresses.values()),
    )  # fmt: skip


def _hooks(where: Site | SiteState) -> Hooks:
    if isinstance(where, SiteState):
        return where.hooks
    state = current_or_none()
    return state.hooks if state is not None and state.site.id == where.id else state_of(where.id).hooks


def _all_lines(order: OrderView, kind: ActKind) -> dict[int, int]:
    """What a verb takes that is not told which units."""
    if kind is ActKind.PICK:
        units = {line.id: line.allocated - line.in_hand for line in order.lines}
    else:
        units = {line.id: line.allocated for line in order.lines if kind in _WAITING}
    return {line_id: count for line_id, count in units.items() if count > 0}


def guarded_order(order: OrderView) -> GuardedOrder:
    """An order in the form that guards know."""
    return GuardedOrder(
        id=order.id, number=order.number, currency=order.currency, language=order.language, placed_at=order.placed_at,
        total=order.total, captured=order.captured, refunded=order.refunded,
        lines=tuple(_line(line) for line in order.lines),
        status={
            "order": order.status.order, "payment": order.status.payment, "fulfilment": order.status.fulfilment,
            "returned": order.status.returned,
        },
        customer_id=order.shopper_id, email=order.email, address=order.address, addresses=order.addresses,
        billing=order.billing,
        carrier=order.carrier, gateway=order.gateway, codes=order.codes, extra=order.extra,
        holds=tuple(hold.source for hold in order.holds if hold.ended_at is None), stages=stages_of(order.id),
    )  # fmt: skip


def stages_of(order_id: int) -> dict[str, str]:
    """Where an order stands, by plugin; also with plugins that are off. One statement."""
    return dict(db.rows("SELECT plugin, stage FROM order_stage WHERE order_id = ? ORDER BY id", order_id))


def _line(line: OrderLineView) -> GuardedLine:
    return GuardedLine(
        id=line.id, variant_id=line.variant_id, product_id=line.product_id, sku=line.sku, name=line.name,
        quantity=line.quantity, unit=line.unit, total=line.total, waiting=line.allocated, picked=line.in_hand,
        shipped=line.shipped, cancelled=line.cancelled, returned=line.received,
    )  # fmt: skip
