"""The checkout: one page, guest first. What is typed is kept with the cart, so an error or a reload loses nothing."""

from __future__ import annotations

from flask import Response, request, url_for
from msgspec.structs import replace

from core.accounts.services import current_shopper, get_address
from core.cart.services import CartGone, Details, StoredCart, save_details
from core.checkout.forms import read_order_form
from core.checkout.services.look import CHECKOUT, look
from core.checkout.services.place_order import CannotBePlaced, EmptyCart, place_order
from core.checkout.views import pay_response
from core.hookspecs.checkout import Address
from core.kernel import limits
from core.kernel.respond import allow_hosts, hosts_for_forms, page, redirect
from core.kernel.security import public, shopper, while_open
from core.kernel.sites import current
from core.lib.errors import Refused
from core.storefront.services.account_addresses import default_addresses, kept_addresses, stored_address
from core.storefront.services.checkout import settled, shown_checkout, with_defaults
from core.storefront.services.fields import Errors, said
from core.storefront.views.basket import cart_token, forget_cart, shopper_id, stored_cart
from core.storefront.views.place import VIEWS


@VIEWS.get("/checkout")
@while_open
@public
def checkout() -> Response:
    """The page; an empty cart leads back to the cart."""
    stored = stored_cart()
    return _page(stored, {}) if stored and stored.lines else _to_cart()


@VIEWS.post("/checkout/save")
@while_open
@public
def save_checkout() -> Response:
    """Keep what was typed, right or wrong, and show the page again: for another country, delivery or way to pay."""
    try:
        save_details(current().site, cart_token(), read_order_form(request.form).details, shopper_id=shopper_id())
    except CartGone:
        return _to_cart()
    return redirect(url_for("storefront.checkout"))


@VIEWS.post("/checkout/address/<int:address_id>")
@while_open
@shopper
def take_address(address_id: int) -> Response:
    """Deliver to a kept address, or one of several of them; it takes the place of what was typed, the rest stays."""
    person = current_shopper()
    assert person is not None  # The view lets nobody else in.
    chosen = stored_address(get_address(person, address_id))
    details = _delivered_to(read_order_form(request.form).details, chosen, request.args.get("place", 0, type=int))
    try:
        save_details(current().site, cart_token(), details, shopper_id=person.id)
    except CartGone:
        return _to_cart()
    return redirect(url_for("storefront.checkout", _anchor="checkout-address"))


def _delivered_to(details: Details, address: Address, place: int) -> Details:
    if not details.places or not 0 < place <= len(details.places):
        return replace(details, address=address)
    places = list(details.places)
    places[place - 1] = replace(places[place - 1], address=address)
    return replace(details, places=tuple(places))


@VIEWS.post("/checkout/place")
@while_open
@public
def place() -> Response:
    """Make the order, once, however often the button is pressed; then on to the payment or to the confirmation."""
    state, sent = current(), read_order_form(request.form)
    try:
        limits.take("checkout")
        order = place_order(
            state, cart_token(), seen_total=sent.seen_total, details=sent.details, shopper_id=shopper_id(), begins=True
        )
    except (CartGone, EmptyCart):
        return _to_cart()
    except CannotBePlaced as error:
        return _again({}, error.status)
    except Refused as error:
        return _again(said(error), error.status)
    return forget_cart(pay_response(state, order.id, order.secret, order.payment))


def _again(errors: Errors, status: int) -> Response:
    """The page with all that was typed, and what is wrong with it."""
    stored = stored_cart()
    return _page(stored, errors, status) if stored and stored.lines else _to_cart()


def _page(stored: StoredCart, errors: Errors, status: int = 200) -> Response:
    state, person = current(), current_shopper()
    address, billing = default_addresses(person) if person else (None, None)
    known = with_defaults(stored, state.site, address, billing, person.email if person else "")
    view = look(state, known, CHECKOUT)
    if (first := settled(known, view)) is not known:
        view = look(state, first, CHECKOUT)
    allow_hosts(form_action_hosts=hosts_for_forms(state))
    kept = kept_addresses(person) if person else []
    return page(
        "pages/checkout.html", status, checkout=shown_checkout(view, state.site, errors), shopper=person, kept=kept
    )


def _to_cart() -> Response:
    return redirect(url_for("storefront.cart"))
