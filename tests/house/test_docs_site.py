"""The documentation becomes a site: every link leads somewhere, every hook has its page, and the search knows all."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from core.cli.docs import hook_facts, write_site
from core.lib.errors import Refused

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


def test_the_facts_of_a_hook_are_those_of_its_spec():
    facts = hook_facts("checkout_taxes")
    assert "checkout_taxes(site: Site, priced: PricedCart)" in facts
    assert "The act is refused and nothing is stored." in facts
    assert "outside any transaction" in facts
    with pytest.raises(Refused, match="no hook"):
        hook_facts("checkout_taxis")
