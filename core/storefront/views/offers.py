"""An order that the shop has put together: the shopper looks at it behind a link, and pays it."""

from __future__ import annotations

from flask import Response, request, url_for
from msgspec import Struct

from core.accounts.services import current_shopper
from core.checkout.forms import read_order_form
from core.checkout.services.drafting import addresses_of, look_at_draft, place_draft
from core.checkout.services.place_order import CannotBePlaced, EmptyCart
from core.checkout.services.shapes import CheckoutView
from core.checkout.views import pay_response
from core.kernel import limits
from core.kernel.respond import allow_hosts, hosts_for_forms, page, redirect
from core.kernel.security import public
from core.kernel.sites import current
from core.lib.errors import NotFound, Refused
from core.orders.services.drafts import DraftMoved, DraftView, draft_by_link
from core.storefront.services.checkout import shown_checkout
from core.storefront.services.fields import Errors, address_lines, said
from core.storefront.views.place import VIEWS


@VIEWS.get("/offer/<secret>")
@public
def offer(secret: str) -> Response:
    """What the shop has put together, what it costs, and the ways to pay it. Nothing is ordered by looking."""
    draft = _draft(secret)
    if draft.order_id is not None:
        return _to_order(draft, secret)
    return _page(draft, secret, {})


@VIEWS.post("/offer/<secret>")
@public
def take_offer(secret: str) -> Response:
    """Order it, once, and go on to the payment."""
    state, draft, sent = current(), _draft(secret), read_order_form(request.form)
    if draft.state == "expired":
        return _page(draft, secret, {}, 409)
    person = current_shopper()
    actor = f"shopper:{person.id}" if person and person.id == draft.wish.shopper_id else "guest"
    try:
        limits.take("checkout")
        order = place_draft(
            state, draft, seen_total=sent.seen_total, actor=actor, gateway=sent.details.gateway,
            extra=sent.details.extra, begins=True,
        )  # fmt: skip
    except DraftMoved as error:
        raise NotFound from error
    except (CannotBePlaced, EmptyCart) as error:
        return _page(draft, secret, {}, error.status)
    except Refused as error:
        return _page(draft, secret, said(error), error.status)
    return pay_response(state, order.id, order.secret, order.payment)


def _draft(secret: str) -> DraftView:
    found = draft_by_link(current().site, secret)
    if found is None or found.state == "dropped":
        raise NotFound
    return found


def _to_order(draft: DraftView, secret: str) -> Response:
    """The link was used: whoever holds it sees the order that it became."""
    del secret
    placed = place_draft(current(), draft, seen_total=None, actor="guest")
    return redirect(url_for("storefront.confirmation", secret=placed.secret))


class OfferPlace(Struct, frozen=True, kw_only=True):
    """An address that something goes to, the way there, and of several what it is: (pieces, name)."""

    address: tuple[str, ...]
    title: str
    goods: tuple[tuple[int, str], ...]


def _places(view: CheckoutView) -> list[OfferPlace]:
    there = zip(addresses_of(view), view.quote.deliveries, strict=True)
    return [
        OfferPlace(
            address=address_lines(address), title=delivery.rate.title if delivery.rate else "",
            goods=tuple(
                (one.line.quantity, one.line.name)
                for one in view.quote.lines
                if len(view.places) > 1 and one.place == place and one.line.needs_delivery
            ),
        )
        for place, (address, delivery) in enumerate(there)
        if address is not None
    ]  # fmt: skip


def _page(draft: DraftView, secret: str, errors: Errors, status: int = 200) -> Response:
    state = current()
    view = look_at_draft(state, draft, gateway=request.form.get("gateway", ""))
    allow_hosts(form_action_hosts=hosts_for_forms(state))
    answer = page(
        "pages/offer.html",
        status,
        checkout=shown_checkout(view, state.site, errors),
        offer=draft,
        secret=secret,
        can_be_ordered=draft.state == "sent" and bool(view.lines) and not view.problems,
        places=_places(view),
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer
