"""Both languages are whole: every catalogue is filled in, every text of the code stands in one, and nothing else does.

A text is what is marked with `_()`, `lazy()`, `gettext()`, `ngettext()` or `{% trans %}`, and the English message of an
error that a person may see (a `Refused` or one of its descendants, `default_message`, what `Unfit` says of a field).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from core.testing.texts import refusal_names, source_of, sources, texts

CATALOGUE = Path("locale/zh_CN/LC_MESSAGES/messages.po")
PLACEHOLDER = re.compile(r"%\((\w+)\)")
JOINED = re.compile(r'~ ": "|(?:[%}]\}|>), (?:\{\{|<)|", " if not loop|\}\}: [{<]|(?:%\}|>): \{\{|labelled\(""')
# The same in what people read of the faces and the plugins; a terminal and a programmer are told in English.
JOINED_IN_CODE = re.compile(r"^(?!.*(?:sys\.stderr|ValueError)).*(?:\}: \{|\"; \"\.join)")


def unfinished(root: Path) -> list[str]:
    """Entries without translation, marked fuzzy, or whose placeholders differ from the English ones."""
    return [
        f"{path.relative_to(root)}: {fault}: {one_line(message)}"
        for path in catalogues(root)
        for message in entries(path)
        if (fault := fault_of(message))
    ]


def untranslated(root: Path) -> list[str]:
    """Texts that no catalogue in reach holds: core's for the panel, for plugins their own too; else those of themes."""
    core, refusals = msgids(root / "core"), refusal_names(root / top for top in ("core", "plugins"))
    house = core | msgids(root / "themes")
    # The panel wears no theme, so a theme's words do not reach it, nor a plugin's pages in it.
    panel = root / "core" / "panel"
    found = [
        (text, core if panel in text.path.parents else house)
        for top in ("core", "themes")
        for text in texts(root / top, refusals)
    ]
    for plugin in sorted((root / "plugins").glob("*/")):
        reach = core | msgids(plugin)
        found += [(text, reach) for text in texts(plugin, refusals)]
    missing = [text for text, reach in found if text.msgid not in reach]
    return [f"{text.path.relative_to(root)}:{text.line}: {text.msgid!r} is in no catalogue" for text in missing]


def unsaid(root: Path) -> list[str]:
    """Entries that nothing says: of a plugin, no file of its folder; of core and themes, none of the tree."""
    return [
        f"{path.relative_to(root)}: nothing says {text!r}"
        for path in catalogues(root)
        for text in map(one_line, entries(path))
        if text not in said_in(speaker(root, path)) and text not in held_in(speaker(root, path))
    ]


def joined(root: Path) -> list[str]:
    """Two texts with an English mark between: `labelled()`, `phrases()` and `clauses()` know those of the language."""
    pages = [(top, kind, JOINED) for top in ("core", "plugins", "themes") for kind in ("*.html", "*.txt")]
    code = [(top, "*.py", JOINED_IN_CODE) for top in ("core/panel", "core/storefront", "core/checkout", "plugins")]
    return [
        f"{path.relative_to(root)}:{number}: {said[0].strip()}"
        for top, kind, wrong in pages + code
        for path in sources(root / top, kind)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        for said in wrong.finditer(line)
    ]


# -- catalogues -------------------------------------------------------------------------------------------------


def catalogues(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob(str(CATALOGUE)) if ".venv" not in path.parts)


def entries(path: Path) -> Iterator[Message]:
    with path.open("rb") as stream:
        yield from (message for message in read_po(stream) if message.id)


def msgids(folder: Path) -> set[str]:
    return {one_line(message) for path in catalogues(folder) for message in entries(path)}


def speaker(root: Path, path: Path) -> Path:
    """The folder whose files may say what a catalogue holds."""
    top, name = path.relative_to(root).parts[:2]
    return root / top / name if top == "plugins" else root


def tops(folder: Path) -> list[Path]:
    return [top for name in ("core", "plugins", "themes") if (top := folder / name).is_dir()] or [folder]


@cache
def said_in(folder: Path) -> frozenset[str]:
    """Every string of the Python files, and every text of the templates."""
    strings = {text for top in tops(folder) for path in sources(top, "*.py") for _, text in source_of(path).strings}
    return frozenset(strings | {text.msgid for top in tops(folder) for text in texts(top, set())})


@cache
def held_in(folder: Path) -> str:
    """Where else a text may stand unmarked, to be translated when it is shown: manifests, and what parts are given."""
    found = [path for top in tops(folder) for kind in ("*.toml", "*.html") for path in sources(top, kind)]
    return "\n".join(path.read_text("utf-8").replace('\\"', '"') for path in found)


