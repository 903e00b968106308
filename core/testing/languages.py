"""What of the shop's texts shoppers read, and what is missing or wrong of them in a language.

Shoppers read what is not said behind the counter: the panel, imports, commands, and those rooms of plugins that only
the panel opens. It is told by the file that says it, so a text of both belongs to the shoppers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po
from msgspec import Struct

from core.kernel.catalogues import domain
from core.kernel.installation import installation
from core.kernel.plugins import Loaded
from core.kernel.settings import fields
from core.kernel.themes import CORE
from core.lib.languages import plural_forms
from core.testing.texts import Text, refusal_names, source_of, sources, texts_of

_PLACEHOLDER = re.compile(r"%\(\w+\)s")
# Rooms of core that speak to staff alone.
_COUNTER = (
    "panel/*", "imports/*", "cli/*", "testing/*", "templates/debug/*", "lib/csv.py",
    "kernel/switch.py", "kernel/secrets.py", "kernel/theme_*", "kernel/trials.py", "kernel/fetch.py",
    "kernel/plugins.py", "kernel/manifest.py", "kernel/site_verbs.py",
    "accounts/services/roles.py", "accounts/services/staff.py", "accounts/services/desk.py",
    "accounts/services/permissions.py",
    "catalogue/services/[!s]*", "catalogue/services/s[!t]*", "catalogue/services/stock_[!s]*",
    "orders/services/channel_*", "orders/services/history*", "orders/services/hold*", "orders/services/parting.py",
    "orders/services/picked.py", "orders/services/tags.py", "orders/services/drafts.py", "orders/services/stages.py",
    "orders/services/return_labels.py", "orders/services/labels.py", "orders/services/manifests.py",
)  # fmt: skip
# Rooms of a plugin that only its panel opens; views and forms are shoppers' where it has pages in the shop.
_PANELS = {"panel", "panel.py", "editing.py", "importing.py", "moderating.py", "server", "plugin.py"}
_VIEWS, _FORMS = {"views", "views.py"}, {"forms", "forms.py"}
_OF_PANEL = re.compile(r"""["']panel/""")
# Who answers nothing but these never speaks to a shopper.
_SILENT = {"notify_event", "site_search", "fulfil_allocate"}


class Home(Struct, frozen=True, eq=False):
    """Whose texts they are ("" core, `plugin:x`, `theme:x`), and their folder."""

    whose: str
    folder: Path
    plugin: Loaded | None = None

    @property
    def domain(self) -> str:
        """The name of a pack's file for them, without `.po`."""
        return domain(self.whose)

    def is_for_shoppers(self, path: Path) -> bool:
        """Whether what a file says is for shoppers."""
        inside = path.relative_to(self.folder)
        if path.suffix != ".py" and ("panel" in inside.parts or _OF_PANEL.search(path.read_text("utf-8"))):
            return False
        if self.plugin is None:
            return not any(fnmatch(str(inside), room) for room in _COUNTER)
        closed = _PANELS | (set() if self.plugin.plugin.shop else _VIEWS)
        closed |= set() if (self.folder / "views" / "shop.py").exists() else _FORMS
        return not {*inside.parts} & closed

    def files(self, language: str) -> list[Path]:
        """Where its words in a language lie: in packs, and in its own folder."""
        catalogues = installation().themes.catalogues
        own = sorted(self.folder.glob("*/locale")) if self.whose == "" else []
        return list(
            dict.fromkeys(
                path
                for folder in [*own, self.folder / "locale"]
                for path in catalogues.files(language, self.whose, folder)
            )
        )


def homes() -> list[Home]:
    """Core, the themes, and every plugin of this installation that may speak to shoppers."""
    made = installation()
    themes = [Home(f"theme:{name}", made.themes.get(name).folder) for name in made.themes.all()]
    plugins = [
        Home(f"plugin:{name}", loaded.folder, loaded)
        for name, loaded in sorted(made.plugins.loaded.items())
        if {*loaded.hooks} - _SILENT
    ]
    return [Home("", CORE), *themes, *plugins]


def missing(language: str) -> dict[Home, list[Text]]:
    """What shoppers read and no catalogue in reach says in a language: of each home its own, and core's for all."""
    found, every = {}, homes()
    refusals = refusal_names([CORE, *(home.folder for home in every if home.plugin)])
    cores = {_key(message) for path in every[0].files(language) for message in entries(path)}
    for home in every:
        known = cores | {_key(message) for path in home.files(language) for message in entries(path)}
        gaps = [text for text in shoppers_texts(home, refusals) if (text.msgid, bool(text.plural)) not in known]
        if gaps:
            found[home] = gaps
    return found


