"""Two people at one order: whoever is second undoes nothing that the first did, and loses no word of their own."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from core.kernel.sites import state_of
from core.orders.services.payments import mark_paid
from core.orders.services.read import OrderView, order_view
from core.orders.services.settle import lock_order
from core.orders.services.ship import ship
from core.testing.shop import Item
from tests.core.panel.conftest import Panel, words

Form = dict[str, str]


@pytest.fixture
def placed(sell: Callable[..., Item], order: Callable[..., Any]) -> OrderView:
    """A lamp to Berlin and two to Paris."""
    return seen(order(sell("LAMP", 8900, stock=9, name="Lamp"), 3, away=2).id)


def seen(order_id: int) -> OrderView:
    found = order_view(order_id)
    assert found is not None
    return found


def opened(text: str) -> Form:
    """What a browser would send of the page's first form, as it is; of what is chosen, what is chosen first."""
    form = text[text.index('<form method="post"') :] if '<form method="post"' in text else text
    fields = {}
    for tag in re.findall(r"<input\b[^>]*>", form):
        told = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if told.get("name") and (told.get("type") not in {"radio", "checkbox"} or " checked" in tag):
            fields.setdefault(told["name"], unescape(told.get("value", "")))
    for name, inside in re.findall(r'<select\b[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', inside) or re.search(r'value="([^"]*)"', inside)
        fields.setdefault(name, chosen[1] if chosen else "")
    for name, inside in re.findall(r'<textarea\b[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        fields.setdefault(name, unescape(inside).removeprefix("\n"))
    return fields


def at(panel: Panel, path: str) -> Form:
    return opened(panel.get(path).get_data(as_text=True)) | {"key": f"k{len(path)}{id(object())}"}


def test_a_change_undoes_nothing_of_the_change_before_it(panel: Panel, placed: OrderView) -> None:
    path = f"/panel/orders/{placed.number}/change"
    here, there = placed.lines
    mine, hers = at(panel, path), at(panel, path)
    mine |= {f"move-{here.id}": "1", f"move_to-{here.id}": "1"}
    looked = opened(panel.post(path, {**mine, "act": "preview"}).get_data(as_text=True))

    hers |= {f"qty-{there.id}": "1", "a0_city": "Hamburg"}
    shown = opened(panel.post(path, {**hers, "act": "preview"}).get_data(as_text=True))
    assert panel.post(path, {**shown, "act": "confirm"}).status_code == 303
    assert seen(placed.id).lines[1].left == 1

    answer = panel.post(path, {**looked, "key": "mine", "act": "confirm"})
    again = opened(answer.get_data(as_text=True))
    assert answer.status_code == 409
    assert "Meanwhile this order has changed" in words(answer)
    assert (again[f"move-{here.id}"], again[f"qty-{there.id}"], again["a0_city"]) == ("1", "1", "Hamburg")
    assert "1 × Lamp: to Oma, Paris" in words(answer)
    assert panel.post(path, {**again, "act": "confirm"}).status_code == 303
    after = seen(placed.id)
    assert sum(line.left for line in after.lines) == 2
    assert {line.place for line in after.lines if line.left} == {1}
    assert [one.address.city for one in after.destinations if one.address] == ["Hamburg", "Paris"]


def test_money_that_came_once_is_noted_once(panel: Panel, placed: OrderView) -> None:
    path = f"/panel/orders/{placed.number}/paid"
    mine, hers = at(panel, path), at(panel, path)
    assert panel.post(path, {**hers, "key": "hers"}).status_code == 303

    answer = panel.post(path, {**mine, "key": "mine"})
    assert answer.status_code == 409
    assert "Meanwhile this order has changed" in words(answer)
    assert "€0.00 is open" in words(answer)
    assert seen(placed.id).captured == placed.total
    again = opened(answer.get_data(as_text=True))  # A second transfer can still be noted, by whoever looked.
    assert panel.post(path, {**again, "amount": "5"}).status_code == 303
    assert seen(placed.id).captured.amount == placed.total.amount + 500


def test_money_is_given_back_once_for_two_who_look(panel: Panel, site: Any, placed: OrderView) -> None:
    mark_paid(state_of(site.id), placed.id, actor="staff:1")
    path = f"/panel/orders/{placed.number}/refund"
    mine, hers = at(panel, path), at(panel, path)
    ten = {"amount": "10", "reason": "Late", "by_hand": "1"}
    for _click in range(2):  # The same form twice is one act.
        assert panel.post(path, {**hers, **ten, "key": "hers"}).status_code == 303

    answer = panel.post(path, {**mine, **ten, "key": "mine"})
    assert (answer.status_code, opened(answer.get_data(as_text=True))["amount"]) == (409, "10")
    assert "Meanwhile this order has changed" in words(answer)
    assert seen(placed.id).refunded.amount == 1000


def test_what_a_gateway_cannot_give_back_is_given_back_by_hand_on_the_same_page(
    panel: Panel, site: Any, sell: Callable[..., Item], order: Callable[..., Any], turn_on: Callable[..., Any]
) -> None:
    turn_on("bank_transfer", holder="Shop", account="DE89370400440532013000")
    placed = seen(order(sell("LAMP", 8900, stock=9), gateway="bank_transfer").id)
    mark_paid(state_of(site.id), placed.id, actor="staff:1")
    path = f"/panel/orders/{placed.number}/refund"
    form = at(panel, path)
    assert form.pop("by_hand") == "1", "the only way there is"
    answer = panel.post(path, {**form, "amount": "10", "reason": "Late"})
    assert "gives nothing back by itself" in words(answer)
    again = opened(answer.get_data(as_text=True))
    assert (again["amount"], again["reason"]) == ("10", "Late")
    assert panel.post(path, {**again, "by_hand": "1"}).status_code == 303
    assert seen(placed.id).refunded.amount == 1000
    assert seen(placed.id).agreed_left.amount == placed.total.amount - 1000, "goodwill, once"


def test_what_is_owed_is_no_goodwill_by_a_second_click(panel: Panel, site: Any, placed: OrderView) -> None:
    mark_paid(state_of(site.id), placed.id, actor="staff:1")
    path = f"/panel/orders/{placed.number}/cancel"
    lines = {f"line-{placed.lines[0].id}": "1", "key": "c"}
    price = opened(panel.post(path, {**lines, "act": "preview"}).get_data(as_text=True))["seen"]
    panel.post(path, {**lines, "act": "confirm", "seen": price})
    owed = seen(placed.id)
    assert owed.refund_due.amount > 0
    path = f"/panel/orders/{placed.number}/refund"
    form = at(panel, path) | {"by_hand": "1", "key": "k"}
    for _click in range(2):
        assert panel.post(path, form).status_code == 303
    after = seen(placed.id)
    assert (after.refunded, after.refund_due.amount, after.agreed_left) == (owed.refund_due, 0, owed.agreed_left)


def test_a_draft_keeps_what_both_wrote(panel: Panel, placed: OrderView) -> None:
    form = {"act": "save", "key": "d", "email": "mira@example.com", "sku-0": "lamp", "qty-0": "3", "a_city": "Wien"}
    away = {"p1_name": "Oma", "p1_line1": "Ring 1", "p1_city": "Paris", "p1_postcode": "75001", "p1_country": "FR"}
    path = str(panel.post("/panel/drafts/new", {**form, **away, "p1_qty-0": "1"}).location)
    mine, hers = at(panel, path), at(panel, path)
    assert mine["sku-0"] == "LAMP"
    assert panel.post(path, {**hers, "act": "save", "note": "Ring first", "p1_qty-0": "2"}).status_code == 303

    # Whatever is pressed first says so: a search, too.
    answer = panel.post(path, {**mine, "act": "find", "find": "lamp", "a_city": "Graz"})
    assert "Meanwhile this draft has changed" in words(answer)
    answer = panel.post(path, {**mine, "act": "save", "a_city": "Graz"})
    again = opened(answer.get_data(as_text=True))
    assert (answer.status_code, again["note"], again["p1_qty-0"], again["a_city"]) == (409, "Ring first", "2", "Graz")
    assert panel.post(path, {**again, "act": "save"}).status_code == 303
    kept = at(panel, path)
    assert (kept["note"], kept["p1_qty-0"], kept["a_city"]) == ("Ring first", "2", "Graz")


def test_one_parcel_is_sent_by_one_of_two(panel: Panel, placed: OrderView) -> None:
    path = f"/panel/orders/{placed.number}/ship?place=1"
    mine, hers = at(panel, path), at(panel, path)
    for _click in range(2):  # All that waits, twice by the same form: one parcel, and no error.
        assert panel.post(path, {**hers, "key": "hers"}).status_code == 303
    answer = panel.post(path, {**mine, "key": "mine"})
    assert "meanwhile they were sent or cancelled" in words(answer)
    assert len(seen(placed.id).shipments) == 1


def test_what_came_back_is_received_and_looked_at_by_one_of_two(panel: Panel, site: Any, placed: OrderView) -> None:
    ship(site, placed.id, actor="staff:1", place=0)
    line = f"line-{placed.lines[0].id}"
    taken = {line: "1", "kind": "return", "reason": "damaged", "key": "r"}
    path = str(panel.post(f"/panel/orders/{placed.number}/return", taken).location)
    for form in ({"act": "receive", line: "1"}, {"act": "inspect", f"sellable-{placed.lines[0].id}": "1"}):
        assert panel.post(path, {**form, "key": f"hers{form['act']}"}).status_code == 303
        answer = panel.post(path, {**form, "key": f"mine{form['act']}"})
        assert answer.status_code == 409
        assert "This step is not possible now." in words(answer)

    wrong = words(panel.post(path, {"act": "preview", "restocking": "abc", "goodwill": "-4"}))
    assert "2 answers need another look" in wrong
    other = panel.post(path, {"act": "resolve", "goodwill": "4", "seen": "8900"})
    assert "The sum is not the one that this page said before." in words(other)


def test_the_same_two_catch_a_verb_that_ignores_what_was_looked_at(
    panel: Panel, placed: OrderView, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted bug: whoever is second notes the same money again."""
    monkeypatch.setattr(
        "core.orders.services.payments.lock_order", lambda order_id, site_id, _seen=None: lock_order(order_id, site_id)
    )
    path = f"/panel/orders/{placed.number}/paid"
    forms = [at(panel, path) | {"key": name} for name in ("mine", "hers")]
    assert [panel.post(path, form).status_code for form in forms] == [303, 303]
    assert seen(placed.id).captured.amount == 2 * placed.total.amount
