"""The two routes that gateways use, and the answer that sends a shopper to a gateway."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import urlsplit

from flask import Response, make_response, request, url_for

from core.hookspecs.payment import IncomingRequest, Redirect
from core.kernel.i18n import gettext as _
from core.kernel.outside import link
from core.kernel.respond import allow_hosts, page, redirect
from core.kernel.routes import Views
from core.kernel.security import any_origin, public
from core.kernel.sites import SiteState, current
from core.lib import clock
from core.lib.errors import Broken, NotFound, Refused
from core.orders.services.intents import Opened
from core.orders.services.notices import take_notice
from core.orders.services.opening import begin_payment, fetch_payment
from core.orders.services.returns import returned_payment

VIEWS = Views()
_LARGEST_NOTICE = 512 * 1024


class NoticeTooLarge(Refused):
    """No gateway sends as much."""

    status = 413
    code = "too_large"
    default_message = "This notice is too large."


@VIEWS.route("/notify/<plugin>/<account>", methods=("GET", "POST"))
@any_origin
@public
def notify(plugin: str, account: str) -> Response:
    """A gateway's webhook: no session, no origin; its signature is all that counts."""
    if (request.content_length or 0) > _LARGEST_NOTICE:
        raise NoticeTooLarge
    body = request.stream.read(_LARGEST_NOTICE + 1)
    if len(body) > _LARGEST_NOTICE:
        raise NoticeTooLarge
    incoming = IncomingRequest(
        method=request.method,
        headers={name.lower(): value for name, value in request.headers.items()},
        query=request.args.to_dict(),
        body=body,
        received_at=clock.now(),
    )
    reply = take_notice(current(), plugin, account, incoming)
    return Response(reply.body, reply.status, content_type=reply.content_type)


@VIEWS.route("/pay/return/<token>", methods=("GET", "POST"))
@any_origin
@public
def pay_return(token: str) -> Response:
    """Back from the gateway, by whatever method, without cookies.

    What the visitor brings is not believed: the gateway is asked. Its address has no language, so the order says which.
    """
    state = current()
    found = returned_payment(state.site, token)
    if found is None:
        raise NotFound
    # A gateway that does not answer now is asked again later; the order's page shows what is known.
    with suppress(Refused, Broken):
        fetch_payment(state, found.payment_id)
    page_of_order = link(state.site, "storefront.confirmation", language=found.language, secret=found.secret)
    return redirect(page_of_order.removeprefix(state.site.origin))


def order_url(secret: str) -> str:
    """The page that says how the order stands, and offers another try where the payment failed."""
    return url_for("storefront.confirmation", secret=secret)


def pay_response(state: SiteState, order_id: int, secret: str, placed: Opened | None = None) -> Response:
    """Begin the order's payment and send the shopper where it goes on; answers a POST. As `begin_payment`.

    Whatever the gateway does, the order is stored: where it fails, its page says so and offers another try.
    """
    try:
        begun = begin_payment(state, order_id, placed)
    except (Refused, Broken):
        return redirect(order_url(secret))
    if not isinstance(begun, Redirect):
        return redirect(order_url(secret))
    if not begun.fields:
        return redirect(begun.url)
    parts = urlsplit(begun.url)
    allow_hosts(form_action_hosts=(f"{parts.scheme}://{parts.netloc}",))
    return make_response(page("pages/onward.html", url=begun.url, fields=begun.fields, title=_("To the payment")))
