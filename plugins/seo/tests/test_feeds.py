"""Files of goods for markets, what they would refuse, and feeds of new goods."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from core.api import (
    ListingDraft,
    Money,
    PriceDraft,
    ProductDraft,
    Site,
    TextDraft,
    VariantDraft,
    add_site,
    save_product,
)
from core.testing.panel import AtPanel
from plugins.seo.services import feeds as making
from plugins.seo.services import rules

G = {"g": "http://base.google.com/ns/1.0"}
ATOM = {"a": "http://www.w3.org/2005/Atom"}


@pytest.fixture
def feeds(panel: AtPanel, outbox: Any) -> Callable[[], None]:
    """Switch both files on, and let the worker make them."""

    def make() -> None:
        panel.post("/panel/seo/feeds", google="1", meta="1", condition="new", category="Home & Garden > Lighting")
        outbox.deliver()
        assert outbox.dead() == []

    return make


def items(text: str) -> dict[str, dict[str, str]]:
    """The items of Google's file by id; elements by name."""
    found = {}
    for item in ET.fromstring(text).iterfind("channel/item"):
        said = {element.tag.removeprefix(f"{{{G['g']}}}"): str(element.text) for element in item}
        found[said["id"]] = said
    return found


def test_googles_file_says_what_its_specification_demands(
    feeds: Any, browse: Any, site: Site, make: Any, picture: Any, lighting: int
) -> None:
    make(
        "LAMP",
        name="Arc <lamp> & shade",
        amount=8900,
        was=10900,
        vendor="Acme",
        barcode="4006381333931",
        body_html="<p>Soft &amp; warm.</p>",
        categories=(lighting,),
        media=(picture(600), picture(700)),
    )
    feeds()
    answer = browse(site, "/feeds/google.xml")
    assert answer.status_code == 200
    assert answer.mimetype == "application/xml"
    lamp = items(answer.text)["LAMP"]
    assert lamp["title"] == "Arc <lamp> & shade"
    assert lamp["description"] == "Soft & warm."
    assert lamp["link"] == f"{site.origin}/p/arc-lamp-shade"
    assert browse(site, lamp["link"].removeprefix(site.origin)).status_code == 200
    assert lamp["image_link"].startswith(f"{site.origin}/media/")
    assert browse(site, lamp["image_link"].removeprefix(site.origin)).status_code == 200
    assert lamp["additional_image_link"] != lamp["image_link"]
    assert (lamp["price"], lamp["sale_price"]) == ("109.00 EUR", "89.00 EUR")
    assert (lamp["availability"], lamp["condition"]) == ("in_stock", "new")
    assert (lamp["brand"], lamp["gtin"]) == ("Acme", "4006381333931")
    assert lamp["google_product_category"] == "Home & Garden > Lighting"
    assert lamp["product_type"] == "Lighting"
    assert "mpn" not in lamp
    chinese = items(browse(site, "/zh-cn/feeds/google.xml").text)["LAMP"]
    assert chinese["product_type"] == "灯具"
    assert chinese["link"] == f"{site.origin}/zh-cn/p/arc-lamp-shade"


def test_each_currency_has_a_file_whose_prices_are_those_of_the_pages_it_names(
    app: Any, browse: Any, turn_on: Any, picture: Any
) -> None:
    two = add_site(host="two.test", name="Two", currency="EUR", currencies=["USD"])
    turn_on("seo", on=two)
    usual, sold_here = (
        PriceDraft(amount=Money(8900, "EUR")),
        PriceDraft(amount=Money(9950, "USD"), was=Money(12000, "USD")),
    )
    for sku, prices in (("LAMP", (usual, sold_here)), ("HOME", (usual,))):
        draft = ProductDraft(
            texts={"en": TextDraft(name=sku.title(), summary="Soft")},
            variants=(VariantDraft(sku=sku, prices=prices),),
            listing=ListingDraft(visible=True),
            media_ids=(picture(600),),
        )
        save_product(two, draft, "system")
    rules.save_site(two, "feeds", {"google": True, "condition": "new"}, actor="system")
    making.make(two)

    euros, dollars = (items(browse(two, f"/feeds/{path}google.xml").text) for path in ("", "usd/"))
    assert {key: item["price"] for key, item in euros.items()} == {"LAMP": "89.00 EUR", "HOME": "89.00 EUR"}
    assert {key: (item["price"], item["sale_price"]) for key, item in dollars.items()} == {
        "LAMP": ("120.00 USD", "99.50 USD")
    }
    assert browse(two, "/feeds/gbp/google.xml").status_code == 404
    assert "?" not in euros["LAMP"]["link"]
    landing = browse(two, dollars["LAMP"]["link"].removeprefix(two.origin))  # as a crawler comes, without a cookie
    assert "$99.50" in landing.text
    assert "€" not in landing.text
    assert '"priceCurrency":"USD"' in landing.text.replace(" ", "")
    assert "$99.50" in browse(two, "/").text  # who came so goes on so
    assert f'<link rel="canonical" href="{two.origin}/p/lamp">' in landing.text


