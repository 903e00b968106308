"""place_order: ask first, then one transaction that re-checks what the answers relied on.

Of two clicks, two tabs or a retry, one makes the order and the others are answered with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from core.cart.services import Agreed, CartGone, Details, StoredCart, find_cart, save_details
from core.cart.services.details import columns
from core.catalogue.services.carts import cart_variants
from core.checkout.services.details import asked_for, missing_details
from core.checkout.services.holding import holds_of_placed
from core.checkout.services.look import PLACE, CheckoutView, GatewayView, holder_of, look
from core.checkout.services.own_lines import own_variants
from core.checkout.services.quote import Quote, delivery_key
from core.checkout.services.shapes import plain
from core.checkout.services.sourcing import Sourcing, sources_for, sources_for_all
from core.checkout.services.supplying import pieces_of, promised_at
from core.hookspecs.checkout import Problem
from core.hookspecs.payment import Gateway
from core.hookspecs.promote import Claim
from core.kernel import cache, db, i18n
from core.kernel.sites import SiteState
from core.lib import clock
from core.lib.errors import Refused, Unfit
from core.orders.services.claims import claim_key
from core.orders.services.drafts import end_draft
from core.orders.services.hold_reasons import HoldReason
from core.orders.services.intents import Opened
from core.orders.services.links import order_secret, present_secret
from core.orders.services.new_order import NewAdjustment, NewDestination, NewLine, NewOrder, NewPayment, NewTax
from core.orders.services.read import order_of_cart
from core.orders.services.store import store_order

_TRIES = 4


class EmptyCart(Refused):
    """There is nothing in the cart."""

    code = "empty_cart"
    default_message = "Your cart is empty."


class PriceChanged(Refused):
    """The total is another than the shopper saw; `view` holds the new one. Nothing was stored."""

    code = "price_changed"
    default_message = "The total is now %(total)s. Look at it and order again."

    def __init__(self, view: CheckoutView) -> None:
        super().__init__(total=view.total)
        self.view = view


class CannotBePlaced(Refused):
    """Problems that the shopper can do something about; `problems` are in the shopper's language."""

    status = 422
    code = "cannot_be_placed"
    default_message = "Something has to be put right before you can order."

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(problems[0].message if len(problems) == 1 else "")
        self.problems = problems


class PlacedOrder(Struct, frozen=True, kw_only=True):
    """The order behind the click. `secret` opens its page; `is_new` False: it had been placed before.

    `payment` is for `begin_payment`, if it was to begin and there is something to pay.
    """

    id: int
    number: str
    secret: str
    is_new: bool
    payment: Opened | None = None


class CartMoved(Refused):
    """The cart or its prices changed between the asking and the transaction, again and again."""

    code = "cart_moved"
    default_message = "Your cart is being changed elsewhere. Look at it and order again."


def place_order(
    state: SiteState,
    token: str | None,
    *,
    seen_total: int | None,
    details: Details | None = None,
    shopper_id: int | None = None,
    actor: str = "",
    agreed: Agreed | None = None,
    begins: bool = False,
) -> PlacedOrder:
    """Make an order of the cart behind `token`, once, whatever happens; `details` are kept with the cart in any case.

    `seen_total` is the total that was shown, in minor units; `agreed` are the terms of a draft, which ends with it.
    The payment is begun by the caller, after the commit: if at once, `begins` notes that with the order. Raises
    CartGone, EmptyCart, Unfit (a message per field), CannotBePlaced, PriceChanged, OutOfStock, ClaimExhausted,
    HookFailed: nothing is stored then but the details. Asks all checkout hooks outside the transaction. Records
    OrderPlaced.
    """
    try:
        return _place(state, token, details, seen_total, shopper_id, actor, agreed, begins=begins)
    except Exception:  # whatever stood against the order: what was typed is not lost
        if details is not None:
            _keep(state, token, details, shopper_id)
        raise


