"""What is written down with an order is in the language it was ordered in, whoever placed it."""

from __future__ import annotations

from core.checkout.services.drafting import place_draft
from core.kernel.sites import state_of
from core.orders.services.drafts import DraftLine, DraftWish, draft_view, make_draft
from core.orders.services.read import order_view

BANK = {"holder": "Norrby Ltd", "account": "GB33 BUKB 2020 1555 5555 55", "bank": "Demo Bank"}


def test_an_order_placed_outside_a_page_is_written_in_its_own_language(site, turn_on, sell, order):
    turn_on("bank_transfer", **BANK)

    placed = order(sell("LAMP", 8900, stock=3), language="zh-CN")

    assert order_view(placed.id, site=site).payment_title == "银行转账"


def test_staff_who_read_english_place_a_chinese_draft_in_chinese(site, turn_on, sell):
    turn_on("bank_transfer", **BANK)
    lamp = sell("LAMP", 8900, stock=3, needs_delivery=False)
    line = DraftLine(variant_id=lamp.variant_id, quantity=1)
    wish = DraftWish(email="lin@example.com", language="zh-CN", currency="EUR", lines=(line,))
    draft = draft_view(site, make_draft(site, wish, key="one", actor="staff:1"))

    placed = place_draft(state_of(site.id), draft, seen_total=8900, actor="staff:1", gateway="bank_transfer")

    assert order_view(placed.id, site=site).payment_title == "银行转账"
