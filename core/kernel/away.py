"""What is shown while the database is away: a page in the visitor's language and the shop's look, which asks nothing.

The front tells what it still knows: the site of this host, if this process has seen it before, and so its theme. From
a process that has just started, the page wears the plain theme and speaks what the browser asks for. So does the page
of a host that is no shop's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import structlog
from werkzeug.datastructures import LanguageAccept, MIMEAccept
from werkzeug.http import parse_accept_header

from core.kernel import i18n, looks, security
from core.kernel.catalogues import PANEL
from core.kernel.installation import installation
from core.kernel.sites import SiteState

log = structlog.get_logger(__name__)
POLICY = security.content_security_policy()
RETRY_AFTER_S = 30
_PLAIN = "plain"


def language(path: str, accepted: str) -> str:
    """Of the languages that are spoken here, the one that a path begins with, else the one that a browser prefers.

    Who wants the Chinese of Taiwan is better served by that of the mainland than by English.
    """
    spoken = installation().sites.spoken_with(installation().plugins.loaded)
    wanted = [path[1:].partition("/")[0], *parse_accept_header(accepted, LanguageAccept).values()]
    for said in wanted:
        alike = [tag for tag in spoken if _family(tag) == _family(said)]
        if alike:
            return next((tag for tag in alike if tag.lower() == said.lower()), alike[0])
    return "en"


def _family(tag: str) -> str:
    return tag.lower().partition("-")[0]


def answer(environ: dict[str, Any], path: str, state: SiteState | None) -> tuple[str, str]:
    """The type and the body of the answer, in the present language: a page, JSON for programs, else a line of text."""
    number = environ.get("stoa.request_id", "")
    return _said(environ, 503, _words(), lambda: page(path, state, number, environ["REQUEST_METHOD"]))


def nowhere(environ: dict[str, Any], *, first: bool) -> tuple[str, str]:
    """The same of a host that no shop answers at; with `first`, there is none at all yet."""
    words = _none_yet() if first else _no_shop()
    return _said(environ, 404, words, lambda: _filled(_PLAIN, "errors/away.html", words, "404"))


def _said(environ: dict[str, Any], code: int, words: tuple[str, str], shown: Callable[[], str]) -> tuple[str, str]:
    title, text = words
    accepted = parse_accept_header(environ.get("HTTP_ACCEPT", ""), MIMEAccept)
    kind = accepted.best_match(["text/plain", "text/html", "application/json"])
    if kind == "application/json":
        number = environ.get("stoa.request_id", "")
        return kind, json.dumps({"code": code, "message": f"{title}. {text}", "request": number}, ensure_ascii=False)
    if kind == "text/html":
        try:
            return kind, shown()
        except Exception:  # the page for errors must not fail
            log.exception("error page", template="errors/away.html")
    return "text/plain", f"{title}\n{text}\n"


def page(path: str, state: SiteState | None, number: str, method: str = "GET") -> str:
    """The page; in the panel it is the panel's, and nobody is named whom the visitor has not been shown."""
    panel = path.startswith("/panel")
    theme, shop = (state.site.theme, state.site.name) if state is not None else (_PLAIN, "")
    return _filled(
        theme,
        "panel/errors/away.html" if panel else "errors/away.html",
        _words(),
        shop or "503",
        state=state,
        shop=shop,
        number=number,
        again=method in security.SAFE_METHODS,
    )


def _filled(
    theme: str,
    name: str,
    words: tuple[str, str],
    eyebrow: str,
    *,
    state: SiteState | None = None,
    shop: str = "",
    number: str = "",
    again: bool = False,
) -> str:
    themes, panel = installation().themes, name.startswith("panel/")
    face, plugins = (PANEL if panel else theme), (state.runtime.plugins if state is not None else ())
    look = looks.look_of(state) if state is not None and not panel else ""
    template: Any = themes.environment(theme).get_template(name)
    shown: str = template.render(
        shop=shop,
        eyebrow=eyebrow,
        style=themes.url(face, plugins, "panel.css" if panel else "shop.css", look),
        picture="" if panel else themes.url(face, plugins, "img/lamp-off.svg"),
        title=words[0],
        text=words[1],
        number=number,
        again=again,
    )
    return shown


def _words() -> tuple[str, str]:
    return (
        i18n.gettext("The shop cannot answer right now"),
        i18n.gettext("Your orders and your cart are kept. Please try again in a minute."),
    )


def _no_shop() -> tuple[str, str]:
    return (
        i18n.gettext("There is no shop at this address"),
        i18n.gettext("Please look at how the address is written. If it is right, the shop has moved or is gone."),
    )


def _none_yet() -> tuple[str, str]:
    return (
        i18n.gettext("There is no shop here yet"),
        i18n.gettext(
            "Open the address that ./stoa run printed when it started, or make the first site at a terminal:"
            " %(command)s",
            command='./stoa site add shop.example --name "My shop"',
        ),
    )
