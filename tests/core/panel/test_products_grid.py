"""The grid of variants: everything about them in one table, a block of cells from a spreadsheet, nothing lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from core.kernel import db
from core.testing.shop import Item
from tests.core.panel.conftest import Panel, words


@pytest.fixture
def shirt(panel: Panel, sell: Callable[..., Item]) -> Item:
    """A shirt in three colours, SHIRT, SHIRT-BLUE and SHIRT-GREEN; only the first has a price and a count."""
    item = sell("SHIRT", 2000, stock=4, name="Shirt")
    panel.post(f"/panel/products/{item.product_id}/options", {"option": ["Colour"], "values": ["Red\nBlue\nGreen"]})
    return item


def form(panel: Panel, item: Item) -> dict[str, str]:
    """The grid as a browser would send it."""
    return read(panel.get(address(item)).get_data(as_text=True))


def read(page: str) -> dict[str, str]:
    boxes = dict.fromkeys(re.findall(r'type="checkbox" name="(v\d+-active)"[^>]* checked', page), "1")
    fields = re.findall(r'name="((?:was-)?v\d+-[^"]+|version)" value="([^"]*)"', page)
    return {**{name: unescape(value) for name, value in fields}, **boxes}


def address(item: Item) -> str:
    return f"/panel/products/{item.product_id}/variants"


def cell(sku: str, column: str) -> str:
    return f"v{db.value('SELECT id FROM variant WHERE sku = ?', sku)}-{column}"


def prices() -> dict[str, int]:
    return dict(db.rows("SELECT v.sku, p.amount FROM price p JOIN variant v ON v.id = p.variant_id"))


def test_price_sku_barcode_weight_and_stock_of_all_variants_are_saved_at_once(panel: Panel, shirt: Item) -> None:
    grid = form(panel, shirt)
    grid |= {cell("SHIRT-BLUE", "price_EUR"): "21.50", cell("SHIRT-BLUE", "barcode"): "4006381333931"}
    grid |= {cell("SHIRT-GREEN", "weight"): "180", cell("SHIRT-GREEN", "stock"): "12", cell("SHIRT", "stock"): "7"}
    renamed = cell("SHIRT-GREEN", "sku")
    assert panel.post(address(shirt), {**grid, renamed: "GRN", "reason": "Counted on Friday"}).status_code == 303
    assert prices() == {"SHIRT": 2000, "SHIRT-BLUE": 2150}
    assert db.rows("SELECT sku, barcode, weight_g FROM variant ORDER BY id") == [
        ("SHIRT", "", 0),
        ("SHIRT-BLUE", "4006381333931", 0),
        ("GRN", "", 180),
    ]
    levels = db.rows("SELECT v.sku, s.on_hand FROM stock_level s JOIN variant v ON v.id = s.variant_id ORDER BY v.id")
    assert levels == [("SHIRT", 7), ("GRN", 12)]
    moves = db.rows("SELECT on_hand, reason FROM stock_move WHERE kind = 'count' AND reason <> '' ORDER BY variant_id")
    assert moves == [(3, "Counted on Friday"), (12, "Counted on Friday")]


def test_a_grid_is_saved_whole_or_not_at_all(panel: Panel, shirt: Item, sell: Any) -> None:
    sell("MUG", 900)
    grid = form(panel, shirt)
    sku = cell("SHIRT-GREEN", "sku")
    answer = panel.post(address(shirt), {**grid, cell("SHIRT", "price_EUR"): "", sku: "MUG"})
    assert answer.status_code == 409
    page = answer.get_data(as_text=True)
    assert f'href="#{sku}"' in page
    assert f'id="{sku}-error"' in page
    assert prices()["SHIRT"] == 2000


def test_a_bad_cell_is_named_beside_it_and_every_other_cell_stays_as_typed(panel: Panel, shirt: Item) -> None:
    grid = form(panel, shirt)
    wrong = {cell("SHIRT", "stock"): "many", cell("SHIRT-BLUE", "was_EUR"): "30", cell("SHIRT-GREEN", "sku"): "x" * 65}
    kept = {cell("SHIRT", "barcode"): "123"}
    answer = panel.post(address(shirt), {**grid, **wrong, **kept})
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    for name in wrong:
        assert f'aria-describedby="{name}-error"' in page
    typed = read(page)
    assert {name: typed[name] for name in {**wrong, **kept}} == {**wrong, **kept}


def test_two_variants_exchange_their_skus(panel: Panel, shirt: Item) -> None:
    grid = form(panel, shirt)
    one, other = cell("SHIRT", "sku"), cell("SHIRT-BLUE", "sku")
    assert panel.post(address(shirt), {**grid, one: "SHIRT-BLUE", other: "SHIRT"}).status_code == 303
    assert [row[0] for row in db.rows("SELECT sku FROM variant ORDER BY id")] == ["SHIRT-BLUE", "SHIRT", "SHIRT-GREEN"]


def test_the_sku_of_a_deleted_variant_of_the_product_stays_taken(panel: Panel, shirt: Item) -> None:
    with db.transaction():
        db.execute("UPDATE variant SET deleted_at = 1 WHERE sku = 'SHIRT-GREEN'")
    sku = cell("SHIRT-BLUE", "sku")
    answer = panel.post(address(shirt), {**form(panel, shirt), sku: "SHIRT-GREEN"})
    assert answer.status_code == 409
    assert f'href="#{sku}"' in answer.get_data(as_text=True)


def test_a_count_that_changed_meanwhile_is_not_written_over(panel: Panel, shirt: Item) -> None:
    grid = form(panel, shirt)
    panel.post(f"/panel/stock/{shirt.variant_id}", {"delta": "-1", "reason": "Broken"})
    stock = cell("SHIRT", "stock")
    answer = panel.post(address(shirt), {**grid, stock: "9"})
    assert answer.status_code == 422
    assert "3 are there by now" in words(answer)
    assert read(answer.get_data(as_text=True))[f"was-{stock}"] == "3"
    # Whoever leaves the count alone is not asked about it.
    assert panel.post(address(shirt), {**grid, cell("SHIRT", "barcode"): "123"}).status_code == 303
    assert db.value("SELECT on_hand FROM stock_level WHERE variant_id = ?", shirt.variant_id) == 3


def test_an_empty_count_means_not_counted(panel: Panel, shirt: Item) -> None:
    panel.post(address(shirt), {**form(panel, shirt), cell("SHIRT", "stock"): ""})
    assert not db.value("SELECT tracked FROM variant WHERE sku = 'SHIRT'")


# -- a block from a spreadsheet, without a script ----------------------------------------------------------------------


def fill(panel: Panel, item: Item, block: str, **more: str) -> Any:
    return panel.post(address(item), {**form(panel, item), "act": "fill", "block": block, **more})


def test_a_block_falls_into_the_cells_from_where_it_is_said_and_is_saved_after_a_look(
    panel: Panel, shirt: Item
) -> None:
    blue = cell("SHIRT-BLUE", "sku")[1:].removesuffix("-sku")
    answer = fill(panel, shirt, "21.50\t25\n22\t\n", first="price_EUR", row=blue)
    assert answer.status_code == 200
    assert "3 cells say something else now." in words(answer)
    assert prices() == {"SHIRT": 2000}
    assert panel.post(address(shirt), read(answer.get_data(as_text=True))).status_code == 303
    assert prices() == {"SHIRT": 2000, "SHIRT-BLUE": 2150, "SHIRT-GREEN": 2200}


def test_a_block_with_a_heading_finds_its_columns_and_rows_by_name(panel: Panel, shirt: Item) -> None:
    answer = fill(panel, shirt, 'Weight g\tsku\tPRICE EUR\n300\tSHIRT-GREEN\t"1,250.00"\n200\tSHIRT\t19,90\n')
    panel.post(address(shirt), read(answer.get_data(as_text=True)))
    assert prices() == {"SHIRT": 1990, "SHIRT-GREEN": 125000}
    assert dict(db.rows("SELECT sku, weight_g FROM variant")) == {"SHIRT": 200, "SHIRT-BLUE": 0, "SHIRT-GREEN": 300}


def test_nothing_of_a_block_is_lost(panel: Panel, shirt: Item) -> None:
    block = "SKU\tPrice EUR\tColour\nSHIRT\t18\tRed\nHAT\t9\t\nSHIRT-BLUE\t21\t"
    answer = fill(panel, shirt, block)
    page = answer.get_data(as_text=True)
    box = re.search(r'<textarea[^>]*name="block"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    assert box is not None
    assert box[1].split("\n") == ["SHIRT\t18\tRed", "HAT\t9\t"]
    assert "2 lines have a cell without a place" in words(answer)


def test_a_bad_cell_of_a_block_is_named_at_once(panel: Panel, shirt: Item) -> None:
    answer = fill(panel, shirt, "dear", first="price_EUR")
    assert f'id="{cell("SHIRT", "price_EUR")}-error"' in answer.get_data(as_text=True)


def test_who_may_edit_prices_alone_changes_prices_alone(
    panel: Panel, colleague: Callable[..., Panel], shirt: Item
) -> None:
    del panel
    theirs = colleague({"catalogue.view", "prices.edit"})
    grid = form(theirs, shirt)
    sku, price, stock = (cell("SHIRT", column) for column in ("sku", "price_EUR", "stock"))
    assert theirs.post(address(shirt), {**grid, sku: "MINE", stock: "99", price: "17"}).status_code == 303
    assert prices() == {"SHIRT": 1700}
    assert db.value("SELECT on_hand FROM stock_level") == 4
    answer = fill(theirs, shirt, "SKU\tStock\nSHIRT\t99")
    assert "1 line has a cell without a place" in words(answer)


def test_the_grid_costs_the_same_for_three_variants_and_for_thirty(panel: Panel, shirt: Item) -> None:
    panel.get(address(shirt))
    with db.counted() as few:
        panel.get(address(shirt))
    values = "\n".join(["Red", "Blue", "Green", *(f"Colour {number}" for number in range(27))])
    panel.post(f"/panel/products/{shirt.product_id}/options", {"option": ["Colour"], "values": [values]})
    assert db.value("SELECT COUNT(*) FROM variant") == 30
    with db.counted() as many:
        panel.get(address(shirt))
    assert len(many) == len(few)
