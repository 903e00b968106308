"""Shoppers read where their parcel is: what the carrier told last, where and when, in their words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from core.hookspecs.fulfil import Scan, ScanStatus
from core.hookspecs.site import Site
from core.kernel import db, limits
from core.orders.services.following import take_scans
from core.orders.services.read import OrderView, order_view
from core.orders.services.ship import ship
from core.storefront.services.parcels import scan_words

from .conftest import Visitor, text_of


@pytest.fixture
def sent(site: Site, sell: Callable[..., Any], order: Callable[..., Any]) -> OrderView:
    """An order of a guest, under way with a van."""
    limits.reset()
    placed = order(sell("LAMP", 8900, stock=5, name="Dome lamp"), 1)
    parcel = ship(site, placed.id, actor="staff:1", title="The van", tracking="V1")
    with db.transaction():
        db.execute("UPDATE shipment SET carrier = 'van' WHERE id = ?", parcel)
    found = order_view(placed.id)
    assert found is not None
    return found


def told(site: Site, status: ScanStatus, hour: int, place: str = "") -> None:
    scan = Scan(tracking="V1", status=status, at=datetime(2099, 5, 4, hour, 10, tzinfo=UTC), place=place)
    take_scans(site, "van", [scan], actor="plugin:van")


def test_the_latest_scan_stands_with_the_parcel_on_every_page_of_the_order(
    site: Site, visitor: Visitor, sent: OrderView
) -> None:
    own, tracked = f"/order/{sent.secret}", {"number": sent.number, "email": "mira@example.com"}
    assert "Hull" not in text_of(visitor.get(own).text)
    told(site, ScanStatus.PICKED_UP, 8, "Leeds")
    told(site, ScanStatus.OUT_FOR_DELIVERY, 9, "Hull")
    for page in (visitor.get(own), visitor.post("/track", tracked)):
        said = text_of(page.text)
        assert "Out for delivery" in said
        assert "Hull" in said
        assert "4 May 2099" in said
        assert "9:10" in said
        assert "Leeds" not in said, "only the latest"
    assert "正在派送" in text_of(visitor.get(f"/zh-cn{own}").text)


def test_a_parcel_that_needs_its_shopper_is_marked_and_one_that_arrived_says_when(
    site: Site, visitor: Visitor, sent: OrderView
) -> None:
    told(site, ScanStatus.DELIVERY_FAILED, 9)
    page = visitor.get(f"/order/{sent.secret}").text
    assert "It could not be delivered" in page
    assert 'badge--warn">It could not be delivered' in page
    told(site, ScanStatus.DELIVERED, 10, "Hull")
    page = visitor.get(f"/order/{sent.secret}").text
    assert 'badge--good">Delivered' in page
    assert "could not be" not in page


@pytest.mark.once
def test_every_scan_has_words(site: Site) -> None:
    del site
    assert all(scan_words(one)[0] and scan_words(one)[0] != one.value for one in ScanStatus)
