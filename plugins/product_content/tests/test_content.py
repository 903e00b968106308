"""Each part as the merchant writes it and the shopper reads it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.api import (
    AttributeDraft,
    CategoryDraft,
    CategoryText,
    ListingDraft,
    Money,
    PriceDraft,
    ProductDraft,
    RecordedValue,
    Site,
    ValueDraft,
    VariantDraft,
    create_category,
    rows,
    save_product,
    switch_off,
)
from core.testing.shop import Item
from plugins.product_content.plugin import PLUGIN
from plugins.product_content.services import downloads, importing
from plugins.product_content.tests.conftest import Panel

Page = Callable[..., str]
PDF = b"%PDF-1.7\nmanual"
URL = "/panel/product_content/products"


def send(panel: Panel, item: Item, data: bytes, name: str, status: int = 303, **form: str) -> str:
    return panel.post(f"{URL}/{item.product_id}/downloads", status, file=(io.BytesIO(data), name), **form)


def say_material(site: Site, item: Item) -> None:
    words = ValueDraft(code="steel", names={"en": "Steel", "zh-CN": "钢"})
    material = AttributeDraft(code="material", names={"en": "Material", "zh-CN": "材质"}, values=(words,))
    care = AttributeDraft(code="care", names={"en": "Care"}, values=(ValueDraft(names={"en": "Dry cloth"}),))
    save_product(site, ProductDraft(id=item.product_id, attributes=(material, care), whole=False), "system")


# -- specifications ----------------------------------------------------------------------------------------------------


def test_specifications_are_pasted_and_read(panel: Panel, lamp: Item, page: Page) -> None:
    panel.get(f"/panel/products/{lamp.product_id}")
    both = {"specs-en": "Size\nHeight\t44 cm", "specs-zh-CN": "尺寸\n高度\t44 厘米"}
    panel.post(f"{URL}/{lamp.product_id}/specs", **both)
    assert "Size Height 44 cm" in page("/p/lamp")
    assert "尺寸 高度 44 厘米" in page("/zh-cn/p/lamp")
    assert "Height\t44 cm</textarea>" in panel.get(f"/panel/products/{lamp.product_id}")


def test_facts_are_mixed_in_once_and_speak_every_language(panel: Panel, lamp: Item, page: Page, site: Site) -> None:
    say_material(site, lamp)
    assert "Material Steel" in page("/p/lamp"), "core's own table, while nothing is written here"
    panel.post(f"{URL}/{lamp.product_id}/specs", **{"specs-en": "Body\nMade of\t[material]\n[nothing]"})
    english, chinese = page("/p/lamp"), page("/zh-cn/p/lamp")
    assert "Care Dry cloth Body Made of Steel" in english
    assert "Material" not in english
    assert "Made of 钢" in chinese, "the rows fall back to the site's language, the fact does not"


def test_a_language_without_rows_falls_back_and_says_so(
    panel: Panel, lamp: Item, browse: Callable[..., Any], site: Site
) -> None:
    panel.post(f"{URL}/{lamp.product_id}/specs", **{"specs-en": "Height: 44 cm"})
    assert '<div lang="en"><table class="specs">' in browse(site, "/zh-cn/p/lamp").text
    assert '<div lang="en">' not in browse(site, "/p/lamp").text


def test_rows_that_cannot_be_read_are_told_beside_the_field_and_kept(panel: Panel, lamp: Item, page: Page) -> None:
    answer = panel.post(f"{URL}/{lamp.product_id}/specs", 422, **{"specs-en": "A\t1\t2", "specs-zh-CN": "高度：44"})
    assert 'href="#specs-en"' in answer
    assert "Line 1 has 3 columns." in answer
    assert "A\t1\t2</textarea>" in answer
    assert "高度：44</textarea>" in answer
    assert "高度" not in page("/zh-cn/p/lamp")


# -- downloads ---------------------------------------------------------------------------------------------------------


def test_a_file_is_offered_and_sent_as_an_attachment(
    panel: Panel, lamp: Item, page: Page, browse: Callable[..., Any], site: Site
) -> None:
    send(panel, lamp, PDF, "../My manual (1).pdf", title="Manual")
    assert "Downloads Manual PDF, 15 B" in page("/p/lamp")
    answer = browse(site, "/product-files/1/anything")
    assert answer.data == PDF
    assert answer.headers["Content-Disposition"] == 'attachment; filename="My manual (1).pdf"'
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "script-src" in answer.headers["Content-Security-Policy"]
    answer.close()


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"<html><script>alert(1)</script>", "manual.pdf"),
        (PDF, "manual.html"),
        (PDF, "manual.svg"),
        (b"", "manual.pdf"),
        (b"\xff\xfe\x00", "sizes.txt"),
        (b"MZ\x90\0", "tool.csv"),
        (PDF, "manual"),
    ],
)
def test_what_is_not_what_it_says_is_refused(panel: Panel, lamp: Item, data: bytes, name: str) -> None:
    answer = send(panel, lamp, data, name, 422, title="Manual for it")
    assert "This is no file we can offer." in answer
    assert 'value="Manual for it"' in answer
    assert rows("SELECT id FROM product_content_download") == []


def test_no_file_is_told(panel: Panel, lamp: Item) -> None:
    assert "Choose a file." in panel.post(f"{URL}/{lamp.product_id}/downloads", 422, title="Manual")


def test_a_large_file_is_refused_before_all_of_it_is_read(panel: Panel, lamp: Item, site: Site) -> None:
    stream = io.BytesIO(PDF + bytes(3 * 1024 * 1024))
    upload = downloads.Upload(stream=stream, filename="manual.pdf", title="", language="")
    with pytest.raises(downloads.TooBig):
        downloads.add_download(site, lamp.product_id, upload, most_mb=1, actor="system")
    assert stream.tell() == 1024 * 1024 + 1


def test_a_removed_file_is_gone_can_come_back_and_is_deleted_after_a_month(
    panel: Panel,
    lamp: Item,
    page: Page,
    browse: Callable[..., Any],
    site: Site,
    clock: Any,
    outbox: Any,
    instance: Path,
) -> None:
    send(panel, lamp, PDF, "manual.pdf")
    panel.post(f"{URL}/{lamp.product_id}/downloads/1/remove")
    assert "Downloads" not in page("/p/lamp")
    assert browse(site, "/product-files/1/manual.pdf").status_code == 404
    panel.post(f"{URL}/{lamp.product_id}/downloads/1/restore")
    assert "Downloads manual" in page("/p/lamp")
    panel.post(f"{URL}/{lamp.product_id}/downloads/1/remove")
    clock.move(days=31)
    outbox.deliver()
    assert rows("SELECT id FROM product_content_download") == []
    assert list((instance / "media" / "files" / "product_content").iterdir()) == []


def test_files_of_goods_that_are_not_on_sale_are_not_sent(
    panel: Panel, lamp: Item, browse: Callable[..., Any], site: Site
) -> None:
    send(panel, lamp, PDF, "manual.pdf")
    hidden = ProductDraft(id=lamp.product_id, listing=ListingDraft(visible=False), whole=False)
    save_product(site, hidden, "system")
    assert browse(site, "/product-files/1/manual.pdf").status_code == 404
    assert 'href="/panel/product_content/downloads/1"' in panel.get(f"/panel/products/{lamp.product_id}")
    assert panel.get("/panel/product_content/downloads/1") == PDF.decode()


def test_a_file_is_for_readers_of_its_language(panel: Panel, lamp: Item, page: Page) -> None:
    send(panel, lamp, PDF, "anleitung.pdf", title="Handbuch", language="zh-CN")
    assert "Handbuch" not in page("/p/lamp")
    assert "Handbuch" in page("/zh-cn/p/lamp")


# -- related goods -----------------------------------------------------------------------------------------------------


@pytest.fixture
def goods(sell: Callable[..., Item], lamp: Item) -> dict[str, Item]:
    return {name: sell(name.upper(), 1000, name=name) for name in ("Bulb", "Cord", "Torch")}


def test_goods_are_picked_by_sku_and_shown_in_their_order(
    panel: Panel, lamp: Item, goods: dict[str, Item], page: Page
) -> None:
    panel.post(f"{URL}/{lamp.product_id}/related", **{"related-accessory": "cord, BULB", "related-similar": "TORCH"})
    shown = page("/p/lamp")
    assert shown.index("Goes with it") < shown.index("Cord") < shown.index("Bulb") < shown.index("Similar products")
    assert "Cord · Bulb" in panel.get(f"/panel/products/{lamp.product_id}")


def test_an_older_product_leads_to_the_newer_one(panel: Panel, lamp: Item, goods: dict[str, Item], page: Page) -> None:
    assert "newer" not in page("/p/torch")
    panel.post(f"{URL}/{lamp.product_id}/related", **{"related-replaces": "TORCH"})
    assert "There is a newer version Lamp" in page("/p/torch")
    panel.post(f"{URL}/{lamp.product_id}/related")
    assert "newer" not in page("/p/torch")


def test_search_finds_goods_and_adds_them(panel: Panel, lamp: Item, goods: dict[str, Item], page: Page) -> None:
    found = panel.get(f"/panel/products/{lamp.product_id}?related=tor")
    assert f'value="accessory:{goods["Torch"].product_id}"' in found
    assert f'value="accessory:{lamp.product_id}"' not in found
    said = panel.follow(f"{URL}/{lamp.product_id}/related/add", add=f"accessory:{goods['Torch'].product_id}")
    assert "“Torch” is added." in said
    assert "Goes with it Torch" in page("/p/lamp")
    panel.post(f"{URL}/{lamp.product_id}/related/add", 404, add="accessory:999")
    panel.post(f"{URL}/{lamp.product_id}/related/add", 422, add=f"accessory:{lamp.product_id}")


def test_unknown_skus_and_the_product_itself_are_told_beside_the_field(
    panel: Panel, lamp: Item, goods: dict[str, Item]
) -> None:
    answer = panel.post(
        f"{URL}/{lamp.product_id}/related", 422, **{"related-accessory": "BULB NONE", "related-similar": "LAMP"}
    )
    assert "No product has the SKU NONE." in answer
    assert "This is the product itself." in answer
    assert "BULB NONE</textarea>" in answer
    assert rows("SELECT id FROM product_content_related") == []


def test_only_goods_on_sale_are_shown(panel: Panel, lamp: Item, goods: dict[str, Item], page: Page, site: Site) -> None:
    panel.post(f"{URL}/{lamp.product_id}/related", **{"related-accessory": "BULB CORD"})
    assert "Bulb" in page("/p/lamp")
    hidden = ProductDraft(id=goods["Bulb"].product_id, listing=ListingDraft(visible=False), whole=False)
    save_product(site, hidden, "system")
    shown = page("/p/lamp")
    assert "Cord" in shown
    assert "Bulb" not in shown


def test_without_picks_others_of_the_category_are_shown_if_the_merchant_wants(
    panel: Panel, lamp: Item, goods: dict[str, Item], page: Page, site: Site, turn_on: Callable[..., None]
) -> None:
    category = create_category(CategoryDraft(texts={"en": CategoryText(name="Lighting")}), "system")
    for item in (lamp, goods["Torch"]):
        save_product(site, ProductDraft(id=item.product_id, category_ids=(category,), whole=False), "system")
    assert "More from Lighting See all Torch" in page("/p/lamp")
    turn_on("product_content", most=4, most_mb=16)  # A box that is not ticked is not sent.
    assert "More from" not in page("/p/lamp")


# -- sizes -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def clothes(site: Site, lamp: Item) -> tuple[int, int]:
    """A category and one inside it, in which the lamp is."""
    outer = create_category(CategoryDraft(texts={"en": CategoryText(name="Clothes")}), "system")
    inner = create_category(CategoryDraft(texts={"en": CategoryText(name="Shirts")}, parent_id=outer), "system")
    save_product(site, ProductDraft(id=lamp.product_id, category_ids=(inner,), whole=False), "system")
    return outer, inner


def test_size_advice_of_the_nearest_owner_is_shown(
    panel: Panel, lamp: Item, clothes: tuple[int, int], page: Page
) -> None:
    outer, inner = clothes
    sizes = "/panel/product_content/categories"
    assert "Size advice" not in page("/p/lamp")
    panel.post(f"{sizes}/{outer}/sizes", **{"sizes-en": "Size\tChest\nM\t96", "sizes-note-en": "Flat on a table."})
    assert "Size advice Table of sizes Size Chest M 96 Flat on a table." in page("/p/lamp")
    panel.post(f"{sizes}/{inner}/sizes", **{"sizes-en": "Size\tNeck\nM\t38"})
    assert "Size Neck M 38" in page("/p/lamp")
    panel.post(f"{URL}/{lamp.product_id}/sizes", **{"sizes-en": "Size\tShade\nM\t30"})
    assert "Size Shade M 30" in page("/p/lamp")
    assert "M\t38</textarea>" in panel.get(f"/panel/categories/{inner}")


def test_a_table_that_is_none_is_told_on_the_categorys_page(panel: Panel, clothes: tuple[int, int]) -> None:
    answer = panel.post(f"/panel/product_content/categories/{clothes[0]}/sizes", 422, **{"sizes-en": "S M L\n1 2 3"})
    assert "Columns are parted by tabs" in answer
    assert "S M L\n1 2 3</textarea>" in answer
    assert f'action="/panel/categories/{clothes[0]}"' in answer


# -- sites, people and the switch --------------------------------------------------------------------------------------


def test_another_site_shows_nothing_of_it(
    panel: Panel, lamp: Item, page: Page, other_site: Site, browse: Callable[..., Any], turn_on: Callable[..., None]
) -> None:
    turn_on("product_content", on=other_site)
    price = PriceDraft(amount=Money(9900, "CNY"))
    there = ProductDraft(
        id=lamp.product_id,
        variants=(VariantDraft(sku="LAMP", prices=(price,)),),
        listing=ListingDraft(visible=True, paths={"zh-CN": "lamp"}),
        whole=False,
    )
    save_product(other_site, there, "system")
    panel.post(f"{URL}/{lamp.product_id}/specs", **{"specs-en": "Height: 44 cm", "specs-zh-CN": "高度：44 厘米"})
    send(panel, lamp, PDF, "manual.pdf")
    assert "44" in page("/p/lamp")
    assert "44" not in page("/p/lamp", on=other_site)
    assert browse(other_site, "/product-files/1/manual.pdf").status_code == 404


def test_switched_off_it_leaves_no_trace_and_loses_nothing(
    panel: Panel, lamp: Item, page: Page, site: Site, browse: Callable[..., Any], turn_on: Callable[..., None]
) -> None:
    panel.post(f"{URL}/{lamp.product_id}/specs", **{"specs-en": "Height: 44 cm"})
    send(panel, lamp, PDF, "manual.pdf")
    switch_off(site.id, "product_content", "system")
    shown = browse(site, "/p/lamp").text
    assert "44 cm" not in shown
    assert "files__" not in shown
    assert "Specifications" not in panel.get(f"/panel/products/{lamp.product_id}")
    panel.post(f"{URL}/{lamp.product_id}/specs", 404, **{"specs-en": "Height: 44 cm"})
    assert browse(site, "/product-files/1/manual.pdf").status_code == 404
    turn_on("product_content")
    assert "Height 44 cm" in page("/p/lamp")


def test_nobody_else_edits_it_and_unknown_products_are_not_found(panel: Panel, lamp: Item) -> None:
    panel.post(f"{URL}/999/specs", 404, **{"specs-en": "A: 1"})
    panel.post(f"{URL}/999/sizes", 404)
    panel.post(f"{URL}/999/related", 404)
    panel.post(f"{URL}/{lamp.product_id}/downloads/999/remove", 404)
    panel.post("/panel/product_content/categories/999/sizes", 404)
    panel.post("/panel/logout")
    panel.post(f"{URL}/{lamp.product_id}/specs", 303, **{"specs-en": "A: 1"})
    assert rows("SELECT id FROM product_content_specs") == []


def test_the_panel_speaks_chinese(panel: Panel, lamp: Item) -> None:
    shown = panel.get(f"/zh-cn/panel/products/{lamp.product_id}")
    for words in ("规格参数", "下载文件", "搭配商品", "尺码建议"):
        assert words in shown


def test_what_was_changed_is_told_in_words_and_in_the_reader_s_language(
    panel: Panel, lamp: Item, goods: dict[str, Item]
) -> None:
    panel.post(f"{URL}/{lamp.product_id}/specs", **{"specs-en": "Size\nHeight\t44 cm\nWidth\t9 cm"})
    panel.post(f"{URL}/{lamp.product_id}/related", **{"related-accessory": "cord, BULB", "related-similar": "TORCH"})
    panel.post(f"{URL}/{lamp.product_id}/sizes", **{"sizes-en": "Size\tChest\nS\t90"})
    send(panel, lamp, PDF, "manual.pdf", title="Manual")
    for place in (f"products/{lamp.product_id}/history", "activity"):
        told = panel.get(f"/panel/{place}")
        for words in (
            "Specifications", "English: Size (Height: 44 cm, Width: 9 cm).", "Related products",
            "Accessories: Cord, Bulb; Similar products: Torch", "English: Size | Chest; S | 90.", "Manual",
        ):  # fmt: skip
            assert words in told, (place, words)
        assert [raw for raw in ('"rows"', "'rows'", '"accessory"', "'accessory'") if raw in told] == []
        in_chinese = panel.get(f"/zh-cn/panel/{place}")
        for words in ("规格参数", "English：Size (Height: 44 cm, Width: 9 cm)。", "搭配商品"):
            assert words in in_chinese, (place, words)


def test_a_history_is_shown_though_the_words_for_it_fail(
    panel: Panel, lamp: Item, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_site: Site, _values: Any) -> list[str]:
        raise KeyError("rows")

    monkeypatch.setitem(PLUGIN.recorded, "specs", RecordedValue(title="Specifications", words=fail))
    panel.post(f"{URL}/{lamp.product_id}/specs", **{"specs-en": "Height\t44 cm"})
    for place in (f"products/{lamp.product_id}/history", "activity"):
        told = panel.get(f"/panel/{place}")
        assert "changed the facts of Lamp" in told
        assert "44 cm" in told


# -- from a file -------------------------------------------------------------------------------------------------------


def test_content_of_many_products_comes_from_a_file(panel, site, lamp, sell, page, tmp_path):
    sell("BULB", 500, name="Bulb")
    (tmp_path / "care.txt").write_text("Wipe it.")
    size = {"en": {"table": "Size\tWidth\nS\t20 cm", "note": "Measured flat."}}
    said = [
        {"sku": "LAMP", "specs": {"en": "Cord\t1.8 m"}, "sizes": size, "related": {"accessory": ["BULB"]},
         "files": [{"path": "care.txt", "title": "Care"}]},
        {"sku": "NOPE"},
        {"sku": "BULB", "specs": {"en": "one\ttwo\tthree"}},
    ]  # fmt: skip
    file = tmp_path / "content.json"
    file.write_text(json.dumps(said))

    taken, wrong = importing.import_file(site, file, actor="system")

    assert taken == 1
    assert [line.partition(":")[0] for line in wrong] == ["NOPE", "BULB"]
    shown = page("/p/lamp")
    for words in ("1.8 m", "Measured flat.", "Care", "Bulb"):
        assert words in shown
    file.write_text('[{"sku": "LAMP", "colour": "red"}]')
    with pytest.raises(importing.NotThatShape):
        importing.import_file(site, file, actor="system")
