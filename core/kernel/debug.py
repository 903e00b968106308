"""What `./stoa run --debug` shows at the foot of every page, and how it notices an edit.

The bar lies around the front and reads what the floors let it hear; without `debug` none of this runs.
"""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from werkzeug.exceptions import HTTPException

from core.kernel import db, events, i18n, runtime, templates
from core.kernel.config import ROOT
from core.kernel.installation import installation
from core.lib.text import shorten

_KEPT = 8
_SOURCES = (".py", ".po", ".toml")
_NO_SOURCES = {"tests", "static", "templates", "__pycache__"}


class Statement(Struct, kw_only=True):
    """One SQL text of a request, and how often it ran: more than once is worth a look."""

    sql: str
    times: int


class Used(Struct, kw_only=True):
    """A template, the file it came from, and the files that this one overrides."""

    name: str
    file: str
    overrides: tuple[str, ...]


class Seen(Struct, kw_only=True):
    """What one request did. Times in microseconds; `hooks` in the order they were asked."""

    method: str
    path: str
    status: str = ""
    route: str = ""
    us: int = 0
    kept: bool = False
    hooks: list[tuple[str, str, int]] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    templates: list[Used] = field(default_factory=list)
    events: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(statement.times for statement in self.statements)

    @property
    def repeated(self) -> int:
        return sum(statement.times - 1 for statement in self.statements)

    @property
    def hooks_us(self) -> int:
        return sum(took for _, _, took in self.hooks)


class DebugBar:
    """A WSGI layer around the front: it watches each request and adds the bar to pages."""

    def __init__(self, front: Callable[..., Iterable[bytes]]) -> None:
        self._front = front
        self._seen: deque[Seen] = deque(maxlen=_KEPT)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", "/"))
        if path.startswith(("/static/", "/media/", "/healthz", "/readyz")):
            return self._front(environ, start_response)
        # Browsers ask for compressed pages, into which no bar could be written.
        environ.pop("HTTP_ACCEPT_ENCODING", None)
        seen = Seen(method=environ["REQUEST_METHOD"], path=path)
        answer: dict[str, Any] = {}

        def begin(status: str, headers: list[tuple[str, str]], _error: object = None) -> Callable[[bytes], None]:
            answer.update(status=status, headers=list(headers))
            return lambda _: None

        with _watching(seen):
            body = b"".join(self._front(environ, begin))
        seen.status, headers = answer["status"], answer["headers"]
        seen.route, seen.kept = _route(environ), "stoa.kept" in environ
        bar = self._bar(environ, seen, headers)
        self._seen.append(seen)
        if bar:
            body = body.replace(b"</body>", bar.encode() + b"</body>", 1)
            headers = [header for header in headers if header[0].lower() not in {"content-length", "etag"}]
            headers.append(("Content-Length", str(len(body))))
        start_response(seen.status, headers)
        return [body]

    def _bar(self, environ: dict[str, Any], seen: Seen, headers: list[tuple[str, str]]) -> str:
        kind = next((value for name, value in headers if name.lower() == "content-type"), "")
        state = environ.get("stoa.state")
        if state is None or not kind.startswith("text/html") or environ.get("HTTP_HX_REQUEST"):
            return ""
        known = installation().themes
        seen.templates = [_used(state.site.theme, one) for one in seen.templates]
        sheet = known.url(state.site.theme, state.runtime.plugins, "css/debug.css")
        # What a script reports by itself (204) is no form.
        before = [one for one in self._seen if one.method == "POST" and not one.status.startswith("204")][-3:]
        template = known.environment(state.site.theme).get_template("debug/bar.html")
        spoken = next((value for name, value in headers if name.lower() == "content-language"), "en")
        with i18n.speaking(spoken, mute=spoken in state.silent):
            return template.render(seen=seen, before=before, sheet=sheet, plugins=state.runtime.plugins)


@contextmanager
def _watching(seen: Seen) -> Iterator[None]:
    heard: list[runtime.Timing] = []
    told: list[str] = []
    used: dict[str, str] = {}
    tokens = (runtime.listening.set(heard), events.listening.set(told), templates.listening.set(used))
    begun = time.perf_counter()
    try:
        with db.counted() as statements:
            yield
    finally:
        runtime.listening.reset(tokens[0])
        events.listening.reset(tokens[1])
        templates.listening.reset(tokens[2])
    seen.us = round((time.perf_counter() - begun) * 1e6)
    seen.hooks = [(hook, plugin, round(took * 1e6)) for hook, plugin, took in heard]
    # Counted whole: many long ones begin alike.
    seen.statements = [Statement(sql=shorten(sql, 300), times=times) for sql, times in Counter(statements).items()]
    seen.events = told
    seen.templates = [Used(name=name, file=file, overrides=()) for name, file in used.items()]


def _used(theme: str, one: Used) -> Used:
    """The template with the files whose place it takes, all written beside the root of the project."""
    others = [path for path in installation().themes.overridden(theme, one.name) if str(path) != one.file]
    return Used(name=one.name, file=_short(Path(one.file)), overrides=tuple(_short(path) for path in others))


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def _route(environ: dict[str, Any]) -> str:
    state = environ.get("stoa.state")
    if state is None:
        return ""
    try:
        rule, _ = state.runtime.url_map.bind_to_environ(environ, subdomain="").match(return_rule=True)
    except HTTPException as error:
        return f"{error.code} {error.name}"
    return f"{rule.rule} → {rule.endpoint}"


# -- what was edited ---------------------------------------------------------------------------------------------------


def stamps(folders: Iterable[Path]) -> dict[str, int]:
    """When each source file was last written, in nanoseconds; templates and styles are read again by themselves.

    Twenty times a second, so it walks as plainly as it can.
    """
    found: dict[str, int] = {}
    for folder in folders:
        for place, below, names in os.walk(folder):
            below[:] = [name for name in below if name not in _NO_SOURCES]
            for name in names:
                if name.endswith(_SOURCES):
                    path = f"{place}{os.sep}{name}"
                    try:
                        found[path] = os.stat(path).st_mtime_ns  # noqa: PTH116 -- a Path for each would cost more than this
                    except FileNotFoundError:  # an editor was faster
                        continue
    return found
