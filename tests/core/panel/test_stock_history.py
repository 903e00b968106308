"""The history of stock says of every move what it was, why, for what and by whom; the proof adds it all up."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest

from core.accounts.services import add_staff
from core.catalogue.services.stock import Move, apply_moves
from core.catalogue.services.stock_audit import differences
from core.catalogue.services.stock_counts import first_location
from core.hookspecs.site import Site
from core.imports.services.import_products import import_products
from core.imports.services.undo import undo_import
from core.kernel import db, jobs
from core.kernel.sites import state_of
from core.orders.services.cancel import cancel
from core.orders.services.payments import mark_paid
from core.orders.services.read import order_view
from core.orders.services.ship import ship
from core.testing.shop import Item
from tests.core.panel.conftest import TAGS, Panel, words


@pytest.fixture
def lamp(sell: Callable[..., Item]) -> Item:
    return sell("LAMP", 8900, stock=5, name="Lamp")


def table(answer: Any, last: bool = True) -> list[list[str]]:
    """The words of each row of the page's last table (else its first): when, SKU, what and why, by, where, pieces."""
    found = re.findall(r"<table.*?</table>", answer.get_data(as_text=True), flags=re.DOTALL)[-1 if last else 0]
    rows = re.findall(r"<tr>.*?</tr>", found, flags=re.DOTALL)
    return [
        [re.sub(r"\s+", " ", TAGS.sub(" ", cell)).strip() for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)]
        for row in rows
    ]


def history(panel: Panel, item: Item) -> list[tuple[str, str, str, str]]:
    """(what and why, by, on hand, promised) of each move, newest first.

    A phone has no column for its time: there it stands below what happened, the same as in the column.
    """
    rows = table(panel.get(f"/panel/stock/{item.variant_id}"))[1:]
    assert all(row[2].endswith(f" {row[0]}") for row in rows)
    return [(row[2].removesuffix(f" {row[0]}"), row[3], row[5], row[6]) for row in rows]


def test_each_piece_of_a_return_has_its_own_fate(
    panel: Panel, site: Site, lamp: Item, order: Callable[..., Any]
) -> None:
    placed = order(lamp, 3)
    mark_paid(state_of(site.id), placed.id, actor="staff:1")
    ship(site, placed.id, actor="staff:1")
    asked = panel.get(path := f"/panel/orders/{placed.number}/return").get_data(as_text=True)
    line = re.search(r'name="line-(\d+)"', asked)[1]  # type: ignore[index]  # the form is there
    case = panel.post(path, {"kind": "return", f"line-{line}": "3", "reason": "faulty", "key": "one"}).headers[
        "Location"
    ]
    panel.post(case, {"act": "receive", f"line-{line}": "3"})
    assert db.one("SELECT on_hand, damaged, quality FROM stock_level") == (5 - 3, 0, 3)
    offered = panel.get(case).get_data(as_text=True)
    fates = {"sellable": "1", "damaged": "1", "discarded": "0", "to_supplier": "1"}
    assert all(f'name="{fate}-{line}"' in offered for fate in fates)
    assert panel.post(case, {"act": "inspect", **{f"{fate}-{line}": n for fate, n in fates.items()}}).status_code == 303
    assert table(panel.get(case), last=False)[1][2:] == ["3", "1", "1", "–", "1"]

    # Five were there, three left, one came back onto the shelf and one is kept apart.
    assert db.one("SELECT on_hand, damaged, quality FROM stock_level") == (5 - 3 + 1, 1, 0)
    of = f"Order {placed.number} Does not work"
    assert [(what.replace(of, "…"), on_hand) for what, _who, on_hand, _promised in history(panel, lamp)[:4]] == [
        ("Sent to the supplier … Being looked at −1 Owner", ""),
        ("Looked at … Damaged +1 · Being looked at −1 Owner", ""),
        ("Looked at … Being looked at −1 Owner", "+1"),
        ("Came back … Being looked at +3 Owner", ""),
    ]
    proof = {row[0]: row[1:] for row in table(panel.get("/panel/stock/proof?now=1"))}
    assert proof["Came back"] == ["1", "0", "0", "0", "0", "3", "0", "0"]
    assert proof["Looked at"] == ["2", "1", "0", "0", "1", "−2", "0", "0"]
    assert proof["Sent to the supplier"] == ["1", "0", "0", "0", "0", "−1", "0", "0"]
    assert proof["All moves"][1:] == proof["All levels"][1:] == ["3", "0", "0", "1", "0", "0", "0"]
    assert differences() == []


