"""Shoppers change, cancel and send back by themselves, from the page of their order.

Whoever has the order's secret (its link, or the account that shows it) may; every address begins with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from flask import Response, request, url_for

from core.checkout.services.changing import PreviewMoved
from core.checkout.services.exchanging import Net, net_of
from core.checkout.services.own_changes import WindowClosed, change_own, check_window, preview_own, was_changed
from core.kernel import limits
from core.kernel.i18n import gettext as _
from core.kernel.respond import actor, is_open, note, page, redirect
from core.kernel.security import public
from core.kernel.sites import current
from core.lib.errors import NotFound, Refused
from core.lib.qr import drawing
from core.orders.services import photos
from core.orders.services.case import request_case, withdraw_case
from core.orders.services.case_reading import case_view, was_requested
from core.orders.services.case_shapes import REQUESTED, WITHDRAWN, WrongStep
from core.orders.services.change import ChangeStale
from core.orders.services.instructing import begin_instructions
from core.orders.services.promises import money_back
from core.orders.services.read import OrderView
from core.orders.services.return_labels import can_be_sent, label_file, return_address, return_number
from core.storefront.services.fields import Errors, said
from core.storefront.services.order import shown_order
from core.storefront.services.own_change import change_errors, change_form, read_change, shown_preview
from core.storefront.services.own_order import own_side, placed_errors
from core.storefront.services.own_returns import WantedReturn, form_key, read_return, return_form
from core.storefront.views.own_links import own_order
from core.storefront.views.place import VIEWS

_LIMIT = "own_order"


@VIEWS.get("/order/<secret>/change")
@public
def own_change(secret: str) -> Response:
    """The form: how many of each, and where to."""
    return _change_page(own_order(secret), request.args, {})


@VIEWS.post("/order/<secret>/change", endpoint="preview_own_change")
@public
def preview(secret: str) -> Response:
    """What the change would do. A page: nothing is stored by it."""
    order, sent = own_order(secret), request.form
    if "back" in sent or "fields" in sent:
        return _change_page(order, sent, {})
    return _preview_page(order, sent, {})


@VIEWS.post("/order/<secret>/change/confirm", endpoint="confirm_own_change")
@public
def confirm(secret: str) -> Response:
    """Do what was shown, once."""
    order, sent = own_order(secret), request.form
    key = sent.get("key", "")[:60]
    if was_changed(current(), order.id, key):
        return _changed(order)
    try:
        limits.take(_LIMIT, secret)
        check_window(order)
        change_own(
            current(),
            order.id,
            read_change(order, sent, may_add=is_open()),
            key=key,
            actor=actor(),
            seen_price=_whole(sent.get("seen_price", "")),
            seen_version=_whole(sent["seen_version"]) if "seen_version" in sent else None,
        )
    except (PreviewMoved, ChangeStale) as error:
        return _preview_page(order, sent, said(error), error.status)
    except Refused as error:
        return _change_page(own_order(secret), sent, change_errors(order, error), error.status)
    begin_instructions(current(), order.id)
    return _changed(own_order(secret))


def _changed(order: OrderView) -> Response:
    note(_("Your order is cancelled.") if order.status.order == "cancelled" else _("Your order is changed."))
    return _to_order(order)


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else -1


def _preview_page(order: OrderView, sent: Mapping[str, str], errors: Errors, status: int = 200) -> Response:
    try:
        limits.take(_LIMIT, order.secret)
        check_window(order)
        actions = read_change(order, sent, may_add=is_open())
        found = preview_own(current(), order.id, actions, actor=actor())
    except Refused as error:
        return _change_page(order, sent, change_errors(order, error), error.status)
    shown = shown_preview(order, found, actions, sent, partial(money_back, current(), order))
    problems = [("", text) for text in errors.values()]
    return _private("pages/order_change_preview.html", status, order, preview=shown, problems=problems)


def _change_page(order: OrderView, sent: Mapping[str, str], errors: Errors, status: int = 200) -> Response:
    own = own_side(current().site, order)
    if not own.can_be_changed and not errors:
        try:
            check_window(order)
        except WindowClosed as error:
            errors, status = said(error), error.status
    form = change_form(order, sent, errors)
    return _private("pages/order_change.html", status, order, form=form, own=own)


# -- sending back ------------------------------------------------------------------------------------------------------


@VIEWS.get("/order/<secret>/return")
@public
def own_return(secret: str) -> Response:
    """The form: what comes back or is claimed, and why; or why nothing may."""
    return _return_page(own_order(secret), {}, {})


@VIEWS.post("/order/<secret>/return", endpoint="ask_return")
@public
def ask(secret: str) -> Response:
    """Ask for the return or make the claim, once."""
    order, sent, site = own_order(secret), request.form, current().site
    if "look" in sent:
        return _looked(order, sent)
    try:
        limits.take(_LIMIT, secret)
        if not ((key := form_key(sent)) and was_requested(site, order.id, key)):
            _ask(order, read_return(site, order, sent))
    except Refused as error:
        return _return_page(own_order(secret), sent, placed_errors(order, error), error.status)
    note(_("We have your request. What happens next stands below."))
    return _to_order(order)


def _looked(order: OrderView, sent: Mapping[str, str]) -> Response:
    """The form once more, with other products that were looked for or what the exchange comes to. Stores nothing."""
    site, net = current().site, None
    if sent["look"] == "sums":
        try:
            limits.take(_LIMIT, order.secret)
            wanted = read_return(site, order, sent)
            net = net_of(current(), order, wanted.lines, wanted.wanted, wanted.reason) if wanted.wanted else None
        except Refused as error:
            return _return_page(order, sent, placed_errors(order, error), error.status)
        if net is None:
            return _return_page(order, sent, {"find": _("Choose something to be sent instead.")}, 422)
    return _return_page(order, sent, {}, net=net)


def _ask(order: OrderView, wanted: WantedReturn) -> None:
    """Photos first, since no file is written within a transaction; those of no case go again."""
    site, sent = current().site, [one.read() for one in request.files.getlist("photos") if one.filename]
    kept = photos.keep(sent)
    used: tuple[str, ...] = ()
    try:
        case_id = request_case(
            site,
            order.id,
            kind=wanted.kind,
            lines=wanted.lines,
            reason=wanted.reason,
            key=wanted.key,
            actor=actor(),
            note_text=wanted.note,
            photos=kept,
            wanted=wanted.wanted,
            wish=wanted.wish,
        )
        used = case_view(site, case_id).photos
    finally:
        photos.drop([name for name in kept if name not in used])


@VIEWS.get("/order/<secret>/return/<int:case_id>/label", endpoint="own_label")
@public
def label(secret: str, case_id: int) -> Response:
    """What goes with the goods: a carrier's own label, where the shop has bought one, else one to print."""
    order = own_order(secret)
    case = case_view(current().site, case_id)
    if case.order_id != order.id or not (case.label or can_be_sent(case)):
        raise NotFound
    if case.label:
        return label_file(case)
    return _private(
        "pages/order_label.html",
        200,
        order,
        case=case,
        return_number=return_number(case),
        code=drawing(return_number(case)),
        send_to=return_address(current().site) or [current().site.name],
    )


