"""What happens is told, again and again until it was heard, and never to an address inside."""

from __future__ import annotations

import ipaddress
import json
import threading
import time
from datetime import timedelta
from typing import Any

import pytest

from core.api import Fetcher, execute, open_secret, rows, transaction, value
from plugins.webhooks import client, forms, services
from plugins.webhooks.models import KeptEvent, SigningSecret
from plugins.webhooks.services import sending

MINUTE = 60


def states(site: Any) -> list[str]:
    return [row.state for row in services.deliveries(site, services.Filters())[0]]


def test_an_order_is_told_with_ids_and_money_only(endpoint, receiver, order, sell, outbox):
    endpoint("order.placed")
    placed = order(sell("LAMP", 8900, stock=3), 2)
    outbox.deliver()

    (got,) = receiver.got
    said = json.loads(got.body)
    assert said["type"] == "order.placed"
    money = {"total": 17800, "currency": "EUR"}
    elsewhere = {"channel": "", "channel_number": ""}
    assert said["data"] == {"order_id": placed.id, "number": placed.number, **money, **elsewhere, "v": 1}
    assert got.headers["content-type"] == "application/json"
    assert b"mira" not in got.body.lower()
    assert b"Berlin" not in got.body


def test_an_endpoint_hears_of_what_it_chose(site, endpoint, receiver, order, sell, outbox):
    endpoint("order.placed", "order.paid")
    endpoint("stock.changed")
    order(sell("LAMP", 8900, stock=1))
    outbox.deliver()

    kinds = [json.loads(got.body)["type"] for got in receiver.got]
    assert kinds.count("order.placed") == 1
    assert kinds.count("stock.changed") >= 1
    assert set(kinds) == {"order.placed", "stock.changed"}


def test_a_site_without_endpoints_keeps_nothing(site, receiver, turn_on, order, sell, outbox):
    turn_on("webhooks")
    order(sell("LAMP", 8900, stock=3))
    outbox.deliver()

    assert KeptEvent.for_site(site).count() == 0
    assert receiver.got == []


def test_another_site_is_told_nothing(endpoint, receiver, other_site, turn_on, order, sell, outbox):
    endpoint("order.placed")
    turn_on("webhooks", on=other_site)
    order(sell("灯", 8900, stock=3, on=other_site), on=other_site)
    outbox.deliver()

    assert receiver.got == []


def test_an_event_told_twice_is_sent_once(site, endpoint, receiver, outbox):
    from core.api import Delivery, OrderPaid, now

    endpoint("order.paid")
    event = OrderPaid(order_id=1, number="10001", captured=100, currency="EUR")
    for attempt in (1, 2):
        services.keep_event(site, Delivery(id="e1", seq=1, at=now(), attempt=attempt, event=event))
        outbox.deliver()

    assert [got.headers["webhook-id"] for got in receiver.got] == ["msg_e1"]


def test_a_failed_delivery_comes_again_under_the_same_id(site, endpoint, receiver, order, sell, outbox, clock):
    endpoint("order.placed")
    receiver.status = 500
    order(sell("LAMP", 8900, stock=3))
    outbox.deliver()
    assert states(site) == ["waiting"]
    receiver.status = 204
    clock.move(seconds=4)
    outbox.deliver()
    assert len(receiver.got) == 1, "the first step of the ladder is five seconds"
    clock.move(seconds=2)
    outbox.deliver()

    first, second = receiver.got
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert states(site) == ["sent"]


def test_after_three_days_it_is_given_up(site, endpoint, receiver, order, sell, outbox, clock, turn_on):
    endpoint("order.placed")
    turn_on("webhooks", pause_after=1000, keep_days=30)
    receiver.status = 500
    order(sell("LAMP", 8900, stock=3))
    began = clock.move()
    outbox.deliver()
    while states(site) == ["waiting"]:
        (row,) = services.deliveries(site, services.Filters())[0]
        clock.set(max(row.due_at, clock.move()))
        outbox.deliver()

    assert states(site) == ["dead"]
    assert len(receiver.got) == 11
    # 5 s + 1 + 5 + 30 minutes + 2 + 5 + 10 + 14 + 18 + 22 hours, and at most a tenth more.
    least = timedelta(seconds=5 + 36 * MINUTE + 71 * 60 * MINUTE)
    assert least <= clock.move() - began <= least * 1.1


