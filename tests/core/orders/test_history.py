"""Past orders come in from a file: its sums, its dates, its returns; no mail, no stock, and twice is once."""

from __future__ import annotations

import csv
import gzip
import io
import tracemalloc
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.cli import main
from core.imports.services.mapping import CannotBeMapped
from core.imports.services.reports import find_run, first_remarks, report
from core.kernel import db
from core.kernel.installation import installation
from core.lib.errors import Unfit
from core.orders.services.file_runs import Terms, at_once, carry_on
from core.orders.services.history import tally_of
from core.orders.services.history_writing import Tally
from core.orders.services.listing import OrderFilters, list_orders
from core.orders.services.read import OrderView, order_view
from tests.core.checkout.books import unbalanced
from tests.core.checkout.shop import FakePlugins, Shop, open_shop

HEAD = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
Rows = list[dict[str, str]]


@pytest.fixture
def shop(instance: Path, plugins: FakePlugins) -> Shop:
    """A British shop."""
    return open_shop(instance, plugins, host="past.test", currency="GBP")


@dataclass
class Done:
    """What a run did: its documents by what became of them, and its sums."""

    run: int
    came: int
    known: int
    refused: int
    tally: Tally


def bring(shop: Shop, file: io.BytesIO | Path, **more: Any) -> Done:
    dry_run = bool(more.pop("dry_run", False))
    run = at_once(shop.site, "history", file, "past.csv", "staff:1", Terms(**more), dry_run=dry_run)
    carry_on(run)
    return done(shop, run)


def done(shop: Shop, run: int) -> Done:
    found = report(shop.site, run, "history")
    sums = tally_of(find_run(shop.site, run, "history").sums)
    return Done(run, found.created, found.unchanged, found.refused, sums)


def take(shop: Shop, text: str, **more: Any) -> Done:
    return bring(shop, io.BytesIO((HEAD + text).encode()), **more)


def numbered(number: str) -> OrderView:
    view = order_view(int(db.value("SELECT id FROM orders WHERE number = ?", number)))
    assert view is not None
    return view


def pence(row: dict[str, str]) -> int:
    """By another way than the shop's own."""
    amount = Decimal(row["Quantity"]) * Decimal(row["UnitPrice"]) * 100
    assert amount == int(amount)
    return int(amount)


def sums_of(rows: Iterable[dict[str, str]]) -> tuple[int, int]:
    """(sold, given back) of the rows of a file."""
    amounts = [pence(row) for row in rows]
    return sum(one for one in amounts if one > 0), -sum(one for one in amounts if one < 0)


def sums_here() -> tuple[int, int]:
    """(came, went) by the facts about payments."""
    row = db.one(
        "SELECT COALESCE(SUM(CASE WHEN kind = 'captured' THEN amount END), 0),"
        " COALESCE(SUM(CASE WHEN kind = 'refunded' THEN amount END), 0) FROM payment_fact"
    )
    assert row is not None
    return int(row[0]), int(row[1])


def test_an_order_is_as_it_was(shop: Shop) -> None:
    cup = shop.sell("85123A", 255)
    found = take(
        shop,
        "536365,85123A,Heart,6,2010-12-01 08:26:00,2.55,17850,United Kingdom\n"
        "536366,71053,Lantern,1,2010-12-01 08:28:00,3.39,,Nowhere\n"
        "536365,71053,Lantern,2,2010-12-01 08:26:00,3.39,17850,United Kingdom\n",
    )
    assert (found.tally.orders, found.tally.lines, found.tally.sold) == (2, 3, {"GBP": 1530 + 678 + 339})
    order = numbered("536365")
    assert order.placed_at.isoformat() == "2010-12-01T08:26:00+00:00"
    assert (order.total.amount, order.name, order.address and order.address.country) == (2208, "#17850", "GB")
    assert (order.status.order, order.status.payment, order.status.fulfilment) == ("completed", "paid", "delivered")
    assert [(line.sku, line.quantity, line.variant_id) for line in order.lines] == [("85123A", 6, cup), ("71053", 2, 0)]
    assert db.value("SELECT count(*) FROM outbox WHERE payload LIKE '%order.%'") == 0
    assert db.value("SELECT SUM(on_hand) FROM stock_level") == 10
    assert db.value("SELECT count(*) FROM stock_move WHERE reference LIKE 'order:%'") == 0
    assert int(shop.order((cup, 1)).number) > 536366
    assert unbalanced() == []


