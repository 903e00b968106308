"""The goods of the demo: pictures, categories and products from goods.toml, on both sites."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from core.api import (
    CategoryDraft,
    CategoryText,
    ListingDraft,
    Money,
    OptionDraft,
    PriceDraft,
    ProductDraft,
    Refused,
    Site,
    TextDraft,
    ValueDraft,
    VariantDraft,
    add_picture,
    create_category,
    save_products,
)

HERE = Path(__file__).parents[1]
ACTOR = "plugin:demo"
Goods = Mapping[str, Any]


def put_up(english: Site, chinese: Site, data: Goods) -> None:
    """Everything on the first site, and with prices of its own on the second."""
    pictures = _pictures(data["goods"], data["categories"], data["colours"])
    categories = _categories(data["categories"], pictures)
    _save(english, [_draft(goods, data, categories, pictures) for goods in data["goods"]])
    _save(chinese, [_priced(goods, "cny", "CNY") for goods in data["goods"]])


def _pictures(goods: list[Goods], categories: list[Goods], colours: Goods) -> dict[str, int]:
    """Media ids by picture name, with the words for those who do not see them."""
    said = {category["picture"]: (category["en"], category["zh"]) for category in categories}
    for one in goods:
        for name in one["pictures"]:
            said[name] = (one["en"], one["zh"])
        for colour in one["colours"]:
            said[f"{one['form']}-{colour}"] = (
                f"{one['en']}, {colours[colour]['en'].lower()}",
                f"{one['zh']}，{colours[colour]['zh']}",
            )
    return {
        name: add_picture(
            (HERE / "static" / "pictures" / f"{name}.webp").read_bytes(),
            f"{name}.webp",
            {"en": words[0], "zh-CN": words[1]},
            ACTOR,
            is_ours=True,
        )
        for name, words in said.items()
        if (HERE / "static" / "pictures" / f"{name}.webp").exists()
    }


def _categories(categories: list[Goods], pictures: Mapping[str, int]) -> dict[str, int]:
    return {
        one["code"]: create_category(
            CategoryDraft(
                texts={"en": CategoryText(name=one["en"]), "zh-CN": CategoryText(name=one["zh"])},
                code=one["code"],
                position=position,
                media_id=pictures.get(one["picture"]),
            ),
            ACTOR,
        )
        for position, one in enumerate(categories)
    }


def _draft(goods: Goods, data: Goods, categories: Mapping[str, int], pictures: Mapping[str, int]) -> ProductDraft:
    """The whole product, priced in pounds."""
    names = [*(f"{goods['form']}-{colour}" for colour in goods["colours"]), *goods["pictures"]]
    colours = tuple(
        ValueDraft(
            names={"en": data["colours"][c]["en"], "zh-CN": data["colours"][c]["zh"]},
            code=c,
            swatch=data["colours"][c]["hex"],
        )
        for c in goods["colours"]
    )
    return ProductDraft(
        texts={
            "en": TextDraft(
                name=goods["en"], summary=goods["kind_en"], body_html=_body(goods["lead_en"], goods["body_en"])
            ),
            "zh-CN": TextDraft(
                name=goods["zh"], summary=goods["kind_zh"], body_html=_body(goods["lead_zh"], goods["body_zh"])
            ),
        },
        options=(OptionDraft(names={"en": "Colour", "zh-CN": "颜色"}, values=colours, code="colour"),),
        variants=tuple(_variants(goods, "gbp", "GBP", pictures)),
        category_ids=(categories[goods["category"]],),
        media_ids=tuple(pictures[name] for name in names if name in pictures),
        listing=ListingDraft(visible=True),
    )


def _priced(goods: Goods, key: str, currency: str) -> ProductDraft:
    """The same product with prices in another currency, on another site."""
    return ProductDraft(
        variants=tuple(_variants(goods, key, currency, None)), listing=ListingDraft(visible=True), whole=False
    )


def _variants(goods: Goods, key: str, currency: str, pictures: Mapping[str, int] | None) -> Iterator[VariantDraft]:
    """One variant per colour.

    Only the first save (with pictures) says what belongs to the variant rather than to a site.
    """
    was = Money(goods[f"{key}_was"], currency) if goods[f"{key}_was"] else None
    price = PriceDraft(amount=Money(goods[key], currency), was=was)
    for number, colour in enumerate(goods["colours"]):
        sku = f"{goods['key']}-{colour}".upper()
        if pictures is None:
            yield VariantDraft(sku=sku, prices=(price,))
            continue
        yield VariantDraft(
            sku=sku,
            values={"colour": colour},
            prices=(price,),
            tracked=True,
            stock=max(goods["stock"] - number * 3, 0),
            weight_g=goods["weight_g"],
            media_id=pictures.get(f"{goods['form']}-{colour}"),
        )


def _body(lead: str, text: str) -> str:
    return f"<p>{lead}</p><p>{text}</p>"


def _save(site: Site, drafts: list[ProductDraft]) -> None:
    """All or an error: a demo with holes would mislead."""
    for result in save_products(site, drafts, ACTOR):
        if isinstance(result, Refused):
            raise result