def _place(
    state: SiteState,
    token: str | None,
    details: Details | None,
    seen_total: int | None,
    shopper_id: int | None,
    actor: str,
    agreed: Agreed | None,
    *,
    begins: bool,
) -> PlacedOrder:
    for _attempt in range(_TRIES):
        stored = find_cart(state.site, token, shopper_id=shopper_id, ordered=True)
        if stored is None:
            raise CartGone
        if stored.ordered_at is not None:
            return _known(stored)
        if details is not None:
            stored = replace(stored, **_answers(details))
        if agreed is not None:
            stored = replace(stored, shopper_id=shopper_id, agreed=agreed)
        view = _written(state, stored, seen_total)
        holds = holds_of_placed(state, view)
        # The transaction re-checks the sources.
        sources = _sources(state, view)
        with i18n.speaking_on(state, stored.language):
            new = _new_order(view, shopper_id, actor, sources, holds, begins=begins)
        try:
            return db.retrying(lambda: _store(state, view, new))  # noqa: B023 -- called before the loop goes on
        except CartMoved:
            continue
    raise CartMoved


def _sources(state: SiteState, view: CheckoutView) -> Sourcing:
    """Where the goods come from, chosen for each place they go to by what the places before it left."""
    if not view.places:
        return sources_for(state, pieces_of(view.lines), view.cart.address)
    needs = [pieces_of([line for line in view.lines if line.place == at]) for at in range(len(view.places))]
    return sources_for_all(state, list(zip(needs, (one.address for one in view.places), strict=True)))


def _answers(details: Details) -> dict[str, Any]:
    said = {name: getattr(details, name) for name in Details.__struct_fields__}
    return {name: value for name, value in said.items() if name != "places" or value is not None}


def _keep(state: SiteState, token: str | None, details: Details, shopper_id: int | None) -> None:
    """Store the answers with the cart of which no order was made, if they are new."""
    stored = find_cart(state.site, token, shopper_id=shopper_id)
    if stored is None or all(getattr(stored, name) == said for name, said in _answers(details).items()):
        return
    with suppress(CartGone):  # the other click has just ordered it
        save_details(state.site, token, details, shopper_id=shopper_id)


def _known(stored: StoredCart) -> PlacedOrder:
    found = order_of_cart(stored.site_id, stored.id)
    if found is None:
        raise CartGone
    return PlacedOrder(id=found[0], number=found[1], secret=present_secret(stored.site_id, found[0]), is_new=False)


def _written(state: SiteState, stored: StoredCart, seen_total: int | None) -> CheckoutView:
    """What stands against the order is said to whoever places it; what is written down is in the order's language."""
    view = _checked(state, stored, seen_total)
    if stored.language == i18n.language():
        return view
    with i18n.speaking_on(state, stored.language):
        return _checked(state, stored, seen_total)


def _checked(state: SiteState, stored: StoredCart, seen_total: int | None) -> CheckoutView:
    """The answers of all hooks, if nothing speaks against the order."""
    if not stored.lines:
        raise EmptyCart
    view = look(state, stored, PLACE)
    errors = missing_details(stored, view.quote.deliveries[0].rate, view.fields, view.places)
    if view.needs_payment and view.gateway is None:
        errors["gateway"] = "There is no way to pay this amount at the moment."
    elif view.gateway is not None and stored.gateway and stored.gateway != view.gateway.code:
        errors["gateway"] = "This way to pay is not offered. Choose another one."
    if errors:
        raise Unfit(errors)
    problems = tuple(one for one in view.problems if not one.review)
    if problems:
        raise CannotBePlaced(problems)
    if seen_total != view.total.amount:
        raise PriceChanged(view)
    return view


# -- the transaction ---------------------------------------------------------------------------------------------------


