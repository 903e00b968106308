"""Descriptions are written as they will be read; what is sent, and stored, is as clean as ever."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from core.hookspecs.site import Site
from core.kernel.config import ROOT
from core.lib import text
from core.testing.browser import PHONE, View, jumps
from core.testing.shop import Item
from tests.core.panel.conftest import Panel
from tests.core.panel.test_pages import _answered_by

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

# What a word processor puts on the clipboard, and a page that means no good.
_PASTED = (
    "<html><head><style>p{color:red}</style></head><body><b style='font-weight:normal'><h1 class=x>Care</h1>"
    "<p class=MsoNormal style='margin:0'>Wipe <span style='font-weight:700'>dry</span>, "
    "<a href='javascript:x()'>bad</a>"
    " <a href='https://ok.example/' onclick='x()'>good</a><img src=x onerror='document.title=1'></p><o:p></o:p>"
    "<script>document.title=1</script></b></body></html>"
)


@pytest.mark.once
def test_the_editor_shows_what_the_server_keeps_and_nothing_else() -> None:
    script = (ROOT / "core" / "panel" / "static" / "js" / "rich.js").read_text("utf-8")
    listed = re.search(r"const TAGS = new Set\(\((.*?)\)\.split", script, re.DOTALL)
    assert listed is not None
    assert {*"".join(re.findall(r'"([^"]*)"', listed[1])).split()} == text._TAGS
    for tag, names in text._ATTRIBUTES.items():
        assert tag == "*" or f"{tag}: {sorted(names)}" in _sorted_lists(script)


def _sorted_lists(script: str) -> str:
    """The lists of attributes, in the order in which Python sorts them."""
    return re.sub(r"\[(\"[^\]]*)\]", lambda found: str(sorted(re.findall(r'"([^"]*)"', found[1]))), script)


def test_without_scripts_it_is_the_plain_box(panel: Panel, sell: Callable[..., Item]) -> None:
    page = panel.get(f"/panel/products/{sell('LAMP', 8900).product_id}").get_data(as_text=True)
    assert re.search(r'<div class="rich_tools" role="toolbar" aria-label="Formatting: Description"[^>]* hidden>', page)
    assert re.search(r'<label for="body-en" id="body-en-label">', page)
    assert re.search(r'<textarea class="input" id="body-en" name="body-en"', page)
    assert not re.search(r'<textarea[^>]*name="body-en"[^>]* hidden', page)
    assert 'name="body-en-address"' not in page


@pytest.mark.parametrize("view", [PHONE], ids=str)
def test_nothing_jumps_when_its_tools_come(page: Page, panel: Panel, view: View) -> None:
    del view
    _answered_by(panel, page)
    late: list[Route] = []
    page.route("**/rich.js", lambda route: late.append(route))  # noqa: PLW0108 -- playwright marks what it is given
    with page.expect_request("**/rich.js"):
        page.goto("http://shop.test/panel/categories/new")
    page.locator("#body-en").scroll_into_view_if_needed()
    assert not page.locator("[role=toolbar]").first.is_visible()
    assert jumps(page, most=0.01) == []
    [script] = late
    script.fallback()
    page.locator("[role=toolbar]").first.wait_for()
    assert jumps(page, most=0.01) == []


@pytest.mark.slow
def test_in_a_browser_words_are_formatted_linked_pasted_and_taken_back(
    page: Page, panel: Panel, sell: Callable[..., Item], site: Site
) -> None:
    del site
    _answered_by(panel, page)
    page.goto(f"http://shop.test/panel/products/{sell('LAMP', 8900).product_id}")
    editor, sent = page.get_by_role("textbox", name="Description").first, page.locator("[name=body-en]")
    editor.click()
    page.keyboard.type("Warm ")
    page.keyboard.press("Control+b")
    page.keyboard.type("light")
    page.keyboard.press("Control+b")
    assert sent.input_value() == "<p>Warm <strong>light</strong></p>"
    assert page.get_by_role("button", name="Bold").first.get_attribute("aria-pressed") == "false"
    # One stop of the tab key: arrows walk through the tools, Escape leads back to the words.
    page.keyboard.press("Alt+F10")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.textContent.trim()").startswith("Write as HTML")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "body-en"
    assert page.locator("[role=toolbar]").first.locator("button[tabindex='0']").count() == 1
    # A link needs an address that leads somewhere.
    for _ in range(5):
        page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Control+Shift+k")
    page.keyboard.type("javascript:alert(1)")
    page.keyboard.press("Enter")
    page.get_by_text("Begin with https://").first.wait_for()
    page.keyboard.press("Control+a")
    page.keyboard.type("example.com/light")
    page.keyboard.press("Enter")
    linked = '<a href="https://example.com/light">'
    assert linked in sent.input_value()
    # Pasted words keep their meaning, lose their looks, and run nothing.
    page.evaluate(
        """html => { const editor = document.getElementById("body-en"), data = new DataTransfer();
        getSelection().selectAllChildren(editor); getSelection().collapseToEnd(); data.setData("text/html", html);
        editor.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, cancelable: true})); }""",
        _PASTED,
    )
    assert sent.input_value().endswith(
        '<h2>Care</h2>\n<p>Wipe <strong>dry</strong>, bad <a href="https://ok.example/">good</a></p>'
    )
    assert page.title() != "1"
    page.keyboard.press("Control+z")
    assert "Care" not in sent.input_value()
    # As HTML, and back; then it is stored as it was written.
    page.get_by_role("button", name="Write as HTML").first.click()
    page.keyboard.press("Control+a")
    page.keyboard.type("<h2>Oak</h2><p>By <em>hand</em></p>")
    page.get_by_role("button", name="Write as HTML").first.click()
    assert editor.locator("h2").text_content() == "Oak"
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Saved").first.wait_for()
    assert page.locator("[name=body-en]").input_value() == "<h2>Oak</h2><p>By <em>hand</em></p>"
