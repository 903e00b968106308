"""The link of a guest's order: who may use it, its end and a new one by mail; and the same order once more."""

from __future__ import annotations

from flask import Response, request, url_for

from core.kernel import i18n, limits
from core.kernel.i18n import gettext as _
from core.kernel.outside import link
from core.kernel.respond import actor, currency, note, page, redirect
from core.kernel.security import public, while_open
from core.kernel.sites import current
from core.lib.errors import NotFound, Refused
from core.orders.services import links, photos
from core.orders.services.case_reading import case_view
from core.orders.services.read import OrderView, find_order, order_by_key
from core.storefront.services.again import order_again
from core.storefront.views.basket import cart_token, remember_cart, shopper_id
from core.storefront.views.place import VIEWS

limits.add("order_link", limits.Rule(address="20 per hour", subject="5 per hour", shared=True))


def own_order(secret: str) -> OrderView:
    """The order behind a link, on this site alone; one that has ended still opens to the account that owns the order.

    Raises NotFound, OrderLinkOver.
    """
    site = current().site
    found = order_by_key(site, secret)
    if found is not None:
        return found
    found = order_by_key(site, secret, over=True)
    if found is None:
        raise NotFound
    if found.shopper_id is None or found.shopper_id != shopper_id():
        raise links.OrderLinkOver
    return found


@VIEWS.post("/order/<secret>/link")
@public
def end_link(secret: str) -> Response:
    """End this link, and mail a new one to the order's address."""
    order = own_order(secret)
    try:
        limits.take("order_link", order.number)
        links.renew_link(current().site, order.id, address=_address(order), actor=actor())
    except Refused as error:
        note(i18n.say(error), "warn")
        return redirect(url_for("storefront.order", secret=secret))
    note(_("The old link leads nowhere now. A new one is on its way to the order's address."))
    return redirect(url_for("storefront.track"))


@VIEWS.post("/track/link")
@public
def mail_link() -> Response:
    """Mail the link to the whole order to its address. The answer is the same for a wrong number or address."""
    number, email = request.form.get("number", ""), request.form.get("email", "")
    try:
        limits.take("order_link", number)
        found = find_order(current().site, number, email)
        if found is not None:
            links.send_link(current().site, found.id, address=_address(found), actor=actor())
    except Refused as error:
        note(i18n.say(error), "warn")
        return redirect(url_for("storefront.track"))
    note(_("The link is on its way to the order's address."))
    return redirect(url_for("storefront.track"))


@VIEWS.post("/order/<secret>/anew")
@public
def mail_link_anew(secret: str) -> Response:
    """Mail a new link to the order behind one that has ended. The answer is the same for one that never was."""
    found = order_by_key(current().site, secret, over=True)
    try:
        limits.take("order_link", found.number if found else secret)
        if found is not None:
            links.send_link(current().site, found.id, address=_address(found), actor=actor())
    except Refused as error:
        note(i18n.say(error), "warn")
        return redirect(url_for("storefront.track"))
    note(_("The link is on its way to the order's address."))
    return redirect(url_for("storefront.track"))


def link_over(secret: str) -> Response:
    """The page of a link that has ended: it says so, and offers a new one."""
    response = page("pages/link_over.html", links.OrderLinkOver.status, secret=secret)
    response.headers["Cache-Control"] = "no-store"
    return response


def _address(order: OrderView) -> str:
    """Where the link leads, in the language of the order, as its mail is."""
    return link(current().site, "storefront.order", language=order.language, secret=links.SECRET)


@VIEWS.post("/order/<secret>/again")
@while_open
@public
def buy_again(secret: str) -> Response:
    """Put the same goods into the cart; what is gone is told."""
    order, person = own_order(secret), shopper_id()
    try:
        done = order_again(current().site, order, cart_token(), currency=currency(), shopper_id=person)
    except Refused as error:
        note(i18n.say(error), "warn")
        return redirect(url_for("storefront.order", secret=secret))
    note(" ".join(done.missing) or _("Everything is in the cart."), "warn" if done.missing else "good")
    return remember_cart(redirect(url_for("storefront.cart")), done.token)


@VIEWS.get("/order/<secret>/photos/<int:case_id>/<name>")
@public
def own_photo(secret: str, case_id: int, name: str) -> Response:
    """A photo that was sent with a return of this very order."""
    order = own_order(secret)
    case = case_view(current().site, case_id)
    if case.order_id != order.id:
        raise NotFound
    return photos.sent(case, name)
