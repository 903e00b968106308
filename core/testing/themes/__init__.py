"""`./stoa theme check NAME`: what a theme's author cannot see by looking, found without a browser."""

from __future__ import annotations

import tomllib
from pathlib import Path

from core.kernel.contrast import weak_contrasts
from core.kernel.themes import CORE, Themes
from core.testing.themes.sources import (
    broken,
    faults_of_sources,
    silenced,
    unread,
    untranslated,
    untranslated_words,
)


def check_theme(themes: Themes, name: str) -> list[str]:
    """Every fault of a theme as `file:line: what, and what to do`; empty for a good one.

    Contrast of the tokens in light and dark (WCAG 2.2, 1.4.3 and 1.4.11), pictures without `alt`, texts that are not
    marked for translation or have none, output that is not escaped, inline style and script (the CSP drops them),
    styles that name left or right, labels of settings without Chinese, slots that a replaced template lost. Its
    parents are checked under their own names.
    """
    theme = themes.get(name)
    if found := broken(theme.folder):
        return found
    parent = tomllib.loads((theme.folder / "theme.toml").read_text("utf-8")).get("parent", "")
    if parent and not themes.has(parent):
        return [
            f"theme.toml: there is no theme {parent!r} for it to be a child of; there are {', '.join(themes.all())}"
        ]
    css = themes.style(name, ()).body.decode()
    found = weak_contrasts(css)
    for path in sorted(theme.folder.rglob("static/css/**/*.css")):
        found += [f"{path.relative_to(theme.folder)}: {fault}" for fault in unread(css, path.read_text("utf-8"))]
    found += faults_of_sources(theme.folder)
    found += silenced(theme.folder, [*(one.folder for one in theme.chain[1:]), CORE])
    house = [CORE, *(path.parent for path in CORE.glob("*/locale"))]
    known = [catalogue(one) for one in [*(one.folder for one in theme.chain), *house]]
    own = [setting for name, setting in theme.settings.items() if name in theme.own_settings]
    words = [theme.summary, *(text for setting in own for text in setting.says)]
    return found + untranslated(theme.folder, known) + untranslated_words(words, known)


def catalogue(folder: Path) -> Path:
    """Where a theme's Chinese lies."""
    return folder / "locale" / "zh_CN" / "LC_MESSAGES" / "messages.po"
