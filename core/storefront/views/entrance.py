"""Into the account and out of it: log in, register, a new password."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, request, url_for

from core.accounts import services as accounts
from core.accounts.services import TOKEN
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.respond import absolute, note, page, redirect
from core.kernel.security import public
from core.kernel.sites import current
from core.lib.errors import Refused
from core.orders.services.owner import claim_order, claim_orders
from core.storefront.services.fields import Errors, email_field, field, form, password_field, said
from core.storefront.services.navigation import sends_mail
from core.storefront.views.basket import forget_cart, forget_mine
from core.storefront.views.place import VIEWS
from core.storefront.views.sign_in import enter


@VIEWS.get("/login")
@public
def login() -> Response:
    """The form; `next` is a path of this site to go to afterwards."""
    return _login_page({}, {}, request.args.get("next", ""))


@VIEWS.post("/login", endpoint="enter")
@public
def log_in() -> Response:
    """Log a shopper in."""
    sent = request.form
    try:
        shopper = accounts.authenticate(
            current().site, sent.get("email", ""), sent.get("password", ""), address=_address()
        )
        return enter(shopper, sent.get("next", ""))
    except Refused as error:
        return _login_page(sent, said(error), sent.get("next", ""), error.status)


def _login_page(sent: Mapping[str, str], errors: Errors, next_path: str, status: int = 200) -> Response:
    fields = [
        email_field(sent.get("email", ""), errors),
        password_field("password", _("Password"), "current-password", errors),
    ]
    return page("pages/login.html", status, form=form(fields, errors, next_path))


@VIEWS.get("/register")
@public
def register() -> Response:
    """The form for a new account."""
    return _register_page({}, {})


@VIEWS.post("/register", endpoint="begin_account")
@public
def begin_account() -> Response:
    """Make an account, or send the link that makes it."""
    sent, site = request.form, current().site
    try:
        shopper = accounts.register_shopper(
            site,
            email=sent.get("email", ""),
            name=sent.get("name", ""),
            password=sent.get("password", ""),
            language=i18n.language(),
            link=absolute(url_for("storefront.confirm_account", token=TOKEN)),
            address=_address(),
        )
    except Refused as error:
        return _register_page(sent, said(error), error.status)
    return enter(shopper, "") if shopper else page("pages/check_mail.html", email=sent.get("email", ""))


def _register_page(sent: Mapping[str, str], errors: Errors, status: int = 200) -> Response:
    fields = [
        field(
            "name",
            _("Your name"),
            errors=errors,
            value=sent.get("name", ""),
            autocomplete="name",
            optional=True,
            wide=True,
        ),
        email_field(sent.get("email", ""), errors),
        password_field("password", _("Password"), "new-password", errors, help=_("At least eight characters.")),
    ]
    return page("pages/register.html", status, form=form(fields, errors))


@VIEWS.get("/register/<token>")
@public
def confirm_account(token: str) -> Response:
    """Where the link in the message leads: the password once more."""
    return _confirm_page(token, {})


@VIEWS.post("/register/<token>", endpoint="finish_account")
@public
def finish_account(token: str) -> Response:
    """Make the account that was begun, and log in."""
    try:
        shopper = accounts.confirm_registration(
            current().site, token, request.form.get("password", ""), address=_address()
        )
    except Refused as error:
        return _confirm_page(token, said(error), error.status)
    if kept := request.args.get("order"):
        claim_order(current().site, kept, shopper.id)
    claim_orders(current().site, shopper.email, shopper.id)
    return enter(shopper, "")


def _confirm_page(token: str, errors: Errors, status: int = 200) -> Response:
    fields = [
        password_field("password", _("Password"), "current-password", errors, help=_("The one you have just chosen."))
    ]
    target = url_for("storefront.finish_account", token=token, order=request.args.get("order"))
    return page(
        "pages/password.html",
        status,
        title=_("Finish your account"),
        act=_("Create account"),
        target=target,
        form=form(fields, errors),
    )


@VIEWS.get("/password")
@public
def forgot_password() -> Response:
    """Ask for a link by which a new password can be chosen."""
    return _forgot_page({})


@VIEWS.post("/password", endpoint="send_reset")
@public
def send_reset() -> Response:
    """Send the link, if there is such an account; the answer is the same if not."""
    email = request.form.get("email", "")
    link = absolute(url_for("storefront.new_password", token=TOKEN))
    try:
        accounts.request_reset(current().site, email, link=link, language=i18n.language(), address=_address())
    except Refused as error:
        return _forgot_page(said(error), error.status)
    return page("pages/check_mail.html", email=email)


def _forgot_page(errors: Errors, status: int = 200) -> Response:
    promise, none = _("We send you a link, if there is an account."), _("This shop does not send mails yet.")
    fields = [email_field(request.form.get("email", ""), errors, text=promise if sends_mail() else none)]
    target = url_for("storefront.send_reset")
    return page(
        "pages/password.html",
        status,
        title=_("Forgotten your password?"),
        act=_("Send the link"),
        target=target,
        form=form(fields, errors),
    )


@VIEWS.get("/password/<token>")
@public
def new_password(token: str) -> Response:
    """Where the link leads; one that is over leads to a new one."""
    try:
        accounts.check_reset(current().site, token, address=_address())
    except accounts.LinkOver as error:
        return _forgot_page(said(error), error.status)
    return _new_password_page(token, {})


@VIEWS.post("/password/<token>", endpoint="set_password")
@public
def set_password(token: str) -> Response:
    """Store the new password; all sessions of the account end."""
    try:
        accounts.reset_password(current().site, token, request.form.get("password", ""), address=_address())
    except accounts.LinkOver as error:
        return _forgot_page(said(error), error.status)
    except Refused as error:
        return _new_password_page(token, said(error), error.status)
    note(_("Your new password is set. Sign in with it."))
    return redirect(url_for("storefront.login"))


def _new_password_page(token: str, errors: Errors, status: int = 200) -> Response:
    fields = [
        password_field("password", _("New password"), "new-password", errors, help=_("At least eight characters."))
    ]
    target = url_for("storefront.set_password", token=token)
    return page(
        "pages/password.html",
        status,
        title=_("Choose a new password"),
        act=_("Set password"),
        target=target,
        form=form(fields, errors),
    )


@VIEWS.post("/logout")
@public
def logout() -> Response:
    """End the session here, and forget the cart that this browser showed."""
    accounts.logout()
    return forget_mine(forget_cart(redirect(url_for("storefront.home"))))


def _address() -> str:
    return request.remote_addr or ""
