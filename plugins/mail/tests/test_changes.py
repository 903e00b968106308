"""Shoppers hear of every change of their order and every step of a return, once each."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date

import pytest

from core.api import (
    Address,
    CancelUnits,
    DoneBefore,
    Money,
    PaymentChanged,
    ReturnRules,
    SetAddress,
    approve_case,
    case_view,
    change_order,
    decline_case,
    execute,
    grant_and_refund,
    inspect_case,
    mark_paid,
    order_view,
    promise_day,
    receive_case,
    request_case,
    resolve_case,
    run_plugin_command,
    set_return_rules,
    ship_order,
    state_of,
    transaction,
    unship_order,
    withdraw_case,
)
from plugins.mail.services import mails_of, send_again, tell_shopper
from plugins.mail.tests.reading import body

# What is told, in words: long walks, whatever keeps the orders.
pytestmark = pytest.mark.once

WHO = "staff:1"


@pytest.fixture
def mailing(turn_on, mailbox):
    turn_on("mail", host=mailbox.host, port=mailbox.port, security="none")
    return mailbox


@pytest.fixture
def latest(mailing, outbox):
    """`latest()`: the mails that came since the last look."""
    known = [0]

    def look(to="mira@example.com"):
        outbox.deliver()
        mails = mailing.to(to)
        new, known[0] = mails[known[0] :], len(mails)
        return new

    return look


@pytest.fixture
def lamps(sell, order):
    return order_view(order(sell("LAMP", 8900, stock=5, name="Dome lamp"), 3).id)


def sent_back(site, lamps, units=2, **more):
    """A return of some units of the order after it has left."""
    ship_order(site, lamps.id, actor=WHO)
    asked = {"kind": "return", "reason": "does_not_fit", "key": "k", "actor": "guest", **more}
    return request_case(site, lamps.id, lines={lamps.lines[0].id: units}, **asked)


def test_a_change_is_told_once_with_its_money(latest, site, lamps):
    latest()
    for _again in range(2):
        fewer = [CancelUnits(line_id=lamps.lines[0].id, quantity=1)]
        change_order(state_of(site.id), lamps.id, fewer, key="own:a", actor="guest", reason="shopper")
    (mail,) = latest()
    assert mail["Subject"] == f"Order {lamps.number} is changed"
    for kind in ("plain", "html"):
        assert "1 × Dome lamp" in body(mail, kind)
        assert "€267.00" in body(mail, kind)
        assert "€178.00" in body(mail, kind)
        assert f"/order/{lamps.secret}" in body(mail, kind)
    assert "<style" not in body(mail, "html")


def test_a_new_address_is_told_in_its_lines_and_without_commas_between(latest, site, lamps):
    latest()
    short = Address(name="Mira K.", country="DE", lines=("Kurze Str. 2",), postcode="20095", city="Hamburg")
    there = SetAddress(address=short)
    change_order(state_of(site.id), lamps.id, [there], key="a", actor=WHO)
    (mail,) = latest()
    assert "The goods go to:\nMira K.\nKurze Str. 2\n20095 Hamburg\nGermany\n\n" in body(mail).replace("\r", "")
    # Each line keeps its own direction: from right to left, `2 Kurze Str.` would be another house.
    assert "The goods go to:<br>Mira K.<br>Kurze Str. 2<br>20095 Hamburg<br>Germany</p>" in body(mail, "html")
    assert '<br><span dir="auto">Kurze Str. 2</span>' in mail.get_body(("html",)).get_content()


def test_a_parcel_says_whom_it_is_for_where_an_order_goes_to_several(latest, site, sell, order):
    placed = order(sell("LAMP", 8900, name="Lamp"), 3, away=2)
    (received,) = latest()
    for kind in ("plain", "html"):
        assert body(received, kind).index("To Mira K., Berlin") < body(received, kind).index("To Oma, Paris")
    ship_order(site, placed.id, actor=WHO, place=1)
    (shipped,) = latest()
    assert "It goes to Oma, Paris." in body(shipped)


def test_what_is_picked_up_is_ready_at_a_place_and_on_no_way(latest, site, sell, order):
    placed = order(sell("LAMP", 8900, stock=5, name="Dome lamp"), 2)
    latest()
    rate = '{"pickup":true,"title":"Quay","description":"12 Canal Street, Leeds\\nMon-Sat 9-18"}'
    with transaction():
        execute("UPDATE orders SET rate = ?, delivery_title = ? WHERE id = ?", rate, "Pickup: Quay", placed.id)
    send_again(site, placed.id, "placed", key="k", actor=WHO)
    (confirmed,) = latest()
    parcel = ship_order(site, placed.id, actor=WHO, lines={order_view(placed.id).lines[0].id: 1})
    (ready,) = latest()
    assert ready["Subject"] == f"Order {placed.number} is ready to be picked up"
    assert "1 × Dome lamp" in body(ready)
    for kind in ("plain", "html"):
        assert "We write again when you can pick them up." in body(confirmed, kind)
        for mail in (confirmed, ready):
            assert "12 Canal Street, Leeds" in body(mail, kind)
            assert "Mon-Sat 9-18" in body(mail, kind)
            assert "parcel" not in body(mail, kind)
            assert "on its way" not in body(mail, kind)
    assert [words for code, words in mails_of(order_view(placed.id)) if code.startswith("shipped")] == [
        "Ready to be picked up: Pickup: Quay"
    ]
    unship_order(site, placed.id, parcel, actor=WHO)
    (wrong,) = latest()
    assert wrong["Subject"] == f"Order {placed.number} cannot be picked up yet"
    assert "That was a mistake" in body(wrong)
    assert "on its way" not in body(wrong) + body(wrong, "html")


def test_what_is_picked_up_and_not_all_there_yet_waits_for_no_parcel(latest, site, sell, order):
    placed = order(sell("LAMP", 8900, stock=0, backorder_limit=5, name="Dome lamp"), 2)
    latest()
    with transaction():
        execute(
            "UPDATE orders SET rate = ? WHERE id = ?", '{"pickup":true,"title":"Quay","description":"Leeds"}', placed.id
        )
    send_again(site, placed.id, "placed", key="k", actor=WHO)
    (mail,) = latest()
    for kind in ("plain", "html"):
        assert "We write again when you can pick something up." in body(mail, kind)
        assert "parcel" not in body(mail, kind)


def test_a_new_address_is_written_as_in_its_country(latest, site, lamps):
    latest()
    there = Address(
        name="王小美", lines=("建国路 88 号",), city="北京市", district="朝阳区", region="北京市", postcode="100022",
        country="CN",
    )  # fmt: skip
    change_order(state_of(site.id), lamps.id, [SetAddress(address=there)], key="a", actor=WHO)
    (mail,) = latest()
    for kind in ("plain", "html"):
        said = body(mail, kind)
        assert "朝阳区" in said
        assert said.index("100022") < said.index("建国路 88 号") < said.index("王小美") < said.index("China")


def test_a_change_that_cancels_everything_is_told_as_that_alone(latest, site, lamps):
    latest()
    everything = [CancelUnits(line_id=lamps.lines[0].id, quantity=3)]
    change_order(state_of(site.id), lamps.id, everything, key="own:a", actor="guest")
    assert [mail["Subject"] for mail in latest()] == [f"Order {lamps.number} is cancelled"]


def test_whoever_cancels_reads_what_goes_back_or_went_back_already(latest, site, lamps):
    mark_paid(state_of(site.id), lamps.id, actor=WHO)
    latest()
    everything = [CancelUnits(line_id=lamps.lines[0].id, quantity=3)]
    change_order(state_of(site.id), lamps.id, everything, key="own:a", actor="guest")
    (mail,) = latest()
    assert "We give €267.00 back ourselves, by bank transfer for example." in body(mail)
    same = "amount, currency, at, stored_at, payment_id, verdict, note"
    with transaction():  # A gateway may be faster than the mail.
        execute(
            f"INSERT INTO payment_fact (site_id, plugin, account, live, kind, reference, {same}) SELECT site_id,"
            f" plugin, account, live, 'refunded', 'back', {same} FROM payment_fact WHERE kind = 'captured'"
        )
    send_again(site, lamps.id, "cancelled", key="again", actor=WHO)
    (mail,) = latest()
    assert "We have given €267.00 back." in body(mail)


def test_what_a_gateway_gives_back_is_promised_by_the_way_it_was_paid(latest, site, turn_on, sell, order):
    turn_on("fake_gateway")
    placed = order_view(order(sell("LAMP", 8900, stock=5), 3, gateway="fake_gateway").id)
    mark_paid(state_of(site.id), placed.id, actor=WHO)
    with transaction():  # As if the gateway had told it.
        execute("UPDATE payment_fact SET note = '' WHERE payment_id = ?", placed.payments[0].id)
    latest()
    for units, amount in ((1, "€89.00"), (2, "€267.00")):
        fewer = [CancelUnits(line_id=placed.lines[0].id, quantity=units)]
        change_order(state_of(site.id), placed.id, fewer, key=f"own:{units}", actor="guest")
        (mail,) = latest()
        for kind in ("plain", "html"):
            assert f"We give {amount} back by the way you paid." in body(mail, kind)


def test_a_return_is_told_step_by_step(latest, site, lamps):
    mark_paid(state_of(site.id), lamps.id, actor=WHO)
    set_return_rules(site, ReturnRules(send_to="Lamp returns\n12 Shore Street"), actor=WHO)
    case = sent_back(site, lamps)
    line = lamps.lines[0].id
    asked = latest()[-1]
    assert asked["Subject"] == f"We have your request about order {lamps.number}"
    assert "2 × Dome lamp" in body(asked)

    approve_case(site, case, actor=WHO)
    (approved,) = latest()
    assert "send it to us" in body(approved, "html")
    assert "Send it to:<br>Lamp returns<br>12 Shore Street</p>" in body(approved, "html")
    # From right to left, a line that begins with a number would be another house.
    assert '<br><span dir="auto">12 Shore Street</span>' in approved.get_body(("html",)).get_content()
    assert "Send it to:\nLamp returns\n12 Shore Street\n" in body(approved).replace("\r", "")
    for kind in ("plain", "html"):
        assert f"/order/{lamps.secret}/return/{case}/label" in body(approved, kind)

    receive_case(site, case, {line: 1}, actor=WHO)
    (first,) = latest()
    assert "Your parcel has come" in body(first)
    assert "1 × Dome lamp" in body(first)
    receive_case(site, case, {line: 1}, actor=WHO)
    assert len(latest()) == 1, "a second parcel is another step"

    inspect_case(site, case, {line: {"sellable": 2}}, actor=WHO)
    assert latest() == [], "looking at the goods is the shop's own business"
    resolve_case(site, case, actor=WHO, change_id=None, granted=17800, answer="Thank you")
    (resolved,) = latest()
    for kind in ("plain", "html"):
        assert "We give you back €178.00. We do that ourselves, by bank transfer for example." in body(resolved, kind)
        assert "Thank you" in body(resolved, kind)
    raw = resolved.get_body(("html",)).get_content()
    for said, direction in (("Thank you", "auto"), (site.email, "ltr"), (site.host, "ltr")):
        assert re.search(f'<(span|a)[^>]* dir="{direction}"[^>]*>{re.escape(said)}<', raw), said


def test_nothing_is_said_to_be_given_back_that_was_never_paid(latest, site, lamps):
    case, line = sent_back(site, lamps), lamps.lines[0].id
    approve_case(site, case, actor=WHO)
    receive_case(site, case, {line: 2}, actor=WHO)
    inspect_case(site, case, {line: {"sellable": 2}}, actor=WHO)
    resolve_case(site, case, actor=WHO, change_id=None, granted=17800)
    told = body(latest()[-1])
    assert "€178.00 are taken off what you have to pay." in told
    assert "give you back" not in told


def test_money_that_goes_back_is_told_each_time_with_what_went_before(latest, site, lamps):
    mark_paid(state_of(site.id), lamps.id, actor=WHO)
    state, (pay,) = state_of(site.id), order_view(lamps.id).payments
    latest()
    for key, amount in (("a", 1000), ("a", 1000), ("b", 2500)):
        with suppress(DoneBefore):
            grant_and_refund(state, lamps.id, Money(amount, "EUR"), actor=WHO, key=key, reason="Late", by_hand=True)
    mails = latest()
    assert not any("by the way you paid" in body(mail, kind) for mail in mails for kind in ("plain", "html"))
    first, second = [mail for mail in mails if "goes back" in mail["Subject"]]
    for kind in ("plain", "html"):
        assert "We have given back €10.00 ourselves." in body(first, kind)
        assert "We have given back €25.00 ourselves." in body(second, kind)
        assert pay.title not in body(second, kind)
        assert "In all, €35.00 of this order have gone back." in body(second, kind)


def test_money_that_a_gateway_gave_back_is_told_with_the_way_of_the_payment(latest, site, lamps):
    mark_paid(state_of(site.id), lamps.id, actor=WHO)
    (pay,) = order_view(lamps.id).payments
    latest()
    told = PaymentChanged(order_id=lamps.id, payment_id=pay.id, state="partly_refunded", refunded=1000)
    tell_shopper(site, told, 7)
    (mail,) = latest()
    for kind in ("plain", "html"):
        assert f"We have given back €10.00: {pay.title}." in body(mail, kind)


def test_a_declined_return_says_why_and_a_withdrawn_one_is_silent(latest, site, lamps):
    case = sent_back(site, lamps)
    latest()
    decline_case(site, case, actor=WHO, answer="It was made <to measure>.")
    (mail,) = latest()
    assert "It was made <to measure>." in body(mail)
    assert "&lt;to measure&gt;" in body(mail, "html")
    other = request_case(
        site, lamps.id, kind="return", lines={lamps.lines[0].id: 1}, reason="wrong", key="x", actor="guest"
    )
    latest()
    withdraw_case(site, other, actor="guest")
    assert latest() == []


def test_a_claim_is_not_asked_to_send_anything(latest, site, lamps):
    case = sent_back(site, lamps, 1, kind="claim", reason="missing")
    asked = latest()[-1]
    for kind in ("plain", "html"):
        assert "You need not send anything." in body(asked, kind)
        assert "before that" not in body(asked, kind)
    approve_case(site, case, actor=WHO)
    (mail,) = latest()
    assert "You need not send anything" in body(mail)


def test_a_chinese_return_is_told_in_chinese(latest, site, sell, order):
    placed = order(sell("LAMP", 8900, stock=5), 1, email="lin@example.com", language="zh-CN")
    case = sent_back(site, order_view(placed.id), 1)
    latest("lin@example.com")
    approve_case(site, case, actor=WHO)
    (mail,) = latest("lin@example.com")
    assert mail["Subject"] == f"订单 {placed.number} 的商品可以寄回"
    assert "/zh-cn/order/" in body(mail)
    assert "寄给我们" in body(mail, "html")


def test_a_chinese_claim_is_told_in_chinese_and_asks_for_no_parcel(latest, site, sell, order):
    placed = order(sell("LAMP", 8900, stock=5), 1, email="lin@example.com", language="zh-CN")
    case = sent_back(site, order_view(placed.id), 1, kind="claim", reason="incomplete", wish="replace")
    assert "您无需寄回任何东西" in body(latest("lin@example.com")[-1])
    approve_case(site, case, actor=WHO)
    (mail,) = latest("lin@example.com")
    assert mail["Subject"] == f"我们正在处理订单 {placed.number} 的理赔"
    assert "您无需寄回任何东西" in body(mail, "html")


@pytest.fixture
def decide(site, lamps, at_panel):
    """`decide(case, way="replace")`: all that was announced has come back well, and the desk decides."""

    def resolve(case, **how):
        view = case_view(site, case)
        if view.kind != "claim":
            receive_case(site, case, {line.line_id: line.quantity for line in view.lines}, actor=WHO)
            inspect_case(site, case, {line.line_id: {"sellable": line.quantity} for line in view.lines}, actor=WHO)
        path = f"/panel/orders/{lamps.number}/returns/{case}"
        shown = re.search(r'name="seen" value="(\d+)"', at_panel.post(path, 200, act="preview", **how))
        at_panel.post(path, act="resolve", seen=shown[1], **how)

    return resolve


def test_an_exchange_is_told_as_one_sum_and_not_as_money_that_goes_back(latest, site, sell, lamps, decide):
    mark_paid(state_of(site.id), lamps.id, actor=WHO)
    large = sell("LARGE", 12950, stock=5)
    case = sent_back(site, lamps, 1, kind="exchange", wanted={large.variant_id: 1}, by_rules=False)
    decide(case, restocking="0")
    told = latest()[-1]
    for kind in ("plain", "html"):
        assert "€89.00 for what came back is counted towards what you get instead." in body(told, kind)
        # 129.50 less 89.00.
        assert "Still to be paid: €40.50." in body(told, kind)
        assert "give you back" not in body(told, kind)


def test_an_exchange_is_told_with_what_is_sent_instead_at_every_step(latest, site, sell, lamps, decide):
    mark_paid(state_of(site.id), lamps.id, actor=WHO)
    large = sell("LARGE", 12950, stock=5, name="Arc lamp")
    case = sent_back(site, lamps, 1, kind="exchange", wanted={large.variant_id: 2}, by_rules=True)
    asked = latest()[-1]
    approve_case(site, case, actor=WHO)
    (approved,) = latest()
    decide(case, restocking="0")
    received, resolved = latest()
    for mail, head in (
        (asked, "You would like instead"),
        (approved, "We send you instead"),
        (received, "We send you instead"),
        (resolved, "We send you instead"),
    ):
        for kind in ("plain", "html"):
            told = body(mail, kind)
            assert told.index("1 × Dome lamp") < told.index(head) < told.index("2 × Arc lamp"), (head, kind)
        lines = body(mail).splitlines()
        assert "1 × Dome lamp" in lines, "each stands on a line of its own"
        assert "2 × Arc lamp" in lines
    # 2 × 129.50 less 89.00.
    assert "Still to be paid: €170.00." in body(resolved)
    assert "Pay €170.00" in body(resolved, "html")
    mark_paid(state_of(site.id), lamps.id, actor=WHO)
    latest()
    send_again(site, lamps.id, f"case:{case}:resolved", key="again", actor=WHO)
    (again,) = latest()
    assert "2 × Arc lamp" in body(again)
    assert "€170.00 for it is paid." in body(again, "html")


def test_what_is_given_back_is_told_with_its_fees_and_goodwill(latest, site, lamps, decide):
    mark_paid(state_of(site.id), lamps.id, actor=WHO)
    case = sent_back(site, lamps, 1, by_rules=False)
    decide(case, restocking="4.00", return_delivery="5.00", goodwill="3.00")
    told = latest()[-1]
    assert "We give you back €83.00." in body(told)
    lines = ["For what came back €89.00", "Restocking fee −€4.00", "Return delivery −€5.00", "Goodwill €3.00"]
    for kind in ("plain", "html"):
        shown = " ".join(re.sub(r"<[^>]+>", " ", body(told, kind)).split())
        assert " ".join([*lines, "Total €83.00"]) in shown


def test_a_replacement_with_goodwill_lists_no_price_of_goods(latest, site, lamps, decide):
    mark_paid(state_of(site.id), lamps.id, actor=WHO)
    case = sent_back(site, lamps, 1, kind="claim", reason="damaged")
    approve_case(site, case, actor=WHO)
    decide(case, way="replace", goodwill="3.00")
    told = body(latest()[-1])
    assert "Goodwill  €3.00" in told
    assert "For what you claimed" not in told


def test_a_declined_exchange_promises_no_goods(latest, site, sell, lamps):
    large = sell("LARGE", 12950, stock=5, name="Arc lamp")
    case = sent_back(site, lamps, 1, kind="exchange", wanted={large.variant_id: 1})
    latest()
    decline_case(site, case, actor=WHO, answer="It was worn.")
    assert "Arc lamp" not in body(latest()[-1])


def test_an_even_exchange_says_that_nothing_is_paid(latest, site, sell, lamps, decide):
    mark_paid(state_of(site.id), lamps.id, actor=WHO)
    other = sell("OTHER", 8900, stock=5, name="Dome lamp, green")
    case = sent_back(site, lamps, 1, kind="exchange", wanted={other.variant_id: 1}, by_rules=False)
    decide(case, restocking="0")
    told = body(latest()[-1])
    assert "1 × Dome lamp, green" in told
    assert "You have nothing to pay." in told
    assert "give" not in told


def test_an_exchange_for_something_cheaper_gives_back_the_rest(latest, site, sell, lamps, decide):
    mark_paid(state_of(site.id), lamps.id, actor=WHO)
    cup = sell("CUP", 1250, stock=5)
    case = sent_back(site, lamps, 1, kind="exchange", wanted={cup.variant_id: 1}, by_rules=False)
    decide(case, restocking="0")
    # 89.00 less 12.50.
    assert "We give €76.50 back ourselves, by bank transfer for example." in body(latest()[-1])


def test_a_claim_that_is_sent_once_more_says_so(latest, site, lamps, decide):
    case = sent_back(site, lamps, 1, kind="claim", reason="missing")
    approve_case(site, case, actor=WHO)
    decide(case, way="replace")
    mail = latest()[-1]
    for kind in ("plain", "html"):
        told = body(mail, kind)
        assert "We send you the same once more, at no charge." in told
        assert "Nothing is paid back" not in told
        assert "1 × Dome lamp" in told.partition("We send you\r\n" if kind == "plain" else "We send you<")[2]
    send_again(site, lamps.id, f"case:{case}:resolved", key="again", actor=WHO)
    assert "once more" in body(latest()[-1])


def test_a_part_of_the_money_for_a_claim_is_told_as_that(latest, site, lamps, decide):
    mark_paid(state_of(site.id), lamps.id, actor=WHO)
    case = sent_back(site, lamps, 1, kind="claim", reason="damaged", wish="refund")
    approve_case(site, case, actor=WHO)
    decide(case, way="refund", part="20.00")
    told = latest()[-1]
    for kind in ("plain", "html"):
        assert "We give you back €20.00." in body(told, kind)
        assert "once more" not in body(told, kind)


def test_the_payment_of_a_difference_is_told_like_the_first_and_once(latest, site, lamps, at_panel):
    for amount in (10000, None):
        mark_paid(state_of(site.id), lamps.id, actor=WHO, amount=amount and Money(amount, "EUR"))
    subjects = [mail["Subject"] for mail in latest()]
    paid = f"Your payment for order {lamps.number} has come"
    assert subjects.count(paid) == 1, "a part is no reason for a mail, the whole for one"
    # Four lamps of 89.00.
    more = {f"qty-{lamps.lines[0].id}": "4", "seen": "35600", "act": "confirm", "key": "more"}
    at_panel.post(f"/panel/orders/{lamps.number}/change", **more)
    latest()
    mark_paid(state_of(site.id), lamps.id, actor=WHO)
    (mail,) = latest()
    assert mail["Subject"] == paid
    assert "We have received €356.00" in body(mail)


def test_another_day_and_a_parcel_that_did_not_leave_are_told(site, sell, order, latest):
    lamps = order_view(order(sell("LAMP", 8900, stock=5, name="Dome lamp"), 2).id)
    with transaction():
        execute("UPDATE order_line SET promise = ?", "backorder")
    latest()
    promise_day(site, lamps.id, date(2099, 5, 4), actor=WHO, why="The ship is late.")
    promise_day(site, lamps.id, date(2099, 5, 4), actor=WHO)
    (mail,) = latest()
    assert mail["Subject"] == f"Another day for order {lamps.number}"
    for kind in ("plain", "html"):
        assert "2 × Dome lamp" in body(mail, kind)
        assert "4 May 2099" in body(mail, kind)
        assert "The ship is late." in body(mail, kind)
    parcel = ship_order(site, lamps.id, actor=WHO)
    latest()
    unship_order(site, lamps.id, parcel, actor=WHO)
    (mail,) = latest()
    assert "has not left yet" in mail["Subject"]
    assert "2 × Dome lamp" in body(mail, "html")


def test_another_day_is_told_of_the_pieces_that_are_not_there(site, sell, order, latest):
    three = order_view(order(sell("LAMP", 8900, stock=1, backorder_limit=5, name="Dome lamp"), 3).id)
    latest()
    promise_day(site, three.id, date(2099, 5, 4), actor=WHO)
    (mail,) = latest()
    for kind in ("plain", "html"):
        assert "2 × Dome lamp" in body(mail, kind)
        assert "3 × Dome lamp" not in body(mail, kind)


def test_a_parcel_is_followed_and_what_is_still_to_come_is_told(latest, turn_on, site, sell, order):
    turn_on("flat_rate")
    rate = ["--title", "en=Tracked 48", "--price", "EUR=4.90", "--tracking", "https://track.example/{number}"]
    run_plugin_command("flat_rate", "add", ["--site", site.host, *rate])
    placed = order_view(order(sell("LAMP", 8900, stock=5, name="Dome lamp"), 3).id)
    latest()
    one = {placed.lines[0].id: 1}
    ship_order(site, placed.id, actor=WHO, lines=one, carrier="flat_rate", service="rate-1", tracking="RM 1")
    (mail,) = latest()
    for kind in ("plain", "html"):
        said = body(mail, kind)
        assert "https://track.example/RM%201" in said
        assert "Tracked 48" in said
        assert "1 × Dome lamp" in said
        assert "Still to come" in said
        assert "2 × Dome lamp" in said.split("Still to come")[1]
    ship_order(site, placed.id, actor=WHO, carrier="Pigeon", tracking="P1")
    (mail,) = latest()
    assert "Still to come" not in body(mail)
    assert "Pigeon" in body(mail)
