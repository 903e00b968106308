"""An order without an account: its confirmation, another try to pay, and tracking by number and mail address."""

from __future__ import annotations

from flask import Response, request, url_for

from core.accounts import services as accounts
from core.accounts.services import TOKEN
from core.checkout.views import order_url, pay_response
from core.kernel import i18n, limits
from core.kernel.i18n import gettext as _
from core.kernel.respond import absolute, allow_hosts, hosts_for_forms, note, page, redirect
from core.kernel.security import public
from core.kernel.sites import current
from core.lib.errors import Refused
from core.orders.services.links import OrderLinkOver
from core.orders.services.opening import NothingToPay, ask_newest, choose_gateway
from core.orders.services.owner import claim_order
from core.orders.services.read import OrderView, find_order
from core.storefront.services.fields import Errors, email_field, field, form, said
from core.storefront.services.order import shown_order
from core.storefront.views.own_links import link_over, own_order
from core.storefront.views.place import VIEWS
from core.storefront.views.sign_in import enter


@VIEWS.get("/checkout/thanks/<secret>")
@public
def confirmation(secret: str) -> Response:
    """What was ordered, what happens next, and another way to pay where the first one failed."""
    try:
        return _confirmation(own_order(secret), {})
    except OrderLinkOver:
        return link_over(secret)


@VIEWS.post("/checkout/pay/<secret>")
@public
def pay_again(secret: str) -> Response:
    """Pay an order that waits for its money, the same way or another.

    Who has paid already and was not heard of yet does not pay twice: the gateway is asked first.
    """
    order, wanted = own_order(secret), request.form.get("gateway", "")
    ask_newest(current(), order.id)
    try:
        choose_gateway(current(), order.id, wanted or order.gateway)
    except NothingToPay as error:
        note(i18n.say(error))
        return redirect(order_url(secret))
    except Refused as error:
        return _confirmation(order, said(error), error.status)
    return pay_response(current(), order.id, order.secret)


@VIEWS.post("/checkout/keep/<secret>")
@public
def keep_order(secret: str) -> Response:
    """One password makes an account, and the order is in it."""
    order, site = own_order(secret), current().site
    link = absolute(url_for("storefront.confirm_account", token=TOKEN)) + f"?order={order.secret}"
    try:
        shopper = accounts.register_shopper(
            site,
            email=order.email,
            name=order.name,
            password=request.form.get("password", ""),
            language=i18n.language(),
            link=link,
            address=request.remote_addr or "",
        )
    except Refused as error:
        return _confirmation(order, said(error), error.status)
    if shopper is None:
        note(_("Open the link in the message that we have just sent you."))
        return redirect(url_for("storefront.confirmation", secret=secret))
    claim_order(site, order.secret, shopper.id)
    return enter(shopper, "")


def _confirmation(order: OrderView, errors: Errors, status: int = 200) -> Response:
    state = current()
    allow_hosts(form_action_hosts=hosts_for_forms(state))
    shown = shown_order(state, order, own=False)
    password = field(
        "password",
        _("Password"),
        errors=errors,
        type="password",
        autocomplete="new-password",
        help=_("At least eight characters."),
        wide=True,
        max=1024,
    )
    return page(
        "pages/confirmation.html",
        status,
        order=shown,
        payments=shown.payments,
        pays=bool(request.args.get("pay") and shown.payments and not shown.payment_problem),
        form=form([password], errors),
    )


@VIEWS.get("/order/<secret>")
@public
def order(secret: str) -> Response:
    """Where the order behind a guest's link is."""
    try:
        found = own_order(secret)
    except OrderLinkOver:
        return link_over(secret)
    return _private(page("pages/order_status.html", order=shown_order(current(), found)))


@VIEWS.get("/track")
@public
def track() -> Response:
    """The form: number and mail address."""
    return _track_page({})


@VIEWS.post("/track", endpoint="find_order")
@public
def find() -> Response:
    """The order with this number and address, without what only its owner should read.

    A page: nothing is stored by it.
    """
    number, email = request.form.get("number", ""), request.form.get("email", "")
    try:
        limits.take("track", number)
    except Refused as error:
        return _track_page(said(error), error.status)
    found = find_order(current().site, number, email)
    if found is None:
        wrong = _("There is no order with this number and this address. Both are in the confirmation.")
        return _track_page({"number": wrong}, 404)
    return _private(page("pages/order_status.html", order=shown_order(current(), found, whole=False)))


def _track_page(errors: Errors, status: int = 200) -> Response:
    number = request.form.get("number", request.args.get("number", ""))
    known = {"autocomplete": "off", "max": 20, "wide": True}
    fields = [
        field("number", _("Order number"), errors=errors, value=number, **known),
        email_field(request.form.get("email", ""), errors),
    ]
    return page("pages/track.html", status, form=form(fields, errors))


def _private(response: Response) -> Response:
    """Nobody keeps a copy of somebody's order."""
    response.headers["Cache-Control"] = "no-store"
    return response
