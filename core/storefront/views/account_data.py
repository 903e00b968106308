"""A copy of all that the shop knows of a shopper, and the end of the account."""

from __future__ import annotations

from flask import Response, request, session, url_for

from core.accounts import services as accounts
from core.checkout.services.shopper_data import exported
from core.kernel.i18n import gettext as _
from core.kernel.respond import note, redirect
from core.kernel.security import shopper
from core.kernel.sites import current
from core.lib.errors import Refused
from core.storefront.services.fields import Errors, form, password_field, said
from core.storefront.views.account import account_page, myself
from core.storefront.views.place import VIEWS

_HERE = "account_data"


@VIEWS.get("/account/data")
@shopper
def account_data() -> Response:
    """The two ways, and when the account goes, if that was asked for."""
    return account_page("pages/account_data.html", _HERE, erase_at=myself().erase_at)


@VIEWS.get("/account/data/copy")
@shopper
def data_copy() -> Response:
    """The form that asks for the password first."""
    return _copy_page({})


@VIEWS.post("/account/data/copy", endpoint="download_data")
@shopper
def download_data() -> Response:
    """The copy as a file. Nothing is stored by it."""
    try:
        accounts.prove(myself(), request.form.get("current", ""), address=request.remote_addr or "")
    except Refused as error:
        return _copy_page(said(error), error.status)
    answer = Response(exported(current().site, myself()), mimetype="application/json")
    answer.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return answer


def _copy_page(errors: Errors, status: int = 200) -> Response:
    fields = [password_field("current", _("Your password"), "current-password", errors)]
    words = {
        "title": _("A copy of your data"),
        "text": _("Your details, addresses, devices and orders, in one file that programs can read (JSON)."),
        "act": _("Download"),
        "target": url_for("storefront.download_data"),
    }
    return account_page("pages/account_form.html", _HERE, status, form=form(fields, errors), **words)


@VIEWS.get("/account/data/erase")
@shopper
def erase_account() -> Response:
    """What happens, and the form that asks for the password."""
    return _erase_page({})


@VIEWS.post("/account/data/erase", endpoint="ask_erasure")
@shopper
def ask_erasure() -> Response:
    """Let the account be erased in two weeks."""
    here: int | None = session.id  # type: ignore[attr-defined]  # our own session class has it
    sent, client = request.form.get("current", ""), request.remote_addr or ""
    try:
        accounts.request_erasure(current().site, myself(), password=sent, address=client, keep=here)
    except Refused as error:
        return _erase_page(said(error), error.status)
    return redirect(url_for("storefront.account_data"))


@VIEWS.post("/account/data/keep")
@shopper
def keep_account() -> Response:
    """Take the wish back."""
    accounts.keep_account(current().site, myself())
    note(_("Your account stays."))
    return redirect(url_for("storefront.account_data"))


def _erase_page(errors: Errors, status: int = 200) -> Response:
    fields = [password_field("current", _("Your password"), "current-password", errors)]
    words = {
        "title": _("Erase your account"),
        "text": _(
            "In 14 days your account, addresses and devices are erased. Until then you can sign in and keep it. "
            "Of your orders there stays only what the law makes us keep: the bill with its name and address."
        ),
        "act": _("Erase in 14 days"),
        "target": url_for("storefront.ask_erasure"),
    }
    return account_page("pages/account_form.html", _HERE, status, form=form(fields, errors), **words)
