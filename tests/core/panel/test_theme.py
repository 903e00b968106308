"""The customiser: a draft is seen by staff alone, can be undone, published, planned; colours say how they read."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from core.app import App
from core.hookspecs.site import Site
from core.kernel import db, jobs, theme_drafts, theme_versions
from core.kernel.site_verbs import edit_site, set_about
from core.kernel.sites import state_of
from core.lib.clock import now
from core.lib.errors import NotFound
from tests.core.panel.conftest import Panel, words

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

HERE = "/panel/theme/of/plain"
HOME = ("hero", "shelves", "plugins", "newest", "recent", "promises")
# What the form of a theme as it comes says.
UNTOUCHED: dict[str, Any] = {
    "header_shelves": "1",
    "footer_shelves": "1",
    "home": [*HOME, "words"],
    "home-on": list(HOME),
    "mark": "mark-plain",
    "header_stays": "stays",
    **dict.fromkeys(("font_body", "font_display", "radius", "density", "ratio"), "theme"),
}


class Customiser:
    """Somebody who works on the look: fills in the form as the page shows it, and presses its buttons."""

    def __init__(self, panel: Panel, theme: str = "plain") -> None:
        self.panel, self.path = panel, f"/panel/theme/of/{theme}"
        self.look()

    def look(self) -> str:
        self.page = self.panel.get(self.path).get_data(as_text=True)
        self.seen = _hidden(self.page, "seen")
        return self.page

    def press(self, button: str = "", **changes: Any) -> Any:
        answer = self.panel.post(f"{self.path}{button}", {**UNTOUCHED, **changes, "seen": self.seen})
        if answer.status_code == 303:
            self.look()
        return answer

    @property
    def preview(self) -> str:
        found = re.search(r'<iframe src="([^"]+)"', self.page)
        assert found is not None
        return found[1]


def _hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" id="{name}" value="(\d+)"', page)
    assert found is not None, page[:1000]
    return found[1]


@pytest.fixture
def customiser(panel: Panel) -> Customiser:
    return Customiser(panel)


@pytest.fixture
def shop(app: App, site: Site) -> Callable[[str], Any]:
    """`shop("/")`: what somebody sees who is nobody of the staff."""
    client = app.test_client()

    def get(path: str, **options: Any) -> Any:
        return client.get(path, base_url=f"https://{site.host}", **options)

    return get


def _style(get: Callable[[str], Any], page: str) -> str:
    found = re.search(r'<link rel="stylesheet" href="([^"]+)"', page)
    assert found is not None
    return str(get(found[1].replace("&amp;", "&")).get_data(as_text=True))


# -- a draft and its preview -----------------------------------------------------------------------------------------


def test_a_draft_is_seen_in_the_preview_and_nowhere_else(customiser: Customiser, shop: Any, panel: Panel) -> None:
    before = shop("/").text
    customiser.press(**{"hero_title-en": "A quiet room", "accent": "#7a1f5c", "radius": "square"})

    for _ in range(2):  # Not from the page cache either.
        preview = panel.get(customiser.preview)
        assert "A quiet room" in preview.text
        assert shop("/").text == before
    style = _style(panel.get, preview.text)
    assert "--a-600: #7a1f5c" in style
    assert "--radius-m: 0px" in style
    assert "#7a1f5c" not in _style(shop, before)
    # Kept by nobody, found by no search engine, framed by us alone; and nothing else may be framed.
    assert preview.headers["Cache-Control"] == "no-store"
    assert "noindex" in preview.headers["X-Robots-Tag"]
    assert "frame-ancestors 'self'" in preview.headers["Content-Security-Policy"]
    for page in (panel.get("/"), panel.get(HERE), shop("/")):
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


def test_links_of_a_preview_stay_in_it_and_nothing_can_be_bought(
    customiser: Customiser, panel: Panel, sell: Any
) -> None:
    lamp = sell("LAMP", 8900, stock=3, name="Arc lamp")
    customiser.press(**{"about-en": "Since 1899"})
    token = customiser.preview.removesuffix("/")
    home = panel.get(customiser.preview).text
    assert f'href="{token}/p/arc-lamp"' in home
    assert f'href="{token}/zh-cn/"' in home
    assert "Since 1899" in panel.get(f"{token}/p/arc-lamp").text
    assert 'lang="zh-CN"' in panel.get(f"{token}/zh-cn/").text
    assert panel.post(f"{token}/cart", {"variant": lamp.variant_id, "quantity": "1"}).status_code == 403
    assert db.value("SELECT COUNT(*) FROM cart_line") == 0
    # The panel is no part of it: nobody may frame that.
    assert panel.get(f"{token}/panel/").status_code == 404
    assert panel.get(f"{token}/nowhere").status_code == 404


def test_a_stolen_or_old_preview_shows_nothing(
    customiser: Customiser, shop: Any, colleague: Callable[..., Panel], other_site: Site, app: App, clock: Any
) -> None:
    customiser.press(**{"hero_title-en": "Not yet"})
    theirs = colleague({"theme.edit"})
    stylesheet = re.search(r'<link rel="stylesheet" href="([^"]+)"', customiser.panel.get(customiser.preview).text)
    assert stylesheet is not None
    for get in (shop, theirs.get):
        answer = get(customiser.preview)
        assert answer.status_code == 403
        assert "Not yet" not in answer.text
        assert "has ended" in answer.text
        assert get(stylesheet[1]).status_code in {303, 403}
    elsewhere = app.test_client().get(customiser.preview, base_url=f"https://{other_site.host}")
    assert elsewhere.status_code == 403
    assert customiser.panel.get(f"{customiser.preview.removesuffix('/')}x/").status_code == 403
    answers = []
    for _ in range(10):
        clock.move(minutes=54)
        answers.append(customiser.panel.get(customiser.preview).status_code)
        assert customiser.panel.get("/panel/theme").status_code == 200, "still signed in"
    assert answers == [200] * 8 + [403] * 2


def test_the_check_of_a_preview_is_what_keeps_a_colleague_out(
    customiser: Customiser, colleague: Callable[..., Panel], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: a preview that believes the signature alone."""
    customiser.press(**{"hero_title-en": "Not yet"})
    monkeypatch.setattr("core.kernel.previews.check", lambda *_: None)
    assert "Not yet" in colleague({"theme.edit"}).get(customiser.preview).text


