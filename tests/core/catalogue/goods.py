"""Goods for the tests of the catalogue."""

from __future__ import annotations

from typing import Any

from core.catalogue.models import CARDS
from core.catalogue.services.drafts import OptionDraft, PriceDraft, ProductDraft, TextDraft, ValueDraft, VariantDraft
from core.kernel import db
from core.lib.money import Money

STAFF = "staff:1"


def euro(text: str) -> Money:
    return Money(round(float(text) * 100), "EUR")


def priced(amount: str, was: str | None = None, **when: Any) -> tuple[PriceDraft, ...]:
    return (PriceDraft(amount=euro(amount), was=euro(was) if was else None, **when),)


def simple(name: str, sku: str, price: str = "10", stock: int | None = None, **more: Any) -> ProductDraft:
    """A product with nothing to choose."""
    variant = VariantDraft(sku=sku, prices=priced(price), stock=stock)
    return ProductDraft(texts={"en": TextDraft(name=name)}, variants=(variant,), **more)


COLOURS = {
    "red": ("Red", "红色", "#c22222"),
    "blue": ("Blue", "蓝色", "#2233aa"),
    "green": ("Green", "绿色", "#118833"),
}


def shirt(
    name: str, sku: str, colours: tuple[str, ...] = ("red", "blue"), sizes: tuple[str, ...] = ("s", "m"), **more: Any
) -> ProductDraft:
    """A product in colours and sizes, 20 euros each, 10 of each on the shelf."""
    return ProductDraft(
        texts={"en": TextDraft(name=name, summary=f"{name} of linen"), "zh-CN": TextDraft(name=f"{name}衬衫")},
        options=(
            OptionDraft(
                code="colour", names={"en": "Colour", "zh-CN": "颜色"}, values=tuple(_colour(code) for code in colours)
            ),
            OptionDraft(
                code="size",
                names={"en": "Size", "zh-CN": "尺码"},
                values=tuple(ValueDraft(code=s, names={"en": s.upper()}) for s in sizes),
            ),
        ),
        variants=tuple(
            VariantDraft(
                sku=f"{sku}-{colour}-{size}", values={"colour": colour, "size": size}, prices=priced("20"), stock=10
            )
            for colour in colours
            for size in sizes
        ),
        **more,
    )


def _colour(code: str) -> ValueDraft:
    english, chinese, swatch = COLOURS[code]
    return ValueDraft(code=code, names={"en": english, "zh-CN": chinese}, swatch=swatch)


def variant_id(sku: str) -> int:
    return int(db.value("SELECT id FROM variant WHERE sku = ?", sku))


def location(code: str = "main") -> int:
    return int(db.value("SELECT id FROM location WHERE code = ?", code))


def cards() -> dict[str, list[tuple[Any, ...]]]:
    """All that is made from facts, table by table."""
    found = {}
    for table in CARDS:
        name = table._meta.table_name
        columns = ", ".join(f'"{column}"' for column in sorted(table._meta.columns))
        where = " WHERE total <> 0" if name == "card_count" else ""
        found[name] = sorted(db.rows(f"SELECT {columns} FROM {name}{where}"), key=repr)
    return found


def forget_cards() -> None:
    """Empty all tables of cards."""
    with db.transaction():
        for table in CARDS:
            db.execute(f"DELETE FROM {table._meta.table_name}")
