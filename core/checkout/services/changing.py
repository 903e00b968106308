"""Changing an order: what it would cost is asked of the hooks here, outside any transaction; nothing placed is touched.

The same preview serves staff, the shopper's own window, exchanges and claims; confirming is `core.orders`' business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from core.catalogue.services.carts import cart_variants
from core.checkout.services.change_asking import (
    NotForSaleNow,
    as_cart,
    delivery_as_wanted,
    delivery_there,
    planned_line,
    quoted,
    rates_of,
    taxed_charges,
)
from core.checkout.services.granting import with_taxes_granted
from core.checkout.services.holding import holds_of_changed
from core.checkout.services.promoting import priced_cart
from core.checkout.services.quote import ChosenRate
from core.checkout.services.redelivering import Redelivered, as_agreed, redelivered
from core.checkout.services.repricing import reevaluated
from core.checkout.services.retaxing import retaxed
from core.checkout.services.sourcing import Sourcing, sources_for
from core.hookspecs.checkout import Address
from core.kernel import db
from core.kernel.sites import SiteState
from core.lib.errors import NotFound, Refused
from core.lib.money import Money
from core.orders.services.change import confirm_change, store_draft
from core.orders.services.change_plan import Rates, Wish, effect_of, kept_plan, wish_of
from core.orders.services.change_shapes import (
    BETTER,
    KEEP,
    REEVALUATE,
    Action,
    Effect,
    Plan,
    PlannedLine,
)
from core.orders.services.guards import ask_about_plan
from core.orders.services.places import delivery_taxes, emptied
from core.orders.services.read import OrderView, order_view
from core.orders.services.settle import money_facts


class PreviewMoved(Refused):
    """The order would now cost something else than the preview said."""

    code = "preview_moved"
    default_message = "Prices or the order have changed since the preview. Look at it again, then confirm."


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """An order, what a change would write, and what that does. `plan.policy` is the one that was used.

    `rates` are the ways to bring it to another place, of which `service` is taken; none where that was not asked.
    `plan.holds` say what the order would wait for.
    """

    order: OrderView
    plan: Plan
    effect: Effect
    rates: tuple[ChosenRate, ...] = ()
    service: ChosenRate | None = None


def preview_change(
    state: SiteState,
    order_id: int,
    actions: Sequence[Action],
    *,
    policy: str = KEEP,
    actor: str | None = None,
    credit: int = 0,
) -> Preview:
    """What a change would do; writes nothing. Asks promote_prices, promote_offers and checkout_taxes as needed.

    Where the order goes to another place the carriers are asked, too; checkout_problems where it goes elsewhere or will
    cost more: it may have to wait for a person. With an `actor`, the guards are asked as well: they may refuse what
    they see. `credit` is what counts as paid after it beyond what does now. An order that goes to several places keeps
    what was agreed, whatever the `policy`.

    Raises NotFound, Unfit, NotThatMany, WrongAmount, NotForSaleNow, NobodyDelivers, Guarded, HookFailed.
    """
    order = order_view(order_id, site=state.site)
    if order is None:
        raise NotFound
    order = replace(order, advanced=Money(order.advanced.amount + credit, order.currency)) if credit else order
    if order.is_spread:
        policy = KEEP
    wish, rates = wish_of(order, actions), rates_of(order_id)
    wish.charges = taxed_charges(state, order, wish)
    given_back = int(db.value("SELECT given_back FROM orders WHERE id = ?", order_id))
    plans = []
    if policy in {KEEP, BETTER}:
        plans.append(_kept(state, order, wish, rates))
    if policy in {REEVALUATE, BETTER}:
        plans.append(reevaluated(state, order, wish, rates))
    plans = [(with_taxes_granted(order, plan), moved) for plan, moved in plans]
    taxes = delivery_taxes(order_id)
    money = money_facts(order_id)
    looked = [
        Preview(
            order=order, plan=plan, effect=effect_of(order, plan, money, given_back, taxes), rates=moved.rates,
            service=moved.chosen,
        )
        for plan, moved in plans
    ]  # fmt: skip
    best = min(looked, key=lambda one: one.effect.price_after)
    if actor is not None:
        ask_about_plan(state, order_id, best.plan, best.effect, actor=actor)
    holds = holds_of_changed(state, order, best.plan, best.effect)
    renews = bool(best.plan.email and state.hooks.answering("notify_channels"))
    return replace(best, plan=msgspec.structs.replace(best.plan, holds=holds, renews_link=renews))


def draft_change(
    state: SiteState,
    order_id: int,
    actions: Sequence[Action],
    *,
    key: str,
    actor: str,
    reason: str = "",
    policy: str = KEEP,
    seen_price: int | None = None,
    asked: bool = False,
    credit: int = 0,
) -> int:
    """Preview a change and keep it as a draft; answers its id, the same for a repeated `key`. Commits.

    Asks what `preview_change` asks, the guards unless they were `asked` about what the change is a part of, and
    fulfil_allocate where further goods could come from more than one place.

    `seen_price` is what the order was said to cost afterwards: PreviewMoved if it is something else by now.
    """
    known = _known(state, order_id, key)
    if known is not None:
        return known
    return _drafted(state, order_id, actions, key, actor, reason, policy, seen_price, asked=asked, credit=credit)


def _drafted(
    state: SiteState,
    order_id: int,
    actions: Sequence[Action],
    key: str,
    actor: str,
    reason: str,
    policy: str,
    seen_price: int | None,
    *,
    asked: bool = False,
    credit: int = 0,
) -> int:
    found = preview_change(state, order_id, actions, policy=policy, actor=None if asked else actor, credit=credit)
    if seen_price is not None and found.effect.price_after != seen_price:
        raise PreviewMoved
    more = {variant_id: pieces for variant_id, pieces in found.effect.stock.items() if pieces > 0}
    place = _goes_to(found.order, found.plan)
    sources, why = sources_for(state, more, place) if more else Sourcing({}, {})
    plan = msgspec.structs.replace(found.plan, sources=sources, why=why)
    return store_draft(found.order, actions, plan, found.effect, actor=actor, reason=reason, key=key)


def _goes_to(order: OrderView, plan: Plan) -> Address | None:
    """Where further goods go, or the first of them."""
    place = plan.lines[0].place if plan.lines else plan.place
    return plan.address if plan.address and plan.place == place else order.at(place).address


def change_order(
    state: SiteState,
    order_id: int,
    actions: Sequence[Action],
    *,
    key: str,
    actor: str,
    reason: str = "",
    policy: str = KEEP,
    seen_price: int | None = None,
) -> int:
    """Draft and confirm at once, for whoever has seen the preview; answers the change's id, the same if repeated."""
    known = _known(state, order_id, key)
    change_id = known or _drafted(state, order_id, actions, key, actor, reason, policy, seen_price)
    confirm_change(state.site, change_id, actor=actor, asked=known is None)
    return change_id


