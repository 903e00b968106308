"""HTTP, once for all faces: the application object, what runs before and after each view, errors as pages, and notes.

The order of a request: the front pins the site's state; here the origin and the view's declared access are checked;
the view parses,
calls one service and answers; the headers that bind the browser are set.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, cast

import structlog
from flask import Flask, Response, current_app, g, has_request_context, make_response, render_template, request, url_for
from flask import redirect as _flask_redirect
from itsdangerous import BadSignature, URLSafeSerializer
from markupsafe import Markup, escape
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.local import LocalProxy
from werkzeug.routing import MapAdapter
from werkzeug.urls import iri_to_uri

from core.hookspecs.site import Site, Slot
from core.kernel import cache, files, i18n, looks, previews, security, sessions, theme_settings
from core.kernel.fragments import kept_piece
from core.kernel.here import environ_or_none
from core.kernel.installation import installation
from core.kernel.measures import BROKEN, MEASURES
from core.kernel.routes import SharedRule, Views
from core.kernel.runtime import Runtime
from core.kernel.sites import SiteState, current, current_or_none
from core.lib.errors import Broken, Forbidden, Refused, StoaError
from core.lib.text import words_of

log = structlog.get_logger(__name__)
NOTE = "stoa_note"
_PRIVATE = ("panel", "account", "checkout")


_ADDRESSES, _MOST_ADDRESSES, _PLAIN = "addresses", 4096, frozenset({str, int})


def _is_plain(item: tuple[str, Any]) -> bool:
    return item[0][:1] != "_" and type(item[1]) in _PLAIN


class Stoa(Flask):
    """Flask whose routes, templates and sessions are those of the request's site."""

    url_rule_class = SharedRule
    session_interface = sessions.RowSessions()

    def __init__(self) -> None:
        super().__init__("core", static_folder=None, template_folder=None)
        self.identify: Any = None
        self.login_endpoints: dict[str, str] = {"shopper": "storefront.login", "staff": "panel.login"}
        self.password_endpoint = "panel.password"  # noqa: S105 -- the name of a page
        self.views_of: dict[str, str] = {}

    @property
    def jinja_env(self) -> Any:
        """The environment of the theme of this request's site; of the plain theme outside one."""
        state = current_or_none()
        return installation().themes.environment(state.site.theme if state else "plain")

    def update_template_context(self, context: dict[str, Any]) -> None:
        """Nothing is pushed into templates.

        What they may use are the environment's names and what the view hands over.
        """

    def create_url_adapter(self, request: Any) -> MapAdapter | None:
        """Routes come from the Runtime that the front pinned: those of a plugin that is off do not exist."""
        if request is None:
            return None
        state: SiteState = request.environ["stoa.state"]
        return state.runtime.url_map.bind_to_environ(request.environ, subdomain="")

    def url_for(self, endpoint: str, **values: Any) -> str:
        """Flask's, but each address of a site is worked out once: a page asks for dozens, most of them over again."""
        here = environ_or_none()
        state: SiteState | None = here.get("stoa.state") if here is not None else None
        plain = {name: value for name, value in values.items() if value is not None or name[:1] != "_"}
        if here is None or state is None or not all(map(_is_plain, plain.items())):
            return super().url_for(endpoint, **values)
        known: dict[object, str] = state.extra.setdefault(_ADDRESSES, {})
        key = (here.get("SCRIPT_NAME"), endpoint, *plain.items())
        found = known.get(key)
        if found is None:
            if len(known) >= _MOST_ADDRESSES:
                known.clear()
            found = known[key] = super().url_for(endpoint, **plain)
        return found

    def mount(self, name: str, views: Views) -> None:
        """Add a face of core: its rules are in every Runtime."""
        for rule, view in views.rules(name):
            installation().sites.runtimes.core_rules.append(rule)
            self.view_functions[rule.endpoint] = view

    def add_plugin_views(self) -> None:
        """Make the views of newly loaded plugins callable; their rules are placed by each Runtime."""
        for name, loaded in installation().plugins.loaded.items():
            for rule, view in loaded.rules:
                self.view_functions[rule.endpoint] = view
                self.views_of[rule.endpoint] = name


