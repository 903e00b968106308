"""`./stoa theme check NAME`: what a theme's author cannot see by looking, found without a browser."""

from __future__ import annotations

from pathlib import Path

from core.kernel.contrast import weak_contrasts
from core.kernel.themes import CORE, Themes
from core.testing.themes.sources import faults_of_sources, untranslated, untranslated_words


def check_theme(themes: Themes, name: str) -> list[str]:
    """Every fault of a theme as `file:line: what, and what to do`; empty for a good one.

    Contrast of the tokens in light and dark (WCAG 2.2, 1.4.3 and 1.4.11), pictures without `alt`, texts that are not
    marked for translation or have none, output that is not escaped, inline style and script (the CSP drops them),
    styles that name left or right, labels of settings without Chinese. Its parents are checked under their own names.
    """
    theme = themes.get(name)
    found = weak_contrasts(themes.style(name, ()).body.decode())
    found += faults_of_sources(theme.folder)
    house = [CORE, *(path.parent for path in CORE.glob("*/locale"))]
    known = [catalogue(one) for one in [*(one.folder for one in theme.chain), *house]]
    own = [setting for name, setting in theme.settings.items() if name in theme.own_settings]
    words = [theme.summary, *(text for setting in own for text in setting.says)]
    return found + untranslated(theme.folder, known) + untranslated_words(words, known)


def catalogue(folder: Path) -> Path:
    """Where a theme's Chinese lies."""
    return folder / "locale" / "zh_CN" / "LC_MESSAGES" / "messages.po"
