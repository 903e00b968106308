"""Manifests: a label is on one at most, whoever clicks or is silent; what is refused may be asked for anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from core.hookspecs.fulfil import Carrier, Manifest, Parcel, Rate
from core.kernel import db, jobs
from core.lib import clock
from core.lib.errors import Broken, NotFound
from core.orders.services import manifests
from core.orders.services.manifests import NothingToHandOver, ask_manifest, paper, waiting
from core.orders.services.ship import ship
from core.orders.services.unship import unship
from tests.core.checkout.shop import FakePlugins, Shop, open_shop

STAFF = "staff:1"


class Van(Carrier):
    """Makes one paper for each key; `answer` makes another of it."""

    code = "van"
    title = "Van"

    def __init__(self) -> None:
        self.asked: list[tuple[tuple[str, ...], str]] = []
        self.answer: Callable[[Sequence[str]], Sequence[Manifest]] = lambda numbers: [
            Manifest(numbers=tuple(numbers), document=b"%PDF")
        ]

    def quote(self, parcel: Parcel) -> Sequence[Rate]:
        del parcel
        return ()

    def manifest(self, numbers: Sequence[str], key: str) -> Sequence[Manifest]:
        self.asked.append((tuple(numbers), key))
        return self.answer(numbers)


@pytest.fixture
def van() -> Van:
    return Van()


@pytest.fixture
def shop(instance: Path, plugins: FakePlugins, monkeypatch: pytest.MonkeyPatch) -> Shop:
    shop = open_shop(instance, plugins)
    monkeypatch.setattr(manifests, "state_of", lambda _site_id: shop.state)
    return shop


@pytest.fixture
def parcels(shop: Shop, plugins: FakePlugins, van: Van) -> dict[str, tuple[int, int]]:
    """{label: (order, parcel)} of two parcels that left today."""
    cup = shop.sell("cup", 1000)
    found = {}
    for tracking in ("V1", "V2"):
        order = shop.order((cup, 1)).id
        found[tracking] = (order, ship(shop.site, order, actor=STAFF))
        with db.transaction():
            db.execute(
                "INSERT INTO order_label (site_id, order_id, key, asked_as, shipment_id, carrier, service, tracking,"
                " state, actor, at) VALUES (?, ?, ?, ?, ?, 'van', '', ?, 'bought', ?, ?)",
                shop.site.id, order, tracking, tracking, found[tracking][1], tracking, STAFF, clock.now_us(),
            )  # fmt: skip
    plugins.carriers = [van]
    return found


def ask(shop: Shop, key: str = "") -> int:
    place = waiting(shop.state, clock.now().date())[0].location_id
    return ask_manifest(
        shop.state, carrier="van", location_id=place, day=clock.now().date(), actor=STAFF, key=key
    )  # fmt: skip


def left(shop: Shop) -> int:
    return sum(one.labels for one in waiting(shop.state, clock.now().date()))


def latest(shop: Shop) -> manifests.ManifestView:
    return manifests.manifests(shop.state)[0]


def test_what_left_a_place_today_is_on_one_manifest(shop: Shop, parcels: dict[str, tuple[int, int]], van: Van) -> None:
    (there,) = waiting(shop.state, clock.now().date())
    assert (there.title, there.place, there.labels) == ("Van", "Main", 2)
    made = ask(shop)
    with pytest.raises(NothingToHandOver):
        ask_manifest(shop.state, carrier="van", location_id=there.location_id, day=clock.now().date(), actor=STAFF)
    assert db.value("SELECT COUNT(*) FROM order_manifest") == 1, "what holds nothing is not kept"
    assert (latest(shop).state, left(shop)) == ("asked", 0)
    jobs.run_due()
    assert (latest(shop).state, latest(shop).papers, latest(shop).left_out) == ("made", (2,), 0)
    assert [numbers for numbers, _key in van.asked] == [("V1", "V2")]
    assert paper(shop.site, made, 0).get_data() == b"%PDF"
    for site_id, position in ((shop.site.id + 1, 0), (shop.site.id, 1), (shop.site.id, -1)):
        with pytest.raises(NotFound):
            paper(type(shop.site)(**{**vars_of(shop), "id": site_id}), made, position)


def vars_of(shop: Shop) -> dict[str, object]:
    return {name: getattr(shop.site, name) for name in type(shop.site).__struct_fields__}


def test_who_is_silent_is_asked_again_under_the_same_key(
    shop: Shop, parcels: dict[str, tuple[int, int]], van: Van
) -> None:
    answer = van.answer

    def silent(_numbers: Sequence[str]) -> Sequence[Manifest]:
        van.answer = answer
        raise Broken("There was no answer.")

    van.answer = silent
    ask(shop)
    jobs.run_due()
    assert latest(shop).state == "asked"
    with clock.freeze(clock.now() + jobs.LEASE):
        jobs.run_due()
    assert latest(shop).state == "made"
    assert van.asked[0] == van.asked[1]


def test_what_is_refused_says_why_and_lets_its_labels_go(
    shop: Shop, parcels: dict[str, tuple[int, int]], van: Van
) -> None:
    answer = van.answer

    def refuses(_numbers: Sequence[str]) -> Sequence[Manifest]:
        raise Broken("Not on a Sunday.", permanent=True)

    van.answer = refuses
    ask(shop)
    jobs.run_due()
    assert (latest(shop).state, latest(shop).reason, left(shop)) == ("failed", "Not on a Sunday.", 2)
    van.answer = answer
    ask(shop)
    jobs.run_due()
    assert latest(shop).state == "made"
    assert van.asked[0][1] != van.asked[1][1]


@pytest.mark.parametrize(
    "papers",
    [
        [],
        [Manifest(numbers=("V9",), document=b"%PDF")],
        [Manifest(numbers=("V1",), document=b"%PDF"), Manifest(numbers=("V1",), document=b"%PDF")],
        [Manifest(numbers=("V1",), document=b"")],
        [Manifest(numbers=("V1",), document=b"<html>", mime="text/html")],
    ],
)
def test_papers_about_something_else_are_not_believed(
    shop: Shop, parcels: dict[str, tuple[int, int]], van: Van, papers: list[Manifest]
) -> None:
    van.answer = lambda _numbers: papers
    ask(shop)
    jobs.run_due()
    assert (latest(shop).state, left(shop)) == ("failed", 2)


def test_what_the_carrier_leaves_out_is_told(shop: Shop, parcels: dict[str, tuple[int, int]], van: Van) -> None:
    van.answer = lambda _numbers: [Manifest(numbers=("V2",), document=b"%PDF")]
    ask(shop)
    jobs.run_due()
    assert (latest(shop).papers, latest(shop).left_out, left(shop)) == ((1,), 1, 0)


def test_what_did_not_leave_is_not_handed_over(shop: Shop, parcels: dict[str, tuple[int, int]], van: Van) -> None:
    unship(shop.site, *parcels["V1"], actor=STAFF)
    ask(shop)
    jobs.run_due()
    assert [numbers for numbers, _key in van.asked] == [("V2",)]


def test_a_carrier_that_makes_none_is_not_asked(
    shop: Shop, parcels: dict[str, tuple[int, int]], plugins: FakePlugins, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Van, "manifest", Carrier.manifest)
    assert (manifests.makers(shop.state), waiting(shop.state, clock.now().date())) == ({}, [])
    with pytest.raises(NotFound):
        ask_manifest(shop.state, carrier="van", location_id=1, day=clock.now().date(), actor=STAFF)
