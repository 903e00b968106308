"""Open orders of other channels: in once, to the cent, with stock, money and places; and out again where untouched."""

from __future__ import annotations

import gzip
import io
import resource
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import peewee
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.catalogue.services.stock_reserves import keep_for
from core.hookspecs.site import Site
from core.imports.models import ORDERS
from core.imports.services.mapping import CannotBeMapped
from core.imports.services.reports import Report, first_remarks, report
from core.imports.services.runs import NotNow
from core.kernel import db, i18n, jobs
from core.kernel.sites import state_of
from core.orders.services import channel_import, file_runs
from core.orders.services.channel_columns import check_columns, guess_columns
from core.orders.services.channel_sums import Parts, Sums, Wrong, added_up
from core.orders.services.channel_undo import orders_left, undo_import
from core.orders.services.file_runs import Terms, carry_on, for_good, open_file, rehearse
from core.orders.services.listing import OrderFilters, list_orders
from core.orders.services.notes import write
from core.orders.services.read import OrderView, order_view
from core.orders.services.ship import ship
from core.testing.shop import Item
from plugins.documents.models import INVOICE
from plugins.documents.services import issuing
from tests.core.checkout.books import unbalanced

HEAD = (
    "number,channel,placed,email,name,line1,city,postcode,country,sku,quantity,price,line_discount,discount,"
    "delivery,delivery_price,taxes,total,paid,payment\n"
)


def row(number: str = "A-1", **said: Any) -> str:
    """Two lamps at 89.00, 3.00 off, 4.90 delivery: 179.90 with 28.72 of 19 % within."""
    cells = {
        "number": number, "channel": "eBay", "placed": "2026-11-20 10:00", "email": "mira@example.com",
        "name": "Mira K.", "line1": "Lange Str. 1", "city": "Berlin", "postcode": "10115", "country": "Germany",
        "sku": "LAMP", "quantity": "2", "price": "89.00", "line_discount": "", "discount": "3.00",
        "delivery": "DHL", "delivery_price": "4.90", "taxes": "28.72", "total": "179.90", "paid": "yes",
        "payment": "eBay", **said,
    }  # fmt: skip
    return ",".join(cells.values()) + "\n"


def load(site: Site, file: str | Path, *, channel: str = "", trial: bool = False) -> Report:
    """The wizard as its page walks through it: opened, rehearsed, then for good unless it is a `trial`."""
    source = file if isinstance(file, Path) else io.BytesIO(file.encode())
    run = open_file(site, ORDERS, source, "orders.csv", "staff:1", Terms(channel=channel))
    rehearse(site, ORDERS, run)
    carry_on(run)
    if not trial:
        run = for_good(site, ORDERS, run, "staff:1")
        carry_on(run)
    return report(site, run, "orders")


def counts(found: Report) -> tuple[int, int, int]:
    """(came in, known or over, left out)."""
    return found.created, found.unchanged, found.refused


def said(site: Site, found: Report) -> str:
    return " ".join(" ".join(cells[1:4]) for cells in first_remarks(site, found.id, 50, "orders"))


def only(number: str = "A-1") -> OrderView:
    view = order_view(db.value("SELECT id FROM orders WHERE channel_number = ?", number))
    assert view is not None
    return view


@pytest.fixture
def lamp(sell: Callable[..., Item]) -> Item:
    """Five lamps in stock."""
    return sell("LAMP", 9900, stock=5, name="Dome lamp")


def free() -> int:
    return int(db.value("SELECT SUM(on_hand - allocated - held) FROM stock_level"))


# -- sums --------------------------------------------------------------------------------------------------------------


def parts(**said: Any) -> Parts:
    values: dict[str, Any] = {
        "units": [1000, 500], "subtotals": [2000, 500], "off": [0, 0], "taxes": [None, None], "rates": [None, None],
        "taxable": [True, True], "discount": 0, "delivery": 490, "delivery_tax": None, "all_taxes": None,
        "rate": None, "included": None,
    }  # fmt: skip
    return Parts(**{**values, **said})