# -- undo and redo ---------------------------------------------------------------------------------------------------


def test_undo_and_redo_survive_a_reload(customiser: Customiser, panel: Panel) -> None:
    for title in ("One", "Two"):
        customiser.press(**{"hero_title-en": title})
    for way, shown in (("undo", "One"), ("undo", ""), ("redo", "One"), ("redo", "Two"), ("undo", "One")):
        panel.follow(panel.post(f"{HERE}/{way}", {"seen": customiser.seen}))
        assert f'name="hero_title-en" value="{shown}"' in customiser.look()
    # A change after an undo forgets what was undone.
    customiser.press(**{"hero_title-en": "Other"})
    panel.post(f"{HERE}/redo", {"seen": customiser.seen})
    assert 'name="hero_title-en" value="Other"' in customiser.look()
    # Throwing a draft away can be undone too.
    customiser.press("/discard")
    assert 'name="hero_title-en" value=""' in customiser.page
    panel.post(f"{HERE}/undo", {"seen": customiser.seen})
    assert 'name="hero_title-en" value="Other"' in customiser.look()


def test_fifty_changes_can_be_undone_and_no_more_are_kept(site: Site) -> None:
    seen = 0
    for n in range(55):
        seen = theme_drafts.change(site.id, "plain", {"mark": str(n)}, "system", seen)
    undone = 0
    while (draft := theme_drafts.draft(site.id, "plain")).can_undo:
        theme_drafts.move(site.id, "plain", draft.step, back=True)
        undone += 1
    assert undone == 50
    assert draft.values == {"mark": "4"}
    # The number of a state that is gone is never given to another, so that an old page cannot take one for the other.
    assert theme_drafts.change(site.id, "plain", {"mark": "new"}, "system", draft.step) > seen


