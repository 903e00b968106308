"""The cart.

A page for everybody, and the same as a drawer for scripts. Every change is a POST and ends in one of the two.
"""

from __future__ import annotations

from flask import Response, request, url_for

from core.cart import services as carts
from core.catalogue.services.pages import product_page
from core.catalogue.services.shapes import ProductPage
from core.checkout.services.look import CART, look
from core.kernel import i18n, limits
from core.kernel.respond import currency, is_fragment, page, redirect
from core.kernel.security import public, while_open
from core.kernel.sites import current
from core.lib.errors import NotFound, Refused
from core.storefront import forms
from core.storefront.services.cart import ShownCart, empty_cart, shown_cart, undo_of
from core.storefront.services.choice import picked_variant
from core.storefront.views.basket import cart_token, remember_cart, shopper_id, show_count, stored_cart
from core.storefront.views.place import VIEWS


@VIEWS.get("/cart")
@while_open
@public
def cart() -> Response:
    """The cart page."""
    return _show("pages/cart.html")


@VIEWS.get("/cart/drawer")
@while_open
@public
def cart_drawer() -> Response:
    """The cart as a fragment."""
    return _show("fragments/cart_drawer.html")


@VIEWS.post("/cart/add")
@while_open
@public
def add_to_cart() -> Response:
    """Put a product into the cart: the variant that the page showed, or the one that was picked without a script."""
    site, sent = current().site, forms.added(request.form)
    try:
        variant_id = sent.variant_id if sent.is_as_shown else picked_variant(_product(sent.path), sent.picked)
        token = carts.add_to_cart(
            site,
            cart_token(),
            variant_id,
            sent.quantity,
            currency=currency(),
            language=i18n.language(),
            shopper_id=shopper_id(),
        )
    except Refused as error:
        return _refused(error)
    return remember_cart(_back(), token)


@VIEWS.post("/cart/lines/<int:line_id>")
@while_open
@public
def change_line(line_id: int) -> Response:
    """Set a quantity, step it, or take the line out."""
    site, token, person = current().site, cart_token(), shopper_id()
    try:
        if "remove" in request.form or (wanted := forms.stepped(request.form)) < 1:
            gone = carts.remove_line(site, token, line_id, shopper_id=person)
            return _back(undo=f"{gone.variant_id}.{gone.quantity}")
        carts.set_quantity(site, token, line_id, wanted, shopper_id=person)
    except Refused as error:
        return _refused(error)
    return _back()


@VIEWS.post("/cart/undo")
@while_open
@public
def undo_removal() -> Response:
    """Put back what was taken out."""
    variant_id, quantity = (
        forms.quantity(request.form.get("variant", ""), 0),
        forms.quantity(request.form.get("quantity", "")),
    )
    try:
        token = carts.add_to_cart(
            current().site,
            cart_token(),
            variant_id,
            quantity,
            currency=currency(),
            language=i18n.language(),
            shopper_id=shopper_id(),
        )
    except Refused as error:
        return _refused(error)
    return remember_cart(_back(), token)


@VIEWS.post("/cart/codes")
@while_open
@public
def add_code() -> Response:
    """Try a code; whether it is granted, the page says."""
    try:
        limits.take("coupon")
        carts.apply_code(current().site, cart_token(), request.form.get("code", ""), shopper_id=shopper_id())
    except Refused as error:
        return _refused(error)
    return _after_code()


@VIEWS.post("/cart/codes/remove")
@while_open
@public
def remove_code() -> Response:
    """Take a code off."""
    try:
        carts.remove_code(current().site, cart_token(), request.form.get("code", ""), shopper_id=shopper_id())
    except Refused as error:
        return _refused(error)
    return _after_code()


def _after_code() -> Response:
    there = "checkout" if request.form.get("back") == "checkout" else "cart"
    return redirect(url_for(f"storefront.{there}"))


def _back(undo: str | None = None) -> Response:
    """To the drawer for a script, else to the page."""
    return redirect(url_for("storefront.cart_drawer" if is_fragment() else "storefront.cart", undo=undo))


def _refused(error: Refused) -> Response:
    """The cart as it is, with what went wrong."""
    template = "fragments/cart_drawer.html" if is_fragment() else "pages/cart.html"
    return _show(template, error.status, i18n.say(error))


def _show(template: str, status: int = 200, problem: str = "") -> Response:
    shown = _shown(problem)
    return show_count(page(template, status, cart=shown), shown.count)


def _shown(problem: str) -> ShownCart:
    state, stored = current(), stored_cart()
    undo = undo_of(state.site, i18n.language(), currency(), request.args.get("undo", ""))
    if stored is None:
        return empty_cart(currency(), undo, problem)
    return shown_cart(look(state, stored, CART), undo, problem)


def _product(path: str) -> ProductPage:
    found = product_page(current().site, i18n.language(), currency(), path)
    if not isinstance(found, ProductPage):
        raise NotFound
    return found
