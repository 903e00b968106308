"""Changing an order: what it would cost is asked of the hooks here, outside any transaction; nothing placed is touched.

The same preview serves staff, the shopper's own window, exchanges and claims; confirming is `core.orders`' business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import msgspec

from core.cart.services import StoredCart, StoredLine
from core.catalogue.services.carts import cart_variants
from core.catalogue.services.shapes import CartVariant
from core.checkout.services.granting import with_taxes_granted
from core.checkout.services.holding import holds_of_changed
from core.checkout.services.offers import Candidate
from core.checkout.services.promoting import priced_cart
from core.checkout.services.quote import Adjustment, ChosenRate, Quote, QuoteLine, discounted, quote
from core.checkout.services.redelivering import Redelivered, as_agreed, redelivered
from core.checkout.services.retaxing import retaxed
from core.checkout.services.shapes import plain
from core.checkout.services.sourcing import Sourcing, sources_for
from core.checkout.services.supplying import promised_at
from core.hookspecs.checkout import Address, PricedCart, Tax, TaxableLine
from core.hookspecs.promote import DeliveryOff, Offer
from core.kernel import db
from core.kernel.sites import SiteState
from core.lib.errors import NotFound, Refused
from core.lib.money import Money
from core.orders.services.change import confirm_change, store_draft
from core.orders.services.change_plan import Rates, Wish, effect_of, kept_plan, taxed, wish_of
from core.orders.services.change_shapes import (
    BETTER,
    KEEP,
    REEVALUATE,
    Action,
    Effect,
    Plan,
    PlannedAdjustment,
    PlannedCharge,
    PlannedDelivery,
    PlannedLine,
    PlannedPart,
    PlannedTax,
    SetDelivery,
)
from core.orders.services.claims import claim_key, claims_used
from core.orders.services.guards import ask_about_plan
from core.orders.services.places import delivery_taxes, emptied
from core.orders.services.read import OrderView, order_view
from core.orders.services.settle import money_facts
from core.orders.services.shapes import OrderLineView
from core.orders.services.status import share


class NotForSaleNow(Refused):
    """Goods that this site does not sell in the order's currency now."""

    code = "not_for_sale"
    default_message = "This product is not for sale here at the moment."


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
    state: SiteState, order_id: int, actions: Sequence[Action], *, policy: str = KEEP, actor: str | None = None
) -> Preview:
    """What a change would do; writes nothing. Asks promote_prices, promote_offers and checkout_taxes as needed.

    Where the order goes to another place the carriers are asked, too; checkout_problems where it goes elsewhere or will
    cost more: it may have to wait for a person. With an `actor`, the guards are asked as well: they may refuse what
    they see. An order that goes to several places keeps what was agreed, whatever the `policy`.

    Raises NotFound, Unfit, NotThatMany, WrongAmount, NotForSaleNow, NobodyDelivers, Guarded, HookFailed.
    """
    order = order_view(order_id, site=state.site)
    if order is None:
        raise NotFound
    if order.is_spread:
        policy = KEEP
    wish, rates = wish_of(order, actions), _rates(order_id)
    wish.charges = _taxed_charges(state, order, wish)
    given_back = int(db.value("SELECT given_back FROM orders WHERE id = ?", order_id))
    plans = []
    if policy in {KEEP, BETTER}:
        plans.append(_kept(state, order, wish, rates))
    if policy in {REEVALUATE, BETTER}:
        plans.append(_reevaluated(state, order, wish, rates))
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
) -> int:
    """Preview a change and keep it as a draft; answers its id, the same for a repeated `key`. Commits.

    Asks what `preview_change` asks, the guards unless they were `asked` about what the change is a part of, and
    fulfil_allocate where further goods could come from more than one place.

    `seen_price` is what the order was said to cost afterwards: PreviewMoved if it is something else by now.
    """
    known = _known(state, order_id, key)
    if known is not None:
        return known
    return _drafted(state, order_id, actions, key, actor, reason, policy, seen_price, asked=asked)


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
) -> int:
    found = preview_change(state, order_id, actions, policy=policy, actor=None if asked else actor)
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
        delivery = _delivery(state, order, wish, moved.delivery)
    else:
        delivery = _delivery_there(state, order, wish, elsewhere.chosen, agreed.chosen.amount.amount)
    gone = emptied(order, plan.cancels, (line.place for line in plan.lines))
    if delivery is not None:
        gone = tuple(place for place in gone if place != wish.place)
    return msgspec.structs.replace(plan, delivery=delivery, emptied=gone), agreed


def _new_goods(state: SiteState, order: OrderView, wish: Wish) -> tuple[PlannedLine, ...]:
    """Goods that were not on the order: today's prices without offers, and today's taxes."""
    if not wish.goods:
        return ()
    stored = _as_cart(order, wish.goods)
    variants = cart_variants(state.site, order.language, order.currency, list(wish.goods))
    cart, _steps = priced_cart(state, stored, variants)
    if len(cart.lines) < len(wish.goods):
        raise NotForSaleNow
    priced = _quoted(state, order, wish, [], stored, variants)
    return tuple(_planned(one, priced.taxes, variants, None, wish.goods_to) for one in priced.lines)