# -- publishing ------------------------------------------------------------------------------------------------------


def test_published_is_seen_at_once_and_by_every_process(customiser: Customiser, shop: Any, site: Site) -> None:
    from core.kernel.installation import installation
    from core.kernel.sites import Sites

    def sheet() -> str:
        found = re.search(r'<link rel="stylesheet" href="([^"]+)"', shop("/").text)
        assert found is not None
        return found[1]

    old, before = shop("/").text, sheet()
    assert "No account needed" in old
    elsewhere = Sites(installation().sites.runtimes, installation().sites._make_hooks)
    assert "theme" not in elsewhere.by_id(site.id).about

    customiser.press("/publish", **{"hero_title-en": "Now", "accent": "#7a1f5c", "home-on": ["hero", "newest"]})

    page = shop("/").text
    assert "Now" in page
    assert "No account needed" not in page
    assert elsewhere.by_id(site.id).about["theme"]["plain"]["accent"] == "#7a1f5c"
    # The stylesheet has another address, so that no browser shows the old one; the old address is not kept.
    assert sheet() != before
    assert "--a-600: #7a1f5c" in shop(sheet()).text
    assert "immutable" in shop(sheet()).headers["Cache-Control"]
    assert shop(before).headers["Cache-Control"] == "no-cache"


def test_versions_say_who_and_when_can_be_looked_at_and_come_back(
    customiser: Customiser, shop: Any, panel: Panel, site: Site
) -> None:
    for title in ("First", "Second"):
        customiser.press("/publish", **{"hero_title-en": title})
    rows = theme_versions.versions(site.id)
    assert [row.number for row in rows] == [3, 2, 1]
    page = panel.get("/panel/theme/versions")
    assert "Version 3" in words(page)
    assert "Owner" in words(page)
    looked = [panel.get(url).text for url in re.findall(r'href="(/preview/[^"]+)"', page.text)]
    assert ["Second" in looked[0], "First" in looked[1], "being filled" in looked[2]] == [True, True, True]

    panel.follow(panel.post(f"/panel/theme/versions/{rows[1].id}/restore"))
    assert "First" in shop("/").text
    assert "from version 2" in words(panel.get("/panel/theme/versions"))
    # The look before anything was published can be brought back too; a draft without changes follows.
    panel.post(f"/panel/theme/versions/{rows[2].id}/restore")
    assert "The shelves are being filled" in shop("/").text
    assert "As shoppers see it" in words(panel.get(HERE))


def test_a_planned_look_comes_at_its_time_and_once(
    customiser: Customiser, shop: Any, panel: Panel, site: Site, clock: Any
) -> None:
    for nonsense in ("", "2020-01-01T10:00", "soon"):
        refused = customiser.press("/plan", due_at=nonsense)
        assert refused.status_code == 422
        assert 'href="#due_at"' in refused.text
        assert 'aria-describedby="due_at-error due_at-help" aria-invalid="true"' in refused.text
        assert "The draft is saved, but it is not planned." in words(refused)
    due = now() + timedelta(minutes=50)
    for title in ("Taken back", "Sale"):
        customiser.press("/plan", **{"hero_title-en": title, "due_at": due.strftime("%Y-%m-%dT%H:%M")})
        planned = theme_versions.planned(site.id)
        assert planned is not None
        if title == "Taken back":
            panel.follow(panel.post(f"/panel/theme/versions/{planned.id}/drop"))
            assert panel.post(f"/panel/theme/versions/{planned.id}/drop").status_code == 404
            panel.post(f"/panel/theme/versions/{planned.id}/plan")
            assert theme_versions.planned(site.id) == planned
            panel.post(f"/panel/theme/versions/{planned.id}/drop")
    jobs.run_due()
    assert "Sale" not in shop("/").text
    # The draft goes on; what was planned stays what it was.
    customiser.press(**{"hero_title-en": "Later still"})
    clock.move(minutes=51)
    jobs.run_due()
    jobs.run_due()
    assert "Sale" in shop("/").text
    assert [row.number for row in theme_versions.versions(site.id)] == [2, 1]
    assert theme_versions.planned(site.id) is None