def test_metas_file_has_a_row_for_each_item(feeds: Any, browse: Any, site: Site, make: Any, picture: Any) -> None:
    make("LAMP", name="Lamp", summary="Soft, warm", vendor="Acme", media=(picture(600),))
    make("SMALL", name="Small", summary="Tiny", media=(picture(300),))
    feeds()
    rows = list(csv.DictReader(io.StringIO(browse(site, "/feeds/meta.csv").text)))
    assert [row["id"] for row in rows] == ["LAMP"]
    assert rows[0]["price"] == "89.00 EUR"
    assert rows[0]["availability"] == "in stock"
    assert rows[0]["description"] == "Soft, warm"
    assert rows[0]["mpn"] == "LAMP"
    assert set(items(browse(site, "/feeds/google.xml").text)) == {"LAMP", "SMALL"}


def test_what_would_be_refused_is_listed_with_its_reason(
    feeds: Any, panel: AtPanel, make: Any, picture: Any, browse: Any, site: Site
) -> None:
    bare = make("BARE", name="Bare")
    make("CODE", name="Code", summary="x", barcode="123", media=(picture(600),))
    feeds()
    assert set(items(browse(site, "/feeds/google.xml").text)) == {"CODE"}
    page = html.unescape(panel.get("/panel/seo/feeds"))
    for text in (
        "Refused: Without a picture",
        "Refused: Without a description",
        "Barcode is no GTIN",
        "Without a brand",
    ):
        assert text in page
    assert f'href="/panel/products/{bare}"' in page
    assert "被拒绝：没有图片" in panel.get("/zh-cn/panel/seo/feeds")


def test_a_file_that_is_not_wanted_is_not_there_and_one_not_made_yet_says_when(
    panel: AtPanel, browse: Any, site: Site, make: Any
) -> None:
    make("LAMP", name="Lamp")
    assert browse(site, "/feeds/google.xml").status_code == 404
    panel.post("/panel/seo/feeds", google="1", condition="new")
    early = browse(site, "/feeds/google.xml")
    assert (early.status_code, early.headers["Retry-After"]) == (503, "600")
    assert browse(site, "/feeds/meta.csv").status_code == 404
    assert "Choose one of these." in panel.post("/panel/seo/feeds", 422, condition="broken")


def test_new_goods_can_be_followed_by_category(
    panel: AtPanel, browse: Any, site: Site, make: Any, lighting: int, picture: Any
) -> None:
    make("LAMP", name="Lamp & shade", categories=(lighting,), media=(picture(600),))
    make("CHAIR", name="Chair")
    whole = ET.fromstring(browse(site, "/feeds/new.atom").text)
    assert {entry.findtext("a:title", "", ATOM) for entry in whole.iterfind("a:entry", ATOM)} == {
        "Lamp & shade",
        "Chair",
    }
    answer = browse(site, "/feeds/new/lighting.atom")
    assert answer.mimetype == "application/atom+xml"
    [entry] = ET.fromstring(answer.text).iterfind("a:entry", ATOM)
    assert entry.findtext("a:id", "", ATOM) == f"{site.origin}/p/lamp-shade"
    assert "€89.00" in entry.findtext("a:summary", "", ATOM)
    assert (
        ET.fromstring(browse(site, "/zh-cn/feeds/new.atom").text).get("{http://www.w3.org/XML/1998/namespace}lang")
        == "zh-CN"
    )
    assert browse(site, "/feeds/new/nothing.atom").status_code == 404
    assert '<link rel="alternate" type="application/atom+xml"' in browse(site, "/c/lighting").text
    assert 'href="/feeds/new/lighting.atom"' in browse(site, "/c/lighting").text
    make("BULB", name="Bulb", categories=(lighting,))
    assert "Bulb" in browse(site, "/feeds/new/lighting.atom").text
