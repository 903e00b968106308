"""What went on in another order is never called cancelled: not by the shopper's page, and not by the panel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.hookspecs.site import Site
from core.kernel import db, i18n
from core.kernel.sites import state_of
from core.orders.services import parting
from core.orders.services.cancel import cancel
from core.orders.services.payments import mark_paid
from core.orders.services.read import OrderView, order_view
from core.panel.orders.services import said
from core.testing.shop import PASSWORD

from .conftest import Visitor
from .conftest import text_of as words_of


def seen(order_id: int) -> OrderView:
    found = order_view(order_id)
    assert found is not None
    return found


@pytest.fixture
def placed(site: Site, sell: Callable[..., Any], order: Callable[..., Any]) -> OrderView:
    """Three paid lamps of €89.00."""
    made = order(sell("LAMP", 8900, stock=5, name="Dome lamp"), 3)
    mark_paid(state_of(site.id), made.id, actor="staff:1")
    return seen(made.id)


def page(visitor: Visitor, order: OrderView) -> str:
    return words_of(visitor.get(f"/order/{order.secret}").text.replace("<dd", " <dd"))


def test_a_split_off_piece_goes_on_and_a_cancelled_one_does_not(
    visitor: Visitor, site: Site, placed: OrderView
) -> None:
    number = parting.split_order(site, placed.id, {placed.lines[0].id: 1}, key="s", actor="staff:1")
    cancel(site, placed.id, lines={placed.lines[0].id: 1}, actor="staff:1")
    told = page(visitor, placed)
    assert f"1 cancelled, 1 in order {number}" in told
    assert "In other orders -€89.00" in told
    assert "Cancelled -€89.00" in told
    assert "Total now €89.00" in told
    new = seen(int(db.value("SELECT id FROM orders WHERE number = ?", number)))
    assert f"Split from order {placed.number}" in page(visitor, new)
    with i18n.speaking("en"):
        assert said.line_status(seen(placed.id).lines[0], seen(placed.id)).text == "1 of 3 to ship"
        rows = {row.title: row.amount.amount for row in said.sums(seen(placed.id))}
    assert (rows["Cancelled"], rows["In other orders"], rows["Total now"]) == (-8900, -8900, 8900)


def test_a_merged_order_says_which_one_it_went_into(
    visitor: Visitor, site: Site, placed: OrderView, shopper: Any
) -> None:
    number = parting.split_order(site, placed.id, {placed.lines[0].id: 1}, key="s", actor="staff:1")
    new = seen(int(db.value("SELECT id FROM orders WHERE number = ?", number)))
    parting.merge_order(site, new.id, placed.id, key="m", actor="staff:1")
    told = page(visitor, new)
    assert f"Merged into order {placed.number}" in told
    assert "ancelled" not in told
    with db.transaction():
        db.execute("UPDATE orders SET shopper_id = ?", shopper.id)
    visitor.post("/login", {"email": shopper.email, "password": PASSWORD})
    listed = visitor.get("/account/orders").text
    assert f"Merged into order {placed.number}" in words_of(listed)
    assert "ancelled" not in words_of(listed)
    card = listed[listed.index(f'id="order-{new.number}"') :].partition("</article>")[0]
    assert f'href="/account/orders/{placed.number}"' in card
    assert f'href="/account/orders/{placed.number}"' in visitor.get(f"/account/orders/{new.number}").text
    with i18n.speaking("en"):
        assert said.line_status(seen(new.id).lines[0], seen(new.id)).text == f"In order {placed.number}"
