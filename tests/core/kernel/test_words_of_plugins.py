"""Each plugin has words of its own: they hold in its code and templates, and nobody else is spoken to in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from babel import core as babel

from core.kernel.catalogues import Catalogues
from core.kernel.i18n import gettext, of_plugin, speaking
from core.kernel.installation import installation
from core.lib import cldr

PROBE = """
from core.api import *
from core.api import gettext as _
LATER = lazy("Jobs")
class Full(Refused):
    default_message = "Plugins"
def said():
    return _("Jobs"), str(LATER), ngettext("%(n)s piece", "%(n)s pieces", 2), say(Full())
PLUGIN = Plugin(name="NAME", version="1", title="Jobs", category="content", panel_menu=())
"""
HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'


def words(**said: str) -> str:
    return HEAD + "".join(f'msgid "{one}"\nmsgstr "{other}"\n\n' for one, other in said.items())


@pytest.fixture
def two(write_plugin: Callable[..., Any], instance: Any, app: Any) -> dict[str, Any]:
    """Two plugins that call the same things otherwise than core and each other."""
    found = {}
    for name, cart in (("alpha", "手推车"), ("omega", "篮子")):
        write_plugin(name, PROBE.replace("NAME", name))
        folder = instance / "plugins" / name
        (folder / "locale/zh_CN/LC_MESSAGES").mkdir(parents=True)
        plural = f'msgid "%(n)s piece"\nmsgid_plural "%(n)s pieces"\nmsgstr[0] "{cart} %(n)s"\n'
        own = words(Jobs=cart, Plugins=f"{cart}单") + plural
        (folder / "locale/zh_CN/LC_MESSAGES/messages.po").write_text(own, "utf-8")
        (folder / "templates" / name).mkdir(parents=True)
        page = folder / "templates" / name / "page.html"
        page.write_text(
            '{{ _("Jobs") }}|{% for n in (1,) %}{{ _("Jobs") }}{% endfor %}|'
            '{{ ngettext("%(n)s piece", "%(n)s pieces", 2, n=2) }}|{{ _("Plugins") }}|{{ _("Stock") }}'
        )
        found[name] = cart
    installation().plugins.discover()
    installation().themes.forget()
    return found


def module(name: str) -> Any:
    return installation().plugins.loaded[name].module


def test_a_plugin_speaks_its_own_words_and_core_speaks_cores(two: dict[str, str]) -> None:
    with speaking("zh-CN"):
        for name, cart in two.items():
            assert module(name).said() == (cart, cart, f"{cart} 2", f"{cart}单")
        assert gettext("Jobs") == "后台任务"
        assert gettext("Plugins") == "插件"


def test_so_do_its_templates_under_any_theme(two: dict[str, str]) -> None:
    for theme in ("plain", "lantern", "panel"):
        environment = installation().themes.environment(theme)
        with speaking("zh-CN"):
            for name, cart in two.items():
                text = environment.get_template(f"{name}/page.html").render()
                assert text == f"{cart}|{cart}|{cart} 2|{cart}单|库存", theme
            assert environment.from_string('{{ _("Jobs") }}').render() == "后台任务"


def test_what_core_shows_of_a_plugin_is_said_in_its_words(two: dict[str, str]) -> None:
    from core.kernel.i18n import of_plugin

    with speaking("zh-CN"):
        assert [of_plugin(name, "Jobs") for name in two] == list(two.values())
        assert of_plugin("alpha", "Stock") == "库存"
        assert of_plugin("nobody", "Jobs") == "后台任务"


def test_a_text_that_only_a_plugin_knows_is_understood_elsewhere(two: dict[str, str]) -> None:
    """Titles that plugins hand to core, and errors of core's classes that they raise."""
    with speaking("zh-CN"):
        assert gettext("Edit coupons") == "编辑优惠券"


def test_english_asks_nobody(two: dict[str, str]) -> None:
    assert module("alpha").said() == ("Jobs", "Jobs", "2 pieces", "Plugins")


@pytest.mark.once
def test_every_plugin_is_known_to_the_words_however_others_are_declared(app: Any) -> None:
    """To look at a declaration when plugins are read asks for no words: those of later ones would never be known."""
    loaded = {name: one for name, one in installation().plugins.loaded.items() if (one.folder / "locale").is_dir()}
    with speaking("zh-CN"):
        silent = [name for name, one in loaded.items() if of_plugin(name, one.plugin.summary) == one.plugin.summary]
    assert silent == []
    assert len(loaded) > 20


def test_words_that_are_read_for_the_first_time_leave_nothing_rare_in_memory(tmp_path: Path) -> None:
    """The reader of these files asks Babel for half of what it knows of the world: 1.5 MB that no page needs."""
    said = tmp_path / "zh_CN/LC_MESSAGES/messages.po"
    said.parent.mkdir(parents=True)
    said.write_text(
        HEAD.replace("Content", 'Language: zh_CN\\n"\n"Content') + words(Jobs="工作").removeprefix(HEAD), "utf-8"
    )
    cldr.lighten(["zh-CN"])
    assert Catalogues([("", tmp_path)], tmp_path / "kept").said("Jobs", "zh-CN") == "工作"
    assert "likely_subtags" not in babel._global_data
