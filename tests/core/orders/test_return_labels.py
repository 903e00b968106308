"""The way back of a return: a carrier's label where one sells it, bought once; else the shop's own to print."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from core.hookspecs.fulfil import Label, Parcel
from core.hookspecs.site import Site
from core.kernel.sites import state_of
from core.lib.errors import NotFound
from core.lib.money import Money
from core.orders.services import case as desk
from core.orders.services import case_reading
from core.orders.services.case_shapes import WrongStep
from core.orders.services.payments import mark_paid
from core.orders.services.read import order_view
from core.orders.services.return_labels import NoLabel, are_sold, buy_return_label, label_file
from core.orders.services.ship import ship
from core.testing.shop import Item
from tests.core.checkout.shop import FakePlugins, Post, Shop
from tests.core.panel.conftest import Panel, anonymous, colleague, panel, words

__all__ = ["anonymous", "colleague", "panel"]
STAFF = "staff:1"


class PostBack(Post):
    """A carrier that brings goods back, too."""

    def __init__(self, mime: str = "application/pdf") -> None:
        super().__init__()
        self.mime, self.asked = mime, list[tuple[str, int, str]]()

    def return_label(self, parcel: Parcel, key: str) -> Label | None:
        self.asked.append((key, sum(line.quantity for line in parcel.lines), parcel.address.city))
        return Label(tracking="BACK1", document=b"%PDF-1.7", mime=self.mime, cost=Money(390, "EUR"))


def returned(shop: Shop) -> int:
    placed = shop.order((shop.sell("cup", 1000), 3))
    ship(shop.site, placed.id, actor=STAFF)
    order = order_view(placed.id)
    assert order is not None
    return desk.request_case(
        shop.site, placed.id, kind="return", lines={order.lines[0].id: 2}, reason="changed_mind", key="k",
        actor="shopper:1", by_rules=False,
    )  # fmt: skip


def test_a_label_is_bought_once_at_a_carrier_that_sells_them(shop: Shop, plugins: FakePlugins) -> None:
    case_id, back = returned(shop), PostBack()
    plugins.carriers = [Post(), back]
    assert are_sold(shop.state)
    assert {buy_return_label(shop.state, case_id, actor=STAFF) for _ in range(2)} == {"BACK1"}
    assert back.asked == [(f"return-{case_id}", 2, "London")]
    case = case_reading.case_view(shop.site, case_id)
    assert case.label["title"] == back.title, "read by people, not its code"
    answer = label_file(case)
    assert (answer.get_data(), answer.mimetype) == (b"%PDF-1.7", "application/pdf")


def test_no_label_without_a_carrier_that_sells_one_or_before_the_return_is_approved(
    shop: Shop, plugins: FakePlugins
) -> None:
    case_id = returned(shop)
    with pytest.raises(NoLabel):
        buy_return_label(shop.state, case_id, actor=STAFF)
    plugins.carriers = [PostBack("text/html")]
    with pytest.raises(Exception, match="cannot be printed"):
        buy_return_label(shop.state, case_id, actor=STAFF)
    desk.receive_case(shop.site, case_id, {case_reading.case_view(shop.site, case_id).lines[0].line_id: 2}, actor=STAFF)
    with pytest.raises(WrongStep):
        buy_return_label(shop.state, case_id, actor=STAFF)
    with pytest.raises(NotFound):
        label_file(case_reading.case_view(shop.site, case_id))


def test_shopper_and_staff_print_the_shops_own_label(
    panel: Panel, sell: Callable[..., Item], order: Callable[..., Any], site: Site, browse: Callable[..., Any]
) -> None:
    placed = order(sell("LAMP", 8900, stock=5, name="Lamp"), 2)
    mark_paid(state_of(site.id), placed.id, actor=STAFF)
    ship(site, placed.id, actor=STAFF)
    view = order_view(placed.id)
    assert view is not None
    lines: Sequence[Any] = view.lines
    first = desk.request_case(
        site, placed.id, kind="return", lines={lines[0].id: 1}, reason="wrong", key="j", actor=STAFF
    )  # fmt: skip
    unaddressed = words(panel.get(f"/panel/orders/{placed.number}/returns/{first}/label"))
    assert "The label says no address" in unaddressed
    panel.post("/panel/returns/rules", {"window_days": "14", "send_to": "Returns\nHafenstr. 9\n20457 Hamburg"})
    case_id = desk.request_case(
        site, placed.id, kind="return", lines={lines[0].id: 1}, reason="wrong", key="k", actor="guest"
    )
    path = f"/order/{placed.secret}/return/{case_id}/label"
    assert browse(site, path).status_code == 404
    desk.approve_case(site, case_id, actor=STAFF)
    offered = words(panel.get(f"/panel/orders/{placed.number}/returns/{case_id}"))
    assert "Label to print" in offered
    assert "Buy a label" not in offered, "no carrier here sells a way back"
    page = browse(site, path)
    said = words(page)
    for text in (f"Return {placed.number}-R{case_id}", "Hafenstr. 9", "1 × Lamp"):
        assert text in said
    assert "<svg" in page.get_data(as_text=True)
    assert page.headers["Cache-Control"] == "no-store"
    assert path in browse(site, f"/order/{placed.secret}").get_data(as_text=True)
    other = order(sell("CUP", 500), 1)
    assert browse(site, f"/order/{other.secret}/return/{case_id}/label").status_code == 404
    staff_page = f"/panel/orders/{placed.number}/returns/{case_id}"
    printed = words(panel.get(f"{staff_page}/label"))
    assert f"{placed.number}-R{case_id}" in printed
    assert "The label says no address" not in printed
    assert panel.get(f"{staff_page}/label/file").status_code == 404
    assert "No carrier of yours offers a label" in words(panel.post(staff_page, {"act": "label"}))
