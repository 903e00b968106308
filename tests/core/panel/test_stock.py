"""The stock pages of the panel: states, terms, kits and rules, by forms without a script."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

from core.cart.services.holds import hold_minutes
from core.catalogue.services import allocate
from core.catalogue.services.drafts import OptionDraft, PriceDraft, ProductDraft, TextDraft, ValueDraft, VariantDraft
from core.catalogue.services.products import save_product
from core.catalogue.services.stock_counts import change_backorder_limit, first_location
from core.catalogue.services.stock_terms import stock_terms
from core.hookspecs.site import Site
from core.kernel import db, i18n
from core.kernel.sites import state_of
from core.lib.money import Money
from core.panel.stock.services.moves import why
from tests.core.panel.conftest import Panel, words
from tests.core.panel.test_pages import _answered_by

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def lamp(sell: Callable[..., Any]) -> int:
    return int(sell("LAMP", 8900, stock=10, name="Arc lamp").variant_id)


def level(variant: int) -> tuple[int, ...]:
    """(on hand, damaged, quality, incoming)."""
    found = db.one("SELECT on_hand, damaged, quality, incoming FROM stock_level WHERE variant_id = ?", variant)
    assert found is not None
    return found


def text(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


def test_pieces_go_from_one_state_to_another_with_a_reason(panel: Panel, lamp: int) -> None:
    sent = {"pieces": "3", "from": "on_hand", "to": "quality", "reason": "Scratched box"}
    assert panel.post(f"/panel/stock/{lamp}/sort", sent).status_code == 303
    panel.post(f"/panel/stock/{lamp}/sort", {**sent, "pieces": "1", "from": "quality", "to": "damaged"})
    panel.post(f"/panel/stock/{lamp}/sort", {**sent, "pieces": "1", "from": "damaged", "to": "gone"})
    assert level(lamp) == (7, 0, 2, 0)
    shown = text(panel.get(f"/panel/stock/{lamp}"))
    assert "Scratched box" in shown
    assert "Being looked at +3" in shown


def test_each_figure_of_a_variant_says_what_it_is(panel: Panel, lamp: int) -> None:
    levels = text(panel.get(f"/panel/stock/{lamp}")).split("<tbody>")[1].split("</tbody>")[0]
    for words_of_state in ("On hand", "Promised", "Damaged"):
        assert f'data-label="{words_of_state}"' in levels


@pytest.mark.slow
def test_on_a_phone_each_figure_of_a_variant_stands_below_its_name(page: Page, panel: Panel, lamp: int) -> None:
    """Seven columns do not fit; nobody has to push them aside to read the last one."""
    _answered_by(panel, page)
    page.set_viewport_size({"width": 375, "height": 700})
    page.goto(f"http://shop.test/panel/stock/{lamp}")
    levels = page.locator(".table_wrap").first
    assert levels.evaluate("it => it.scrollWidth <= it.clientWidth")
    named = levels.locator("td").evaluate_all(
        "cells => cells.map((cell) => getComputedStyle(cell, '::before').content.replaceAll('\"', ''))"
    )
    assert named == levels.locator("thead th").all_text_contents()[1:]


def test_what_cannot_be_moved_is_said_with_what_was_typed(panel: Panel, lamp: int) -> None:
    for sent, said in (
        ({"pieces": "x"}, "Write how many pieces"),
        ({"reason": ""}, "Say why."),
        ({"pieces": "11"}, "Only 10 of LAMP are free there."),
        ({"to": "on_hand"}, "Choose two different states"),
    ):
        whole = {"pieces": "2", "from": "on_hand", "to": "damaged", "reason": "Dropped", **sent}
        answer = panel.post(f"/panel/stock/{lamp}/sort", whole)
        assert answer.status_code == 422
        assert said in text(answer)
        assert f'value="{whole["pieces"]}"' in text(answer)
    assert level(lamp) == (10, 0, 0, 0)


def test_deliveries_are_expected_and_come(panel: Panel, lamp: int) -> None:
    sent = {"incoming": "8", "reference": "PO 12", "act": "expect"}
    panel.post(f"/panel/stock/{lamp}/incoming", sent)
    panel.post(f"/panel/stock/{lamp}/incoming", {**sent, "incoming": "5", "act": "take"})
    panel.post(f"/panel/stock/{lamp}/incoming", {**sent, "incoming": "1", "act": "drop"})
    assert level(lamp) == (15, 0, 0, 2)
    assert "Incoming 2" in text(panel.get("/panel/stock"))


def test_terms_are_days_where_the_site_is(panel: Panel, site: Site, lamp: int) -> None:
    sent = {"backorder_limit": "7", "promised_at": "2027-03-20", "preorder_cap": "4", "safety": "2"}
    assert panel.post(f"/panel/stock/{lamp}/terms", sent).status_code == 303
    terms = stock_terms(site, [lamp])[lamp]
    assert (terms.backorder_limit, terms.preorder_cap, terms.safety) == (7, 4, 2)
    assert terms.promised_at is not None
    assert terms.promised_at.isoformat() == "2027-03-20T00:00:00+00:00"
    shown = text(panel.get(f"/panel/stock/{lamp}"))
    assert 'value="2027-03-20"' in shown
    panel.post(f"/panel/stock/{lamp}/terms", {**sent, "backorder_limit": "∞"})
    assert 'value="∞"' in text(panel.get(f"/panel/stock/{lamp}"))


def test_terms_that_cannot_be_read_come_back(panel: Panel, lamp: int) -> None:
    answer = panel.post(f"/panel/stock/{lamp}/terms", {"backorder_limit": "many", "promised_at": "soon"})
    assert answer.status_code == 422
    assert 'value="many"' in text(answer)
    assert "Write a day such as 2027-03-20." in text(answer)


def test_a_kit_is_written_line_by_line(panel: Panel, lamp: int, sell: Callable[..., Any]) -> None:
    bulb = sell("BULB", 500, stock=9).variant_id
    kit = sell("LAMP-SET", 1).variant_id
    sent = {"parts": "LAMP\nBULB × 2", "price": "parts", "off": "10"}
    assert panel.post(f"/panel/stock/{kit}/kit", sent).status_code == 303
    assert db.rows("SELECT part_id, quantity FROM kit_part ORDER BY quantity") == [(lamp, 1), (bulb, 2)]
    assert db.value("SELECT amount FROM price WHERE variant_id = ?", kit) == 8910  # (89.00 + 2 × 5.00) less a tenth
    assert "LAMP-SET" in text(panel.get(f"/panel/stock/{lamp}"))
    page = text(panel.get(f"/panel/stock/{kit}"))
    assert "4 of it can be sold on Test shop." in page, "nine bulbs are enough for four"
    assert ("Move between states" in page, "Incoming" in page) == (False, False), "a kit lies on no shelf"
    wrong = panel.post(f"/panel/stock/{kit}/kit", {"parts": "NOWHERE × 2", "price": "own"})
    assert (wrong.status_code, "There is no variant with the SKU NOWHERE." in text(wrong)) == (422, True)


def test_a_site_says_how_long_carts_hold(panel: Panel, site: Site) -> None:
    panel.post("/panel/stock/rules", {"hold_minutes": "15"})
    assert hold_minutes(state_of(site.id).site) == 15
    answer = panel.post("/panel/stock/rules", {"hold_minutes": "999"})
    assert answer.status_code == 422
    assert 'value="999"' in text(answer)
    assert hold_minutes(state_of(site.id).site) == 15


def test_a_variant_that_is_not_there_is_no_page(panel: Panel, lamp: int) -> None:
    assert panel.get(f"/panel/stock/{lamp + 99}").status_code == 404


def test_an_order_says_what_was_promised_and_what_is_in_the_kit(
    panel: Panel, site: Site, lamp: int, sell: Callable[..., Any], order: Callable[..., Any]
) -> None:
    kit = sell("LAMP-SET", 9900, name="Lamp set")
    panel.post(f"/panel/stock/{kit.variant_id}/kit", {"parts": "LAMP × 6", "price": "own"})
    panel.post(f"/panel/stock/{lamp}/terms", {"backorder_limit": "7", "promised_at": "2099-03-20"})
    shown = text(panel.get(f"/panel/orders/{order(kit, 2).number}"))
    assert "6 × Arc lamp (LAMP)" in shown
    assert "Backorder, promised from 20 Mar 2099 on" in shown


def test_pieces_are_kept_for_a_channel_and_stand_in_the_proof(panel: Panel, lamp: int) -> None:
    refused = panel.post(f"/panel/stock/{lamp}/kept", {"channel": "eBay", "kept": "11"})
    assert refused.status_code == 422
    assert "Only 10 of LAMP are on the shelf and promised to nobody." in text(refused)
    assert panel.post(f"/panel/stock/{lamp}/kept", {"channel": "eBay", "kept": "4"}).status_code == 303
    assert panel.post(f"/panel/stock/{lamp}/kept", {"channel": "", "kept": "3"}).status_code == 303
    shown = words(panel.get(f"/panel/stock/{lamp}"))
    assert "eBay · Test shop 4" in shown
    assert "Kept for a site or channel" in shown
    assert "The shop’s own orders" in shown
    proof = words(panel.get("/panel/stock/proof?now=1"))
    assert "Every level is the sum of its moves" in proof
    assert "eBay · Test shop LAMP 4" in proof
    with db.transaction():
        db.execute("DELETE FROM stock_reserve WHERE channel = 'eBay'")
    assert "Held for nobody" in words(panel.get("/panel/stock/proof?now=1"))


def test_who_asks_for_a_sku_finds_that_variant_alone(panel: Panel, site: Site) -> None:
    sizes = OptionDraft(
        code="size",
        names={"en": "Size"},
        values=(ValueDraft(code="s", names={"en": "Small"}), ValueDraft(code="l", names={"en": "Large"})),
    )
    price = (PriceDraft(amount=Money(2900, site.currency)),)
    variants = tuple(
        VariantDraft(sku=sku, prices=price, tracked=True, stock=5, values={"size": size})
        for sku, size in (("VASE-S", "s"), ("VASE-L", "l"))
    )
    texts = {"en": TextDraft(name="Vase")}
    save_product(site, ProductDraft(texts=texts, options=(sizes,), variants=variants), "system")

    def listed(query: str) -> str:
        """The list itself; what was moved stands below it."""
        return panel.get(f"/panel/stock?q={query}").get_data(as_text=True).partition("</table>")[0]

    assert "VASE-S" not in listed("VASE-L")
    assert "VASE-L" in listed("VASE-L").partition("<tbody")[2]
    assert "VASE-S" in listed("vase")


def test_where_more_is_promised_than_there_none_is_free(panel: Panel, sell: Callable[..., Any]) -> None:
    lamp = sell("LAMP", 8900, stock=2, name="Lamp").variant_id
    with db.transaction():
        change_backorder_limit(lamp, first_location(), 5)
        allocate({lamp: 3}, "order:1", "system")
    refused = panel.post(f"/panel/stock/{lamp}", {"delta": "-3", "reason": "Broken"})
    assert "Only 0 of LAMP are free there." in words(refused)


def test_what_is_corrected_stays_in_view_with_what_was_typed(panel: Panel, sell: Callable[..., Any]) -> None:
    lamp, pot = sell("LAMP", 8900, stock=4, name="Lamp"), sell("POT", 900, stock=2, name="Pot")
    path = f"/panel/stock/{lamp.variant_id}?q=lamp"
    for typed, told in (
        ({"delta": "abc", "reason": "Found"}, "Write how many pieces more or fewer"),
        ({"delta": "-9", "reason": "Broken"}, "Only 4 of LAMP are free there."),
    ):
        answer = panel.post(path, typed)
        assert (answer.status_code, told in words(answer), "POT" in words(answer).split("Latest moves")[0]) == (
            422, True, False,
        )  # fmt: skip
        page = answer.get_data(as_text=True)
        assert all(f'name="{name}" value="{text}"' in page for name, text in typed.items())
    answer = panel.post(path, {"delta": "+5", "reason": "Found"})
    assert answer.location.endswith("/panel/stock?q=lamp")
    assert "LAMP: 9 pieces are there now." in words(panel.get(answer.location))
    # What cannot come is no promise to an order.
    come = {"incoming": "3", "act": "take"}
    assert "Only 0 of POT are there as “Incoming”." in words(
        panel.post(f"/panel/stock/{pot.variant_id}/incoming", come)
    )


def test_what_is_wrong_with_a_correction_stands_beside_its_field(panel: Panel, lamp: int) -> None:
    for delta, reason, field in (("many", "Broken", "delta"), ("0", "Broken", "delta"), ("-1", "", "reason"),
                                 ("-99", "Broken", "delta")):  # fmt: skip
        refused = panel.post(f"/panel/stock/{lamp}", {"delta": delta, "reason": reason})
        assert refused.status_code == 422
        found = set(re.findall(rf'id="(\w+)-{lamp}-error"', text(refused)))
        assert found == {field}, (delta, reason)
        assert f'value="{delta}"' in text(refused)
    assert level(lamp)[0] == 10


def test_two_who_count_the_same_do_not_write_over_each_other(panel: Panel, lamp: int) -> None:
    product = db.value("SELECT product_id FROM variant WHERE id = ?", lamp)
    path, key = f"/panel/products/{product}/stock", f"s{lamp}-{db.value('SELECT id FROM location')}"
    seen = {f"was-{key}": "10"}
    assert panel.post(path, {**seen, key: "8", "reason": "Counted by Ann"}).status_code == 303
    refused = panel.post(path, {**seen, key: "9", "reason": "Counted by Bo"})
    assert refused.status_code == 422
    assert "there are 8 now, not 10" in words(refused)
    assert f'name="{key}" value="9"' in text(refused)
    assert f'name="was-{key}" value="8"' in text(refused)
    assert level(lamp)[0] == 8
    panel.post(path, {f"was-{key}": "8", key: "9", "reason": "Counted by Bo"})
    assert level(lamp)[0] == 9


def test_of_several_counts_the_page_says_which_are_stored(panel: Panel, lamp: int) -> None:
    product, place = (db.value(f"SELECT id FROM {table}") for table in ("product", "location"))
    panel.post(f"/panel/products/{product}/options", {"option": "Colour", "values": "Red\nBlue"})
    other = db.value("SELECT id FROM variant WHERE id != ?", lamp)
    with db.transaction():
        db.execute("UPDATE stock_level SET allocated = 4 WHERE variant_id = ?", lamp)
    first, second = f"s{other}-{place}", f"s{lamp}-{place}"
    form = {first: "6", f"was-{first}": "", second: "1", f"was-{second}": "10", "reason": "Counted"}
    refused = panel.post(f"/panel/products/{product}/stock", form)
    assert refused.status_code == 422
    assert "1 count is stored. Not stored: Red, Main: Some of it is promised to orders." in words(refused)
    assert re.search(rf'name="{second}"[^>]* aria-describedby="{second}-error" aria-invalid="true"', text(refused))
    assert f'name="{second}" value="1"' in text(refused)
    assert f'name="was-{first}" value="6"' in text(refused)
    assert (level(other)[0], level(lamp)[0]) == (6, 10)
    unread = panel.post(f"/panel/products/{product}/stock", {second: "-3", f"was-{second}": "10", "reason": "Counted"})
    assert "Red, Main: write a whole number" in words(unread)


def test_a_repair_is_told_in_the_language_of_whoever_reads_it(panel: Panel, lamp: int) -> None:
    with db.transaction():
        db.execute("UPDATE stock_level SET on_hand = on_hand + 1 WHERE variant_id = ?", lamp)
    panel.post("/panel/stock/proof")
    assert "Stock proof: On hand 11, by its moves 10" in words(panel.get(f"/panel/stock/{lamp}"))
    reason = db.value("SELECT reason FROM stock_move WHERE kind = 'repair'")
    with i18n.speaking("zh-CN"):
        said = why(reason)
    assert said.startswith("库存核对：")
    assert "moves" not in said


def test_a_correction_that_is_taken_back_says_so_in_the_readers_language(panel: Panel, lamp: int) -> None:
    said = panel.follow(panel.post(f"/panel/stock/{lamp}", {"delta": "2", "reason": "Found"}))
    undo = re.search(r'action="(/panel/stock/[0-9]+[?][^"]+)"', said.get_data(as_text=True))
    assert undo is not None
    panel.post(unescape(undo[1]))
    assert "Undone" in words(panel.get(f"/panel/stock/{lamp}"))
    with i18n.speaking("zh-CN"):
        assert why(db.value("SELECT reason FROM stock_move WHERE kind = 'adjust' ORDER BY id DESC")) == "已撤销"