def _store(state: SiteState, view: CheckoutView, new: NewOrder) -> PlacedOrder:
    """Claim the cart, re-check prices, store. Raises CartMoved where another look is needed."""
    with db.transaction():
        seen = cache.clock_seen()
        if seen is None or not _claim(view.stored, seen):
            if not _claim(view.stored):
                raise CartMoved
            _check_prices(state, view)
        order = store_order(new)
        if (stored := view.stored).agreed is not None:
            end_draft(stored.site_id, stored.agreed.draft_id, stored.agreed.version, order.id)
    return PlacedOrder(id=order.id, number=order.number, secret=new.secret, is_new=True, payment=order.payment)


def _claim(stored: StoredCart, unless_after: int | None = None) -> bool:
    """Let the cart be ordered as it was read, with the answers; once.

    With a reading of the cache's clock only if it stands there still: then no price has changed since.
    """
    still, params = (" AND (SELECT touched FROM epoch) = ?", [unless_after]) if unless_after is not None else ("", [])
    answers = columns(stored)
    also = ", ".join(f"{name} = ?" for name in answers)
    return bool(
        db.execute(
            f"UPDATE carts SET ordered_at = ?, updated_at = ?, version = version + 1, {also} WHERE id = ?"
            f" AND site_id = ? AND ordered_at IS NULL AND version = ?{still}",
            clock.now_us(), clock.now_us(), *answers.values(), stored.id, stored.site_id, stored.version, *params,
        )
    )  # fmt: skip


def _check_prices(state: SiteState, view: CheckoutView) -> None:
    """List prices, listings and what is in kits must be those that the hooks were asked about."""
    cart = view.cart
    parts = {line.variant_id: line.variant.parts for line in view.lines if line.variant is not None}
    variants = cart_variants(state.site, cart.language, cart.currency, [line.variant_id for line in cart.lines])
    variants |= own_variants(view.stored)
    for line in cart.lines:
        variant = variants.get(line.variant_id)
        if variant is None or variant.unit(line.quantity) != line.list_unit or variant.parts != parts[line.variant_id]:
            raise CartMoved


# -- from the quote to rows --------------------------------------------------------------------------------------------


def _new_order(
    view: CheckoutView, shopper_id: int | None, actor: str, sourced: Sourcing, holds: Sequence[HoldReason],
    *, begins: bool,
) -> NewOrder:  # fmt: skip
    stored, quote, totals = view.stored, view.quote, view.quote.totals
    first, places = (view.places[0].address if view.places else stored.address), _destinations(view)
    rate = None if places else quote.deliveries[0].rate
    shopper = shopper_id if shopper_id is not None else stored.shopper_id
    return NewOrder(
        site_id=stored.site_id, cart_id=stored.id, holder=holder_of(stored),
        secret=order_secret(stored.site_id, stored.id), shopper_id=shopper,
        email=stored.email.strip(), language=stored.language, currency=stored.currency, subtotal=totals.subtotal.amount,
        discount=totals.discount.amount, delivery=totals.delivery.amount, tax=totals.tax.amount,
        total=totals.total.amount,
        delivery_total=quote.delivery.total.amount, prices_include_tax=quote.prices_include_tax,
        tax_note=quote.tax_note,
        address=first if rate is not None else None,
        billing=stored.billing or (first if rate is None else None),
        carrier=rate.carrier if rate else "", carrier_plugin=rate.plugin if rate else "",
        service=rate.service if rate else "", delivery_title=rate.full_title if rate else "",
        rate=plain(rate) if rate else {}, payment=_payment(view.gateway), note=stored.note, codes=stored.codes,
        extra=asked_for(stored.extra, view.fields), trace=[plain(step) for step in quote.trace],
        lines=_lines(view), adjustments=_adjustments(quote), taxes=_taxes(quote), claims=_claims(quote),
        days_to_pay=_days_to_pay(view.gateway), destinations=places,
        actor=actor or (f"shopper:{shopper}" if shopper is not None else "guest"),
        sources=sourced[0], why=sourced[1], holds=holds, begins=begins,
    )  # fmt: skip


