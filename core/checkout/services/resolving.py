"""Resolving a return, exchange or claim: what it costs and gives is a change of the order, priced before it is made."""

from __future__ import annotations

from msgspec import Struct

from core.checkout.services.changing import Preview, PreviewMoved, draft_change, preview_change
from core.kernel.sites import SiteState
from core.lib.errors import Refused
from core.lib.money import Money, percent, split
from core.orders.services.case import ask_about_decision, resolve_case
from core.orders.services.case_reading import case_view
from core.orders.services.case_rules import OURS, rules_of
from core.orders.services.case_shapes import CLAIM, EXCHANGE, REFUND, REPLACE, RESOLVED, CaseView, WrongStep
from core.orders.services.change_shapes import Action, AddCharge, AddGoods
from core.orders.services.read import order_view


class TooHigh(Refused):
    """The fees are more than what the goods cost."""

    status = 422
    code = "too_high"
    default_message = "The fees are higher than what these goods cost."


class TooMuch(Refused):
    """More is to be given back for the claimed pieces than what was paid for them."""

    status = 422
    code = "too_much"
    default_message = "This is more than what was paid for these pieces. Anything above it is goodwill."

    def __init__(self) -> None:
        super().__init__(field="part")


class Terms(Struct, frozen=True, kw_only=True):
    """What is decided: fees and goodwill in minor units; for a claim, `way` is refund or replace.

    `part` is how much of the price a claim gives back; None is all of it.
    """

    restocking: int = 0
    return_delivery: int = 0
    goodwill: int = 0
    way: str = REFUND
    part: int | None = None
    answer: str = ""


def terms_by_rules(state: SiteState, case: CaseView) -> Terms:
    """What the site's rules would charge; nothing for the shop's own faults."""
    return Terms() if case.kind == CLAIM else fees_by_rules(state, case.reason, case.value, case.currency)


def fees_by_rules(state: SiteState, reason: str, value: int, currency: str) -> Terms:
    """The same for goods of this value that come back for a reason."""
    rules = rules_of(state.site)
    if reason in OURS:
        return Terms()
    restocking = percent(value, rules.restocking)
    return Terms(restocking=restocking, return_delivery=min(rules.return_delivery.get(currency, 0), value - restocking))


def granted_by(case: CaseView, terms: Terms) -> Money:
    """What shall be given back: the goods' value less the fees, and goodwill. Raises TooHigh, TooMuch."""
    if terms.restocking + terms.return_delivery > case.value:
        raise TooHigh
    value = _claimed(case, terms) if case.kind == CLAIM else case.value
    return Money(value - terms.restocking - terms.return_delivery + terms.goodwill, case.currency)


def _claimed(case: CaseView, terms: Terms) -> int:
    """What a claim gives back of the price: nothing where the goods are sent once more."""
    if terms.way == REPLACE:
        return 0
    if terms.part is None:
        return case.value
    if not 0 <= terms.part <= case.value:
        raise TooMuch
    return terms.part


def preview_case(state: SiteState, case: CaseView, terms: Terms) -> Preview:
    """What resolving would do to the order. Writes nothing. Raises TooHigh, TooMuch, what `preview_change` raises."""
    granted_by(case, terms)
    return preview_change(state, case.order_id, _actions(state, case, terms), credit=-case.advanced)


def shown_sum(state: SiteState, case: CaseView, terms: Terms) -> int:
    """The sum that is shown before a case is resolved: what the order costs after an exchange, else what is granted."""
    if case.kind == EXCHANGE:
        return preview_case(state, case, terms).effect.price_after
    return granted_by(case, terms).amount


