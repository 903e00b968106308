"""Staff put an order together in the panel; the shopper opens the link and pays."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.site_verbs import edit_site
from core.lib import clock
from core.orders.services.read import order_view
from core.testing.shop import Item
from tests.core.checkout.books import unbalanced
from tests.core.panel.conftest import Panel, words

ADDRESS = {
    "a_name": "Mira K.", "a_line1": "Lange Str. 1", "a_postcode": "10115", "a_city": "Berlin", "a_country": "DE",
}  # fmt: skip


@pytest.fixture
def form(sell: Callable[..., Item]) -> dict[str, str]:
    """Two lamps for 80.00 instead of 89.00, and 10.00 off."""
    sell("LAMP", 8900, stock=5, name="Lamp")
    return {
        "act": "save", "key": "one", "email": "mira@example.com", "sku-0": "LAMP", "qty-0": "2", "price-0": "80",
        "why-0": "Two of them", "discount": "10", "discount_reason": "Welcome", "note": "As we said on the phone.",
        **ADDRESS,
    }  # fmt: skip


@pytest.fixture
def draft(panel: Panel, form: dict[str, str]) -> str:
    """The path of a stored draft."""
    location = panel.post("/panel/drafts/new", form).headers["Location"]
    return re.sub(r"^https?://[^/]+", "", location)


def link_of(page: str) -> str:
    found = re.search(r'href="https?://[^/"]+(/offer/[^"]+)"', page)
    assert found is not None
    return found[1]


def test_goods_are_found_and_added_and_what_was_typed_stays_with_what_is_wrong(
    panel: Panel, form: dict[str, str]
) -> None:
    typed = {**form, "act": "find", "find": "lam", "sku-0": "", "email": "mira@"}
    found = panel.post("/panel/drafts/new", typed)
    assert "5 left" in words(found)
    assert 'name="pick" value="LAMP"' in found.get_data(as_text=True)
    page = panel.post("/panel/drafts/new", {**typed, "act": "", "pick": "LAMP"}).get_data(as_text=True)
    assert 'name="sku-0" value="LAMP"' in page
    assert 'value="mira@"' in page
    assert "Nothing was found" in words(panel.post("/panel/drafts/new", {**typed, "find": "zzz"}))
    answer = panel.post("/panel/drafts/new", {**form, "why-0": "", "sku-1": "NOPE", "discount": "-1"})
    assert answer.status_code == 422
    said = words(answer)
    for text in ("say why it costs something else", "NOPE: no variant has this SKU", "Write an amount of 0 or more"):
        assert text in said
    assert db.value("SELECT count(*) FROM order_draft") == 0


def test_as_many_rows_as_are_needed_and_what_is_wrong_beside_its_field(panel: Panel, form: dict[str, str]) -> None:
    def rows(answer: Any, begin: str) -> list[str]:
        return re.findall(rf'name="{begin}-\d+" value="([^"]*)"', answer.get_data(as_text=True))

    one = panel.post("/panel/drafts/new", {**form, "act": "row"})
    assert rows(one, "sku") == ["LAMP", "", ""]
    typed = {**form, "sku-1": "", "sku-2": "", "own-0": "Engraving", "own_price-0": "5"}
    assert rows(panel.post("/panel/drafts/new", {**typed, "act": "row"}), "sku") == ["LAMP", "", "", ""]
    more = panel.post("/panel/drafts/new", {**typed, "own-1": "", "act": "own_row"})
    assert rows(more, "own") == ["Engraving", "", ""]
    assert rows(more, "sku") == ["LAMP", "", ""]
    answer = panel.post("/panel/drafts/new", {**form, "why-0": "", "sku-1": "NOPE", "sku-2": "LAMP"})
    assert answer.status_code == 422
    for name in ("why-0", "sku-1"):
        assert f'aria-describedby="{name}-error"' in answer.get_data(as_text=True)


def test_a_draft_shows_what_it_costs_and_why(panel: Panel, draft: str) -> None:
    said = words(panel.get(draft))
    for text in ("€160.00", "Welcome -€10.00", "Agreed price: LAMP", "Two of them", "€150.00"):
        assert text in said
    assert "Draft" in words(panel.get("/panel/drafts"))


def test_the_shopper_opens_the_link_and_orders(
    panel: Panel, draft: str, site: Site, browse: Callable[..., Any], outbox: Any
) -> None:
    panel.post(f"{draft}/send", {"days": "5"})
    link = link_of(panel.get(draft).get_data(as_text=True))
    page = browse(site, link)
    shown = words(page)
    for text in ("Your order is ready", "As we said on the phone.", "€150.00", "Lange Str. 1", "By arrangement"):
        assert text in shown
    assert page.headers["Cache-Control"] == "no-store"
    assert db.value("SELECT SUM(allocated) FROM stock_level") == 0
    wrong = browse(site, link, data={"seen_total": "1", "gateway": "arrangement"})
    assert wrong.status_code == 409
    wish = {"seen_total": "15000", "gateway": "arrangement"}
    places = {browse(site, link, data=wish).headers["Location"] for _ in "ab"}
    assert len(places) == 1
    assert db.value("SELECT SUM(allocated) FROM stock_level") == 2
    assert browse(site, link).status_code == 303
    assert "It is an order now" in words(panel.get(draft))
    outbox.deliver()
    assert outbox.dead() == []


def test_the_mail_of_the_pay_link_speaks_to_its_shopper_alone(
    panel: Panel, form: dict[str, str], site: Site, turn_on: Callable[..., None]
) -> None:
    """Staff who read the panel in English write to somebody who reads Chinese, or Arabic."""
    turn_on("arabic")
    edit_site(site.id, {"languages": ["en", "zh-CN", "ar"]}, "test")
    told = []
    for tag in ("zh-CN", "ar"):
        path = panel.post("/panel/drafts/new", {**form, "key": tag, "language": tag}).headers["Location"]
        panel.post(f"{path}/send", {"days": "5"})
        mail = db.value("SELECT payload FROM job WHERE name = 'messages.send' ORDER BY id DESC")
        told.append(json.loads(mail)["text"])
    assert "配送方式另行商定" in told[0]
    assert "arrangement" not in told[0] + told[1]
    assert "2 × \u2068Lamp\u2069  " in told[1], "each line keeps its name together by itself"


def test_a_draft_for_two_addresses_is_quoted_sent_and_ordered(
    panel: Panel, draft: str, form: dict[str, str], site: Site, browse: Callable[..., Any]
) -> None:
    """Whatever the shop lets shoppers do by themselves."""
    oma = {"name": "Oma", "line1": "1 rue de Rivoli", "postcode": "75001", "city": "Paris", "country": "FR"}
    away = {f"p1_{name}": text for name, text in oma.items()} | {"p1_qty-0": "1", "version": "1"}
    for wrong, field in (({"p1_qty-0": "3"}, "p1_qty-0"), ({"p1_city": ""}, "p1_city")):
        answer = panel.post(draft, {**form, **away, **wrong})
        assert answer.status_code == 422
        assert f'href="#{field}"' in answer.get_data(as_text=True)
    assert panel.post(draft, {**form, **away}).status_code == 303
    page = panel.get(draft)
    for text in ("1 × Lamp · To Mira K., Berlin", "1 × Lamp · To Oma, Paris", "€150.00"):
        assert text in words(page)
    assert 'name="p1_city" value="Paris"' in page.get_data(as_text=True)
    panel.post(f"{draft}/send", {"days": "5"})
    assert "(Oma, Paris)" in db.value("SELECT payload FROM job WHERE name = 'messages.send'")
    link = link_of(panel.get(draft).get_data(as_text=True))
    shown = words(browse(site, link))
    for text in ("Lange Str. 1", "1 rue de Rivoli", "€150.00"):
        assert text in shown
    assert browse(site, link, data={"seen_total": "15000", "gateway": "arrangement"}).status_code == 303
    order = order_view(int(db.value("SELECT MAX(id) FROM orders")))
    assert order is not None
    assert [one.city for one in order.addresses] == ["Berlin", "Paris"]
    assert [(line.place, line.quantity, line.unit.amount) for line in order.lines] == [(0, 1, 8000), (1, 1, 8000)]
    assert unbalanced() == []


def test_a_link_of_another_version_or_site_opens_nothing(
    panel: Panel, draft: str, form: dict[str, str], site: Site, other_site: Site, browse: Callable[..., Any]
) -> None:
    panel.post(f"{draft}/send", {"days": "5"})
    link = link_of(panel.get(draft).get_data(as_text=True))
    assert browse(other_site, link).status_code == 404
    assert panel.post(draft, {**form, "qty-0": "1", "version": "1"}).status_code == 303
    assert browse(site, link).status_code == 404
    assert browse(site, link, data={"seen_total": "15000"}).status_code == 404
    assert panel.post(draft, {**form, "qty-0": "3", "version": "1"}).status_code == 409


def test_staff_place_it_by_arrangement_if_they_may(panel: Panel, draft: str, colleague: Callable[..., Panel]) -> None:
    theirs = colleague({"orders.view", "orders.cancel", "orders.edit"})
    for path in ("/panel/drafts", "/panel/drafts/new", draft):
        assert theirs.get(path).status_code == 403
    assert theirs.post(f"{draft}/place", {"seen": "15000"}).status_code == 403
    assert panel.post(f"{draft}/place", {"seen": "1"}).status_code == 409
    said = words(panel.follow(panel.post(f"{draft}/place", {"seen": "15000"})))
    assert "The order is placed" in said
    assert "Agreed price: LAMP" in said


def test_goods_are_kept_until_a_day_and_stand_in_the_list_of_what_is_held(panel: Panel, draft: str) -> None:
    number = draft.rpartition("/")[2]
    day = clock.now().date() + timedelta(days=4)
    assert panel.post(f"{draft}/keep", {"version": "1", "keep_until": "soon"}).status_code == 422
    assert panel.post(f"{draft}/keep", {"version": "9", "keep_until": str(day)}).status_code == 409
    said = words(panel.follow(panel.post(f"{draft}/keep", {"version": "1", "keep_until": str(day)})))
    assert "2 of 2 pieces are held until" in said
    held = panel.get("/panel/stock/held?kind=draft").get_data(as_text=True)
    assert f'href="{draft}">Draft {number}</a>' in held
    assert "Nothing is held" in words(panel.get("/panel/stock/held?kind=cart"))
    with panel.get("/panel/stock/held.csv") as answer:
        (row,) = csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"), newline=""))
    assert (row["owner"], row["id"], row["pieces"], row["until"][:10]) == ("draft", number, "2", str(day))
    with panel.get("/panel/drafts.csv?view=open") as answer:
        (row,) = csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"), newline=""))
    assert (row["draft"], row["pieces"], row["kept_until"][:10]) == (number, "2", str(day))
    with panel.get("/panel/drafts.csv?view=ended") as answer:
        assert answer.get_data().decode("utf-8-sig").count("\n") == 1, "the file holds what the view shows"
    assert "are not kept any more" in words(
        panel.follow(panel.post(f"{draft}/keep", {"version": "1", "act": "let_go"}))
    )
    assert "Nothing is held" in words(panel.get("/panel/stock/held"))


def test_what_is_outside_the_catalogue_is_written_quoted_and_kept(
    panel: Panel, draft: str, form: dict[str, str]
) -> None:
    own = {"own-0": "Engraving", "own_qty-0": "2", "own_price-0": "4.50", "own-1": "Set up", "own_price-1": "x"}
    wrong = panel.post(draft, {**form, "version": "1", **own})
    assert wrong.status_code == 422
    assert "Set up: write what one costs" in words(wrong)
    assert 'value="Engraving"' in wrong.get_data(as_text=True), "what was typed stays"
    page = panel.follow(panel.post(draft, {**form, "version": "1", **own, "own_price-1": "20"}))
    said = words(page)
    # 160.00 for the lamps, 9.00, 20.00, and 10.00 off.
    for text in ("2 × Engraving €9.00", "1 × Set up €20.00", "€179.00"):
        assert text in said
    total = re.search(r'name="seen" value="(\d+)"', page.get_data(as_text=True))
    assert total is not None
    placed = words(panel.follow(panel.post(f"{draft}/place", {"seen": total[1]})))
    assert "Engraving" in placed


def test_a_draft_is_billed_to_another_address(panel: Panel, form: dict[str, str]) -> None:
    bill = {"b_name": "Wong Ltd", "b_line1": "Bank Street 2", "b_postcode": "20095", "b_city": "", "b_country": "DE"}
    assert panel.post("/panel/drafts/new", {**form, **bill}).status_code == 422
    where = panel.post("/panel/drafts/new", {**form, **bill, "b_city": "Hamburg"}).headers["Location"]
    page = panel.get(where).get_data(as_text=True)
    assert 'value="Wong Ltd"' in page
    stored = str(db.value("SELECT billing FROM order_draft"))
    assert "Wong Ltd" in stored
    assert "Hamburg" in stored


def test_all_that_is_wrong_is_said_at_once_and_nothing_typed_is_lost(panel: Panel, form: dict[str, str]) -> None:
    goods = {"qty-0": "-3", "price-0": "abc", "price-1": "12", "why-1": "An old friend", "own_price-0": "30"}
    away = {"p1_qty-0": "9", "p1_name": "Otto", "p1_line1": "Ring 1", "p1_city": "Wien", "p1_postcode": "1010"}
    answer = panel.post("/panel/drafts/new", {**form, **goods, **away, "p1_country": "AT", "sku-0": "NOPE"})
    for said in (
        "NOPE: no variant has this SKU.",
        "NOPE: write a whole number from 1 to 999.",
        "NOPE: write an amount of 0 or more.",
        "Write the SKU of this line, or empty it.",
        "Write what it is.",
        "NOPE: from 0 to 0.",
    ):
        assert said in words(answer), said
    page = answer.get_data(as_text=True)
    typed = panel.post("/panel/drafts/new", {**form, "email": "mira@", "discount": "x", "sku-0": "NOPE"})
    told = re.findall(r'<a href="#(sku-0|discount|email)"', typed.get_data(as_text=True))
    assert told == ["sku-0", "discount", "email"], "from the top of the form to its end"
    for name, text in {**goods, **away}.items():
        assert re.search(f'name="{name}" value="{text}"', page), name


def test_a_sku_is_known_however_it_is_typed(panel: Panel, form: dict[str, str]) -> None:
    path = panel.post("/panel/drafts/new", {**form, "sku-0": "lamp"}).location
    assert 'name="sku-0" value="LAMP"' in panel.get(path).get_data(as_text=True)


def test_a_day_that_is_refused_stays_in_its_field(panel: Panel, draft: str) -> None:
    answer = panel.post(f"{draft}/keep", {"version": "1", "keep_until": "2020-01-01"})
    assert answer.status_code == 422
    assert 'value="2020-01-01"' in answer.get_data(as_text=True)


def test_without_an_address_it_is_the_address_that_is_asked_for(panel: Panel, form: dict[str, str]) -> None:
    bare = {name: text for name, text in form.items() if name not in ADDRESS}
    path = panel.post("/panel/drafts/new", {**bare, "a_country": "DE"}).location
    for act in ("send", "place"):
        answer = words(panel.post(f"{path}/{act}", {}))
        assert "Write where the goods go and save it first." in answer
        assert "Choose one of these." not in answer


def test_in_chinese_the_state_of_an_address_is_one_of_a_country(panel: Panel, form: dict[str, str]) -> None:
    path = panel.post("/panel/drafts/new", {**form, "a_country": "US"}).location
    asked = panel.get(f"/zh-cn{path}").get_data(as_text=True)
    label = re.search(r'<label[^>]*for="a_region"[^>]*>(.*?)</label>', asked, re.DOTALL)
    assert label is not None
    assert "州" in label[1]


def test_where_no_mail_is_sent_staff_hand_the_link_over(panel: Panel, draft: str, turn_on: Callable[..., None]) -> None:
    assert "Make the pay link" in words(panel.get(draft))
    said = words(panel.follow(panel.post(f"{draft}/send", {"days": "5"})))
    assert "Send it to mira@example.com yourself" in said
    assert "on its way" not in said
    assert link_of(panel.get(draft).get_data(as_text=True))
    turn_on("mail")
    said = words(panel.follow(panel.post(f"{draft}/send", {"days": "5"})))
    assert "on its way to mira@example.com" in said
    assert "yourself" not in said


def test_the_link_opens_in_the_shoppers_language(panel: Panel, form: dict[str, str], site: Site) -> None:
    path = panel.post("/panel/drafts/new", {**form, "language": "zh-CN"}).headers["Location"]
    panel.post(f"{path}/send", {"days": "5"})
    link = f"{site.origin}/zh-cn/offer/"
    assert link in panel.get(path).get_data(as_text=True)
    assert link in db.value("SELECT payload FROM job WHERE name = 'messages.send'")
