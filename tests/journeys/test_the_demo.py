"""The two shops of the demo: what a first start makes can be looked at everywhere, and adds up."""

from __future__ import annotations

import re
from typing import Any

import pytest

from core.accounts.services import authenticate, find_shopper
from core.accounts.services.addresses import addresses_of
from core.kernel import db
from core.kernel.commands import run_plugin_command
from core.kernel.sites import site_by_host
from core.orders.services.case_reading import list_cases
from core.orders.services.drafts import list_drafts
from core.orders.services.holds import held_count
from core.orders.services.listing import OrderFilters, OrderRow, list_orders
from core.orders.services.shortages import wrong_shortages
from core.panel.orders.services.filters import VIEWS
from core.testing.database import on_postgres
from tests.core.checkout.books import unbalanced
from tests.core.orders.ledger import complaints
from tests.journeys.walk import faults_of_shop

HOSTS = ("shop.localhost", "ji.localhost")
KINDS = {
    *(
        f"storefront.{name}"
        for name in (
            "home",
            "category",
            "product",
            "cart",
            "checkout",
            "confirmation",
            "stored",
            "track",
            "account",
            "order",
            "search",
        )
    ),
    *(f"storefront.account_{name}" for name in ("addresses", "data", "details", "devices", "orders", "passkeys")),
    *("pages.guides", "pages.guide", "pages.show", "wishlist.show", "compare.show", "reviews.new"),
}


@pytest.fixture
def seed(app: Any, capsys: pytest.CaptureFixture[str]) -> Any:
    """`seed("--days", "3")`: make the shops; answers what was printed."""
    del app

    def run(*words: str) -> str:
        run_plugin_command("demo", "seed", list(words))
        printed = capsys.readouterr()
        assert "ended early" not in printed.err
        return printed.out

    return run


def _orders(host: str, **filters: Any) -> list[OrderRow]:
    return list(list_orders(site_by_host(host), OrderFilters(**filters), limit=500).orders)


@pytest.mark.skipif(on_postgres(), reason="on PostgreSQL the sixty days are lived, with --slow")
def test_a_few_days_of_both_shops_are_in_their_own_words_well_made_and_add_up(seed, app):
    printed = seed("--days", "3")

    password = re.search(r"Password +(\S+)", printed).group(1)
    for host, email in zip(HOSTS, ("isla.farrow@example.com", "lin.zhixia@example.com"), strict=True):
        site = site_by_host(host)
        shopper = authenticate(site, email, password, address="127.0.0.1")
        assert [one.main for one in addresses_of(shopper)] == [True]
        assert _orders(host)
        kinds, wrong = faults_of_shop(app.test_client(), site, email, password)
        assert wrong == []
        assert kinds >= KINDS
    # Titles, words and papers of the Chinese shop hold no English.
    told = db.rows("SELECT delivery_title, payment_title FROM orders WHERE site_id = ?", site_by_host(HOSTS[1]).id)
    assert {tuple(row) for row in told} == {("配送：快递", "货到付款")}
    assert unbalanced() == complaints() == wrong_shortages() == []
    # The haste of the seeding is over: what a shopper orders now waits for the disk.
    assert not db.is_sqlite() or db.value("PRAGMA synchronous") == 2
    assert seed("--days", "3") == "", "a second seed makes nothing"


@pytest.mark.slow
def test_sixty_days_have_something_on_every_list(seed):
    seed()

    for host in HOSTS:
        site = site_by_host(host)
        for view, statuses in VIEWS.items():
            assert _orders(host, statuses=statuses), f"{host}: nothing is {view}"
        assert {case.kind for case in list_cases(site)} == {"return", "exchange", "claim"}
        assert {case.state for case in list_cases(site)} >= {"requested", "received", "resolved", "declined"}
        assert {draft.state for draft in list_drafts(site)} == {"draft", "sent", "placed"}
        assert held_count(site) >= 2
        assert _orders(host, goods="waiting") or _orders(host, goods="partly")
        named = {row.shopper_id for row in _orders(host)} - {None}
        assert len(named) == 12
        said = db.rows("SELECT verified, order_id, shopper_id, author FROM reviews_review WHERE site_id = ?", site.id)
        bought = [row for row in said if row[0]]
        assert len(bought) > len(said) / 2, "most who write have bought here"
        assert all(row[1] and row[3] == f"shopper:{row[2]}" for row in bought)
        assert find_shopper(site, "nobody@example.com") is None
        # Numbers, papers and days go up together, as they do where people work.
        for table, at in (("orders", "placed_at"), ("documents_document", "issued_at")):
            days = [row[0] for row in db.rows(f"SELECT {at} FROM {table} WHERE site_id = ? ORDER BY id", site.id)]
            assert days == sorted(days)
            assert len(days) > 20
    assert unbalanced() == complaints() == wrong_shortages() == []