# -- two at once, two themes, two sites ------------------------------------------------------------------------------


def test_who_saves_second_is_told_what_the_first_changed(customiser: Customiser, colleague: Any, shop: Any) -> None:
    other = Customiser(colleague({"theme.edit"}))
    customiser.press(**{"hero_title-en": "Mine", "radius": "round"})

    assert other.press("/publish", density="airy").status_code == 409
    assert "Mine" not in shop("/").text, "nobody publishes what they have not seen"
    refused = other.press(**{"hero_title-en": "Theirs", "density": "dense"})

    assert refused.status_code == 409
    told = words(refused)
    assert "While you were choosing" in told
    assert "Corners: As the theme comes → Round" in told
    # Mine where both changed the same, theirs where I changed nothing.
    assert 'name="hero_title-en" value="Theirs"' in refused.text
    assert '<option value="round" selected>' in refused.text
    assert '<option value="dense" selected>' in refused.text
    again = {**UNTOUCHED, "hero_title-en": "Theirs", "radius": "round", "density": "dense"}
    assert other.panel.post(HERE, {**again, "seen": _hidden(refused.text, "seen")}).status_code == 303
    assert theme_drafts.draft(1, "plain").values["radius"] == "round"


def test_of_two_at_the_same_moment_one_is_refused(site: Site) -> None:
    step = theme_drafts.change(site.id, "plain", {"mark": "leaf"}, "system", 0)
    theme_drafts.change(site.id, "plain", {"mark": "none"}, "staff:1", step)
    for late in (0, step):
        with pytest.raises(theme_drafts.DraftChanged):
            theme_drafts.change(site.id, "plain", {"mark": "mark-lantern"}, "staff:2", late)
    assert theme_drafts.draft(site.id, "plain").values == {"mark": "none"}


def test_each_theme_and_each_site_keeps_its_own(
    customiser: Customiser, panel: Panel, shop: Any, site: Site, app: App, other_site: Site
) -> None:
    customiser.press("/publish", **{"hero_title-en": "In plain", "accent": "#7a1f5c"})
    lantern = Customiser(panel, "lantern")
    assert "Not in use yet" in lantern.page
    assert "/static/lantern/" in panel.get(lantern.preview).text
    assert "/static/plain/" in shop("/").text
    lantern.press("/publish", **{"hero_title-en": "In lantern", "mark": "mark-lantern"})
    assert state_of(site.id).site.theme == "lantern"
    assert "In lantern" in shop("/").text
    edit_site(site.id, {"theme": "plain"}, "system")
    assert "In plain" in shop("/").text

    def elsewhere(path: str) -> Any:
        return app.test_client().get(path, base_url=f"https://{other_site.host}")

    assert "#7a1f5c" not in _style(elsewhere, elsewhere("/").text)
    with pytest.raises(NotFound):
        theme_versions.bring_back(other_site.id, theme_versions.versions(site.id)[0].id, "system")


def test_only_those_who_may_change_the_theme_do(colleague: Callable[..., Panel]) -> None:
    nobody = colleague({"catalogue.view"})
    for answer in (nobody.get(HERE), nobody.post(HERE, UNTOUCHED), nobody.post(f"{HERE}/publish", UNTOUCHED)):
        assert answer.status_code == 403
    assert 'href="/panel/theme"' not in nobody.get("/panel/products").text


# -- what can be set -------------------------------------------------------------------------------------------------