def _known(state: SiteState, order_id: int, key: str) -> int | None:
    found: int | None = db.value(
        "SELECT id FROM order_change WHERE order_id = ? AND key = ? AND site_id = ?", order_id, key[:64], state.site.id
    )
    return found


# -- keeping what was agreed -------------------------------------------------------------------------------------------


def _kept(state: SiteState, order: OrderView, wish: Wish, rates: Rates) -> tuple[Plan, Redelivered]:
    new, moved = _new_goods(state, order, wish), retaxed(state, order, wish)
    plan = kept_plan(order, wish, {**rates, **moved.rates}, new)
    first = len(plan.lines)
    offers = tuple(
        msgspec.structs.replace(one, shares={first + place: amount for place, amount in one.shares.items()})
        for one in moved.adjustments
    )
    plan = msgspec.structs.replace(
        plan, cancels={**plan.cancels, **moved.cancels}, lines=(*plan.lines, *moved.lines), adjustments=offers
    )
    elsewhere = redelivered(state, order, wish, plan)
    agreed = as_agreed(elsewhere, order.at(wish.place).destinations[0].left.amount)
    if elsewhere.stays or elsewhere.chosen is None or agreed.chosen is None:
        delivery = delivery_as_wanted(state, order, wish, moved.delivery)
    else:
        delivery = delivery_there(state, order, wish, elsewhere.chosen, agreed.chosen.amount.amount)
    gone = emptied(order, plan.cancels, (line.place for line in plan.lines))
    if delivery is not None:
        gone = tuple(place for place in gone if place != wish.place)
    return msgspec.structs.replace(plan, delivery=delivery, emptied=gone), agreed


def _new_goods(state: SiteState, order: OrderView, wish: Wish) -> tuple[PlannedLine, ...]:
    """Goods that were not on the order: today's prices without offers, and today's taxes."""
    if not wish.goods:
        return ()
    stored = as_cart(order, wish.goods)
    variants = cart_variants(state.site, order.language, order.currency, list(wish.goods))
    cart, _steps = priced_cart(state, stored, variants)
    if len(cart.lines) < len(wish.goods):
        raise NotForSaleNow
    priced = quoted(state, order, wish, [], stored, variants)
    return tuple(planned_line(one, priced.taxes, variants, None, wish.goods_to) for one in priced.lines)
