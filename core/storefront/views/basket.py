"""The two cookies of a cart: its secret token, and the number of things in it for the badge."""

from __future__ import annotations

from flask import Response, request

from core.accounts.services import current_shopper
from core.cart.services import StoredCart, find_cart
from core.kernel.sites import current
from core.storefront.services.entering import COOKIE

TOKEN, COUNT = "stoa_cart", "cart_count"
_DAYS_30_S = 30 * 86400
_YEAR_S = 365 * 86400


def cart_token() -> str | None:
    """The token that this browser holds."""
    return request.cookies.get(TOKEN) or None


def shopper_id() -> int | None:
    """Who is logged in, if anybody; only a browser with a session is asked."""
    shopper = current_shopper()
    return shopper.id if shopper else None


def stored_cart() -> StoredCart | None:
    """The open cart of this browser, or of the shopper who is logged in."""
    return find_cart(current().site, cart_token(), shopper_id=shopper_id())


def remember_cart(response: Response, token: str) -> Response:
    """Hand the token to the browser; whoever shows the cart next tells the badge."""
    response.set_cookie(
        TOKEN, token, max_age=_DAYS_30_S, path="/", secure=request.is_secure, httponly=True, samesite="Lax"
    )
    return response


def show_count(response: Response, count: int) -> Response:
    """Tell the badge how much is in the cart: in a cookie, so that pages can be the same for everyone."""
    response.set_cookie(COUNT, str(count), max_age=_DAYS_30_S, path="/", secure=request.is_secure, samesite="Lax")
    return response


def keep_mine(response: Response, name: str, held: str) -> Response:
    """What a plugin keeps for this browser; a script may read it, so that pages can be the same for everyone."""
    if held:
        response.set_cookie(name, held, max_age=_YEAR_S, path="/", secure=request.is_secure, samesite="Lax")
    else:
        response.delete_cookie(name, path="/", secure=request.is_secure, samesite="Lax")
    return response


def forget_mine(response: Response) -> Response:
    """Let nothing that plugins kept for a shopper stay in the browser: at logout."""
    for name in request.cookies:
        if name.startswith(COOKIE):
            keep_mine(response, name, "")
    return response


def forget_cart(response: Response) -> Response:
    """Let the browser start anew: after an order, and at logout."""
    for name in (TOKEN, COUNT):
        response.delete_cookie(name, path="/", secure=request.is_secure, samesite="Lax")
    return response
