"""Open orders of another channel come in by the panel's wizard, without scripts."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest

from core.hookspecs.site import Site
from core.kernel import db, jobs
from core.lib import clock
from core.orders.services import file_runs
from core.testing.shop import Item
from tests.core.panel.conftest import Panel, words

FILE = (
    "Order No,SKU,Qty,Price,Shipping,Total,Paid,Recipient,Address,City,PLZ,Land\n"
    "11,LAMP,2,89.00,4.90,182.90,yes,Mira K.,Lange Str. 1,Berlin,10115,Germany\n"
    "12,NOPE,1,5.00,,5.00,no,Bo Li,Ring 1,Wien,1010,AT\n"
)


def upload(panel: Panel, text: str = FILE, channel: str = "") -> str:
    """The page of the columns."""
    answer = panel.post("/panel/orders/imports", {"file": (BytesIO(text.encode()), "etsy.csv"), "channel": channel})
    assert answer.status_code == 303, words(answer)
    return str(answer.headers["Location"])


def guessed(page: str) -> dict[str, str]:
    """What a browser would send of the columns' selects."""
    found = {}
    for name, options in re.findall(r'<select class="input" id="(column-\d+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


@pytest.fixture
def lamp(sell: Callable[..., Item]) -> Item:
    return sell("LAMP", 9900, stock=5, name="Dome lamp")


@pytest.mark.usefixtures("lamp")
def test_a_file_is_looked_at_rehearsed_imported_and_taken_back(panel: Panel) -> None:
    assert panel.post("/panel/orders/imports", {"channel": "Etsy"}).status_code == 422
    columns = upload(panel)
    page = panel.get(columns)
    assert "2 × LAMP" in words(page)
    form = guessed(page.get_data(as_text=True))
    assert list(form.values())[:6] == ["number", "sku", "quantity", "price", "delivery_price", "total"]
    refused = panel.post(columns, {**form, "act": "rehearse"})
    assert refused.status_code == 422
    assert "Say where these orders were placed." in words(refused)
    kept = {**form, "channel": "Etsy", "keep_name": "Etsy list"}
    assert panel.post(columns, {**kept, "act": "keep"}).status_code == 303
    rehearsal = panel.post(columns, {**form, "channel": "Etsy", "act": "rehearse"}).headers["Location"]
    assert "<progress" in panel.get(rehearsal).get_data(as_text=True)
    jobs.run_due()
    said = words(panel.get(rehearsal))
    assert "Nothing in the shop has changed" in said
    assert "No variant has the SKU “NOPE”." in said
    assert "NOPE" in panel.get(f"{rehearsal}/remarks.csv").get_data(as_text=True)
    assert db.value("SELECT COUNT(*) FROM orders") == 0

    done = panel.post(f"{rehearsal}/apply").headers["Location"]
    jobs.run_due()
    assert "1 added" in re.sub(r"added (\d)", r"\1 added", words(panel.get(done)))
    number = db.value("SELECT number FROM orders")
    assert "Etsy · 11" in words(panel.get("/panel/orders?channel=Etsy"))
    assert f"/orders/{number}" not in panel.get("/panel/orders?channel=eBay").get_data(as_text=True)
    shown = words(panel.get(f"/panel/orders/{number}"))
    assert "Etsy: 11" in shown
    assert "Came in from Etsy as 11, €182.90" in shown
    assert "Etsy list" in words(panel.get(upload(panel)))

    panel.post(f"{done}/undo")
    jobs.run_due()
    assert "1 order was taken back" in words(panel.get(done))
    assert db.value("SELECT SUM(allocated) FROM stock_level") == 0
    assert "Its import was undone" in words(panel.get(f"/panel/orders/{number}"))


@pytest.mark.usefixtures("lamp")
def test_only_whoever_may_finds_and_uses_it(panel: Panel, colleague: Callable[..., Panel], site: Site) -> None:
    columns = upload(panel, channel="Etsy")
    theirs = colleague({"orders.view", "products.edit"})
    assert "Import orders" not in words(theirs.get("/panel/orders"))
    for path in ("/panel/orders/imports", columns):
        assert theirs.get(path).status_code == 403
    run_id = re.search(r"/imports/(\d+)", columns)
    assert run_id is not None
    assert panel.get(f"/panel/products/imports/{run_id[1]}").status_code == 404
    assert panel.get("/panel/products/imports").get_data(as_text=True).count("etsy.csv") == 0
    assert "导入订单" in words(panel.get("/zh-cn/panel/orders/imports"))
    del site


def test_what_cannot_be_read_is_told_at_the_file(panel: Panel) -> None:
    answer = panel.post("/panel/orders/imports", {"file": (BytesIO(b"\x00\x01\x02"), "x.csv"), "channel": "Etsy"})
    assert answer.status_code in {303, 422}
    columns = upload(panel, "a,b\n1,2\n", "Etsy")
    page: Any = panel.get(columns)
    assert (
        "Choose one column for each of these, and no more: Number in the channel, SKU, Pieces, Total, Price of each."
        in words(page)
    )
    workbook = panel.post("/panel/orders/imports", {"file": (BytesIO(b"PK\x03\x04\x14\x00\x06\x00"), "etsy.xlsx")})
    assert workbook.status_code == 422
    assert "Save it as CSV (UTF-8) and try again." in words(workbook)
    assert panel.post(columns, {"act": "rehearse", "channel": "Etsy"}).status_code == 422


PAST = (
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
    "536365,LAMP,Dome lamp,2,2010-12-01 08:26:00,89.00,17850,Germany\n"
    "C536366,LAMP,Dome lamp,-1,2010-12-05 08:26:00,89.00,17850,Germany\n"
    "536367,LAMP,Dome lamp,one,2010-12-01 08:26:00,89.00,17850,Germany\n"
)


@pytest.mark.usefixtures("lamp")
def test_past_orders_take_the_same_steps_and_move_no_stock(panel: Panel) -> None:
    sent = {"file": (BytesIO(gzip.compress(PAST.encode())), "past.csv.gz"), "kind": "history"}
    columns = str(panel.post("/panel/orders/imports", sent).headers["Location"])
    page = panel.get(columns)
    assert "2010-12-01 17850" in words(page)
    assert "“one” is no number of pieces." in words(page)
    form = guessed(page.get_data(as_text=True))
    assert list(form.values()) == ["number", "sku", "name", "quantity", "date", "price", "customer", "country"]
    said = {**form, "prefix": "OLD-", "currency": "EUR"}
    assert panel.post(columns, {**said, "column-0": "", "act": "rehearse"}).status_code == 422
    rehearsal = panel.post(columns, {**said, "act": "rehearse"}).headers["Location"]
    jobs.run_due()
    told = words(panel.get(rehearsal))
    assert "Nothing in the shop has changed" in told
    assert "Sold €178.00 Given back €89.00 What is left of it €89.00" in told
    assert "one" in panel.get(f"{rehearsal}/remarks.csv").get_data(as_text=True)
    done = panel.post(f"{rehearsal}/apply").headers["Location"]
    jobs.run_due()
    assert "What is left of it €89.00" in words(panel.get(done))
    assert "Past orders" in words(panel.get("/panel/orders/imports"))
    assert "Imported with the shop’s history, €178.00" in words(panel.get("/panel/orders/OLD-536365"))
    panel.post("/panel/orders/OLD-536365/note", {"text": "They called."})
    panel.post(f"{done}/undo")
    jobs.run_due()
    assert "1 order was left as it is" in words(panel.get(done))
    assert "OLD-536365" in panel.get(f"{done}/left.csv").get_data(as_text=True)
    assert db.rows("SELECT SUM(on_hand), SUM(allocated) FROM stock_level") == [(5, 0)]


@pytest.mark.usefixtures("lamp")
def test_one_that_was_stopped_goes_on_where_it_stood(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = panel.post("/panel/orders/imports", past_file("2010-12-01", "2010-12-02", "2010-12-03"))
    page = columns.headers["Location"]
    form = {**guessed(panel.get(page).get_data(as_text=True)), "currency": "EUR"}
    rehearsal = panel.post(page, {**form, "act": "rehearse"}).headers["Location"]
    jobs.run_due()
    run = panel.post(f"{rehearsal}/apply").headers["Location"]
    monkeypatch.setattr(file_runs, "BATCH", 1)
    monkeypatch.setattr(file_runs, "telling", lambda _running: lambda _done, _total: panel.post(f"{run}/stop"))
    jobs.run_due()
    assert "2 of 3 orders had been dealt with. It can go on where it stood." in words(panel.get(run))
    assert db.value("SELECT COUNT(*) FROM orders") == 2
    monkeypatch.undo()
    panel.post(f"{run}/resume")
    jobs.run_due()
    assert "It went on behind line 3. Nothing was imported twice." in words(panel.get(run))
    assert db.value("SELECT COUNT(*) FROM orders") == 3
    panel.post(f"{run}/resume")
    assert "This import has gone on meanwhile." in words(panel.get(run))


def past_file(*days: str) -> dict[str, Any]:
    """A file of past orders, one for each day."""
    rows = [f"{number},LAMP,Dome lamp,1,{day},2.55,17850,France" for number, day in enumerate(days, 536365)]
    return {"file": (BytesIO("\n".join([PAST.splitlines()[0], *rows]).encode()), "past.csv"), "kind": "history"}


def chosen_order(answer: Any) -> str:
    found = re.search(r'name="dates" value="(\w+)" checked', answer.get_data(as_text=True))
    return found[1] if found else ""


def test_days_that_can_be_meant_in_two_ways_are_asked_about(panel: Panel) -> None:
    columns = str(panel.post("/panel/orders/imports", past_file("12/1/2010 8:26", "1/2/2011 9:00")).headers["Location"])
    page = panel.get(columns)
    assert chosen_order(page) == ""
    said = words(page)
    assert "The file leaves it open, so say it here." in said
    assert "“12/1/2010 8:26” is then 12 January 2010." in said
    assert "“12/1/2010 8:26” is then 1 December 2010." in said
    assert "“12/1/2010 8:26” does not say which part is the day." in said
    form = guessed(page.get_data(as_text=True))
    refused = panel.post(columns, {**form, "act": "rehearse"})
    assert refused.status_code == 422
    assert 'id="dates-error"' in refused.get_data(as_text=True)
    assert "Say in which order day, month and year stand" in words(refused)
    assert panel.post(columns, {**form, "dates": "mdy", "act": "look"}).status_code == 303
    assert "2010-12-01 17850" in words(panel.get(columns))
    assert chosen_order(panel.get(columns)) == "mdy"
    kept = {**form, "dates": "mdy", "keep_name": "Old shop", "act": "keep"}
    assert panel.post(columns, kept).status_code == 303
    rehearsal = panel.post(columns, {**form, "dates": "mdy", "act": "rehearse"}).headers["Location"]
    jobs.run_due()
    done = panel.post(f"{rehearsal}/apply").headers["Location"]
    jobs.run_due()
    days = db.rows("SELECT number, placed_at FROM orders ORDER BY number")
    assert [(number, clock.instant(at).isoformat()[:16]) for number, at in days] == [
        ("536365", "2010-12-01T08:26"), ("536366", "2011-01-02T09:00"),
    ]  # fmt: skip
    panel.post(f"{done}/undo")
    jobs.run_due()
    assert "2 orders were taken back" in words(panel.get(done))
    # What was kept is taken for the next file of the same columns, as long as that one allows it.
    for day, order in (("3/4/2011", "mdy"), ("14/4/2011", "dmy")):
        again = str(panel.post("/panel/orders/imports", past_file(day)).headers["Location"])
        assert chosen_order(panel.get(again)) == order


def test_one_row_with_a_part_above_twelve_says_the_order_of_all(panel: Panel) -> None:
    columns = str(panel.post("/panel/orders/imports", past_file("12/1/2010", "12/13/2010")).headers["Location"])
    page = panel.get(columns)
    assert chosen_order(page) == "mdy"
    assert "Line 3 of the file allows no other." in words(page)
    form = guessed(page.get_data(as_text=True))
    refused = panel.post(columns, {**form, "dates": "dmy", "act": "rehearse"})
    assert refused.status_code == 422
    assert "The file has days that cannot be meant so: line 3: “12/13/2010”." in words(refused)
    assert chosen_order(refused) == "dmy"
    assert chosen_order(panel.get(columns)) == "mdy"


@pytest.mark.usefixtures("lamp")
def test_open_orders_and_sales_of_products_are_asked_in_the_same_way(panel: Panel) -> None:
    head, first, _second = FILE.splitlines()
    columns = upload(panel, f"{head},Order Date\n{first},3/4/2026\n", "Etsy")
    form = guessed(panel.get(columns).get_data(as_text=True))
    assert panel.post(columns, {**form, "channel": "Etsy", "act": "rehearse"}).status_code == 422
    assert panel.post(columns, {**form, "channel": "Etsy", "dates": "dmy", "act": "rehearse"}).status_code == 303
    goods = b"sku,name,price,sale_price,sale_starts\nCUP,Cup,9.00,7.00,3/4/2026\n"
    sent = {"file": (BytesIO(goods), "goods.csv")}
    columns = str(panel.post("/panel/products/imports", sent).headers["Location"])
    page = panel.get(columns)
    assert "“3/4/2026” is then 3 April 2026." in words(page)
    form = guessed(page.get_data(as_text=True))
    assert panel.post(columns, {**form, "act": "rehearse"}).status_code == 422
    rehearsal = panel.post(columns, {**form, "dates": "dmy", "act": "rehearse"}).headers["Location"]
    jobs.run_due()
    panel.post(f"{rehearsal}/apply")
    jobs.run_due()
    starts = db.value("SELECT MAX(starts) FROM price")
    assert clock.instant(starts).isoformat()[:10] == "2026-04-03"
