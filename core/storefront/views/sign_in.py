"""Ways into an account beside the password: the second step with a code, and passkeys."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, request, url_for

from core.accounts import services as accounts
from core.accounts.models import Shopper
from core.accounts.services import factor, passkeys
from core.cart.services import claim_cart
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.respond import note, page, redirect
from core.kernel.security import local_path, public, shopper
from core.kernel.sites import current
from core.lib.errors import Refused
from core.storefront.services.entering import tell_entered
from core.storefront.services.fields import Errors, Field, field, form, password_field, said
from core.storefront.views.account import account_page, myself
from core.storefront.views.basket import cart_token, keep_mine, remember_cart
from core.storefront.views.place import VIEWS

_HERE = "account_details"


def enter(person: Shopper, next_path: str) -> Response:
    """What follows a right password: the account, or the question for a code."""
    if factor.is_asked(person):
        return _code_page(factor.ticket(person), next_path, {})
    return let_in(person, next_path)


def let_in(person: Shopper, next_path: str) -> Response:
    """Log in, and let the cart of before be the shopper's."""
    accounts.login_shopper(person)
    token = claim_cart(current().site, cart_token(), person.id)
    home = url_for("storefront.checkout") if next_path == "checkout" else url_for("storefront.account")
    answer = redirect(local_path(next_path, home))
    for name, held in tell_entered(current(), person.id, request.cookies).items():
        keep_mine(answer, name, held)
    return remember_cart(answer, token) if token else answer


@VIEWS.post("/login/code")
@public
def login_code() -> Response:
    """The second step: a code, with the proof that the password was right."""
    proof, next_path = request.form.get("proof", ""), request.form.get("next", "")
    try:
        person = factor.shopper_bearer(current().site, proof)
        factor.check(person, request.form.get("code", ""))
        return let_in(person, next_path)
    except factor.TicketOver as error:
        note(i18n.say(error))
        return redirect(url_for("storefront.login", next=next_path or None))
    except Refused as error:
        return _code_page(proof, next_path, said(error), error.status)


def _code_page(proof: str, next_path: str, errors: Errors, status: int = 200) -> Response:
    shown = form([_code_field(errors)], errors, next_path)
    answer = page("pages/login_code.html", status, form=shown, proof=proof)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _code_field(errors: Errors, *, is_first: bool = False) -> Field:
    digits, either = (
        _("The six digits of your authenticator app."),
        _("The six digits of your authenticator app, or a recovery code."),
    )
    help_text = digits if is_first else either
    return field(
        "code",
        _("Sign-in code"),
        errors=errors,
        help=help_text,
        autocomplete="one-time-code",
        max=40,
        wide=True,
        mode="text",
    )


@VIEWS.post("/login/passkey/ask")
@public
def ask_passkey() -> Response:
    """The question that a browser hands to a passkey."""
    return Response(passkeys.ask_entry(current().site, origin=_origin()), mimetype="application/json")


@VIEWS.post("/login/passkey")
@public
def login_passkey() -> Response:
    """Log in by what a passkey answered: it is both steps at once."""
    next_path = request.form.get("next", "")
    try:
        person = passkeys.shopper_by_passkey(current().site, request.form.get("answer", ""), origin=_origin())
        return let_in(person, next_path)
    except Refused as error:
        note(i18n.say(error))
        return redirect(url_for("storefront.login", next=next_path or None))


def _origin() -> str:
    return request.host_url.rstrip("/")


# -- the second step, in the account -----------------------------------------------------------------------------------


@VIEWS.get("/account/second-step")
@shopper
def second_step() -> Response:
    """How it stands, and the next act."""
    return _step_page({})


@VIEWS.post("/account/second-step", endpoint="begin_second_step")
@shopper
def begin_second_step() -> Response:
    """Make a key for an authenticator app, for who knows the password: else an open browser locks its owner out."""
    try:
        accounts.prove(myself(), request.form.get("current", ""), address=request.remote_addr or "")
    except Refused as error:
        return _step_page(said(error), status=error.status)
    factor.begin(myself())
    return redirect(url_for("storefront.second_step"))


@VIEWS.post("/account/second-step/<any(confirm, codes, off):act>", endpoint="act_on_second_step")
@shopper
def act_on_second_step(act: str) -> Response:
    """Confirm the app, make new recovery codes, or ask for no code any more: each for a code."""
    person, code, codes = myself(), request.form.get("code", ""), list[str]()
    try:
        if act == "confirm":
            codes = factor.confirm(person, code)
            accounts.login_shopper(person)
        elif act == "codes":
            codes = factor.renew_codes(person, code)
        else:
            factor.switch_off(person, code)
    except Refused as error:
        return _step_page(said(error), status=error.status)
    if act == "off":
        note(_("You are no longer asked for a code."))
        return redirect(url_for("storefront.account_details"))
    return _step_page({}, codes=codes)


def _step_page(errors: Mapping[str, str], *, codes: list[str] | None = None, status: int = 200) -> Response:
    known = factor.factor(myself(), current().site.name)
    asks_password = not (known.is_on or known.key)
    fields = [_password(errors)] if asks_password else [_code_field(errors, is_first=not known.is_on)]
    shown = form(fields, errors)
    answer = account_page("pages/account_second_step.html", _HERE, status, form=shown, factor=known, codes=codes or [])
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _password(errors: Mapping[str, str]) -> Field:
    return password_field("current", _("Your password"), "current-password", errors)


# -- passkeys, in the account ------------------------------------------------------------------------------------------


@VIEWS.get("/account/passkeys")
@shopper
def account_passkeys() -> Response:
    """The passkeys, and the form that begins a new one."""
    return _passkeys_page({})


@VIEWS.post("/account/passkeys/new", endpoint="ask_new_passkey")
@shopper
def ask_new_passkey() -> Response:
    """The page on which the browser makes the passkey, for who knows the password."""
    try:
        accounts.prove(myself(), request.form.get("current", ""), address=request.remote_addr or "")
        options = passkeys.ask_new(current().site, myself(), origin=_origin())
    except Refused as error:
        return _passkeys_page(said(error), error.status)
    return account_page("pages/account_passkey.html", _HERE, options=options)


@VIEWS.post("/account/passkeys", endpoint="add_passkey")
@shopper
def add_passkey() -> Response:
    """Keep the passkey that the browser made."""
    try:
        passkeys.add(
            current().site,
            myself(),
            request.form.get("answer", ""),
            name=accounts.device(request.user_agent.string),
            origin=_origin(),
        )
    except Refused as error:
        return _passkeys_page(said(error), error.status)
    note(_("The passkey is kept. From now on you can sign in with it."))
    return redirect(url_for("storefront.account_passkeys"))


@VIEWS.post("/account/passkeys/<int:passkey_id>/remove")
@shopper
def remove_passkey(passkey_id: int) -> Response:
    """Let it open nothing any more. One of somebody else does not exist."""
    passkeys.remove_passkey(myself(), passkey_id)
    note(_("The passkey is removed here. Remove it on your device, too."))
    return redirect(url_for("storefront.account_passkeys"))


def _passkeys_page(errors: Mapping[str, str], status: int = 200) -> Response:
    shown = form([_password(errors)], errors)
    return account_page(
        "pages/account_passkeys.html", _HERE, status, form=shown, passkeys=passkeys.passkeys_of(myself())
    )