def resolve(state: SiteState, case_id: int, terms: Terms, *, actor: str, seen: int | None = None) -> Money:
    """Resolve a case under these terms; answers what is granted. Repeated, it is the same. Two transactions.

    `seen` is the `shown_sum` that the person saw: PreviewMoved if it is another by now.
    Raises NotFound, Guarded, WrongStep, TooHigh, TooMuch, OutOfStock (of new goods) and what else a change raises.
    """
    case = case_view(state.site, case_id)
    if case.state == RESOLVED:
        return Money(case.granted, case.currency)
    if not case.can_be_resolved:
        raise WrongStep
    granted, actions = granted_by(case, terms), _actions(state, case, terms)
    is_exchange = case.kind == EXCHANGE
    if seen is not None and not is_exchange and granted.amount != seen:
        raise PreviewMoved
    ask_about_decision(state, case, granted.amount, actor=actor)
    if seen is not None and is_exchange and not actions and shown_sum(state, case, terms) != seen:
        raise PreviewMoved
    change_id = None
    if actions:
        money = f"{terms.restocking}:{terms.return_delivery}:{terms.goodwill}:{terms.part}"
        key = f"case:{case.id}:{case.value}:{money}:{terms.way}"
        version = preview_change(state, case.order_id, ()).order.version
        change_id = draft_change(
            state, case.order_id, actions, key=f"{key}:{version}:{seen}", actor=actor,
            reason=terms.answer or case.reason, seen_price=seen if is_exchange else None, asked=True,
            credit=-case.advanced,
        )  # fmt: skip
    resolve_case(
        state.site, case_id, actor=actor, change_id=change_id, granted=granted.amount, answer=terms.answer,
        way=terms.way if case.kind == CLAIM else "", asked=True,
    )  # fmt: skip
    return granted


def _actions(state: SiteState, case: CaseView, terms: Terms) -> list[Action]:
    actions: list[Action] = []
    of = _withheld_of(state, case) if terms.restocking or terms.return_delivery else {}
    if terms.restocking:
        actions.append(AddCharge(charge="restocking", amount=terms.restocking, withheld_of=of))
    if terms.return_delivery:
        actions.append(AddCharge(charge="return_delivery", amount=terms.return_delivery, withheld_of=of))
    if terms.goodwill:
        actions.append(AddCharge(charge="goodwill", amount=terms.goodwill))
    if case.kind == EXCHANGE and not case.is_sent:
        actions += new_goods(state, case)
    if case.kind == CLAIM:
        actions += _claim_actions(state, case, terms)
    return actions


def new_goods(state: SiteState, case: CaseView) -> list[Action]:
    """What an exchange sends, to where the old goods went."""
    place = _place(state, case)
    return [
        AddGoods(variant_id=variant_id, quantity=units, destination=place)
        for variant_id, units in sorted(case.wanted.items())
    ]


def _withheld_of(state: SiteState, case: CaseView) -> dict[int, int]:
    """What the fees are withheld of, so that they bear its taxes; nothing where the shop has ruled that they do not."""
    if rules_of(state.site).fees_without_tax:
        return {}
    return {line.line_id: line.value for line in case.lines if line.value}


def _place(state: SiteState, case: CaseView) -> int | None:
    """The place that the goods of a case went to, to which others are sent."""
    order = order_view(case.order_id, site=state.site)
    mine = {line.line_id for line in case.lines}
    return next((line.place for line in order.lines if line.id in mine), None) if order else None


def _claim_actions(state: SiteState, case: CaseView, terms: Terms) -> list[Action]:
    """The money for what was claimed; or the same goods once more, at no charge."""
    if terms.way == REFUND:
        shares = split(_claimed(case, terms), [line.value for line in case.lines]) if case.value else []
        return [
            AddCharge(charge="claim", amount=amount, line_id=line.line_id)
            for line, amount in zip(case.lines, shares, strict=False)
            if amount
        ]
    units: dict[int, int] = {}
    for line in case.lines:
        units[line.variant_id] = units.get(line.variant_id, 0) + line.quantity
    place = _place(state, case)
    goods: list[Action] = [
        AddGoods(variant_id=variant_id, quantity=n, destination=place) for variant_id, n in sorted(units.items())
    ]
    costs = sum(line.total for line in preview_change(state, case.order_id, goods).plan.lines)
    return [*goods, AddCharge(charge="claim", amount=costs)] if costs else goods
