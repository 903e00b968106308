"""Writing in the panel: blocks without a script, drafts beside what is shown, history, menus, many at once."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from PIL import Image

from core.api import Site, add_picture, now
from core.testing.panel import AtPanel
from plugins.pages.forms import shapes
from plugins.pages.models import Page, PageText
from plugins.pages.services.contents import rich
from plugins.pages.services.panel import editing, finding


def fields(page: str) -> dict[str, Any]:
    """The editor's form as a browser would send it."""
    form = page.partition('class="pages_editor"')[2]
    found: dict[str, Any] = {"block": re.findall(r'name="block" value="([^"]+)"', form)}
    for name, value in re.findall(r'<input[^>]* name="([^"]+)" value="([^"]*)"', form):
        if name not in {"block", "media_id", "header", "footer", "preview"} and not name.endswith("picture"):
            found[name] = unescape(value)
    for name, value in re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>\n([^<]*)</textarea>', form):
        found[name] = unescape(value)
    return found


def begin(panel: AtPanel, title: str, kind: str = "page") -> int:
    panel.post("/panel/pages/new", title=title, kind=kind)
    return int(Page.select().order_by(Page.id.desc()).get().id)  # All sites: the test has one.


def send(panel: AtPanel, page_id: int, act: str = "save", to: str = "", status: int = 303, **changes: Any) -> str:
    here = f"/panel/pages/{page_id}"
    sent = fields(panel.get(here)) | changes | {"act": act}
    return panel.post(here + to, status, **sent)


def test_a_page_is_written_in_blocks_without_a_script(site: Site, panel: AtPanel, browse: Any, sell: Any) -> None:
    sell("LAMP", 8900, name="Arc lamp")
    page_id = begin(panel, "About us")
    here = f"/panel/pages/{page_id}"
    for kind in ("heading", "text", "products"):
        send(panel, page_id, f"add:pages.{kind}")
    heading, text, goods = (one.partition(":")[0] for one in fields(panel.get(here))["block"])
    written = {f"b-{heading}-text": "Who we are", f"b-{text}-text": "Two *people*", f"b-{goods}-products": "LAMP"}
    send(panel, page_id, f"up:{goods}", **written)
    assert [one.partition(":")[0] for one in fields(panel.get(here))["block"]] == [heading, goods, text]

    assert browse(site, "/pages/about-us").status_code == 404
    send(panel, page_id, to="/publish")

    page = browse(site, "/pages/about-us").text
    assert page.index("Who we are") < page.index("Arc lamp") < page.index("Two <em>people</em>")
    send(panel, page_id, f"take:{heading}")
    assert len(fields(panel.get(here))["block"]) == 2
    assert "Who we are" in browse(site, "/pages/about-us").text, "the draft is nobody's but the writer's"


@pytest.mark.slow
def test_what_is_wrong_comes_back_as_it_was_typed(panel: AtPanel) -> None:
    page_id = begin(panel, "About us")
    send(panel, page_id, "add:pages.products")
    [goods] = (one.partition(":")[0] for one in fields(panel.get(f"/panel/pages/{page_id}"))["block"])

    page = send(panel, page_id, status=422, **{f"b-{goods}-products": "NOPE", "title": "x" * 201})

    assert "No product has the SKU NOPE." in page
    assert ">\nNOPE</textarea>" in page
    assert "At most 200 characters." in page
    assert "x" * 201 in page
    late = {"publish_at": "2030-01-02T10:00", "unpublish_at": "2030-01-01T10:00", "draft_at": "2001-01-01T10:00"}
    page = send(panel, page_id, status=422, **late)
    assert "over before it begins" in page
    assert "This moment has passed" in page


def test_two_at_once_are_told_and_nothing_typed_is_lost(panel: AtPanel) -> None:
    page_id = begin(panel, "About us")
    mine = fields(panel.get(f"/panel/pages/{page_id}"))
    send(panel, page_id, summary="Theirs")

    page = panel.post(f"/panel/pages/{page_id}", 409, **mine | {"summary": "Mine", "act": "save"})

    assert "Somebody else has saved this page meanwhile" in page
    assert ">\nMine</textarea>" in page
    panel.post(f"/panel/pages/{page_id}", **fields(page) | {"act": "save"})
    assert ">\nMine</textarea>" in panel.get(f"/panel/pages/{page_id}")


