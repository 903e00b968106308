"""Themes: a child changes what it names and takes the rest from its parent; a broken one breaks nobody's pages."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.app import create_app
from core.kernel import cache, db
from core.kernel.installation import installation
from core.kernel.site_verbs import add_site
from core.kernel.switch import switch_on
from core.lib import clock

PAGE = """
from core.api import *
VIEWS = Views("/probe")
@VIEWS.get("/")
@public
def page():
    return render("probe/page.html")
@hookimpl
def site_slot(site, name, subject):
    if name == "probe.here":
        return Slot(html=Markup("<b>here</b>"))
PLUGIN = Plugin(name="probe", version="1", title="Probe", shop=VIEWS)
"""


@pytest.fixture
def make_theme(instance):
    def make(name, about="", **files):
        folder = instance / "themes" / name
        folder.mkdir(parents=True)
        (folder / "theme.toml").write_text(about)
        for path, text in files.items():
            target = folder / path.replace("__", "/").replace("_html", ".html").replace("_css", ".css")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)

    return make


KEPT = """
from core.api import *
VIEWS = Views("/probe")
@VIEWS.get("/")
@public
def page():
    return render("probe/page.html")
PLUGIN = Plugin(name="probe", version="1", title="Probe", shop=VIEWS)
"""


def test_a_kept_part_is_rendered_once_until_something_that_pages_show_changes(instance, write_plugin):
    from core.kernel import cache, db
    from core.kernel.switch import switch_on

    write_plugin("probe", KEPT)
    templates = instance / "plugins" / "probe" / "templates" / "probe"
    (templates / "parts").mkdir(parents=True)
    (templates / "page.html").write_text("{{ kept_part('probe/count') }}{{ kept_part('probe/count', more=1) }}")
    (templates / "parts" / "count.html").write_text("{{ told() }}")
    app = create_app(instance, faces=(), services=(), page_cache=False)
    site = add_site(host="kept.test", name="T", theme="plain")
    switch_on(site.id, "probe", "system")
    told = iter(range(100))
    ends = clock.now() + timedelta(minutes=30)

    def tell():
        cache.depends("probe", until=ends)
        return next(told)

    installation().themes.environment("plain").globals["told"] = tell

    def seen():
        return app.test_client().get("/probe/", headers={"Host": "kept.test"}).text

    assert seen() == "01", "each with its own values"
    assert seen() == "01"
    with db.transaction():
        cache.touch("product:1")
    assert seen() == "01", "it shows no product"
    with db.transaction():
        cache.touch("probe")
    assert seen() == "23"
    with clock.freeze(ends):
        assert seen() == "45", "its end has come"


def test_a_kept_part_does_not_end_with_what_the_page_around_it_shows(instance, write_plugin):
    """A header that a product's page had made first would else end, on every page, with that product."""
    write_plugin("probe", KEPT)
    templates = instance / "plugins" / "probe" / "templates" / "probe"
    (templates / "parts").mkdir(parents=True)
    (templates / "page.html").write_text("{{ shown() }}{{ kept_part('probe/count') }}")
    (templates / "parts" / "count.html").write_text("{{ told() }}")
    app = create_app(instance, faces=(), services=())
    site = add_site(host="kept.test", name="T", theme="plain")
    switch_on(site.id, "probe", "system")
    told = iter(range(100))
    names = installation().themes.environment("plain").globals
    names.update(told=lambda: next(told), shown=lambda: cache.depends("product:1") or "")

    def seen():
        return app.test_client().get("/probe/", headers={"Host": "kept.test"}).text

    assert seen() == "0"
    with db.transaction():
        cache.touch("product:1")
    assert seen() == "0"