def test_sections_words_and_pictures_make_the_page(customiser: Customiser, shop: Any) -> None:
    customiser.press(move="home.newest.up")
    order = re.findall(r'name="home" value="(\w+)"', customiser.page)
    assert order[:4] == ["hero", "shelves", "newest", "plugins"]
    picture = BytesIO()
    Image.new("RGB", (1800, 900), "teal").save(picture, "PNG")
    picture.seek(0)
    said = {"announcement-en": "Open late", "announcement-zh-CN": "营业至夜", "about-en": "Two of us"}
    told = {"words_title-en": "Who we are", "words_text-en": "Two\nlines", "home-on": ["words"]}
    customiser.press("/publish", **said, **told, **{"logo-file": (picture, "house.png")})
    page, chinese = shop("/").text, shop("/zh-cn/").text
    assert page.count("<h1") == 1, "without its opening, too"
    assert "<p>Two</p><p>lines</p>" in page
    assert "Open late" in page
    assert "营业至夜" in chinese
    assert "Two of us" in chinese, "falls back"
    assert 'class="logo__picture"' in page
    assert 'alt="Test shop"' in page


def test_what_does_not_fit_is_said_beside_its_field(customiser: Customiser) -> None:
    for name, value in (("accent", "blue"), ("accent", "#12345"), ("radius", "huge"), ("hero_title-en", "x" * 201)):
        refused = customiser.press(**{name: value})
        assert refused.status_code == 422
        assert f'href="#{name.removesuffix("-en")}' in refused.text
        assert f'value="{value}"' in refused.text or name == "radius"
    assert theme_drafts.draft(1, "plain").step == 0


def test_nothing_stored_escapes_into_a_style(site: Site, shop: Any) -> None:
    evil = {"accent": "red; } body { display: none", "radius": "}</style>", "home": ["hero", "nothing"]}
    set_about(site.id, {"theme": {"plain": evil}}, "system")
    page = shop("/")
    assert page.status_code == 200
    assert "red; }" not in _style(shop, page.text)


# -- how colours read ------------------------------------------------------------------------------------------------


