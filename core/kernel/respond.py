"""What views answer with: pages and their pieces, redirects, notes, addresses, and what a page may load."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from flask import Response, current_app, g, has_request_context, make_response, render_template, request
from flask import redirect as _flask_redirect
from itsdangerous import BadSignature, URLSafeSerializer
from markupsafe import Markup

from core.kernel import cache, security
from core.kernel.here import environ_or_none
from core.kernel.installation import installation
from core.kernel.sites import SiteState, current

NOTE = "stoa_note"


def redirect(target: str) -> Response:
    """303: the browser fetches `target` by GET, so that a reload repeats nothing."""
    response: Any = _flask_redirect(target, 303)
    return response  # type: ignore[no-any-return]


def actor() -> str:
    """Who acts in this request, for logs and timelines: `staff:3`, `shopper:9` or `guest`."""
    person = current_app.identify()  # type: ignore[attr-defined]
    if person.staff is not None and request.path.startswith("/panel"):
        return f"staff:{person.staff.id}"
    return f"shopper:{person.shopper.id}" if person.shopper is not None else "guest"


def is_open() -> bool:
    """Whether goods and a cart can be seen: the shop is open, or its staff ask. Else nothing should lead there."""
    state: SiteState = current()
    return state.open or security.works_at(current_app.identify(), state.site.id)  # type: ignore[attr-defined]


def note(text: str, kind: str = "good", undo: str = "") -> None:
    """Let the next page show `text` once.

    `undo` is the address that a button posts to. Carried by a short-lived signed cookie.
    """
    g.note = {"text": str(text), "kind": kind, "undo": undo}


def notes() -> list[Mapping[str, str]]:
    """The note that the page before left, if any; reading it ends it."""
    if NOTE not in request.cookies:
        return []
    cache.personal("note")
    request.environ["stoa.note_read"] = True
    try:
        return [_signer().loads(request.cookies[NOTE])]
    except BadSignature:
        return []


def send_note(response: Response) -> None:
    """Give the browser the note that this request left, or end the one that its page has shown."""
    if (waiting := g.get("note")) is not None:
        response.set_cookie(
            NOTE,
            str(_signer().dumps(waiting)),
            max_age=120,
            path="/",
            secure=request.is_secure,
            httponly=True,
            samesite="Lax",
        )
    elif NOTE in request.cookies and "stoa.note_read" in request.environ:
        response.delete_cookie(NOTE, path="/", secure=request.is_secure, httponly=True, samesite="Lax")


def _signer() -> URLSafeSerializer:
    from core.kernel import secrets  # noqa: PLC0415

    return URLSafeSerializer(secrets.signing_key(), salt="note")


_CURRENCY = "stoa.currency"


def currency() -> str:
    """The shopper's currency: the cookie's if this site sells in it, else the site's."""
    here = environ_or_none()
    if here is None:
        return current().site.currency
    known: str | None = here.get(_CURRENCY)
    if known is None:
        site, chosen = current().site, request.cookies.get("currency", "")
        known = here[_CURRENCY] = chosen if chosen in site.currencies else site.currency
    return known


def scheme() -> str:
    """`light` or `dark` if the visitor chose one, else empty: the page follows the system.

    Written into the page, and part of what tells kept pages apart: no script has to run before the first paint.
    """
    chosen = request.cookies.get(cache.SCHEME, "") if has_request_context() else ""
    return chosen if chosen in cache.SCHEMES else ""


def set_currency(response: Response, code: str) -> Response:
    """Remember a currency that this site sells in; any other is left alone."""
    if code in current().site.currencies:
        response.set_cookie("currency", code, max_age=180 * 86400, path="/", secure=request.is_secure, samesite="Lax")
    return response


def ask_currency(code: str) -> bool:
    """Write this page in a currency that its address asks for; whether that is another than the visitor has.

    One that the site does not sell in is passed over.
    """
    here = environ_or_none()
    if here is None or code not in current().site.currencies or code == currency():
        return False
    here[_CURRENCY] = code
    return True


def absolute(path: str) -> str:
    """The address of a path of this site, for mails, feeds and canonical links."""
    return current().site.origin + path


def page(template: str, status: int = 200, **values: Any) -> Response:
    """Render a template of the site's theme (or a plugin's own, `reviews/list.html`)."""
    return make_response(render_template(template, **values), status)


def part(name: str, /, **values: Any) -> Markup:
    """A piece of a page, for a slot: `<plugin>/parts/x.html` by its name `<plugin>/x`, with these values alone."""
    return _global("part")(name, **values)


def kept_part(name: str, /, **values: Any) -> Markup:
    """`part()` that is kept for these values: what it says depends on the site, language and currency alone."""
    return _global("kept_part")(name, **values)


def _global(name: str) -> Callable[..., Markup]:
    found: Callable[..., Markup] = cast("Any", current_app).jinja_env.globals[name]
    return found


def is_fragment() -> bool:
    """Whether htmx or a script asks for a piece of the page."""
    return request.headers.get("HX-Request") == "true" or request.headers.get("X-Requested-With") == "fetch"


def cacheable(view: Any) -> Any:
    """Declare a page that is the same for every visitor.

    It may be kept whole. It tells by `depends()` what it shows.
    """
    view.stoa_cacheable = True
    return view


def allow_hosts(**hosts: Any) -> None:
    """Let this page's policy name further hosts.

    `form_action_hosts`, `script_hosts`, `frame_hosts`, `connect_hosts`, `image_hosts`.
    """
    g.csp = {**g.get("csp", {}), **hosts}


def hosts_for_forms(state: SiteState) -> tuple[str, ...]:
    """Where the checkout's form may lead: the hosts that the enabled plugins declare."""
    return tuple(host for name in state.runtime.plugins for host in _hosts_for_forms(state, name))


def _hosts_for_forms(state: SiteState, name: str) -> Sequence[str]:
    """What one plugin declares. A function of settings may fail or name what is no host: that costs its own hosts."""
    plugin = installation().plugins.loaded[name].plugin
    declared = plugin.csp.form_action
    if not callable(declared):
        return declared
    try:
        hosts = tuple(declared(plugin.settings.of(state.site) if plugin.settings else None))
        security.content_security_policy(hosts)
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- the guard around a plugin: the checkout must open
        installation().faults.report(state.site.id, name, "csp", error)
        return ()
    return hosts
