"""Catalogues of words: `.po` files beside what they translate (a floor of core, a plugin, a theme).

They are read once per change and kept compiled in `instance/cache`. Each plugin has words of its own, which hold in its
code and its templates before all others; elsewhere core's hold, and a theme may say them otherwise. A language pack is
a plugin whose folder holds the words of others, a file for each; what somebody's own folder says in that language comes
before it. Where there are several packs for a language, each site is spoken to by those that are on there.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from gettext import c2py
from pathlib import Path
from typing import Any

import jinja2

from core.lib import cldr
from core.lib.languages import plural_form, plural_forms

Words = Mapping[str, str | list[str]]
# Behind the msgid whose words are the forms of a plural.
PLURAL = "\x04"
PANEL = "panel"
_PANEL = f"theme:{PANEL}"
_PLUGIN = "plugin:"
# Between a text and whoever says it stand `i18n`, the templates' own `_()`, and Jinja.
_PASSING = (
    str(Path(__file__).with_name("i18n.py")),
    str(Path(__file__).with_name("templates.py")),
    f"{Path(jinja2.__file__).parent}{os.sep}",
)


class Catalogues:
    """All translations of the installation.

    `folders` are (whose, folder): "" is core, `plugin:x` a plugin, `theme:x` a theme and, before its own, its parents.
    `packs` are (language, name, folder) of every language pack.
    """

    def __init__(
        self, folders: Iterable[tuple[str, Path]], kept: Path, packs: Iterable[tuple[str, str, Path]] = ()
    ) -> None:
        placed = tuple(folders)
        # The panel's folder is one of core's floors as well: its words are the panel's.
        panels = {folder for whose, folder in placed if whose == _PANEL}
        self._folders = tuple(one for one in placed if one[0] or one[1] not in panels)
        self._packs = tuple(packs)
        self._kept = kept
        self._words: dict[tuple[str, str, tuple[str, ...]], Words] = {}
        names = {tag: tuple(name for one, name, _folder in self._packs if one == tag) for tag, *_pack in self._packs}
        self._rivals = {tag: several for tag, several in names.items() if len(several) > 1}
        self._homes = [
            (f"{folder.parent}{os.sep}", name.removeprefix(_PLUGIN))
            for name, folder in self._folders
            if name.startswith(_PLUGIN)
        ]
        self._speakers: dict[str, str | None] = {}
        self._in_panel: dict[str, bool] = {}

    def has_rivals(self, language: str) -> bool:
        """Whether several packs speak a language."""
        return language in self._rivals

    def chosen(self, language: str, on: Collection[str]) -> tuple[str, ...]:
        """Which of several packs for a language speak where these plugins are `on`.

        All of them (empty) where none is: orders placed in the language are still written to in it.
        """
        return tuple(name for name in self._rivals.get(language, ()) if name in on)

    def said(self, key: str, language: str, theme: str = "", packs: tuple[str, ...] = ()) -> str | list[str] | None:
        """What stands for `key` in `language` (a list for plurals), None where nobody says it.

        A theme's words hold before core's, and those that only the panel knows, or only a plugin, come last: core shows
        titles that plugins hand over. Each is read when it is first asked for. `packs` are those that speak; empty: all
        that there are for the language.
        """
        for whose in _in_order(theme):
            found = self._of(whose, language, packs).get(key)
            if found is not None:
                return found
        return None

    def own(self, key: str, language: str, plugin: str, packs: tuple[str, ...] = ()) -> str | list[str] | None:
        """What one plugin alone says."""
        return self._of(_PLUGIN + plugin, language, packs).get(key)

    def _of(self, whose: str, language: str, packs: tuple[str, ...]) -> Words:
        """The words of one, or of all plugins (`plugin:`)."""
        key = (whose, language, packs)
        if key not in self._words:
            every_plugin = whose == _PLUGIN
            here = [one for one in self._folders if one[0] == whose or (every_plugin and one[0].startswith(whose))]
            self._words[key] = self._read(language, here, packs)
        return self._words[key]

    def speaker(self, file: str) -> str | None:
        """The plugin that a file of code or a template is of; "" for all others, None for what only passes words on.

        A theme may replace a plugin's template: what it says there is said for the plugin.
        """
        if file not in self._speakers:
            self._speakers[file] = self._speaker(file)
        return self._speakers[file]

    def _speaker(self, file: str) -> str | None:
        if file.startswith(_PASSING):
            return None
        for home, plugin in self._homes:
            if file.startswith(home):
                return plugin
        first = file.rpartition(f"{os.sep}templates{os.sep}")[2].partition(os.sep)[0]
        return first if any(plugin == first for _home, plugin in self._homes) else ""

    def files(self, language: str, whose: str, folder: Path, packs: tuple[str, ...] = ()) -> list[Path]:
        """Where somebody's words in a language lie: in the packs for it, then in their own folder, which wins."""
        spoken = [pack for tag, name, pack in self._packs if tag == language and (not packs or name in packs)]
        said = [pack / f"{domain(whose, folder)}.po" for pack in spoken] + [folder / "messages.po"]
        inside = Path(_folder_name(language), "LC_MESSAGES")
        return [path for one in said if (path := one.parent / inside / one.name).exists()]

    def in_panel(self, language: str) -> bool:
        """Whether the panel can be read in a language; a pack for shoppers need not have its words."""
        if language not in self._in_panel:
            self._in_panel[language] = language == "en" or any(
                self.files(language, name, folder) for name, folder in self._folders if name == _PANEL
            )
        return self._in_panel[language]

    def _read(self, language: str, folders: list[tuple[str, Path]], packs: tuple[str, ...]) -> Words:
        named = [path for whose, folder in folders for path in self.files(language, whose, folder, packs)]
        # A pack has one file for all of core's floors; what comes last wins.
        files = list(dict.fromkeys(reversed(named)))[::-1]
        stamp = hashlib.sha256("".join(f"{path}{path.stat().st_mtime_ns}" for path in files).encode()).hexdigest()[:16]
        kept = self._kept / f"words-{language}-{stamp}.json"
        if kept.exists():
            loaded: Words = json.loads(kept.read_text("utf-8"))
            return loaded
        words: dict[str, str | list[str]] = {}
        for path in files:
            words.update(_po(path, language))
        cldr.lighten(())  # the reader of these files asks for rare parts of the world
        self._kept.mkdir(parents=True, exist_ok=True)
        temporary = kept.with_suffix(f".{os.getpid()}-{id(words)}")
        temporary.write_text(json.dumps(words, ensure_ascii=False), "utf-8")
        temporary.replace(kept)
        return words