@pytest.mark.once
def test_the_total_tells_whether_prices_hold_the_taxes() -> None:
    inside = added_up(parts(all_taxes=499), 2990, included_here=False)
    on_top = added_up(parts(all_taxes=598), 3588, included_here=True)
    assert isinstance(inside, Sums)
    assert isinstance(on_top, Sums)
    assert (inside.included, on_top.included) == (True, False)
    # 4.99 over 20.00, 5.00 and 4.90 of 29.90: 3.338, 0.834 and 0.818.
    assert ([line.tax for line in inside.lines], inside.delivery_tax) == ([334, 83], 82)
    assert ([line.total for line in on_top.lines], on_top.delivery_total) == ([2400, 600], 588)
    assert {line.rate for line in on_top.lines} == {2000}


@pytest.mark.once
def test_a_cent_is_never_rounded_away() -> None:
    wrong = added_up(parts(), 2991, included_here=True)
    assert isinstance(wrong, Wrong)
    assert wrong.parts == 2990
    assert isinstance(added_up(parts(included=False, all_taxes=100), 2990, included_here=True), Wrong)


@pytest.mark.once
def test_what_goods_cannot_bear_comes_off_the_delivery() -> None:
    found = added_up(parts(discount=2700), 290, included_here=True)
    assert isinstance(found, Sums)
    assert ([line.total for line in found.lines], found.delivery_off, found.delivery_total) == ([0, 0], 200, 290)
    assert isinstance(added_up(parts(discount=3000), 0, included_here=True), Wrong)


@pytest.mark.once
@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 9)), min_size=1, max_size=6),
    st.integers(0, 10**6), st.integers(0, 10**4), st.integers(0, 10**5), st.booleans(),
)  # fmt: skip
def test_parts_are_the_total_whatever_is_given(
    goods: list[tuple[int, int]], discount: int, delivery: int, taxes: int, included: bool
) -> None:
    subtotals = [unit * pieces for unit, pieces in goods]
    discount = min(discount, sum(subtotals) + delivery)
    bare = sum(subtotals) + delivery - discount
    taxes = min(taxes, bare)
    found = added_up(
        parts(
            units=[unit for unit, _n in goods], subtotals=subtotals, off=[0] * len(goods), taxes=[None] * len(goods),
            rates=[None] * len(goods), taxable=[True] * len(goods), discount=discount, delivery=delivery,
            all_taxes=taxes, included=included,
        ),
        bare if included else bare + taxes, included_here=True,
    )  # fmt: skip
    assert isinstance(found, Sums)
    assert sum(line.total for line in found.lines) + found.delivery_total == found.total
    assert sum(line.share for line in found.lines) + found.delivery_off == discount
    assert found.tax == taxes
    assert all(0 <= line.share <= line.subtotal for line in found.lines)


# -- columns -----------------------------------------------------------------------------------------------------------

SHOPIFY = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Currency,Subtotal,Shipping,Taxes,Total,"
    "Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,Lineitem price,"
    "Lineitem sku,Lineitem taxable,Billing Name,Billing Address1,Billing City,Billing Zip,Billing Country,"
    "Shipping Name,Shipping Address1,Shipping City,Shipping Zip,Shipping Country,Shipping Phone,Notes,"
    "Payment Method,Tax 1 Name,Tax 1 Value,Phone,Source\n"
)
WOO = (
    "order_id,order_number,order_date,status,shipping_total,shipping_tax_total,tax_total,discount_total,order_total,"
    "order_currency,payment_method,shipping_method,billing_email,billing_first_name,billing_last_name,"
    "billing_address_1,billing_city,billing_postcode,billing_country,shipping_first_name,shipping_last_name,"
    "shipping_address_1,shipping_city,shipping_postcode,shipping_country,item_sku,item_name,item_quantity,"
    "item_subtotal,item_total_tax\n"
)