def test_one_that_was_given_up_is_sent_again_by_hand(site, endpoint, receiver, order, sell, outbox):
    endpoint("order.placed")
    order(sell("LAMP", 8900, stock=3))
    outbox.deliver()
    (row,) = services.deliveries(site, services.Filters())[0]
    services.replay(site, row.id, actor="system")
    outbox.deliver()

    assert [got.headers["webhook-id"] for got in receiver.got] == [f"msg_{row.uid}"] * 2
    assert [one.status for one in services.attempts_of(site, row.id)] == [200, 200]


def test_patience_is_shown_where_it_is_asked_for(site, endpoint, receiver, order, sell, outbox, clock):
    endpoint("order.placed")
    receiver.status, receiver.headers = 429, {"Retry-After": "600"}
    order(sell("LAMP", 8900, stock=3))
    outbox.deliver()
    (row,) = services.deliveries(site, services.Filters())[0]

    assert row.due_at - clock.move() == timedelta(seconds=600)


def test_an_endpoint_that_keeps_failing_is_paused_and_the_shop_is_told(
    site, endpoint, receiver, order, sell, outbox, clock, turn_on, mailbox
):
    turn_on("mail", host=mailbox.host, port=mailbox.port, security="none", sender="shop@shop.test")
    endpoint_id, _ = endpoint("order.placed")
    turn_on("webhooks", pause_after=3, keep_days=30)
    receiver.status = 503
    order(sell("LAMP", 8900, stock=3))
    for _ in range(6):
        outbox.deliver()
        clock.move(hours=1)

    assert len(receiver.got) == 3
    assert services.find_endpoint(site, endpoint_id).pause_reason == "failures"
    (mail,) = mailbox.to("shop@shop.test")[-1:]
    assert "paused" in mail["Subject"]
    assert f"/panel/webhooks/{endpoint_id}" in mail.get_body(("plain",)).get_content().replace("=\n", "")
    receiver.status = 200
    services.resume_endpoint(site, endpoint_id, actor="system")
    clock.move(hours=3)
    outbox.deliver()
    assert states(site) == ["sent"]


def test_an_endpoint_that_says_gone_is_paused_at_once(site, endpoint, receiver, order, sell, outbox):
    endpoint_id, _ = endpoint("order.placed")
    receiver.status = 410
    order(sell("LAMP", 8900, stock=3))
    outbox.deliver()

    assert services.find_endpoint(site, endpoint_id).pause_reason == "gone"
    assert len(receiver.got) == 1


def test_a_paused_endpoint_hears_later_what_it_missed(site, endpoint, receiver, order, sell, outbox):
    endpoint_id, _ = endpoint("order.placed")
    services.pause_endpoint(site, endpoint_id, actor="system")
    order(sell("LAMP", 8900, stock=3))
    outbox.deliver()
    assert receiver.got == []
    services.resume_endpoint(site, endpoint_id, actor="system")
    outbox.deliver()

    assert len(receiver.got) == 1


def test_events_since_an_instant_are_sent_again(site, endpoint, receiver, order, sell, outbox, clock):
    endpoint("order.placed")
    lamp = sell("LAMP", 8900, stock=9)
    order(lamp)
    outbox.deliver()
    middle = clock.move(hours=1)
    order(lamp)
    outbox.deliver()
    receiver.got.clear()
    late, _ = endpoint("order.placed", url=f"{receiver.url}/late")

    assert services.replay_since(site, late, middle, missed_only=True, actor="system") == 1
    outbox.deliver()
    assert [got.path for got in receiver.got] == ["/hooks/late"]
    assert services.replay_since(site, late, middle, missed_only=True, actor="system") == 0
    assert services.replay_since(site, late, middle, missed_only=False, actor="system") == 1