def _destinations(view: CheckoutView) -> list[NewDestination]:
    """The places of a cart that goes to several; what goes to one is told by the order's own row."""
    if len(view.places) < 2:
        return []
    made = []
    for place, one in zip(view.places, view.quote.deliveries, strict=True):
        if one.rate is None or place.address is None:
            raise CartMoved  # What was missing was told before: it cannot be.
        made.append(
            NewDestination(
                address=place.address, carrier=one.rate.carrier, carrier_plugin=one.rate.plugin,
                service=one.rate.service, delivery_title=one.rate.full_title, rate=plain(one.rate),
                delivery=one.amount.amount, discount=one.discount.amount, total=one.total.amount,
            )
        )  # fmt: skip
    return made


def _payment(gateway: GatewayView | None) -> NewPayment:
    if gateway is None:
        return NewPayment(plugin="", gateway="", account="", live=True, title="")
    return NewPayment(
        plugin=gateway.plugin, gateway=gateway.code, account=gateway.account, live=gateway.live, title=gateway.title
    )


def _days_to_pay(gateway: GatewayView | None) -> int:
    """Unpaid orders keep their stock as many days as the gateway says; 0 is without end.

    What a change adds to an order that was free has no gateway yet: it gets what gateways give that say nothing.
    """
    return max(0, gateway.unpaid_days) if gateway is not None else Gateway.unpaid_days


def _lines(view: CheckoutView) -> list[NewLine]:
    variants = [line.variant for line in view.lines if line.variant is not None]
    parts = {one.id: one.parts for one in variants}
    promised = {one.id: promised_at(one) for one in variants}
    pictures = {
        line.id: line.variant.picture.name
        for line in view.lines
        if line.variant is not None and line.variant.picture is not None
    }
    return [
        NewLine(
            variant_id=max(0, one.line.variant_id), product_id=one.line.product_id, sku=one.line.sku,
            name=one.line.name, picture=pictures.get(one.line.id, ""), quantity=one.line.quantity,
            unit_amount=one.line.unit.amount,
            list_amount=one.line.list_unit.amount, subtotal=one.subtotal.amount, discount=one.discount.amount,
            tax=one.tax.amount,
            total=one.total.amount, tax_class=one.line.tax_class, weight_g=one.line.weight_g,
            needs_delivery=one.line.needs_delivery, returns=one.line.returns, parts=parts.get(one.line.variant_id, ()),
            promised_at=promised.get(one.line.variant_id), place=one.place,
        )
        for one in view.quote.lines
    ]  # fmt: skip


def _adjustments(quote: Quote) -> list[NewAdjustment]:
    places = {one.line.id: place for place, one in enumerate(quote.lines)}
    return [
        NewAdjustment(
            plugin=one.plugin, rule=one.rule, title=one.title, code=one.code, target=one.target,
            amount=one.amount.amount,
            shares={places[line_id]: share.amount for line_id, share in one.shares},
        )
        for one in quote.adjustments
    ]  # fmt: skip


def _taxes(quote: Quote) -> list[NewTax]:
    places = {f"line:{one.line.id}": place for place, one in enumerate(quote.lines)}
    deliveries = {delivery_key(place): place for place in range(len(quote.deliveries))}
    return [
        NewTax(
            position=places.get(tax.key),
            place=deliveries.get(tax.key, 0),
            name=tax.name[:120],
            rate=tax.rate,
            amount=tax.amount.amount,
        )
        for tax in quote.taxes
    ]


def _claims(quote: Quote) -> dict[str, Claim]:
    """What is taken of each counter; two offers on one counter take their sum, within the smaller limit."""
    claims: dict[str, Claim] = {}
    for one in quote.adjustments:
        for claim in one.claims:
            key = claim_key(one.plugin, claim)
            other = claims.get(key)
            claims[key] = (
                claim
                if other is None
                else Claim(key=claim.key, limit=min(claim.limit, other.limit), amount=claim.amount + other.amount)
            )
    return claims
