"""What shoppers read: pages at their addresses, in menus, lists, search, sitemap and feed; and never what is over."""

from __future__ import annotations

from typing import Any

from core.api import Site

TEXT = {"text": "We are **small**, and [write](https://example.com) <script>alert(1)</script>"}


def test_a_page_stands_at_its_address_and_in_the_footer(site: Site, write: Any, browse: Any) -> None:
    write("About us", ("text", TEXT), footer=1, summary="Who we are")

    page = browse(site, "/pages/about-us").text

    assert "<h1" in page
    assert "We are <strong>small</strong>" in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert '<link rel="canonical" href="https://shop.test/pages/about-us">' in page
    footer = browse(site, "/").text.partition("<footer")[2]
    assert '<a href="/pages/about-us">About us</a>' in footer