@lru_cache(maxsize=64)
def _in_order(theme: str) -> tuple[str, ...]:
    """Whose words are looked into, each once."""
    return tuple(dict.fromkeys((f"theme:{theme}" if theme else "", "", _PANEL, _PLUGIN)))


def domain(whose: str, folder: Path | None = None) -> str:
    """The name of the file in which a pack has somebody's words: `core`, `plugin-reviews`, `theme-plain`.

    Words of a theme may be its parent's: then the parent's `folder` says the name.
    """
    kind, _, name = whose.partition(":")
    if kind == "theme" and folder is not None:
        name = folder.parent.name
    return f"{kind}-{name}" if name else "core"


def _folder_name(language: str) -> str:
    return language.replace("-", "_")


def _po(path: Path, language: str) -> dict[str, str | list[str]]:
    from babel.messages.pofile import read_po  # noqa: PLC0415 -- once per change; what was read is kept as JSON

    words: dict[str, str | list[str]] = {}
    with path.open("rb") as stream:
        catalogue = read_po(stream)
        places = _places(str(catalogue.plural_expr), language)
        for message in catalogue:
            if not message.id or message.fuzzy:
                continue
            said: Any = message.string
            if isinstance(message.id, tuple | list):
                if all(said) and len(said) > max(places):
                    words[message.id[0] + PLURAL] = [said[place] for place in places]
            elif said:
                words[message.id] = str(said)
    return words


@lru_cache(maxsize=64)
def _places(expression: str, tag: str) -> tuple[int, ...]:
    """Of each form that a language has, where a file keeps it, by the rule in its head."""
    index = c2py(expression)
    return tuple(
        next(index(n) for n in range(1000) if plural_form(tag, n) == form) for form in range(len(plural_forms(tag)))
    )
