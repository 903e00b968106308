"""A shop with a few goods, and a visitor who knows only this site."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from markupsafe import Markup

from core.catalogue.services.categories import CategoryDraft, CategoryText, create_category
from core.catalogue.services.drafts import (
    AttributeDraft,
    ListingDraft,
    OptionDraft,
    PriceDraft,
    ProductDraft,
    TextDraft,
    ValueDraft,
    VariantDraft,
)
from core.catalogue.services.products import save_product
from core.hookspecs.site import Site
from core.lib.money import Money

ORIGIN = "https://shop.test"


@dataclass
class Visitor:
    """A visitor without scripts: keeps cookies, sends the origin, follows redirects."""

    client: Any

    def get(self, path: str, *, follow: bool = True, **headers: str) -> Any:
        return self.client.get(path, base_url=ORIGIN, headers=headers, follow_redirects=follow)

    def post(self, path: str, data: dict[str, str] | None = None, *, follow: bool = True, **headers: str) -> Any:
        sent = {"Origin": ORIGIN, **headers}
        return self.client.post(path, base_url=ORIGIN, data=data or {}, headers=sent, follow_redirects=follow)

    def cookie(self, name: str) -> str:
        found = self.client.get_cookie(name, domain="shop.test")
        return found.value if found else ""


@pytest.fixture
def visitor(app: Any, site: Site) -> Visitor:
    del site
    return Visitor(app.test_client())


@pytest.fixture
def lamp(site: Site) -> int:
    """A lamp in two colours and two sizes, of which the large red one is not made."""
    return make_lamp(site)


def make_lamp(site: Site) -> int:
    """The lamp of the fixture, on any site that sells in euro."""
    amounts = {"RED-S": 6900, "GREEN-S": 7900, "GREEN-L": 12900}
    stock = {"RED-S": 0, "GREEN-S": 3, "GREEN-L": 20}
    variants = tuple(
        VariantDraft(
            sku=f"LAMP-{key}",
            values={"colour": key.split("-")[0].lower(), "size": key.split("-")[1].lower()},
            prices=(PriceDraft(amount=Money(amount, "EUR")),),
            tracked=True,
            stock=stock[key],
        )
        for key, amount in amounts.items()
    )
    colours = OptionDraft(
        code="colour",
        names={"en": "Colour", "zh-CN": "颜色"},
        values=(
            ValueDraft(code="red", names={"en": "Red", "zh-CN": "红"}, swatch="#aa2211"),
            ValueDraft(code="green", names={"en": "Green", "zh-CN": "绿"}, swatch="#115522"),
        ),
    )
    sizes = OptionDraft(
        code="size",
        names={"en": "Size", "zh-CN": "尺寸"},
        values=(ValueDraft(code="s", names={"en": "Small"}), ValueDraft(code="l", names={"en": "Large"})),
    )
    words = {
        "en": TextDraft(name="Dome lamp", summary="Spun steel", body_html="<p>One dome.</p>"),
        "zh-CN": TextDraft(name="穹顶台灯", summary="旋压钢"),
    }
    category = create_category(
        CategoryDraft(texts={"en": CategoryText(name="Lighting"), "zh-CN": CategoryText(name="灯具")}), "system"
    )
    draft = ProductDraft(
        texts=words,
        options=(colours, sizes),
        variants=variants,
        category_ids=(category,),
        attributes=(
            AttributeDraft(
                code="material",
                names={"en": "Material"},
                filterable=True,
                values=(ValueDraft(code="steel", names={"en": "Steel"}),),
            ),
        ),
        listing=ListingDraft(visible=True),
    )
    return save_product(site, draft, "system").product_id


ADDRESS = {
    "email": "mira@example.org",
    "country": "DE",
    "name": "Mira Kessler",
    "line1": "Lange Str. 1",
    "postcode": "10115",
    "city": "Berlin",
}


@pytest.fixture
def fill() -> Callable[..., dict[str, str]]:
    """`fill(page, email="")`: what the checkout's form would send: its hidden and chosen inputs, and an address."""

    def filled(page: str, **other: str) -> dict[str, str]:
        total = re.search(r'name="seen_total" value="(\d+)"', page)
        chosen = dict(re.findall(r'<input type="radio"[^>]* name="(delivery|gateway)" value="([^"]*)" checked', page))
        return {**ADDRESS, "seen_total": total.group(1) if total else "", **chosen, **other}

    return filled


def text_of(page: str) -> str:
    """What a reader sees, roughly: the words without tags, scripts and styles."""
    bare = re.sub(r"<(script|style).*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(Markup(bare).striptags().split())