def test_what_came_back_belongs_to_what_was_bought(shop: Shop) -> None:
    take(
        shop,
        "1,A,Cup,5,2010-12-01,2.00,77,France\n"
        "C2,A,Cup,-2,2010-12-05,2.00,77,France\n"
        "C3,A,Cup,-4,2010-12-06,2.00,77,France\n"
        "C4,A,Cup,-1,2010-12-06,9.00,,France\n",
    )
    order = numbered("1")
    assert (order.lines[0].received, order.refunded.amount, order.refund_due.amount) == (5, 1000, 0)
    assert order.status.returned == "returned"
    rest, other = numbered("C3"), numbered("C4")
    assert (rest.lines[0].quantity, rest.refunded.amount, rest.due.amount) == (1, 200, 0)
    assert (other.refunded.amount, other.status.returned, other.status.order) == (900, "returned", "completed")
    assert sums_here() == (1000, 1200 + 900)
    assert unbalanced() == []


def test_reading_it_again_changes_nothing(shop: Shop) -> None:
    text = "1,A,Cup,5,2010-12-01,2.00,77,France\nC2,A,Cup,-2,2010-12-05,2.00,77,France\n"
    take(shop, text)
    before = (sums_here(), db.value("SELECT count(*) FROM order_line"), db.value("SELECT count(*) FROM order_case"))
    again = take(shop, text)
    assert (again.came, again.known) == (0, 2)
    assert before == (
        sums_here(), db.value("SELECT count(*) FROM order_line"), db.value("SELECT count(*) FROM order_case")
    )  # fmt: skip


def test_what_cannot_be_read_is_told_and_nothing_is_guessed(shop: Shop) -> None:
    mine = shop.order((shop.sell("cup", 1000), 1))
    found = take(
        shop,
        f"{mine.number},A,Cup,1,2010-12-01,2.00,77,France\n"
        "2,A,Cup,one,2010-12-01,2.00,77,France\n3,A,Cup,1,yesterday,2.00,77,France\n"
        "4,A,Cup,1,2010-12-01,2.005,77,France\n,A,Cup,1,2010-12-01,2.00,77,France\n"
        "5,A,,-3,2010-12-01,0.0,,France\n6,A,Cup,1,2010-12-01,1.00,NA,\n7,A,Cup,1.5,2010-12-01,1.00,,\n",
    )
    assert (found.came, found.refused, found.tally.empty) == (1, 6, 1)
    told = [
        (line, column, what) for line, column, _kind, what, _fix in first_remarks(shop.site, found.run, 9, "history")
    ]
    assert told == [
        ("2", "InvoiceNo", f"An order of this shop has the number {mine.number}."),
        ("3", "Quantity", "“one” is no number of pieces."),
        ("4", "InvoiceDate", "“yesterday” is no day that is known."),
        ("5", "UnitPrice", "“2.005” is not an amount in GBP."),
        ("6", "InvoiceNo", "The order has no number."),
        ("9", "Quantity", "“1.5” is no number of pieces."),
    ]
    with pytest.raises(CannotBeMapped):
        bring(shop, io.BytesIO(b"a,b\n1,2\n"))
    assert take(shop, f"{mine.number},A,Cup,1,2010-12-01,2.00,77,France\n", prefix="OLD-").came == 1
    assert list_orders(shop.site, OrderFilters(text=f"OLD-{mine.number}")).orders


def test_a_day_that_can_be_meant_in_two_ways_is_not_guessed(shop: Shop) -> None:
    """Nothing of the file is kept before somebody has said it."""
    text = "1,A,Cup,1,3/4/2011 8:26 PM,2.00,77,\n2,A,Cup,1,2011-04-05,2.00,77,\n"
    with pytest.raises(Unfit) as open_yet:
        take(shop, text)
    assert open_yet.value.errors == {"dates": "Say in which order day, month and year stand: the file leaves it open."}
    with pytest.raises(Unfit) as wrong:
        take(shop, text, dates="ymd")
    assert wrong.value.errors == {"dates": "The file has days that cannot be meant so: line 2: “3/4/2011 8:26 PM”."}
    assert db.rows("SELECT file FROM import_run") == []
    assert take(shop, text, dates="dmy").came == 2
    assert [f"{numbered(number).placed_at:%Y-%m-%d %H:%M}" for number in "12"] == [
        "2011-04-03 20:26",
        "2011-04-05 00:00",
    ]


def test_a_row_that_settles_it_settles_it_for_the_whole_file(shop: Shop) -> None:
    take(shop, "1,A,Cup,1,3.4.2011,2.00,77,\n2,A,Cup,1,13.4.2011,2.00,77,\n3,A,Cup,1,soon,2.00,77,\n")
    assert [f"{numbered(number).placed_at:%m-%d}" for number in "12"] == ["04-03", "04-13"]
    with pytest.raises(Unfit) as both:
        take(shop, "4,A,Cup,1,4.13.2011,2.00,77,\n5,A,Cup,1,13.4.2011,2.00,77,\n", dates="mdy")
    assert "line 3: “13.4.2011”" in both.value.errors["dates"]


