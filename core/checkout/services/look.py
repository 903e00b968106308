"""Looking at a cart: everything is asked of the hooks here, outside any transaction, and nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.cart.services import StoredCart, StoredLine
from core.catalogue.services.carts import cart_variants
from core.catalogue.services.shapes import CartVariant
from core.checkout.services.delivery import Delivery, deliveries
from core.checkout.services.offers import Candidate
from core.checkout.services.quote import (
    LOST,
    REJECTED,
    ChosenRate,
    Discounted,
    Quote,
    QuoteLine,
    TraceStep,
    discounted,
    quote,
)
from core.hookspecs.checkout import Address, Cart, CartLine, Field, Problem
from core.hookspecs.promote import Offer, PriceQuery, Rejected
from core.kernel.i18n import gettext as _
from core.kernel.sites import SiteState
from core.lib.errors import Broken
from core.lib.money import Money, exponent
from core.orders.services.claims import claim_key, claims_used
from core.orders.services.gateways import gateways_of, guarded

CART, CHECKOUT, PLACE = "cart", "checkout", "place"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """A line of the cart page. `priced` None: it is not for sale now, `problem` says why, and it is not in the totals.

    `variant` None: it is gone altogether.
    """

    id: int
    variant_id: int
    quantity: int
    variant: CartVariant | None
    priced: QuoteLine | None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeView:
    """A code of the cart: granted, or why not."""

    code: str
    granted: bool
    title: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayView:
    """A way to pay. `reason` says why it cannot be used for this order; empty if it can."""

    plugin: str
    code: str
    account: str
    live: bool
    title: str
    description: str
    icon: str
    flow: str
    unpaid_days: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutView:
    """A cart with everything that the cart page and the checkout show. `cart` is what hooks saw.

    `delivery.rates` are empty at the step `cart`. `gateway` is the chosen one, the first usable by default, None if nothing
    is to be paid. `fields` are (plugin, field).
    """

    stored: StoredCart
    cart: Cart
    lines: tuple[LineView, ...]
    quote: Quote
    codes: tuple[CodeView, ...]
    delivery: Delivery
    gateways: tuple[GatewayView, ...]
    gateway: GatewayView | None
    fields: tuple[tuple[str, Field], ...]
    problems: tuple[Problem, ...]

    @property
    def total(self) -> Money:
        return self.quote.total

    @property
    def needs_payment(self) -> bool:
        return bool(self.quote.total)

    @property
    def is_empty(self) -> bool:
        return not self.lines


def price_cart(state: SiteState, stored: StoredCart) -> Quote:
    """What the cart costs now: `look` at the step `checkout`, without the rest."""
    return look(state, stored, CHECKOUT).quote


def look(state: SiteState, stored: StoredCart, step: str = CART) -> CheckoutView:
    """The cart with prices, offers, delivery, taxes, ways to pay and problems at `step` (cart, checkout, place).

    Asks promote_prices, promote_offers, the carriers, checkout_taxes, checkout_fields and checkout_problems. Two statements of
    its own. Raises HookFailed where an answer is needed to sell safely, and WrongTaxes.
    """
    variants = cart_variants(state.site, stored.language, stored.currency, [line.variant_id for line in stored.lines])
    cart, price_steps = _priced(state, stored, variants)
    candidates, rejected = _offers(state, cart)
    delivery, after = _discount(state, stored, cart, candidates, step)
    priced = _taxed(state, cart, after, (*price_steps, *rejected))
    gateways = _gateways(state, stored, priced.total) if step != CART and priced.total else ()
    fields = _fields(state, cart, step)
    lines = _lines(stored, variants, priced)
    problems = (
        *_line_problems(lines),
        *_delivery_problems(cart, delivery, step),
        *state.hooks.checkout_problems(site=state.site, cart=cart, step=step),
    )
    return CheckoutView(
        stored=stored, cart=cart, lines=lines, quote=priced, codes=_codes(cart, priced.trace), delivery=delivery, gateways=gateways,
        gateway=_gateway(gateways, stored.gateway), fields=fields, problems=problems,
    )  # fmt: skip


# -- prices --------------------------------------------------------------------------------------------------------------


def _priced(
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
    lowest, steps = _promoted(state, queries, {line.id: variant.sku for line, variant, _unit in sold})
    cart = Cart(
        id=stored.id, currency=stored.currency, language=stored.language, codes=stored.codes, customer_id=stored.shopper_id,
        email=stored.email, address=stored.address, carrier=stored.carrier, gateway=stored.gateway, extra=stored.extra,
        lines=tuple(_cart_line(line, variant, unit, lowest.get(line.id, unit)) for line, variant, unit in sold),
    )  # fmt: skip
    return cart, steps


def _cart_line(line: StoredLine, variant: CartVariant, list_unit: Money, unit: Money) -> CartLine:
    choices = " / ".join(value for _option, value in variant.choices)
    return CartLine(
        id=line.id, variant_id=line.variant_id, product_id=variant.product_id, sku=variant.sku,
        name=f"{variant.name}, {choices}" if choices else variant.name, quantity=line.quantity, unit=unit, list_unit=list_unit,
        tax_class=variant.tax_class, weight_g=variant.weight_g, needs_delivery=variant.needs_delivery, category_ids=variant.category_ids,
    )  # fmt: skip


def _promoted(
    state: SiteState, queries: Mapping[int, PriceQuery], skus: Mapping[int, str]
) -> tuple[dict[int, Money], tuple[TraceStep, ...]]:
    """The lowest answer per line, and a step for every answer; an answer that is not below the list price says nothing."""
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
    return TraceStep(plugin=plugin, rule=f"price {sku}", verdict="applied", reason=reason, amount=off, title=reason)


def _lost(step: TraceStep) -> TraceStep:
    return TraceStep(
        plugin=step.plugin,
        rule=step.rule,
        verdict=LOST,
        reason="Another price is lower.",
        amount=Money.zero(step.amount.currency),
        title=step.title,
    )


# -- offers --------------------------------------------------------------------------------------------------------------


def _offers(state: SiteState, cart: Cart) -> tuple[list[Candidate], tuple[TraceStep, ...]]:
    """The candidates of all plugins that can still be had, and steps for those that cannot."""
    if not cart.lines:
        return [], ()
    candidates: list[Candidate] = []
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


def _is_left(candidate: Candidate, used: Mapping[str, int]) -> bool:
    return all(
        used.get(claim_key(candidate.plugin, claim), 0) + claim.amount <= claim.limit
        for claim in candidate.offer.claims
    )


def _rejected(plugin: str, rule: str, code: str, reason: str, currency: str) -> TraceStep:
    return TraceStep(plugin=plugin, rule=rule, verdict=REJECTED, reason=reason, amount=Money.zero(currency), code=code)


def _used_up(plugin: str, offer: Offer, currency: str) -> TraceStep:
    return _rejected(plugin, offer.key, offer.code, "It has been used up.", currency)


def _codes(cart: Cart, trace: Sequence[TraceStep]) -> tuple[CodeView, ...]:
    """What became of each code: granted by any rule, else the first reason against it."""
    views = []
    for code in cart.codes:
        steps = [step for step in trace if step.code.casefold() == code.casefold()]
        granted = next((step for step in steps if step.verdict == "applied"), None)
        reason = "" if granted else _(steps[0].reason) if steps else _("This code is not known here.")
        views.append(
            CodeView(code=code, granted=granted is not None, title=granted.title if granted else "", reason=reason)
        )
    return tuple(views)


# -- delivery and taxes ----------------------------------------------------------------------------------------------------


def _discount(
    state: SiteState, stored: StoredCart, cart: Cart, candidates: Sequence[Candidate], step: str
) -> tuple[Delivery, Discounted]:
    if not cart.needs_delivery:
        return Delivery(), discounted(cart, candidates, None)
    before = discounted(cart, candidates, None, known=False)
    if step == CART:
        return Delivery(), before
    address = stored.address if stored.address and stored.address.country else Address(country=state.site.country)
    delivery = deliveries(state, cart, address, before.left, (stored.carrier, stored.service))
    if delivery.chosen is None:
        return delivery, before
    return delivery, discounted(cart, candidates, delivery.chosen)


def _taxed(state: SiteState, cart: Cart, after: Discounted, steps: Sequence[TraceStep]) -> Quote:
    included = state.site.prices_include_tax
    asked = after.taxable(cart.address, prices_include_tax=included)
    taxes = state.hooks.checkout_taxes(site=state.site, priced=asked) if cart.lines else None
    return quote(after, taxes, prices_include_tax=included, trace=steps)


def _delivery_problems(cart: Cart, delivery: Delivery, step: str) -> tuple[Problem, ...]:
    if step == CART or not cart.needs_delivery or delivery.chosen is not None:
        return ()
    message = " ".join(delivery.reasons) or _("Nobody delivers to this address at the moment.")
    return (Problem(message=message, code="no_delivery", field="delivery"),)


# -- ways to pay -----------------------------------------------------------------------------------------------------------


def _gateways(state: SiteState, stored: StoredCart, total: Money) -> tuple[GatewayView, ...]:
    views = []
    address = stored.billing or stored.address
    for plugin, one in gateways_of(state):
        try:
            reason = guarded(
                state,
                plugin,
                "takes",
                lambda one=one: _inexact(one.exponent(total.currency), total) or one.takes(total, address),
            )  # type: ignore[misc]
        except Broken:
            continue
        views.append(
            GatewayView(
                plugin=plugin, code=one.code, account=one.account, live=one.live, title=one.title, description=one.description,
                icon=one.icon, flow=one.flow, unpaid_days=one.unpaid_days, reason=reason,
            )
        )  # fmt: skip
    return tuple(views)


def _inexact(digits: int, total: Money) -> str:
    """A gateway that counts in larger units than the currency has must not round: it refuses."""
    surplus = exponent(total.currency) - digits
    return _("It cannot take this exact amount.") if surplus > 0 and total.amount % 10**surplus else ""


def _gateway(gateways: Sequence[GatewayView], code: str) -> GatewayView | None:
    usable = [one for one in gateways if not one.reason]
    return next((one for one in usable if one.code == code), usable[0] if usable else None)


# -- questions and problems --------------------------------------------------------------------------------------------------


def _fields(state: SiteState, cart: Cart, step: str) -> tuple[tuple[str, Field], ...]:
    if step == CART:
        return ()
    return tuple(
        (plugin, one)
        for plugin, answer in state.hooks.each("checkout_fields", site=state.site, cart=cart, step=CHECKOUT)
        for one in answer
    )


def _lines(stored: StoredCart, variants: Mapping[int, CartVariant], priced: Quote) -> tuple[LineView, ...]:
    by_id = {line.line.id: line for line in priced.lines}
    return tuple(
        LineView(
            id=line.id, variant_id=line.variant_id, quantity=line.quantity, variant=(variant := variants.get(line.variant_id)),
            priced=by_id.get(line.id), problem=_line_problem(line, variant, line.id in by_id),
        )
        for line in stored.lines
    )  # fmt: skip


def _line_problem(line: StoredLine, variant: CartVariant | None, is_sold: bool) -> str:  # noqa: FBT001
    if variant is None or not is_sold:
        return _("This product is not for sale here at the moment. Take it out to go on.")
    if variant.left is not None and variant.left <= 0:
        return _("This product is sold out. Take it out to go on.")
    if variant.left is not None and line.quantity > variant.left:
        return _("Only %(left)s can be had now.", left=variant.left)
    return ""


def _line_problems(lines: Sequence[LineView]) -> tuple[Problem, ...]:
    return tuple(Problem(message=line.problem, code="line", line_id=line.id) for line in lines if line.problem)


def chosen_rate(view: CheckoutView) -> ChosenRate | None:
    """The delivery that goes into the order."""
    return view.quote.delivery.rate