def prepare(app: Stoa) -> None:
    """Register what runs around every view, and the names that templates know."""
    app.before_request(_check)
    app.after_request(_finish)
    app.register_error_handler(Exception, _answer_error)
    installation().themes.names.update(_names(app))
    installation().themes.filters.update(
        {
            "money": i18n.money,
            "date": i18n.day,
            "moment": moment,
            "ago": i18n.ago,
            "number": i18n.number,
            "words": words_of,
        }
    )


# -- around each view --------------------------------------------------------------------------------------------------


def _check() -> Response | None:
    app: Any = current_app
    if (preview := previews.of_request()) is not None:
        previews.check(preview, app.identify())
    if request.routing_exception is not None or request.endpoint is None:
        return None
    view = app.view_functions[request.endpoint]
    if request.method not in security.SAFE_METHODS and not security.takes_any_origin(view):
        security.check_origin(request.environ, request.host_url.rstrip("/"))
    security.check_access(view, app.identify, current().site.id)
    if getattr(view, "stoa_cacheable", False) and request.method in {"GET", "HEAD"}:
        cache.declare_shared()
    return None


def cacheable(view: Any) -> Any:
    """Declare a page that is the same for every visitor.

    It may be kept whole. It tells by `depends()` what it shows.
    """
    view.stoa_cacheable = True
    return view


def _finish(response: Response) -> Response:
    area = request.path.lstrip("/").partition("/")[0]
    hosts = {} if area == "panel" else current().runtime.hosts
    policy = {**hosts, **g.get("csp", {})}
    preview = previews.of_request()
    if preview is not None:
        policy["frame_ancestors"] = "'self'"
    security.headers(
        response,
        secure=request.is_secure,
        private=area in _PRIVATE or preview is not None,
        csp=security.content_security_policy(**policy) if policy else "",
    )
    response.headers["X-Request-Id"] = request.environ.get("stoa.request_id", "")
    response.headers["Content-Language"] = i18n.language()
    if area == "panel" or preview is not None:
        response.headers["X-Robots-Tag"] = "noindex"
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
    return response


def allow_hosts(**hosts: Any) -> None:
    """Let this page's policy name further hosts.

    `form_action_hosts`, `script_hosts`, `frame_hosts`, `connect_hosts`, `image_hosts`.
    """
    g.csp = {**g.get("csp", {}), **hosts}


# -- errors become pages here, and nowhere else ------------------------------------------------------------------------


def _answer_error(error: Exception) -> Any:
    if isinstance(error, security.LoginNeeded | Forbidden):
        log.warning("denied", path=request.path, endpoint=request.endpoint, address=request.remote_addr)
    if isinstance(error, security.LoginNeeded):
        return _to_login(error.face)
    if isinstance(error, security.PasswordChangeNeeded):
        return redirect(url_for(current_app.password_endpoint))  # type: ignore[attr-defined]
    if isinstance(error, Refused):
        return _moved(error.status, error) or _error_page(error.status, error)
    if isinstance(error, HTTPException):
        if error.code is None or error.code < 400:
            return error
        return _moved(error.code, error) or _error_page(error.code, error)
    return _broken(error)


def _moved(status: int, error: Exception) -> Response | None:
    """Where a page of the shop that is not there has gone, if a plugin knows (`site_moved`)."""
    here = request.script_root + request.path
    if status != 404 or request.method not in {"GET", "HEAD"} or request.path.startswith("/panel"):
        return None
    answer = current().hooks.site_moved(site=current().site, path=here)
    if answer is None:
        return None
    if not answer.target:
        return make_response(_error_page(410, error))
    if answer.target in {here, current().site.origin + here}:
        return None  # It would lead here again.
    query = request.query_string.decode("latin-1")
    target = f"{answer.target}?{query}" if query and "?" not in answer.target else answer.target
    response: Any = _flask_redirect(iri_to_uri(target), 301 if answer.permanent else 302)
    return response  # type: ignore[no-any-return]


