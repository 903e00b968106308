"""Addresses of redirects: in one form, of this site, and never in a circle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from core.api import CsvRow, Site
from core.api import gettext as _

COLUMNS = ("from", "to", "code")
MOST_ROWS, LONGEST_SOURCE, LONGEST_TARGET = 20_000, 300, 500
MOVED, GONE = "301", "410"


class Unusable(ValueError):
    """An address that cannot be taken, in words for whoever typed it."""


class Problem(NamedTuple):
    """What is wrong with a row of a file: its line, the column, and why."""

    line: int
    column: str
    message: str


class Wanted(Struct, frozen=True):
    """A redirect as it is asked for; an empty `target` says that the page is gone."""

    source: str
    target: str


def source_of(typed: str, site: Site) -> str:
    """The path of an old address: decoded, without a slash at its end. Raises Unusable."""
    text = typed.strip()
    parts = urlsplit(text)
    if not text:
        raise Unusable(_("Fill this in."))
    if parts.netloc and parts.netloc not in _hosts(site):
        raise Unusable(_("This address is of another site."))
    if parts.query or parts.fragment:
        raise Unusable(_("Without what follows “?” or “#”: the whole path is redirected."))
    if not parts.netloc and not text.startswith("/"):
        raise Unusable(_("Begin with a slash, such as /old-page."))
    path = normal(unquote(parts.path))
    if path == "/":
        raise Unusable(_("The start page is always there."))
    if path.startswith("/panel"):
        raise Unusable(_("Pages of the panel cannot be redirected."))
    if len(path) > LONGEST_SOURCE:
        raise Unusable(_("At most %(count)s characters.", count=LONGEST_SOURCE))
    return path


def target_of(typed: str, site: Site) -> str:
    """Where it leads: a path of this site, or a whole address elsewhere. Raises Unusable."""
    text = typed.strip()
    parts = urlsplit(text)
    if not text:
        raise Unusable(_("Fill this in, or say that the page is gone."))
    if len(text) > LONGEST_TARGET:
        raise Unusable(_("At most %(count)s characters.", count=LONGEST_TARGET))
    if parts.netloc in _hosts(site) and parts.scheme in {"http", "https"}:
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if parts.scheme in {"http", "https"} and parts.netloc:
        return text
    if not text.startswith("/") or text.startswith("//") or "\\" in text:
        raise Unusable(_("Write a path such as /p/lamp, or a whole address that begins with https://."))
    return text


def normal(path: str) -> str:
    """A path as it is looked up."""
    return "/" + path.strip("/")


def circle(source: str, routes: Mapping[str, str]) -> list[str]:
    """The way from `source` back to itself, if its redirects lead in a circle; empty otherwise."""
    way = [source]
    while (target := routes.get(way[-1], "")) and target.startswith("/"):
        step = normal(unquote(urlsplit(target).path))
        if step in way:
            return [*way, step] if step == source else []
        way.append(step)
    return []


def read_file(rows: Iterable[CsvRow], site: Site) -> tuple[list[Wanted], list[Problem]]:
    """The redirects of a file, and what is wrong row by row. `code` may be left out: an empty `to` means gone."""
    found: dict[str, Wanted] = {}
    problems: list[Problem] = []
    for count, row in enumerate(rows, 1):
        if count > MOST_ROWS:
            problems.append(Problem(row.line, "", _("At most %(count)s rows.", count=MOST_ROWS)))
            break
        cells = {name.lower(): cell.strip() for name, cell in row.cells.items()}
        column = "from"
        try:
            source = source_of(cells.get("from", ""), site)
            column = "code"
            is_gone = _is_gone(cells.get("code", ""), cells.get("to", ""))
            column = "to"
            wanted = Wanted(source, "" if is_gone else target_of(cells.get("to", ""), site))
        except Unusable as reason:
            problems.append(Problem(row.line, column, str(reason)))
            continue
        if source in found and found[source] != wanted:
            problems.append(Problem(row.line, "from", _("This address is in the file twice.")))
        found[source] = wanted
    return list(found.values()), problems


def _is_gone(code: str, target: str) -> bool:
    if code not in {"", MOVED, GONE}:
        raise Unusable(_("301 (moved) or 410 (gone)."))
    return code == GONE or (code == "" and not target)


def _hosts(site: Site) -> set[str]:
    return {site.host, urlsplit(site.origin).netloc}