@pytest.mark.once
def test_columns_of_other_systems_are_known_by_their_names() -> None:
    shopify = guess_columns(SHOPIFY.strip().split(","))
    assert (shopify["Name"], shopify["Shipping Name"], shopify["Billing Name"]) == ("number", "name", "billing_name")
    assert (shopify["Fulfillment Status"], shopify["Tax 1 Name"], shopify["Source"]) == ("state", "tax_name", "")
    woo = guess_columns(WOO.strip().split(","))
    assert (woo["item_subtotal"], woo["shipping_first_name"], woo["discount_total"]) == (
        "line_total", "first_name", "discount",
    )  # fmt: skip
    chinese = guess_columns(["订单号", "货号", "数量", "单价", "合计", "收货人", "地址"])
    assert list(chinese.values()) == ["number", "sku", "quantity", "price", "total", "name", "line1"]
    for mapping in (shopify, woo, chinese):
        check_columns(mapping)
    with pytest.raises(CannotBeMapped, match="total"):
        check_columns({"a": "number", "b": "sku", "c": "quantity", "d": "price"})
    with i18n.speaking("zh-CN"), pytest.raises(CannotBeMapped) as refused:
        check_columns({"a": "number", "b": "price", "c": "total"})
    assert refused.value.params["columns"] == "sku、quantity", "joined as the reader's language does"


# -- coming in ---------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("lamp")
def test_an_open_order_comes_in_with_stock_money_and_place(site: Site) -> None:
    found = load(site, HEAD + row())
    assert counts(found) == (1, 0, 0)
    order = only()
    assert (order.channel, order.channel_number, order.email) == ("eBay", "A-1", "mira@example.com")
    assert (order.total.amount, order.captured.amount, order.due.amount) == (17990, 17990, 0)
    assert (order.subtotal.amount, order.discount.amount, order.delivery.amount) == (17800, 300, 490)
    # 28.72 over 175.00 and 4.90 of 179.90, rounded as whole cents.
    assert [(tax.rate, tax.amount.amount) for tax in order.taxes] == [(1900, 2872)]
    assert (order.status.payment, order.status.fulfilment) == ("paid", "unfulfilled")
    assert order.address is not None
    assert (order.address.country, order.address.city, order.delivery_title) == ("DE", "Berlin", "DHL")
    assert free() == 3
    assert order.placed_at.isoformat().startswith("2026-11-20T")
    assert unbalanced() == []
    ship(site, order.id, actor="staff:1")
    assert unbalanced() == []


@pytest.mark.usefixtures("lamp")
def test_the_same_file_once_more_changes_nothing(site: Site, tmp_path: Path) -> None:
    text = HEAD + row() + row("A-2", channel="Amazon", paid="no")
    assert counts(load(site, text)) == (2, 0, 0)
    assert counts(load(site, text + row("A-1", channel="Etsy", quantity="1", price="178"))) == (1, 2, 0)
    assert free() == 0
    assert only("A-2").due.amount == 17990
    assert unbalanced() == []
    packed = tmp_path / "orders.csv.gz"
    packed.write_bytes(gzip.compress((HEAD + row()).encode()))
    assert counts(load(site, packed)) == (0, 1, 0)


@pytest.mark.usefixtures("lamp")
def test_more_than_there_is_stays_out_and_comes_in_later(site: Site, lamp: Item) -> None:
    text = HEAD + row("A-1") + row("A-2") + row("A-3")
    rehearsal = load(site, text, trial=True)
    assert counts(rehearsal) == (2, 0, 1)
    assert free() == 5
    assert db.value("SELECT COUNT(*) FROM orders") == 0
    found = load(site, text)
    assert counts(found) == (2, 0, 1)
    assert "LAMP: 2 are needed, 1 can be had." in said(site, found)
    assert free() == 1
    with db.transaction():
        db.execute("UPDATE stock_level SET backorder_limit = 5 WHERE variant_id = ?", lamp.variant_id)
    assert counts(load(site, text)) == (1, 2, 0)
    assert unbalanced() == []


