"""Options and choices that are left out: asked about, deleted with their variants, brought back as they were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.kernel import db
from core.testing.shop import Item
from tests.core.panel.conftest import Panel, words
from tests.core.panel.test_products_grid import form
from tests.core.panel.test_products_history import bring_back, entries, path

pytestmark = pytest.mark.once


@pytest.fixture
def shirt(panel: Panel, sell: Callable[..., Item]) -> Item:
    """A shirt in three colours, each with its price."""
    item = sell("SHIRT", 2900, stock=5, name="Shirt")
    options(panel, item, ("Colour", "Red\nBlue\nGreen"))
    cells = {f"v{key}-price_EUR": str(29 + place) for place, (key,) in enumerate(db.rows("SELECT id FROM variant"))}
    panel.post(f"{path(item)}/variants", {**form(panel, item), **cells})
    with db.transaction():
        db.execute("UPDATE option_value SET swatch = '#0000ff' WHERE code = 'blue'")
    return item


def options(panel: Panel, item: Item, *named: tuple[str, str], **more: str) -> Any:
    sent = {"option": [name for name, _ in named], "values": [values for _, values in named], **more}
    return panel.post(f"{path(item)}/options", sent)


def delete(panel: Panel, item: Item, *named: tuple[str, str]) -> str:
    """What is asked first; then it is deleted."""
    page = options(panel, item, *named)
    seen = page.get_data(as_text=True).split('name="seen" value="', 1)[1].partition('"')[0]
    assert options(panel, item, *named, delete="1", seen=seen).status_code == 303
    return words(page)


def sold() -> list[tuple[Any, ...]]:
    """The variants that there are, with their choices and prices, in their order."""
    return db.rows(
        "SELECT v.id, v.sku, o.code, x.code, x.swatch, p.amount FROM variant v LEFT JOIN variant_value c"
        " ON c.variant_id = v.id LEFT JOIN product_option o ON o.id = c.option_id LEFT JOIN option_value x ON x.id ="
        " c.value_id LEFT JOIN price p ON p.variant_id = v.id WHERE v.deleted_at IS NULL ORDER BY v.id, o.position"
    )


def values() -> list[str]:
    return [row[0] for row in db.rows("SELECT code FROM option_value ORDER BY position, id")]


def test_what_is_left_out_is_asked_about_and_stays_until_somebody_agrees(panel: Panel, shirt: Item) -> None:
    before = sold()
    asked = options(panel, shirt, ("Colour", "Red\nGreen"))
    assert asked.status_code == 422
    assert "Delete what is not named any more: Blue A variant goes with it: SHIRT-BLUE." in words(asked)
    assert sold() == before
    stale = options(panel, shirt, ("Colour", "Red\nGreen"), delete="1", seen="1")
    assert "Someone else has changed this meanwhile." in words(stale)
    assert sold() == before


def test_a_choice_comes_back_with_its_variant_its_place_and_its_colour(panel: Panel, shirt: Item) -> None:
    before = sold()
    delete(panel, shirt, ("Colour", "Red\nGreen"))
    assert [row[3] for row in sold()] == ["red", "green"]
    where = entries(panel, shirt)[0]
    asked = words(panel.get(where))
    assert "Choice, colour blue Blue" in asked
    assert "Choices, SHIRT-BLUE none Blue" in asked
    assert "The product is as it was then." in words(bring_back(panel, where))
    assert sold() == before
    assert values() == ["red", "blue", "green"]
    assert 'value="SHIRT-BLUE"' in panel.get(f"{path(shirt)}/variants").get_data(as_text=True)
    # And once more the other way: the way back is in the history, too.
    assert "Variants that were added since: SHIRT-BLUE." in words(panel.get(entries(panel, shirt)[0]))


def test_an_option_comes_back_with_all_its_choices(panel: Panel, shirt: Item) -> None:
    before = sold()
    asked = delete(panel, shirt)
    assert "Delete what is not named any more: Colour 2 variants go with it: SHIRT-BLUE, SHIRT-GREEN." in asked
    assert [row[1:4] for row in sold()] == [("SHIRT", None, None)]
    bring_back(panel, entries(panel, shirt)[0])
    assert sold() == before
    assert values() == ["red", "blue", "green"]
    assert db.value("SELECT names FROM product_option").count("Colour") == 1


def test_of_two_options_one_comes_back_in_its_place(panel: Panel, sell: Callable[..., Item]) -> None:
    mug = sell("MUG", 1200, name="Mug")
    options(panel, mug, ("Size", "S\nL"), ("Colour", "Red\nBlue"))
    before = sold()
    delete(panel, mug, ("Colour", "Red\nBlue"))
    assert [row[3] for row in sold()] == ["red", "blue"]
    bring_back(panel, entries(panel, mug)[0])
    assert sold() == before
    assert [row[0] for row in db.rows("SELECT code FROM product_option ORDER BY position")] == ["size", "colour"]


def test_what_does_not_fit_what_came_since_stays_and_is_said(panel: Panel, shirt: Item) -> None:
    delete(panel, shirt)
    options(panel, shirt, ("Material", "Linen\nWool"))
    where = entries(panel, shirt)[1]
    stays = words(panel.get(where)).split("This stays as it is now")[1]
    assert "Option, colour" in stays
    assert "Variant, SHIRT-BLUE" in stays
    now = sold()
    panel.post(where, {"version": str(db.value("SELECT version FROM product"))})
    assert sold() == now


def test_an_option_that_was_renamed_is_known_by_its_name_of_now(panel: Panel, shirt: Item) -> None:
    with db.transaction():
        db.execute("""UPDATE product_option SET names = '{"en": "Shade"}'""")
    assert options(panel, shirt, ("Shade", "Red\nBlue\nGreen\nGrey")).status_code == 303
    assert [row[3] for row in sold()] == ["red", "blue", "green", "grey"]
