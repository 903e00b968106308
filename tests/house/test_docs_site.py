"""The documentation becomes a site: every link leads somewhere, every hook has its page, and the search knows all."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from core.cli.docs import hook_facts, write_site
from core.lib.errors import Refused
from core.lib.text import plain

ROOT = Path(__file__).parents[2]


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


def test_the_search_knows_every_page_by_its_words(docs):
    out, count = docs
    entries = json.loads((out / "search.json").read_text("utf-8"))
    assert len(entries) == count
    [guide] = [entry for entry in entries if entry["title"] == "Writing a plugin"]
    assert "checkout_problems" in guide["text"]
    assert (out / guide["url"]).exists()


def test_a_page_runs_no_inline_script_and_shows_where_one_is(docs):
    out, _ = docs
    page = (out / "docs" / "hooks.html").read_text("utf-8")
    assert not re.search(r"<script(?![^>]*src)|style=|\son[a-z]+=", page.split("<main", 1)[0])
    assert page.count('aria-current="page"') == 1


def test_the_door_of_plugins_is_listed_whole_with_its_signatures(docs):
    import core.api

    out, _ = docs
    page = plain((out / "core" / "api.html").read_text("utf-8"))
    exported = [name for name in vars(core.api) if not name.startswith("_") and name not in {"annotations", "request"}]
    listed = set(re.findall(r"\w+", page))
    assert sorted(set(exported) - listed - {"TYPE_CHECKING", "url_for"}) == []
    assert "mark_paid(state: SiteState, order_id: int, *, actor: str" in page


def test_every_place_of_a_page_where_plugins_may_speak_is_listed():
    told = (ROOT / "themes" / "plain" / "README.md").read_text("utf-8").split("## Slots")[1].split("\n## ")[0]
    templates = [*(ROOT / "themes" / "plain").rglob("*.html"), *(ROOT / "core" / "templates").rglob("*.html")]
    places = {place for path in templates for place in re.findall(r'slot\("([a-z_.]+)"', path.read_text("utf-8"))}
    assert len(places) > 30
    assert sorted(place for place in places if f"`{place}`" not in told) == []


def test_the_facts_of_a_hook_are_those_of_its_spec():
    facts = hook_facts("checkout_taxes")
    assert "checkout_taxes(site: Site, priced: PricedCart)" in facts
    assert "The act is refused and nothing is stored." in facts
    assert "outside any transaction" in facts
    with pytest.raises(Refused, match="no hook"):
        hook_facts("checkout_taxis")
