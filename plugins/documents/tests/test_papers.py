"""What stands on the papers, in both languages, and that they are PDF which can be read."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from core.api import (
    AddCharge,
    Address,
    SetQuantity,
    Site,
    add_location,
    adjust_stock,
    change_order,
    execute,
    order_view,
    ship_order,
    state_of,
    stock_locations,
    transaction,
    unship_order,
    value,
)
from plugins.documents.models import CREDIT_NOTE, INVOICE
from plugins.documents.services import drawing, reading
from plugins.documents.services.drawing import CHINESE_FONTS, FontMissing, draw, face_for
from plugins.documents.services.issuing import issue
from plugins.documents.services.paper import issued_paper, names_of, packing_slip, packing_slips, pick_lists

CHINESE = next((path for path in CHINESE_FONTS if Path(path).is_file()), "")


@pytest.fixture
def content(site: Site, lamp: Any, order: Any) -> Any:
    return reading.content_of(site, issue(site, order(lamp, 3).id, INVOICE, actor="system"))


def words(pdf: bytes) -> str:
    """The text of an uncompressed PDF in a typeface that every reader has."""
    found = re.findall(rb"\(((?:[^()\\]|\\.)*)\) Tj", pdf)
    return "\n".join(re.sub(rb"\\(.)", rb"\1", text).decode("cp1252") for text in found)


def test_an_invoice_in_english(content: Any) -> None:
    paper = issued_paper(content, "en")
    text = words(draw([paper], compressed=False))
    for said in ("Invoice", "INV-00001", "Lamp & Sons", "Mira K.", "Lange Str. 1", "Lamp", "€89.99", "€269.97", "19 %"):
        assert said in text, said
    assert {label: value for label, value, _total in paper.sums} == {
        "Total": "€269.97", "Without tax": "€226.87", "MwSt 19 %": "€43.10",
    }  # fmt: skip


def test_an_invoice_in_chinese(content: Any) -> None:
    paper = issued_paper(content, "zh-CN")
    assert (paper.title, paper.columns[0].title) == ("发票", "商品")
    assert [label for label, _value, _total in paper.sums] == ["合计", "不含税", "MwSt 19 %"]


def test_what_is_written_from_right_to_left_comes_on_paper_in_english(content: Any, speak: Any) -> None:
    speak("arabic", "ar")
    speak("german", "de")
    assert issued_paper(content, "de").title == "Rechnung"
    paper = issued_paper(content, "ar")
    assert (paper.title, paper.columns[0].title) == ("Invoice", "Item")


@pytest.mark.skipif(not CHINESE, reason="fonts-noto-cjk is not installed")
def test_chinese_letters_are_embedded(content: Any) -> None:
    pdf = draw([issued_paper(content, "zh-CN")], compressed=False)
    assert pdf.startswith(b"%PDF-1.")
    assert b"NotoSansCJK" in pdf
    for letter in "发票合计":
        assert f"<{ord(letter):04X}>".encode() in pdf


def test_latin_papers_need_no_font_and_chinese_ones_say_what_they_need(
    content: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "CHINESE_FONTS", ())
    monkeypatch.setattr(drawing, "WIDE_FONTS", ())
    assert draw([issued_paper(content, "en")]).startswith(b"%PDF-1.")
    with pytest.raises(FontMissing, match="fonts-noto-cjk"):
        draw([issued_paper(content, "zh-CN")])
    with pytest.raises(FontMissing, match=r"/nowhere\.ttf"):
        draw([issued_paper(content, "en")], font="/nowhere.ttf")


def test_a_font_file_that_is_none_is_refused_in_words(content: Any, tmp_path: Path) -> None:
    (tmp_path / "font.ttf").write_bytes(b"no font")
    with pytest.raises(FontMissing, match=r"font\.ttf"):
        draw([issued_paper(content, "en")], font=str(tmp_path / "font.ttf"))


def test_the_euro_is_latin_enough(content: Any) -> None:
    assert face_for([issued_paper(content, "en")]).path == ""


def test_the_same_document_is_the_same_bytes(content: Any) -> None:
    assert draw([issued_paper(content, "en")]) == draw([issued_paper(content, "en")])


def test_the_shop_may_change_and_the_paper_does_not(site: Site, content: Any, set_up: Any) -> None:
    before = draw([issued_paper(content, "en")])
    set_up(company="Somebody else", tax_id="1")
    assert draw([issued_paper(reading.contents_of(site, 1)[0], "en")]) == before


def test_offers_and_prices_without_tax_are_summed_as_people_check_them(content: Any) -> None:
    part = {**content["parts"][0], "unit": 1000, "subtotal": 3000, "discount": 500, "amount": 2975}
    part["offers"] = [{"title": "Summer", "amount": 500}]
    part["taxes"] = [{"name": "VAT", "rate": 1900, "amount": 475}]
    net = {**content, "prices_include_tax": False, "parts": [part], "total": 2975}
    assert issued_paper(net, "en").sums == (
        ("Subtotal", "€30.00", False), ("Summer", "-€5.00", False), ("VAT 19 %", "€4.75", False),
        ("Total", "€29.75", True),
    )  # fmt: skip


@pytest.fixture
def reduced(lamp: Any, order: Any) -> int:
    """Three lamps of 89.99 less 10.00 by the summer and 0.40 by a code without a title: 259.57."""
    order_id: int = order(lamp, 3).id
    with transaction():
        execute("UPDATE order_line SET discount = 1040, tax = 4144, total = 25957 WHERE order_id = ?", order_id)
        execute("UPDATE order_tax SET amount = 4144 WHERE order_id = ?", order_id)
        line_id = value("SELECT id FROM order_line WHERE order_id = ?", order_id)
        for position, (title, code, amount) in enumerate((("Summer", "", 1000), ("", "MIRA", 40))):
            execute(
                "INSERT INTO order_adjustment (order_id, position, plugin, rule, title, code, target, amount, shares)"
                " VALUES (?, ?, 'coupons', 'x', ?, ?, 'lines', ?, ?)",
                order_id, position, title, code, amount, f'{{"{line_id}": {amount}}}',
            )  # fmt: skip
    return order_id


def sums_of(site: Site, order_id: int, kind: str, language: str = "en") -> dict[str, str]:
    content = reading.content_of(site, issue(site, order_id, kind, actor="system"))
    return {label: text for label, text, _total in issued_paper(content, language).sums}


def cancel_pieces(order_id: int, gone: int) -> None:
    with transaction():
        execute("UPDATE order_line SET cancelled = ?, allocated = 3 - ? WHERE order_id = ?", gone, gone, order_id)


def test_each_offer_stands_on_the_invoice_by_its_title_and_on_the_credit_note_with_its_share(
    site: Site, reduced: int
) -> None:
    said = sums_of(site, reduced, INVOICE)
    assert list(said.items())[:4] == [
        ("Subtotal", "€269.97"), ("Summer", "-€10.00"), ("MIRA", "-€0.40"), ("Total", "€259.57"),
    ]  # fmt: skip
    # A piece goes: 86.52 of 259.57, and of 10.40 what 89.99 is more than that: 3.47.
    cancel_pieces(reduced, 1)
    said = sums_of(site, reduced, CREDIT_NOTE)
    assert list(said.items())[:4] == [
        ("Subtotal", "€89.99"), ("Summer", "-€3.33"), ("MIRA", "-€0.14"), ("Total given back", "€86.52"),
    ]  # fmt: skip
    cancel_pieces(reduced, 3)
    said = sums_of(site, reduced, CREDIT_NOTE)
    assert list(said.items())[:4] == [
        ("Subtotal", "€179.98"), ("Summer", "-€6.67"), ("MIRA", "-€0.26"), ("Total given back", "€173.05"),
    ]  # fmt: skip


def test_an_order_of_long_ago_names_no_offers_and_a_fee_is_named_as_one(site: Site, reduced: int) -> None:
    with transaction():
        execute("UPDATE order_adjustment SET title = '', code = '' WHERE order_id = ?", reduced)
    content = reading.content_of(site, issue(site, reduced, INVOICE, actor="system"))
    assert ("Offers", "-€10.40", False) in issued_paper(content, "en").sums
    assert content["total"] == 3 * 8999 - 1040
    fees = [AddCharge(charge="fee", amount=500), AddCharge(charge="fee", amount=200, reason="Gift wrap")]
    change_order(state_of(site.id), reduced, fees, key="f", actor="staff:1")
    paper = issued_paper(reading.content_of(site, issue(site, reduced, INVOICE, actor="system")), "en")
    assert [(row[0], row[-1]) for row in paper.rows] == [("Fee", "€5.00"), ("Gift wrap", "€2.00")]


def test_a_credit_note_to_an_invoice_that_named_no_offers_names_none_either(site: Site, reduced: int) -> None:
    number = issue(site, reduced, INVOICE, actor="system")
    content = reading.content_of(site, number)
    del content["parts"][0]["offers"]
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    with transaction():
        execute(
            "UPDATE documents_document SET content = ?, sha256 = ? WHERE id = ?",
            text, hashlib.sha256(text.encode()).hexdigest(), number,
        )  # fmt: skip
    assert ("Offers", "-€10.40", False) in issued_paper(reading.content_of(site, number), "en").sums
    cancel_pieces(reduced, 1)
    said = sums_of(site, reduced, CREDIT_NOTE)
    assert list(said.items())[:3] == [("Subtotal", "€89.99"), ("Offers", "-€3.47"), ("Total given back", "€86.52")]


def test_a_credit_note_names_its_invoice(site: Site, lamp: Any, order: Any) -> None:
    from core.api import cancel_order

    placed = order(lamp)
    issue(site, placed.id, INVOICE, actor="system")
    cancel_order(site, placed.id, actor="system", reason="test")
    note = reading.content_of(site, issue(site, placed.id, CREDIT_NOTE, actor="system"))
    paper = issued_paper(note, "en")
    assert ("Belongs to", "INV-00001") in paper.facts
    assert ("Total given back", "€89.99", True) in paper.sums


def test_what_is_granted_stands_in_a_credit_note_as_one_of_so_much(site: Site, lamp: Any, order: Any) -> None:
    placed = order(lamp)
    issue(site, placed.id, INVOICE, actor="system")
    charge = AddCharge(charge="goodwill", amount=500)
    change_order(state_of(site.id), placed.id, [charge], key="g", actor="staff:1")
    note = reading.content_of(site, issue(site, placed.id, CREDIT_NOTE, actor="system"))
    (row,) = issued_paper(note, "en").rows
    assert (row[1], row[2], row[-1]) == ("1", "€5.00", "€5.00")


def test_a_hundred_lines_go_on_over_pages_with_their_head(content: Any) -> None:
    many = {**content, "parts": content["parts"] * 100}
    text = words(draw([issued_paper(many, "en")], compressed=False))
    assert text.count("Quantity") > 2
    pages = text.count("INV-00001 · Page")
    assert pages > 2
    assert all(f"INV-00001 · Page {page} of {pages}\n" in f"{text}\n" for page in range(1, pages + 1))


def test_each_of_several_papers_counts_its_own_pages(content: Any) -> None:
    long, short = {**content, "parts": content["parts"] * 40}, {**content, "code": "INV-00002"}
    text = words(draw([issued_paper(long, "en"), issued_paper(short, "en")], compressed=False))
    pages = text.count("INV-00001 · Page")
    assert pages > 1
    assert f"INV-00001 · Page {pages} of {pages}" in text
    assert "INV-00002 · Page 1 of 1" in text


def test_a_slip_says_once_how_it_is_delivered(site: Site, lamp: Any, order: Any) -> None:
    facts = dict(packing_slip(site, order_view(order(lamp).id, site=site)).facts)
    assert facts["Sent by"]
    assert "Delivery" not in facts


def test_slips_name_what_is_to_be_packed_and_no_price(site: Site, lamp: Any, order: Any) -> None:
    view = order_view(order(lamp, 3, note="Ring twice").id, site=site)
    text = words(draw([packing_slip(site, view)], compressed=False))
    for said in ("Packing slip", "LAMP", "Berlin", "Ring twice", "3"):
        assert said in text
    assert "€" not in text


def test_a_slip_says_which_parcel_did_not_leave(site: Site, lamp: Any, order: Any) -> None:
    placed = order(lamp, 3)
    line = order_view(placed.id, site=site).lines[0].id
    parcel = ship_order(site, placed.id, actor="staff:1", lines={line: 2}, tracking="T-1")
    unship_order(site, placed.id, parcel, actor="staff:1")
    view = order_view(placed.id, site=site)
    paper = packing_slip(site, view)
    assert paper.rows == (("Lamp", "LAMP", "3"),)
    (note,) = paper.notes
    assert "T-1" in note
    assert "did not leave" in note
    ship_order(site, placed.id, actor="staff:1")
    assert packing_slip(site, order_view(placed.id, site=site)).notes == (), "it is on its way now"


def test_an_order_for_two_addresses_has_a_slip_for_each_and_an_invoice_that_names_both(
    site: Site, lamp: Any, order: Any
) -> None:
    view = order_view(order(lamp, 3, away=2).id, site=site)
    slips = [words(draw([packing_slip(site, part)], compressed=False)) for part in view.by_place]
    assert ["Berlin" in slip for slip in slips] == [True, False]
    assert ["Paris" in slip for slip in slips] == [False, True]
    paper = issued_paper(reading.content_of(site, issue(site, view.id, INVOICE, actor="system")), "en")
    text = words(draw([paper], compressed=False))
    assert "75001 Paris" in text
    assert ("Total", "€269.97", True) in paper.sums


def test_each_line_of_an_invoice_says_to_whom_it_goes_where_that_can_be_asked(
    site: Site, lamp: Any, order: Any
) -> None:
    spread = reading.content_of(site, issue(site, order(lamp, 3, away=2).id, INVOICE, actor="system"))
    assert [row[:2] for row in issued_paper(spread, "en").rows] == [
        ("Lamp\nLAMP\nTo Mira K., Berlin", "1"), ("Lamp\nLAMP\nTo Oma, Paris", "2"),
    ]  # fmt: skip
    assert [row[0] for row in issued_paper(spread, "zh-CN").rows] == [
        "Lamp\nLAMP\n送往 Mira K., Berlin", "Lamp\nLAMP\n送往 Oma, Paris",
    ]  # fmt: skip
    assert "To Oma, Paris" in words(draw([issued_paper(spread, "en")], compressed=False))
    single = reading.content_of(site, issue(site, order(lamp, 3).id, INVOICE, actor="system"))
    assert [row[0] for row in issued_paper(single, "en").rows] == ["Lamp\nLAMP"]


def test_a_credit_note_says_for_whom_the_goods_were(site: Site, lamp: Any, order: Any) -> None:
    placed = order_view(order(lamp, 3, away=2).id, site=site)
    issue(site, placed.id, INVOICE, actor="system")
    gone = SetQuantity(line_id=placed.lines[1].id, quantity=0)
    change_order(state_of(site.id), placed.id, [gone], key="k", actor="staff:1")
    note = reading.content_of(site, issue(site, placed.id, CREDIT_NOTE, actor="system"))
    assert [row[:2] for row in issued_paper(note, "en").rows] == [("Lamp\nLAMP\nTo Oma, Paris", "2")]


@pytest.mark.once
def test_two_of_one_name_and_town_are_told_apart_by_their_street() -> None:
    def at(name: str, street: str) -> Address:
        return Address(name=name, lines=(street,), city="Berlin", postcode="10115", country="DE")

    assert names_of([at("Mira", "Am Tor 1"), at("Mira", "Am Tor 2"), at("Oma", "Am Tor 3"), None]) == [
        "Mira, Berlin, Am Tor 1", "Mira, Berlin, Am Tor 2", "Oma, Berlin", "",
    ]  # fmt: skip
    assert names_of([at("Mira", "Am Tor 1")]) == [""], "where all goes to one place nobody asks"


def test_a_place_to_which_nothing_goes_any_more_stands_on_no_paper(site: Site, lamp: Any, order: Any) -> None:
    placed = order_view(order(lamp, 3, away=2).id, site=site)
    gone = SetQuantity(line_id=placed.lines[1].id, quantity=0)
    change_order(state_of(site.id), placed.id, [gone], key="k", actor="staff:1")
    view = order_view(placed.id, site=site)
    assert [part.destinations[0].position for part in view.live] == [0]
    content = reading.content_of(site, issue(site, view.id, INVOICE, actor="system"))
    assert "75001 Paris" not in words(draw([issued_paper(content, "en")], compressed=False))


def test_each_slip_of_many_has_its_own_number_and_pages(site: Site, lamp: Any, order: Any) -> None:
    views = [order_view(order(lamp).id, site=site) for _ in range(2)]
    text = words(draw([packing_slip(site, view) for view in views], compressed=False))
    for view in views:
        assert text.count(f"{view.number} · Page 1 of 1") == 1
    assert "Page 0" not in text


def test_without_taxes_there_is_no_column_for_them(content: Any) -> None:
    free = {**content, "parts": [{**part, "taxes": []} for part in content["parts"]]}
    paper = issued_paper(free, "en")
    assert "Tax rate" not in [column.title for column in paper.columns]
    assert paper.rows == (("Lamp\nLAMP", "3", "€89.99", "€269.97"),)
    assert sum(column.share for column in paper.columns) == 100


def test_a_pick_list_sums_the_pieces_of_all_orders(site: Site, lamp: Any, order: Any) -> None:
    views = [order_view(order(lamp, count).id, site=site) for count in (1, 2)]
    (paper,) = pick_lists(site, views, "en")
    assert paper.rows == (("LAMP", "Lamp", f"{views[0].number}, {views[1].number} × 2", "3"),)
    assert ("Place", value("SELECT name FROM location")) in paper.facts
    assert pick_lists(site, views, "zh-CN")[0].title == "拣货单"


@pytest.fixture
def back_room() -> int:
    return add_location("b", "Back room", 9, "DE", "staff:1")


@pytest.fixture
def tray(lamp: Any, sell: Any, back_room: int) -> Any:
    """Two leaves, which lie at the first place, and a stand, which lies in the back room."""
    leaf, stand = sell("LEAF", 500, stock=9, name="Leaf"), sell("STAND", 500, stock=0, name="Stand")
    adjust_stock(stand.variant_id, back_room, 9, "", "staff:1")
    return sell("TRAY", 1500, name="Tray", kit={leaf: 2, stand: 1})


def test_each_place_has_papers_of_what_is_packed_there(
    site: Site, lamp: Any, order: Any, tray: Any, back_room: int
) -> None:
    view = order_view(order(tray, 3).id, site=site)
    first, back = packing_slips(site, view)
    assert first.rows == (("Leaf\nPart of Tray", "LEAF", "6"),)
    assert back.rows == (("Stand\nPart of Tray", "STAND", "3"),)
    assert ("From", "Back room") in back.facts
    assert "Tray comes in several parcels: its other parts are sent from Back room." in first.notes
    assert [paper.rows for paper in packing_slips(site, view, at=back_room)] == [back.rows]
    other = order_view(order(lamp, 1).id, site=site)
    lists = pick_lists(site, [view, other], "en")
    assert [(dict(paper.facts)["Place"], [row[:2] + row[3:] for row in paper.rows]) for paper in lists] == [
        ("Back room", [("STAND", "Stand\nPart of Tray", "3")]),
        (stock_locations()[0].name, [("LAMP", "Lamp", "1"), ("LEAF", "Leaf\nPart of Tray", "6")]),
    ]
    assert [dict(paper.facts)["Orders"] for paper in lists] == ["1", "2"]
    assert [paper.rows for paper in pick_lists(site, [view, other], "en", at=back_room)] == [lists[0].rows]
    assert sum(column.share for column in lists[0].columns) == 100


def test_a_kit_that_lies_together_is_packed_as_one_and_its_parts_are_named(
    site: Site, order: Any, tray: Any, back_room: int
) -> None:
    leaf = value("SELECT id FROM variant WHERE sku = 'LEAF'")
    adjust_stock(leaf, back_room, 9, "", "staff:1")
    view = order_view(order(tray, 1).id, site=site)
    (slip,) = packing_slips(site, view)
    assert slip.rows == (("Tray\nLeaf × 2, Stand", "TRAY", "1"),)
    assert [row[:2] + row[3:] for row in pick_lists(site, [view], "en")[0].rows] == [
        ("LEAF", "Leaf\nPart of Tray", "2"), ("STAND", "Stand\nPart of Tray", "1"),
    ]  # fmt: skip


def test_what_is_not_counted_stands_on_a_paper_without_a_place(site: Site, lamp: Any, order: Any, sell: Any) -> None:
    views = [order_view(order(lamp, 1).id, site=site), order_view(order(sell("BOOK", 500), 2).id, site=site)]
    loose, placed = pick_lists(site, views, "en")
    assert ("Place" in dict(loose.facts), [row[0] for row in loose.rows]) == (False, ["BOOK"])
    assert ("Place" in dict(placed.facts), [row[0] for row in placed.rows]) == (True, ["LAMP"])
