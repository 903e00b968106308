"""The list of what to mend: each line says what is wrong and leads to the place where it is mended."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import pytest

from core.api import Site
from core.testing.panel import AtPanel
from plugins.seo.services import audit, finding


@pytest.fixture
def found(site: Site, panel: AtPanel) -> Callable[[], dict[str, set[tuple[str, str]]]]:
    """Look now: {code: {(name, language)}}."""

    def look() -> dict[str, set[tuple[str, str]]]:
        by_code: dict[str, set[tuple[str, str]]] = {}
        for one in audit.look(site).kept:
            by_code.setdefault(one.code, set()).add((one.name, one.language))
        return by_code

    return look


def test_everything_that_is_wrong_is_found(found: Any, make: Any, picture: Any, lighting: int) -> None:
    make("A", name="Lamp", zh="灯", summary="Soft light.", media=(picture(600, en="A lamp", **{"zh-CN": "灯"}),))
    make("B", name="Lamp", seo_description="x" * 170, media=(picture(601, en="A lamp"),))
    make("C", name="A very long name that will never fit into a list of results anywhere")
    seen = found()
    assert seen["same_title"] == {("Lamp", "en")}
    assert seen["long_title"] == {("A very long name that will never fit into a list of results anywhere", "en")}
    assert seen["long_description"] == {("Lamp", "en")}
    assert ("Lamp", "zh-CN") in seen["no_words"]
    assert ("灯", "zh-CN") not in seen["no_words"]
    assert seen["no_alt"] == {("601.png", "zh-CN")}
    assert [name for name, _ in seen["no_picture"]] == [
        "A very long name that will never fit into a list of results anywhere"
    ]
    assert ("Lighting", "en") in seen["no_description"]


def test_links_that_lead_nowhere_are_found_and_others_are_not(
    found: Any, make: Any, panel: AtPanel, site: Site, lighting: int
) -> None:
    links = ("/p/gone", f"{site.origin}/c/gone", "/gone", "/zh-cn/p/gone")
    good = (
        "/p/chair",
        "/zh-cn/p/chair?x=1",
        "/c/lighting",
        "/",
        "/search?q=x",
        "https://other.example/gone",
        "#here",
        "/old",
    )
    make("CHAIR", name="Chair", zh="椅子", summary="Sit.")
    panel.post("/panel/seo/redirects", from_="/old", code="301", to="/")
    make("LAMP", name="Lamp", body_html="".join(f'<p><a href="{link}">x</a></p>' for link in (*links, *good)))
    found()
    rows = finding.SeoFinding.for_site(site).where(finding.SeoFinding.code == "broken_link")
    assert {row.detail for row in rows} == {"/p/gone", "/c/gone", "/gone", "/zh-cn/p/gone"}


def test_the_page_leads_to_where_each_thing_is_mended(panel: AtPanel, make: Any, picture: Any, outbox: Any) -> None:
    assert "Not looked at yet" in panel.get("/panel/seo/")
    medium = picture(600)
    product = make("LAMP", name="Lamp", media=(medium,))
    panel.post("/panel/seo/look")
    outbox.deliver()
    assert outbox.dead() == []
    page = html.unescape(panel.get("/panel/seo/"))
    assert f'href="/panel/products/{product}"' in page
    assert f'href="/panel/media/{medium}"' in page
    assert "Nothing to describe it" in page
    assert "没有文字说明的图片" in panel.get("/zh-cn/panel/seo/")


def test_of_very_many_the_number_is_told_and_the_first_are_stored(
    found: Any, make: Any, site: Site, monkeypatch: Any
) -> None:
    monkeypatch.setattr(finding, "MOST", 2)
    for number in range(4):
        make(f"L{number}", name=f"Lamp {number}", zh=f"灯{number}")
    found()
    run = finding.last_run(site, finding.AUDIT)
    [group] = [group for group in finding.groups(site, finding.AUDIT, run, audit.CODES) if group.code == "no_picture"]
    assert (group.count, len(group.rows)) == (8, 2)


def test_nothing_to_mend_is_said_too(panel: AtPanel, site: Site) -> None:
    audit.look(site)
    assert "Nothing to mend" in panel.get("/panel/seo/")


def test_what_is_kept_out_of_search_engines_is_not_looked_at(found: Any, make: Any, panel: AtPanel) -> None:
    product = make("LAMP", name="Lamp")
    panel.post(f"/panel/seo/products/{product}", noindex="1")
    assert set(found()) == set()