@pytest.mark.slow
def test_products_are_found_by_name_and_put_into_a_block_without_a_script(
    site: Site, panel: AtPanel, browse: Any, sell: Any
) -> None:
    for sku, name in (("LAMP-1", "Arc lamp"), ("LAMP-2", "Bow lamp"), ("VASE", "Vase")):
        sell(sku, 8900, name=name)
    page_id = begin(panel, "Light")
    send(panel, page_id, "add:pages.products")
    here = f"/panel/pages/{page_id}"
    [goods] = (one.partition(":")[0] for one in fields(panel.get(here))["block"])
    field = f"b-{goods}-products"
    answer = panel.client.post(
        here,
        data=fields(panel.get(here)) | {"act": "find", f"find-{field}": "lamp", "summary": "Typed before"},
        base_url=panel.origin,
        headers={"Origin": panel.origin},
    )
    found = panel.get(answer.headers["Location"].partition("#")[0])
    assert "Typed before" in found
    assert "Vase" not in found
    for sku in ("LAMP-2", "LAMP-1"):
        pick = re.search(
            rf'value="(pick:[^"]+)"[^>]*aria-label="Add {"Bow" if sku == "LAMP-2" else "Arc"} lamp"', found
        )
        assert pick is not None
        send(panel, page_id, pick[1])
    assert ">\nLAMP-2\nLAMP-1</textarea>" in panel.get(here)
    send(panel, page_id, to="/publish")
    assert "Bow lamp" in browse(site, "/pages/light").text


def keep(panel: AtPanel, page_id: int, status: int = 200, **sent: Any) -> str:
    return panel.post(f"/panel/pages/{page_id}/keep", status, **sent)


def test_what_is_typed_is_kept_as_the_draft_and_shoppers_see_none_of_it(
    site: Site, panel: AtPanel, browse: Any
) -> None:
    page_id = begin(panel, "About us")
    send(panel, page_id, to="/publish")
    mine = fields(panel.get(f"/panel/pages/{page_id}"))
    assert "Kept as the draft" in keep(panel, page_id, **mine | {"title": "About", "header": "1"})
    keep(panel, page_id, **mine | {"title": "About all of us"})
    assert "About all of us" in panel.get(f"/panel/pages/{page_id}")
    assert "About us" in browse(site, "/pages/about-us").text
    assert Page.get_by_id(page_id).header is None, "what holds at once waits for the button"
    panel.post(f"/panel/pages/{page_id}/publish", **mine | {"title": "About all of us"})  # the same form goes on
    assert "About all of us" in browse(site, "/pages/about-us").text


def test_two_windows_keep_nothing_over_each_other(panel: AtPanel) -> None:
    page_id = begin(panel, "About us")
    mine, theirs = (fields(panel.get(f"/panel/pages/{page_id}")) for _window in range(2))
    keep(panel, page_id, **mine | {"summary": "Mine"})
    assert "Somebody else has saved" in keep(panel, page_id, 409, **theirs | {"summary": "Theirs"})
    panel.post(f"/panel/pages/{page_id}", 409, **theirs | {"summary": "Theirs", "act": "save"})
    again = fields(panel.get(f"/panel/pages/{page_id}"))  # a page that was opened since has read what was kept
    keep(panel, page_id, **again | {"summary": "Again"})
    keep(panel, page_id, 409, **mine | {"summary": "Mine"})
    assert PageText.get().draft["summary"] == "Again"


