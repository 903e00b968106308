"""docs: the documentation as a site of plain files, with a search and a page for every hook."""

from __future__ import annotations

import argparse
import functools
import http.server
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from markdown_it import MarkdownIt
from markupsafe import Markup

from core.kernel.config import ROOT, load
from core.lib.errors import Refused
from core.lib.text import plain, slugify

_FIRST = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "instance/README.md")
# Section title and where its pages lie.
_SECTIONS = (
    ("Guides", "docs/guide/*.md"),
    ("Tutorials", "docs/guide/tutorials/*.md"),
    ("Reference", "core/api.py"),
    ("Hooks", "docs/hooks.md"),
    ("Hooks", "docs/hooks/*.md"),
    ("Plugins", "plugins/*/README.md"),
    ("Themes", "themes/*/README.md"),
    ("Decisions", "docs/decisions/*.md"),
)
_LINK = re.compile(r'(href|src)="(?![a-z]+:|#|/)([^"]+)"')
_HEADING = re.compile(r"<h([23])>(.*?)</h\1>")
_STYLES = ("reset", "tokens", "base", "docs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page: `source` beside the root of the project, `target` beside the root of the site."""

    source: Path
    target: str
    title: str
    section: str
    html: str


def add_to(commands: Any) -> None:
    """`docs`."""
    docs = commands.add_parser("docs", help="the documentation as a site: write it, or serve it")
    docs.add_argument("--out", type=Path, help="the folder to write to (instance/docs)")
    docs.add_argument("--serve", action="store_true", help="and serve it on this machine")
    docs.add_argument("--port", type=int, default=8001, help="the port to serve on (8001)")
    docs.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    out = options.out or load().instance / "docs"
    if out.exists() and any(out.iterdir()) and not (out / "search.json").exists():
        raise Refused(f"{out} holds other things; name an empty folder by --out")
    print(f"{write_site(out)} pages are in {out}")
    if options.serve:
        _serve(out, options.port)
    return 0


def _serve(out: Path, port: int) -> None:
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(out))
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        print(f"  http://127.0.0.1:{port}/\n  Stop with Ctrl-C.", flush=True)
        server.serve_forever()


def write_site(out: Path, root: Path = ROOT) -> int:
    """Write every page, its pictures, the styles and the index of the search; answers how many pages there are."""
    out.mkdir(parents=True, exist_ok=True)
    pages = list(read_pages(root))
    template = _environment().get_template("docs/page.html")
    menu: dict[str, list[Page]] = {}
    for page in pages:
        menu.setdefault(page.section, []).append(page)
    for page in pages:
        path = out / page.target
        path.parent.mkdir(parents=True, exist_ok=True)
        up = "../" * page.target.count("/")
        path.write_text(template.render(page=page, menu=menu, up=up, html=Markup(page.html)), "utf-8")  # noqa: S704 -- our own pages
    (out / "search.json").write_text(json.dumps([_entry(page) for page in pages], ensure_ascii=False), "utf-8")
    _write_assets(out, root)
    return len(pages)


def _environment() -> jinja2.Environment:
    return jinja2.Environment(loader=jinja2.FileSystemLoader(ROOT / "core" / "templates"), autoescape=True)


def _write_assets(out: Path, root: Path) -> None:
    static = ROOT / "core" / "static"
    layers = "@layer reset, tokens, base, parts, utilities, theme;\n"
    css = layers + "\n".join((static / "css" / f"{name}.css").read_text("utf-8") for name in _STYLES)
    (out / "docs.css").write_text(css, "utf-8")
    shutil.copy(static / "js" / "docs.js", out / "docs.js")
    shutil.copy(root / "LICENSE", out / "LICENSE")
    if (root / "docs" / "images").is_dir():
        shutil.copytree(root / "docs" / "images", out / "docs" / "images", dirs_exist_ok=True)


# -- pages -------------------------------------------------------------------------------------------------------------


def read_pages(root: Path) -> Iterator[Page]:
    """Every page in the order of the menu."""
    found = [("Stoa", root / name) for name in _FIRST]
    found += [(section, path) for section, pattern in _SECTIONS for path in sorted(root.glob(pattern))]
    known = {path.relative_to(root) for _, path in found}
    for section, path in found:
        if path.exists():
            yield _page(root, path.relative_to(root), section, known)


