"""Where parcels are: told by notice or asked for after hours of silence, in any order and more than once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.hookspecs.fulfil import Carrier, Parcel, Rate, Scan, ScanStatus
from core.kernel import db
from core.kernel.sites import SiteState
from core.lib import clock
from core.lib.errors import Broken
from core.orders.services import following
from core.orders.services.due_scans import SILENCE
from core.orders.services.following import ask_carriers, take_scans
from core.orders.services.part_shapes import ShipmentView
from core.orders.services.read import order_view
from core.orders.services.ship import deliver, set_tracking, ship
from tests.core.checkout.shop import FakePlugins, Shop, open_shop

STAFF = "staff:1"


class Van(Carrier):
    """Says what it is told to say; what it was asked is kept."""

    code = "van"

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.says: list[Scan] = []
        self.on_call: Callable[[], object] = lambda: None

    def quote(self, parcel: Parcel) -> Sequence[Rate]:
        del parcel
        return ()

    def track(self, numbers: Sequence[str]) -> Sequence[Scan]:
        self.asked.append(list(numbers))
        call, self.on_call = self.on_call, lambda: None
        call()
        return self.says


class Mute(Van):
    """A carrier that never learned to tell."""

    track = Carrier.track


@pytest.fixture
def van() -> Van:
    return Van()


@pytest.fixture
def shop(instance: Path, plugins: FakePlugins) -> Shop:
    return open_shop(instance, plugins)


@pytest.fixture
def send(shop: Shop, plugins: FakePlugins, van: Van, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
    """Send a parcel with this number; answers its order."""
    monkeypatch.setattr(following, "state_of", lambda _site_id: shop.state)
    pot = shop.sell("pot", 500, stock=200)

    def one(tracking: str) -> int:
        plugins.carriers = []
        placed = shop.order((pot, 1))
        plugins.carriers = [van]
        parcel = ship(shop.site, placed.id, actor=STAFF, tracking="")
        with db.transaction():
            db.execute("UPDATE shipment SET carrier = 'van' WHERE id = ?", parcel)
        set_tracking(shop.site, placed.id, parcel, tracking, actor=STAFF)
        return placed.id

    return one


def parcel(order_id: int) -> ShipmentView:
    view = order_view(order_id)
    assert view is not None
    return view.shipments[0]


def scan(tracking: str, status: ScanStatus = ScanStatus.IN_TRANSIT, hours: int = 0, place: str = "Hull") -> Scan:
    return Scan(tracking=tracking, status=status, at=clock.now() + timedelta(hours=hours), place=place)


def ask(hours: float | None = 0) -> int:
    """Run the job these hours after the silence, or now."""
    if hours is None:
        return ask_carriers()
    with clock.freeze(later(hours)):
        return ask_carriers()


def later(hours: float = 0) -> datetime:
    return clock.now() + SILENCE + timedelta(hours=hours)


def test_who_was_silent_for_hours_is_asked_for_all_its_parcels_at_once(send: Callable[[str], int], van: Van) -> None:
    first, second = send("V1"), send("V2")
    assert (ask(None), van.asked) == (0, []), "it may yet speak by itself"
    van.says = [scan("V1"), scan("V2", ScanStatus.DELIVERED)]
    assert ask() == 2
    assert van.asked == [["V1", "V2"]]
    assert (parcel(first).scan, parcel(first).scan_place, parcel(first).delivered_at) == ("in_transit", "Hull", None)
    assert parcel(second).delivered_at is not None
    assert ask(1) == 0, "it has just spoken"
    assert ask(7) == 1
    assert van.asked[-1] == ["V1"], "what has arrived is not asked for"


def test_a_notice_and_an_answer_may_tell_the_same(send: Callable[[str], int], shop: Shop, van: Van) -> None:
    order = send("V1")
    told = [scan("V1", ScanStatus.DELIVERED)]
    van.says = told
    van.on_call = lambda: take_scans(shop.site, "van", told, actor="plugin:van")
    assert ask() == 1
    assert take_scans(shop.site, "van", told, actor="plugin:van") == 0
    view = order_view(order)
    assert view is not None
    assert [entry.kind for entry in view.timeline].count("delivered") == 1


def test_who_spoke_by_notice_is_left_alone_for_hours(send: Callable[[str], int], shop: Shop, van: Van) -> None:
    send("V1")
    with clock.freeze(later(-1)):
        take_scans(shop.site, "van", [scan("V1")], actor="plugin:van")
    assert ask() == 0
    assert ask(6) == 1


def test_an_older_scan_that_comes_late_changes_nothing(send: Callable[[str], int], shop: Shop) -> None:
    order = send("V1")
    for told in (scan("V1", ScanStatus.DELIVERY_FAILED, place="York"), scan("V1", hours=-5)):
        take_scans(shop.site, "van", [told], actor="plugin:van")
    assert (parcel(order).scan, parcel(order).scan_place) == ("delivery_failed", "York")


def test_what_another_carrier_or_shop_sent_is_not_told_of(send: Callable[[str], int], shop: Shop) -> None:
    order = send("V1")
    for told in (scan("V1", ScanStatus.DELIVERED), scan("")):
        assert take_scans(shop.site, "other", [told], actor="plugin:van") == 0
    assert (parcel(order).scan, parcel(order).delivered_at) == ("", None)


def test_a_carrier_tells_of_what_it_was_asked_for(send: Callable[[str], int], shop: Shop, van: Van) -> None:
    first, second = send("V1"), send("V2")
    with clock.freeze(later(-1)):
        take_scans(shop.site, "van", [scan("V2")], actor="plugin:van")
    van.says = [scan("V1"), scan("V2", ScanStatus.DELIVERED)]
    assert ask() == 1
    assert (parcel(first).scan, parcel(second).delivered_at) == ("in_transit", None)


def test_who_does_not_answer_is_asked_again_within_the_hour(send: Callable[[str], int], van: Van) -> None:
    order = send("V1")

    def silent() -> None:
        raise Broken("There was no answer.")

    van.on_call = silent
    van.says = [scan("V1")]
    assert ask() == 0
    assert ask(1) == 1
    assert parcel(order).scan == "in_transit"


def test_who_cannot_tell_is_not_asked(send: Callable[[str], int], plugins: FakePlugins) -> None:
    send("V1")
    plugins.carriers = [Mute()]
    assert ask() == 0
    plugins.carriers = []
    assert ask(48) == 0
    plugins.carriers = [Van()]
    assert ask(96) == 1, "it has come to be there"


def test_what_arrived_or_is_lost_since_weeks_is_forgotten(send: Callable[[str], int], shop: Shop, van: Van) -> None:
    deliver(shop.site, send("V1"), actor=STAFF)
    send("V2")
    assert ask(24 * 61) == 0
    assert (van.asked, db.value("SELECT COUNT(*) FROM shipment WHERE ask_at IS NOT NULL")) == ([], 0)


def test_many_are_asked_for_in_batches(send: Callable[[str], int], van: Van, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "AT_ONCE", 2)
    for number in range(5):
        send(f"V{number}")
    assert ask() == 5
    assert [len(numbers) for numbers in van.asked] == [2, 2, 1]


# -- two workers at once -----------------------------------------------------------------------------------------------


def asked_by_two(van: Van) -> list[str]:
    """What is asked for while another worker runs the same job in the middle of the call."""
    van.on_call = ask_carriers
    ask()
    return [number for numbers in van.asked for number in numbers]


def test_two_workers_ask_for_a_parcel_once(send: Callable[[str], int], van: Van) -> None:
    send("V1")
    assert asked_by_two(van) == ["V1"]


def test_the_same_meeting_catches_who_notes_it_only_afterwards(
    send: Callable[[str], int], van: Van, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted bug: parcels are looked up, asked for, and put off only then."""
    send("V1")

    def looked_up(_site_id: int, code: str, at: datetime) -> list[str]:
        rows = db.rows("SELECT tracking FROM shipment WHERE carrier = ? AND ask_at <= ?", code, clock.micros(at))
        return [row[0] for row in rows]

    def asked_then_noted(state: SiteState, plugin: str, carrier: Carrier, numbers: Sequence[str], at: datetime) -> bool:
        asked(state, plugin, carrier, numbers, at)
        following._put_off(state.site.id, carrier.code, at)
        return False

    asked = following._ask
    monkeypatch.setattr(following, "_claim", looked_up)
    monkeypatch.setattr(following, "_ask", asked_then_noted)
    assert asked_by_two(van) == ["V1", "V1"]
