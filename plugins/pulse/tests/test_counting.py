"""What is counted, who is not, and that nobody's counts are lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from core.api import Site, execute, one, rows, save_plugin_settings, transaction, value
from core.testing.shop import PASSWORD
from plugins.pulse import forms
from plugins.pulse.models import ALL, PAGE
from plugins.pulse.services import counting, reading
from plugins.pulse.services.counting import Key

from .conftest import FIREFOX, NOON

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 Safari/604.1"


def stored(site: Site) -> dict[tuple[str, str], tuple[int, int]]:
    counting.COUNTERS.flush()
    found = rows("SELECT what, name, views, visits FROM pulse_count WHERE site_id = ?", site.id)
    return {(row[0], row[1]): (row[2], row[3]) for row in found}


@pytest.fixture
def on(site: Site, turn_on: Callable[..., None], counters: Any) -> Site:
    del counters
    turn_on("pulse")
    return site


def test_pages_visits_products_words_hosts_devices_and_languages_are_counted(on: Site, tell: Any, sell: Any) -> None:
    lamp = sell("LAMP", 8900, name="Lamp")
    tell(on, "home", from_="https://www.example.org/a?secret=1")
    tell(on, "product", product=lamp.product_id)
    tell(on, "product", product=lamp.product_id)
    tell(on, "search", words="  Red   LAMP ", agent=PHONE, path="/zh-cn")

    assert stored(on) == {
        ("page", ""): (4, 2),
        ("page", "home"): (1, 1),
        ("page", "product"): (2, 1),
        ("page", "search"): (1, 1),
        ("product", str(lamp.product_id)): (2, 0),
        ("words", "red lamp"): (1, 0),
        ("host", "example.org"): (1, 1),
        ("device", "desk"): (3, 1),
        ("device", "phone"): (1, 1),
        ("language", "en"): (3, 1),
        ("language", "zh-CN"): (1, 1),
    }


def test_a_day_is_that_of_the_site_and_a_visit_ends_with_it(on: Site, tell: Any, clock: Any) -> None:
    clock.set(NOON.replace(hour=22, minute=59))
    tell(on)
    clock.move(minutes=2)  # midnight in Berlin
    tell(on)
    counting.COUNTERS.flush()
    days = rows("SELECT period, visits FROM pulse_count WHERE what = 'page' AND name = '' ORDER BY period")
    expected = ["2026-03-10", "2026-03-11"] if on.timezone == "Europe/Berlin" else ["2026-03-10"]
    assert [row[0] for row in days] == expected


def test_nothing_that_tells_a_person_is_stored(on: Site, tell: Any) -> None:
    tell(on)
    counting.COUNTERS.flush()
    for row in rows("SELECT period, what, name FROM pulse_count"):
        assert "203.0.113" not in str(row)
        assert "Firefox" not in str(row)


@pytest.mark.parametrize(
    "who",
    [
        {"headers": {"DNT": "1"}},
        {"headers": {"Sec-GPC": "1"}},
        {"agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
        {"agent": "curl/8.5.0"},
        {"agent": ""},
    ],
    ids=str,
)
def test_who_asks_for_quiet_and_bots_are_left_out(on: Site, tell: Any, who: dict[str, Any]) -> None:
    assert tell(on, **who) == 204
    assert stored(on) == {}


def test_a_merchant_may_count_those_who_ask_for_quiet(on: Site, tell: Any) -> None:
    save_plugin_settings(on.id, "pulse", {}, "system", on.currency)
    tell(on, headers={"DNT": "1"})
    assert stored(on)["page", ALL] == (1, 1)


def test_staff_are_not_counted(on: Site, tell: Any, client: Any, staff: Any) -> None:
    origin = f"https://{on.host}"
    client.post(
        "/panel/login", data={"email": staff.email, "password": PASSWORD}, base_url=origin, headers={"Origin": origin}
    )
    headers = {"Sec-Fetch-Site": "same-origin", "User-Agent": FIREFOX}
    assert client.post("/pulse/count", data={"kind": "home"}, base_url=origin, headers=headers).status_code == 204
    assert stored(on) == {}


def test_other_origins_and_floods_are_refused(on: Site, tell: Any) -> None:
    assert tell(on, headers={"Sec-Fetch-Site": "cross-site"}) == 403
    assert [tell(on) for _ in range(301)].count(429) == 1


def test_what_is_made_up_is_left_out(on: Site, tell: Any) -> None:
    tell(on, "product", product=999)
    tell(on, "product", product="1 OR 1")
    tell(on, "nonsense", from_="javascript:alert(1)", words="no search")
    tell(on, "home", from_=f"http://{on.host}/cart")
    assert {key for key in stored(on) if key[0] in {"product", "words", "host"}} == set()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("LED 台灯", "led 台灯"),
        ("iPhone 15 case", "iphone 15 case"),
        ("ＬＡＭＰ", "lamp"),
        ("+49 151 2345678", ""),
        ("4111-1111-1111-1111", ""),
        ("13800138000", ""),
        ("١٢٣٤٥٦٧", ""),
        ("mira@example.com", ""),
        ("x" * 61, ""),
    ],
)
def test_words_that_may_be_a_persons_number_are_not_kept(typed: str, kept: str) -> None:
    assert forms.words_of(typed) == kept


def test_at_most_250_words_a_day(on: Site) -> None:
    for span in (range(200), range(180, 300)):
        for at in span:
            seen = forms.Seen(kind="search", words=f"word {at}", found=1)
            counting.COUNTERS.count(on, seen, device="one", form="desk", language="en")
        counting.COUNTERS.flush()
    found = {name: views for (what, name), (views, _) in stored(on).items() if what == "words"}
    assert len(found) == 250
    assert found["word 190"] == 2


def test_counts_are_stored_every_few_seconds_and_the_panel_knows_them_before(on: Site, tell: Any, clock: Any) -> None:
    tell(on)
    assert value("SELECT SUM(views) FROM pulse_count WHERE name = ''") == 1
    tell(on)
    assert value("SELECT SUM(views) FROM pulse_count WHERE name = ''") == 1
    assert reading.report(on, 7, "en").total.views == 2
    clock.move(seconds=5)
    tell(on)
    assert value("SELECT SUM(views) FROM pulse_count WHERE name = ''") == 3


def test_counts_that_could_not_be_stored_are_stored_with_the_next(
    on: Site, tell: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(counting, "store", _fail)
        assert tell(on) == 500
    tell(on)
    assert stored(on)["page", ALL] == (2, 1)


def _fail(_: Any) -> None:
    raise RuntimeError("the database is away")


def test_another_site_has_its_own_counts(on: Site, other_site: Site, tell: Any, turn_on: Any) -> None:
    tell(on)
    assert tell(other_site) == 404
    turn_on("pulse", on=other_site)
    tell(other_site)
    tell(other_site)
    assert stored(other_site)["page", ALL] == (2, 1)
    assert reading.report(on, 7, "en").total.views == 1


# -- two processes -----------------------------------------------------------------------------------------------------

TIMES = 20


def last_writer_wins(counted: dict[Key, tuple[int, int]]) -> None:
    """The planted bug: reads a count, and writes back what it makes of it."""
    for key, (views, visits) in sorted(counted.items()):
        where = "WHERE site_id = ? AND period = ? AND what = ? AND name = ?"
        known = MEMORY.get(key) or one(f"SELECT views, visits FROM pulse_count {where}", *key)
        MEMORY[key] = (known[0] + views, known[1] + visits)
        execute(f"UPDATE pulse_count SET views = ?, visits = ? {where}", *MEMORY[key], *key)


class Memory(threading.local):
    """What one process believes that the database holds."""

    def __init__(self) -> None:
        self.known: dict[Key, tuple[int, int]] = {}

    def get(self, key: Key) -> tuple[int, int] | None:
        return self.known.get(key)

    def __setitem__(self, key: Key, counted: tuple[int, int]) -> None:
        self.known[key] = counted

    def __getitem__(self, key: Key) -> tuple[int, int]:
        return self.known[key]


MEMORY = Memory()


def added_by_two(together: Any, site: Site, store: Callable[[Any], None]) -> int:
    """What is stored after two writers with a connection each have counted 20 pages each, in opposite orders."""
    keys = [Key(site.id, "2026-03-10", PAGE, kind) for kind in ("cart", "home", "product")]
    with transaction():
        counting.store(dict.fromkeys(keys, (0, 0)))
    orders, begun = [keys, keys[::-1]], threading.Barrier(2, timeout=30)

    def write() -> None:
        mine = orders.pop()
        for at in range(TIMES):
            with transaction():
                store(dict.fromkeys(mine, (1, 0)))
            if at == 0:
                begun.wait()  # both have begun, so neither can be done before the other reads

    together(write, 2)
    return int(value("SELECT views FROM pulse_count WHERE name = 'home'"))


def test_two_processes_do_not_lose_each_others_counts(on: Site, together: Any) -> None:
    assert added_by_two(together, on, counting.store) == 2 * TIMES


def test_the_test_sees_a_last_writer_that_wins(on: Site, together: Any) -> None:
    assert added_by_two(together, on, last_writer_wins) < 2 * TIMES