@pytest.mark.slow
def test_a_language_begins_as_a_draft_and_a_planned_draft_takes_nothing_half_written(panel: AtPanel) -> None:
    page_id = begin(panel, "About us")
    send(panel, page_id, to="/publish")
    chinese = fields(panel.get(f"/panel/pages/{page_id}?language=zh-CN"))
    keep(panel, page_id, **chinese | {"title": "关于"})
    panel.post(f"/panel/pages/{page_id}", **chinese | {"title": "关于我们", "act": "save"})
    assert "关于我们" in panel.get(f"/panel/pages/{page_id}?language=zh-CN")
    send(panel, page_id, title="Later", draft_at=(now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M"))
    mine = fields(panel.get(f"/panel/pages/{page_id}"))
    assert "This draft is planned" in keep(panel, page_id, 409, **mine | {"title": "Half"})
    assert "No product has the SKU" not in keep(panel, page_id, 409, **mine)


def test_a_language_whose_words_are_all_emptied_goes_and_comes_back_with_undo(
    site: Site, panel: AtPanel, browse: Any, write: Any
) -> None:
    page_id = write("About us", zh="关于我们")
    here = f"/panel/pages/{page_id}"
    chinese = fields(panel.get(f"{here}?language=zh-CN"))
    assert "关于我们" in browse(site, "/zh-cn/pages/关于我们").text
    # A title alone does not go, nor does the site's first language.
    panel.post(f"{here}/publish", 422, **chinese | {"title": "", "summary": "一家小店"})
    send(panel, page_id, to="/publish", status=422, title="")

    shown = panel.follow(f"{here}/publish", **chinese | {"title": ""})
    assert "Published. There are no words in 中文 any more." in shown
    assert "Not written in 中文 yet" in shown
    fallen = browse(site, "/zh-cn/pages/关于我们", follow_redirects=True)
    assert "About us" in fallen.text
    undo = re.search(r'<form method="post" action="([^"]+/words/\d+)"', shown)
    assert undo
    for _ in range(2):
        assert "The words are back." in panel.follow(undo[1])
        assert "关于我们" in browse(site, "/zh-cn/pages/关于我们").text
    # Who writes in it anew meanwhile is not overwritten.
    chinese = fields(panel.get(f"{here}?language=zh-CN"))
    undo = re.search(r'action="([^"]+/words/\d+)"', panel.follow(f"{here}/publish", **chinese | {"title": ""}))
    assert undo
    panel.post(here, **fields(panel.get(f"{here}?language=zh-CN")) | {"title": "新的", "act": "save"})
    assert "Somebody else has saved this page" in panel.follow(undo[1])
    assert PageText.get(PageText.language == "zh-CN").draft["title"] == "新的"


def test_a_changed_address_leads_on_and_a_taken_one_is_refused(site: Site, panel: AtPanel, browse: Any) -> None:
    page_id, other = begin(panel, "About us"), begin(panel, "Story")
    for one in (page_id, other):
        send(panel, one, to="/publish")

    assert "Another page stands at this address" in send(panel, other, to="/publish", status=422, slug="About us")
    send(panel, page_id, to="/publish", slug="who-we-are")
    assert browse(site, "/pages/about-us").headers["Location"] == "/pages/who-we-are"
    send(panel, other, to="/publish", slug="about-us")
    assert "<h1" in browse(site, "/pages/about-us").text
    assert browse(site, "/pages/story").headers["Location"] == "/pages/about-us"


def test_history_tells_what_changed_and_brings_it_back(site: Site, panel: AtPanel, browse: Any) -> None:
    page_id = begin(panel, "About us")
    send(panel, page_id, "add:pages.text")
    [block] = (one.partition(":")[0] for one in fields(panel.get(f"/panel/pages/{page_id}"))["block"])
    send(panel, page_id, to="/publish", **{f"b-{block}-text": "We sell red lamps"})
    send(panel, page_id, to="/publish", **{f"b-{block}-text": "We sell green lamps"})

    page = panel.get(f"/panel/pages/{page_id}/history")
    newest, oldest = re.findall(rf"/panel/pages/{page_id}/history/(\d+)", page)
    assert "<del>red</del><ins>green</ins>" in panel.get(f"/panel/pages/{page_id}/history/{newest}")
    back = panel.follow(f"/panel/pages/{page_id}/history/{oldest}")
    assert "We sell red lamps" in back
    assert "green" in browse(site, "/pages/about-us").text
    send(panel, page_id, to="/publish")
    assert "red" in browse(site, "/pages/about-us").text

    send(panel, page_id, **{f"b-{block}-text": "We sell nothing"})
    gone = panel.follow(f"/panel/pages/{page_id}/discard")
    assert "We sell red lamps" in gone
    [undo] = re.findall(r'class="toast".*?action="([^"]+)"', gone, re.DOTALL)
    assert "We sell nothing" in panel.follow(undo)


def test_a_link_shows_the_draft_for_a_week(site: Site, panel: AtPanel, browse: Any, clock: Any) -> None:
    page_id = begin(panel, "Secret plan")
    [link] = re.findall(r'value="http://shop.test[:0-9]*(/pages/preview/[^"]+)"', panel.get(f"/panel/pages/{page_id}"))

    seen = browse(site, link)
    assert "Secret plan" in seen.text
    assert seen.headers["X-Robots-Tag"] == "noindex"
    assert browse(site, link[:-1] + ("0" if link[-1] != "0" else "1")).status_code == 404
    clock.move(days=8)
    assert browse(site, link).status_code == 410


def test_removed_it_comes_back_with_its_address(site: Site, panel: AtPanel, browse: Any) -> None:
    page_id = begin(panel, "About us")
    send(panel, page_id, to="/publish")
    page = panel.follow(f"/panel/pages/{page_id}/remove")
    assert browse(site, "/pages/about-us").status_code == 404
    [undo] = re.findall(r'class="toast".*?action="([^"]+)"', page, re.DOTALL)
    panel.post(undo)
    assert browse(site, "/pages/about-us").status_code == 200
    assert "brought the page About us back" in panel.get("/panel/activity")


@pytest.mark.slow
def test_many_at_once_and_what_the_list_shows(site: Site, panel: AtPanel, browse: Any) -> None:
    ids = [begin(panel, title) for title in ("Delivery", "Returns", "Wool")]
    panel.post("/panel/pages/bulk", act="publish", n=ids[:2])
    assert browse(site, "/pages/delivery").status_code == browse(site, "/pages/returns").status_code == 200
    hidden = panel.get("/panel/pages/?view=hidden")
    assert "Wool" in hidden
    assert "Returns" not in hidden
    assert "Returns" in panel.get("/panel/pages/?q=turn")
    panel.post("/panel/pages/bulk", act="hide", n=ids[:1])
    assert browse(site, "/pages/delivery").status_code == 404
    page = panel.follow("/panel/pages/bulk", act="remove", n=ids)
    assert "3 pages are removed." in page
    [undo] = re.findall(r'class="toast".*?action="([^"]+)"', page, re.DOTALL)
    assert "They are back." in panel.follow(unescape(undo))
    assert Page.for_site(site).count() == 3


def test_what_could_not_be_published_is_told_as_the_language_does(panel: AtPanel) -> None:
    page_id = begin(panel, "About us")
    send(panel, page_id, title="")
    told = panel.follow("/zh-cn/panel/pages/bulk", act="publish", n=[page_id])
    assert "<p>About us：页面要有标题，顾客才找得到。</p>" in told
    assert "<p>About us: A page needs a title before shoppers can find it.</p>" in panel.follow(
        "/panel/pages/bulk", act="publish", n=[page_id]
    )


@pytest.mark.slow
def test_menus_are_put_in_order(site: Site, panel: AtPanel, browse: Any) -> None:
    ids = [begin(panel, title) for title in ("Delivery", "Returns", "Contact")]
    panel.post("/panel/pages/bulk", act="publish", n=ids)
    for page_id in ids:
        panel.post("/panel/pages/menus", menu="footer", act="add", page=page_id)
    panel.post("/panel/pages/menus", menu="footer", act=f"up:{ids[2]}")
    panel.post("/panel/pages/menus", menu="footer", act=f"take:{ids[0]}")

    footer = browse(site, "/").text.partition("<footer")[2]

    assert re.findall(r'href="/pages/[^"]+">([^<]+)<', footer) == ["Contact", "Returns"]


@pytest.mark.slow
def test_a_new_shop_begins_with_five_drafts_and_is_led_there(site: Site, panel: AtPanel, browse: Any) -> None:
    assert "Say who you are" in panel.get("/panel/")
    page = panel.get("/panel/pages/")
    key = re.search(r'action="/panel/pages/starters">.*?name="key" value="([^"]+)"', page)
    assert key is not None
    for _twice in range(2):
        panel.post("/panel/pages/starters", key=key[1])

    texts = list(PageText.for_site(site).where(PageText.language == "en"))
    assert sorted(text.title for text in texts) == ["About us", "Contact", "Delivery", "Privacy", "Returns"]
    assert all("[" in str(text.draft) for text in texts)
    assert PageText.for_site(site).where(PageText.language == "zh-CN").count() == 5
    assert browse(site, "/pages/about").status_code == 404


def test_the_search_of_the_panel_finds_pages(panel: AtPanel) -> None:
    page_id = begin(panel, "About us", "guide")
    found = panel.get("/panel/find?q=about")
    assert f"/panel/pages/{page_id}" in found
    assert "About us" in found


def test_a_picture_that_a_page_shows_is_not_deleted(site: Site, panel: AtPanel, write: Any) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(stream, "PNG")
    picture = add_picture(stream.getvalue(), "lamp.png", {}, "system")
    write("About us", ("picture", {"picture": picture, "alt": "", "caption": ""}))

    page = panel.get(f"/panel/media/{picture}")
    assert "About us" in page
    panel.post(f"/panel/media/{picture}/delete")
    assert panel.get(f"/panel/media/{picture}")


def test_a_page_of_another_site_that_shows_a_picture_is_edited_there(
    panel: AtPanel, other_site: Site, write: Any, turn_on: Any
) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(stream, "PNG")
    picture = add_picture(stream.getvalue(), "lamp.png", {}, "system")
    turn_on("pages", on=other_site)
    page_id = write("About us", ("picture", {"picture": picture, "alt": "", "caption": ""}), on=other_site)

    page = panel.get(f"/panel/media/{picture}")
    assert f'href="{other_site.origin}/panel/pages/{page_id}"' in page
    assert f"About us · {other_site.name}" in page


class Seen(HTMLParser):
    """The tags of a text: each with the names of its attributes, and where it leads."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, set[str], str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name for name, _value in attrs}, dict(attrs).get("href") or ""))


@pytest.mark.once
def test_the_markup_of_a_text_never_lets_a_writer_run_anything() -> None:
    for evil in (
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "![x](https://evil.example/x.png)",
        '<https://a.example" onclick="alert(1)>',
        "# Heading\n\n```\n<script>\n```",
        "[x](https://a.example 'title\" onmouseover=\"alert(1)')",
    ):
        seen = Seen()
        seen.feed(rich(evil))
        assert {tag for tag, _names, _href in seen.tags} <= {"p", "a", "br", "code", "ol", "ul", "li", "em"}, evil
        assert all(names <= {"href", "rel", "title"} for _tag, names, _href in seen.tags), evil
        assert all(href.startswith("https://") for _tag, _names, href in seen.tags if href), evil
    assert rich("**a** *b*\n\n1. c") == "<p><strong>a</strong> <em>b</em></p>\n<ol>\n<li>c</li>\n</ol>"


def test_a_block_of_a_plugin_that_is_off_is_kept_and_not_shown(site: Site, write: Any, browse: Any) -> None:
    page_id = write("About us", ("text", {"text": "Stays"}))
    [text] = finding.texts_of(site, page_id).values()
    strange = {"id": "strange", "kind": "gone.thing", "values": {"secret": "not for eyes"}}
    content = {**text.live, "blocks": [strange, *text.live["blocks"]]}
    wanted = shapes.Wanted(content=content, kind="page", publish_at=now() - timedelta(days=1))
    editing.publish(site, page_id, "en", wanted, text.version, actor="staff:1")

    page = browse(site, "/pages/about-us").text
    assert "Stays" in page
    assert "not for eyes" not in page
    assert strange in finding.texts_of(site, page_id)["en"].live["blocks"]
