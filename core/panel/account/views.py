"""Signing in and out, the own password, the own sessions, and the own look of the panel."""

from __future__ import annotations

from flask import Response, request, session, url_for

from core.accounts import services as accounts
from core.accounts.services import factor, passkeys
from core.kernel import i18n, respond, sessions
from core.kernel.i18n import gettext as _
from core.kernel.messages import sends_messages
from core.kernel.security import local_path, public, staff
from core.kernel.sites import current
from core.lib.errors import NotFound, Refused
from core.panel.account.forms import (
    CodeForm,
    FirstCodeForm,
    ForgottenForm,
    LoginForm,
    NewPasswordForm,
    PasswordForm,
    ProofForm,
)
from core.panel.forms import PanelForm
from core.panel.shell import SCHEME, SCHEMES, panel, shell
from core.panel.shell.answers import page, to

_YEAR_S = 31_536_000


@panel.get("/login", endpoint="login")
@public
def ask() -> Response:
    """The form to sign in; who is in already goes on."""
    if shell().visitor.is_staff:
        return respond.redirect(url_for("panel.home"))
    return _login_page(LoginForm(), [], request.args.get("next", ""))


@panel.post("/login", endpoint="login_save")
@public
def login() -> Response:
    """Sign in with address and password."""
    form, then = LoginForm(request.form), request.form.get("next", "")
    if not form.validate():
        return _login_page(form, form.problems, then, 422)
    try:
        found = accounts.authenticate_staff(form.email.data, form.password.data, address=request.remote_addr or "")
        if factor.is_asked(found):
            return _code_page(CodeForm(), [], factor.ticket(found), then)
        accounts.login_staff(found)
    except Refused as refusal:
        return _login_page(form, [("email", i18n.say(refusal))], then, refusal.status)
    return respond.redirect(local_path(then, url_for("panel.home")))


@panel.post("/login/code", endpoint="login_code")
@public
def login_by_code() -> Response:
    """The second step of signing in: a code, with the proof that the password was right."""
    form, then, proof = CodeForm(request.form), request.form.get("next", ""), request.form.get("proof", "")
    if not form.validate():
        return _code_page(form, form.problems, proof, then, 422)
    try:
        person = factor.bearer(proof)
        factor.check(person, form.code.data)
        accounts.login_staff(person)
    except factor.TicketOver as refusal:
        return _login_page(LoginForm(), [("email", i18n.say(refusal))], then, refusal.status)
    except Refused as refusal:
        return _code_page(form, form.refuse("code", i18n.say(refusal)), proof, then, refusal.status)
    return respond.redirect(local_path(then, url_for("panel.home")))


@panel.post("/login/passkey/ask", endpoint="passkey_ask")
@public
def ask_passkey() -> Response:
    """The question that a browser hands to a passkey."""
    return Response(passkeys.ask_entry(shell().site, origin=_origin()), mimetype="application/json")


@panel.post("/login/passkey", endpoint="login_passkey")
@public
def login_by_passkey() -> Response:
    """Sign in by what a passkey answered: it is both steps at once."""
    then = request.form.get("next", "")
    try:
        person = passkeys.staff_by_passkey(shell().site, request.form.get("answer", ""), origin=_origin())
        accounts.login_staff(person)
    except Refused as refusal:
        return _login_page(LoginForm(), [("email", i18n.say(refusal))], then, refusal.status)
    return respond.redirect(local_path(then, url_for("panel.home")))


@panel.post("/logout", endpoint="logout")
@staff(locked=True)
def logout() -> Response:
    """End this session."""
    accounts.logout()
    return respond.redirect(url_for("panel.login"))


# -- a forgotten password ---------------------------------------------------------------------------------------------


@panel.get("/login/forgotten", endpoint="forgotten")
@public
def ask_link() -> Response:
    """The form to ask for a link by which a new password can be chosen; who is in already goes on."""
    if shell().visitor.is_staff:
        return respond.redirect(url_for("panel.account"))
    return _forgotten_page(ForgottenForm(), [])


@panel.post("/login/forgotten", endpoint="forgotten_send")
@public
def send_link() -> Response:
    """Send the link, if there is such a person; the answer is the same if not."""
    form, site = ForgottenForm(request.form), shell().site
    if not form.validate():
        return _forgotten_page(form, form.problems, 422)
    link = site.origin + url_for("panel.new_password", token=accounts.TOKEN)
    asked = {"link": link, "language": i18n.language(), "address": request.remote_addr or ""}
    try:
        accounts.request_reset(site, form.email.data, for_staff=True, **asked)
    except Refused as refusal:
        return _forgotten_page(form, form.refuse("email", i18n.say(refusal)), refusal.status)
    return _forgotten_page(form, [], sent=True)


