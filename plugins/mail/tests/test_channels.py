"""Whoever ordered in another channel was told there; of the way of the goods they are told here."""

from __future__ import annotations

import io
import re

import pytest

from core.api import order_view, ship_order

FILE = (
    b"number,email,sku,quantity,price,total,paid,name,line1,city,postcode,country\n"
    b"7,bo@example.com,LAMP,1,89,89,yes,Bo Li,Ring 1,Wien,1010,AT\n"
    b"8,li@example.com,LAMP,1,89,89,yes,Li Bo,Ring 2,Wien,1010,AT\n"
)


@pytest.fixture
def mailing(turn_on, mailbox):
    turn_on("mail", host=mailbox.host, port=mailbox.port, security="none")
    return mailbox


def test_an_order_of_a_marketplace_is_told_of_when_it_leaves(mailing, outbox, site, sell, at_panel):
    sell("LAMP", 8900, stock=5)
    start = {"file": (io.BytesIO(FILE), "o.csv"), "channel": "Etsy"}
    columns = at_panel.post("/panel/orders/imports", **start)
    run = int(re.search(r"/imports/(\d+)", columns)[1])
    chosen = {f"column-{place}": name for place, name in enumerate(FILE.decode().splitlines()[0].split(","))}
    at_panel.post(f"/panel/orders/imports/{run}/columns", **chosen, channel="Etsy", act="rehearse")
    outbox.deliver()
    done = at_panel.post(f"/panel/orders/imports/{run}/apply")
    outbox.deliver()
    assert mailing.mails == []
    numbers = re.findall(r'/panel/orders/(\d+)"', at_panel.get("/panel/orders?channel=Etsy&q=bo@example.com"))
    assert len(set(numbers)) == 1
    order = next(
        one for one in map(order_view, (1, 2)) if one is not None and one.email == "bo@example.com"
    )  # fmt: skip
    ship_order(site, order.id, actor="staff:1")
    at_panel.post(f"/panel/orders/imports/{int(re.search(r'/imports/([0-9]+)', done)[1])}/undo")
    outbox.deliver()
    assert [mail["To"] for mail in mailing.mails] == ["bo@example.com"]
