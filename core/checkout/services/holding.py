"""Which orders wait for a person: asked where they are placed, and again where a change makes more of them."""

from __future__ import annotations

from msgspec.structs import replace

from core.catalogue.services.carts import cart_variants
from core.checkout.services.order_as_cart import added_line, order_as_cart, ordered_line
from core.checkout.services.shapes import PLACE, CheckoutView
from core.hookspecs.checkout import Address, Cart, Problem
from core.kernel.sites import SiteState
from core.lib.money import Money
from core.orders.services.change_shapes import Effect, Plan
from core.orders.services.hold_reasons import HoldReason, hold_reason
from core.orders.services.hold_rules import further_reasons, hold_rules, reasons_to_hold
from core.orders.services.shapes import OrderView

Reasons = tuple[HoldReason, ...]


def holds_of_placed(state: SiteState, view: CheckoutView) -> Reasons:
    """What plugins found, and the rules of the site. What staff agreed breaks none of these."""
    stored = view.stored
    found = tuple(_of_plugin(one) for one in view.problems if one.review)
    if stored.agreed is not None:
        return found
    return (
        *found,
        *reasons_to_hold(
            hold_rules(state.site), total=view.total, email=stored.email, addresses=_goes_to(view),
            billing=stored.billing,
        ),
    )  # fmt: skip


def holds_of_changed(state: SiteState, order: OrderView, plan: Plan, effect: Effect) -> Reasons:
    """The same of an order that will cost more, go or be billed elsewhere, or belong to another mail address.

    It is what was not the matter before; nothing for any other change.

    Where nothing is left to be sent, nothing waits. Asks checkout_problems for what waits for a person. What a plugin
    found of this order once was decided then. Raises HookFailed.
    """
    waits = plan.lines or any(line.allocated > plan.cancels.get(line.id, 0) for line in order.lines)
    if not waits or (effect.delta <= 0 and not plan.addresses and not plan.is_about_people):
        return ()
    rules = hold_rules(state.site)
    before = reasons_to_hold(
        rules, total=Money(effect.price_before, order.currency), email=order.email, addresses=order.addresses,
        billing=order.billing,
    )  # fmt: skip
    after = reasons_to_hold(
        rules, total=Money(effect.price_after, order.currency), email=plan.email or order.email,
        addresses=_after(order, plan), billing=plan.billing or order.billing,
    )  # fmt: skip
    decided = {hold.source for hold in order.holds}
    problems = [
        problem
        for cart in _as_changed(state, order, plan)
        for problem in state.hooks.checkout_problems(site=state.site, cart=cart, step=PLACE)
    ]
    found = (_of_plugin(one) for one in problems if one.review and one.code[:60] not in decided)
    return (*dict.fromkeys(found), *further_reasons(before, after))


def _of_plugin(problem: Problem) -> HoldReason:
    return hold_reason(problem.code, problem.message, problem.values)


def _goes_to(view: CheckoutView) -> list[Address]:
    addresses = [one.address for one in view.places] or [view.stored.address]
    return [one for one in addresses if one is not None]


def _after(order: OrderView, plan: Plan) -> list[Address]:
    """Where the order will go."""
    there = [plan.addresses.get(one.position) or one.address for one in order.destinations]
    return [one for one in there if one is not None]


def _as_changed(state: SiteState, order: OrderView, plan: Plan) -> list[Cart]:
    """The order as it will be, at the prices that were agreed, in the form that plugins know: once for each place."""
    kept = [(line, line.left - plan.cancels.get(line.id, 0)) for line in order.lines]
    ids = sorted({line.variant_id for line in order.lines} | {line.variant_id for line in plan.lines})
    variants = cart_variants(state.site, order.language, order.currency, ids)
    categories = {variant_id: variant.category_ids for variant_id, variant in variants.items()}
    places = [line.place for line, units in kept if units] + [line.place for line in plan.lines]
    lines = [
        *(ordered_line(line, units, categories.get(line.variant_id, frozenset())) for line, units in kept if units),
        *(added_line(line, order.currency, categories.get(line.variant_id, frozenset())) for line in plan.lines),
    ]
    cart = replace(order_as_cart(order, lines), email=plan.email or order.email, billing=plan.billing or order.billing)
    seen = []
    for one in order.destinations:
        here = {line.id: line.quantity for line, at in zip(cart.lines, places, strict=True) if at == one.position}
        if here or not order.is_spread:
            address = plan.addresses.get(one.position) or one.address
            units = here if order.is_spread else {}
            seen.append(replace(cart, address=address, carrier=one.carrier, units_here=units))
    return seen
