"""The cart of a guest, known by its token alone: lines, codes, the checkout's answers, and what it costs."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from core.api import CART as AT_CART
from core.api import CHECKOUT as AT_CHECKOUT
from core.api import (
    CartGone,
    CheckoutView,
    StoredCart,
    add_to_cart,
    apply_code,
    find_cart,
    look,
    remove_code,
    remove_line,
    save_details,
    set_quantity,
)
from core.api import Details as CoreDetails
from plugins.api.forms.carts import DetailsChange, LineChange, NewCart, NewCode, NewLine
from plugins.api.models import scopes
from plugins.api.services import quotes
from plugins.api.services.operations import Call, currency_of, language_of, operation
from plugins.api.services.quotes import address, kept_address
from plugins.api.services.shapes.base import money, money_or_none
from plugins.api.services.shapes.carts import (
    Cart,
    CartLine,
    Code,
    Details,
    MadeCart,
    Quote,
)


@operation("POST", "/cart", tag="Cart", scope=scopes.CART, body=NewCart, answer=MadeCart, status=201)
def create_cart(call: Call) -> MadeCart:
    """Make a cart of some lines; the answer holds its token."""
    asked: NewCart = call.body
    language, currency = language_of(call.site, asked.language), currency_of(call.site, asked.currency)
    token = None
    for line in asked.lines:
        token = add_to_cart(call.site, token, line.variant_id, line.quantity, currency=currency, language=language)
    assert token is not None
    return MadeCart(token=token, cart=_cart(call, token))


@operation("GET", "/cart", tag="Cart", scope=scopes.CART, answer=Cart, has_cart=True)
def get_cart(call: Call) -> Cart:
    """Read the cart as it costs now."""
    return _cart(call, call.cart_token)


@operation("POST", "/cart/lines", tag="Cart", scope=scopes.CART, body=NewLine, answer=Cart, has_cart=True, status=201)
def add_line(call: Call) -> Cart:
    """Put units of a variant into the cart; those of one that is there add up."""
    asked: NewLine = call.body
    stored = found_cart(call)
    add_to_cart(
        call.site, call.cart_token, asked.variant_id, asked.quantity, currency=stored.currency, language=stored.language
    )
    return _cart(call, call.cart_token)


@operation("PATCH", "/cart/lines/{line_id}", tag="Cart", scope=scopes.CART, body=LineChange, answer=Cart, has_cart=True)
def change_line(call: Call) -> Cart:
    """Set how many units a line holds."""
    asked: LineChange = call.body
    set_quantity(call.site, call.cart_token, call.path["line_id"], asked.quantity)
    return _cart(call, call.cart_token)


@operation("DELETE", "/cart/lines/{line_id}", tag="Cart", scope=scopes.CART, answer=Cart, has_cart=True)
def delete_line(call: Call) -> Cart:
    """Take a line out."""
    remove_line(call.site, call.cart_token, call.path["line_id"])
    return _cart(call, call.cart_token)


@operation("POST", "/cart/codes", tag="Cart", scope=scopes.CART, body=NewCode, answer=Cart, has_cart=True, status=201)
def add_code(call: Call) -> Cart:
    """Try a code; whether it is granted stands in the cart's codes."""
    asked: NewCode = call.body
    apply_code(call.site, call.cart_token, asked.code)
    return _cart(call, call.cart_token)


@operation("DELETE", "/cart/codes/{code}", tag="Cart", scope=scopes.CART, answer=Cart, has_cart=True)
def delete_code(call: Call) -> Cart:
    """Take a code off."""
    remove_code(call.site, call.cart_token, call.path["code"])
    return _cart(call, call.cart_token)


@operation("PATCH", "/cart/details", tag="Cart", scope=scopes.CART, body=DetailsChange, answer=Quote, has_cart=True)
def change_details(call: Call) -> Quote:
    """Keep address, delivery, way to pay and other answers; the quote says what they cost."""
    save_details(call.site, call.cart_token, _changed(found_cart(call), call.body))
    return _quote(call)


@operation("GET", "/cart/quote", tag="Cart", scope=scopes.CART, answer=Quote, has_cart=True)
def get_quote(call: Call) -> Quote:
    """Read the cart at the checkout: delivery options, taxes, ways to pay, questions, problems."""
    return _quote(call)


def found_cart(call: Call, *, ordered: bool = False) -> StoredCart:
    """The cart behind the token on this site. Raises CartGone."""
    stored = find_cart(call.site, call.cart_token, ordered=ordered)
    if stored is None:
        raise CartGone
    return stored


def _changed(stored: StoredCart, asked: DetailsChange) -> CoreDetails:
    """What was kept, with what was sent in its place."""
    delivery = asked.delivery
    return CoreDetails(
        email=stored.email if asked.email is UNSET else asked.email,
        address=stored.address if asked.address is UNSET else kept_address(asked.address),
        billing=stored.billing if asked.billing is UNSET else kept_address(asked.billing),
        carrier=stored.carrier if delivery is UNSET else delivery.carrier,
        service=stored.service if delivery is UNSET else delivery.service,
        gateway=stored.gateway if asked.gateway is UNSET else asked.gateway,
        note=stored.note if asked.note is UNSET else asked.note,
        extra=stored.extra if asked.extra is UNSET else asked.extra,
    )


# -- into shapes -------------------------------------------------------------------------------------------------------


def _cart(call: Call, token: str) -> Cart:
    stored = find_cart(call.site, token)
    if stored is None:
        raise CartGone
    return Cart(**_common(look(call.state, stored, AT_CART)))


def _quote(call: Call) -> Quote:
    view = look(call.state, found_cart(call), AT_CHECKOUT)
    return Quote(
        **_common(view),
        needs_delivery=view.cart.needs_delivery,
        delivery=quotes.delivery(view),
        gateways=quotes.gateways(view),
        fields=quotes.questions(view),
        taxes=quotes.taxes(view),
        tax_note=view.quote.tax_note,
        details=_details(view.stored),
    )


def _common(view: CheckoutView) -> dict[str, Any]:
    return {
        "currency": view.stored.currency,
        "language": view.stored.language,
        "count": view.stored.count,
        "lines": _lines(view),
        "codes": tuple(
            Code(code=one.code, granted=one.granted, title=one.title, reason=one.reason) for one in view.codes
        ),
        "totals": quotes.totals(view),
        "problems": quotes.problems(view),
    }


def _lines(view: CheckoutView) -> tuple[CartLine, ...]:
    return tuple(
        CartLine(
            id=line.id, variant_id=line.variant_id,
            product_id=line.variant.product_id if line.variant else None,
            sku=line.variant.sku if line.variant else "", name=line.variant.name if line.variant else "",
            quantity=line.quantity,
            unit=money(line.priced.line.unit) if line.priced else None,
            list_unit=money(line.priced.line.list_unit) if line.priced else None,
            subtotal=money_or_none(line.priced.subtotal if line.priced else None),
            discount=money_or_none(line.priced.discount if line.priced else None),
            tax=money_or_none(line.priced.tax if line.priced else None),
            total=money_or_none(line.priced.total if line.priced else None),
            problem=line.problem,
        )
        for line in view.lines
    )  # fmt: skip


def _details(stored: StoredCart) -> Details:
    return Details(
        email=stored.email, address=address(stored.address), billing=address(stored.billing), carrier=stored.carrier,
        service=stored.service, gateway=stored.gateway, note=stored.note,
        extra={
            plugin: {name: str(answer) for name, answer in answers.items()} for plugin, answers in stored.extra.items()
        },
    )  # fmt: skip