WRONG: list[tuple[dict[str, str], str]] = [
    ({"sku": "NOPE"}, "No variant has the SKU “NOPE”."),
    ({"country": "Atlantis"}, "“Atlantis” is no country that is known."),
    ({"quantity": "1.5"}, "“1.5” is no number of pieces."),
    ({"price": "-1"}, "“-1” is not an amount in EUR."),
    ({"channel": ""}, "Nothing says where this order was placed."),
    ({"paid": "perhaps"}, "“perhaps” does not say whether it is paid."),
    ({"paid": "500"}, "More was paid than the order costs."),
    ({"name": "", "line1": "", "city": "", "postcode": "", "country": ""}, "There is no address to deliver to."),
    ({"sku": '"=cmd()"'}, "This cell would calculate in a spreadsheet."),
    ({"total": "179.91"}, "The parts of the order are €179.90, its total is €179.91: €0.01 differ."),
]


@pytest.mark.usefixtures("lamp")
def test_what_cannot_be_used_is_told_and_the_others_come_in(site: Site) -> None:
    found = load(site, HEAD + "".join(row(f"W-{n}", **cells) for n, (cells, _why) in enumerate(WRONG)) + row("A-2"))
    assert counts(found) == (1, 0, len(WRONG))
    told = said(site, found)
    assert [why for _cells, why in WRONG if why not in told] == []
    assert unbalanced() == []


@pytest.mark.usefixtures("lamp")
def test_orders_of_shopify_come_in_over_several_rows(site: Site, sell: Callable[..., Item]) -> None:
    sell("CUP", 1250, stock=9, name="Cup")
    first = (
        "#1001,ada@example.com,paid,2026-11-20 11:00:00 +0100,unfulfilled,,EUR,25.00,4.90,4.77,29.90,TEN,2.50,"
        "Standard,2026-11-20 10:58:00 +0100,1,Cup,12.50,CUP,true,Ada Wong,Ring 1,Wien,1010,AT,Ada Wong,Ring 1,Wien,"
        "1010,AT,,Ring twice,PayPal,MwSt. 19%,4.77,,web\n"
    )
    second = "#1001,ada@example.com,,,,,,,,,,,,,,1,Lamp,15.00,LAMP,true,,,,,,,,,,,,,,,,,\n"
    done = "#1000,bob@example.com,paid,,fulfilled,,EUR,1,0,0,1,,,,,1,Cup,1,CUP,,,,,,,,,,,,,,,,,,\n"
    found = load(site, SHOPIFY + done + first + second, channel="Old shop")
    assert counts(found) == (1, 1, 0)
    assert "This order is not open (fulfilled)" in said(site, found)
    order = only("#1001")
    assert [(line.sku, line.discount.amount) for line in order.lines] == [("CUP", 114), ("LAMP", 136)]
    assert (order.total.amount, order.prices_include_tax, order.note) == (2990, True, "Ring twice")
    assert [(tax.name, tax.rate, tax.amount.amount) for tax in order.taxes] == [("MwSt. 19%", 1900, 477)]
    assert order.placed_at.isoformat() == "2026-11-20T09:58:00+00:00"
    assert (order.billing, order.payment_title) == (None, "PayPal")
    assert unbalanced() == []


