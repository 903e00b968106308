"""Orders are changed, refunded, taken back and worked on many at a time, without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from core.hookspecs.payment import FactKind
from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.sites import state_of
from core.lib.money import Money
from core.orders.services.cancel import cancel as cancel_order
from core.orders.services.case import request_case
from core.orders.services.case_rules import rules_of
from core.orders.services.expire import release_authorisations
from core.orders.services.hold_rules import Rules, set_hold_rules
from core.orders.services.opening import begin_payment, fetch_payment
from core.orders.services.payments import capture, mark_paid
from core.orders.services.read import order_view
from core.orders.services.ship import ship
from core.testing.browser import scrolls_sideways
from core.testing.shop import Item
from tests.core.orders.fair import bank
from tests.core.panel.conftest import Panel, words
from tests.core.panel.test_pages import _answered_by
from tests.core.testing.bank import Bank

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["bank"]


def _picture() -> bytes:
    made = BytesIO()
    Image.new("RGB", (8, 8), "teal").save(made, "PNG")
    return made.getvalue()


PICTURE = _picture()


@pytest.fixture
def placed(sell: Callable[..., Item], order: Callable[..., Any]) -> str:
    """The number of an order of two lamps at 89.00, of five in stock."""
    return str(order(sell("LAMP", 8900, stock=5, name="Lamp"), 2).number)


def field(panel: Panel, path: str, pattern: str) -> str:
    found = re.search(pattern, panel.get(path).get_data(as_text=True))
    assert found is not None, pattern
    return found[1]


def of(placed: str) -> Any:
    return order_view(db.value("SELECT id FROM orders WHERE number = ?", placed))


@pytest.fixture
def sent(placed: str, site: Site) -> str:
    """Paid and shipped."""
    order = of(placed)
    mark_paid(state_of(site.id), order.id, actor="staff:1")
    ship(site, order.id, actor="staff:1")
    return placed


def seen_price(answer: Any) -> str:
    found = re.search(r'name="seen" value="(\d+)"', answer.get_data(as_text=True))
    assert found is not None
    return found[1]


def decided(panel: Panel, case: str, terms: dict[str, str]) -> Any:
    """Look at what the terms mean, then resolve."""
    shown = seen_price(panel.post(case, {**terms, "act": "preview"}))
    return panel.post(case, {**terms, "act": "resolve", "seen": shown})


def test_a_change_is_previewed_and_then_confirmed(panel: Panel, placed: str, sell: Callable[..., Item]) -> None:
    sell("CUP", 1250, stock=3, name="Cup")
    path = f"/panel/orders/{placed}/change"
    quantity = field(panel, path, r'name="(qty-\d+)"')
    form = {quantity: "3", "add_sku": "CUP", "add_quantity": "2", "key": "one", "policy": "keep", "act": "preview"}
    address = {"a_name": "Mira K.", "a_line1": "Kurze Str. 2", "a_postcode": "20095", "a_city": "Hamburg"}
    assert "The goods go to: Mira K. Kurze Str. 2 20095 Hamburg" in words(panel.post(path, {**form, **address}))
    preview = panel.post(path, form)
    said = words(preview)
    assert "The goods go to" not in said
    assert "€178.00" in said
    assert "€292.00" in said
    assert "The shopper owes €292.00" in said
    assert db.value("SELECT SUM(allocated) FROM stock_level") == 2
    confirmed = {**form, "act": "confirm", "seen": seen_price(preview)}
    assert "The order is changed" in words(panel.follow(panel.post(path, confirmed)))
    panel.post(path, confirmed)
    assert of(placed).due.amount == 29200
    assert db.value("SELECT SUM(allocated) FROM stock_level") == 5
    assert "Changed: €178.00 before, €292.00 after" in words(panel.get(f"/panel/orders/{placed}"))


def test_the_preview_says_what_is_not_there(panel: Panel, placed: str) -> None:
    path = f"/panel/orders/{placed}/change"
    quantity = field(panel, path, r'name="(qty-\d+)"')
    answer = panel.post(path, {quantity: "6", "key": "one", "policy": "keep", "act": "preview"})
    assert answer.status_code == 409
    assert f'href="#{quantity}"' in answer.get_data(as_text=True)
    assert "promised to this order" not in words(answer)


def rows_of(answer: Any) -> list[tuple[str, str]]:
    """(SKU, pieces) of the rows for new lines, as a person sees them."""
    text = answer.get_data(as_text=True)
    return re.findall(
        r'name="add_sku(?:-\d+)?" value="([^"]*)".*?name="add_quantity(?:-\d+)?" value="([^"]*)"', text, re.DOTALL
    )


def test_several_new_lines_are_added_in_one_go(panel: Panel, placed: str, sell: Callable[..., Item]) -> None:
    sell("CUP", 1250, stock=3, name="Cup")
    sell("POT", 3000, stock=3, name="Tea pot")
    path = f"/panel/orders/{placed}/change"
    assert rows_of(panel.get(path)) == [("", "1"), ("", "1")]
    form = {"add_sku": "CUP", "add_quantity": "2", "add_sku-1": "", "key": "one", "policy": "keep", "email": "m@x.test"}
    more = panel.post(path, {**form, "act": "row"})
    assert rows_of(more) == [("CUP", "2"), ("", "1"), ("", "1")]
    assert 'value="m@x.test"' in more.get_data(as_text=True)
    found = panel.post(path, {**form, "act": "find", "find": "tea"})
    assert "Tea pot POT · 3 left" in words(found)
    assert rows_of(found)[0] == ("CUP", "2")
    picked = panel.post(path, {**form, "find": "tea", "pick": "POT"})
    assert rows_of(picked) == [("CUP", "2"), ("POT", "1"), ("", "1")]
    assert "Tea pot · €30.00" in words(picked)
    assert of(placed).due.amount == 17800
    wish = {**form, "add_sku-1": "POT", "add_sku-2": "CUP", "add_quantity-2": "1", "email": "", "act": "preview"}
    preview = panel.post(path, wish)
    assert rows_of(preview) == [("CUP", "2"), ("POT", "1"), ("CUP", "1"), ("", "1")]
    panel.post(path, {**wish, "act": "confirm", "seen": seen_price(preview)})
    after = of(placed)
    assert after.due.amount == 17800 + 3 * 1250 + 3000
    assert {line.sku: line.left for line in after.lines} == {"LAMP": 2, "CUP": 3, "POT": 1}


@pytest.mark.slow
def test_in_a_browser_goods_are_found_while_they_are_typed(
    page: Page, panel: Panel, placed: str, sell: Callable[..., Item]
) -> None:
    sell("CUP", 1250, stock=3, name="Cup")
    _answered_by(panel, page)
    page.set_viewport_size({"width": 375, "height": 700})
    page.goto(f"http://shop.test/panel/orders/{placed}/change")
    page.get_by_label("Find goods by SKU or name").press_sequentially("cup")
    page.get_by_role("button", name="Add CUP").click()
    page.get_by_text("Cup · €12.50").wait_for()
    assert page.input_value("[name=add_sku]") == "CUP"
    assert page.evaluate("document.activeElement.name") == "find"
    page.get_by_role("button", name="One more row").click()
    page.locator("#add_sku-2").wait_for()
    assert page.evaluate("document.activeElement.name") == "add_sku-2"
    assert not scrolls_sideways(page)


def test_what_is_wrong_with_a_new_line_stands_beside_it(panel: Panel, placed: str, sell: Callable[..., Item]) -> None:
    sell("CUP", 1250, stock=3, name="Cup")
    sell("POT", 3000, stock=3, name="Tea pot", active=False)
    path = f"/panel/orders/{placed}/change"
    wrong = {"add_sku": "NOPE", "add_sku-1": "CUP", "add_quantity-1": "0", "add_sku-3": "POT", "act": "preview"}
    answer = panel.post(path, wrong)
    assert answer.status_code == 422
    text = answer.get_data(as_text=True)
    for name in ("add_sku", "add_quantity-1", "add_sku-3"):
        assert f'aria-describedby="{name}-error"' in text
        assert f'href="#{name}"' in text
    assert rows_of(answer)[:4] == [("NOPE", "1"), ("CUP", "0"), ("", "1"), ("POT", "1")]
    short = {"add_sku-2": "CUP", "add_quantity-2": "9", "key": "k", "act": "preview"}
    answer = panel.post(path, short)
    if answer.status_code == 200:
        answer = panel.post(path, {**short, "act": "confirm", "seen": seen_price(answer)})
    assert answer.status_code == 409
    assert 'aria-describedby="add_quantity-2-error"' in answer.get_data(as_text=True)


def test_the_preview_says_that_the_order_will_wait(site: Site, panel: Panel, placed: str) -> None:
    path = f"/panel/orders/{placed}/change"
    quantity = field(panel, path, r'name="(qty-\d+)"')
    form = {quantity: "3", "key": "one", "policy": "keep", "act": "preview"}
    assert "will be on hold" not in words(panel.post(path, form))
    set_hold_rules(site, Rules(above={"EUR": 20_000}), actor="staff:1")
    said = words(panel.post(path, form))
    assert "The order will be on hold" in said
    assert "The total is above the limit." in said


def test_nothing_is_confirmed_that_was_not_shown(panel: Panel, placed: str) -> None:
    path = f"/panel/orders/{placed}/change"
    quantity = field(panel, path, r'name="(qty-\d+)"')
    assert panel.post(path, {quantity: "1", "act": "confirm", "key": "k"}).status_code == 200
    answer = panel.post(path, {quantity: "1", "act": "confirm", "key": "k", "seen": "1"})
    assert answer.status_code == 409
    assert "since the preview" in words(answer)
    assert of(placed).due.amount == 17800


def test_what_was_typed_wrong_stays_with_its_reason(panel: Panel, sent: str) -> None:
    path = f"/panel/orders/{sent}/change"
    quantity = field(panel, path, r'name="(qty-\d+)"')
    answer = panel.post(path, {quantity: "1", "add_sku": "NOPE", "charge": "much", "act": "preview"})
    assert answer.status_code == 422
    said = words(answer)
    for message in ("from 2, because those have left", "No variant has this SKU", "Write an amount of 0 or more"):
        assert message in said
    assert 'value="NOPE"' in answer.get_data(as_text=True)


def test_a_price_by_hand_says_why(panel: Panel, placed: str) -> None:
    path = f"/panel/orders/{placed}/change"
    price = field(panel, path, r'name="(price-\d+)"')
    form = {price: "70", "key": "one", "policy": "keep", "act": "preview"}
    answer = panel.post(path, form)
    assert answer.status_code == 422
    assert "Write a reason" in words(answer)
    form["reason"] = "Scratched"
    confirmed = {**form, "act": "confirm", "seen": seen_price(panel.post(path, form))}
    panel.post(path, confirmed)
    assert "Lamp: €89.00 before, €70.00 after · Scratched" in words(panel.get(f"/panel/orders/{placed}"))


def test_more_than_is_owed_goes_back_as_goodwill(panel: Panel, sent: str) -> None:
    path = f"/panel/orders/{sent}/refund"
    form = {"amount": "10.00", "reason": "It came late", "key": "one", "by_hand": "1"}
    for _ in range(2):
        panel.post(path, form)
    order = of(sent)
    assert (order.refunded.amount, order.charges.amount, order.refund_due.amount) == (1000, -1000, 0)
    assert panel.post(path, {"amount": "500", "key": "two", "by_hand": "1"}).status_code == 409
    assert "It came late" in words(panel.get(f"/panel/orders/{sent}"))


def test_a_return_goes_through_the_desk(panel: Panel, sent: str) -> None:
    path = f"/panel/orders/{sent}/return"
    line = field(panel, path, r'name="(line-\d+)"')
    answer = panel.post(path, {"kind": "return", line: "1", "reason": "changed_mind", "key": "one"})
    case = re.sub(r"^https?://[^/]+", "", answer.headers["Location"])
    assert "Approved" in words(panel.get(case))
    panel.post(case, {"act": "receive", line: "1"})
    number = line.removeprefix("line-")
    panel.post(case, {"act": "inspect", f"damaged-{number}": "1"})
    undecided = "A return is not decided yet"
    assert undecided in words(panel.get(f"/panel/orders/{sent}/refund"))
    said = words(panel.follow(decided(panel, case, {"restocking": "9", "goodwill": "0"})))
    assert "€80.00 is granted" in said
    assert of(sent).refund_due.amount == 8000
    order = words(panel.get(f"/panel/orders/{sent}"))
    assert "1 of 2 came back" in order
    # Two lamps of 89.00 and a fee of 9.00, less the lamp that came back.
    assert "Came back -€89.00" in order
    assert "Total now €98.00" in order
    # A part of it goes back: the form says what is left.
    refund = f"/panel/orders/{sent}/refund"
    panel.post(refund, {"amount": "30.00", "key": "part", "by_hand": "1"})
    left = words(panel.get(refund))
    assert undecided not in left
    assert "Given back already €30.00 Owed to the shopper €50.00" in left
    assert field(panel, refund, r'name="amount"[^>]*value="([^"]*)"') == "50.00"
    assert db.value("SELECT damaged FROM stock_level") == 1
    assert sent in words(panel.get("/panel/returns?view=ended"))


def test_an_exchange_and_a_claim_begin_at_the_same_desk(panel: Panel, sent: str, sell: Callable[..., Item]) -> None:
    sell("CUP", 1250, stock=3, name="Cup")
    path = f"/panel/orders/{sent}/return"
    line = field(panel, path, r'name="(line-\d+)"')
    form = {"kind": "exchange", line: "1", "reason": "does_not_fit", "key": "x"}
    assert panel.post(path, {**form, "wanted_sku": "NOPE"}).status_code == 422
    assert panel.post(path, {**form, "wanted_sku": "CUP"}).status_code == 303
    assert panel.post(path, {"kind": "claim", line: "1", "reason": "damaged", "key": "c"}).status_code == 303
    case = f"/panel/orders/{sent}/returns/{db.value('SELECT MAX(id) FROM order_case')}"
    decided(panel, case, {"way": "refund"})
    assert of(sent).refund_due.amount == 8900
    assert panel.post(path, {"kind": "claim", line: "1", "reason": "damaged", "key": "d"}).status_code == 422


def test_what_a_shopper_claims_is_read_and_decided_in_part(panel: Panel, sent: str, site: Site) -> None:
    order = of(sent)
    case_id = request_case(
        site, order.id, kind="claim", lines={order.lines[0].id: 2}, reason="incomplete", key="c", actor="guest",
        wish="replace",
    )  # fmt: skip
    assert "A part is missing" in words(panel.get("/panel/returns"))
    case = f"/panel/orders/{sent}/returns/{case_id}"
    said = words(panel.get(case))
    assert "The shopper keeps the goods and would like A replacement" in said
    assert "Is the claim taken up?" in said
    panel.post(case, {"act": "approve"})
    page = panel.get(case).get_data(as_text=True)
    assert re.search(r'value="replace"[^>]*checked', page), "the wish is chosen beforehand"
    assert "178.00 is granted" not in page, "and what stands below is what that comes to"
    bad = panel.post(case, {"act": "resolve", "way": "refund", "part": "178.01"})
    assert bad.status_code == 422
    assert re.search(r'id="part"[^>]*value="178.01"[^>]*aria-invalid="true"', bad.get_data(as_text=True))
    assert "€50.00 is granted" in words(panel.post(case, {"act": "preview", "way": "refund", "part": "50"}))
    decided(panel, case, {"way": "refund", "part": "50"})
    assert of(sent).refund_due.amount == 5000


def test_an_exchange_says_what_is_sent_and_owed_before_and_after_it_is_decided(
    panel: Panel, sent: str, sell: Callable[..., Item]
) -> None:
    sell("LARGE", 12950, stock=3, name="Large lamp")
    path = f"/panel/orders/{sent}/return"
    line = field(panel, path, r'name="(line-\d+)"')
    form = {"kind": "exchange", line: "1", "reason": "does_not_fit", "key": "x", "wanted_sku": "LARGE"}
    case = re.sub(r"^https?://[^/]+", "", panel.post(path, form).headers["Location"])
    assert "Sent instead: 1 × LARGE" in words(panel.get(case))
    panel.post(case, {"act": "receive", line: "1"})
    panel.post(case, {"act": "inspect", f"sellable-{line.removeprefix('line-')}": "1"})
    # 129.50 less 89.00, and with a fee of 9.00.
    assert "The shopper owes €40.50" in words(panel.get(case))
    assert "The shopper owes €49.50" in words(panel.post(case, {"act": "preview", "restocking": "9"}))
    assert panel.post(case, {"act": "preview", "restocking": "much"}).status_code == 422
    said = words(panel.follow(decided(panel, case, {"restocking": "9"})))
    assert "The shopper owes €49.50" in said
    assert "Give it back" not in said
    told = words(panel.get(f"/panel/orders/{sent}"))
    assert "Does not fit" in told
    assert "does_not_fit" not in told


def test_an_exchange_takes_several_things_holds_them_and_sends_them_ahead(
    panel: Panel, sent: str, sell: Callable[..., Item], site: Site
) -> None:
    large, shade = sell("LARGE", 12950, stock=1, name="Large lamp"), sell("SHADE", 1500, stock=5, name="Shade")
    path = f"/panel/orders/{sent}/return"
    line = field(panel, path, r'name="(line-\d+)"')
    form = {"kind": "exchange", line: "1", "reason": "does_not_fit", "key": "x", "wanted_sku": "LARGE"}
    rows = panel.post(path, {**form, "wanted_sku-1": "SHADE", "more": "1"}).get_data(as_text=True)
    assert 'name="wanted_sku-2"' in rows
    assert 'value="SHADE"' in rows
    wrong = panel.post(path, {**form, "wanted_sku-1": "NOPE"})
    assert (wrong.status_code, 'aria-describedby="wanted_sku-1-error"' in wrong.get_data(as_text=True)) == (422, True)
    several = {**form, "wanted_sku-1": "SHADE", "wanted_quantity-1": "2"}
    case = re.sub(r"^https?://[^/]+", "", panel.post(path, several).headers["Location"])
    said = words(panel.get(case))
    assert "Sent instead: 1 × LARGE, 2 × SHADE" in said
    assert "They are not held" in said
    panel.post(case, {"act": "hold", "days": "7"})
    assert "3 of 3 pieces are held until" in words(panel.get(case))
    assert "An exchange" in words(panel.get(f"/panel/stock/{large.variant_id}"))
    assert panel.post(case, {"act": "hold", "days": "91"}).status_code == 422
    # 129.50 and 2 x 15.00 less 89.00.
    assert "The shopper owes €70.50 then; what comes back counts for €89.00." in words(panel.get(case))
    assert panel.post(case, {"act": "send"}).status_code == 409
    panel.post(case, {"act": "send", "seen": seen_price(panel.get(case))})
    assert (of(sent).due.amount, of(sent).advanced.amount) == (7050, 8900)
    told = words(panel.get(f"/panel/orders/{sent}"))
    assert "€89.00 count as paid" in told
    assert "The new goods are sent ahead" in told
    assert db.value("SELECT SUM(held) FROM stock_level") == 0
    assert shade.variant_id


def test_an_exchange_is_sent_with_its_approval_where_the_rules_say_so(
    panel: Panel, sent: str, sell: Callable[..., Item], site: Site
) -> None:
    large = sell("LARGE", 12950, stock=1, name="Large lamp")
    panel.post("/panel/returns/rules", {"window_days": "30", "restocking": "", "exchange_sends": "approved"})
    assert panel.post("/panel/returns/rules", {"window_days": "30", "exchange_sends": "x"}).status_code == 422
    order = of(sent)
    asked = {"kind": "exchange", "reason": "does_not_fit", "wanted": {large.variant_id: 1}, "actor": "guest"}
    ids = [request_case(site, order.id, lines={order.lines[0].id: 1}, key=key, **asked) for key in ("first", "second")]
    first, second = (f"/panel/orders/{sent}/returns/{case_id}" for case_id in ids)
    assert "Approved." in words(panel.follow(panel.post(first, {"act": "approve"})))
    assert of(sent).due.amount == 4050
    assert "not on their way" in words(panel.follow(panel.post(second, {"act": "approve"})))


def test_the_rules_are_kept_and_used(site: Site, panel: Panel) -> None:
    form = {
        "window_days": "30",
        "claim_days": "365",
        "restocking": "12.5",
        "return_delivery": "4.90",
        "refund_resolved": "1",
    }
    assert 'name="refund_cancelled" value="1" checked' in panel.get("/panel/returns/rules").get_data(as_text=True)
    assert "The rules are saved" in words(panel.follow(panel.post("/panel/returns/rules", form)))
    page = panel.get("/panel/returns/rules").get_data(as_text=True)
    for value in ('value="30"', 'value="365"', 'value="12.5"', 'value="4.90"'):
        assert value in page
    kept = rules_of(site)
    assert (kept.refund_cancelled, kept.refund_resolved, kept.fees_without_tax) == (False, True, False)
    for name in ("window_days", "claim_days"):
        assert panel.post("/panel/returns/rules", {**form, name: "soon"}).status_code == 422


def test_many_orders_are_captured_with_an_answer_each(
    panel: Panel, site: Site, bank: Bank, sell: Callable[..., Item], order: Callable[..., Any]
) -> None:
    """One is taken; one was let go at the bank, which refuses; one has been taken already; of one the rest is taken."""
    bank.is_strict = True
    lamp, state = sell("LAMP", 8900, stock=9), state_of(site.id)
    numbers = [str(order(lamp).number) for _ in range(4)]
    ids, tokens = zip(*db.rows("SELECT id, token FROM payment ORDER BY id"), strict=True)
    for number, payment_id, token in zip(numbers, ids, tokens, strict=True):
        begin_payment(state, of(number).id)
        bank.add(token, FactKind.AUTHORIZED, Money(8900, "EUR"))
        fetch_payment(state, payment_id)
    bank.add(tokens[1], FactKind.VOIDED, Money(8900, "EUR"))
    capture(state, ids[2], Money(8900, "EUR"), actor="staff:1", key="before")
    capture(state, ids[3], Money(900, "EUR"), actor="staff:1", key="before")
    answer = panel.post("/panel/orders/bulk", {"n": numbers, "act": "capture", "key": "a"})
    said = words(answer)
    assert "2 of 4 orders are done" in said
    rows = re.findall(r"<tr>(.*?)</tr>", answer.get_data(as_text=True), re.DOTALL)
    found = {number: next(row for row in rows if f"/orders/{number}" in row) for number in numbers}
    texts = ("€89.00 captured.", "", "Nothing is authorised.", "€80.00 captured.")
    for number, text in zip(numbers, texts, strict=True):
        assert text in found[number]
    assert "captured" not in found[numbers[1]]
    assert [of(number).captured.amount for number in numbers] == [8900, 0, 8900, 8900]
    assert of(numbers[1]).payments[0].operations[-1].state == "failed"
    again = words(panel.post("/panel/orders/bulk", {"n": numbers[:1], "act": "capture", "key": "a"}))
    assert "0 of 1" in again
    assert bank.total(tokens[0], FactKind.CAPTURED) == 8900, "a second press takes nothing more"


def test_what_becomes_of_authorised_money_is_said_before_and_after_an_order_is_cancelled(
    panel: Panel, site: Site, bank: Bank, sell: Callable[..., Item], order: Callable[..., Any]
) -> None:
    state, number = state_of(site.id), str(order(sell("LAMP", 8900, stock=1)).number)
    (payment_id, token), line = db.one("SELECT id, token FROM payment") or (0, ""), of(number).lines[0].id
    begin_payment(state, of(number).id)
    bank.add(token, FactKind.AUTHORIZED, Money(8900, "EUR"))
    fetch_payment(state, payment_id)
    path, form = f"/panel/orders/{number}/cancel", {f"line-{line}": "1", "reason": "merchant", "key": "c"}
    assert "€89.00 is authorised; once nothing is left of the order, it is let go" in words(panel.get(path))
    previewed = panel.post(path, form)
    panel.post(path, {**form, "act": "confirm", "seen": seen_price(previewed)})
    said = words(panel.get(f"/panel/orders/{number}"))
    assert "€89.00 is let go within minutes" in said
    assert "Take €89.00" not in said
    release_authorisations(state)
    assert "let go within minutes" not in words(panel.get(f"/panel/orders/{number}"))
    assert bank.total(token, FactKind.VOIDED) == 8900


def test_many_orders_are_shipped_with_an_answer_each(
    panel: Panel, site: Site, sell: Callable[..., Item], order: Callable[..., Any]
) -> None:
    lamp = sell("LAMP", 8900, stock=9)
    numbers = [str(order(lamp).number) for _ in range(3)]
    for number in numbers:
        mark_paid(state_of(site.id), of(number).id, actor="staff:1")
    panel.post("/panel/orders/bulk", {"n": numbers[:1], "act": "ship", "key": "a"})
    said = words(panel.post("/panel/orders/bulk", {"n": numbers, "act": "ship", "key": "b"}))
    assert "2 of 3 orders are done" in said
    assert db.value("SELECT COUNT(*) FROM shipment") == 3
    assert "Choose at least one order" in words(panel.follow(panel.post("/panel/orders/bulk", {"act": "ship"})))
    assert panel.post("/panel/orders/bulk", {"n": numbers, "act": "nonsense"}).status_code == 404


def test_orders_that_are_not_paid_are_left_out_unless_they_are_asked_for(
    panel: Panel, site: Site, sell: Callable[..., Item], order: Callable[..., Any]
) -> None:
    lamp = sell("LAMP", 8900, stock=9)
    numbers = [str(order(lamp).number) for _ in range(3)]
    mark_paid(state_of(site.id), of(numbers[0]).id, actor="staff:1")
    mark_paid(state_of(site.id), of(numbers[1]).id, actor="staff:1", amount=Money(900, "EUR"))
    assert "This order is not paid yet: €89.00 are open." in words(panel.get(f"/panel/orders/{numbers[2]}/ship"))
    assert "not paid" not in words(panel.get(f"/panel/orders/{numbers[0]}/ship"))
    answer = panel.post("/panel/orders/bulk", {"n": numbers, "act": "ship", "key": "a"})
    assert "1 of 3 orders are done" in words(answer)
    assert "Not paid yet: €80.00 are open." in words(answer)
    assert "Not paid yet: €89.00 are open." in words(answer)
    assert db.value("SELECT COUNT(*) FROM shipment") == 1
    page = answer.get_data(as_text=True)
    form = page[page.index('<form class="row" method="post" action="/panel/orders/bulk"') :].partition("</form>")[0]
    asked = re.findall(r'name="(\w+)" value="([^"]*)"', form)
    assert [value for name, value in asked if name == "n"] == numbers[1:], "only those are offered once more"
    typed = {name: value for name, value in asked if name != "n"}
    for _press in range(2):
        again = panel.post("/panel/orders/bulk", {**typed, "n": numbers[1:]})
    assert "2 of 2" in words(again) or "0 of 2" in words(again)
    assert db.value("SELECT COUNT(*) FROM shipment") == 3


def test_slips_say_what_waits_and_where_it_goes(panel: Panel, placed: str) -> None:
    said = words(panel.post("/panel/orders/bulk", {"n": [placed], "act": "print"}))
    assert "10115 Berlin" in said
    assert "LAMP" in said


def test_an_order_with_nothing_to_pack_is_named_above_the_slips_and_has_none(
    panel: Panel, placed: str, site: Site, sell: Callable[..., Item], order: Callable[..., Any]
) -> None:
    gone = order(sell("CHAIR", 8900, stock=5), 1)
    cancel_order(site, gone.id, actor="staff:1")
    answer = panel.post("/panel/orders/bulk", {"n": [placed, gone.number], "act": "print"})
    assert answer.get_data(as_text=True).count("sheet_break") == 1
    assert f"Nothing is to be packed now: {gone.number}" in words(answer)
    alone = panel.post("/panel/orders/bulk", {"n": [gone.number], "act": "print"})
    assert f"Nothing is to be packed now: {gone.number}" in words(alone)


def test_only_those_who_may_do_it(colleague: Callable[..., Panel], placed: str) -> None:
    theirs = colleague({"orders.view"})
    assert theirs.get("/panel/returns").status_code == 200
    for path in ("change", "refund", "return"):
        assert theirs.get(f"/panel/orders/{placed}/{path}").status_code == 403
    for act in ("ship", "capture"):
        assert theirs.post("/panel/orders/bulk", {"n": [placed], "act": act}).status_code == 403


def test_cases_are_found_under_their_own_order_only(panel: Panel, sent: str, placed: str, other_site: Site) -> None:
    path = f"/panel/orders/{sent}/return"
    line = field(panel, path, r'name="(line-\d+)"')
    panel.post(path, {"kind": "return", line: "1", "reason": "wrong", "key": "one"})
    case_id = db.value("SELECT id FROM order_case")
    assert panel.get(f"/panel/orders/99999/returns/{case_id}").status_code == 404
    with db.transaction():
        db.execute("UPDATE order_case SET site_id = ?", other_site.id)
    assert panel.get(f"/panel/orders/{sent}/returns/{case_id}").status_code == 404


def test_the_proof_shows_a_difference_and_puts_it_right(panel: Panel, placed: str) -> None:
    assert "Every level is the sum of its moves" in words(panel.get("/panel/stock/proof?now=1"))
    with db.transaction():
        db.execute("UPDATE stock_level SET on_hand = 7")
    assert "LAMP" in words(panel.get("/panel/stock/proof?now=1"))
    assert "1 level is right again" in words(panel.follow(panel.post("/panel/stock/proof")))
    assert db.value("SELECT on_hand FROM stock_level") == 5


def test_a_note_stays_in_the_timeline(panel: Panel, placed: str) -> None:
    panel.post(f"/panel/orders/{placed}/note", {"text": "Ring before delivery"})
    assert "Ring before delivery" in words(panel.get(f"/panel/orders/{placed}"))
    assert "Nothing was written" in words(panel.follow(panel.post(f"/panel/orders/{placed}/note", {"text": " "})))


def test_picking_begins_and_is_taken_back(panel: Panel, placed: str, colleague: Callable[..., Panel]) -> None:
    said = words(panel.follow(panel.post(f"/panel/orders/{placed}/pick")))
    assert "Picking has begun." in said
    assert "2 pieces picked" in said
    assert "Being picked" in said
    assert "Start picking" not in said
    again = words(panel.follow(panel.post(f"/panel/orders/{placed}/pick")))
    assert "There is nothing left to do here." in again
    back = words(panel.follow(panel.post(f"/panel/orders/{placed}/unpick")))
    assert "Picking was taken back" in back
    assert "Start picking" in back
    assert "2 pieces to pick." in words(panel.post("/panel/orders/bulk", {"n": [placed], "act": "pick", "key": "k"}))
    told = words(panel.get("/panel/activity"))
    assert f"began to pick order {placed}" in told
    assert f"took back the picking of order {placed}" in told
    theirs = colleague({"orders.view"})
    assert theirs.post(f"/panel/orders/{placed}/unpick").status_code == 403
    assert of(placed).lines[0].picked == 2


def test_an_exchange_whose_price_has_moved_is_looked_at_again(
    panel: Panel, sent: str, sell: Callable[..., Item]
) -> None:
    large = sell("LARGE", 12950, stock=3, name="Large lamp")
    path = f"/panel/orders/{sent}/return"
    line = field(panel, path, r'name="(line-\d+)"')
    form = {"kind": "exchange", line: "1", "reason": "does_not_fit", "key": "x", "wanted_sku": "LARGE"}
    case = re.sub(r"^https?://[^/]+", "", panel.post(path, form).headers["Location"])
    panel.post(case, {"act": "receive", line: "1"})
    panel.post(case, {"act": "inspect", f"sellable-{line.removeprefix('line-')}": "1"})
    shown = seen_price(panel.post(case, {"act": "preview"}))
    with db.transaction():
        db.execute("UPDATE price SET amount = 13950 WHERE variant_id = ?", large.variant_id)
    answer = panel.post(case, {"act": "resolve", "seen": shown})
    assert answer.status_code == 409
    assert "The sum is not the one that this page said before" in words(answer)
    # 139.50 less 89.00 stands there now, and only who has read it may go on.
    assert "The shopper owes €50.50" in words(answer)
    assert panel.post(case, {"act": "resolve"}).status_code == 409
    assert of(sent).due.amount == 0
    assert "The shopper owes €50.50" in words(
        panel.follow(panel.post(case, {"act": "resolve", "seen": seen_price(answer)}))
    )


@pytest.fixture
def awaited(site: Site, sent: str) -> str:
    """The path of a return of both lamps that is approved and has not come."""
    order = of(sent)
    case_id = request_case(
        site, order.id, kind="return", lines={order.lines[0].id: 2}, reason="changed_mind", key="c", actor="guest",
        by_rules=False,
    )  # fmt: skip
    return f"/panel/orders/{sent}/returns/{case_id}"


def test_an_approved_return_that_does_not_come_is_withdrawn_or_declined(panel: Panel, awaited: str, sent: str) -> None:
    line, offered = f"line-{of(sent).lines[0].id}", "It does not come to that"
    asked = {"kind": "return", line: "2", "reason": "damaged"}

    def again(key: str) -> str:
        answer = panel.post(f"/panel/orders/{sent}/return", {**asked, "key": key})
        return re.sub(r"^https?://[^/]+", "", answer.headers["Location"])

    assert offered in words(panel.get(awaited))
    assert "the shopper keeps the goods" in words(panel.follow(panel.post(awaited, {"act": "withdraw"})))
    assert of(sent).status.returned == "none"
    case = again("2")
    unsaid = panel.post(case, {"act": "decline", "answer": "  "})
    assert (unsaid.status_code, "Say why: the shopper reads it." in words(unsaid)) == (422, True)
    assert "Declined" in words(panel.follow(panel.post(case, {"act": "decline", "answer": "Worn for weeks"})))
    assert "Worn for weeks" in words(panel.get(case))
    assert offered not in words(panel.get(case))
    case = again("3")
    panel.post(case, {"act": "receive", line: "1"})
    assert offered not in words(panel.get(case)), "something has come"
    for act in ("decline", "withdraw"):
        assert panel.post(case, {"act": act}).status_code == 409


def test_returns_are_found_narrowed_and_taken_along_as_a_file(
    panel: Panel, site: Site, awaited: str, sent: str, order: Callable[..., Any]
) -> None:
    lamp = Item(product_id=0, variant_id=of(sent).lines[0].variant_id, sku="LAMP")
    placed = order(lamp, 1, email="juan@example.org")
    ship(site, placed.id, actor="staff:1")
    line = of(placed.number).lines[0].id
    claim = request_case(
        site, placed.id, kind="claim", lines={line: 1}, reason="damaged", key="c", actor="guest"
    )  # fmt: skip

    def table(query: str) -> list[str]:
        with panel.get(f"/panel/returns.csv{query}") as answer:
            return str(answer.get_data().decode("utf-8-sig")).splitlines()

    def shown(query: str) -> list[str]:
        """The orders whose returns the list shows, which are those of the file."""
        page = panel.get(f"/panel/returns{query}").get_data(as_text=True)
        numbers = re.findall(r'<th scope="row" class="main"><a href="/panel/orders/([^/]+)/returns', page)
        rows = table(query)
        assert [row.split(",")[1] for row in rows[1:]] == numbers
        assert not rows or rows[0].startswith("number,order,kind,reason,state,pieces,currency,value,granted")
        return numbers

    assert shown("") == [placed.number, sent]
    assert shown("?kind=claim") == [placed.number]
    assert shown("?q=JUAN") == shown(f"?q={placed.number}-R{claim}") == [placed.number]
    assert shown(f"?q={sent}&kind=claim") == []
    assert shown("?view=ended") == []
    assert "No return fits these filters" in words(panel.get("/panel/returns?q=nobody"))
    (row,) = table("?kind=return")[1:]
    assert re.search(rf"{sent}-R\d+,{sent},return,changed_mind,approved,2,EUR,0.00,0.00,.*,mira@example.com", row)


def test_photos_that_came_by_mail_are_kept_with_the_return(panel: Panel, awaited: str, sent: str) -> None:
    def photos(count: int, key: str) -> dict[str, Any]:
        return {"act": "photos", "key": key, "photos": [(BytesIO(PICTURE), f"{n}.png") for n in range(count)]}

    for _ in range(2):
        answer = panel.post(awaited, photos(1, "one"))
    page = panel.follow(answer).get_data(as_text=True)
    (address,) = set(re.findall(rf'src="({awaited}/photos/[^"]+)"', page))
    assert panel.get(address).mimetype == "image/jpeg"
    assert "1 photo was added" in words(panel.get(f"/panel/orders/{sent}"))
    assert panel.post(awaited, photos(0, "none")).status_code == 422
    assert panel.post(awaited, photos(5, "two")).status_code == 303
    too_many = panel.post(awaited, photos(5, "three"))
    assert too_many.status_code == 422
    assert "A return keeps at most 10 photos" in words(too_many)


def test_the_timeline_says_how_it_was_delivered_before(panel: Panel, placed: str, site: Site) -> None:
    path = f"/panel/orders/{placed}/change"
    form = {"delivery_title": "By courier", "delivery": "9.50", "key": "one", "policy": "keep", "act": "preview"}
    panel.post(path, {**form, "act": "confirm", "seen": seen_price(panel.post(path, form))})
    ship(site, of(placed).id, actor="staff:1", tracking="JJD1")
    for number in ("JJD2", "JJD2"):
        panel.post(f"/panel/orders/{placed}/parcels/{of(placed).shipments[0].id}", {"tracking": number})
    told = words(panel.get(f"/panel/orders/{placed}"))
    assert "Delivery: Delivery by arrangement before, By courier after" in told
    assert "Price of the delivery: €0.00 before, €9.50 after" in told
    assert told.count("Tracking number corrected: JJD2") == 1
    assert "JJD1 before" in told


def test_the_bill_and_the_mail_address_are_corrected(panel: Panel, placed: str) -> None:
    path = f"/panel/orders/{placed}/change"
    form = {"key": "one", "policy": "keep", "act": "preview", "email": "new@example.org", "b_name": "Wong Ltd"}
    preview = panel.post(path, form)
    said = words(preview)
    assert "The bill goes to: Wong Ltd" in said
    assert "Mails go to new@example.org" in said
    assert "This is not an e-mail address" in words(panel.post(path, {**form, "email": "at home"}))
    panel.follow(panel.post(path, {**form, "act": "confirm", "seen": seen_price(preview)}))
    order = of(placed)
    assert (order.email, order.billing.name, order.billing.city) == ("new@example.org", "Wong Ltd", order.address.city)
    told = words(panel.get(f"/panel/orders/{placed}"))
    assert "Mail: mira@example.com before, new@example.org after" in told
    assert "Bill to" in told


def test_where_no_mail_is_sent_staff_see_the_link_by_which_the_rest_is_paid(
    panel: Panel, placed: str, site: Site, turn_on: Callable[..., None]
) -> None:
    path = f"/panel/orders/{placed}"
    old = of(placed).secret
    page = panel.get(path)
    assert "Send the shopper this link to pay €178.00" in words(page)
    assert f'href="{site.origin}/order/{old}"' in page.get_data(as_text=True)
    said = words(panel.follow(panel.post(f"{path}/link", {"key": "k"})))
    assert "The new one stands on this page" in said
    assert of(placed).secret != old
    assert f'href="{site.origin}/order/{of(placed).secret}"' in panel.get(path).get_data(as_text=True)
    assert "ended, and a new one made" in words(panel.get(path))
    turn_on("mail")
    assert "Send the shopper this link" not in words(panel.get(path))
    assert "A new one is on its way" in words(panel.follow(panel.post(f"{path}/link", {"key": "l"})))
