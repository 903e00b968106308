"""The front.

A thin WSGI layer before Flask. It finds the site, serves files and kept pages, and pins the state of the request.

All this lies outside Flask's error handlers, so the front has its own: a database that is away gives a 503 that needs
none, in the visitor's language.
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterable
from http.cookies import SimpleCookie
from typing import Any

import structlog
from werkzeug.exceptions import SecurityError
from werkzeug.sansio.utils import get_host

from core.kernel import away, cache, db, files, i18n, limits, looks, previews, stored
from core.kernel.installation import Installation
from core.kernel.measures import KEPT, MEASURES, PAGE
from core.kernel.packing import Answer, Environ, StartResponse, pass_on, send_kept
from core.kernel.sites import SiteState, read_epoch
from core.lib import ids

log = structlog.get_logger(__name__)
_YEAR = "public, max-age=31536000, immutable"


class Front:
    """The WSGI application of the installation; `flask` is the application behind it."""

    def __init__(self, flask: Any, installation: Installation) -> None:
        self._flask = flask
        self._installation = installation
        self._recording = cache.recording()
        self._proxies = limits.networks(installation.config.trusted_proxies)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        environ["stoa.request_id"] = ids.uid()[:16]
        path = environ.get("PATH_INFO", "/")
        if path in {"/healthz", "/readyz"}:
            return self._health(path, start_response)
        try:
            return self._serve(environ, path, start_response)
        except Exception:  # below Flask's handlers: an answer that needs no database, and the trace in the log
            log.exception("front", request_id=environ["stoa.request_id"])
            return self._away(environ, path, start_response)
        finally:
            db.release()

    def _serve(self, environ: Environ, path: str, start_response: StartResponse) -> Iterable[bytes]:
        self._trust_proxy(environ)
        db.connect()
        epoch, touched = read_epoch()
        self._installation.sites.at(epoch)
        state = self._state(environ)
        if state is None:
            state = self._installation.sites.before_the_first(environ.get("HTTP_HOST", ""), _origin(environ))
            if state is None or not _makes_the_first(path):
                return self._nowhere(environ, path, start_response, first=state is not None)
        if state.redirect_to:
            return self._redirect(environ, state.redirect_to, start_response)
        if path.startswith("/static/"):
            return self._asset(environ, state, path, start_response)
        if path.startswith("/media/"):
            return self._media(environ, path, start_response)
        state = previews.take(environ, state)
        environ["stoa.state"], environ["stoa.touched"] = state, touched
        if instead := _said_otherwise(environ, state):
            return _elsewhere("302 Found", instead, start_response)
        tag = _take_language(environ, state)
        tag = self._spoken(environ["PATH_INFO"], tag)
        began = time.perf_counter()
        with i18n.speaking_on(state, tag):
            answer = self._page(environ, state, touched, start_response)
        MEASURES.took(PAGE, time.perf_counter() - began)
        return answer

    def _state(self, environ: Environ) -> SiteState | None:
        """The site of the Host header; nothing else of the request says which site it is for."""
        host = _host(environ)
        return self._installation.sites.by_host(host) if host else None

    def _away(self, environ: Environ, path: str, start_response: StartResponse) -> Iterable[bytes]:
        """The answer without a database: of a site that this process has served before, in its look and its language.

        Files need none, so the page has its style.
        """
        state = self._installation.sites.remembered(_host(environ))
        if path.startswith("/static/"):
            return self._asset(environ, state, path, start_response)
        tag = _language_of(path, state) if state is not None else _wanted(environ, path)
        rest = path[len(tag) + 1 :] or "/" if path[1:].partition("/")[0] == tag.lower() else path
        with i18n.speaking(self._spoken(rest, tag), mute=state is not None and tag in state.silent):
            kind, text = away.answer(environ, rest, state)
            headers = [("Retry-After", str(away.RETRY_AFTER_S)), *_of_error()]
        return _said(start_response, "503 Service Unavailable", kind, text, environ["REQUEST_METHOD"], headers)

    def _nowhere(self, environ: Environ, path: str, start_response: StartResponse, *, first: bool) -> Iterable[bytes]:
        """The answer at a host that is no shop's, in the plain look."""
        if path.startswith("/static/"):
            return self._asset(environ, None, path, start_response)
        with i18n.speaking(_wanted(environ, path)):
            kind, text = away.nowhere(environ, first=first)
            headers = _of_error()
        return _said(start_response, "404 Not Found", kind, text, environ["REQUEST_METHOD"], headers)

    def _trust_proxy(self, environ: Environ) -> None:
        """Believe X-Forwarded-* of configured proxies; from anybody else they do not exist."""
        address = limits.client_address(environ, self._proxies)
        trusted = limits.is_proxy(environ.get("REMOTE_ADDR", ""), self._proxies)
        forwarded = {name: environ.pop(f"HTTP_X_FORWARDED_{name}", "") for name in ("FOR", "PROTO", "HOST")}
        environ["REMOTE_ADDR"] = address
        environ["stoa.proxied"] = trusted
        if trusted and forwarded["PROTO"] in {"http", "https"}:
            environ["wsgi.url_scheme"] = forwarded["PROTO"]
        if trusted and forwarded["HOST"]:
            environ["HTTP_HOST"] = forwarded["HOST"]

    def _page(self, environ: Environ, state: SiteState, touched: int, start_response: StartResponse) -> Iterable[bytes]:
        # Of a shop that is not open, staff alone see pages: none is kept for everybody.
        key = _key(environ, state) if self._installation.config.page_cache and state.open else None
        if key is not None and (page := self._installation.pages.get(key, touched)) is not None:
            MEASURES.happened(KEPT)
            environ["stoa.kept"] = True
            return send_kept(environ, page, start_response)
        if key is None:
            return pass_on(environ, Answer(self._flask, environ), start_response)
        return self._render(environ, key, touched, start_response)

    def _render(self, environ: Environ, key: cache.Key, touched: int, start_response: StartResponse) -> Iterable[bytes]:
        """Let Flask answer, and keep the answer if its view said it may be kept and nothing personal was read."""
        recording = cache.Recording()
        token = self._recording.set(recording)
        try:
            answer = Answer(self._flask, environ)
        finally:
            self._recording.reset(token)
        if not recording.declared or recording.personal or not _may_be_kept(environ, answer):
            return pass_on(environ, answer, start_response)
        answer.read()
        kept = tuple(header for header in answer.headers if header[0] != "X-Request-Id")
        # Level 1 takes a fifth of a millisecond, once per page. Only pages for everybody are packed: where nothing of
        # one visitor stands, the length of an answer tells nothing.
        packed = gzip.compress(answer.body, 1, mtime=0)
        page = cache.Page(answer.status, kept, packed, touched, cache.to_keep(recording.tags), recording.until)
        self._installation.pages.put(key, page)
        return send_kept(environ, page, start_response)

    # -- files ---------------------------------------------------------------------------------------------------------

    def _asset(
        self, environ: Environ, state: SiteState | None, path: str, start_response: StartResponse
    ) -> Iterable[bytes]:
        """A file of a theme or a plugin; without a state it is not known which plugins are on, so it is no plugin's."""
        _, _, theme, digest, rest = [*path.split("/", 4), "", "", ""][:5]
        themes, plugins = self._installation.themes, state.runtime.plugins if state is not None else ()
        look = looks.look_of(state) if state is not None and rest == "shop.css" else ""
        asset = themes.asset(theme, plugins, rest, look) if rest and self._is_theme(theme, state) else None
        if asset is None:
            return _plain(start_response, "404 Not Found", "Not found.\n")
        wanted = asset.digest if rest in {"shop.css", "panel.css"} else themes.folder_digest(theme, plugins)
        headers = [
            ("Content-Type", asset.mime),
            ("Cache-Control", _YEAR if digest == wanted else "no-cache"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        body = asset.body
        if asset.packed:
            headers.append(("Vary", "Accept-Encoding"))
            if "gzip" in environ.get("HTTP_ACCEPT_ENCODING", ""):
                body = asset.packed
                headers.append(("Content-Encoding", "gzip"))
        return _bytes(environ, start_response, body, headers, asset.digest)

    def _is_theme(self, name: str, state: SiteState | None) -> bool:
        """The site's own and the panel's; any other that can be chosen too, because a preview may wear it."""
        own = state.site.theme if state is not None else ""
        return name in {"panel", own} or self._installation.themes.has(name)

    def _media(self, environ: Environ, path: str, start_response: StartResponse) -> Iterable[bytes]:
        _, _, name, size, *_rest = [*path.split("/"), "", ""]
        # A picture that was replaced goes on under its old addresses, for as long as nobody keeps what they showed.
        shown = files.current(name)
        found = files.rendition(shown, int(size), environ.get("HTTP_ACCEPT", "")) if size.isdigit() else None
        if found is None:
            return _plain(start_response, "404 Not Found", "Not found.\n")
        headers = [
            ("Content-Type", found[1]),
            ("Cache-Control", "no-cache" if shown != name else _kept_for(found[1])),
            ("Vary", "Accept"),
            ("X-Content-Type-Options", "nosniff"),
            ("Content-Security-Policy", "default-src 'none'; sandbox"),
        ]
        return _bytes(environ, start_response, found[0], headers, f"{shown}-{size}-{found[1]}")

    # -- the rest ------------------------------------------------------------------------------------------------------

    def _health(self, path: str, start_response: StartResponse) -> Iterable[bytes]:
        """`/healthz`: the process answers. `/readyz`: so does its database."""
        if path == "/healthz":
            return _plain(start_response, "200 OK", "ok\n")
        try:
            db.connect()
            db.value("SELECT n FROM epoch")
        except Exception:  # whatever the database says: not ready
            log.exception("not ready")
            return _plain(
                start_response, "503 Service Unavailable", "The database does not answer.\n", away.RETRY_AFTER_S
            )
        finally:
            db.release()
        return _plain(start_response, "200 OK", "ready\n")

    def _redirect(self, environ: Environ, origin: str, start_response: StartResponse) -> Iterable[bytes]:
        query = environ.get("QUERY_STRING", "")
        target = (
            origin
            + environ.get("PATH_INFO", "/").encode("latin-1").decode("utf-8", "replace")
            + (f"?{query}" if query else "")
        )
        return _elsewhere("308 Permanent Redirect", target, start_response)

    def _spoken(self, path: str, tag: str) -> str:
        """The panel speaks English where nobody translated it: packs are for shoppers."""
        if path.startswith("/panel") and not self._installation.themes.catalogues.in_panel(tag):
            return "en"
        return tag


def _makes_the_first(path: str) -> bool:
    """Whether a path is served before there is any site: the page that makes the first, and what it looks like."""
    return path in {"/panel/setup", "/zh-cn/panel/setup"} or path.startswith("/static/panel/")


def _wanted(environ: Environ, path: str) -> str:
    return away.language(path, environ.get("HTTP_ACCEPT_LANGUAGE", ""))


def _of_error() -> list[tuple[str, str]]:
    return [
        ("Content-Language", i18n.language()),
        ("Vary", "Accept, Accept-Language"),
        ("Content-Security-Policy", away.POLICY),
    ]


def _host(environ: Environ) -> str:
    """The name that the request asks for, without its port; empty for one that no browser would send."""
    try:
        host = get_host(environ["wsgi.url_scheme"], environ.get("HTTP_HOST"), None)
    except SecurityError:
        return ""
    name, _, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
    return (name if port.isdigit() and name else host).lower()


def _origin(environ: Environ) -> str:
    return f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST', '')}"


def _kept_for(mime: str) -> str:
    """WebP may only stand in for an AVIF that is still being made."""
    return _YEAR if mime != "image/webp" else "public, max-age=86400"


def _may_be_kept(environ: Environ, answer: Answer) -> bool:
    """Only what was answered to a GET, and nothing that sets a cookie; a HEAD has no body to keep."""
    return (
        environ["REQUEST_METHOD"] == "GET"
        and answer.status.startswith("200")
        and not any(name.lower() == "set-cookie" for name, _ in answer.headers)
    )


def _take_language(environ: Environ, state: SiteState) -> str:
    """The language of `/zh-cn/...`; the prefix moves to SCRIPT_NAME, so that `url_for` keeps it."""
    path = environ.get("PATH_INFO", "/")
    tag = _language_of(path, state)
    if tag != state.site.language:
        first, slash, rest = path[1:].partition("/")
        environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + f"/{first}"
        environ["PATH_INFO"] = f"/{rest}" if slash else "/"
    return tag


def _language_of(path: str, state: SiteState) -> str:
    """The language that a path names by its first word, else the site's own."""
    first = path[1:].partition("/")[0]
    return next((tag for tag in state.site.languages[1:] if first == tag.lower()), state.site.language)


def _said_otherwise(environ: Environ, state: SiteState) -> str:
    """Where a page is now whose language lost its pack, or has become the site's first one thereby; else empty."""
    if not state.silent or environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
        return ""
    first, _, rest = environ.get("PATH_INFO", "/")[1:].partition("/")
    if first not in {tag.lower() for tag in (*state.silent, state.site.language)}:
        return ""
    path = rest.lstrip("/").encode("latin-1").decode("utf-8", "replace")
    query = environ.get("QUERY_STRING", "")
    return f"{environ.get('SCRIPT_NAME', '')}/{path}" + (f"?{query}" if query else "")


def _elsewhere(status: str, target: str, start_response: StartResponse) -> Iterable[bytes]:
    from werkzeug.urls import iri_to_uri  # noqa: PLC0415

    start_response(
        status,
        [("Location", iri_to_uri(target)), ("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "0")],
    )
    return [b""]


def _key(environ: Environ, state: SiteState) -> cache.Key | None:
    """What tells one kept page from another; None for requests that no page is kept for."""
    if previews.of_environ(environ) is not None:
        return None
    if environ["REQUEST_METHOD"] not in {"GET", "HEAD"} or environ["PATH_INFO"].startswith(
        ("/panel", "/account", "/checkout", "/cart", "/pay", "/notify")
    ):
        return None
    cookies = environ.get("HTTP_COOKIE", "")
    if "stoa_note" in cookies:
        return None  # a note from the page before waits to be shown
    chosen = SimpleCookie(cookies).get("currency") if "currency" in cookies else None
    currency = chosen.value if chosen is not None and chosen.value in state.site.currencies else state.site.currency
    host = environ.get("HTTP_HOST", "")
    return (
        state.site.id,
        host,
        state.epoch,
        environ.get("SCRIPT_NAME", ""),
        environ["PATH_INFO"],
        environ.get("QUERY_STRING", ""),
        currency,
        _scheme(cookies),
        stored.of_header(cookies, state.runtime.stores),
        environ.get("HTTP_HX_REQUEST", ""),
    )


def _scheme(cookies: str) -> str:
    """The scheme that the page is written in, if the visitor chose one."""
    chosen = SimpleCookie(cookies).get(cache.SCHEME) if cache.SCHEME in cookies else None
    return chosen.value if chosen is not None and chosen.value in cache.SCHEMES else ""


def _bytes(
    environ: Environ, start_response: StartResponse, body: bytes, headers: list[tuple[str, str]], tag: str
) -> Iterable[bytes]:
    headers.append(("ETag", f'"{tag}"'))
    if environ.get("HTTP_IF_NONE_MATCH") == f'"{tag}"':
        start_response("304 Not Modified", [header for header in headers if header[0] != "Content-Type"])
        return [b""]
    headers.append(("Content-Length", str(len(body))))
    start_response("200 OK", headers)
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]


def _plain(start_response: StartResponse, status: str, text: str, retry_after_s: int = 0) -> Iterable[bytes]:
    more = [("Retry-After", str(retry_after_s))] if retry_after_s else []
    return _said(start_response, status, "text/plain", text, "GET", more)


def _said(
    start_response: StartResponse, status: str, kind: str, text: str, method: str, more: list[tuple[str, str]]
) -> Iterable[bytes]:
    """An answer of the front's own, which nobody keeps."""
    body = text.encode()
    headers = [
        ("Content-Type", f"{kind}; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("X-Content-Type-Options", "nosniff"),
        ("Cache-Control", "no-store"),
        *more,
    ]
    start_response(status, headers)
    return [b"" if method == "HEAD" else body]
