"""Invoices and credit notes: what stands on them adds up to what the shopper owes, once and without gaps."""

from __future__ import annotations

from typing import Any

import pytest

from core.api import (
    AddCharge,
    NotFound,
    OrderPaid,
    Site,
    cancel_order,
    change_order,
    execute,
    mark_paid,
    order_view,
    receive_case,
    refund_surplus,
    replace,
    request_case,
    rows,
    ship_order,
    state_of,
    transaction,
    value,
)
from plugins.documents.models import CREDIT_NOTE, INVOICE
from plugins.documents.services import issuing, reading
from plugins.documents.services.issuing import NothingToIssue, due_kind, issue
from plugins.documents.services.paper import issued_paper


def signed(site: Site, order_id: int) -> int:
    """Invoices less credit notes."""
    return sum(one["total"] if one["kind"] == INVOICE else -one["total"] for one in reading.contents_of(site, order_id))


def signed_tax(site: Site, order_id: int) -> int:
    return sum(
        (1 if one["kind"] == INVOICE else -1) * tax["amount"]
        for one in reading.contents_of(site, order_id)
        for part in one["parts"]
        for tax in part["taxes"]
    )


def test_an_invoice_says_what_the_order_says(site: Site, lamp: Any, order: Any) -> None:
    placed = order(lamp, 3)
    view = order_view(placed.id, site=site)

    content = reading.content_of(site, issue(site, placed.id, INVOICE, actor="system"))

    assert content["code"] == "INV-00001"
    assert content["seller"]["name"] == "Lamp & Sons"
    assert content["buyer"]["lines"][0] == "Mira K."
    assert content["total"] == 3 * 8999 == view.total.amount
    assert signed_tax(site, placed.id) == view.tax.amount == sum(tax.amount.amount for tax in view.taxes)


def test_an_issued_invoice_stays_as_it_is_when_the_order_changes(site: Site, lamp: Any, order: Any) -> None:
    placed = order(lamp, 3)
    first = issue(site, placed.id, INVOICE, actor="system")
    before = value("SELECT content FROM documents_document WHERE id = ?", first)

    cancel_order(site, placed.id, actor="system", reason="test")
    issue(site, placed.id, CREDIT_NOTE, actor="system")

    assert value("SELECT content FROM documents_document WHERE id = ?", first) == before
    (_invoice, note) = reading.contents_of(site, placed.id)
    assert (note["code"], note["total"], note["corrects"]) == ("CN-00001", 3 * 8999, ["INV-00001"])
    assert signed(site, placed.id) == signed_tax(site, placed.id) == 0
    assert due_kind(site, placed.id) == ""


def come_back(line_id: int, units: int) -> None:
    with transaction():
        execute("UPDATE order_line SET received = ? WHERE id = ?", units, line_id)


def test_what_came_back_is_credited_piece_by_piece_to_the_last_cent(site: Site, lamp: Any, order: Any) -> None:
    placed = order(lamp, 3)
    issue(site, placed.id, INVOICE, actor="system")
    ship_order(site, placed.id, actor="system")
    (line,) = order_view(placed.id, site=site).lines
    tax = line.tax.amount
    assert tax == 4310  # 26997 - 26997 / 1.19

    for came in (1, 2, 3):
        come_back(line.id, came)
        issue(site, placed.id, CREDIT_NOTE, actor="system")
        assert signed(site, placed.id) == (3 - came) * 8999
        assert signed_tax(site, placed.id) == tax - tax * came // 3
    assert value("SELECT MAX(number) FROM documents_document WHERE kind = 'credit_note'") == 3


def test_the_cent_that_a_claim_left_over_is_credited_with_the_last_piece(site: Site, lamp: Any, order: Any) -> None:
    """Three lamps: a claim was fixed at a cent less than a third, so the other two are worth a cent more."""
    placed = order(lamp, 3)
    issue(site, placed.id, INVOICE, actor="system")
    ship_order(site, placed.id, actor="system")
    (line,) = order_view(placed.id, site=site).lines
    with transaction():
        execute("UPDATE order_line SET claimed = 1, claimed_amount = 8998 WHERE id = ?", line.id)
    come_back(line.id, 2)
    issue(site, placed.id, CREDIT_NOTE, actor="system")
    assert signed(site, placed.id) == 8998
    (said,) = reading.contents_of(site, placed.id)[1]["parts"]
    assert said["amount"] == said["subtotal"] - said["discount"] == 2 * 8999 + 1


