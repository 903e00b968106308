"""The rules that walks hold pages to are seen to find what breaks them."""

from __future__ import annotations

import pytest

from tests.markup import faults_of

PAGE = '<!doctype html><html lang="en"><head><title>Lamps</title></head><body><h1>Lamps</h1>{}</body></html>'
GOOD = (
    '<p class="row"><a href="/a?b=1">One</a> <button type="submit" disabled>Two</button></p>',
    "<ul><li>One<ul><li>Two</li></ul></li></ul><dl><div><dt>Size</dt><dd>L</dd></div></dl>",
    '<form id="f"><label for="q">Words</label><input id="q" aria-describedby="h"></form><p id="h">Help</p>',
    '<form id="f"></form><input name="x" form="f" checked="">',
    '<input list="d"><datalist id="d"><option value="a"><option value="b"></datalist>',
    '<svg aria-hidden="true"><use href="#a"/></svg><textarea><p></textarea><!-- <b> -->',
    '<a href="/c" aria-label="Take out: Lamp"><span aria-hidden="true">Out</span>lamp</a><a href="#top">Up</a>',
)
BAD = {
    "<p><form></form></p>": "<form> stands in <p>",
    "<span><fieldset></fieldset></span>": "<fieldset> stands in <span>",
    "<p><li>One</li></p>": "<li> stands in <p>",
    "<ul><a href='/'>One</a></ul>": "<a> stands in <ul>",
    "<form><div><form></form></div></form>": "a form in a form",
    "<a href='/'><button>Go</button></a>": "<button> within what is pressed itself",
    "<div><b>One</div></b>": "</div> where <b> is open",
    "<section>": "<section> is open",
    "</p>": "</p> ends nothing",
    '<input disabled="True">': '<input> has disabled="True"',
    '<input class="a" class="b">': "<input> has class twice",
    '<a href="/a b">One</a>': "<a> has a space in href",
    '<i id="a"></i><i id="a"></i>': "the id a is there 2 times",
    '<label for="gone">One</label>': "for names gone, which is not there",
    '<div id="x"></div><input form="x">': "x is no form",
    '<a href="#gone">One</a>': "href names gone, which is not there",
    "<h1>Chairs</h1>": "2 headings of the first level",
    '<button aria-label="Close"><i>Shut</i></button>': "<button> shows “Shut” and is called “Close”",
}


@pytest.mark.once
@pytest.mark.parametrize("good", GOOD)
def test_a_page_that_is_well_made_has_no_faults(good: str) -> None:
    assert faults_of(PAGE.format(good)) == []


@pytest.mark.once
@pytest.mark.parametrize("bad", BAD)
def test_a_planted_fault_is_found(bad: str) -> None:
    assert any(BAD[bad] in fault for fault in faults_of(PAGE.format(bad)))


@pytest.mark.once
def test_a_page_without_language_or_title_is_found() -> None:
    assert "its language or its title is not said" in faults_of("<html><title> </title><h1>Lamps</h1></html>")