def _to_login(face: str) -> Any:
    endpoint = current_app.login_endpoints[face]  # type: ignore[attr-defined]
    here = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for(endpoint, next=request.script_root + here if here else None))


def _broken(error: Exception) -> Any:
    """Ours or a plugin's: the page says so and names the request; the trace is in the log, never on the page."""
    plugin = current_app.views_of.get(request.endpoint or "")  # type: ignore[attr-defined]
    number = request.environ.get("stoa.request_id", "")
    if plugin:
        installation().faults.report(current().site.id, plugin, f"view {request.endpoint}", error, number)
    log.error("request failed", exc_info=error, path=request.path, request_id=number)
    MEASURES.happened(BROKEN)
    return _error_page(503 if isinstance(error, Broken) and not error.permanent else 500, error)


def _error_page(status: int, error: Exception) -> Any:
    message = i18n.say(error) if isinstance(error, StoaError) else ""
    number = request.environ.get("stoa.request_id", "")
    if _wants_json():
        body = {
            "code": getattr(error, "code", status) if isinstance(error, Refused) else status,
            "message": message or str(status),
            "request": number,
        }
        return Response(json.dumps(body, ensure_ascii=False), status, mimetype="application/json")
    face = "panel/errors" if request.path.startswith("/panel") else "errors"
    known = {403: "403", 404: "404", 405: "404", 410: "404", 500: "500", 503: "500"}
    page = known.get(status, "refused" if status < 500 else "500")
    if status == 410 == getattr(error, "status", 0):
        page = "refused"  # A link that has ended says what to do; a page that was taken away does not.
    response = make_response(_render_error(face, page, status, message, number), status)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


def _render_error(face: str, page: str, status: int, message: str, number: str) -> str:
    """The theme's page; a plain one if that fails too."""
    environment = installation().themes.environment(current().site.theme)
    for template in (f"{face}/{page}.html", f"errors/{page}.html", "errors/500.html"):
        try:
            return str(environment.get_template(template).render(status=status, message=message, request_id=number))
        except Exception:  # the page for errors must not fail
            log.exception("error page", template=template)
    return f"<!doctype html><title>{status}</title><p>{escape(message or status)}</p><p>{escape(number)}</p>"


def _wants_json() -> bool:
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"


# -- for views ---------------------------------------------------------------------------------------------------------


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


# -- what templates know -----------------------------------------------------------------------------------------------


def _names(app: Stoa) -> dict[str, Any]:
    return {
        "site": LocalProxy(lambda: current().site),
        "request_path": LocalProxy(lambda: request.path),
        "url_for": app.url_for,
        "absolute": absolute,
        "asset": asset,
        "panel_asset": panel_asset,
        "icon": icon,
        "slot": slot,
        "setting": theme_setting,
        "is_own_setting": is_own_setting,
        "money": i18n.money,
        "date": i18n.day,
        "when": i18n.when,
        "ago": i18n.ago,
        "moment": moment,
        "number": i18n.number,
        "language_tag": i18n.language,
        "language_name": i18n.language_name,
        "text_direction": i18n.text_direction,
        "country_name": i18n.country_name,
        "currency": currency,
        "notes": notes,
        "media_url": files.url,
        "media_srcset": files.srcset,
        "focal": files.focal,
        "has_plugin": has_plugin,
        "card_acts": card_acts,
        "scheme": scheme,
    }


def asset(path: str) -> str:
    """The hashed address of a theme's file (`img/x.svg`), its joined `shop.css`, or a plugin's (`reviews:js/x.js`)."""
    state = current()
    look = ""
    if path == "shop.css":
        if (preview := previews.of_request()) is not None:
            return preview.style
        look = looks.look_of(state)
    return installation().themes.url(state.site.theme, state.runtime.plugins, path, look)


def panel_asset(path: str) -> str:
    """`asset` for the panel: its own files and the joined `panel.css`."""
    from core.kernel.themes import PANEL  # noqa: PLC0415

    return installation().themes.url(PANEL, current().runtime.plugins, path)


