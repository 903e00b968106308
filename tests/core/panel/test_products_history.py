"""What was changed of a product, readable, and the way back to any version of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from core.catalogue.services.drafts import OptionDraft, ProductDraft, ValueDraft, VariantDraft
from core.catalogue.services.products import update_product
from core.hookspecs.site import Site
from core.kernel import db
from core.panel.products.services.history import parts
from core.testing.shop import Item
from tests.core.panel.conftest import Panel, words
from tests.core.panel.test_products_grid import form


@pytest.fixture
def lamp(sell: Callable[..., Item]) -> Item:
    return sell("LAMP", 8900, stock=3, name="Lamp")


def path(item: Item) -> str:
    return f"/panel/products/{item.product_id}"


def history(panel: Panel, item: Item) -> str:
    return words(panel.get(f"{path(item)}/history"))


def entries(panel: Panel, item: Item) -> list[str]:
    """Where the versions can be brought back, newest first."""
    page = panel.get(f"{path(item)}/history").get_data(as_text=True)
    return re.findall(r'href="([^"]+/history/\d+)"', page)


def bring_back(panel: Panel, where: str) -> Any:
    page = panel.get(where).get_data(as_text=True)
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version is not None
    return panel.follow(panel.post(where, {"version": version[1]}))


def test_changes_are_told_in_words(panel: Panel, lamp: Item) -> None:
    panel.post("/panel/categories/new", {"name-en": "Lighting"})
    category = str(db.value("SELECT id FROM category"))
    body = {"body-en": "<p>Warm light for long evenings, with a cord of two metres and a switch at its end.</p>"}
    words_of = {"name-en": "Lamp", "tax_class": "reduced", "categories": category}
    panel.post(path(lamp), {**words_of, **body})
    panel.post(path(lamp), {**words_of, "body-en": body["body-en"].replace("two", "three")})
    panel.post(f"{path(lamp)}/variants", {**form(panel, lamp), f"v{lamp.variant_id}-price_EUR": "79"})
    said = history(panel, lamp)
    assert "Prices, LAMP €89.00 €79.00" in said
    assert "Tax class standard reduced" in said
    assert "Categories none Lighting" in said
    page = panel.get(f"{path(lamp)}/history").get_data(as_text=True)
    assert "a cord of <del>two</del><ins>three</ins> metres" in page


def test_a_version_is_brought_back_with_words_prices_and_places(panel: Panel, lamp: Item, site: Site) -> None:
    panel.post(path(lamp), {"name-en": "Arc lamp", "summary-en": "Warm", "vendor": "Oak & Co", "tax_class": "standard"})
    arc = {
        "name": db.rows("SELECT name, summary FROM product_text ORDER BY id"),
        "vendor": db.value("SELECT vendor FROM product"),
        "price": db.rows("SELECT amount, was FROM price"),
        "variant": db.rows("SELECT sku, barcode, weight_g FROM variant"),
        "listing": db.rows("SELECT visible, publish_at, withdraw_at FROM listing"),
    }
    panel.post(path(lamp), {"name-en": "Bow lamp", "summary-en": "", "tax_class": "reduced"})
    grid = form(panel, lamp)
    cell = f"v{lamp.variant_id}"
    panel.post(
        f"{path(lamp)}/variants",
        {**grid, f"{cell}-price_EUR": "79", f"{cell}-was_EUR": "99", f"{cell}-sku": "BOW", f"{cell}-weight": "900"},
    )
    panel.post(f"{path(lamp)}/variants", {**form(panel, lamp), f"{cell}-sku": "BOW-2", f"{cell}-stock": "7"})
    panel.post(f"{path(lamp)}/sites", {f"publish_at-{site.id}": "2040-01-01T10:00", f"position-{site.id}": "0"})
    where = entries(panel, lamp)[-2]
    asked = words(panel.get(where))
    assert "Name, English Bow lamp Arc lamp" in asked
    assert "This stays as it is now Stock" in asked
    assert "The product is as it was then." in words(bring_back(panel, where))
    assert {
        "name": db.rows("SELECT name, summary FROM product_text ORDER BY id"),
        "vendor": db.value("SELECT vendor FROM product"),
        "price": db.rows("SELECT amount, was FROM price"),
        "variant": db.rows("SELECT sku, barcode, weight_g FROM variant"),
        "listing": db.rows("SELECT visible, publish_at, withdraw_at FROM listing"),
    } == arc
    assert db.value("SELECT on_hand FROM stock_level") == 7
    # Going back is a change like any other, and can be taken back.
    bring_back(panel, entries(panel, lamp)[0])
    assert db.value("SELECT sku FROM variant") == "BOW-2"
    assert db.value("SELECT name FROM product_text") == "Bow lamp"


def test_what_is_not_brought_back_is_said_before(panel: Panel, lamp: Item) -> None:
    for name in ("Lamp two", "Lamp three"):
        panel.post(path(lamp), {"name-en": name, "tax_class": "standard"})
    first = entries(panel, lamp)[-1]
    assert "Counts of stock are never turned back, nor are facts." in words(panel.get(first))
    panel.post(f"{path(lamp)}/options", {"option": ["Colour"], "values": ["Red\nBlue"]})
    added = db.rows("SELECT sku FROM variant WHERE id > ? ORDER BY sku", lamp.variant_id)
    assert added
    asked = words(panel.get(first))
    assert f"Variants that were added since: {', '.join(row[0] for row in added)}." in asked
    assert "Option" in asked.split("This stays as it is now")[1]


def test_what_was_added_since_goes_off_sale_if_that_is_wanted(panel: Panel, lamp: Item) -> None:
    panel.post(path(lamp), {"name-en": "Lamp two", "tax_class": "standard"})
    panel.post(f"{path(lamp)}/options", {"option": ["Colour"], "values": ["Red\nBlue"]})
    panel.post(path(lamp), {"name-en": "Lamp three", "tax_class": "standard"})
    first = entries(panel, lamp)[-1]
    page = panel.get(first).get_data(as_text=True)
    assert "Take variants that were added since off sale" in page
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version is not None
    assert panel.post(first, {"version": version[1], "retire": "1"}).status_code == 303
    assert db.value("SELECT name FROM product_text WHERE language = 'en'") == "Lamp"
    on_sale = dict(db.rows("SELECT id, active FROM variant WHERE deleted_at IS NULL"))
    assert on_sale[lamp.variant_id]
    assert [bool(active) for variant, active in on_sale.items() if variant != lamp.variant_id] == [False]
    # What is off sale already is not offered once more, and going back is a change that can be taken back.
    assert "off sale" not in words(panel.get(first)).partition("Bring it back")[0].partition("What would change")[2]
    assert "For sale" in history(panel, lamp) or "sale" in history(panel, lamp)


def test_options_and_choices_come_back_as_far_as_they_fit(panel: Panel, lamp: Item, site: Site) -> None:
    panel.post(f"{path(lamp)}/options", {"option": ["Colour"], "values": ["Red\nBlue"]})
    panel.post(path(lamp), {"name-en": "Lamp two", "tax_class": "standard"})
    colour, red, blue = "SELECT names FROM product_option", *db.rows("SELECT code, id FROM option_value ORDER BY id")
    choices = dict(db.rows("SELECT variant_id, value_id FROM variant_value"))
    draft = ProductDraft(
        id=lamp.product_id,
        options=(
            OptionDraft(code="colour", names={"en": "Shade"}, values=(ValueDraft(code=red[0], names={"en": "Rust"}),)),
        ),
        variants=tuple(  # The two exchange their colours.
            VariantDraft(id=variant, sku=sku, values={"colour": blue[0] if choices[variant] == red[1] else red[0]})
            for variant, sku in db.rows("SELECT id, sku FROM variant ORDER BY id")
        ),
        whole=False,
    )
    update_product(site, lamp.product_id, draft, "system")
    assert {**choices} != dict(db.rows("SELECT variant_id, value_id FROM variant_value"))

    asked = words(panel.get(entries(panel, lamp)[0]))
    assert "Option, colour Shade Colour" in asked
    assert "Choice, colour red Rust Red" in asked
    assert "Choices, LAMP Blue Rust" in asked  # as the colours are called now
    bring_back(panel, entries(panel, lamp)[0])
    assert dict(db.rows("SELECT variant_id, value_id FROM variant_value")) == choices
    assert "Colour" in db.value(colour)
    assert db.rows("SELECT names FROM option_value WHERE id = ?", red[1])[0][0].count("Red") == 1
    # Before it had options it cannot be again: the variants stand by them.
    first = words(panel.get(entries(panel, lamp)[-1])).split("This stays as it is now")[1]
    assert "Choices, LAMP" in first
    assert "Option, colour" in first


@pytest.mark.slow
def test_what_another_site_has_of_its_own_is_brought_back_there(
    panel: Panel, lamp: Item, site: Site, other_site: Site
) -> None:
    panel.post(path(lamp), {"name-en": "Lamp two", "tax_class": "standard"})
    panel.post(f"{path(lamp)}/sites", {f"visible-{other_site.id}": "1", f"position-{other_site.id}": "3"})
    page = panel.get(entries(panel, lamp)[0]).get_data(as_text=True)
    assert f'href="{other_site.origin}/panel/products/{lamp.product_id}/history/' in page


def test_variants_that_exchanged_their_skus_get_each_their_own_back(panel: Panel, lamp: Item) -> None:
    panel.post(f"{path(lamp)}/options", {"option": ["Colour"], "values": ["Red\nBlue"]})
    red, blue = (f"v{row[0]}" for row in db.rows("SELECT id FROM variant ORDER BY id"))
    panel.post(f"{path(lamp)}/variants", {**form(panel, lamp), f"{blue}-price_EUR": "50", f"{blue}-weight": "7"})
    before = db.rows("SELECT v.id, v.sku, v.weight_g, p.amount FROM variant v JOIN price p ON p.variant_id = v.id")
    other = {f"{red}-sku": "LAMP-BLUE", f"{blue}-sku": "LAMP", f"{red}-price_EUR": "1", f"{blue}-weight": "8"}
    panel.post(f"{path(lamp)}/variants", {**form(panel, lamp), **other})
    bring_back(panel, entries(panel, lamp)[0])
    after = db.rows("SELECT v.id, v.sku, v.weight_g, p.amount FROM variant v JOIN price p ON p.variant_id = v.id")
    assert sorted(after) == sorted(before)


def test_what_somebody_changed_meanwhile_is_not_lost(panel: Panel, lamp: Item) -> None:
    for name in ("Arc lamp", "Bow lamp"):
        panel.post(path(lamp), {"name-en": name, "tax_class": "standard"})
    where = entries(panel, lamp)[0]
    panel.post(path(lamp), {"name-en": "Cup lamp", "tax_class": "standard"})
    assert panel.post(where, {"version": "3"}).status_code == 409
    assert db.value("SELECT name FROM product_text") == "Cup lamp"


def test_who_may_not_change_prices_brings_none_back(
    panel: Panel, lamp: Item, colleague: Callable[..., Panel], sell: Callable[..., Item]
) -> None:
    panel.post(path(lamp), {"name-en": "Arc lamp", "tax_class": "standard"})
    panel.post(f"{path(lamp)}/variants", {**form(panel, lamp), f"v{lamp.variant_id}-price_EUR": "79"})
    theirs = colleague({"catalogue.view", "products.edit"}, everywhere=True)
    first = entries(panel, lamp)[-1]
    assert "This stays as it is now Prices, LAMP" in words(theirs.get(first))
    bring_back(theirs, first)
    assert db.value("SELECT name FROM product_text") == "Lamp"
    assert db.value("SELECT amount FROM price") == 7900
    other = sell("MUG", 900)
    assert panel.get(first.replace(path(lamp), path(other))).status_code == 404


def test_chinese_is_compared_letter_by_letter() -> None:
    assert [(part.kind, part.text) for part in parts("暖光台灯", "冷光台灯")] == [
        ("del", "暖"),
        ("ins", "冷"),
        ("same", "光台灯"),
    ]
