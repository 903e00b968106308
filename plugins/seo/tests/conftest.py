"""A shop with the plugin on, its owner at the panel, and what crawlers read."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from core.api import (
    CategoryDraft,
    CategoryText,
    ListingDraft,
    Money,
    PriceDraft,
    ProductDraft,
    Site,
    TextDraft,
    VariantDraft,
    add_picture,
    create_category,
    save_product,
)
from core.testing.panel import AtPanel
from plugins.seo import plugin as _plugin  # loaded first, so that the shop of the test finds these very modules


@pytest.fixture(autouse=True)
def counts() -> None:
    """Counters that have counted nothing, as after a start."""
    _plugin.COUNTS.__init__()  # type: ignore[misc] -- empties what the tests before have counted


@pytest.fixture
def panel(at_panel: AtPanel, turn_on: Callable[..., None]) -> AtPanel:
    turn_on("seo")
    return at_panel


@pytest.fixture
def head(browse: Callable[..., Any], site: Site) -> Callable[..., dict[str, Any]]:
    """`head("/p/lamp")`: what a page tells machines: title, description, robots and its things by type."""

    def read(path: str) -> dict[str, Any]:
        answer = browse(site, path)
        assert answer.status_code == 200, answer.text
        things: dict[str, Any] = {}
        for block in re.findall(r'<script type="application/ld\+json">(.*?)</script>', answer.text, re.DOTALL):
            for thing in json.loads(block)["@graph"]:
                assert thing["@type"] not in things, "said twice"
                things[thing["@type"]] = thing
        return {
            "title": _one(r"<title>(.*?)</title>", answer.text),
            "description": _one(r'<meta name="description" content="(.*?)">', answer.text),
            "robots": re.findall(r'<meta name="robots" content="(.*?)">', answer.text),
            "things": things,
        }

    return read


def _one(pattern: str, page: str) -> str:
    [found] = re.findall(pattern, page, re.DOTALL)
    return str(found)


@pytest.fixture
def picture() -> Callable[..., int]:
    """`picture(600)`: the id of a picture so wide and high."""

    def make(size: int, **alt: str) -> int:
        stream = io.BytesIO()
        Image.new("RGB", (size, size), (size % 255, 90, 90)).save(stream, "PNG")
        return add_picture(stream.getvalue(), f"{size}.png", alt, "system")

    return make


@pytest.fixture
def make(site: Site) -> Callable[..., int]:
    """`make("LAMP", name="Lamp", body_html=...)`: a product with words, pictures and a category; answers its id."""

    def save(
        sku: str,
        *,
        name: str = "",
        amount: int = 8900,
        was: int | None = None,
        zh: str = "",
        vendor: str = "",
        barcode: str = "",
        categories: tuple[int, ...] = (),
        media: tuple[int, ...] = (),
        **words: str,
    ) -> int:
        texts = {"en": TextDraft(name=name or sku.title(), **words)}
        if zh:
            texts["zh-CN"] = TextDraft(name=zh)
        price = PriceDraft(amount=Money(amount, "EUR"), was=Money(was, "EUR") if was else None)
        draft = ProductDraft(
            texts=texts,
            vendor=vendor,
            variants=(VariantDraft(sku=sku, barcode=barcode, prices=(price,)),),
            listing=ListingDraft(visible=True),
            category_ids=categories,
            media_ids=media,
        )
        return save_product(site, draft, "system").product_id

    return save


@pytest.fixture
def lighting(site: Site) -> int:
    """A category in both languages."""
    texts = {"en": CategoryText(name="Lighting"), "zh-CN": CategoryText(name="灯具")}
    return create_category(CategoryDraft(texts=texts), "system")
