"""Staff move pieces between places, note what came, and take it back, by forms without a script."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from core.catalogue.services import add_location, allocate
from core.kernel import db
from tests.core.panel.conftest import Panel, words

PAGE = "/panel/stock/transfers"


@pytest.fixture
def lamp(sell: Callable[..., Any]) -> int:
    return int(sell("LAMP", 8900, stock=10, name="Arc lamp").variant_id)


@pytest.fixture
def sent(lamp: int) -> dict[str, str]:
    """A form that moves four lamps from the first place to the second."""
    main = db.value("SELECT MIN(id) FROM location")
    north = add_location("north", "North", None, "GB", "staff:1")
    return {"sku": "LAMP", "pieces": "4", "source": str(main), "target": str(north), "reason": "For the shop"}


def shelves() -> list[tuple[int, int]]:
    """(on hand, incoming), the first place first."""
    return db.rows("SELECT on_hand, incoming FROM stock_level ORDER BY location_id")


def test_pieces_are_moved_and_brought_back_by_the_toast(panel: Panel, lamp: int, sent: dict[str, str]) -> None:
    answer = panel.post(PAGE, sent)
    page = panel.follow(answer)
    assert shelves() == [(6, 0), (4, 0)]
    assert "They are moved." in words(page)
    assert "LAMP Main → North For the shop 4 Main North" in words(page)
    assert "Moved to another place For the shop · Transfer 1" in words(panel.get(f"/panel/stock/{lamp}"))
    (undo,) = set(re.findall(rf'action="({PAGE}/\d+/undo)"', page.get_data(as_text=True)))
    assert "back where they came from" in words(panel.follow(panel.post(undo)))
    assert shelves() == [(10, 0), (0, 0)]
    assert "Taken back" in words(panel.get(PAGE))
    assert "received or undone already" in words(panel.follow(panel.post(undo)))


def test_what_is_on_its_way_is_received_with_what_is_missing(panel: Panel, sent: dict[str, str]) -> None:
    page = panel.follow(panel.post(PAGE, {**sent, "on_its_way": "1"}))
    assert shelves() == [(6, 0), (0, 4)]
    assert "4 × LAMP , from Main to North" in words(page)
    for typed in ("5", "many", ""):
        refused = panel.post(f"{PAGE}/1/received", {"came": typed})
        assert refused.status_code == 422
        assert 'id="came-1-error"' in (shown := refused.get_data(as_text=True))
        assert f'name="came" value="{typed}"' in shown
        assert "at most as many as were sent" in words(refused)
    assert shelves() == [(6, 0), (0, 4)]
    assert "They are on the shelf." in words(panel.follow(panel.post(f"{PAGE}/1/received", {"came": "3"})))
    assert shelves() == [(6, 0), (3, 0)]
    assert "3 of 4 came" in words(panel.get(PAGE))


def test_what_cannot_be_moved_is_said_beside_its_field(panel: Panel, lamp: int, sent: dict[str, str]) -> None:
    with db.transaction():
        allocate({lamp: 8}, "order:1", "system")
    for wrong, said in (
        ({}, "Only 2 of LAMP are free there."),
        ({"pieces": "none"}, "Write how many pieces"),
        ({"sku": "NONE"}, "There is no variant with the SKU NONE."),
        ({"sku": " "}, "Fill this in."),
        ({"target": sent["source"]}, "Choose another place than the one they come from."),
        ({"reason": ""}, "Say why."),
    ):
        answer = panel.post(PAGE, {**sent, **wrong})
        assert (answer.status_code, said in words(answer)) == (422, True), said
        assert f'value="{ {**sent, **wrong}["pieces"] }"' in answer.get_data(as_text=True)
    assert shelves() == [(10, 0)]


def test_who_may_only_look_moves_nothing(colleague: Callable[..., Panel], sent: dict[str, str]) -> None:
    looking = colleague({"catalogue.view"})
    assert "Move pieces" not in words(looking.get(PAGE))
    assert looking.post(PAGE, sent).status_code == 403
    assert shelves() == [(10, 0)]


def test_with_one_place_there_is_nothing_to_move(panel: Panel, lamp: int) -> None:
    assert "There is one place" in words(panel.get(PAGE))
    assert "Transfers" not in words(panel.get(f"/panel/stock/{lamp}"))