def test_an_order_comes_in_whole_or_not_at_all(shop: Shop) -> None:
    """One row that cannot be read would make its sum another one."""
    found = take(shop, "1,A,Cup,1,2010-12-01,2.00,77,\n2,A,Cup,1,2010-12-01,2.00,77,\n1,B,Pot,x,2010-12-01,3.00,77,\n")
    assert (found.came, found.refused) == (1, 1)
    assert db.rows("SELECT number, total FROM orders") == [("2", 200)]


def _rows_of(path: Path, most: int | None = None) -> Rows:
    with gzip.open(path, "rt", newline="") as stream:
        return [row for place, row in enumerate(csv.DictReader(stream)) if most is None or place < most]


def _as_first_published(row: dict[str, str]) -> dict[str, str]:
    """With its day as the list was first given out: 12/1/2010 8:26."""
    day = datetime.fromisoformat(row["InvoiceDate"])
    return {**row, "InvoiceDate": f"{day.month}/{day.day}/{day.year} {day.hour}:{day.minute:02}"}


def _check(shop: Shop, rows: Rows, **more: Any) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    found = bring(shop, io.BytesIO(text.getvalue().encode()), **more)
    sold, back = sums_of(rows)
    assert (found.tally.sold["GBP"], found.tally.credited["GBP"], found.refused) == (sold, back, 0)
    assert sums_here() == (sold, back)
    totals: dict[str, int] = defaultdict(int)
    for row in rows:
        totals[row["InvoiceNo"]] += pence(row)
    here = dict(db.rows("SELECT number, total FROM orders WHERE number NOT LIKE 'C%' AND number NOT LIKE '%-C'"))
    assert here == {number: total for number, total in totals.items() if number in here}
    assert sum(here.values()) == sold
    assert unbalanced() == []


def test_the_sums_are_those_of_a_real_file(shop: Shop, shared_data: Callable[[str], Path]) -> None:
    """The first 600 rows of Online Retail: CC0, Dr Daqing Chen."""
    rows = _rows_of(shared_data("online-retail/onlineretail_2010-12_2011-02.csv.gz"), 600)
    _check(shop, [_as_first_published(row) for row in rows], dates="mdy")
    first = {row["InvoiceNo"]: row["InvoiceDate"] for row in reversed(rows)}
    assert {number: f"{numbered(number).placed_at:%Y-%m-%d %H:%M:%S}" for number in ("536365", "536398")} == {
        number: first[number] for number in ("536365", "536398")
    }


@pytest.mark.slow
def test_the_sums_are_those_of_the_whole_file(shop: Shop, shared_data: Callable[[str], Path]) -> None:
    _check(shop, _rows_of(shared_data("online-retail/onlineretail_2010-12_2011-02.csv.gz")))


@pytest.mark.once
def test_a_longer_file_takes_no_more_memory(shop: Shop) -> None:
    def peak(count: int, first: int) -> int:
        text = "".join(f"{first + n // 3},A{n % 50},Cup,1,2010-12-01,2.00,77,France\n" for n in range(count))
        file = io.BytesIO((HEAD + text).encode())
        tracemalloc.start()
        bring(shop, file)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(30, 100_000)
    assert peak(450, 200_000) < 1.5 * peak(150, 300_000) + 100_000


def test_the_command_reads_a_packed_file(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "past.csv.gz"
    file.write_bytes(gzip.compress((HEAD + "1,A,Cup,5,2010-12-01,2.00,77,France\n,A,Cup,1,2010-12-01,2,7,\n").encode()))
    monkeypatch.setattr("core.cli.shop.boot", lambda: None)
    monkeypatch.setattr("core.cli.shop.the_site", lambda _host: shop.site)
    assert main(["import", "orders", str(file), "--site", "past.test"]) == 1
    said = capsys.readouterr().out
    assert "1 documents came in, 0 known, 1 left out." in said
    assert "sold: 10.00 GBP" in said
    remarks = installation().config.instance / "imports" / "past.csv.errors.csv"
    assert "The order has no number" in remarks.read_text("utf-8-sig")
    assert [path.name for path in tmp_path.iterdir() if "errors" in path.name] == []
    assert main(["import", "orders", str(file), "--site", "past.test", "--dry-run"]) == 1
    assert "0 documents would come in, 1 known, 1 left out." in capsys.readouterr().out
    assert main(["import", "nonsense", str(file), "--site", "past.test"]) == 2