@pytest.mark.usefixtures("lamp")
def test_orders_like_woocommerce_with_taxes_on_top(site: Site) -> None:
    line = (
        "77,W-77,2026-11-20 10:00,processing,5.00,0.95,,10.00,208.25,EUR,bacs,Flat rate,ada@example.com,Ada,Wong,"
        "High St 1,London,SW1A 1AA,GB,Bo,Li,Ring 1,Wien,1010,AT,LAMP,Dome lamp,2,180.00,32.30\n"
    )
    found = load(site, WOO.replace("order_id,", "id_there,") + line, channel="Woo")
    assert counts(found) == (1, 0, 0), said(site, found)
    order = only("W-77")
    assert order.address is not None
    assert order.billing is not None
    assert (order.address.name, order.billing.name, order.billing.country) == ("Bo Li", "Ada Wong", "GB")
    # 180.00 - 10.00 + 5.00, and 32.30 + 0.95 on top.
    assert (order.prices_include_tax, order.total.amount, order.tax.amount) == (False, 20825, 3325)
    assert sorted((tax.rate, tax.amount.amount) for tax in order.taxes) == [(1900, 3325)]
    assert unbalanced() == []


# -- in the lists, and out again ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("lamp")
def test_lists_are_narrowed_to_a_channel_and_find_its_numbers(site: Site) -> None:
    load(site, HEAD + row() + row("B-9", channel="Amazon"))
    found = list_orders(site, OrderFilters(channel="Amazon")).orders
    assert [(one.channel, one.channel_number) for one in found] == [("Amazon", "B-9")]
    assert [one.channel for one in list_orders(site, OrderFilters(text="a-1")).orders] == ["eBay"]


@pytest.mark.usefixtures("lamp")
def test_an_import_is_undone_where_nothing_has_happened_since(site: Site) -> None:
    text = HEAD + row() + row("A-2") + row("A-3", quantity="1", price="178.00")
    found = load(site, text)
    ship(site, only("A-2").id, actor="staff:1")
    write(site, only("A-3").id, "Call first", actor="staff:1")
    untouched = only().id
    undo_import(site, found.id, "staff:1")
    jobs.run_due()
    after = report(site, found.id, "orders")
    assert (after.state, after.undone, after.kept) == ("undone", 1, 2)
    assert [left[:2] for left in orders_left(site, found.id, 9)] == [(3, "A-2"), (4, "A-3")]
    gone = order_view(untouched)
    assert gone is not None
    assert (gone.status.order, gone.refund_due.amount, gone.due.amount) == ("cancelled", 0, 0)
    assert free() == 2
    assert unbalanced() == []
    assert counts(load(site, text)) == (1, 2, 0)
    assert unbalanced() == []


@pytest.mark.usefixtures("lamp")
def test_an_order_with_an_invoice_is_left(site: Site, turn_on: Callable[..., None]) -> None:
    turn_on("documents", company="Lamp & Sons")
    found = load(site, HEAD + row() + row("A-2"))
    issuing.issue(site, only("A-2").id, INVOICE, actor="staff:1")
    undo_import(site, found.id, "staff:1")
    jobs.run_due()
    after = report(site, found.id, "orders")
    assert (after.undone, after.kept) == (1, 1)
    assert [left[:2] for left in orders_left(site, found.id, 9)] == [(3, "A-2")]


