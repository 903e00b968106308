"""A class that a template gives is one that a stylesheet has a rule for, or a script looks for.

A word of the panel's sheets in a template of the shop does nothing there, and nothing else says so.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

pytestmark = pytest.mark.once
ROOT = Path(__file__).parents[2]
SHARED = "core/static/css/**/*.css"
SHOP = (SHARED, "themes/*/static/css/**/*.css", "plugins/*/static/css/parts/*.css")
PANEL = (SHARED, "core/panel/static/css/**/*.css", "plugins/*/static/css/panel.css")
#: The templates of a place, and the sheets that its pages load.
PLACES = {
    "themes/*/templates/**/*.html": SHOP,
    "core/panel/templates/**/*.html": PANEL,
    "plugins/*/templates/**/*.html": (*SHOP, *PANEL, "plugins/*/static/**/*.css"),
}


@cache
def text_of(patterns: tuple[str, ...]) -> str:
    """All files of these patterns, without comments."""
    files = chain.from_iterable(sorted(ROOT.glob(pattern)) for pattern in patterns)
    return "\n".join(re.sub(r"/\*.*?\*/", "", path.read_text("utf-8"), flags=re.DOTALL) for path in files)


@cache
def known(sheets: tuple[str, ...]) -> frozenset[str]:
    """The classes that have a rule, those that scripts name, and each part whose elements have one (`kit__row`)."""
    names = re.findall(r"\.([A-Za-z][\w-]*)", text_of(sheets))
    scripts = text_of(("core/**/static/**/*.js", "themes/*/static/**/*.js", "plugins/*/static/**/*.js"))
    named = re.findall(r"[\"'`.]([A-Za-z][\w-]*)", scripts)
    return frozenset((*names, *named, *(name.split("__")[0] for name in names)))


def unknown(template: str, sheets: tuple[str, ...]) -> set[str]:
    """The classes written out in a template that nothing knows.

    An element of a part (`buy-box__acts`) is a handle for themes, and needs no rule of ours.
    """
    template = re.sub(r"{#.*?#}", "", template, flags=re.DOTALL)
    given = re.findall(r'\bclass="((?:{{.*?}}|{%.*?%}|[^"])*)"', template)
    words = chain.from_iterable(re.sub(r"[\w-]*(?:{{.*?}}|{%.*?%})[\w-]*", " ", text).split() for text in given)
    return {word for word in words if "__" not in word and word not in known(sheets)}


@pytest.mark.parametrize("place", PLACES)
def test_every_class_is_one_that_a_sheet_or_a_script_knows(place: str) -> None:
    found = {
        str(path.relative_to(ROOT)): names
        for path in sorted(ROOT.glob(place))
        if "mail" not in path.parts and (names := unknown(path.read_text("utf-8"), PLACES[place]))
    }
    assert not found


def test_a_word_of_the_panel_in_the_shop_is_found() -> None:
    assert unknown('<h1 class="sec_head soft {{ more }} is-{{ tone }}">', SHOP) == {"sec_head"}
    assert not unknown('<h1 class="sec_head">', PANEL)