def one_line(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def fault_of(message: Message) -> str:
    said = [message.string] if isinstance(message.string, str) else list(message.string)
    if message.fuzzy:
        return "fuzzy"
    if not all(said):
        return "not translated"
    # A plural form may leave the number out, but may not invent a name.
    english = set(PLACEHOLDER.findall(" ".join([message.id] if isinstance(message.id, str) else message.id)))
    wrong = [text for text in said if not set(PLACEHOLDER.findall(text)) <= english]
    lost = isinstance(message.id, str) and set(PLACEHOLDER.findall(said[0])) != english
    return "other placeholders" if wrong or lost else ""


# -- the rules --------------------------------------------------------------------------------------------------

HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'
CART = 'msgid "Cart"\nmsgstr "购物车"\n'
CORE, PLUGIN = f"core/{CATALOGUE}", f"plugins/coupons/{CATALOGUE}"
RULES = (unfinished, untranslated, unsaid, joined)
BREACHES: list[tuple[Callable[[Path], list[str]], Mapping[str, str]]] = [
    (unfinished, {CORE: HEAD + 'msgid "Cart"\nmsgstr ""\n'}),
    (unfinished, {CORE: HEAD + "#, fuzzy\n" + CART}),
    (unfinished, {PLUGIN: HEAD + 'msgid "Hello %(name)s"\nmsgstr "你好"\n'}),
    (unfinished, {PLUGIN: HEAD + 'msgid "%(n)s piece"\nmsgid_plural "%(n)s pieces"\nmsgstr[0] "%(number)s 件"\n'}),
    (untranslated, {CORE: HEAD + CART, "core/cart/views.py": 'title = _("Basket")\n'}),
    (untranslated, {CORE: HEAD + CART, "core/cart/services.py": 'raise Refused("The cart is empty.")\n'}),
    (untranslated, {CORE: HEAD + CART, "core/cart/services.py": 'raise Unfit({"name": "Give it a name."})\n'}),
    (untranslated, {"core/cart/services.py": 'class Empty(Refused):\n    default_message = "The cart is empty."\n'}),
    (untranslated, {"core/cart/templates/cart.html": "<h1>{{ _('Cart') }}</h1>"}),
    (untranslated, {"themes/plain/templates/pages/cart.html": "{% trans %}Cart{% endtrans %}"}),
    # A plugin does not live on the words of another one.
    (untranslated, {PLUGIN: HEAD + CART, "plugins/gifts/plugin.py": 'title = lazy("Cart")\n'}),
    (unsaid, {CORE: HEAD + CART, "core/cart/views.py": 'title = _("Basket")\n'}),
    (unsaid, {PLUGIN: HEAD + CART, "plugins/gifts/plugin.py": 'title = lazy("Cart")\n'}),
    (joined, {"core/cart/templates/cart.html": "<b>{{ _('Cart') }}: {{ name }}</b>"}),
    (joined, {"core/cart/templates/cart.html": '<b>{{ field(_("Cart") ~ ": " ~ name) }}</b>'}),
    (joined, {"plugins/gifts/templates/gift.html": '{{ _("Cart") }}<span class="unseen">: {{ name }}</span>'}),
    (joined, {"plugins/gifts/templates/gift.html": '<span class="unseen">{{ labelled("", name) }}</span>'}),
    (joined, {"plugins/gifts/templates/mail/gift.txt": '{{ _("Cart") }}: {{ url }}'}),
    (joined, {"core/cart/templates/cart.html": "<b>{{ _('Cart') }}</b>, {{ name }}"}),
    (joined, {"core/cart/templates/cart.html": '{{ name }}{{ ", " if not loop.last }}'}),
    (joined, {"core/panel/gifts/views.py": 'said = f"{title}: {message}"\n'}),
    (joined, {"plugins/gifts/services.py": 'said = "; ".join(changes)\n'}),
]
IN_ORDER = {
    CORE: HEAD + CART,
    "core/cart/views.py": 'title = _("Cart")\nraise TypeError("not for people")\n',
    PLUGIN: HEAD + 'msgid "Code %(code)s"\nmsgstr "优惠码 %(code)s"\n',
    "plugins/coupons/services.py": 'raise Refused("Code %(code)s", code=code)\n',
    "plugins/coupons/templates/coupons/code.html": "<p style='--a: {{ 1 }}'></p>"
    "{{ _('Cart') }} {{ _('Code %(code)s', code=code) }}",
    "plugins/coupons/tests/test_coupons.py": '_("Anything")\n',
}


@pytest.mark.parametrize("rule", RULES)
def test_the_house_speaks_both_languages(house: Path, rule: Callable[[Path], list[str]]) -> None:
    found = rule(house)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("rule", RULES)
def test_a_tree_in_order_passes(plant: Callable[..., Path], rule: Callable[[Path], list[str]]) -> None:
    assert rule(plant(IN_ORDER)) == []


@pytest.mark.parametrize(("rule", "files"), BREACHES)
def test_a_planted_breach_is_caught(
    plant: Callable[..., Path], rule: Callable[[Path], list[str]], files: Mapping[str, str]
) -> None:
    assert len(rule(plant(files))) == 1