def faults(language: str) -> list[str]:
    """What is wrong in the packs for a language: other placeholders, plurals that lack a form, texts nobody says."""
    found, every = [], homes()
    house = set().union(*(own_msgids(home.folder) for home in every if home.plugin is None))
    for home in every:
        said = house | own_msgids(home.folder)
        for path in home.files(language):
            for message in entries(path):
                if _key(message)[0] not in said:
                    found.append(f"{path.name}: nobody says {_key(message)[0]!r}")
                elif fault := fault_of(message, language):
                    found.append(f"{path.name}: {fault}: {_key(message)[0]!r}")
    return found


def shoppers_texts(home: Home, refusals: set[str]) -> list[Text]:
    """What shoppers read of a home, each once: where it is said first."""
    files = [path for kind in ("*.py", "*.html", "*.txt") for path in sources(home.folder, kind)]
    files = [path for path in files if home.is_for_shoppers(path)]
    found: dict[tuple[str, bool], Text] = {}
    for path in files:
        for text in texts_of(path, refusals):
            found.setdefault((text.msgid, bool(text.plural)), text)
    unseen = own_msgids(home.folder) - {msgid for msgid, _ in found}
    for text in _unmarked(home, files):
        if text.msgid in unseen:
            found.setdefault((text.msgid, False), text)
    return sorted(found.values())


def _unmarked(home: Home, files: list[Path]) -> Iterator[Text]:
    """Strings that may be texts though no `_()` shows it, such as the labels of addresses, which stand in a table."""
    for path in files:
        if path.suffix == ".py":
            yield from (Text(path, *one) for one in source_of(path).strings if not _is_code(one[1]))
    yield from (Text(home.folder, 0, text) for text in _declared(home))


def _is_code(text: str) -> bool:
    """Whether it is rather a code than a text that is spelt like one."""
    return " " not in text and text.islower()


def _declared(home: Home) -> Iterator[str]:
    """What a manifest has shoppers read: buttons, attributes, stages, and settings that begin with words."""
    if home.plugin is not None:
        plugin = home.plugin.plugin
        yield from (act.title for act in plugin.card_acts)
        yield from (attribute.title for attribute in plugin.attributes)
        yield from (stage.title for stage in plugin.order_stages)
        if plugin.settings is not None:
            yield from (str(field.default) for field in fields(plugin.settings))
    elif home.whose:
        theme = installation().themes.get(home.folder.name)
        own = [theme.settings[name] for name in sorted(theme.own_settings)]
        yield from (str(setting.default) for setting in own if setting.is_translated)


# -- catalogues --------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def own_msgids(folder: Path) -> set[str]:
    """All msgids of the catalogues that lie in a folder, in whatever language."""
    found = folder.rglob("locale/*/LC_MESSAGES/messages.po")
    return {_key(message)[0] for path in found for message in entries(path, filled=False)}


def entries(path: Path, *, filled: bool = True) -> list[Message]:
    """The messages of a `.po` file without its head, or those of them that say something."""
    with path.open("rb") as stream:
        found = [message for message in read_po(stream) if message.id]
    return [message for message in found if not filled or (all(_forms(message)) and not message.fuzzy)]


def fault_of(message: Message, language: str) -> str:
    """What is wrong with a translation; empty if nothing is."""
    said = _forms(message)
    if isinstance(message.id, str):
        same = sorted(_PLACEHOLDER.findall(said[0])) == sorted(_PLACEHOLDER.findall(message.id))
        # A percent sign must not get lost; a language may say one where English says "95 of 100".
        return "" if same and said[0].count("%%") >= message.id.count("%%") else "other placeholders"
    if len(said) != len(plural_forms(language)):
        return f"{len(said)} plural forms instead of {len(plural_forms(language))}"
    # A plural form may leave the number out, but may not invent a name.
    english = {*_PLACEHOLDER.findall(message.id[1])}
    return "" if all({*_PLACEHOLDER.findall(form)} <= english for form in said) else "other placeholders"


def write_gaps(language: str, pack: Path) -> dict[Path, int]:
    """Add what is missing to a pack's files, without words yet; answers how many texts each of them got."""
    written = {}
    for home, gaps in missing(language).items():
        path = pack / "locale" / language.replace("-", "_") / "LC_MESSAGES" / f"{home.domain}.po"
        catalogue = _opened(path, language)
        for text in gaps:
            where = str(text.path.relative_to(home.folder))
            catalogue.add((text.msgid, text.plural) if text.plural else text.msgid, locations=[(where, text.line)])
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            write_po(stream, catalogue, width=0, omit_header=False)
        written[path] = len(gaps)
    return written


def _opened(path: Path, language: str) -> Catalog:
    if not path.exists():
        return Catalog(locale=language.replace("-", "_"), project="stoa", fuzzy=False)
    with path.open("rb") as stream:
        return read_po(stream, locale=language.replace("-", "_"))


def _forms(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


def _key(message: Message) -> tuple[str, bool]:
    """The msgid, of a plural the singular; and whether it is a plural."""
    return (message.id, False) if isinstance(message.id, str) else (message.id[0], True)
