"""What a server does that loads the shop once and then forks: what every worker would make for itself is made before.

A worker shares its parent's memory until either writes to it. So the pages that everybody asks for are rendered once
before the first fork (templates, addresses, words and styles are then there for all), and what is there is set aside
from the collector, which would write to all of it in every worker.
"""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit
from wsgiref.util import setup_testing_defaults

import structlog
from werkzeug.exceptions import HTTPException

from core.kernel import db, security
from core.kernel.installation import installation
from core.kernel.measures import MEASURES
from core.kernel.sites import SiteState
from core.lib import cldr

log = structlog.get_logger(__name__)
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Views = dict[str, Callable[..., Any]]
_MOST_SITES = 8
_ADDRESS = re.compile(r'<a\b[^>]*\bhref="(/[^"?#&]*)"')
_warmed: list[Wsgi] = []


def prepare(application: Wsgi, views: Views) -> None:
    """Set what was loaded aside from the collector, and from now on fork well, as often as this process does it."""
    gc.freeze()
    os.register_at_fork(before=partial(_before, application, views), after_in_child=_after)


def _before(application: Wsgi, views: Views) -> None:
    if application not in _warmed:
        _warmed.append(application)
        try:
            with ThreadPoolExecutor(1) as apart:  # in a heap of its own: see core.kernel.family
                apart.submit(warm_up, application, views).result()
        except Exception:  # workers make for themselves what is not there, and tell what is wrong to who asks them
            log.exception("not warmed up")
        MEASURES.forget()  # one who forks may serve as well
        gc.collect()
    gc.freeze()


def _after() -> None:
    """Each child has connections of its own, and counts from nothing."""
    db.after_fork()
    MEASURES.forget()


def warm_up(application: Wsgi, views: Views) -> None:
    """Show the first page in each language, and one page of each kind that it leads to, of sites that differ.

    Sites with the same theme and plugins share what they are made of, so one of them stands for all. Reads only.
    """
    try:
        sites = _different_sites()
        cldr.lighten({tag for state in sites for tag in ("en", "en-001", *state.site.languages)})
        for state in sites:
            first, *others = ["/", *(f"/{tag.lower()}/" for tag in state.site.languages[1:])]
            html = _shown(application, state, first)
            for path in [*others, *_kinds(state, views, html)]:
                _shown(application, state, path)
    finally:
        db.close_all()


def _different_sites() -> list[SiteState]:
    db.connect()
    different: dict[object, SiteState] = {}
    for state in installation().sites.all():
        different.setdefault((state.runtime.key, state.site.languages), state)
    return list(different.values())[:_MOST_SITES]


def _kinds(state: SiteState, views: Views, html: str) -> Iterator[str]:
    """An address for each view that a page leads to and that everybody may see."""
    routes, known = state.runtime.url_map.bind(state.site.host), set[str]()
    for path in _ADDRESS.findall(html):
        try:
            endpoint, _values = routes.match(path)
        except HTTPException:
            continue
        access = security.access_of(views[endpoint])
        if endpoint not in known and access is not None and access.who == "public":
            known.add(endpoint)
            yield path


def _shown(application: Wsgi, state: SiteState, path: str) -> str:
    shop = urlsplit(state.site.origin)
    environ = {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": shop.netloc, "wsgi.url_scheme": shop.scheme}
    environ |= {"SCRIPT_NAME": "", "PATH_INFO": unquote(path, "latin-1"), "QUERY_STRING": ""}
    setup_testing_defaults(environ)  # what any server says, as if a person asked it
    answer = application(environ, lambda *_: None)
    try:
        return b"".join(answer).decode()
    finally:
        if callable(close := getattr(answer, "close", None)):
            close()