def _ratio(one: str, other: str) -> float:
    """WCAG 2.2, worked out from its own text and from nothing of ours."""

    def light(digits: str) -> float:
        parts = [int(digits[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    bright, dim = sorted((light(one), light(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def test_a_faint_colour_is_warned_of_with_the_nearest_that_reads(customiser: Customiser, panel: Panel) -> None:
    assert _ratio("#7fa8c9", "#ffffff") < 4.5
    customiser.press(accent="#7fa8c9")
    assert "links on the paper read 2.5 to 1; 4.5 is needed" in customiser.page
    offered = re.search(r'name="accent" value="(#[0-9a-f]{6})" data-take', customiser.page)
    assert offered is not None
    assert 4.5 <= _ratio(offered[1], "#ffffff") < 5.5, "the nearest, not just any"
    # Taken without a script: the button's value stands behind the field's. The dark has a warning of its own.
    customiser.press(accent=["#7fa8c9", offered[1]], accent_dark="#1a2a44", buy="#f2d64b")
    assert f'id="accent" name="accent" value="{offered[1]}"' in customiser.page
    assert "In the dark, links on the paper" in customiser.page
    assert "In the light, links on the paper" not in customiser.page
    # Words upon a colour turn white or black by themselves.
    for picked, upon in (("#f2d64b", "#111315"), ("#202080", "#ffffff")):
        customiser.press(buy=picked)
        style = _style(panel.get, panel.get(customiser.preview).text)
        assert f"--color-buy: {picked}; --color-buy-strong: {picked}; --color-on-buy: {upon};" in style


# -- with a script -----------------------------------------------------------------------------------------------------


def _answered_by(panel: Panel, page: Page) -> None:
    """Let the test's own application answer the browser, with the owner signed in."""

    def answer(route: Route) -> None:
        request = route.request
        path = re.sub(r"^https?://[^/]+", "", request.url)
        if request.method == "POST":
            sent = {"Content-Type": request.headers["content-type"], "Sec-Fetch-Site": "same-origin"}
            told = panel._client.post(path, data=request.post_data_buffer, headers=sent, **panel._options)
            if told.status_code == 303:
                told = panel.get(told.headers["Location"])
        else:
            told = panel.get(path)
        headers = {name: value for name, value in told.headers.items() if name.lower() != "content-length"}
        route.fulfill(status=told.status_code, headers=headers, body=told.get_data())

    page.route("**/*", answer)


def order_of_home(panel: Panel) -> list[str]:
    return re.findall(r'name="home" value="(\w+)"', panel.get("/panel/theme").get_data(as_text=True))


def test_what_is_changed_is_stored_and_shown_without_a_button(panel: Panel, page: Page) -> None:
    from playwright.sync_api import expect

    _answered_by(panel, page)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("http://shop.test/panel/theme")
    # Loaded once and never again, or what was typed meanwhile would be lost.
    page.on("framenavigated", lambda frame: seen.append(frame.url) if frame == page.main_frame else None)
    seen: list[str] = []
    shown = page.frame_locator("[data-frame]")

    page.fill("#accent", "#7fa8c9")
    page.keyboard.press("Tab")
    page.locator("#accent-reads [data-take]").click()
    page.get_by_text("Home page", exact=True).first.click()
    page.fill("#hero_title-en", "A quiet room")
    page.keyboard.press("Tab")

    expect(shown.locator("h1")).to_have_text("A quiet room")
    expect(page.locator("#draft-bar")).to_contain_text("Draft, 2 changes")
    expect(page.locator("#accent-reads")).not_to_contain_text("Some people cannot read this")
    # The keyboard stays where it is while a section moves, and the preview is as wide as what it stands for.
    page.locator("button[value='home.newest.up']").click()
    expect(page.locator("#home-order li").nth(2)).to_contain_text("New arrivals")
    assert page.evaluate("document.activeElement.value") == "home.newest.up"
    rows, before = page.locator("#home-order li"), order_of_home(panel)
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        rows.nth(1).drag_to(rows.nth(0))
    assert order_of_home(panel) == [before[1], before[0], *before[2:]]
    for name, width in (("Phone", 375), ("Tablet", 768), ("Desktop", 1440)):
        page.locator(".stage_bar label", has_text=name).click()
        # Asked from outside: the preview may just be loading what was dragged.
        wide = "width => document.querySelector('[data-frame]').contentWindow.innerWidth === width"
        page.wait_for_function(wide, arg=width)
    assert seen == []


def test_on_a_phone_the_settings_come_first_and_the_preview_when_it_is_near(panel: Panel, page: Page) -> None:
    from playwright.sync_api import expect

    _answered_by(panel, page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_viewport_size({"width": 375, "height": 812})
    page.goto("http://shop.test/panel/theme")
    stage, shown = page.locator("[data-stage]"), page.frame_locator("[data-frame]")
    page.wait_for_function("document.querySelector('[data-stage]').style.getPropertyValue('--frame-scale')")
    size = stage.bounding_box()
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.fill("#accent", "#7a1f5c")
        page.keyboard.press("Tab")
    expect(page.locator("#draft-bar")).to_contain_text("Draft, 1 change")
    assert not [url for url in asked if "/preview/" in url]

    page.get_by_role("link", name="To the preview").click()

    expect(shown.locator("h1")).to_be_visible()
    colour = "getComputedStyle(document.documentElement).getPropertyValue('--a-600')"
    assert shown.locator("html").evaluate(colour) == "#7a1f5c"
    assert len([url for url in asked if url.endswith("/") and "/preview/" in url]) == 1
    # Nothing moved when it came, and it is no step of the browser's Back.
    assert size is not None
    assert (stage.bounding_box() or {})["height"] == size["height"]
    assert page.evaluate("history.length") == 3


def test_without_a_script_the_preview_is_there(customiser: Customiser) -> None:
    assert f'<noscript><iframe src="{customiser.preview}"' in customiser.page
    assert customiser.page.count("<iframe src=") == 1
