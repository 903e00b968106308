"""The site: a folder for each version, `latest` beside them, and on every page the way to the other versions.

A version is written when it is documented and stays as it is; only the list of versions on its pages is written anew
whenever a version comes. Nothing of it needs a script or a server.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from html import escape
from pathlib import Path

import jinja2
from markupsafe import Markup

from core.cli.docs.pages import Page, read_pages
from core.cli.docs.since import in_order, present
from core.kernel.config import ROOT
from core.lib.text import plain

LATEST = "latest"
ALL = "versions.html"
_STYLES = ("reset", "tokens", "base", "docs")
_SWITCH = re.compile(r"<!--versions-->.*?<!--/versions-->", re.DOTALL)
_VERSION = re.compile(r"\d+\.\d+")


def write_site(out: Path, root: Path = ROOT, at: str = "") -> int:
    """Write the pages of the present version beside those of others; answers how many pages it has.

    `at` is the address that the site will have; search engines are told it in full, and nothing where it is not known.
    """
    at = f"{at.rstrip('/')}/" if at else ""
    version = present(root)
    pages = list(read_pages(root))
    _write_version(out / version, pages, version, root, at)
    versions = _versions(out)
    newest = in_order([*versions])[-1]
    _replace(out / newest, out / LATEST)
    _tell_what_ended(out, versions, newest)
    _write_front(out, versions, newest, at)
    for folder in (*versions, LATEST):
        _write_switches(out / folder, versions, newest)
    return len(pages)


def _write_version(folder: Path, pages: list[Page], version: str, root: Path, at: str) -> None:
    """All pages, the styles, the pictures and the index of the search."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    template = _template("docs/page.html")
    menu: dict[str, list[Page]] = {}
    for page in pages:
        menu.setdefault(page.section, []).append(page)
    for page in pages:
        up = "../" * page.target.count("/")
        html = Markup(page.html)  # noqa: S704 -- our own pages
        canonical = f"{at}{LATEST}/{page.target}" if at else ""
        facts = {"page": page, "menu": menu, "up": up, "html": html, "version": version, "canonical": canonical}
        _write(folder / page.target, template.render(facts))
    (folder / "search.json").write_text(json.dumps([_entry(page) for page in pages], ensure_ascii=False), "utf-8")
    _write_assets(folder, root)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def _template(name: str) -> jinja2.Template:
    loader = jinja2.FileSystemLoader(ROOT / "core" / "templates")
    return jinja2.Environment(loader=loader, autoescape=True).get_template(name)


def _entry(page: Page) -> dict[str, str]:
    return {"title": page.title, "url": page.target, "section": page.section, "text": plain(page.html)}


def _write_assets(folder: Path, root: Path) -> None:
    static = ROOT / "core" / "static"
    layers = "@layer reset, tokens, base, parts, utilities, theme;\n"
    css = layers + "\n".join((static / "css" / f"{name}.css").read_text("utf-8") for name in _STYLES)
    (folder / "docs.css").write_text(css, "utf-8")
    shutil.copy(static / "js" / "docs.js", folder / "docs.js")
    shutil.copy(ROOT / "core" / "panel" / "static" / "mark.svg", folder / "icon.svg")
    shutil.copy(root / "LICENSE", folder / "LICENSE")
    if (root / "docs" / "images").is_dir():
        shutil.copytree(root / "docs" / "images", folder / "docs" / "images", dirs_exist_ok=True)


# -- versions ----------------------------------------------------------------------------------------------------------


def _versions(out: Path) -> dict[str, frozenset[str]]:
    """The pages of each version that lies in the folder."""
    return {
        folder.name: frozenset(one["url"] for one in json.loads((folder / "search.json").read_text("utf-8")))
        for folder in out.iterdir()
        if _VERSION.fullmatch(folder.name) and (folder / "search.json").exists()
    }


def _replace(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)


def _tell_what_ended(out: Path, versions: Mapping[str, frozenset[str]], newest: str) -> None:
    """Pages that the newest version has not stay known by their address, and lead to the last version that has them."""
    template = _template("docs/ended.html")
    last: dict[str, str] = {}
    for version in in_order([*versions]):
        last.update(dict.fromkeys(versions[version], version))
    for target, version in last.items():
        if target not in versions[newest]:
            up = "../" * target.count("/")
            _write(out / LATEST / target, template.render(up=up, target=target, version=version))


def _write_front(out: Path, versions: Mapping[str, frozenset[str]], newest: str, at: str) -> None:
    """The door, which leads to the newest version at once, and the list of all."""
    listed = in_order([*versions])[::-1]
    _write(out / "index.html", _template("docs/front.html").render(latest=LATEST, at=at))
    _write(out / ALL, _template("docs/versions.html").render(latest=LATEST, newest=newest, versions=listed))


def _write_switches(folder: Path, versions: Mapping[str, frozenset[str]], newest: str) -> None:
    """On every page: which version it is about, the same page in the others, and whether there is a newer one."""
    for path in folder.rglob("*.html"):
        target = str(path.relative_to(folder))
        switch = _switch(target, newest if folder.name == LATEST else folder.name, versions, newest)
        text = path.read_text("utf-8")
        path.write_text(_SWITCH.sub(lambda _: switch, text, count=1), "utf-8")  # noqa: B023 -- used at once


def _switch(target: str, here: str, versions: Mapping[str, frozenset[str]], newest: str) -> str:
    up = "../" * (target.count("/") + 1)

    def link(version: str) -> str:
        folder = LATEST if version == newest else version
        page = target if target in versions[version] else "index.html"
        current = ' aria-current="true"' if version == here else ""
        return f'<li><a href="{up}{folder}/{escape(page)}"{current}>{version}</a></li>'

    rows = "".join(link(version) for version in in_order([*versions])[::-1])
    latest = f'<a href="{up}{LATEST}/{escape(target)}">Version {newest}</a>'
    old = f'<p class="docs__old">About version {here}. {latest} is the latest.</p>' if here != newest else ""
    return (
        f'<!--versions--><details class="docs__versions"><summary>Version {here}</summary>'
        f"<ul>{rows}</ul></details>{old}<!--/versions-->"
    )