def _page(root: Path, source: Path, section: str, known: set[Path]) -> Page:
    text = (root / source).read_text("utf-8")
    if source == Path("core/api.py"):
        text = door(text)
    if source.parent == Path("docs/hooks"):
        text = f"# {source.stem}\n\n{hook_facts(source.stem)}\n\n{text}"
    html = MarkdownIt("commonmark").enable("table").render(text)
    title = re.search(r"<h1>(.*?)</h1>", html)
    html = _HEADING.sub(lambda at: f'<h{at[1]} id="{slugify(plain(at[2]))}">{at[2]}</h{at[1]}>', html)
    html = html.replace("<table>", '<div class="docs__table" tabindex="0"><table>').replace(
        "</table>", "</table></div>"
    )
    html = _LINK.sub(lambda at: f'{at[1]}="{_link(source, at[2], known)}"', html)
    return Page(
        source=source,
        target=_target(source),
        title=plain(title[1]) if title else source.stem,
        section=section,
        html=html,
    )


def _target(source: Path) -> str:
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


def _entry(page: Page) -> dict[str, str]:
    return {"title": page.title, "url": page.target, "section": page.section, "text": plain(page.html)}


# -- the door ----------------------------------------------------------------------------------------------------------


def door(code: str) -> str:
    """All that `core.api` exports, by the floor it comes from: signatures and first sentences, in Markdown."""
    import ast

    import core.api as opened

    groups: dict[str, list[str]] = {}
    for node in ast.parse(code).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("core."):
            floor = str(node.module).split(".")[1]
            for alias in node.names:
                name = alias.asname or alias.name
                groups.setdefault(floor, []).append(_exported(name, getattr(opened, name)))
    told = [
        "# core.api",
        "",
        "Everything that a plugin may import. What begins with a capital is a class: its fields stand in brackets.",
        "",
    ]
    for floor, lines in sorted(groups.items()):
        told += [f"## {floor}", "", *sorted(lines, key=str.casefold), ""]
    return "\n".join(told)


def _exported(name: str, found: Any) -> str:
    """One name with its signature and what its docstring says first."""
    import inspect

    first = " ".join(inspect.cleandoc(getattr(found, "__doc__", None) or "").partition("\n\n")[0].split())
    is_ours = str(getattr(found, "__module__", "")).startswith("core.")
    try:
        given = str(inspect.signature(found)) if callable(found) else ""
    except (TypeError, ValueError):
        given = ""
    if isinstance(found, type) and given:
        given = given.partition(" -> ")[0].replace("*, ", "")
    given = re.sub(r"(: |-> )'([^']*)'", r"\1\2", given) if is_ours else ""
    return f"- `{name}{given}`{': ' + first if first and is_ours else ''}"


# -- hooks -------------------------------------------------------------------------------------------------------------

_ON_ERROR = {
    "skip": "The plugin is left out and reported; the others answer.",
    "block": "The act is refused and nothing is stored.",
    "retry": "It is delivered again later, and ends in the dead letters.",
}


def hook_facts(name: str) -> str:
    """Signature, question, transaction and error policy of a hook, as its spec has them, in Markdown."""
    import inspect

    from core.hookspecs import FAMILIES

    spec = next((getattr(family, name) for family in FAMILIES if hasattr(family, name)), None)
    if spec is None:
        raise Refused(f"docs/hooks/{name}.md: there is no hook of this name")
    policy = spec.stoa_policy
    signature = inspect.signature(spec, eval_str=False)
    given = ", ".join(f"{one.name}: {one.annotation}" for one in signature.parameters.values() if one.name != "self")
    said = inspect.cleandoc(spec.__doc__ or "")
    inside = "after the commit, by a worker" if policy.on_error == "retry" else "outside any transaction"
    return "\n".join(
        [
            f"```python\n@hookimpl\ndef {name}({given}) -> {signature.return_annotation}: ...\n```",
            said,
            "",
            "| | |",
            "|---|---|",
            f"| Asked | {inside} |",
            f"| Many answers | {'the first one wins' if policy.first else 'all count'} |",
            f"| A failing plugin | {_ON_ERROR[policy.on_error]} |",
        ]
    )
