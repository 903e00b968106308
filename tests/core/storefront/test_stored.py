"""Nothing is stored in a browser but what is needed, until its owner says so; no is as easy as yes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from core.app import App
from core.hookspecs.site import Site
from core.kernel import stored
from core.kernel.installation import installation
from core.kernel.manifest import LoadError, Plugin
from core.kernel.storing import Stored
from core.kernel.switch import switch_off, switch_on

# A plugin that declares what it stores, and one view of it sets all of that without asking: the planted fault.
_COUNTER = """
from flask import make_response
from markupsafe import Markup
from core.api import Plugin, Stored, Views, hookimpl, may_store, public

shop = Views()


@shop.get("/greedy")
@public
def greedy():
    answer = make_response("counted")
    answer.set_cookie("counter_id", "abc", max_age=86400)
    answer.set_cookie("counter_basket", "1")
    answer.set_cookie("counter_secretly", "x")
    return answer


@shop.get("/honest")
@public
def honest():
    answer = make_response("asked")
    if may_store("statistics"):
        answer.set_cookie("counter_id", "abc", max_age=86400)
    return answer


PLUGIN = Plugin(
    name="counter", version="1.0.0", title="Counter", shop=shop,
    stores=(
        Stored(name="counter_id", purpose="To count visitors.", days=30, kind="statistics"),
        Stored(name="counter_basket", purpose="What you asked to keep."),
        Stored(name="counter_seen", purpose="What was shown.", kind="marketing", where="browser"),
    ),
    slots=("page.end",), kept_slots=("page.end",), waits={"page.end": "marketing"},
)


@hookimpl
def site_slot(name: str):
    return Markup('<i id="pixel"></i>') if name == "page.end" else None
