"""What a change asks of the hooks: goods that are not on the order, the delivery elsewhere, and their taxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from core.cart.services import StoredCart, StoredLine
from core.catalogue.services.shapes import CartVariant
from core.checkout.services.offers import Candidate
from core.checkout.services.promoting import priced_cart
from core.checkout.services.quote import ChosenRate, Quote, QuoteLine, discounted, quote
from core.checkout.services.shapes import plain
from core.checkout.services.supplying import promised_at
from core.hookspecs.checkout import Address, PricedCart, Tax, TaxableLine
from core.kernel import db, i18n
from core.kernel.sites import SiteState
from core.lib.errors import Refused
from core.lib.money import Money
from core.orders.services.change_plan import Rates, taxed
from core.orders.services.change_shapes import (
    PlannedCharge,
    PlannedDelivery,
    PlannedLine,
    PlannedTax,
    SetDelivery,
)
from core.orders.services.change_wish import Wish
from core.orders.services.places import delivery_taxes
from core.orders.services.read import OrderView


class NotForSaleNow(Refused):
    """Goods that this site does not sell in the order's currency now."""

    code = "not_for_sale"
    default_message = "This product is not for sale here at the moment."


def taxes_today(
    state: SiteState, order: OrderView, lines: Sequence[TaxableLine], address: Address | None
) -> Sequence[Tax]:
    """The taxes of these lines of an order, as of today, at an address."""
    asked = PricedCart(
        lines=tuple(lines), currency=order.currency, address=address, prices_include_tax=order.prices_include_tax,
        customer_id=order.shopper_id,
    )  # fmt: skip
    with i18n.speaking_on(state, order.language):
        answer = state.hooks.checkout_taxes(site=state.site, priced=asked)
    return answer.taxes if answer else ()


def delivery_as_wanted(
    state: SiteState, wish: Wish, place: int, moved: tuple[PlannedTax, ...] | None = None
) -> PlannedDelivery | None:
    """The delivery to a place with its tax: at its own rates, or as today's tax plugin says where it had none.

    `moved` are its taxes at another address, where they are others there.
    """
    order, there = wish.order, wish.order.at(place).destinations[0]
    wanted, own = (
        wish.at(place).delivery,
        [(name, rate) for name, rate, _tax in delivery_taxes(order.id).get(place, ())],
    )
    if moved is not None:
        own = [(tax.name, tax.rate) for tax in moved]
        wanted = wanted or SetDelivery(amount=there.left.amount)
    if wanted is None:
        return None
    included = order.prices_include_tax
    taxes = taxed(wanted.amount, own, included=included) if own else _asked_taxes(state, wish, wanted, place)
    if moved == ():
        taxes = ()
    tax = sum(one.amount for one in taxes)
    on_top = 0 if included else 1
    return PlannedDelivery(
        amount=wanted.amount + there.discount.amount, tax=tax, total=wanted.amount + on_top * tax,
        title=wanted.title or there.delivery_title, carrier=wanted.carrier or there.carrier,
        service=wanted.service or there.service, taxes=taxes,
    )  # fmt: skip


def delivery_there(state: SiteState, wish: Wish, place: int, rate: ChosenRate, amount: int) -> PlannedDelivery:
    """The delivery by a way that the carriers offer at another address, at `amount` after offers, taxed there."""
    order, there = wish.order, wish.order.at(place).destinations[0]
    is_same = (rate.carrier, rate.service) == (there.carrier, there.service)
    with i18n.speaking_on(state, order.language):
        title = there.delivery_title if is_same else rate.full_title
    wanted = SetDelivery(amount=amount, title=title[:200], carrier=rate.carrier, service=rate.service)
    taxes = _asked_taxes(state, wish, wanted, place)
    tax = sum(one.amount for one in taxes)
    return PlannedDelivery(
        amount=amount + there.discount.amount, tax=tax, total=amount + (0 if order.prices_include_tax else tax),
        title=wanted.title, carrier=wanted.carrier, service=wanted.service, taxes=taxes,
        plugin=rate.plugin, rate=plain(rate),
    )  # fmt: skip


def taxed_charges(state: SiteState, wish: Wish) -> list[PlannedCharge]:
    """The charges, those that are taxed with their taxes as of today.

    They are those of the place that the change is about; of several, of the first that the order goes to.
    """
    order = wish.order
    place = next(iter(wish.places)) if len(wish.places) == 1 else order.destinations[0].position
    asked = {f"charge:{at}": one for at, one in enumerate(wish.charges) if one.taxed}
    if not asked:
        return wish.charges
    lines = [
        TaxableLine(key=key, tax_class="standard", amount=Money(one.amount, order.currency))
        for key, one in asked.items()
    ]
    taxes = taxes_today(state, order, lines, wish.address(place))
    return [
        msgspec.structs.replace(one, taxes=_planned_taxes(taxes, f"charge:{at}") if one.taxed else ())
        for at, one in enumerate(wish.charges)
    ]


def _asked_taxes(state: SiteState, wish: Wish, wanted: SetDelivery, place: int) -> tuple[PlannedTax, ...]:
    order = wish.order
    line = TaxableLine(key="delivery", tax_class="delivery", amount=Money(wanted.amount, order.currency))
    return _planned_taxes(taxes_today(state, order, [line], wish.address(place)), "delivery")


def as_cart(order: OrderView, units: Mapping[int, int]) -> StoredCart:
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


def quoted(
    state: SiteState,
    wish: Wish,
    place: int,
    candidates: Sequence[Candidate],
    stored: StoredCart,
    variants: Mapping[int, CartVariant],
    rate: ChosenRate | None = None,
) -> Quote:
    """What goods cost that go to a place, with today's taxes there."""
    order = wish.order
    with i18n.speaking_on(state, order.language):
        cart, _steps = priced_cart(state, stored, variants)
        after = discounted(cart, candidates, rate)
        asked = after.taxable(wish.address(place), prices_include_tax=order.prices_include_tax)
        taxes = state.hooks.checkout_taxes(site=state.site, priced=asked) if cart.lines else None
    return quote(after, taxes, prices_include_tax=order.prices_include_tax)


def planned_line(
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
        parts=variants[line.variant_id].parts,
        promised_at=promised_at(variants[line.variant_id]),
    )  # fmt: skip


def _planned_taxes(taxes: Sequence[Tax], key: str) -> tuple[PlannedTax, ...]:
    return tuple(
        PlannedTax(name=tax.name[:120], rate=tax.rate, amount=tax.amount.amount) for tax in taxes if tax.key == key
    )


def rates_of(order_id: int) -> Rates:
    """The tax rates of each line, as they were when it was priced."""
    rates: dict[int | None, list[tuple[str, int]]] = {}
    for line_id, name, rate in db.rows(
        "SELECT line_id, name, rate FROM order_tax WHERE order_id = ? AND line_id IS NOT NULL ORDER BY id", order_id
    ):
        rates.setdefault(line_id, []).append((name, rate))
    return rates