@pytest.mark.parametrize("inside", [True, False])
def test_net_and_tax_are_gross_also_of_a_part_of_a_reduced_line(
    site: Site, lamp: Any, order: Any, *, inside: bool
) -> None:
    """0.40 off three lamps, and one goes: neither the reduction nor the tax is divisible by three."""
    placed = order(lamp, 3)
    tax = 4304 if inside else 5121
    with transaction():
        execute(
            "UPDATE order_line SET discount = 40, tax = ?, total = ? WHERE order_id = ?",
            tax, 26957 + (0 if inside else tax), placed.id,
        )  # fmt: skip
        execute("UPDATE order_tax SET amount = ? WHERE order_id = ?", tax, placed.id)
        execute("UPDATE orders SET prices_include_tax = ? WHERE id = ?", inside, placed.id)
    issue(site, placed.id, INVOICE, actor="system")
    for left in (2, 1, 0):
        with transaction():
            execute("UPDATE order_line SET cancelled = ?, allocated = ?", 3 - left, left)
        issue(site, placed.id, CREDIT_NOTE, actor="system")
    said = [part for content in reading.contents_of(site, placed.id) for part in content["parts"]]
    assert len(said) == 4
    for part in said:
        on_top = 0 if inside else sum(one["amount"] for one in part["taxes"])
        assert part["subtotal"] - part["discount"] + on_top == part["amount"]
    assert signed(site, placed.id) == signed_tax(site, placed.id) == 0


def test_a_refund_without_a_return_is_credited_too(site: Site, lamp: Any, order: Any) -> None:
    placed = order(lamp)
    issue(site, placed.id, INVOICE, actor="system")
    view = order_view(placed.id, site=site)
    paid = replace(view, captured=view.total, refunded=replace(view.total, amount=500))
    from plugins.documents.services.owed import parts_of, still_to_say

    (refund,) = still_to_say(parts_of(paid), reading.contents_of(site, placed.id))

    assert (refund.key, refund.amount) == ("refund", -500)


def test_a_second_click_answers_the_first_document(site: Site, lamp: Any, order: Any) -> None:
    placed = order(lamp)
    assert issue(site, placed.id, INVOICE, actor="a") == issue(site, placed.id, INVOICE, actor="b")
    assert value("SELECT last FROM documents_series WHERE site_id = ?", site.id) == 1


def test_what_is_refused_uses_no_number(site: Site, other_site: Site, lamp: Any, order: Any) -> None:
    placed = order(lamp)
    with pytest.raises(NothingToIssue):
        issue(site, placed.id, CREDIT_NOTE, actor="system")
    with pytest.raises(NotFound):
        issue(other_site, placed.id, INVOICE, actor="system")
    assert rows("SELECT * FROM documents_series") == []
    cancel_order(site, placed.id, actor="system", reason="test")
    with pytest.raises(NothingToIssue):
        issue(site, placed.id, INVOICE, actor="system")


def test_sites_and_kinds_count_apart_from_the_chosen_number_on(
    site: Site, lamp: Any, order: Any, set_up: Any, sell: Any, other_site: Site
) -> None:
    set_up(invoice_prefix="R", invoice_start=500)
    set_up(on=other_site, invoice_prefix="发", invoice_start=7)
    cup = sell("CUP", 900, on=other_site)
    for _ in range(2):
        issue(site, order(lamp).id, INVOICE, actor="system")
    issue(other_site, order(cup, on=other_site).id, INVOICE, actor="system")
    codes = [code for (code,) in rows("SELECT code FROM documents_document ORDER BY id")]
    assert codes == ["R00500", "R00501", "发00007"]


def test_a_document_that_was_altered_is_not_shown(site: Site, lamp: Any, order: Any) -> None:
    document_id = issue(site, order(lamp).id, INVOICE, actor="system")
    with transaction():
        execute("UPDATE documents_document SET content = REPLACE(content, '8999', '8998') WHERE id = ?", document_id)
    with pytest.raises(reading.Altered):
        reading.content_of(site, document_id)


