"""Several addresses for one order: what goes where. Addresses and ways of delivery follow on the checkout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Response, request, url_for

from core.cart.services import CartGone, StoredCart, save_details
from core.checkout.forms import read_order_form
from core.checkout.services.look import CART, CheckoutView, look
from core.kernel.respond import page, redirect
from core.kernel.security import public, while_open
from core.kernel.sites import current
from core.lib.errors import NotFound
from core.storefront.services.checkout_places import (
    Column,
    columns_of,
    columns_sent,
    shown_places,
    spread_details,
    wrong_sums,
)
from core.storefront.views.basket import cart_token, shopper_id, stored_cart
from core.storefront.views.place import VIEWS


@VIEWS.post("/checkout/places/open")
@while_open
@public
def open_places() -> Response:
    """Keep what was typed at the checkout, and go on to what goes where."""
    _offered()
    try:
        save_details(current().site, cart_token(), read_order_form(request.form).details, shopper_id=shopper_id())
    except CartGone:
        return _to_cart()
    return redirect(url_for("storefront.places"))


@VIEWS.get("/checkout/places")
@while_open
@public
def places() -> Response:
    """The page, as the goods are spread now."""
    _offered()
    stored = stored_cart()
    if stored is None or not stored.lines:
        return _to_cart()
    view = look(current(), stored, CART)
    return _page(stored, view, columns_of(stored))


@VIEWS.post("/checkout/places")
@while_open
@public
def spread() -> Response:
    """Spread the goods; or show the page with an address more or less, and nothing stored."""
    _offered()
    stored = stored_cart()
    if stored is None or not stored.lines:
        return _to_cart()
    view, columns = look(current(), stored, CART), columns_sent(stored, request.form)
    if {"add", "remove"} & request.form.keys():
        return _page(stored, view, columns)
    if wrong := wrong_sums(view, columns):
        return _page(stored, view, columns, wrong, 422)
    try:
        save_details(current().site, cart_token(), spread_details(stored, view, columns), shopper_id=shopper_id())
    except CartGone:
        return _to_cart()
    return redirect(url_for("storefront.checkout"))


def _offered() -> None:
    if not current().site.several_addresses:
        raise NotFound


def _page(
    stored: StoredCart,
    view: CheckoutView,
    columns: Sequence[Column],
    wrong: Mapping[int, str] | None = None,
    status: int = 200,
) -> Response:
    return page("pages/checkout_places.html", status, places=shown_places(stored, view, columns, wrong or {}))


def _to_cart() -> Response:
    return redirect(url_for("storefront.cart"))
