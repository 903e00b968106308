"""Changing an order: what it would cost is asked of the hooks here, outside any transaction; nothing placed is touched.

The same preview serves staff, the shopper's own window, exchanges and claims; confirming is `core.orders`' business.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from core.catalogue.services.carts import cart_variants
from core.catalogue.services.stock import OutOfStock
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
from core.checkout.services.redelivering import Redelivered, Ways, as_agreed, redelivered
from core.checkout.services.repricing import reevaluated
from core.checkout.services.retaxing import retaxed
from core.checkout.services.sourcing import Sourcing, sources_for
from core.hookspecs.checkout import Address
from core.kernel import db
from core.kernel.messages import sends_messages
from core.kernel.sites import SiteState
from core.lib.errors import NotFound, Refused
from core.lib.money import Money
from core.orders.services.change import confirm_change, store_draft
from core.orders.services.change_effect import effect_of
from core.orders.services.change_plan import Rates, kept_plan, planned_places
from core.orders.services.change_shapes import (
    BETTER,
    KEEP,
    REEVALUATE,
    Action,
    Effect,
    Plan,
    PlannedDelivery,
    PlannedLine,
    PlannedTax,
)
from core.orders.services.change_wish import Wish, wish_of
from core.orders.services.guards import ask_about_plan
from core.orders.services.places import delivery_taxes, emptied
from core.orders.services.read import OrderView, order_view
from core.orders.services.settle import money_facts


class PreviewMoved(Refused):
    """The order would now cost something else than the preview said."""

    code = "preview_moved"
    default_message = "Prices or the order have changed since the preview. Look at it again, then confirm."


class Preview(Struct, frozen=True, kw_only=True):
    """An order, what a change would write, and what that does. `plan.policy` is the one that was used.

    `ways` are those to bring goods to an address where they did not go before, by place; none where that was not asked.
    `plan.holds` say what the order would wait for.
    """

    order: OrderView
    plan: Plan
    effect: Effect
    ways: Ways = field(default_factory=dict)

    def whose(self, place: int) -> str:
        """Who will live at one of several places, and in which town."""
        places = self.order.destinations
        after = tuple(replace(one, address=self.plan.addresses.get(one.position) or one.address) for one in places)
        return replace(self.order, destinations=after).whose(place)

    def rates(self, place: int) -> tuple[ChosenRate, ...]:
        """The ways to bring goods to a place that was asked about."""
        return self.ways[place].rates if place in self.ways else ()

    def service(self, place: int) -> ChosenRate | None:
        """The one of them that is taken."""
        return self.ways[place].chosen if place in self.ways else None


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
    they see. `credit` is what counts as paid after it beyond what does now. An order that goes to several
    places, before or after, keeps what was agreed, whatever the `policy`.

    Raises NotFound, Unfit, NotThatMany, WrongAmount, NotForSaleNow, NobodyDelivers, Guarded, HookFailed.
    """
    order = order_view(order_id, site=state.site)
    if order is None:
        raise NotFound
    order = replace(order, advanced=Money(order.advanced.amount + credit, order.currency)) if credit else order
    wish, rates = wish_of(order, actions), rates_of(order_id)
    order = wish.order
    if order.is_spread:
        policy = KEEP
    wish.charges = taxed_charges(state, wish)
    given_back = int(db.value("SELECT given_back FROM orders WHERE id = ?", order_id))
    plans = []
    if policy in {KEEP, BETTER}:
        plans.append(_kept(state, wish, rates))
    if policy in {REEVALUATE, BETTER}:
        plans.append(reevaluated(state, wish, rates))
    plans = [(with_taxes_granted(order, plan), ways) for plan, ways in plans]
    taxes = delivery_taxes(order_id)
    money = money_facts(order_id)
    looked = [
        Preview(order=order, plan=plan, effect=effect_of(order, plan, money, given_back, taxes), ways=ways)
        for plan, ways in plans
    ]
    best = min(looked, key=lambda one: one.effect.price_after)
    if actor is not None:
        ask_about_plan(state, order_id, best.plan, best.effect, actor=actor)
    holds = holds_of_changed(state, order, best.plan, best.effect)
    renews = bool(best.plan.email) and sends_messages(state)
    return replace(best, plan=msgspec.structs.replace(best.plan, holds=holds, renews_link=renews))


