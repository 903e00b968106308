"""The pages: staff issue, read and print; a shopper finds the invoice behind the order's link, and nobody else does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from core.api import Site, add_location, cancel_order, order_view
from core.testing.shop import PASSWORD
from plugins.documents.models import INVOICE
from plugins.documents.services import drawing
from plugins.documents.services.issuing import issue
from plugins.documents.tests.conftest import FIRST


class Browser:
    """A browser at the site."""

    def __init__(self, client: Any, site: Site) -> None:
        self.client, self.origin = client, f"https://{site.host}"

    def get(self, path: str, status: int = 200) -> Any:
        answer = self.client.get(path, base_url=self.origin)
        assert answer.status_code == status, answer.text[:3000]
        return answer

    def post(self, path: str, status: int = 303, **form: Any) -> Any:
        answer = self.client.post(path, data=form, base_url=self.origin, headers={"Origin": self.origin})
        assert answer.status_code == status, answer.text[:3000]
        return answer


@pytest.fixture
def guest(client: Any, site: Site) -> Browser:
    return Browser(client, site)


@pytest.fixture
def panel(guest: Browser, staff: Any, lamp: Any) -> Browser:
    guest.post("/panel/login", email=staff.email, password=PASSWORD)
    return guest


def test_an_invoice_is_issued_and_downloaded_on_the_orders_page(panel: Browser, lamp: Any, order: Any) -> None:
    placed = order(lamp)
    here = f"/panel/orders/{placed.number}"
    assert "Issue the invoice" in panel.get(here).text
    for _click in range(2):
        panel.post(f"/panel/documents/orders/{placed.id}/issue", kind=INVOICE)
    page = panel.get(here).text
    assert page.count("Invoice INV-00001 issued") == 1, "the timeline tells it, once"
    assert "Issue the invoice" not in page
    answer = panel.get("/panel/documents/1.pdf")
    assert answer.data.startswith(b"%PDF-1.")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert "filename=INV-00001.pdf" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_what_was_cancelled_is_offered_as_a_credit_note(panel: Browser, site: Site, lamp: Any, order: Any) -> None:
    placed = order(lamp)
    issue(site, placed.id, INVOICE, actor="system")
    cancel_order(site, placed.id, actor="system", reason="test")
    here = f"/panel/orders/{placed.number}"
    assert "Issue a credit note" in panel.get(here).text
    panel.post(f"/panel/documents/orders/{placed.id}/issue", kind="credit_note")
    assert "CN-00001" in panel.get(here).text
    assert "-€89.99" in panel.get(here).text


def test_nothing_to_issue_is_said_on_the_orders_page(panel: Browser, lamp: Any, order: Any) -> None:
    placed = order(lamp)
    page = panel.post(f"/panel/documents/orders/{placed.id}/issue", 422, kind="credit_note").text
    assert "There is nothing to issue" in page
    panel.post(f"/panel/documents/orders/{placed.id}/issue", 404, kind="letter")
    panel.post("/panel/documents/orders/999/issue", 404, kind=INVOICE)


def test_the_list_is_filtered_and_its_export_is_the_same(panel: Browser, site: Site, lamp: Any, order: Any) -> None:
    assert "No documents yet" in panel.get("/panel/documents/").text
    first, second = order(lamp), order(lamp)
    for one in (first, second):
        issue(site, one.id, INVOICE, actor="system")
    cancel_order(site, second.id, actor="system", reason="test")
    issue(site, second.id, "credit_note", actor="system")
    for query, shown in (
        ("", {"INV-00001", "INV-00002", "CN-00001"}),
        ("?kind=invoice", {"INV-00001", "INV-00002"}),
        ("?q=cn-00001", {"CN-00001"}),
        (f"?q={first.number}", {"INV-00001"}),
        ("?since=2099-01-01", set()),
        ("?until=2000-01-01", set()),
        ("?since=nonsense&before=x", {"INV-00001", "INV-00002", "CN-00001"}),
    ):
        page = panel.get(f"/panel/documents/{query}").text
        table = panel.get(f"/panel/documents/documents.csv{query}").text
        for code in ("INV-00001", "INV-00002", "CN-00001"):
            assert (f">{code}</a>" in page) == (code in table) == (code in shown), (query, code)
    assert "没有符合筛选条件的单据" in panel.get("/zh-cn/panel/documents/?q=xyz").text


@pytest.fixture
def font(tmp_path: Path) -> Path:
    """A font with one letter, which every machine has."""
    made, names = FontBuilder(1000), [".notdef", "A"]
    made.setupGlyphOrder(names)
    made.setupCharacterMap({65: "A"})
    made.setupGlyf(dict.fromkeys(names, TTGlyphPen(None).glyph()))
    made.setupHorizontalMetrics(dict.fromkeys(names, (500, 0)))
    made.setupHorizontalHeader(ascent=800, descent=-200)
    made.setupOS2()
    made.setupPost()
    made.save(tmp_path / "own.ttf")
    return tmp_path / "own.ttf"


def test_who_lacks_a_font_reads_what_to_do(
    panel: Browser, lamp: Any, order: Any, set_up: Any, monkeypatch: pytest.MonkeyPatch, font: Path
) -> None:
    number = order(lamp, note="请轻放").number
    monkeypatch.setattr(drawing, "CHINESE_FONTS", ())
    slip = f"panel/documents/packing/slips.pdf?n={number}"
    said = panel.get(f"/{slip}", 503).text
    assert "Have the package fonts-noto-cjk installed on the server" in said
    assert "请让服务器管理员安装 fonts-noto-cjk 软件包" in panel.get(f"/zh-cn/{slip}", 503).text
    set_up(font=str(font))
    font.unlink()
    assert f"There is no font file {font} on the server. Name another one" in panel.get(f"/{slip}", 503).text


def test_a_font_that_cannot_be_used_is_refused_at_its_field(panel: Browser, font: Path, tmp_path: Path) -> None:
    settings, none = "panel/plugins/documents", tmp_path / "none.ttf"
    none.write_bytes(b"true, but no font")
    for path, said in (
        ("/nowhere.ttf", "There is no file /nowhere.ttf on the server. Write the whole path of a font, such as"),
        (str(none), f"{none} is no font that can be read."),
    ):
        page = panel.post(f"/{settings}", 422, font=path, **FIRST).text
        assert said in page[page.index('id="font"') - 900 :]
        assert f'value="{path}"' in page
    page = panel.post(f"/zh-cn/{settings}", 422, font="/nowhere.ttf", **FIRST).text
    assert "字体文件：服务器上没有文件 /nowhere.ttf" in page
    panel.post(f"/{settings}", font=str(font), **FIRST)
    assert f'value="{font}"' in panel.get(f"/{settings}").text


def test_slips_and_pick_list_are_printed_for_the_orders_to_ship(panel: Browser, lamp: Any, order: Any) -> None:
    assert "Nothing waits to be sent" in panel.get("/panel/documents/packing").text
    numbers = [order(lamp).number for _ in range(2)]
    page = panel.get("/panel/documents/packing").text
    assert all(f'value="{number}"' in page for number in numbers)
    chosen = "&".join(f"n={number}" for number in numbers)
    assert panel.get(f"/panel/documents/packing/slips.pdf?{chosen}").data.count(b"/Type /Page\n") == 2
    assert panel.get(f"/panel/documents/packing/pick-list.pdf?{chosen}").data.startswith(b"%PDF")
    assert panel.get("/panel/documents/orders/1/slip.pdf").data.startswith(b"%PDF")
    assert "Print for" not in panel.get("/panel/documents/packing").text
    back_room = add_location("b", "Back room", 9, "DE", "staff:1")
    page = panel.get("/panel/documents/packing").text
    assert f'<option value="{back_room}">Back room</option>' in page
    for paper in ("slips", "pick-list"):
        assert (
            "Nothing of these orders is on the shelf there"
            in panel.get(f"/panel/documents/packing/{paper}.pdf?{chosen}&at={back_room}", 422).text
        )
    panel.get("/panel/documents/packing/slips.pdf", 422)
    panel.get("/panel/documents/packing/slips.pdf?n=999", 422)


def test_no_slip_is_offered_or_printed_where_nothing_is_to_be_packed(
    panel: Browser, site: Site, lamp: Any, order: Any
) -> None:
    waits, gone = order(lamp), order(lamp)
    cancel_order(site, gone.id, actor="staff:1")
    assert f"/panel/documents/orders/{waits.id}/slip.pdf" in panel.get(f"/panel/orders/{waits.number}").text
    assert "slip.pdf" not in panel.get(f"/panel/orders/{gone.number}").text
    said = panel.get(f"/panel/documents/orders/{gone.id}/slip.pdf", 422).text
    assert "Nothing of this order is to be packed now" in said
    slips = panel.get(f"/panel/documents/packing/slips.pdf?n={waits.number}&n={gone.number}")
    assert slips.data.count(b"/Type /Page\n") == 1, "no empty sheet"
    panel.get(f"/panel/documents/packing/slips.pdf?n={gone.number}", 422)


def test_the_shopper_reads_the_invoice_beside_the_order(guest: Browser, site: Site, lamp: Any, order: Any) -> None:
    placed = order(lamp)
    secret = order_view(placed.id, site=site).secret
    assert "INV-" not in guest.get(f"/order/{secret}").text
    issue(site, placed.id, INVOICE, actor="system")
    for page in (f"/order/{secret}", f"/checkout/thanks/{secret}"):
        assert f'href="/documents/{secret}/1.pdf"' in guest.get(page).text
    assert "发票 INV-00001（PDF）" in guest.get(f"/zh-cn/order/{secret}").text
    assert guest.get(f"/documents/{secret}/1.pdf").data.startswith(b"%PDF")


def test_another_orders_link_opens_no_document(guest: Browser, site: Site, lamp: Any, order: Any) -> None:
    mine, theirs = order(lamp), order(lamp)
    issue(site, theirs.id, INVOICE, actor="system")
    guest.get(f"/documents/{order_view(mine.id, site=site).secret}/1.pdf", 404)
    guest.get("/documents/guessed/1.pdf", 404)


def test_who_only_knows_number_and_address_sees_no_link(guest: Browser, site: Site, lamp: Any, order: Any) -> None:
    placed = order(lamp)
    issue(site, placed.id, INVOICE, actor="system")
    assert ".pdf" not in guest.post("/track", 200, number=placed.number, email="mira@example.com").text


def test_nobody_else_gets_in(guest: Browser, lamp: Any) -> None:
    for path in ("", "packing", "documents.csv", "1.pdf", "orders/1/slip.pdf", "packing/slips.pdf"):
        guest.get(f"/panel/documents/{path}", 303)
    guest.post("/panel/documents/orders/1/issue", 303, kind=INVOICE)


def test_what_went_away_and_came_back_at_the_same_price_needs_no_document(
    panel: Browser, site: Site, lamp: Any, order: Any
) -> None:
    placed = order(lamp, 3)
    panel.post(f"/panel/documents/orders/{placed.id}/issue", kind=INVOICE)
    line = order_view(placed.id, site=site).lines[0]
    seen = line.total.amount // 3
    there = panel.post(
        f"/panel/orders/{placed.number}/split", act="confirm", key="a", seen=seen, **{f"line-{line.id}": 1}
    )
    assert "Issue a credit note" in panel.get(f"/panel/orders/{placed.number}").text
    panel.post(there.location.split("?")[0] + "/split", act="confirm", key="b", seen=seen, into=placed.id)
    assert order_view(placed.id, site=site).agreed_left == line.total
    assert "Issue a credit note" not in panel.get(f"/panel/orders/{placed.number}").text
    panel.post(f"/panel/orders/{placed.number}/cancel", act="confirm", key="c", seen=2 * seen, **{f"line-{line.id}": 1})
    assert "Issue a credit note" in panel.get(f"/panel/orders/{placed.number}").text
