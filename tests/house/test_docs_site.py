"""The documentation becomes a site: every link leads somewhere, every hook has its page, and the search knows all."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from core.cli.docs import since
from core.cli.docs.reference import door, hook_facts, part_says, parts_for_plugins
from core.cli.docs.site import write_site
from core.lib.errors import Refused
from core.lib.text import plain
from core.testing.browser import jumps
from tests.markup import faults_of

ROOT = Path(__file__).parents[2]
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def docs(tmp_path_factory):
    out = tmp_path_factory.mktemp("docs")
    return out, write_site(out)


def test_every_link_and_picture_leads_to_a_file(docs):
    out, count = docs
    broken = [
        f"{page.relative_to(out)}: {link}"
        for page in out.rglob("*.html")
        for link in re.findall(r'(?:href|src)="(?![a-z]+:|#)([^"#]+)', page.read_text("utf-8"))
        if not (page.parent / link).exists()
    ]
    assert count > 20
    assert broken == []


def test_every_link_between_files_of_the_project_leads_to_one():
    """In those too that no page of the site is made of, such as the changes."""
    found = [
        *ROOT.glob("*.md"),
        *(path for top in ("docs", "plugins", "themes", "core", "bench") for path in (ROOT / top).rglob("*.md")),
    ]
    broken = [
        f"{path.relative_to(ROOT)}: {link}"
        for path in found
        for link in re.findall(r"\]\((?![a-z]+:|#)([^)\s#]+)", FENCED.sub("", path.read_text("utf-8")))
        if not (path.parent / link).exists()
    ]
    assert len(found) > 100
    assert broken == []


def test_every_decision_has_a_number_of_its_own():
    numbers = [path.name[:4] for path in (ROOT / "docs" / "decisions").glob("*.md")]
    assert sorted(set(numbers)) == sorted(numbers)


def test_every_anchor_that_a_link_names_is_on_its_page(docs):
    out, _ = docs
    ids = {page: set(re.findall(r'id="([^"]+)"', page.read_text("utf-8"))) for page in (out / "latest").rglob("*.html")}
    lost = [
        f"{page.relative_to(out)}: {path}#{anchor}"
        for page in ids
        for path, anchor in re.findall(r'href="(?![a-z]+:)([^"#]*)#([^"]+)"', page.read_text("utf-8"))
        if anchor not in ids.get((page.parent / path).resolve() if path else page, set())
    ]
    assert lost == []


def test_every_page_is_well_made(docs):
    out, _ = docs
    pages = sorted((out / "latest").rglob("*.html"))
    assert [f"{page.relative_to(out)}: {fault}" for page in pages for fault in faults_of(page.read_text("utf-8"))] == []


def test_every_page_tells_search_engines_what_it_is_about(docs):
    out, count = docs
    told = [
        re.findall(r'<meta name="description" content="([^"]*)">', page.read_text("utf-8"))
        for page in out.rglob("*.html")
    ]
    assert [one for one in told if len(one) != 1 or not 10 < len(one[0]) < 250] == []
    assert len({one[0] for one in told}) > count // 3
    assert "A storefront engine made of plugins" in (out / "latest" / "index.html").read_text("utf-8").split("<body")[0]


def test_room_is_made_for_every_picture_before_it_comes(docs):
    out, _ = docs
    pictures = [one for page in out.rglob("*.html") for one in re.findall(r"<img [^>]*>", page.read_text("utf-8"))]
    assert len(pictures) > 3
    assert [one for one in pictures if not re.search(r'width="\d+" height="\d+"', one)] == []
    start = re.findall(r"<img [^>]*>", (out / "latest" / "index.html").read_text("utf-8"))
    assert ['loading="lazy"' in one for one in start] == [False, *[True] * (len(start) - 1)], "none holds up the first"


def test_nothing_jumps_when_the_search_comes(docs, page):
    out, _ = docs
    page.set_viewport_size({"width": 375, "height": 812})
    page.route("**/*", lambda route: route.fulfill(path=out / urlsplit(route.request.url).path[1:]))
    scripts = []
    page.route("**/*.js", lambda route: scripts.append(route))  # noqa: PLW0108 -- playwright marks what it is given
    page.goto("http://docs.test/latest/ARCHITECTURE.html", wait_until="commit")
    page.wait_for_function("performance.getEntriesByType('paint').length > 0")
    assert not page.locator("#q").is_visible()
    [script] = scripts
    script.fallback()
    page.locator("#q").wait_for()
    assert jumps(page, most=0.01) == []


def test_what_is_wider_than_a_page_is_scrolled_by_keyboard(docs):
    out, _ = docs
    page = (out / "latest" / "docs" / "guide" / "plugin-author.html").read_text("utf-8")
    assert page.count("<pre") == page.count('<pre tabindex="0"') > 0
    assert page.count("<table") == page.count('tabindex="0"><table') > 0


def test_the_search_knows_every_page_by_its_words(docs):
    out, count = docs
    entries = json.loads((out / "latest" / "search.json").read_text("utf-8"))
    assert len(entries) == count
    [guide] = [entry for entry in entries if entry["title"] == "Writing a plugin"]
    assert "checkout_problems" in guide["text"]
    assert (out / "latest" / guide["url"]).exists()


def test_a_page_runs_no_inline_script_and_shows_where_one_is(docs):
    out, _ = docs
    page = (out / "latest" / "docs" / "hooks.html").read_text("utf-8")
    assert not re.search(r"<script(?![^>]*src)|style=|\son[a-z]+=", page.split("<main", 1)[0])
    assert page.count('aria-current="page"') == 1


def test_the_door_of_plugins_is_listed_whole_with_its_signatures(docs):
    import core.api

    out, _ = docs
    page = plain((out / "latest" / "core" / "api.html").read_text("utf-8"))
    exported = [name for name in vars(core.api) if not name.startswith("_") and name not in {"annotations", "request"}]
    listed = set(re.findall(r"\w+", page))
    assert sorted(set(exported) - listed - {"TYPE_CHECKING", "asdict", "replace", "url_for"}) == []
    assert "mark_paid(state: SiteState, order_id: int, *, actor: str" in page


def test_a_long_signature_has_a_parameter_on_each_line_and_leads_to_its_types(docs):
    out, _ = docs
    page = (out / "latest" / "core" / "api.html").read_text("utf-8")
    [entry] = re.findall(r'<li id="Fact">.*?</li>', page, re.DOTALL)
    assert '<span>kind: <a href="#FactKind">FactKind</a>, </span><span>reference: str, </span>' in entry
    assert '<a href="#Refused">Refused</a>' in page.partition('<details class="docs__index">')[2]
    assert "<li id=" not in page.partition('<details class="docs__index">')[0]
    kit = (out / "latest" / "core" / "testing.html").read_text("utf-8")
    assert '<a href="api.html#Intent">Intent</a>' in kit


def test_the_words_that_a_setting_and_a_gateway_know_are_listed():
    told = door(ROOT)
    assert "choices: Mapping[str, str] | Sequence[tuple[str, str] | str] = ()" in told
    assert "\n  - `partial_capture`: `capture` may take a part" in told


def test_every_part_that_plugins_may_use_says_what_it_wants(docs):
    names = parts_for_plugins((ROOT / "themes" / "plain" / "README.md").read_text("utf-8"))
    assert len(names) > 15
    assert [name for name in names if not part_says(ROOT, name)] == []
    out, _ = docs
    page = plain((out / "latest" / "themes" / "plain" / "README.html").read_text("utf-8"))
    assert "Words in a box." in page


def test_what_a_plugin_builds_upon_is_told_with_its_methods_and_words():
    told = door(ROOT)
    assert (
        "    - `refund(intent: Intent, amount: Money, key: str) -> Sequence[Fact]`: Give captured money back." in told
    )
    assert "    - `flow: ClassVar[str] = 'redirect'`" in told
    assert "`PENDING`, `AUTHORIZED`, `CAPTURED`" in told
    assert "    - `hears: tuple[type[Event], ...] = ()`: The events that its `notify_event` is told of;" in told
    assert not re.search(r" at 0x|<factory>|<object", told)


def test_every_field_of_the_manifest_is_told_in_words():
    from core.api import Plugin

    entry = door(ROOT).partition("- `Plugin`")[2].partition("\n- ")[0]
    assert [name for name in Plugin.__struct_fields__ if f"    - `{name}: " not in entry] == []


def test_what_tests_of_plugins_are_given_is_told(docs):
    out, _ = docs
    page = plain((out / "latest" / "core" / "testing.html").read_text("utf-8"))
    assert "sell(sku: str, amount: int, *, stock: int | None=None" in page
    assert "post(path: str, status: int = 303, **form: Any)" in page
    assert "give the gateway under test" in page
    assert "lose_next_reply()" in page


def test_the_parts_of_the_panel_are_told_with_what_they_take(docs):
    out, _ = docs
    page = plain((out / "latest" / "core" / "panel.html").read_text("utf-8"))
    assert 'money_field(id, label, value="", currency=""' in page
    assert "A form of one button, for an act that needs nothing but a press." in page


@pytest.fixture
def project(tmp_path):
    """A project whose version can be set, and which has but a few pages."""
    root = tmp_path / "project"
    for name in ("README.md", "LICENSE", "core/api.py", "docs/guide/api.md", "docs/guide/import.md"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)

    def turn(version: str) -> Path:
        (root / "setup.cfg").write_text(f"[metadata]\nversion = {version}\n", "utf-8")
        return root

    return turn


def test_versions_stand_beside_each_other_and_lead_to_the_latest(project, tmp_path):
    out = tmp_path / "docs"
    write_site(out, project("0.9.3"))
    (project("0.10.0") / "docs" / "guide" / "import.md").unlink()
    write_site(out, project("0.10.0"))

    old, new = ((out / version / "docs" / "guide" / "api.html").read_text("utf-8") for version in ("0.9", "latest"))
    assert "canonical" not in old + new + (out / "index.html").read_text("utf-8"), "no address is known"
    assert 'About version 0.9. <a href="../../../latest/docs/guide/api.html">Version 0.10</a> is the latest.' in old
    assert "is the latest" not in new
    assert "<summary>Version 0.10</summary>" in new
    assert 'href="../../../0.9/docs/guide/api.html">0.9</a>' in new
    ended = (out / "latest" / "docs" / "guide" / "import.html").read_text("utf-8")
    assert "This page ended with version 0.9" in ended
    assert 'href="../../../0.9/docs/guide/import.html"' in ended
    assert "url=latest/index.html" in (out / "index.html").read_text("utf-8")

    # An older version that is written again does not become the latest.
    write_site(out, project("0.9.4"))
    assert "<summary>Version 0.10</summary>" in (out / "latest" / "index.html").read_text("utf-8")


def test_search_engines_are_told_the_whole_address_where_it_is_known(project, tmp_path):
    out = tmp_path / "docs"
    for at in ("https://docs.example.com/stoa", "https://docs.example.com/stoa/"):
        write_site(out, project("0.9.3"), at)
        for page in ("0.9/docs/guide/api.html", "latest/docs/guide/api.html"):
            canonical = "https://docs.example.com/stoa/latest/docs/guide/api.html"
            assert f'<link rel="canonical" href="{canonical}">' in (out / page).read_text("utf-8")
        front = (out / "index.html").read_text("utf-8")
        assert '<link rel="canonical" href="https://docs.example.com/stoa/latest/index.html">' in front


def test_a_name_is_told_with_the_version_that_it_came_with(project):
    root = project("0.1.0")
    since.record(root)
    listed = root / "docs" / "since" / "0.1.txt"
    listed.write_text(listed.read_text("utf-8").replace("mark_paid\n", "").replace("site_head\n", ""), "utf-8")

    root = project("0.2.0")

    told = door(root)
    assert "*Since 0.2.*" in next(line for line in told.splitlines() if line.startswith("- `mark_paid("))
    assert "*Since 0.1.*" in next(line for line in told.splitlines() if line.startswith("- `ship_order("))
    assert "| Since | 0.2 |" in hook_facts("site_head", root)
    assert "| Since | 0.1 |" in hook_facts("site_slot", root)
    assert since.record(root) == 2
    assert (root / "docs" / "since" / "0.2.txt").read_text("utf-8") == "mark_paid\nsite_head\n"


def test_a_released_version_that_nobody_recorded_is_noticed(project):
    assert since.lacking(ROOT) == []
    assert since.lacking(project("0.3.0")) == ["0.1", "0.2"]


def test_what_is_retired_says_so_where_it_is_documented(monkeypatch):
    from core.kernel import retiring
    from core.lib.retired import Retired

    known = Retired(instead="Money", since="0.4", until="0.6", target="core.lib.money:Money")
    monkeypatch.setitem(retiring.NAMES, "Amount", known)
    assert "- `Amount`: retired since 0.4, gone with 0.6. Use Money." in door(ROOT)


def test_every_place_of_a_page_where_plugins_may_speak_is_listed():
    told = (ROOT / "themes" / "plain" / "README.md").read_text("utf-8").split("## Slots")[1].split("\n## ")[0]
    templates = [*(ROOT / "themes" / "plain").rglob("*.html"), *(ROOT / "core" / "templates").rglob("*.html")]
    places = {place for path in templates for place in re.findall(r'slot\("([a-z_.]+)"', path.read_text("utf-8"))}
    assert len(places) > 30
    assert sorted(place for place in places if f"`{place}`" not in told) == []


def test_the_facts_of_a_hook_are_those_of_its_spec():
    facts = hook_facts("checkout_taxes", ROOT)
    assert "checkout_taxes(site: Site, priced: PricedCart)" in facts
    assert "The act is refused and nothing is stored." in facts
    assert "outside any transaction" in facts
    assert "[`PricedCart`](../../core/api.py#PricedCart)" in facts
    with pytest.raises(Refused, match="no hook"):
        hook_facts("checkout_taxis", ROOT)