def check_stock(state: SiteState, found: Preview) -> None:
    """Nobody is shown a price for what cannot be had. Taking it is checked once more when it is confirmed.

    What is reserved for the channel of an order is known only then. Raises OutOfStock.
    """
    more = {variant_id: pieces for variant_id, pieces in found.effect.stock.items() if pieces > 0}
    if not more or found.order.channel:
        return
    for variant_id, one in cart_variants(state.site, found.order.language, found.order.currency, list(more)).items():
        if one.left is not None and one.left < more[variant_id]:
            raise OutOfStock(variant_id, more[variant_id], max(0, one.left), one.sku)


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
    seen_version: int | None = None,
) -> int:
    found = preview_change(state, order_id, actions, policy=policy, actor=None if asked else actor, credit=credit)
    if seen_price is not None and found.effect.price_after != seen_price:
        raise PreviewMoved
    if seen_version is not None and found.order.version != seen_version:
        raise PreviewMoved
    more = {variant_id: pieces for variant_id, pieces in found.effect.stock.items() if pieces > 0}
    there = _goes_to(found.order, found.plan)
    sources, why = sources_for(state, more, there) if more else Sourcing({}, {})
    plan = msgspec.structs.replace(found.plan, sources=sources, why=why)
    return store_draft(found.order, actions, plan, found.effect, actor=actor, reason=reason, key=key)


def _goes_to(order: OrderView, plan: Plan) -> Address | None:
    """Where further goods go, or the first of them."""
    place = plan.lines[0].place if plan.lines else order.destinations[0].position
    return plan.addresses.get(place) or order.at(place).address


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
    seen_version: int | None = None,
) -> int:
    """Draft and confirm at once, for whoever has seen the preview; answers the change's id, the same if repeated.

    `policy` says what becomes of offers: "keep" as they are, "reevaluate" as of today, "better" for the shopper. What
    the order costs more is open from then on.

    `seen_version` is that of the order in the preview: PreviewMoved if anything was done to the order since.
    """
    known = _known(state, order_id, key)
    change_id = known or _drafted(
        state, order_id, actions, key, actor, reason, policy, seen_price, seen_version=seen_version
    )
    confirm_change(state.site, change_id, actor=actor, asked=known is None)
    return change_id


def _known(state: SiteState, order_id: int, key: str) -> int | None:
    found: int | None = db.value(
        "SELECT id FROM order_change WHERE order_id = ? AND key = ? AND site_id = ?", order_id, key[:64], state.site.id
    )
    return found


# -- keeping what was agreed -------------------------------------------------------------------------------------------


def _kept(state: SiteState, wish: Wish, rates: Rates) -> tuple[Plan, Ways]:
    order = wish.order
    new, moved = _new_goods(state, wish), retaxed(state, wish, rates)
    plan = kept_plan(wish, {**rates, **moved.rates}, new)
    first = len(plan.lines)
    offers = tuple(
        msgspec.structs.replace(one, shares={first + place: amount for place, amount in one.shares.items()})
        for one in moved.adjustments
    )
    plan = msgspec.structs.replace(
        plan, cancels={**plan.cancels, **moved.cancels}, lines=(*plan.lines, *moved.lines), adjustments=offers
    )
    deliveries: dict[int, PlannedDelivery] = {}
    ways: dict[int, Redelivered] = {}
    for place in wish.places:
        elsewhere = redelivered(state, wish, place, plan)
        ways[place] = as_agreed(elsewhere, order.at(place).destinations[0].left.amount)
        delivery = _delivery(state, wish, place, ways[place], elsewhere, moved.deliveries.get(place))
        if delivery is not None:
            deliveries[place] = delivery
    gone = emptied(order, plan.cancels, (line.place for line in plan.lines))
    return (
        msgspec.structs.replace(
            plan,
            places=planned_places(wish, deliveries),
            emptied=tuple(place for place in gone if place not in deliveries),
        ),
        ways,
    )


def _delivery(
    state: SiteState,
    wish: Wish,
    place: int,
    agreed: Redelivered,
    asked: Redelivered,
    moved: tuple[PlannedTax, ...] | None,
) -> PlannedDelivery | None:
    """How goods come to a place from now on; None where that stays as it is."""
    if asked.stays or agreed.chosen is None:
        return delivery_as_wanted(state, wish, place, moved)
    return delivery_there(state, wish, place, agreed.chosen, agreed.chosen.amount.amount)


def _new_goods(state: SiteState, wish: Wish) -> tuple[PlannedLine, ...]:
    """Goods that were not on the order: today's prices without offers, and today's taxes where they go."""
    order, units = wish.order, wish.further_goods
    found: list[PlannedLine] = []
    variants = cart_variants(state.site, order.language, order.currency, list(units)) if units else {}
    for place, goods in sorted(wish.goods.items()):
        stored = as_cart(order, goods)
        cart, _steps = priced_cart(state, stored, variants)
        if len(cart.lines) < len(goods):
            raise NotForSaleNow
        priced = quoted(state, wish, place, [], stored, variants)
        found += [planned_line(one, priced.taxes, variants, None, place) for one in priced.lines]
    return tuple(found)
