"""HTTP, once for all faces: the application object, what runs before and after each view, and errors as pages.

The order of a request: the front pins the site's state; here the origin and the view's declared access are checked;
the view parses, calls one service and answers (`respond`); the headers that bind the browser are set.
"""

from __future__ import annotations

import json
from typing import Any

import peewee
import structlog
from flask import Flask, Response, current_app, g, make_response, request, url_for
from flask import redirect as _flask_redirect
from markupsafe import escape
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import MapAdapter
from werkzeug.urls import iri_to_uri

from core.kernel import away, cache, i18n, names, previews, respond, security, sessions, stored
from core.kernel.here import environ_or_none
from core.kernel.installation import installation
from core.kernel.measures import BROKEN, MEASURES
from core.kernel.routes import SharedRule, Views
from core.kernel.sites import SiteState, current, current_or_none
from core.lib.errors import Broken, Forbidden, Refused, StoaError

log = structlog.get_logger(__name__)
# What machines are told; pages say how many minutes, and the API knows it to the second.
_TOO_MANY_S = 60
_PRIVATE = ("panel", "account", "checkout")
# More than anybody types, staff with a grid of a thousand variants, and more than a shopper or staff send of pictures;
# `_LARGEST_FILES` MB also where pictures are to be small. What is beyond is refused unread.
_LARGEST_FORM, _LARGEST_PANEL_FORM, _MOST_PICTURES, _MOST_PANEL_PICTURES = 2_000_000, 20_000_000, 6, 20
_LARGEST_FILES = 256


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
    installation().themes.names.update(names.names(app.url_for))
    installation().themes.filters.update(names.FILTERS)


# -- around each view --------------------------------------------------------------------------------------------------


def _check() -> Response | None:
    app: Any = current_app
    request.max_content_length = _most_bytes()
    if (preview := previews.of_request()) is not None:
        previews.check(preview, app.identify())
    if request.routing_exception is not None or request.endpoint is None:
        return None
    view = app.view_functions[request.endpoint]
    if request.method not in security.SAFE_METHODS and not security.takes_any_origin(view):
        security.check_origin(request.environ, f"{request.scheme}://{request.host}")
    security.check_access(view, app.identify, current().site.id)
    if not current().open:
        security.check_open(view, app.identify, current().site.id)
    if getattr(view, "stoa_cacheable", False) and request.method in {"GET", "HEAD"}:
        cache.declare_shared()
    return None


def _most_bytes() -> int | None:
    """How long a form may be; what takes no form is measured by whoever reads it."""
    in_panel = request.path.startswith("/panel")
    if request.mimetype == "application/x-www-form-urlencoded":
        return _LARGEST_PANEL_FORM if in_panel else _LARGEST_FORM
    if request.mimetype != "multipart/form-data":
        return None
    if in_panel:
        return _most_files_of_staff()
    return _MOST_PICTURES * installation().config.max_upload_mb << 20


def _most_files_of_staff() -> int:
    """Together, in a form of the panel, whose view may say so itself; a page for everybody takes no files."""
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or (access := security.access_of(view)) is None or access.who == "public":
        return _LARGEST_PANEL_FORM
    pictures = max(_LARGEST_FILES, _MOST_PANEL_PICTURES * installation().config.max_upload_mb)
    return (security.megabytes_of(view) or pictures) << 20


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
        private=area in _PRIVATE or preview is not None or not current().open,
        csp=security.content_security_policy(**policy) if policy else "",
    )
    if response.status_code == 429:
        response.headers.setdefault("Retry-After", str(_TOO_MANY_S))
    response.headers["X-Request-Id"] = request.environ.get("stoa.request_id", "")
    response.headers["Content-Language"] = i18n.language()
    if area == "panel" or preview is not None:
        response.headers["X-Robots-Tag"] = "noindex"
    respond.send_note(response)
    stored.hold_back(response, current_app.views_of.get(request.endpoint or "", ""))  # type: ignore[attr-defined]
    return response


# -- errors become pages here, and nowhere else ------------------------------------------------------------------------