def _delivery(
    state: SiteState, order: OrderView, wish: Wish, moved: tuple[PlannedTax, ...] | None = None
) -> PlannedDelivery | None:
    """The delivery with its tax: at the order's own rates, or as today's tax plugin says where it had none.

    `moved` are its taxes at another address, where they are others there.
    """
    there = order.at(wish.place).destinations[0]
    wanted, own = wish.delivery, [(name, rate) for name, rate, _tax in delivery_taxes(order.id).get(wish.place, ())]
    if moved is not None:
        own = [(tax.name, tax.rate) for tax in moved]
        wanted = wanted or SetDelivery(amount=there.left.amount)
    if wanted is None:
        return None
    included = order.prices_include_tax
    taxes = taxed(wanted.amount, own, included=included) if own else _asked_taxes(state, order, wanted, wish)
    if moved == ():
        taxes = ()
    tax = sum(one.amount for one in taxes)
    on_top = 0 if included else 1
    return PlannedDelivery(
        amount=wanted.amount + there.discount.amount, tax=tax, total=wanted.amount + on_top * tax,
        title=wanted.title or there.delivery_title, carrier=wanted.carrier or there.carrier,
        service=wanted.service or there.service, taxes=taxes,
    )  # fmt: skip


def _delivery_there(state: SiteState, order: OrderView, wish: Wish, rate: ChosenRate, amount: int) -> PlannedDelivery:
    """The delivery by a way that the carriers offer at another place, at `amount` after offers, taxed there."""
    there = order.at(wish.place).destinations[0]
    is_same = (rate.carrier, rate.service) == (there.carrier, there.service)
    title = there.delivery_title if is_same else rate.full_title
    wanted = SetDelivery(amount=amount, title=title[:200], carrier=rate.carrier, service=rate.service)
    taxes = _asked_taxes(state, order, wanted, wish)
    tax = sum(one.amount for one in taxes)
    return PlannedDelivery(
        amount=amount + there.discount.amount, tax=tax, total=amount + (0 if order.prices_include_tax else tax),
        title=wanted.title, carrier=wanted.carrier, service=wanted.service, taxes=taxes,
        plugin=rate.plugin, rate=plain(asdict(rate)),
    )  # fmt: skip


def _taxed_charges(state: SiteState, order: OrderView, wish: Wish) -> list[PlannedCharge]:
    """The charges, those that are taxed with their taxes as of today, at the place where the order goes."""
    asked = {f"charge:{place}": one for place, one in enumerate(wish.charges) if one.taxed}
    if not asked:
        return wish.charges
    lines = [
        TaxableLine(key=key, tax_class="standard", amount=Money(one.amount, order.currency))
        for key, one in asked.items()
    ]
    priced = PricedCart(
        lines=tuple(lines), currency=order.currency, address=wish.address or order.at(wish.place).address,
        prices_include_tax=order.prices_include_tax, customer_id=order.shopper_id,
    )  # fmt: skip
    answer = state.hooks.checkout_taxes(site=state.site, priced=priced)
    taxes = answer.taxes if answer else ()
    return [
        msgspec.structs.replace(one, taxes=_planned_taxes(taxes, f"charge:{place}") if one.taxed else ())
        for place, one in enumerate(wish.charges)
    ]


def _asked_taxes(state: SiteState, order: OrderView, wanted: SetDelivery, wish: Wish) -> tuple[PlannedTax, ...]:
    line = TaxableLine(key="delivery", tax_class="delivery", amount=Money(wanted.amount, order.currency))
    asked = PricedCart(
        lines=(line,), currency=order.currency, address=wish.address or order.at(wish.place).address,
        prices_include_tax=order.prices_include_tax, customer_id=order.shopper_id,
    )  # fmt: skip
    answer = state.hooks.checkout_taxes(site=state.site, priced=asked)
    return _planned_taxes(answer.taxes, "delivery") if answer else ()


# -- pricing all that waits anew ---------------------------------------------------------------------------------------


def _reevaluated(state: SiteState, order: OrderView, wish: Wish, rates: Rates) -> tuple[Plan, Redelivered]:
    """All that waits anew; where it goes elsewhere once more with the delivery there, which offers are about, too."""
    plan, _left = _priced_anew(state, order, wish, rates, None)
    elsewhere = redelivered(state, order, wish, plan)
    if elsewhere.chosen is None or elsewhere.stays:
        delivery = _delivery(state, order, wish, retaxed(state, order, wish).delivery)
    else:
        plan, left = _priced_anew(state, order, wish, rates, elsewhere.chosen)
        delivery = _delivery_there(state, order, wish, elsewhere.chosen, left)
    return msgspec.structs.replace(plan, delivery=delivery), elsewhere