def icon(name: str, css: str = "") -> Markup:
    """A drawing of the one sprite, hidden from readers: a word beside it says what it means."""
    return _drawn(asset("icons.svg"), name, css)


@lru_cache(maxsize=1024)
def _drawn(sprite: str, name: str, css: str) -> Markup:
    more = f" {css}" if css else ""
    return Markup('<svg class="icon{}" aria-hidden="true"><use href="{}#{}"/></svg>').format(more, sprite, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAct:
    """A button that a plugin puts on every card, ready for a page."""

    plugin: str
    title: str
    icon: str
    url: str


def card_acts() -> tuple[ShownAct, ...]:
    """The buttons on every card, in the order of their plugins' names; made once for a page."""
    if "card_acts" not in g:
        loaded = installation().plugins.loaded
        g.card_acts = tuple(
            ShownAct(plugin=name, title=i18n.gettext(act.title), icon=act.icon, url=url_for(f"{name}.{act.endpoint}"))
            for name in sorted(current().runtime.plugins)
            for act in loaded[name].plugin.card_acts
        )
    acts: tuple[ShownAct, ...] = g.card_acts
    return acts


def has_plugin(name: str) -> bool:
    """Whether a plugin is on here."""
    return current().runtime.has(name)


def theme_setting(name: str) -> Any:
    """What the merchant chose for this theme, else what the theme says."""
    state = current()
    known = installation().themes.get(state.site.theme).settings.get(name)
    if known is None:
        return ""
    values = looks.published(state)
    if known.kind == "sections":
        return [choice.value for choice, is_shown in theme_settings.sections(known, values) if is_shown]
    value = theme_settings.chosen(known, values)
    if known.kind == "picture" and value:
        return {**value, "alt": _spoken(value.get("alt", {}))}
    if not known.is_translated:
        return value
    if isinstance(value, dict):
        return _spoken(value)
    return i18n.gettext(value) if value and name not in values else value


def is_own_setting(name: str) -> bool:
    """Whether the merchant chose this setting; otherwise `setting` says what the theme says."""
    return name in looks.published(current())


def _spoken(words: Mapping[str, str]) -> str:
    """Words in the reader's language, else in the site's, else in any."""
    return words.get(i18n.language()) or words.get(current().site.language) or next(iter(words.values()), "")


def slot(name: str, subject: object = None) -> Markup:
    """What the plugins put in the place `name`; the page depends on what they say it depends on."""
    runtime = current().runtime
    asked = runtime.filling(name)
    if not asked:
        return _NOTHING
    kept = _kept_in(runtime, name, subject)
    parts = dict(_answers(name, subject, asked - kept)) if asked != kept else {}
    if parts:
        cache.passing()
    for plugin in kept:
        key = ("slot", name, plugin, type(subject), getattr(subject, "id", None))
        make = partial(_answer_of, name, subject, plugin)
        parts[plugin] = kept_piece(key, currency(), make, about_the_page=subject is not None) or _NOTHING
    return _NOTHING.join(parts[plugin] for plugin in sorted(parts))


def _kept_in(runtime: Runtime, name: str, subject: object) -> frozenset[str]:
    """The plugins whose answer for this place is kept: about nothing, or about something that has an id."""
    may_be = subject is None or hasattr(subject, "id")
    return runtime.keeping(name) if may_be and not installation().config.debug else frozenset()


def _answers(name: str, subject: object, asked: frozenset[str]) -> Iterator[tuple[str, Markup]]:
    state = current()
    for plugin, answer in state.hooks.each("site_slot", among=asked, site=state.site, name=name, subject=subject):
        if isinstance(answer, Slot):
            cache.depends(*answer.tags, until=answer.until)
            yield plugin, answer.html
        else:
            yield plugin, answer


def _answer_of(name: str, subject: object, plugin: str) -> Markup | None:
    return next((html for _, html in _answers(name, subject, frozenset({plugin}))), None)


_NOTHING = Markup("")


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


def moment(value: datetime) -> str:
    """An instant for `<time datetime>`."""
    return value.isoformat(timespec="seconds")


def site() -> Site:
    """The site of this request."""
    return current().site