def test_while_secrets_are_changed_both_sign(site, endpoint, receiver, order, sell, outbox, clock):
    from plugins.webhooks.services.signing import signature

    endpoint_id, old = endpoint("order.placed")
    new = services.rotate_secret(site, endpoint_id, actor="system")
    lamp = sell("LAMP", 8900, stock=9)
    order(lamp)
    outbox.deliver()
    clock.move(hours=25)
    order(lamp)
    outbox.deliver()

    for got, keys in zip(receiver.got, ([new, old], [new]), strict=True):
        stamp = int(got.headers["webhook-timestamp"])
        assert got.headers["webhook-signature"] == signature(keys, got.headers["webhook-id"], stamp, got.body)


def test_secrets_are_stored_encrypted(site, endpoint):
    endpoint_id, secret = endpoint()
    (row,) = SigningSecret.for_site(site).where(SigningSecret.endpoint == endpoint_id)

    assert secret not in json.dumps(row.sealed)
    assert open_secret(row.sealed) == secret


# -- nobody is led inside ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.9", "169.254.169.254", "100.64.0.1", "::1", "fe80::1", "fd00::1",
     "::ffff:127.0.0.1", "64:ff9b::7f00:1", "0.0.0.0"],
)  # fmt: skip
def test_a_name_that_leads_inside_is_refused_at_every_sending(monkeypatch, address):
    """Also where it led outside when it was typed: the name is resolved anew, and the checked address is opened."""
    monkeypatch.setattr(client, "DOOR", Fetcher(resolve=lambda *_: [address], ports=range(1, 65_536), timeout_s=1))
    post = client.Post(url="https://hooks.example.com/", id="msg_1", timestamp=1, signature="v1,x", body=b"{}")

    assert client.post(post).problem == "refused"


def test_plain_http_is_refused():
    post = client.Post(url="http://hooks.example.com/", id="msg_1", timestamp=1, signature="v1,x", body=b"{}")

    assert client.post(post).problem == "refused"


def test_a_redirect_leads_nowhere(site, endpoint, receiver, order, sell, outbox):
    endpoint("order.placed")
    receiver.status, receiver.headers = 307, {"Location": f"{receiver.url}/inside"}
    order(sell("LAMP", 8900, stock=3))
    outbox.deliver()

    assert [got.path for got in receiver.got] == ["/hooks"]
    (row,) = services.deliveries(site, services.Filters())[0]
    assert (row.state, row.status) == ("waiting", 307)


@pytest.mark.parametrize(
    "url",
    ["", "http://example.com/", "https://127.0.0.1/x", "https://[::1]/", "https://localhost/", "https://a.local/",
     "https://u:p@example.com/", "https://exa mple.com/", "ftp://example.com/", "https://example.com/#x",
     "https://example.com:0/", "https://" + "a" * 2_000, "https://10.0.0.1:8443/"],
)  # fmt: skip
def test_an_address_that_cannot_be_reached_is_refused_in_the_form(url):
    from core.api import Unfit

    with pytest.raises(Unfit) as refusal:
        forms.parse({"url": url, "which": "all"})
    assert "url" in refusal.value.errors


def test_the_fetchers_own_rule_counts_in_production():
    assert client.DOOR.allows(ipaddress.ip_address("93.184.216.34"))
    assert not client.DOOR.allows(ipaddress.ip_address("127.0.0.1"))
    assert {"https"} == client.SCHEMES
    assert client.DOOR.timeout_s == 10


# -- limits of the exchange --------------------------------------------------------------------------------------------


