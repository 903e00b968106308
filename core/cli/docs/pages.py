"""The pages: Markdown from the project, and what is read from the code, as HTML with links between pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any, cast

from markdown_it import MarkdownIt
from msgspec import Struct

from core.cli.docs import reference, signatures
from core.cli.docs.since import exported
from core.kernel import pictures
from core.lib.text import plain, shorten, slugify

_FIRST = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "instance/README.md")
# Section title and where its pages lie.
_SECTIONS = (
    ("Guides", "docs/guide/*.md"),
    ("Tutorials", "docs/guide/tutorials/*.md"),
    ("Reference", "core/api.py"),
    ("Reference", "core/testing/__init__.py"),
    ("Reference", "core/panel/__init__.py"),
    ("Hooks", "docs/hooks.md"),
    ("Hooks", "docs/hooks/*.md"),
    ("Plugins", "plugins/*/README.md"),
    ("Themes", "themes/*/README.md"),
    ("Decisions", "docs/decisions/*.md"),
)
# Pages that are read from the code, by the file that a link to them names.
_DOOR, _THEME = Path("core/api.py"), Path("themes/plain/README.md")
_READ: Mapping[Path, Callable[[Path], str]] = {
    _DOOR: reference.door,
    Path("core/testing/__init__.py"): lambda _root: reference.test_kit(),
    Path("core/panel/__init__.py"): reference.panel_parts,
}
_LINK = re.compile(r'(href|src)="(?![a-z]+:|#|/)([^"]+)"')
_PICTURE = re.compile(r'<img src="(?![a-z]+:|/)([^"]+)"')
_PARAGRAPH = re.compile(r"<p>(?!<img)(.*?)</p>", re.DOTALL)
_HEADING = re.compile(r"<h([23])>(.*?)</h\1>")
_NAMED = re.compile(r"<li>(\n?<p>)?<code>(\w+)")


class Page(Struct, frozen=True, kw_only=True):
    """One page: `source` beside the root of the project, `target` beside the root of the version."""

    source: Path
    target: str
    title: str
    section: str
    about: str
    html: str


def read_pages(root: Path) -> Iterator[Page]:
    """Every page in the order of the menu."""
    found = [("Stoa", root / name) for name in _FIRST]
    found += [(section, path) for section, pattern in _SECTIONS for path in sorted(root.glob(pattern))]
    known = {path.relative_to(root) for _, path in found}
    for section, path in found:
        if path.exists():
            yield _page(root, path.relative_to(root), section, known)


def _page(root: Path, source: Path, section: str, known: set[Path]) -> Page:
    text = _READ[source](root) if source in _READ else (root / source).read_text("utf-8")
    if source == _THEME:
        text = f"{text.rstrip()}\n\n{reference.theme_parts(root, text)}"
    if source.parent == Path("docs/hooks"):
        text = f"# {source.stem}\n\n{reference.hook_facts(source.stem, root)}\n\n{text}"
    html = _markdown().render(text)
    title = re.search(r"<h1>(.*?)</h1>", html)
    html = _HEADING.sub(lambda at: f'<h{at[1]} id="{slugify(plain(at[2]))}">{at[2]}</h{at[1]}>', html)
    if source in _READ:
        html = _with_anchors(html)
    html = html.replace("<table>", '<div class="docs__table" tabindex="0"><table>').replace(
        "</table>", "</table></div>"
    )
    html = html.replace("<pre><code", '<pre tabindex="0"><code')  # What scrolls can be scrolled by keyboard.
    html = html.replace("<th></th>", "<td></td>")  # A table without titles has no cells of titles.
    html = _PICTURE.sub(lambda at: at[0] + _size(root / source.parent / at[1]), html)
    start, first, rest = html.partition("<img ")
    html = start + first + rest.replace("<img ", '<img loading="lazy" ')  # The first picture is what is waited for.
    html = _LINK.sub(lambda at: f'{at[1]}="{_link(source, at[2], known)}"', html)
    if source in _READ:
        html = _laid_out(root, source, html)
    about = _PARAGRAPH.search(html)
    return Page(
        source=source,
        target=_target(source),
        title=plain(title[1]) if title else source.stem,
        section=section,
        about=shorten(plain(about[1]), 160) if about else "",
        html=html,
    )


def _size(picture: Path) -> str:
    """Room is made for a picture before it comes."""
    if not picture.exists():
        return ""
    drawn = pictures.as_it_is(picture.read_bytes())
    return f' width="{drawn.width}" height="{drawn.height}"'


def _laid_out(root: Path, source: Path, html: str) -> str:
    """Reference pages: signatures that can be read, and an index of what the door exports."""
    names = [name for _floor, name in exported(root)]
    if source != _DOOR:
        return signatures.laid_out(html, {name: f"api.html#{name}" for name in names})
    here = set(signatures.names_in(html))
    html = signatures.laid_out(html, {name: f"#{name}" for name in names if name in here})
    return signatures.with_index(html, here.intersection(names))


def _markdown() -> MarkdownIt:
    made: Any = MarkdownIt("commonmark", {"xhtmlOut": False}).enable("table")
    made.add_render_rule("fence", _fence)
    return cast("MarkdownIt", made)


def _fence(_renderer: Any, tokens: Any, at: int, _options: Any, _env: Any) -> str:
    """Code, below the name of the file that it is, where the text says `file=`."""
    language, _, more = tokens[at].info.partition(" ")
    name = re.search(r"file=(\S+)", more)
    head = f'<p class="docs__file"><code>{escape(name[1])}</code></p>' if name else ""
    kind = f' class="language-{escape(language)}"' if language else ""
    return f'{head}<pre tabindex="0"><code{kind}>{escape(tokens[at].content)}</code></pre>\n'


def _with_anchors(html: str) -> str:
    """The first entry about a name can be linked to by it."""
    seen: set[str] = set()

    def one(at: re.Match[str]) -> str:
        if at[2] in seen:
            return at[0]
        seen.add(at[2])
        return f'<li id="{at[2]}">{at[1] or ""}<code>{at[2]}'

    return _NAMED.sub(one, html)


def _target(source: Path) -> str:
    if source.name == "__init__.py":
        return f"{source.parent}.html"
    return "index.html" if source == Path("README.md") else str(source.with_suffix(".html"))


def _link(source: Path, written: str, known: set[Path]) -> str:
    """A link between Markdown files as one between pages; one to a file without a page stays words of the path."""
    path, mark, anchor = written.partition("#")
    wanted = Path(*_flat(source.parent / path))
    if wanted in known:
        up = "../" * _target(source).count("/")
        return f"{up}{_target(wanted)}{mark}{anchor}"
    return written


def _flat(path: Path) -> list[str]:
    parts: list[str] = []
    for part in path.parts:
        parts = parts[:-1] if part == ".." else [*parts, part]
    return parts