SLOTS = """
from core.api import *
from markupsafe import Markup
VIEWS = Views("/probe")
ASKED = []

from dataclasses import dataclass

@dataclass(frozen=True)
class Thing:
    id: int

@VIEWS.get("/")
@public
def page():
    return render("probe/page.html", thing=Thing(int(request.args["id"])))

@hookimpl
def site_slot(site, name, subject):
    if name != "probe.place":
        return None
    ASKED.append(subject.id)
    depends(f"read:{subject.id}")
    return Slot(html=Markup("{} {};").format(subject.id, len(ASKED)), tags=(f"thing:{subject.id}",))

PLUGIN = Plugin(name="probe", version="1", title="Probe", shop=VIEWS, slots=("probe.place",), KEPT)
"""


@pytest.fixture
def ask(instance, write_plugin):
    """`ask(1)`: the page of the thing 1, whose plugin's answer is kept unless it was made with `kept=""`."""

    def made(kept='kept_slots=("probe.place",)', page="{{ slot('probe.place', thing) }}"):
        write_plugin("probe", SLOTS.replace("KEPT", kept))
        templates = instance / "plugins" / "probe" / "templates" / "probe"
        (templates / "parts").mkdir(parents=True)
        (templates / "page.html").write_text(page)
        (templates / "parts" / "frame.html").write_text("{{ slot('probe.place', thing) }}")
        app = create_app(instance, faces=(), services=(), page_cache=False)
        site = add_site(host="kept.test", name="T", theme="plain")
        switch_on(site.id, "probe", "system")
        return lambda number: app.test_client().get(f"/probe/?id={number}", headers={"Host": "kept.test"}).text

    return made


def test_a_plugin_is_asked_again_for_a_kept_place_when_its_tags_are_touched(ask):
    seen = ask()
    assert [seen(1), seen(1), seen(2)] == ["1 1;", "1 1;", "2 2;"], "each subject has an answer of its own"
    for tag in ("thing:1", "read:1"):
        with db.transaction():
            cache.touch(tag, "thing:3")
        assert seen(2) == "2 2;"
        assert seen(1) == f"1 {3 if tag == 'thing:1' else 4};"


def test_a_plugin_that_does_not_say_so_is_asked_for_every_page(ask):
    seen = ask(kept="")
    assert [seen(1), seen(1)] == ["1 1;", "1 2;"]


def test_a_kept_part_is_not_kept_with_what_such_a_plugin_says(ask):
    frame = "{{ kept_part('probe/frame', thing=thing) }}"
    seen = ask(kept="", page=frame)
    assert [seen(1), seen(1)] == ["1 1;", "1 2;"]


@pytest.fixture
def show(instance, write_plugin):
    """`show("child")`: the probe's page on a site with that theme, and the theme's stylesheet."""

    def on(theme):
        from core.kernel.switch import switch_on

        write_plugin(
            "probe",
            PAGE.replace("from core.api import *", "from core.api import *\nfrom markupsafe import Markup"),
            templates__probe__page="",
        )
        folder = instance / "plugins" / "probe" / "templates" / "probe"
        (folder / "page").rename(folder / "page.html")
        (folder / "page.html").write_text("plugin's own {{ part('sign') }} {{ slot('probe.here') }}")
        app = create_app(instance, faces=(), services=())
        site = add_site(host="theme.test", name="T", theme=theme)
        switch_on(site.id, "probe", "system")
        page = app.test_client().get("/probe/", headers={"Host": "theme.test"})
        assert page.status_code == 200, page.text
        style = installation().themes.style(theme, ("probe",)).body.decode()
        return page.text, style

    return on


def test_a_child_takes_from_its_parent_what_it_does_not_say(make_theme, show):
    make_theme(
        "elder",
        '[settings.hero]\ndefault = "elder"\n[settings.note]\ndefault = "n"\n',
        templates__parts__sign_html="elder's sign",
        static__css__theme_css=":root{--color-text:#111}",
    )
    make_theme(
        "child",
        'parent = "elder"\n[settings.hero]\ndefault = "child"\n',
        static__css__theme_css=":root{--color-text:#222}",
    )
    page, style = show("child")
    assert page == "plugin's own elder's sign <b>here</b>"
    assert style.index("#111") < style.index("#222"), "the child's tokens come last and hold"
    assert style.startswith("@layer reset,tokens,base,parts,utilities,theme;")
    settings = installation().themes.get("child").settings
    assert {name: one.default for name, one in settings.items()} == {"hero": "child", "note": "n"}