@VIEWS.post("/order/<secret>/return/<int:case_id>/withdraw", endpoint="withdraw_return")
@public
def withdraw(secret: str, case_id: int) -> Response:
    """Take a request back, while it is only that."""
    order = own_order(secret)
    limits.take(_LIMIT, secret)
    try:
        _withdraw(order, case_id)
    except WrongStep:
        note(_("We have answered your request meanwhile, so it cannot be withdrawn here. Look at it below."), "warn")
    else:
        note(_("Your request is withdrawn."))
    return _to_order(order)


def _withdraw(order: OrderView, case_id: int) -> None:
    site = current().site
    case = case_view(site, case_id)
    if case.order_id != order.id:
        raise NotFound
    if case.state == WITHDRAWN:
        return
    if case.state != REQUESTED:
        raise WrongStep
    withdraw_case(site, case_id, actor=actor())


def _return_page(
    order: OrderView, sent: Mapping[str, str], errors: Errors, status: int = 200, *, net: Net | None = None
) -> Response:
    site = current().site
    own = own_side(site, order)
    form = return_form(site, order, sent, errors, is_late=bool(own.returning), net=net)
    # A browser sends files once; everything else that was typed stands in the form again.
    again = (bool(errors) or "look" in sent) and any(one.filename for one in request.files.getlist("photos"))
    return _private("pages/order_return.html", status, order, form=form, own=own, again=again)


def _to_order(order: OrderView) -> Response:
    return redirect(url_for("storefront.order", secret=order.secret))


def _private(template: str, status: int, order: OrderView, **values: object) -> Response:
    answer = page(template, status, order=shown_order(current(), order, own=False), **values)
    answer.headers["Cache-Control"] = "no-store"
    return answer