"""


@pytest.fixture
def counter(app: App, site: Site) -> None:
    """The plugin dropped into the running shop and on."""
    folder = installation().config.plugins_path / "counter"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "plugin.py").write_text(_COUNTER)
    installation().plugins.discover()
    installation().plugins_changed()
    switch_on(site.id, "counter", "system")
    del app


def cookies(answer: Any) -> set[str]:
    return {header.partition("=")[0] for header in answer.headers.getlist("Set-Cookie")}


QUESTION = 'class="stored-question"'


def test_a_shop_stores_what_is_needed_and_asks_nothing(site: Site, browse: Callable[..., Any]) -> None:
    page = browse(site, "/")
    assert cookies(page) == set()
    assert QUESTION not in page.text
    assert 'href="/stored"' in page.text
    told = browse(site, "/stored").text
    assert "so there is nothing to choose" in told
    assert "Which cart is yours." in told
    assert "<form" not in told.partition("<main")[2].partition("</main>")[0]


@pytest.mark.usefixtures("counter")
def test_both_answers_are_one_press_and_look_alike(site: Site, browse: Callable[..., Any]) -> None:
    page = browse(site, "/").text
    assert QUESTION in page
    question = page.partition(QUESTION)[2].partition("</section>")[0]
    buttons = re.findall(r'<button class="([^"]+)" name="act" value="(\w+)">', question)
    assert [value for _css, value in buttons] == ["needed", "all"]
    assert len({css for css, _value in buttons}) == 1
    # The page of all of it: nothing is ticked before somebody ticks it, and no question stands above it.
    told = browse(site, "/stored").text
    assert QUESTION not in told
    assert re.findall(r'<input type="checkbox" name="kind" value="(\w+)">', told) == ["statistics", "marketing"]
    assert "To count visitors." in told


@pytest.mark.usefixtures("counter")
def test_what_was_not_agreed_to_is_held_back_whatever_a_plugin_does(site: Site, browse: Callable[..., Any]) -> None:
    assert cookies(browse(site, "/counter/greedy")) == {"counter_basket"}
    assert cookies(browse(site, "/counter/honest")) == set()
    faults = [fault.message for fault in installation().faults._waiting]
    assert [message for message in faults if "counter_id (statistics) waits" in message]
    assert [message for message in faults if "counter_secretly is not declared" in message]
    browse(site, "/stored", data={"act": "needed", "back": "/"})
    assert cookies(browse(site, "/counter/greedy")) == {"counter_basket"}
    browse(site, "/stored", data={"act": "ticked", "kind": "statistics", "back": "/"})
    assert cookies(browse(site, "/counter/greedy")) == {"counter_basket", "counter_id"}
    assert cookies(browse(site, "/counter/honest")) == {"counter_id"}
    # A mind that changes: what was stored goes at once, and comes no more.
    gone = browse(site, "/stored", data={"act": "needed", "back": "/"})
    assert [header for header in gone.headers.getlist("Set-Cookie") if header.startswith("counter_id=;")]
    assert cookies(browse(site, "/counter/honest")) == set()


@pytest.mark.once
@pytest.mark.usefixtures("counter")
def test_kept_pages_tell_those_apart_who_agreed(site: Site, app: App, statements: Callable[[], Any]) -> None:
    """Two browsers get the same page from memory, each with what its owner said."""

    def visitor(act: str = "") -> Callable[[str], str]:
        client, origin = app.test_client(), f"http://{site.host}"
        if act:
            sent = {"act": act, "back": "/p"}
            client.post("/stored", data=sent, base_url=origin, headers={"Sec-Fetch-Site": "same-origin"})
        return lambda path: client.get(path, base_url=origin).text

    new, yes, no = visitor(), visitor("all"), visitor("needed")
    for look in (new, yes, no, new, yes, no):
        look("/stored")  # The note of the choice is read.
        look("/")
    with statements() as sql:
        pages = {name: look("/") for name, look in {"new": new, "yes": yes, "no": no}.items()}
    assert len(sql) <= 6
    assert {name: QUESTION in page for name, page in pages.items()} == {"new": True, "yes": False, "no": False}
    assert {name: 'id="pixel"' in page for name, page in pages.items()} == {"new": False, "yes": True, "no": False}
    assert 'data-stores="statistics marketing"' in pages["yes"]
    assert "data-stores" not in pages["no"]


@pytest.mark.usefixtures("counter")
def test_the_question_goes_with_the_plugin_and_comes_back_for_what_was_not_asked(
    site: Site, browse: Callable[..., Any]
) -> None:
    browse(site, "/stored", data={"act": "all", "back": "/"})
    browse(site, "/stored")
    assert QUESTION not in browse(site, "/").text
    switch_off(site.id, "counter", "system")
    page = browse(site, "/").text
    assert "pixel" not in page
    assert "data-stores" not in page
    assert "To count visitors." not in browse(site, "/stored").text


@pytest.mark.once
def test_a_choice_of_fewer_kinds_leaves_the_others_open() -> None:
    chosen = {stored.CHOICE: "-statistics"}
    assert stored.said(chosen, ("statistics", "marketing")) == {"statistics": False}
    assert stored.of_header("stored_choice=-statistics; a=b", ("statistics", "marketing")) == "-statistics"
    assert stored.of_header("stored_choice=anything.else", ("statistics",)) == ""
    assert stored.of_header("stored_choice=statistics", ()) == ""


@pytest.mark.once
@pytest.mark.parametrize(
    ("stores", "waits", "wrong"),
    [
        ((Stored(name="x", purpose="", kind="tracking"),), {}, "'tracking' is not one of needed, comfort"),
        ((Stored(name="x", purpose="", where="disk"),), {}, "where is cookie or browser"),
        ((), {"page.end": "marketing"}, "say by stores= what of that kind"),
    ],
)
def test_declarations_that_cannot_be_are_told_at_load(stores: Any, waits: Any, wrong: str) -> None:
    with pytest.raises(LoadError, match=wrong):
        Plugin(name="greedy", version="1", title="X", stores=stores, waits=waits)