@pytest.mark.usefixtures("lamp")
def test_a_killed_import_goes_on_behind_its_last_batch(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_runs, "BATCH", 1)
    run = open_file(site, ORDERS, io.BytesIO((HEAD + row() + row("A-2")).encode()), "o.csv", "staff:1")
    with pytest.raises(NotNow):
        for_good(site, ORDERS, run, "staff:1")
    rehearse(site, ORDERS, run)
    carry_on(run)
    run = for_good(site, ORDERS, run, "staff:1")

    def killed(done: int, _total: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        carry_on(run, killed)
    carry_on(run)
    found = report(site, run, "orders")
    assert (counts(found), found.resumed, found.state) == ((2, 0, 0), 1, "done")
    assert free() == 1
    assert unbalanced() == []


@pytest.mark.usefixtures("lamp")
def test_an_import_that_forgets_to_look_is_stopped_by_the_database(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug: nothing is looked up, so every order of the file seems new."""
    load(site, HEAD + row())
    begin = channel_import._begin

    def blind(where: Site, batch: Any, shown: Any) -> Any:
        return begin(where, batch, shown)[0], [one.order for one in batch if one.order]

    monkeypatch.setattr(channel_import, "_begin", blind)
    with pytest.raises(peewee.IntegrityError):
        load(site, HEAD + row())
    assert db.value("SELECT COUNT(*) FROM orders") == 1
    assert free() == 3
    assert unbalanced() == []


def test_an_order_of_another_site_is_another_one(site: Site, other_site: Site, sell: Callable[..., Item]) -> None:
    sell("LAMP", 9900, stock=9)
    text = HEAD + row(taxes="", discount="", delivery_price="", total="178")
    assert counts(load(site, text)) == (1, 0, 0)
    assert counts(load(other_site, text)) == (1, 0, 0)
    assert state_of(other_site.id).site.currency == "CNY"


def test_what_is_kept_for_a_channel_is_there_for_its_orders_alone(site: Site, sell: Callable[..., Item]) -> None:
    lamp = sell("LAMP", 9900, stock=5)
    keep_for(site, "eBay", lamp.variant_id, 4, "staff:1")
    text = HEAD + row() + row("A-2") + row("B-1", channel="Etsy")
    rehearsed = load(site, text, trial=True)
    assert counts(rehearsed) == (2, 0, 1)
    assert "LAMP: 2 are needed, 1 can be had." in said(site, rehearsed)
    found = load(site, text)
    assert (counts(found), free()) == ((2, 0, 1), 1)
    assert "LAMP: 2 are needed, 1 can be had." in said(site, found)
    assert unbalanced() == []


# -- many --------------------------------------------------------------------------------------------------------------


def many(rows: int, name: str) -> str:
    """Orders of four rows each, that stand apart in the file; the last row of each is about no known SKU."""
    orders = range(rows // 4)
    plain = {"quantity": "1", "price": "10.00", "discount": "", "delivery_price": "", "taxes": "", "total": "30.00"}
    lines = [row(f"{name}{n}", **plain) for _turn in range(3) for n in orders]
    return HEAD + "".join(lines) + "".join(row(f"{name}-{n}", **plain, sku="NOPE") for n in orders)


def peak(site: Site, rows: int, name: str, *, trial: bool) -> int:
    """The most memory that this many rows take, in bytes."""
    text = many(rows, name)
    tracemalloc.start()
    try:
        found = load(site, text, trial=trial)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (found.created, found.refused) == (rows // 4, rows // 4)
    return most - 3 * len(text)  # the test's own copies of the file


def test_a_longer_file_takes_no_more_memory(site: Site, sell: Callable[..., Item]) -> None:
    sell("LAMP", 9900)
    peak(site, 8, "warm", trial=True)
    assert peak(site, 240, "long", trial=True) < 1.5 * peak(site, 80, "short", trial=True) + 100_000


@pytest.mark.slow
def test_a_hundred_thousand_rows_take_no_more_memory(site: Site, sell: Callable[..., Item], tmp_path: Path) -> None:
    """Of the whole process, as the machine sees it: 100,000 rows are rehearsed, 8,000 come in."""
    sell("LAMP", 9900)

    def most_kb(rows: int, name: str, *, trial: bool) -> int:
        file = tmp_path / f"{name}.csv"
        with file.open("w") as stream:
            stream.write(HEAD)
            for n in range(0, rows, 400):
                stream.write(many(400, f"{name}{n}.").removeprefix(HEAD))
        assert load(site, file, trial=trial).created == rows // 4
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    few = most_kb(4_000, "few", trial=False)
    assert most_kb(100_000, "seen", trial=True) < few + 30_000
    assert most_kb(8_000, "in", trial=False) < few + 30_000
    assert unbalanced() == []