@panel.get("/login/forgotten/<token>", endpoint="new_password")
@public
def ask_new_password(token: str) -> Response:
    """Where the link leads."""
    try:
        accounts.check_reset(shell().site, token, address=request.remote_addr or "")
    except accounts.LinkOver as refusal:
        return _forgotten_page(ForgottenForm(), [("email", i18n.say(refusal))], refusal.status)
    return page("new_password.html", form=NewPasswordForm(), problems=[])


@panel.post("/login/forgotten/<token>", endpoint="new_password_save")
@public
def set_new_password(token: str) -> Response:
    """Set the new password; all sessions of this person end, and the second step is asked as ever."""
    form = NewPasswordForm(request.form)
    if not form.validate():
        return page("new_password.html", 422, form=form, problems=form.problems)
    try:
        accounts.reset_password(shell().site, token, form.password.data, address=request.remote_addr or "")
    except accounts.LinkOver as refusal:
        return _forgotten_page(ForgottenForm(), [("email", i18n.say(refusal))], refusal.status)
    except Refused as refusal:
        problems = form.refuse(refusal.field or "password", i18n.say(refusal))
        return page("new_password.html", refusal.status, form=form, problems=problems)
    return to("panel.login", say=_("Your new password is set. Sign in with it."))


def _forgotten_page(
    form: ForgottenForm, problems: list[tuple[str, str]], status: int = 200, *, sent: bool = False
) -> Response:
    sends = sends_messages(current())
    return page("forgotten.html", status, form=form, problems=problems, sends=sends, sent=sent and sends)


# -- the own account --------------------------------------------------------------------------------------------------


@panel.get("/password", endpoint="password")
@staff(locked=True)
def ask_password() -> Response:
    """The page on which a one-time password is replaced: the account's page."""
    return respond.redirect(url_for("panel.account"))


@panel.get("/account", endpoint="account")
@staff(locked=True)
def account() -> Response:
    """The own password and sessions."""
    return _account_page(PasswordForm(), [])


@panel.post("/account", endpoint="account_save")
@staff(locked=True)
def change_password() -> Response:
    """Set another password; all other sessions of this person end."""
    form, person = PasswordForm(request.form), shell().person
    if not form.validate():
        return _account_page(form, form.problems, 422)
    try:
        accounts.change_password(person, form.current.data, form.password.data, address=request.remote_addr or "")
    except Refused as refusal:
        return _account_page(form, form.refuse(refusal.field, i18n.say(refusal)), refusal.status)
    accounts.login_staff(person)
    return to("panel.home", say=_("Your password is changed. Everywhere else you are signed out."))


# -- the second factor ----------------------------------------------------------------------------------------------


@panel.get("/account/second-factor", endpoint="second_factor")
@staff()
def second_factor() -> Response:
    """How it stands, and the next step."""
    return _factor_page(None, [])


@panel.post("/account/second-factor", endpoint="second_factor_begin")
@staff()
def begin_factor() -> Response:
    """Make a key for an authenticator app, for who knows the password: else an open browser locks its owner out."""
    form = ProofForm(request.form)
    if not form.validate():
        return _factor_page(form, form.problems, status=422)
    try:
        accounts.prove(shell().person, form.proof.data, address=request.remote_addr or "")
    except Refused as refusal:
        return _factor_page(form, form.refuse("proof", i18n.say(refusal)), status=refusal.status)
    factor.begin(shell().person)
    return respond.redirect(url_for("panel.second_factor"))


@panel.post("/account/second-factor/<any(confirm, codes, off):act>", endpoint="second_factor_act")
@staff()
def act_on_factor(act: str) -> Response:
    """Confirm the app, make new recovery codes, or ask for no code any more: each for a code."""
    form, person, codes = (FirstCodeForm if act == "confirm" else CodeForm)(request.form), shell().person, list[str]()
    if not form.validate():
        return _factor_page(form, form.problems, status=422)
    try:
        if act == "confirm":
            codes = factor.confirm(person, form.code.data)
            accounts.login_staff(person)
        elif act == "codes":
            codes = factor.renew_codes(person, form.code.data)
        else:
            factor.switch_off(person, form.code.data)
    except Refused as refusal:
        return _factor_page(form, form.refuse(refusal.field, i18n.say(refusal)), status=refusal.status)
    if act == "off":
        return to("panel.account", say=_("You are no longer asked for a code."))
    return _factor_page(None, [], codes=codes)


