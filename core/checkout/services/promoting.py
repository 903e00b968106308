"""Asking plugins about prices and offers: what they answered, brought into the form that the quote compares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.cart.services import Agreed, StoredCart, StoredLine
from core.catalogue.services.shapes import CartVariant
from core.checkout.services.offers import Candidate
from core.checkout.services.quote import APPLIED, LOST, REJECTED, TraceStep
from core.checkout.services.shapes import CodeView
from core.hookspecs.checkout import Cart, CartLine
from core.hookspecs.promote import AmountOff, Offer, PriceQuery, Rejected
from core.kernel.i18n import gettext as _
from core.kernel.sites import SiteState
from core.lib.money import Money
from core.orders.services.claims import claim_key, claims_used


def priced_cart(
    state: SiteState, stored: StoredCart, variants: Mapping[int, CartVariant]
) -> tuple[Cart, tuple[TraceStep, ...]]:
    """The cart as hooks see it: lines that are for sale, at the lowest price that a plugin answered."""
    sold = [
        (line, variant, unit)
        for line in stored.lines
        if (variant := variants.get(line.variant_id)) is not None and (unit := variant.unit(line.quantity)) is not None
    ]
    queries = {
        line.id: PriceQuery(
            variant_id=line.variant_id,
            product_id=variant.product_id,
            quantity=line.quantity,
            list_price=unit,
            customer_id=stored.shopper_id,
        )
        for line, variant, unit in sold
    }
    fixed, agreed_steps = _agreed_prices(stored.agreed, sold)
    asked = {line_id: query for line_id, query in queries.items() if line_id not in fixed and query.variant_id > 0}
    lowest, steps = _promoted(state, asked, {line.id: variant.sku for line, variant, _unit in sold})
    lowest.update(fixed)
    cart = Cart(
        id=stored.id, currency=stored.currency, language=stored.language, codes=stored.codes,
        customer_id=stored.shopper_id,
        email=stored.email, address=stored.address, billing=stored.billing, carrier=stored.carrier,
        gateway=stored.gateway, extra=stored.extra, agreed=stored.agreed is not None,
        lines=tuple(_cart_line(line, variant, unit, lowest.get(line.id, unit)) for line, variant, unit in sold),
    )  # fmt: skip
    return cart, (*agreed_steps, *steps)


def _agreed_prices(
    agreed: Agreed | None, sold: Sequence[tuple[StoredLine, CartVariant, Money]]
) -> tuple[dict[int, Money], tuple[TraceStep, ...]]:
    """The unit prices that staff agreed, which no plugin is asked about, and a step for each."""
    fixed: dict[int, Money] = {}
    steps: list[TraceStep] = []
    for line, variant, unit in sold if agreed else ():
        assert agreed is not None
        if line.variant_id in agreed.prices:
            fixed[line.id] = Money(agreed.prices[line.variant_id], unit.currency)
            off = (unit - fixed[line.id]) * line.quantity
            steps.append(
                TraceStep(
                    plugin="", rule=f"agreed {variant.sku}", verdict=APPLIED, amount=off,
                    reason=agreed.reasons.get(line.variant_id, ""), title=_("Agreed price: %(sku)s", sku=variant.sku),
                )
            )  # fmt: skip
    return fixed, tuple(steps)


def _cart_line(line: StoredLine, variant: CartVariant, list_unit: Money, unit: Money) -> CartLine:
    return CartLine(
        id=line.id, variant_id=line.variant_id, product_id=variant.product_id, sku=variant.sku, name=variant.title,
        quantity=line.quantity, unit=unit, list_unit=list_unit,
        tax_class=variant.tax_class, weight_g=variant.weight_g, needs_delivery=variant.needs_delivery,
        category_ids=variant.category_ids, returns=variant.returns,
    )  # fmt: skip


def _promoted(
    state: SiteState, queries: Mapping[int, PriceQuery], skus: Mapping[int, str]
) -> tuple[dict[int, Money], tuple[TraceStep, ...]]:
    """The lowest answer per line, and a step for every answer.

    An answer that is not below the list price says nothing.
    """
    lowest: dict[int, Money] = {}
    steps: list[tuple[int, TraceStep]] = []
    if not queries:
        return lowest, ()
    for plugin, answers in state.hooks.promote_prices(site=state.site, queries=list(queries.values())).items():
        for line_id, query in queries.items():
            answer = answers.get(query)
            if (
                answer is None
                or answer.amount.currency != query.list_price.currency
                or not 0 <= answer.amount.amount < query.list_price.amount
            ):
                continue
            off = (query.list_price - answer.amount) * query.quantity
            steps.append((line_id, _price_step(plugin, skus[line_id], answer.reason, off)))
            if line_id not in lowest or answer.amount < lowest[line_id]:
                lowest[line_id] = answer.amount
    best = {
        line_id: (queries[line_id].list_price - unit) * queries[line_id].quantity for line_id, unit in lowest.items()
    }
    return lowest, tuple(step if step.amount == best[line_id] else _lost(step) for line_id, step in steps)


def _price_step(plugin: str, sku: str, reason: str, off: Money) -> TraceStep:
    return TraceStep(plugin=plugin, rule=f"price {sku}", verdict=APPLIED, reason=reason, amount=off, title=reason)


def _lost(step: TraceStep) -> TraceStep:
    return TraceStep(
        plugin=step.plugin,
        rule=step.rule,
        verdict=LOST,
        reason="Another price is lower.",
        amount=Money.zero(step.amount.currency),
        title=step.title,
    )


def candidates_for(
    state: SiteState, cart: Cart, agreed: Agreed | None = None
) -> tuple[list[Candidate], tuple[TraceStep, ...]]:
    """The candidates of all plugins that can still be had, and steps for those that cannot."""
    if not cart.lines:
        return [], ()
    candidates = _agreed_discount(agreed, cart.currency)
    steps: list[TraceStep] = []
    for plugin, answer in state.hooks.each("promote_offers", site=state.site, cart=cart, codes=cart.codes):
        for item in answer:
            if isinstance(item, Rejected):
                steps.append(_rejected(plugin, item.code, item.code, item.reason, cart.currency))
            else:
                candidates.append(Candidate(plugin=plugin, offer=item))
    used = claims_used(state.site.id, [claim_key(c.plugin, claim) for c in candidates for claim in c.offer.claims])
    left = [c for c in candidates if _is_left(c, used)]
    steps += [_used_up(c.plugin, c.offer, cart.currency) for c in candidates if not _is_left(c, used)]
    return left, tuple(steps)


def _agreed_discount(agreed: Agreed | None, currency: str) -> list[Candidate]:
    """What staff take off all goods together: it goes beside whatever else applies."""
    if agreed is None or not agreed.discount:
        return []
    title = agreed.discount_reason or _("Agreed discount")
    offer = Offer(key="agreed", title=title, benefit=AmountOff(amount=Money(agreed.discount, currency)))
    return [Candidate(plugin="", offer=offer)]


def _is_left(candidate: Candidate, used: Mapping[str, int]) -> bool:
    return all(
        used.get(claim_key(candidate.plugin, claim), 0) + claim.amount <= claim.limit
        for claim in candidate.offer.claims
    )


def _rejected(plugin: str, rule: str, code: str, reason: str, currency: str) -> TraceStep:
    return TraceStep(plugin=plugin, rule=rule, verdict=REJECTED, reason=reason, amount=Money.zero(currency), code=code)


def _used_up(plugin: str, offer: Offer, currency: str) -> TraceStep:
    return _rejected(plugin, offer.key, offer.code, "It has been used up.", currency)


def code_views(cart: Cart, trace: Sequence[TraceStep]) -> tuple[CodeView, ...]:
    """What became of each code: granted by any rule, else the first reason against it."""
    views = []
    for code in cart.codes:
        steps = [step for step in trace if step.code.casefold() == code.casefold()]
        granted = next((step for step in steps if step.verdict == APPLIED), None)
        reason = "" if granted else _(steps[0].reason) if steps else _("This code is not known here.")
        views.append(
            CodeView(code=code, granted=granted is not None, title=granted.title if granted else "", reason=reason)
        )
    return tuple(views)
