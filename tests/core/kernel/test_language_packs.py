"""A language pack is a plugin with the words of others: where it is on, a site may be shown in its language."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.hookspecs.site import Site
from core.kernel.i18n import gettext, ngettext, speaking, speaking_for
from core.kernel.installation import installation
from core.kernel.site_verbs import add_site, edit_site
from core.kernel.sites import state_of
from core.kernel.switch import switch_off, switch_on
from core.lib.errors import Unfit

PACK = """
from core.api import *
PLUGIN = Plugin(name="{0}", version="1", title="{0}", category="language", languages={1})
"""
OTHER = """
from core.api import *
from core.api import gettext as _
def said():
    return _("Remove"), _("Close")
PLUGIN = Plugin(name="other", version="1", title="Other")
"""
# Welsh has six forms as Arabic does, and this file keeps them in an order of its own: the many first.
HEAD = (
    'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
    '"Plural-Forms: nplurals=6; plural=(n==0 ? 5 : n==1 ? 4 : n==2 ? 3 : n==3 ? 2 : n==6 ? 1 : 0);\\n"\n\n'
)
FORMS = "".join(
    f'msgstr[{place}] "{word}"\n' for place, word in enumerate(("arall", "chwe", "tri", "dau", "un", "dim"))
)
PLURAL = f'msgid "%(n)s day"\nmsgid_plural "%(n)s days"\n{FORMS}'


def words(**said: str) -> str:
    return HEAD + "".join(f'msgid "{one}"\nmsgstr "{other}"\n\n' for one, other in said.items())


@pytest.fixture
def welsh(write_plugin: Callable[..., Any], sites: tuple[Site, Site]) -> Site:
    """The first site, where a pack for Welsh is on and Welsh is chosen beside English and Chinese."""
    write_plugin("other", OTHER, locale__cy__LC_MESSAGES__messages=words(Close="Cau’r llall"))
    write_plugin("welsh", PACK.format("welsh", "('cy',)"))
    folder = installation().config.instance / "plugins"
    (folder / "other/locale/cy/LC_MESSAGES/messages").rename(folder / "other/locale/cy/LC_MESSAGES/messages.po")
    inside = folder / "welsh/locale/cy/LC_MESSAGES"
    inside.mkdir(parents=True)
    (inside / "core.po").write_text(words(Remove="Tynnu", Close="Cau") + PLURAL, "utf-8")
    (inside / "plugin-other.po").write_text(words(Remove="Tynnu ymaith", Close="Caewch"), "utf-8")
    (inside / "theme-plain.po").write_text(words(Close="Cau’r siop"), "utf-8")
    installation().plugins.discover()
    installation().plugins_changed()
    switch_on(sites[0].id, "welsh", "system")
    edit_site(sites[0].id, {"languages": ["zh-CN", "cy"]}, "system")
    return state_of(sites[0].id).site


def test_a_pack_says_cores_words_a_themes_and_another_plugins_each_in_its_own_file(welsh: Site) -> None:
    del welsh
    catalogues = installation().themes.catalogues
    with speaking("cy"):
        assert gettext("Remove") == "Tynnu"
        said = installation().plugins.loaded["other"].module.said()
    # What a plugin says in the language by itself comes before the pack's words for it.
    assert said == ("Tynnu ymaith", "Cau’r llall")
    assert catalogues.said("Close", "cy", "plain") == "Cau’r siop"
    assert catalogues.said("Close", "cy", "lantern") == "Cau’r siop", "a theme inherits its parent's words"
    assert catalogues.said("Close", "cs", "plain") is None


def test_what_a_pack_leaves_out_is_english(welsh: Site) -> None:
    del welsh
    with speaking("cy"):
        assert gettext("Sign in") == "Sign in"
        assert ngettext("%(n)s star", "%(n)s stars", 1) == "1 star"


@pytest.mark.parametrize(
    ("n", "form"), [(0, "dim"), (1, "un"), (2, "dau"), (3, "tri"), (6, "chwe"), (4, "arall"), (21, "arall")]
)
def test_a_number_takes_the_form_that_the_files_own_rule_gives_it(welsh: Site, n: int, form: str) -> None:
    del welsh
    with speaking("cy"):
        assert ngettext("%(n)s day", "%(n)s days", n) == form


def test_only_words_that_somebody_speaks_are_in_memory(welsh: Site) -> None:
    del welsh
    catalogues = installation().themes.catalogues
    with speaking("zh-CN"):
        gettext("Remove")
    assert {language for _whose, language, _packs in catalogues._words} == {"zh-CN"}


def test_words_of_the_panel_are_in_memory_once_somebody_reads_it(sites: tuple[Site, Site], client: Any) -> None:
    catalogues = installation().themes.catalogues
    catalogues._words.clear()
    for path in ("/zh-cn/", "/zh-cn/search?q=tea", "/zh-cn/cart", "/zh-cn/login"):
        assert client.get(path, base_url=sites[0].origin).status_code == 200
    assert {whose for whose, *_rest in catalogues._words} >= {"", f"theme:{sites[0].theme}"}
    assert "theme:panel" not in {whose for whose, *_rest in catalogues._words}, "a shop's page asked for them"
    with speaking("zh-CN"):
        assert gettext("Jobs") == "后台任务"


def test_a_language_can_be_chosen_while_its_pack_is_on(sites: tuple[Site, Site], welsh: Site) -> None:
    assert welsh.languages == ("en", "zh-CN", "cy")
    with pytest.raises(Unfit) as refused:
        edit_site(sites[1].id, {"languages": ["cy"]}, "system")
    assert "language" in refused.value.errors


def test_a_new_site_gets_the_pack_of_its_language(welsh: Site) -> None:
    del welsh
    made = add_site(host="cymru.test", name="Siop", language="cy", currency="GBP")
    assert made.language == "cy"
    assert state_of(made.id).runtime.has("welsh")
    with pytest.raises(Unfit):
        add_site(host="deutsch.test", name="Laden", language="fr", currency="EUR")


def test_a_pack_that_is_switched_off_is_gone_from_the_next_request_on(bare: Any, welsh: Site) -> None:
    client = bare.test_client()

    def get(path: str) -> Any:
        return client.get(path, base_url=welsh.origin)

    assert get("/cy/healthz-of-nobody").headers["Content-Language"] == "cy"
    switch_off(welsh.id, "welsh", "system")
    state = state_of(welsh.id)
    assert state.site.languages == ("en", "zh-CN")
    assert state.silent == ("cy",)
    gone = get("/cy//evil.test/p/lamp?v=1")
    assert (gone.status_code, gone.headers["Location"]) == (302, "/evil.test/p/lamp?v=1")
    # It can be saved as it stands, and comes back with its pack.
    edit_site(welsh.id, {"languages": ["zh-CN", "cy"], "name": "Renamed"}, "system")
    switch_on(welsh.id, "welsh", "system")
    assert state_of(welsh.id).site.languages == ("en", "zh-CN", "cy")


def test_a_site_whose_first_language_went_is_shown_in_its_next(welsh: Site) -> None:
    edit_site(welsh.id, {"language": "cy", "languages": ["cy", "zh-CN", "en"]}, "system")
    switch_off(welsh.id, "welsh", "system")
    assert state_of(welsh.id).site.languages == ("zh-CN", "en")


def test_a_site_with_no_other_language_keeps_its_addresses_and_says_its_words_in_english(
    bare: Any, welsh: Site
) -> None:
    edit_site(welsh.id, {"language": "cy", "languages": []}, "system")
    switch_off(welsh.id, "welsh", "system")
    assert state_of(welsh.id).site.languages == ("cy",)
    answer = bare.test_client().get("/nowhere", base_url=welsh.origin)
    assert answer.status_code == 404
    assert answer.headers["Content-Language"] == "cy"
    with speaking("cy", mute=True):
        assert gettext("Remove") == "Remove"


def test_from_right_to_left_names_and_numbers_are_kept_together() -> None:
    from core.lib.languages import apart

    assert apart("12 Shore Street", "ar") == "\u206812 Shore Street\u2069"
    assert apart("+44 131 496 0000", "ar") == "\u2068+44 131 496 0000\u2069"
    assert apart("1042", "ar") == "1042"
    assert apart("https://shop.test/order/x", "ar") == "https://shop.test/order/x"
    assert apart("12 Shore Street", "de") == "12 Shore Street"


def test_each_site_is_spoken_to_by_the_pack_that_is_on_there(
    write_plugin: Callable[..., Any], sites: tuple[Site, Site], welsh: Site
) -> None:
    write_plugin("polite", PACK.format("polite", "('cy',)"))
    inside = installation().config.instance / "plugins/polite/locale/cy/LC_MESSAGES"
    inside.mkdir(parents=True)
    (inside / "core.po").write_text(words(Remove="Tynnwch"), "utf-8")
    installation().plugins.discover()
    installation().plugins_changed()
    switch_on(sites[1].id, "polite", "system")
    edit_site(sites[1].id, {"languages": [sites[1].language, "cy"]}, "system")

    said = {}
    for site in (welsh, state_of(sites[1].id).site):
        with speaking_for(site.id), speaking("cy"):
            said[site.id] = gettext("Remove")
    assert said == {welsh.id: "Tynnu", sites[1].id: "Tynnwch"}
    switch_off(sites[1].id, "polite", "system")
    with speaking_for(sites[1].id), speaking("cy"):  # an order that was placed in Welsh is written to in Welsh
        assert gettext("Remove") != "Remove"


def test_a_shop_in_hebrew_is_read_from_right_to_left(app: Any, write_plugin: Callable[..., Any]) -> None:
    write_plugin("hebrew", PACK.format("hebrew", "('he',)"))
    inside = installation().config.instance / "plugins/hebrew/locale/he/LC_MESSAGES"
    inside.mkdir(parents=True)
    (inside / "theme-plain.po").write_text(words(Cart="עגלה", Search="חיפוש"), "utf-8")
    installation().plugins.discover()
    installation().plugins_changed()
    shop = add_site(host="hebrew.test", name="Shop", currency="ILS")
    switch_on(shop.id, "hebrew", "system")
    edit_site(shop.id, {"languages": ["he"]}, "system")
    said = {path: app.test_client().get(path, base_url=shop.origin).get_data(as_text=True) for path in ("/he/", "/")}
    assert 'lang="he" dir="rtl"' in said["/he/"]
    assert "חיפוש" in said["/he/"]
    assert 'lang="en" dir="ltr"' in said["/"]