def test_what_is_thrown_away_is_told_too(panel: Panel, site: Site, lamp: Item, order: Callable[..., Any]) -> None:
    from core.orders.services.case import inspect_case, receive_case, request_case

    placed = order(lamp, 2)
    ship(site, placed.id, actor="staff:1")
    line = order_view(placed.id).lines[0].id  # type: ignore[union-attr]  # it was just placed
    case = request_case(
        site, placed.id, kind="return", lines={line: 2}, reason="faulty", key="k", actor="staff:1", by_rules=False
    )
    receive_case(site, case, {line: 2}, actor="staff:1")
    inspect_case(site, case, {line: {"discarded": 2}}, actor="staff:1")
    (latest, *_) = history(panel, lamp)
    assert latest[0].startswith(f"Thrown away Order {placed.number} Does not work Being looked at −2")
    assert (db.one("SELECT on_hand, quality FROM stock_level"), differences()) == ((3, 0), [])


def test_every_move_says_why_and_by_whom(panel: Panel, site: Site, lamp: Item, order: Callable[..., Any]) -> None:
    placed = order(lamp, 2)
    cancel(site, placed.id, actor="shopper:7", reason="Mira asked for it by telephone")
    panel.post(f"/panel/stock/{lamp.variant_id}", {"delta": "-1", "reason": "Broken in the shop"})
    done = import_products(site, io.BytesIO(b"sku,name,price,stock\nLAMP,Lamp,89.00,9\n"))
    undo_import(site, done.id, "staff:1")
    jobs.run_due()
    order_ = f"Order {placed.number}"
    assert [(what.removesuffix(f" {who}"), who, *rest) for what, who, *rest in history(panel, lamp)[:5]] == [
        (f"Counted The import was undone · Import {done.id}", "Owner", "−5", ""),
        (f"Counted Import {done.id}", "The shop", "+5", ""),
        ("Corrected Broken in the shop", "Owner", "−1", ""),
        # What somebody wrote about an order is kept with the order, from where it can be taken away.
        (f"Given back by an order {order_} Cancelled", "The shopper", "", "−2"),
        (f"Promised to an order {order_}", "The shopper", "", "+2"),
    ]
    assert f'href="/panel/orders/{placed.number}"' in panel.get("/panel/stock").get_data(as_text=True)
    assert "Mira" not in str(db.rows("SELECT reason FROM stock_move"))
    assert all(who for _what, who, *_rest in history(panel, lamp))


def test_of_people_who_are_gone_only_what_they_were_is_left(panel: Panel, lamp: Item) -> None:
    gone = add_staff("gone@example.com", roles=[], actor="system").staff
    for actor, reference in ((f"staff:{gone.id}", "order:zero"), ("shopper:99", "cart:4"), ("staff:99", "order:")):
        with db.transaction():
            db.execute(
                "INSERT INTO stock_move (variant_id, location_id, kind, on_hand, allocated, held, reason, actor,"
                " reference, at) VALUES (?, (SELECT MIN(id) FROM location), 'adjust', 0, 0, 0, '', ?, ?, 0)",
                lamp.variant_id, actor, reference,
            )  # fmt: skip
    assert [(what, who) for what, who, *_ in history(panel, lamp)[:3]] == [
        ("Corrected order: Somebody of the staff", "Somebody of the staff"),
        ("Corrected A cart The shopper", "The shopper"),
        ("Corrected order:zero gone@example.com", "gone@example.com"),
    ]


def test_earlier_moves_are_a_page_further(panel: Panel, lamp: Item) -> None:
    place = first_location()
    one_more = Move(variant_id=lamp.variant_id, location_id=place, kind="adjust", on_hand=1, reason="One more")
    with db.transaction():
        apply_moves([one_more] * 30, "staff:1")
    answer = panel.get(f"/panel/stock/{lamp.variant_id}")
    assert len(table(answer)) == 1 + 30
    (further,) = re.findall(r'href="(/panel/stock/\d+\?before=\d+)#moves"', answer.get_data(as_text=True))
    assert [row[5] for row in table(panel.get(further))[1:]] == ["+5"]
    assert "Earlier moves" not in words(panel.get(further))
