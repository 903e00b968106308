"""Reviews in other languages: said so, left out if wished, and the shop's translations beside the author's words."""

from __future__ import annotations

import re
from typing import Any

import pytest

from core.api import Site, product_data_changed, rows, transaction
from plugins.reviews.models import Review

from .conftest import Browser
from .test_reading import machine_facts

pytestmark = pytest.mark.once


@pytest.fixture
def three(lamp: Any, said: Any) -> dict[str, int]:
    """An English, a Chinese and a British review of the lamp."""
    return {
        "en": said(lamp, 5, title="Warm light", text="Stands well.", days=3),
        "zh": said(lamp, 4, title="很好", text="灯光温暖", language="zh-CN", days=2),
        "gb": said(lamp, 3, title="Grey, not gray", language="en-GB", days=1),
    }


def translate(panel: Browser, review_id: int, language: str = "en", status: int = 303, **words: str) -> str:
    return panel.post(f"/panel/reviews/{review_id}/translation/{language}", status, **words)


def test_a_review_in_another_language_says_so_and_can_be_left_out(three: dict[str, int], guest: Browser) -> None:
    page = guest.get("/reviews/lamp", raw=True)
    assert page.count("Written in Chinese") == 1
    assert 'lang="zh-CN" dir="auto">灯光温暖<' in page
    assert 'lang="en">Stands well.<' in page
    (own,) = re.findall(r'href="([^"]*own=1[^"]*)"', page)
    narrow = guest.get(own)
    assert "Warm light" in narrow
    assert "Grey, not gray" in narrow
    assert "很好" not in narrow
    theirs = guest.get("/zh-cn/reviews/lamp?own=1")
    assert "很好" in theirs
    assert "Warm light" not in theirs
    assert "语言：英语" in guest.get("/zh-cn/p/lamp")


def test_where_all_speak_the_readers_language_nobody_is_asked(lamp: Any, said: Any, guest: Browser) -> None:
    said(lamp, 5, title="Warm light")
    page = guest.get("/reviews/lamp", raw=True)
    assert "own=1" not in page
    assert "Written in" not in page


def test_a_translation_by_the_shop_says_so_with_the_original_beside_it(
    three: dict[str, int], guest: Browser, panel: Browser
) -> None:
    assert "not translated" in panel.get(f"/panel/reviews/{three['zh']}")
    assert "很好" in guest.get("/p/lamp")
    translate(panel, three["zh"], title="Very good", text="The light is warm")
    for path in ("/p/lamp", "/reviews/lamp", "/reviews/lamp?own=1", "/reviews/lamp/search?q=warm"):
        page = guest.get(path, raw=True)
        assert 'lang="en">The light is warm<' in page
        fold = page.split("<details", 1)[1].split("</details>", 1)[0]
        assert "Translated by the shop from Chinese" in fold
        assert 'lang="zh-CN" dir="auto">灯光温暖<' in fold
        assert "Written in" not in page
    assert "The light is warm" not in guest.get("/zh-cn/reviews/lamp")
    (product,) = machine_facts(guest.get("/p/lamp", raw=True))
    assert "灯光温暖" in [one.get("reviewBody") for one in product["review"]]
    assert "translated the review of Lamp" in panel.get("/panel/activity")
    translate(panel, three["zh"], title="", text=" ")
    assert "Written in Chinese" in guest.get("/p/lamp")


def test_a_translation_of_words_that_changed_is_shown_no_more(
    three: dict[str, int], lamp: Any, site: Site, guest: Browser, panel: Browser
) -> None:
    page = panel.get(f"/panel/reviews/{three['zh']}", raw=True)
    seen = page.split('name="seen" value="', 1)[1].partition('"')[0]
    translate(panel, three["zh"], text="The light is warm", seen=seen)
    assert "The light is warm" in guest.get("/reviews/lamp")
    with transaction():
        Review.update(text="灯坏了").where(Review.id == three["zh"]).execute()
        product_data_changed(site, [lamp.product_id])
    assert "The light is warm" not in guest.get("/reviews/lamp")
    assert "its author has changed the words since" in panel.get(f"/panel/reviews/{three['zh']}")
    translate(panel, three["zh"], text="The light is cold", seen=seen)  # Made from words that are there no more.
    assert "The light is cold" not in guest.get("/reviews/lamp")
    translate(panel, three["zh"], text="It broke")
    assert "It broke" in guest.get("/reviews/lamp")


def test_what_cannot_be_translated_is_refused(
    three: dict[str, int], panel: Browser, guest: Browser, other_site: Site
) -> None:
    assert "At most 120 characters." in translate(panel, three["zh"], status=422, title="y" * 121)
    for review_id, language in ((three["zh"], "fr"), (three["zh"], "zh-CN"), (three["gb"], "en")):
        translate(panel, review_id, language, 404, text="Hello")
    guest.post(f"/panel/reviews/{three['zh']}/translation/en", 303, text="Hello")
    with transaction():
        Review.update(site_id=other_site.id).where(Review.id == three["zh"]).execute()
    translate(panel, three["zh"], "en", 404, text="Hello")
    assert rows("SELECT 1 FROM reviews_translation") == []


def test_a_language_that_nobody_knows_is_named_by_its_tag(lamp: Any, said: Any, guest: Browser) -> None:
    said(lamp, 5, title="Qapla", language="qqq")
    assert "Written in qqq" in guest.get("/reviews/lamp")