def test_a_style_comes_without_remarks_and_needless_room(make_theme, show):
    css = """/* A remark; with "quotes". */
    .a > .b,  .c :hover { content: "/* kept;  as { it } is */" ;
      margin: calc(1px + 2px)  auto }"""
    make_theme("airy", static__css__theme_css=css, templates__parts__sign_html="airy")
    wanted = '.a > .b,.c :hover{content: "/* kept;  as { it } is */";margin: calc(1px + 2px) auto}'
    assert show("airy")[1].strip().endswith(wanted)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("type.woff2", "font/woff2"),
        ("view.mjs", "text/javascript; charset=utf-8"),
        ("hero.avif", "image/avif"),
        ("tale.epub", "application/octet-stream"),
    ],
)
def test_a_file_is_of_the_same_kind_on_every_machine(make_theme, show, name, kind):
    """Lists of a machine know books; without one, hardly any machine knew fonts."""
    make_theme("typed", **{f"static__{name}": "x"}, templates__parts__sign_html="typed")
    show("typed")
    assert installation().themes.asset("typed", (), name).mime == kind


def test_an_installation_made_later_sees_what_was_changed_in_files_meanwhile(make_theme, instance):
    def seen():
        create_app(instance, faces=(), services=())
        themes = installation().themes
        return themes.style("airy", ()).body, themes.folder_digest("airy", ())

    make_theme("airy", static__css__theme_css=".a{margin:1px}", static__js__a="1")
    folder = instance / "themes" / "airy"
    before = seen()
    assert seen() == before
    (folder / "static" / "css" / "theme.css").write_text(".a{margin:2px 3px}")
    (folder / "static" / "js" / "a").write_text("2 + 2")
    style, digest = seen()
    assert style != before[0]
    assert b"2px 3px" in style
    assert digest != before[1]


def test_a_theme_overrides_a_plugins_page_and_a_plugin_overrides_nothing(make_theme, show, instance):
    make_theme(
        "own", templates__probe__page_html="the theme's own {{ part('sign') }}", templates__parts__sign_html="sign"
    )
    there = instance / "plugins" / "probe" / "templates" / "parts"
    there.mkdir(parents=True)
    (there / "sign.html").write_text("a plugin's sign")
    page, _ = show("own")
    assert page == "the theme's own sign"


@pytest.mark.parametrize(
    ("name", "about"),
    [("torn", "parent = "), ("circle", 'parent = "circle2"'), ("orphan", 'parent = "nobody"'), ("odd", "settings = 3")],
)
def test_a_broken_theme_leaves_the_others_and_its_own_site_standing(make_theme, show, name, about):
    make_theme(name, about)
    make_theme("circle2", 'parent = "circle"')
    make_theme("well", templates__parts__sign_html="well")
    assert "well" in show("well")[0]
    assert installation().themes.get(name).chain, "its site is shown in the plain theme"
    assert installation().themes.environment(name) is not None


def test_a_theme_that_is_gone_leaves_its_site_in_the_plain_one(bare):
    assert installation().themes.get("gone").name == "plain"
    assert installation().themes.get("../../etc").name == "plain"


def test_files_are_served_under_the_hash_of_what_they_hold(bare, sites, browse):
    themes = installation().themes
    address = themes.url("plain", (), "shop.css")
    answer = browse(sites[0], address)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]
    old = browse(sites[0], address.replace(address.split("/")[3], "0" * 12))
    assert old.headers["Cache-Control"] == "no-cache", "an old page still finds its sheet, but nobody keeps it"
    packed = browse(sites[0], address, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.data) < len(answer.data) / 2
