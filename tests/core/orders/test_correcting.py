"""Who the bill is for and who is written to can be corrected after an order was placed."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from core.checkout.services.changing import change_order, preview_change
from core.kernel import db
from core.lib.errors import Unfit
from core.orders.services.change_shapes import SetBilling, SetContact
from core.orders.services.change_wish import NothingChanges
from core.orders.services.forget import _forget_places
from core.orders.services.hold_rules import Rules, set_hold_rules
from core.orders.services.read import OrderView, find_order, order_by_key, order_view
from core.orders.services.ship import ship
from tests.core.checkout.shop import LONDON, Shop

STAFF = "staff:1"
OFFICE = replace(LONDON, name="Wong Ltd", lines=("2 Bank Street",), country="FR", postcode="75001", city="Paris")


def seen(order_id: int) -> OrderView:
    view = order_view(order_id)
    assert view is not None
    return view


@pytest.fixture
def order(shop: Shop) -> OrderView:
    return seen(shop.order((shop.sell("cup", 1000), 1)).id)


def changed(order: OrderView) -> dict[str, object]:
    return dict(next(one.data for one in reversed(seen(order.id).timeline) if one.kind == "changed"))


def test_the_bill_goes_elsewhere_and_costs_the_same(shop: Shop, order: OrderView) -> None:
    ship(shop.site, order.id, actor=STAFF)
    change_order(shop.state, order.id, [SetBilling(address=OFFICE)], key="one", actor=STAFF)
    after = seen(order.id)
    assert (after.billing, after.address, after.due) == (OFFICE, LONDON, order.due)
    told = changed(order)["billing"]
    assert isinstance(told, dict)
    assert (told["before"]["name"], told["after"]["name"]) == ("Ada Wong", "Wong Ltd")


def test_what_is_so_already_is_no_change(shop: Shop, order: OrderView) -> None:
    same = [SetBilling(address=LONDON), SetContact(email="ada@example.com")]
    with pytest.raises(NothingChanges):
        change_order(shop.state, order.id, same, key="one", actor=STAFF)


def test_another_mail_address_ends_the_old_link(shop: Shop, order: OrderView, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop.plugins, "answering", lambda name: ["mail"] if name == "notify_channels" else [])
    old = order.secret
    assert order_by_key(shop.site, old) is not None
    contact = SetContact(email="wong@example.org", phone="+44 20 7946 0958")
    change_order(shop.state, order.id, [contact], key="one", actor=STAFF)
    after = seen(order.id)
    assert (after.email, after.phone) == ("wong@example.org", "+44 20 7946 0958")
    assert order_by_key(shop.site, old) is None
    assert order_by_key(shop.site, after.secret) is not None
    assert find_order(shop.site, order.number, "ada@example.com") is None
    assert find_order(shop.site, order.number, "wong@example.org") is not None
    contact_told = changed(order)["contact"]
    assert isinstance(contact_told, list)
    assert contact_told[0] == {"name": "email", "before": "ada@example.com", "after": "wong@example.org"}
    assert db.value("SELECT COUNT(*) FROM orders WHERE email = 'wong@example.org' AND words LIKE '%wong@%'") == 1


def test_where_nobody_can_send_mails_the_link_stays(shop: Shop, order: OrderView) -> None:
    change_order(shop.state, order.id, [SetContact(email="wong@example.org")], key="one", actor=STAFF)
    assert order_by_key(shop.site, order.secret) is not None


def test_it_must_be_a_mail_address(shop: Shop, order: OrderView) -> None:
    with pytest.raises(Unfit):
        preview_change(shop.state, order.id, [SetContact(email="ada at home")])


def test_rules_are_asked_anew(shop: Shop, order: OrderView) -> None:
    set_hold_rules(shop.site, Rules(other_country=True, emails=("@example.org",)), actor=STAFF)
    actions = [SetBilling(address=OFFICE), SetContact(email="wong@example.org")]
    change_order(shop.state, order.id, actions, key="one", actor=STAFF)
    assert [hold.reason for hold in seen(order.id).holds] == [
        "The bill goes to another country than the goods.",
        "The mail address is on the list.",
    ]


def test_an_erased_shopper_is_nowhere_in_what_was_corrected(shop: Shop, order: OrderView) -> None:
    actions = [SetBilling(address=OFFICE), SetContact(email="wong@example.org", phone="+44 20 7946 0958")]
    change_order(shop.state, order.id, actions, key="one", actor=STAFF)
    with db.transaction():
        _forget_places(order.id)
    for table, column in (("order_entry", "data"), ("order_change", "plan"), ("order_change_action", "data")):
        told = " ".join(str(row[0]) for row in db.rows(f"SELECT {column} FROM {table}"))
        for word in ("Wong", "example.org", "example.com", "7946", "High Street"):
            assert word not in told, (table, word)