def _answer_error(error: Exception) -> Any:
    if isinstance(error, security.LoginNeeded | Forbidden):
        log.warning("denied", path=request.path, endpoint=request.endpoint, address=request.remote_addr)
    if isinstance(error, security.LoginNeeded):
        return _to_login(error.face)
    if isinstance(error, security.PasswordChangeNeeded):
        return respond.redirect(url_for(current_app.password_endpoint))  # type: ignore[attr-defined]
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
    if "\0" in here:
        return None  # No database keeps it, so nobody knows of it.
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
    return respond.redirect(url_for(endpoint, next=request.script_root + here if here else None))


def _broken(error: Exception) -> Any:
    """Ours or a plugin's: the page says so and names the request; the trace is in the log, never on the page."""
    plugin = current_app.views_of.get(request.endpoint or "")  # type: ignore[attr-defined]
    number = request.environ.get("stoa.request_id", "")
    if plugin:
        installation().faults.report(current().site.id, plugin, f"view {request.endpoint}", error, number)
    # Tests hand a list over, to say what broke rather than that something did.
    if (errors := request.environ.get("stoa.errors")) is not None:
        errors.append(error)
    log.error("request failed", exc_info=error, path=request.path, request_id=number)
    MEASURES.happened(BROKEN)
    return _error_page(503 if _will_pass(error) else 500, error)


def _will_pass(error: Exception) -> bool:
    """Whether the same may well work in a while: another machine, or our own database, does not answer."""
    if isinstance(error, Broken):
        return not error.permanent
    return isinstance(error, peewee.OperationalError | peewee.InterfaceError)


def _error_page(status: int, error: Exception) -> Any:
    page = _template(status, error)
    message = i18n.say(error) if isinstance(error, StoaError) else _words(status) if page == "refused" else ""
    number = request.environ.get("stoa.request_id", "")
    if _wants_json():
        body = {
            "code": getattr(error, "code", status) if isinstance(error, Refused) else status,
            "message": message or str(status),
            "request": number,
        }
        return Response(json.dumps(body, ensure_ascii=False), status, mimetype="application/json")
    face = "panel/errors" if request.path.startswith("/panel") else "errors"
    if isinstance(error, Forbidden) and error.message == Forbidden.default_message:
        message = ""  # The page says more than that.
    response = make_response(_render_error(face, page, status, message, number), status)
    if status == 503 and not isinstance(error, security.NotOpen):
        response.headers["Retry-After"] = str(away.RETRY_AFTER_S)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


def _template(status: int, error: Exception) -> str:
    if isinstance(error, security.NotOpen):
        return "closed"
    if status == 410 == getattr(error, "status", 0):
        return "refused"  # A link that has ended says what to do; a page that was taken away does not.
    if isinstance(error, MethodNotAllowed) and "GET" in (error.valid_methods or ()):
        return "refused"  # Something was sent to a page that is only read.
    known = {403: "403", 404: "404", 405: "404", 410: "404", 500: "500", 503: "500"}
    return known.get(status, "refused" if status < 500 else "500")


def _words(status: int) -> str:
    """What to do about a request that no code of ours has refused."""
    if status == 413:
        return i18n.gettext("This is more than can be sent at once. Send less, or smaller files.")
    return i18n.gettext("What was sent cannot be read here. Go back to the page before and try again.")


def _render_error(face: str, page: str, status: int, message: str, number: str) -> str:
    """The theme's page; a plain one if that fails too."""
    environment = installation().themes.environment(current().site.theme)
    plugin = current_app.views_of.get(request.endpoint or "", "")  # type: ignore[attr-defined]
    title = i18n.of_plugin(plugin, str(installation().plugins.loaded[plugin].plugin.title)) if plugin else ""
    said = {"status": status, "message": message, "request_id": number, "plugin": plugin, "plugin_title": title}
    for template in (f"{face}/{page}.html", f"errors/{page}.html", "errors/500.html"):
        try:
            return str(environment.get_template(template).render(said))
        except Exception:  # the page for errors must not fail
            log.exception("error page", template=template)
    if status == 503:
        return away.page(request.path, current(), number, request.method)
    return f"<!doctype html><title>{status}</title><p>{escape(message or status)}</p><p>{escape(number)}</p>"


def _wants_json() -> bool:
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"