def test_only_the_first_bytes_of_an_answer_are_kept(site, endpoint, receiver, order, sell, outbox):
    endpoint("order.placed")
    receiver.answer = b"x" * 500_000
    order(sell("LAMP", 8900, stock=3))
    outbox.deliver()
    (row,) = services.deliveries(site, services.Filters())[0]
    (tried,) = services.attempts_of(site, row.id)

    assert tried.answer == "x" * 1_000
    assert tried.status == 200


def test_a_slow_endpoint_is_not_waited_for(site, endpoint, receiver, order, sell, outbox, monkeypatch):
    monkeypatch.setattr(client, "TIMEOUT_S", 0.3)
    monkeypatch.setattr(
        client, "DOOR", Fetcher(allows=lambda _: True, ports=range(1, 65_536), timeout_s=client.TIMEOUT_S)
    )
    endpoint("order.placed")
    receiver.slow_s = 20
    order(sell("LAMP", 8900, stock=3))
    began = time.monotonic()
    outbox.deliver()

    assert time.monotonic() - began < 15
    (row,) = services.deliveries(site, services.Filters())[0]
    assert (row.state, row.problem) == ("waiting", "timeout")


def test_nothing_is_sent_inside_a_transaction(site, endpoint, receiver, order, sell, outbox, monkeypatch):
    from core.api import require_transaction

    seen = []
    post_all = client.post_all

    def watched(posts):
        with pytest.raises(RuntimeError):
            require_transaction()
        seen.append(len(posts))
        return post_all(posts)

    monkeypatch.setattr(client, "post_all", watched)
    endpoint("order.placed")
    order(sell("LAMP", 8900, stock=3))
    outbox.deliver()

    assert seen


# -- kills and races ---------------------------------------------------------------------------------------------------


def killed_while_sending(site, order, sell, outbox, monkeypatch):
    """The process dies after the message left, before what came of it is kept."""
    with monkeypatch.context() as patch:
        patch.setattr(sending, "_keep", lambda *_: (_ for _ in ()).throw(SystemExit(9)))
        order(sell("LAMP", 8900, stock=3))
        outbox.deliver()


def test_a_delivery_of_a_killed_worker_is_sent_again_under_its_id(
    site, endpoint, receiver, order, sell, outbox, monkeypatch, clock
):
    endpoint("order.placed")
    killed_while_sending(site, order, sell, outbox, monkeypatch)
    assert states(site) == ["sending"]
    clock.move(seconds=60)
    outbox.deliver()
    assert len(receiver.got) == 1, "the lease still holds"
    clock.move(seconds=200)
    outbox.deliver()

    assert states(site) == ["sent"]
    assert receiver.got[0].headers["webhook-id"] == receiver.got[1].headers["webhook-id"]


def test_planted_a_claim_without_lease_is_lost_with_its_worker(
    site, endpoint, receiver, order, sell, outbox, monkeypatch, clock
):
    endpoint("order.placed")
    monkeypatch.setattr(sending, "LEASE", timedelta(days=10_000))
    killed_while_sending(site, order, sell, outbox, monkeypatch)
    clock.move(days=4)
    outbox.deliver()

    assert states(site) == ["sending"]
    assert len(receiver.got) == 1


def waiting_messages(site, endpoint, count=5):
    from plugins.webhooks.services.replaying import send_test

    endpoint_id, _ = endpoint()
    for _ in range(count):
        send_test(site, endpoint_id, actor="system")


def test_workers_that_race_send_each_message_once(site, endpoint, receiver, together):
    waiting_messages(site, endpoint)
    together(lambda: services.send_due(site, 20), 4)

    ids = [got.headers["webhook-id"] for got in receiver.got]
    assert len(ids) == len(set(ids)) == 5


def test_planted_an_unguarded_claim_sends_twice(site, endpoint, receiver, monkeypatch, together):
    def unguarded(site, delivery_id):
        execute("UPDATE webhooks_delivery SET state = 'sending', attempts = attempts + 1 WHERE id = ?", delivery_id)
        return 1

    read = sending.rows
    gate = threading.Barrier(4)

    def at_one_moment(sql, *params):
        found = read(sql, *params)
        if "ORDER BY d.due_at" in sql:
            gate.wait(10)
        return found

    monkeypatch.setattr(sending, "take", unguarded)
    monkeypatch.setattr(sending, "rows", at_one_moment)
    waiting_messages(site, endpoint)
    together(lambda: services.send_due(site, 20), 4)

    assert len(receiver.got) > 5


