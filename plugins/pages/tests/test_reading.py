"""What shoppers read: pages at their addresses, in menus, lists, search, sitemap and feed; and never what is over."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image

from core.api import Site, add_picture, now, switch_off
from plugins.pages.forms import shapes
from plugins.pages.services import pieces, reading
from plugins.pages.services.panel import editing, finding, publishing

TEXT = {"text": "We are **small**, and [write](https://example.com).\n\n- one\n- two\n\n<script>alert(1)</script>"}
ASKED = {"question": "What if nobody is at home?", "answer": "A neighbour *takes* it."}


def test_a_page_stands_at_its_address_and_in_the_menus(site: Site, write: Any, browse: Any) -> None:
    write("Returns", footer=2)
    write("About us", ("text", TEXT), ("heading", {"text": "Why <b>", "level": "3"}), footer=1, header=1)

    page = browse(site, "/pages/about-us").text
    assert "We are <strong>small</strong>" in page
    assert "<li>two</li>" in page
    assert "<script>alert" not in page
    assert '<h3 class="writing__heading">Why &lt;b&gt;</h3>' in page
    assert f'<link rel="canonical" href="{site.origin}/pages/about-us">' in page
    home = browse(site, "/").text
    footer = home.partition("<footer")[2]
    assert re.findall(r'<a href="/pages/[^"]+">([^<]+)</a>', footer) == ["About us", "Returns"]
    assert '<a href="/pages/about-us">About us</a>' in home.partition("<main")[0]
    assert browse(site, "/pages/nowhere").status_code == 404
    assert browse(site, "/guides/about-us").headers["Location"] == "/pages/about-us"

    switch_off(site.id, "pages", "system")
    assert browse(site, "/pages/about-us").status_code == 404
    assert "About us" not in browse(site, "/").text


def test_what_a_guide_tells_search_engines(site: Site, write: Any, said: Any, browse: Any) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (80, 60), "teal").save(stream, "PNG")
    picture = add_picture(stream.getvalue(), "lamp.png", {"en": "A lamp"}, "system")
    asked = [("question", ASKED), ("question", {"question": "And abroad?", "answer": "Not yet."})]
    write("Three lamps", *asked, kind="guide", author="Elin", media_id=picture, summary="One to read by", zh="三盏灯")

    facts = said("/guides/three-lamps")

    assert facts["Article"]["author"] == {"@type": "Person", "name": "Elin"}
    assert facts["Article"]["image"].startswith(f"{site.origin}/media/")
    assert facts["Article"]["datePublished"] <= facts["Article"]["dateModified"]
    assert [one["name"] for one in facts["FAQPage"]["mainEntity"]] == ["What if nobody is at home?", "And abroad?"]
    assert facts["FAQPage"]["mainEntity"][0]["acceptedAnswer"]["text"] == "A neighbour takes it."
    steps = [one["name"] for one in facts["BreadcrumbList"]["itemListElement"]]
    assert steps == [site.name, "Guides", "Three lamps"]
    page = browse(site, "/guides/three-lamps").text
    assert '<meta property="og:type" content="article">' in page
    assert f'hreflang="zh-CN" href="{site.origin}/zh-cn/guides/%E4%B8%89%E7%9B%8F%E7%81%AF"' in page
    assert 'alt="A lamp"' in page
    assert "1 minute" in page


def test_goods_in_a_page_show_the_price_of_the_moment(
    site: Site, write: Any, browse: Any, sell: Any, outbox: Any
) -> None:
    lamp = sell("LAMP", 8900, stock=3, name="Arc lamp")
    write("Guide", ("products", {"products": [lamp.product_id], "title": "To read by"}))
    assert "€89.00" in browse(site, "/pages/guide").text

    sell("LAMP", 7900, stock=0, name="Arc lamp")
    outbox.deliver()

    assert "€79.00" in browse(site, "/pages/guide").text


def test_a_shop_that_is_not_open_shows_its_texts_without_goods(
    site: Site, write: Any, browse: Any, sell: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lamp = sell("LAMP", 8900, stock=3, name="Arc lamp")
    write("Guide", ("text", TEXT), ("products", {"products": [lamp.product_id], "title": "To read by"}))
    monkeypatch.setattr(pieces, "is_open", lambda: False)
    page = browse(site, "/pages/guide").text
    assert "<article" in page
    assert "Arc lamp" not in page
    assert "To read by" not in page


def test_who_reads_another_language_gets_the_page_all_the_same(site: Site, write: Any, browse: Any) -> None:
    write("About us", ("text", TEXT), footer=1)

    page = browse(site, "/zh-cn/pages/about-us").text

    assert '<article class="writing" lang="en" dir="ltr">' in page
    # What the shop says of the page is the reader's, also where that runs the other way.
    assert 'writing__end" lang="zh-CN" dir="ltr">' in page
    assert f'<link rel="canonical" href="{site.origin}/pages/about-us">' in page
    assert '<a href="/zh-cn/pages/about-us" lang="en">About us</a>' in page


def test_the_list_of_guides_its_feed_and_the_sitemap(site: Site, write: Any, browse: Any) -> None:
    for number in range(14):
        write(f"Guide {number}", kind="guide", publish_at=now() - timedelta(days=20 - number), summary="Short & good")
    write("About us")

    first, second = browse(site, "/guides").text, browse(site, "/guides?start=12").text
    assert re.findall(r"Guide (\d+)</a>", first) == [str(number) for number in range(13, 1, -1)]
    assert re.findall(r"Guide (\d+)</a>", second) == ["1", "0"]
    feed = browse(site, "/guides/feed.atom")
    assert feed.mimetype == "application/atom+xml"
    assert feed.text.index("Guide 13") < feed.text.index("Guide 2<")
    assert "Short &amp; good" in feed.text
    assert 'href="/guides/feed.atom"' in browse(site, "/").text
    sitemap = browse(site, "/sitemap/more-1.xml").text
    assert f"<loc>{site.origin}/pages/about-us</loc><lastmod>" in sitemap
    assert f"<loc>{site.origin}/guides</loc>" in sitemap
    assert sitemap.count("/guides/guide-") >= 14


def test_the_search_finds_guides_and_pages_by_their_words(site: Site, write: Any, browse: Any) -> None:
    write("Wool", ("text", {"text": "Air it by the window"}), kind="guide")
    write("Window sills")
    write("Hidden window", publish=False)

    typed = browse(site, "/search/complete?q=windo").text
    assert [found.strip() for found in re.findall(r"<span>([^<]+)</span></a>", typed)][:2] == ["Window sills", "Wool"]
    assert "Hidden window" not in typed
    assert '<a class="link" href="/guides/wool">Wool</a>' in browse(site, "/search?q=air window").text


def test_a_page_comes_and_goes_by_itself_also_where_it_is_kept(site: Site, write: Any, browse: Any, clock: Any) -> None:
    """Every look but the first would come from what is kept, if it were still true."""
    begin, end = now() + timedelta(hours=1), now() + timedelta(hours=2)
    write("Always", footer=1)
    write("Sale", footer=2, publish_at=begin, unpublish_at=end)

    def looks() -> tuple[bool, bool, int]:
        footer = browse(site, "/").text.partition("<footer")[2]
        page = browse(site, "/pages/always").text.partition("<footer")[2]
        return "Sale" in footer, "Sale" in page, browse(site, "/pages/sale").status_code

    assert looks() == looks() == (False, False, 404)
    clock.move(minutes=61)
    assert looks() == looks() == (True, True, 200)
    clock.move(hours=1)
    assert looks() == looks() == (False, False, 404)


def test_a_draft_takes_over_at_its_moment(site: Site, write: Any, browse: Any, clock: Any, outbox: Any) -> None:
    page_id = write("Prices", ("text", {"text": "Old words"}))
    [text] = finding.texts_of(site, page_id).values()
    content = {
        **text.live,
        "slug": "new-prices",
        "blocks": [{**text.live["blocks"][0], "values": {"text": "New words"}}],
    }
    wanted = shapes.Wanted(content=content, kind="page", draft_at=now() + timedelta(hours=1))
    editing.save(site, page_id, "en", wanted, text.version, actor="staff:1")

    assert "Old words" in browse(site, "/pages/prices").text
    clock.move(minutes=59)
    outbox.deliver()
    assert "Old words" in browse(site, "/pages/prices").text
    clock.move(minutes=2)
    outbox.deliver()

    assert browse(site, "/pages/prices").headers["Location"] == "/pages/new-prices"
    assert "New words" in browse(site, "/pages/new-prices").text
    assert finding.texts_of(site, page_id)["en"].draft_at is None


def test_other_sites_have_nothing_of_it(site: Site, other_site: Site, write: Any, turn_on: Any, browse: Any) -> None:
    page_id = write("About us", footer=1)
    turn_on("pages", on=other_site)

    assert browse(other_site, "/pages/about-us").status_code == 404
    assert reading.entries(other_site) == []
    assert publishing.bulk(other_site, "remove", [page_id], actor="staff:1").count == 0
    assert browse(site, "/pages/about-us").status_code == 200


def test_lists_and_menus_cost_no_statement_and_a_page_one(
    site: Site, write: Any, browse: Any, count_statements: Any
) -> None:
    write("About us", ("text", TEXT), footer=1)
    for _ in range(2):
        browse(site, "/pages/about-us?a=1")
    with count_statements() as taken:
        browse(site, "/pages/about-us?a=2")
    assert len([one for one in taken if "pages_" in one]) <= 1