def _priced_anew(
    state: SiteState, order: OrderView, wish: Wish, rates: Rates, rate: ChosenRate | None
) -> tuple[Plan, int]:
    """All units that wait, at today's prices, offers and taxes; what is not sold any more keeps its price.

    Answers what is left of the price of `rate` after offers, too.
    """
    units = _waiting(order, wish)
    stored = _as_cart(order, units)
    variants = cart_variants(state.site, order.language, order.currency, list(units))
    if any(variant_id not in variants or variants[variant_id].price is None for variant_id in wish.goods):
        raise NotForSaleNow
    sold = {variant_id for variant_id in units if variant_id in variants and variants[variant_id].price is not None}
    candidates = _offers(state, order, stored, variants)
    priced = _quoted(state, order, wish, _fitting(order, candidates, rate), stored, variants, rate)
    fixed = Wish(
        cancels=dict(wish.cancels), charges=wish.charges, prices=wish.prices, address=wish.address, place=wish.place,
        billing=wish.billing, email=wish.email, phone=wish.phone,
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
    place = order.destinations[0].position
    planned = [_planned(one, priced.taxes, variants, first.get(one.line.variant_id), place) for one in other]
    base = kept_plan(order, fixed, rates, ())
    places = {one.line.id: len(base.lines) + place for place, one in enumerate(other)}
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
    touched = one.line.variant_id in wish.goods or any(
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
    units = dict(wish.goods)
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


# -- asking ------------------------------------------------------------------------------------------------------------


def _as_cart(order: OrderView, units: Mapping[int, int]) -> StoredCart:
    """Units per variant in the form that prices and offers are asked for."""
    return StoredCart(
        id=-order.id, site_id=order.site_id, currency=order.currency, language=order.language,
        shopper_id=order.shopper_id, email=order.email, codes=order.codes, address=order.address,
        billing=order.billing, carrier=order.carrier, service=order.service, gateway=order.gateway, extra=order.extra,
        note="", version=order.version, ordered_at=None,
        lines=tuple(
            StoredLine(id=place, variant_id=variant_id, quantity=quantity)
            for place, (variant_id, quantity) in enumerate(sorted(units.items()), 1)
        ),
    )  # fmt: skip


def _quoted(
    state: SiteState,
    order: OrderView,
    wish: Wish,
    candidates: Sequence[Candidate],
    stored: StoredCart,
    variants: Mapping[int, CartVariant],
    rate: ChosenRate | None = None,
) -> Quote:
    cart, _steps = priced_cart(state, stored, variants)
    after = discounted(cart, candidates, rate)
    address = order.at(wish.goods_to).address if order.is_spread else order.address
    if wish.address is not None and (not order.is_spread or wish.place == wish.goods_to):
        address = wish.address
    asked = after.taxable(address, prices_include_tax=order.prices_include_tax)
    taxes = state.hooks.checkout_taxes(site=state.site, priced=asked) if cart.lines else None
    return quote(after, taxes, prices_include_tax=order.prices_include_tax)


def _planned(
    one: QuoteLine, taxes: Sequence[Tax], variants: Mapping[int, CartVariant], of_line_id: int | None, place: int
) -> PlannedLine:
    line = one.line
    picture = variants[line.variant_id].picture
    return PlannedLine(
        variant_id=line.variant_id, product_id=line.product_id, sku=line.sku, name=line.name,
        picture=picture.name if picture else "", quantity=line.quantity, unit_amount=line.unit.amount,
        list_amount=line.list_unit.amount, subtotal=one.subtotal.amount, discount=one.discount.amount,
        tax=one.tax.amount, total=one.total.amount, tax_class=line.tax_class, weight_g=line.weight_g,
        needs_delivery=line.needs_delivery, returns=line.returns, of_line_id=of_line_id, place=place,
        taxes=_planned_taxes(taxes, f"line:{line.id}"),
        parts=tuple(
            PlannedPart(variant_id=part.variant_id, sku=part.sku, name=part.name, quantity=part.quantity)
            for part in variants[line.variant_id].parts
        ),
        promised_at=promised_at(variants[line.variant_id]),
    )  # fmt: skip


def _planned_taxes(taxes: Sequence[Tax], key: str) -> tuple[PlannedTax, ...]:
    return tuple(
        PlannedTax(name=tax.name[:120], rate=tax.rate, amount=tax.amount.amount) for tax in taxes if tax.key == key
    )


def _rates(order_id: int) -> Rates:
    """The tax rates of each line, as they were when it was priced."""
    rates: dict[int | None, list[tuple[str, int]]] = {}
    for line_id, name, rate in db.rows(
        "SELECT line_id, name, rate FROM order_tax WHERE order_id = ? AND line_id IS NOT NULL ORDER BY id", order_id
    ):
        rates.setdefault(line_id, []).append((name, rate))
    return rates