def test_a_late_answer_of_an_ended_lease_decides_nothing(site, endpoint, receiver, clock):
    waiting_messages(site, endpoint, 1)
    (late,) = sending._claim_due(site)
    clock.move(minutes=5)
    services.send_due(site, 20)
    assert states(site) == ["sent"]
    sending._keep(site, late, client.Outcome(status=500, duration_ms=1), 20)

    assert states(site) == ["sent"]


def test_one_busy_endpoint_does_not_hold_up_the_others(site, endpoint, receiver):
    from plugins.webhooks.services.replaying import send_test

    busy, _ = endpoint()
    for _ in range(60):
        send_test(site, busy, actor="system")
    calm, _ = endpoint(url=f"{receiver.url}/calm")
    send_test(site, calm, actor="system")
    services.send_due(site, 20)

    paths = [got.path for got in receiver.got]
    assert paths.count("/hooks/calm") == 1
    assert paths.count("/hooks") == 5


# -- what is kept ------------------------------------------------------------------------------------------------------


def test_old_events_are_forgotten_and_those_on_their_way_are_not(site, endpoint, receiver, order, sell, outbox, clock):
    endpoint_id, _ = endpoint("order.placed")
    lamp = sell("LAMP", 8900, stock=9)
    order(lamp)
    outbox.deliver()
    services.pause_endpoint(site, endpoint_id, actor="system")
    order(lamp)
    outbox.deliver()
    clock.move(days=31)
    services.forget_old(site, 30)

    assert states(site) == ["waiting"]
    assert value("SELECT count(*) FROM webhooks_attempt") == 0


def test_each_site_has_its_own_endpoints_and_deliveries(site, other_site, endpoint, receiver, order, sell, outbox):
    from core.api import NotFound

    endpoint_id, _ = endpoint("order.placed")
    order(sell("LAMP", 8900, stock=3))
    outbox.deliver()
    (row,) = services.deliveries(site, services.Filters())[0]

    for ask in (
        lambda: services.find_endpoint(other_site, endpoint_id),
        lambda: services.find_delivery(other_site, row.id),
        lambda: services.attempts_of(other_site, row.id),
        lambda: services.replay(other_site, row.id, actor="system"),
        lambda: services.send_now(other_site, row.id, 20),
        lambda: services.rotate_secret(other_site, endpoint_id, actor="system"),
        lambda: services.send_test(other_site, endpoint_id, actor="system"),
    ):
        with pytest.raises(NotFound):
            ask()
    assert services.listed(other_site) == []
    assert rows("SELECT 1 FROM webhooks_attempt WHERE status <> 200") == []


def test_a_site_takes_a_limited_number_of_endpoints(endpoint):
    from plugins.webhooks.services.endpoints import MOST_ENDPOINTS, TooManyEndpoints

    for _ in range(MOST_ENDPOINTS):
        endpoint()
    with pytest.raises(TooManyEndpoints):
        endpoint()


def test_statements_of_a_transaction_are_all_or_none(site, endpoint, receiver, order, sell, outbox, monkeypatch):
    """An event whose deliveries cannot be stored is told again, whole."""
    endpoint("order.placed")
    from plugins.webhooks.services import events

    def broken(*_):
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(events, "store_deliveries", broken)
        order(sell("LAMP", 8900, stock=3))
        outbox.deliver()
    assert KeptEvent.for_site(site).count() == 0
    with transaction():
        execute("UPDATE job SET due_at = 0 WHERE name = 'events.deliver' AND state = 'ready'")
    outbox.deliver()

    assert len(receiver.got) == 1
