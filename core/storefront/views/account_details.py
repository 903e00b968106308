"""What a shopper says of themselves: name, phone, language, e-mail address and password."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, request, url_for

from core.accounts import services as accounts
from core.accounts.services import TOKEN, factor, passkeys
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.respond import absolute, note, redirect
from core.kernel.security import shopper
from core.kernel.sites import current
from core.lib.errors import Refused
from core.orders.services.owner import claim_orders
from core.storefront.services.fields import Errors, email_field, field, form, password_field, said
from core.storefront.views.account import account_page, myself
from core.storefront.views.place import VIEWS

_HERE = "account_details"


@VIEWS.get("/account/details")
@shopper
def account_details() -> Response:
    """Name, phone and language, and the ways to another address and password."""
    person = myself()
    return _details_page({"name": person.name, "phone": person.phone, "language": person.language}, {})


@VIEWS.post("/account/details", endpoint="save_details")
@shopper
def save_details() -> Response:
    """Keep what was changed."""
    sent = {name: request.form.get(name, "") for name in ("name", "phone", "language")}
    try:
        accounts.update_shopper(current().site, myself().id, **sent)
    except Refused as error:
        return _details_page(sent, said(error), error.status)
    note(_("Your details are kept."))
    return redirect(url_for("storefront.account_details"))


def _details_page(known: Mapping[str, str], errors: Errors, status: int = 200) -> Response:
    languages = [(code, i18n.language_name(code)) for code in current().site.languages]
    fields = [
        field("name", _("Your name"), errors=errors, value=known["name"], autocomplete="name", optional=True, max=120),
        field(
            "phone",
            _("Phone"),
            errors=errors,
            value=known["phone"],
            type="tel",
            autocomplete="tel",
            optional=True,
            max=40,
        ),
        field("language", _("Language of our mails"), errors=errors, value=known["language"], options=languages),
    ]
    ways = {"has_factor": factor.is_asked(myself()), "passkeys": len(passkeys.passkeys_of(myself()))}
    return account_page("pages/account_details.html", _HERE, status, form=form(fields, errors), **ways)


@VIEWS.get("/account/password")
@shopper
def own_password() -> Response:
    """The form for another password."""
    return _password_page({}, end_others=True)


@VIEWS.post("/account/password", endpoint="change_password")
@shopper
def change_password() -> Response:
    """Change the password; this browser stays signed in, the others as was chosen."""
    person, sent = myself(), request.form
    end_others = "end_others" in sent
    try:
        accounts.change_password(
            person,
            sent.get("current", ""),
            sent.get("password", ""),
            address=request.remote_addr or "",
            end_others=end_others,
        )
    except Refused as error:
        return _password_page(said(error), error.status, end_others=end_others)
    accounts.login_shopper(person)
    note(_("Your password is changed."))
    return redirect(url_for("storefront.account_details"))


def _password_page(errors: Errors, status: int = 200, *, end_others: bool) -> Response:
    box = field(
        "end_others", _("Sign out everywhere else"), type="checkbox", value=end_others, optional=True, wide=True
    )
    fields = [
        password_field("current", _("Present password"), "current-password", errors),
        password_field("password", _("New password"), "new-password", errors, help=_("At least eight characters.")),
        box,
    ]
    target = url_for("storefront.change_password")
    words = {"title": _("Another password"), "act": _("Change the password"), "target": target}
    return account_page("pages/account_form.html", _HERE, status, form=form(fields, errors), **words)


@VIEWS.get("/account/email")
@shopper
def own_email() -> Response:
    """The form for another address."""
    return _email_page({})


@VIEWS.post("/account/email", endpoint="change_email")
@shopper
def change_email() -> Response:
    """Ask the new address to confirm; the old one is told."""
    try:
        done = accounts.request_email(
            current().site,
            myself(),
            request.form.get("email", ""),
            password=request.form.get("current", ""),
            link=absolute(url_for("storefront.confirm_email", token=TOKEN)),
            address=request.remote_addr or "",
        )
    except Refused as error:
        return _email_page(said(error), error.status)
    told = _("Your address is changed.") if done else _("Open the link that we have just sent to the new address.")
    note(told)
    return redirect(url_for("storefront.account_details"))


def _email_page(errors: Errors, status: int = 200) -> Response:
    hint = _("We send a link there. Until you open it, your present address stays.")
    fields = [
        email_field(request.form.get("email", ""), errors, text=hint),
        password_field("current", _("Your password"), "current-password", errors),
    ]
    words = {
        "title": _("Another e-mail address"),
        "act": _("Send the link"),
        "target": url_for("storefront.change_email"),
    }
    return account_page("pages/account_form.html", _HERE, status, form=form(fields, errors), **words)


@VIEWS.get("/account/email/<token>")
@shopper
def confirm_email(token: str) -> Response:
    """Where the link leads, and one that is over to a new one; nothing is changed by opening it."""
    try:
        email = accounts.new_email(current().site, myself(), token, address=request.remote_addr or "")
    except accounts.LinkOver as error:
        return _email_page(said(error), error.status)
    return account_page(
        "pages/account_form.html",
        _HERE,
        form=form([], {}),
        title=_("Another e-mail address"),
        text=_("Use %(email)s from now on?", email=email),
        act=_("Use this address"),
        target=url_for("storefront.take_email", token=token),
    )


@VIEWS.post("/account/email/<token>", endpoint="take_email")
@shopper
def take_email(token: str) -> Response:
    """Take the new address, and the orders that were placed with it as a guest."""
    person, site = myself(), current().site
    try:
        accounts.confirm_email(site, person, token, address=request.remote_addr or "")
    except (accounts.LinkOver, accounts.EmailTaken) as error:
        return _email_page(said(error), error.status)
    claim_orders(site, person.email, person.id)
    note(_("Your address is changed."))
    return redirect(url_for("storefront.account_details"))