def test_without_the_digest_an_altered_one_would_be_shown(
    site: Site, lamp: Any, order: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bug against which the test above stands guard, planted."""
    document_id = issue(site, order(lamp).id, INVOICE, actor="system")
    with transaction():
        execute("UPDATE documents_document SET content = REPLACE(content, '8999', '8998') WHERE id = ?", document_id)
    monkeypatch.setattr(reading, "_proved", lambda text, _digest: reading.json.loads(text))
    assert reading.content_of(site, document_id)["total"] == 8998


@pytest.mark.parametrize("automatic", [True, False])
def test_a_paid_order_gets_its_invoice_where_that_is_wanted(
    site: Site, lamp: Any, order: Any, turn_on: Any, set_up: Any, outbox: Any, automatic: bool
) -> None:
    set_up(automatic=automatic)
    turn_on("bank_transfer", holder="Shop", account="DE02120300000000202051")
    placed = order(lamp)
    mark_paid(state_of(site.id), placed.id, actor="system")
    outbox.deliver()
    assert outbox.events(OrderPaid)
    assert len(reading.contents_of(site, placed.id)) == int(automatic)
    assert outbox.dead() == []


def test_an_order_that_changes_all_the_time_is_refused_in_words(
    site: Site, lamp: Any, order: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = order(lamp)
    real = issuing.order_view
    monkeypatch.setattr(issuing, "order_view", lambda *args, **more: replace(real(*args, **more), version=-1))
    with pytest.raises(issuing.TooBusy):
        issue(site, placed.id, INVOICE, actor="system")
    assert rows("SELECT * FROM documents_series") == []


def test_goodwill_is_credited_with_the_tax_within_it(site: Site, lamp: Any, order: Any) -> None:
    placed = order(lamp, 3)
    issue(site, placed.id, INVOICE, actor="system")
    charge = AddCharge(charge="goodwill", amount=2000)
    change_order(state_of(site.id), placed.id, [charge], key="g", actor="staff:1")
    note = reading.content_of(site, issue(site, placed.id, CREDIT_NOTE, actor="system"))
    # 20.00 with 19 % within: 20.00 - 20.00 / 1.19.
    assert (note["total"], signed_tax(site, placed.id)) == (2000, 4310 - 319)
    assert signed_tax(site, placed.id) == order_view(placed.id, site=site).tax.amount
    assert issued_paper(note, "en").rows == (("Goodwill", "1", "€20.00", "19 %", "€20.00"),)


@pytest.mark.parametrize("automatic", [True, False])
def test_money_that_goes_back_brings_its_credit_note_where_that_is_wanted(
    site: Site, lamp: Any, order: Any, set_up: Any, outbox: Any, automatic: bool
) -> None:
    set_up(automatic=True, automatic_credits=automatic)
    state, placed, without = state_of(site.id), order(lamp, 3), order(lamp, 1)
    mark_paid(state, placed.id, actor="system")
    ship_order(site, placed.id, actor="system")
    outbox.deliver()
    line = order_view(placed.id).lines[0].id
    case_id = request_case(
        site, placed.id, kind="return", lines={line: 1}, reason="wrong", key="k", actor="staff:1", by_rules=False
    )
    receive_case(site, case_id, {line: 1}, actor="staff:1")
    outbox.deliver()
    assert [one["kind"] for one in reading.contents_of(site, placed.id)] == ["invoice"]
    refund_surplus(state, placed.id, actor="staff:1", key="r", by_hand=True)
    outbox.deliver()
    outbox.deliver()
    found = [(one["kind"], one["total"]) for one in reading.contents_of(site, placed.id)]
    assert found == [("invoice", 3 * 8999), *([("credit_note", 8999)] if automatic else [])]
    assert reading.contents_of(site, without.id) == []
    assert outbox.dead() == []


def test_what_was_paid_before_gets_its_invoice_by_a_command(site: Site, lamp: Any, order: Any) -> None:
    paid, open_one = order(lamp, 2), order(lamp, 1)
    mark_paid(state_of(site.id), paid.id, actor="staff:1")

    assert [issuing.issue_lacking(site) for _ in range(2)] == [1, 0]
    assert [one["order"] for one in reading.contents_of(site, paid.id)] == [paid.number]
    assert reading.contents_of(site, open_one.id) == []
    # An order that is named gets whatever it lacks.
    cancel_order(site, paid.id, actor="staff:1")
    assert issuing.issue_lacking(site, [paid.number, "99"]) == 1
    assert signed(site, paid.id) == 0