# -- passkeys ---------------------------------------------------------------------------------------------------------


@panel.post("/account/passkeys/new", endpoint="passkey_new")
@staff()
def ask_new_passkey() -> Response:
    """The page on which the browser makes a passkey, for who knows the password."""
    form = ProofForm(request.form)
    if not form.validate():
        return _account_page(PasswordForm(), form.problems, 422, proof=form)
    try:
        accounts.prove(shell().person, form.proof.data, address=request.remote_addr or "")
        options = passkeys.ask_new(shell().site, shell().person, origin=_origin())
    except Refused as refusal:
        return _account_page(PasswordForm(), form.refuse("proof", i18n.say(refusal)), refusal.status, proof=form)
    return page("passkey.html", options=options)


@panel.post("/account/passkeys", endpoint="passkey_add")
@staff()
def add_passkey() -> Response:
    """Keep the passkey that the browser made."""
    name = accounts.device(request.user_agent.string)
    try:
        passkeys.add(shell().site, shell().person, request.form.get("answer", ""), name=name, origin=_origin())
    except Refused as refusal:
        return _account_page(PasswordForm(), [("proof", i18n.say(refusal))], refusal.status)
    return to("panel.account", say=_("The passkey is kept. From now on you can sign in with it."))


@panel.post("/account/passkeys/<int:passkey_id>/remove", endpoint="passkey_remove")
@staff()
def remove_passkey(passkey_id: int) -> Response:
    """Let one of the own passkeys open nothing any more."""
    passkeys.remove_passkey(shell().person, passkey_id)
    return to("panel.account", say=_("The passkey is removed here. Remove it on your device, too."))


def _origin() -> str:
    return request.host_url.rstrip("/")


@panel.post("/account/sessions/<int:session_id>/end", endpoint="session_end")
@staff()
def end_session(session_id: int) -> Response:
    """End one of the own sessions."""
    if not sessions.end_session(session_id, staff_id=shell().person.id):
        raise NotFound
    return to("panel.account", say=_("That session is ended."))


@panel.post("/appearance", endpoint="appearance")
@staff(locked=True)
def appearance() -> Response:
    """Choose light, dark or as the system says; kept in a cookie, so that the server writes it into the page."""
    response = respond.redirect(local_path(request.form.get("back", ""), url_for("panel.home")))
    chosen = request.form.get("scheme", "")
    if chosen in SCHEMES:
        response.set_cookie(
            SCHEME, chosen, max_age=_YEAR_S, path="/", secure=request.is_secure, httponly=True, samesite="Lax"
        )
    return response


def _login_page(form: LoginForm, problems: list[tuple[str, str]], then: str, status: int = 200) -> Response:
    warning = ""
    try:
        sessions.check_connection()
    except sessions.InsecureConnection as refusal:
        warning = i18n.say(refusal)
    return page(
        "login.html", status, form=form, problems=problems, next=then, warning=warning, sends=sends_messages(current())
    )


def _code_page(form: CodeForm, problems: list[tuple[str, str]], proof: str, then: str, status: int = 200) -> Response:
    return page("login_code.html", status, form=form, problems=problems, proof=proof, next=then)


def _factor_page(
    form: PanelForm | None, problems: list[tuple[str, str]], *, codes: list[str] | None = None, status: int = 200
) -> Response:
    """How it stands with the form of its next step: that which was sent, if it is that one."""
    known = factor.factor(shell().person, shell().site.name)
    shape = CodeForm if known.is_on else FirstCodeForm if known.key else ProofForm
    if not isinstance(form, shape):
        form = shape()
    return page("second_factor.html", status, form=form, problems=problems, factor=known, codes=codes or [])


def _account_page(
    form: PasswordForm, problems: list[tuple[str, str]], status: int = 200, *, proof: ProofForm | None = None
) -> Response:
    person = shell().person
    found = [] if person.must_change_password else accounts.sessions_of(staff_id=person.id)
    return page(
        "account.html",
        status,
        form=form,
        problems=problems,
        must_change=person.must_change_password,
        sessions=found,
        device=accounts.device,
        has_factor=factor.is_asked(person),
        passkeys=passkeys.passkeys_of(person),
        proof=proof or ProofForm(),
        here=session.id,  # type: ignore[attr-defined]  # our own session class has it
    )
