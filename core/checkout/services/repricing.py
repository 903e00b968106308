"""All of an order that waits, at today's prices, offers and taxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from core.cart.services import StoredCart
from core.catalogue.services.carts import cart_variants
from core.catalogue.services.shapes import CartVariant
from core.checkout.services.change_asking import (
    NotForSaleNow,
    as_cart,
    delivery_as_wanted,
    delivery_there,
    planned_line,
    quoted,
)
from core.checkout.services.offers import Candidate
from core.checkout.services.promoting import priced_cart
from core.checkout.services.quote import Adjustment, ChosenRate, QuoteLine
from core.checkout.services.redelivering import Ways, redelivered
from core.checkout.services.retaxing import retaxed
from core.hookspecs.checkout import Tax
from core.hookspecs.promote import DeliveryOff, Offer
from core.kernel import db, i18n
from core.kernel.sites import SiteState
from core.orders.services.change_plan import Rates, kept_plan, planned_places
from core.orders.services.change_shapes import (
    REEVALUATE,
    Plan,
    PlannedAdjustment,
)
from core.orders.services.change_wish import Wish
from core.orders.services.claims import claim_key, claims_used
from core.orders.services.part_shapes import OrderLineView
from core.orders.services.read import OrderView
from core.orders.services.status import share


def reevaluated(state: SiteState, wish: Wish, rates: Rates) -> tuple[Plan, Ways]:
    """All that waits anew; where it goes elsewhere once more with the delivery there, which offers are about, too.

    The order goes to one place.
    """
    order, place = wish.order, wish.order.destinations[0].position
    plan, _left = _priced_anew(state, order, wish, rates, None)
    elsewhere = redelivered(state, wish, place, plan)
    if elsewhere.chosen is None or elsewhere.stays:
        delivery = delivery_as_wanted(state, wish, place, retaxed(state, wish, rates).deliveries.get(place))
    else:
        plan, left = _priced_anew(state, order, wish, rates, elsewhere.chosen)
        delivery = delivery_there(state, wish, place, elsewhere.chosen, left)
    places = planned_places(wish, {} if delivery is None else {place: delivery})
    return msgspec.structs.replace(plan, places=places), {place: elsewhere}


def _priced_anew(
    state: SiteState, order: OrderView, wish: Wish, rates: Rates, rate: ChosenRate | None
) -> tuple[Plan, int]:
    """All units that wait, at today's prices, offers and taxes; what is not sold any more keeps its price.

    Answers what is left of the price of `rate` after offers, too.
    """
    units, place = _waiting(order, wish), order.destinations[0].position
    stored = as_cart(order, units)
    variants = cart_variants(state.site, order.language, order.currency, list(units))
    if any(variant_id not in variants or variants[variant_id].price is None for variant_id in wish.further_goods):
        raise NotForSaleNow
    sold = {variant_id for variant_id in units if variant_id in variants and variants[variant_id].price is not None}
    candidates = _offers(state, order, stored, variants)
    priced = quoted(state, wish, place, _fitting(order, candidates, rate), stored, variants, rate)
    fixed = Wish(
        order, cancels=dict(wish.cancels), charges=wish.charges, prices=wish.prices, billing=wish.billing,
        email=wish.email, phone=wish.phone,
        further={
            line.id: wish.further[line.id]
            for line in order.lines
            if line.id in wish.further and (line.id in wish.prices or line.variant_id not in sold)
        },
    )  # fmt: skip
    for line in order.lines:
        if line.variant_id in sold and line.id not in wish.prices and line.allocated:
            fixed.cancels[line.id] = line.allocated
    first = {line.variant_id: line.id for line in reversed(order.lines)}
    other = [one for one in priced.lines if not _is_as_before(order, wish, one, priced.taxes, rates)]
    same = {one.line.variant_id for one in priced.lines} - {one.line.variant_id for one in other}
    for line in order.lines:
        if line.variant_id in same and line.id not in wish.prices:
            fixed.cancels.pop(line.id, None)
    planned = [planned_line(one, priced.taxes, variants, first.get(one.line.variant_id), place) for one in other]
    base = kept_plan(fixed, rates, ())
    places = {one.line.id: len(base.lines) + at for at, one in enumerate(other)}
    offers = tuple(found for one in priced.adjustments if (found := _adjustment(order, one, places)).shares)
    plan = msgspec.structs.replace(base, policy=REEVALUATE, lines=(*base.lines, *planned), adjustments=offers)
    return plan, (priced.delivery.amount - priced.delivery.discount).amount


def _fitting(order: OrderView, candidates: list[Candidate], rate: ChosenRate | None) -> list[Candidate]:
    """Without offers on the delivery that would take one of a limited number: a change counts those of goods alone."""
    own = _own_claims(order) if rate is not None else {}
    return [
        one
        for one in candidates
        if not isinstance(one.offer.benefit, DeliveryOff)
        or all(claim_key(one.plugin, claim) in own for claim in one.offer.claims)
    ]


def _is_as_before(order: OrderView, wish: Wish, one: QuoteLine, taxes: Sequence[Tax], rates: Rates) -> bool:
    """Whether all units of a variant that wait would cost what they cost already, tax by tax: then they stay."""
    lines = [line for line in order.lines if line.variant_id == one.line.variant_id and line.allocated]
    touched = one.line.variant_id in wish.further_goods or any(
        line.id in wish.prices or wish.cancels.get(line.id) or wish.further.get(line.id)
        for line in order.lines
        if line.variant_id == one.line.variant_id
    )
    if touched or not lines or any(line.unit != one.line.unit for line in lines):
        return False
    asked = sorted((tax.name, tax.rate) for tax in taxes if tax.key == f"line:{one.line.id}")
    if any(sorted(rates.get(line.id, ())) != asked for line in lines):
        return False

    def tax_of(line: OrderLineView) -> int:
        first = line.cancelled + line.received
        whole = line.tax.amount
        return share(whole, first + line.allocated, line.quantity) - share(whole, first, line.quantity)

    total = sum(line.next_to_go(line.allocated) for line in lines)
    tax = sum(tax_of(line) for line in lines)
    return (total, tax) == (one.total.amount, one.tax.amount)


def _waiting(order: OrderView, wish: Wish) -> dict[int, int]:
    """Units per variant that are priced anew: what waits, further units and new goods, but those with a set price."""
    units = wish.further_goods
    for line in order.lines:
        if line.id in wish.prices:
            continue
        waiting = line.allocated - wish.cancels.get(line.id, 0) + wish.further.get(line.id, 0)
        if waiting:
            units[line.variant_id] = units.get(line.variant_id, 0) + waiting
    return units


def _offers(
    state: SiteState, order: OrderView, stored: StoredCart, variants: Mapping[int, CartVariant]
) -> list[Candidate]:
    """Candidates that can still be had, those that this very order holds a claim on included."""
    cart, _steps = priced_cart(state, stored, variants)
    if not cart.lines:
        return []
    with i18n.speaking_on(state, order.language):
        found = [
            Candidate(plugin=plugin, offer=offer)
            for plugin, answer in state.hooks.each("promote_offers", site=state.site, cart=cart, codes=cart.codes)
            for offer in answer
            if isinstance(offer, Offer)
        ]
    used = claims_used(state.site.id, [claim_key(one.plugin, claim) for one in found for claim in one.offer.claims])
    own = _own_claims(order)
    return [
        one
        for one in found
        if all(
            used.get(key, 0) - own.get(key, 0) + claim.amount <= claim.limit
            for claim in one.offer.claims
            for key in (claim_key(one.plugin, claim),)
        )
    ]


def _own_claims(order: OrderView) -> dict[str, int]:
    return dict(db.rows("SELECT key, amount FROM order_claim WHERE order_id = ? AND released = ?", order.id, False))


def _adjustment(order: OrderView, one: Adjustment, places: Mapping[int, int]) -> PlannedAdjustment:
    own = _own_claims(order)
    keys = [(claim_key(one.plugin, claim), claim.limit, claim.amount) for claim in one.claims]
    return PlannedAdjustment(
        plugin=one.plugin, rule=one.rule, title=one.title, code=one.code,
        amount=sum(amount.amount for line_id, amount in one.shares if line_id in places),
        shares={places[line_id]: amount.amount for line_id, amount in one.shares if line_id in places},
        claims=tuple(key for key in keys if key[0] not in own),
    )  # fmt: skip
