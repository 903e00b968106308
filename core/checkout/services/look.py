"""Looking at a cart: everything is asked of the hooks here, outside any transaction, and nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from core.cart.services import StoredCart
from core.cart.services.holds import held_until
from core.catalogue.services.carts import cart_variants
from core.catalogue.services.shapes import CartVariant
from core.catalogue.services.stock import cart_reference, draft_reference
from core.catalogue.services.stock_levels import Level
from core.checkout.services.delivery import Delivery, Goods, deliveries, deliveries_to
from core.checkout.services.offers import Candidate
from core.checkout.services.own_lines import own_variants
from core.checkout.services.promoting import candidates_for, code_views, priced_cart
from core.checkout.services.quote import Discounted, Quote, TraceStep, WrongTaxes, cut, discounted, merged, quote
from core.checkout.services.shapes import (
    CART,
    CHECKOUT,
    PLACE,
    CheckoutView,
    CodeView,
    GatewayView,
    LineView,
    PlaceView,
)
from core.checkout.services.spread import Spread, spread_of
from core.checkout.services.supplying import can_be_had, later, level_beside, pieces_of
from core.checkout.services.ways_to_pay import chosen_way, ways_to_pay
from core.hookspecs.checkout import Address, Cart, Field, Problem
from core.kernel.i18n import gettext as _
from core.kernel.installation import installation
from core.kernel.runtime import HookFailed
from core.kernel.sites import SiteState
from core.lib.addresses import place_prefix
from core.lib.errors import Broken

__all__ = ["CART", "CHECKOUT", "PLACE", "CheckoutView", "CodeView", "GatewayView", "LineView", "look", "price_cart"]


# The tables keep 64 bits, and a share is worked out from an amount times a quantity.
_LARGEST = 10**15


def price_cart(state: SiteState, stored: StoredCart) -> Quote:
    """What the cart costs now: `look` at the step `checkout`, without the rest."""
    return look(state, stored, CHECKOUT).quote


def look(state: SiteState, stored: StoredCart, step: str = CART) -> CheckoutView:
    """The cart with prices, offers, delivery, taxes, ways to pay and problems at `step` (cart, checkout, place).

    Prices and offers are those of the whole cart. Where it goes to several places, carriers, taxes and problems are
    asked for each of them. Shoppers may send one so if the site lets them, staff always.

    Asks promote_prices, promote_offers, the carriers, checkout_taxes, checkout_fields and checkout_problems. Two
    statements of its own. Where an answer is needed to sell safely and is not given, that is a problem of the cart, and
    at the step `place` HookFailed or WrongTaxes.
    """
    variants = cart_variants(
        state.site, stored.language, stored.currency, [line.variant_id for line in stored.lines],
        holder=holder_of(stored),
    ) | own_variants(stored)  # fmt: skip
    cart, price_steps = priced_cart(state, stored, variants)
    candidates, rejected = candidates_for(state, cart, stored.agreed)
    may_be_spread = state.site.several_addresses or stored.agreed is not None
    spread = spread_of(stored, cart) if step != CART and may_be_spread else None
    places: tuple[PlaceView, ...] = ()
    if spread is None:
        delivery, after = _discount(state, stored, cart, candidates, step)
    else:
        places, after = _spread_out(state, cart, candidates, spread)
        delivery = places[0].delivery
    priced, unanswered = _taxed(state, cart, after, (*price_steps, *rejected), step, spread)
    gateways = ways_to_pay(state, stored, priced.total) if step != CART and priced.total else ()
    fields = _fields(state, cart, step)
    lines = _lines(stored, variants, priced, spread)
    problems = (
        *_line_problems(lines),
        *_size_problems(priced),
        *(_places_problems(places) if places else _delivery_problems(cart, delivery, step)),
        *unanswered,
        *(one for one in _plugins_problems(state, cart, step, spread) if step == PLACE or not one.review),
    )
    return CheckoutView(
        stored=stored, cart=cart, lines=lines, quote=priced, codes=code_views(cart, priced.trace), delivery=delivery,
        gateways=gateways,
        gateway=chosen_way(gateways, stored.gateway), fields=fields, problems=problems,
        held_until=held_until(state.site, stored.id), places=places,
    )  # fmt: skip


# -- delivery and taxes ------------------------------------------------------------------------------------------------


def holder_of(stored: StoredCart) -> str:
    """For whom goods are held that this cart may have: itself, or the draft that it is made of."""
    return draft_reference(stored.agreed.draft_id) if stored.agreed else cart_reference(stored.id)


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


def _spread_out(
    state: SiteState, cart: Cart, candidates: Sequence[Candidate], spread: Spread
) -> tuple[tuple[PlaceView, ...], Discounted]:
    """The ways to each place, and the cart after offers, cut by place. An offer on the delivery is one on all."""
    before = cut(discounted(cart, candidates, None, known=False), spread)
    goods = []
    for position, place in enumerate(spread.places):
        mine = [
            (line, left) for line, left, at in zip(spread.parts, before.left, spread.at, strict=True) if at == position
        ]
        address = place.address if place.address and place.address.country else Address(country=state.site.country)
        there = replace(cart, lines=tuple(line for line, _left in mine), address=place.address)
        goods.append(Goods(cart=there, address=address, left=[left for _line, left in mine], wanted=place.wanted))
    found = deliveries_to(state, goods)
    rates = [one.chosen for one in found]
    after = discounted(cart, candidates, rates[0], known=None not in rates, further=rates[1:])
    views = [
        PlaceView(number=place.number, address=place.address, delivery=one)
        for place, one in zip(spread.places, found, strict=True)
    ]
    return tuple(views), cut(after, spread)


def _taxed(
    state: SiteState, cart: Cart, after: Discounted, steps: Sequence[TraceStep], step: str, spread: Spread | None
) -> tuple[Quote, tuple[Problem, ...]]:
    included = state.site.prices_include_tax
    addresses = [place.address for place in spread.places] if spread else [cart.address]
    asked = [
        after.taxable(address, prices_include_tax=included, place=place) for place, address in enumerate(addresses)
    ]
    try:
        answers = [state.hooks.checkout_taxes(site=state.site, priced=one) for one in asked if cart.lines]
        taxes = merged(after, answers) if spread else next(iter(answers), None)
        return quote(after, taxes, prices_include_tax=included, trace=steps), ()
    except (HookFailed, WrongTaxes) as error:
        _report_wrong(state, error)
        return quote(after, None, prices_include_tax=included, trace=steps), _unanswered(error, step)


def _report_wrong(state: SiteState, error: Broken) -> None:
    """The guard has told of a plugin that failed; that its taxes do not fit is only known here."""
    if isinstance(error, WrongTaxes):
        for plugin in state.hooks.answering("checkout_taxes"):
            installation().faults.report(state.site.id, plugin, "checkout_taxes", error)


def _unanswered(error: Broken, step: str) -> tuple[Problem, ...]:
    """A shopper may still look at the cart and change it, but not order."""
    if step == PLACE:
        raise error
    return (Problem(message=str(error), code="not_answering"),)


def _size_problems(priced: Quote) -> tuple[Problem, ...]:
    if priced.totals.subtotal.amount <= _LARGEST and priced.total.amount <= _LARGEST:
        return ()
    return (Problem(message=_("This is more than one order can hold. Take something out."), code="too_much"),)


def _delivery_problems(cart: Cart, delivery: Delivery, step: str) -> tuple[Problem, ...]:
    return () if step == CART or not cart.needs_delivery else _nobody_delivers(delivery)


def _nobody_delivers(delivery: Delivery) -> tuple[Problem, ...]:
    if delivery.chosen is not None:
        return ()
    message = " ".join(delivery.reasons) or _("Nobody delivers to this address at the moment.")
    return (Problem(message=message, code="no_delivery", field="delivery"),)


# -- questions and problems --------------------------------------------------------------------------------------------


def _fields(state: SiteState, cart: Cart, step: str) -> tuple[tuple[str, Field], ...]:
    if step == CART:
        return ()
    return tuple(
        (plugin, one)
        for plugin, answer in state.hooks.each("checkout_fields", site=state.site, cart=cart, step=CHECKOUT)
        for one in answer
    )


def _plugins_problems(state: SiteState, cart: Cart, step: str, spread: Spread | None) -> Sequence[Problem]:
    """What plugins say of the cart, once for each place it goes to; what is said of several is said once."""
    carts = _as_places_see_it(cart, spread) if spread else [cart]
    try:
        found = [one for seen in carts for one in state.hooks.checkout_problems(site=state.site, cart=seen, step=step)]
    except HookFailed as error:
        return _unanswered(error, step)
    return found if spread is None else list(dict.fromkeys(found))


def _as_places_see_it(cart: Cart, spread: Spread) -> list[Cart]:
    return [
        replace(
            cart,
            address=place.address,
            units_here={
                cart.lines[line].id: part.quantity
                for part, line, at in zip(spread.parts, spread.lines, spread.at, strict=True)
                if at == position
            },
        )
        for position, place in enumerate(spread.places)
    ]


def _places_problems(places: Sequence[PlaceView]) -> tuple[Problem, ...]:
    return tuple(
        replace(one, field=f"{place_prefix(place.number)}delivery")
        for place in places
        for one in _nobody_delivers(place.delivery)
    )


def _lines(
    stored: StoredCart, variants: Mapping[int, CartVariant], priced: Quote, spread: Spread | None
) -> tuple[LineView, ...]:
    lines = [
        LineView(
            id=line.id, variant_id=line.variant_id, quantity=line.quantity, variant=variants.get(line.variant_id),
            priced=None,
        )
        for line in stored.lines
    ]  # fmt: skip
    if spread is None:
        by_id = {line.line.id: line for line in priced.lines}
        lines = [replace(line, priced=by_id.get(line.id)) for line in lines]
    else:
        sold = {line.variant_id for line in spread.parts}
        lines = [line for line in lines if line.variant_id not in sold]
        lines += [
            LineView(
                id=one.line.id, variant_id=one.line.variant_id, quantity=one.line.quantity,
                variant=variants.get(one.line.variant_id), priced=one, place=one.place,
            )
            for one in priced.lines
        ]  # fmt: skip
    pieces = pieces_of(lines)
    return tuple(_supplied(line, pieces) for line in lines)


def _supplied(line: LineView, pieces: Mapping[int, int]) -> LineView:
    """The line with what is the matter, or when it leaves."""
    level = level_beside(line, pieces)
    problem = _line_problem(line, level)
    return replace(line, problem=problem, later="" if problem else later(line, level))


def _line_problem(line: LineView, level: Level | None) -> str:
    if line.variant is None or line.priced is None:
        return _("This product is not for sale here at the moment. Take it out to go on.")
    left = can_be_had(level)
    if left is not None and left <= 0:
        return _("%(name)s is sold out. Take it out to go on.", name=line.variant.name)
    if left is not None and line.quantity > left:
        return _("Only %(left)s can be had now.", left=left)
    return ""


def _line_problems(lines: Sequence[LineView]) -> tuple[Problem, ...]:
    return tuple(Problem(message=line.problem, code="line", line_id=line.id) for line in lines if line.problem)
