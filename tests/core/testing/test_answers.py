"""A page that answers otherwise than a test wants is told in some lines: the error with its place, or what it says."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.once
PLUGIN = """
from core.api import Plugin, Views, render, staff

panel = Views()
PLUGIN = Plugin(name="planted", version="1", title="Planted", panel=panel)


@panel.get("/")
@staff()
def show():
    return render("planted/page.html", **{VALUES})
"""
PAGE = """{% extends "panel/layouts/panel.html" %}
{% block title %}{% endblock %}
{% block main %}{{ known }}
{{ unknown }}{% endblock %}
"""


@pytest.fixture
def planted(instance, turn_on):
    """`planted('{"known": 1}')`: a plugin with one panel page, to which these values are handed."""

    def make(values):
        folder = instance / "plugins" / "planted"
        (folder / "templates" / "planted").mkdir(parents=True)
        (folder / "plugin.py").write_text(PLUGIN.replace("{VALUES}", values), "utf-8")
        (folder / "templates" / "planted" / "page.html").write_text(PAGE, "utf-8")
        turn_on("planted")
        return folder

    return make


def test_a_page_that_breaks_is_told_with_the_lines_of_the_plugin(planted, at_panel):
    folder = planted('{"known": 1}')
    with pytest.raises(AssertionError) as said:
        at_panel.get("/panel/planted/")
    told = str(said.value)
    assert "GET /panel/planted/ answered 500, not 200: UndefinedError: 'unknown' is undefined" in told
    assert f"{folder}/templates/planted/page.html:4  {{{{ unknown }}}}{{% endblock %}}" in told
    assert "site-packages" not in told
    assert "<!doctype" not in told


def test_a_form_that_is_refused_is_told_with_its_words(at_panel):
    with pytest.raises(AssertionError, match=r"answered 422, not 303: .*Write a whole number"):
        at_panel.post("/panel/plugins/mail", port="x")


def test_a_page_that_is_elsewhere_is_told_with_the_way(client, site):
    from core.testing.panel import AtPanel

    with pytest.raises(AssertionError, match="answered 303, not 200: it leads to /panel/login"):
        AtPanel(client, site).get("/panel/")


def test_a_value_that_hides_a_function_of_templates_is_named(planted, at_panel):
    planted('{"known": 1, "unknown": 2, "notes": ["a"]}')
    with pytest.raises(AssertionError, match=r"'notes' hides the function notes\(\) of templates"):
        at_panel.get("/panel/planted/")


def test_the_log_of_a_fault_names_the_line_of_the_plugin(planted, at_panel, capfd):
    planted('{"known": 1}')
    at_panel.get("/panel/planted/", 500)
    assert "planted/templates/planted/page.html:4" in capfd.readouterr().err
