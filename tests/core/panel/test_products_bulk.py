"""Many products at once: a result per product, an undo that overwrites nobody, and the columns of one's own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from core.hookspecs.site import Site
from core.kernel import db, jobs
from core.lib import clock
from core.panel.products.services import bulk, bulk_reports
from core.panel.products.services.bulk_acts import repriced
from core.testing.shop import Item
from tests.core.panel.conftest import Panel, words


@pytest.fixture
def three(sell: Callable[..., Item]) -> list[Item]:
    return [sell("LAMP", 8900, name="Lamp"), sell("MUG", 1250, name="Mug"), sell("TRAY", 4000, name="Tray")]


def act(panel: Panel, items: list[Item], name: str, **more: str) -> Any:
    chosen = [str(item.product_id) for item in items]
    return panel.follow(panel.post("/panel/products/bulk", {"act": name, "n": chosen, **more}))


def take_back(panel: Panel) -> Any:
    run = db.value("SELECT MAX(id) FROM bulk_run")
    return panel.follow(panel.post(f"/panel/products/bulk/{run}/undo"))


def amounts() -> list[int]:
    return [row[0] for row in db.rows("SELECT amount FROM price ORDER BY variant_id")]


def visible() -> list[bool]:
    return [bool(row[0]) for row in db.rows("SELECT visible FROM listing ORDER BY product_id")]


def test_prices_change_by_percent_and_come_back(panel: Panel, three: list[Item]) -> None:
    said = words(act(panel, three[:2], "price", change="−10 %", was="1"))
    assert amounts() == [8010, 1125, 4000]
    assert "€89.00 → €80.10" in said
    assert [row[0] for row in db.rows("SELECT was FROM price ORDER BY variant_id")] == [8900, 1250, None]
    assert "It is as it was before." in words(take_back(panel))
    assert amounts() == [8900, 1250, 4000]
    assert db.value("SELECT COUNT(*) FROM price WHERE was IS NOT NULL") == 0


def test_prices_change_by_an_amount_and_what_cannot_be_stops_no_other(panel: Panel, three: list[Item]) -> None:
    said = words(act(panel, three, "price", change="-20"))
    assert amounts() == [6900, 1250, 2000]
    assert "A price would fall below zero." in said
    assert "Done 2" in said
    assert "Not done 1" in said
    assert "Write by how much" in words(act(panel, three, "price", change="a lot %"))


@pytest.mark.parametrize(
    ("amount", "currency", "value", "ending", "expected"),
    [
        (1250, "EUR", -1000, "", 1125),
        (1255, "EUR", -1000, "", 1130),  # 1129.5, half up
        (1250, "EUR", 1000, "99", 1399),  # 13.75 is nearest to 14
        (1250, "EUR", 0, "00", 1300),  # 12.50 is as near to 13; up
        (30, "EUR", 0, "99", 99),  # never below the first one
        (1250, "JPY", 1000, "99", 1375),  # has no smaller unit
    ],
)
def test_a_price_is_rounded_as_one_was_told(amount: int, currency: str, value: int, ending: str, expected: int) -> None:
    assert repriced(amount, currency, {"by": "percent", "value": value, "ending": ending}) == expected


def test_products_are_listed_and_hidden_at_a_time_of_the_site(panel: Panel, site: Site, three: list[Item]) -> None:
    zone = ZoneInfo(site.timezone)
    begin, end = (datetime(2100, 3, day, 9, 30, tzinfo=zone) for day in (1, 8))
    act(panel, three[1:2], "hide")
    said = words(act(panel, three[:2], "schedule", begin="2100-03-01T09:30"))
    assert "Done 2" in said
    assert "Listed from" in said
    assert visible() == [True, True, True]
    found = db.rows("SELECT publish_at, withdraw_at FROM listing ORDER BY product_id")
    assert found == [(clock.micros(begin), None)] * 2 + [(None, None)]
    # What is left empty stays; what would end before it begins is told, and stops no other.
    act(panel, three[:1], "schedule", end="2100-03-08T09:30")
    said = words(act(panel, three, "schedule", end="2100-02-01T00:00"))
    assert "It would end before it begins." in said
    assert "Not done 2" in said
    found = db.rows("SELECT publish_at, withdraw_at FROM listing ORDER BY product_id")
    assert found[0] == (clock.micros(begin), clock.micros(end))
    take_back(panel)
    assert db.value("SELECT MAX(withdraw_at) FROM listing WHERE product_id = ?", three[2].product_id) is None
    for wrong in ({}, {"begin": "2001-01-01T00:00"}, {"end": "soon"}):
        assert "bulk_run" not in words(act(panel, three, "schedule", **wrong))
    assert db.value("SELECT COUNT(*) FROM bulk_run WHERE act = 'schedule'") == 3


def test_products_are_hidden_listed_sorted_and_archived_together(panel: Panel, three: list[Item]) -> None:
    act(panel, three[1:], "hide")
    assert visible() == [True, False, False]
    assert "It was so already." in words(act(panel, three, "publish"))
    assert visible() == [True, True, True]
    take_back(panel)
    assert visible() == [True, False, False]
    panel.post("/panel/categories/new", {"name-en": "Lighting"})
    category = str(db.value("SELECT id FROM category"))
    act(panel, three[:2], "add", category_id=category)
    assert [row[0] for row in db.rows("SELECT product_id FROM product_category ORDER BY product_id")] == [
        item.product_id for item in three[:2]
    ]
    act(panel, three, "remove", category_id=category)
    assert db.value("SELECT COUNT(*) FROM product_category") == 0
    act(panel, three[:1], "archive")
    assert "Lamp" not in words(panel.get("/panel/products"))
    take_back(panel)
    assert "Lamp" in words(panel.get("/panel/products"))


def test_an_undo_writes_over_nobody(panel: Panel, three: list[Item]) -> None:
    act(panel, three, "price", change="10%")
    panel.post(f"/panel/products/{three[0].product_id}/delete")
    said = words(take_back(panel))
    assert amounts() == [9790, 1250, 4000]
    assert "Somebody has changed it since" in said
    assert "undone already" in words(take_back(panel))
    assert amounts() == [9790, 1250, 4000]


def test_a_repeated_click_is_the_same_act(panel: Panel, three: list[Item]) -> None:
    for _ in range(2):
        act(panel, three, "price", change="10%", key="one-form")
    assert amounts() == [9790, 1375, 4400]


def killed_between_act_and_note(panel: Panel, three: list[Item], clock: Any) -> None:
    """Raise three prices by 10 %: the worker ends after the second one, and another comes three minutes later."""
    real = bulk._settle

    def killed(row: Any, **more: Any) -> None:
        if row.product_id == three[1].product_id:
            raise KeyboardInterrupt
        real(row, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "_settle", killed)
        with pytest.raises(KeyboardInterrupt):
            act(panel, three, "price", change="10%")
    assert amounts() == [9790, 1375, 4000]
    assert "was cut off" not in words(panel.get(f"/panel/products/bulk/{db.value('SELECT id FROM bulk_run')}"))
    clock.move(minutes=1)
    told = words(panel.get(f"/panel/products/bulk/{db.value('SELECT id FROM bulk_run')}"))
    assert "The work on 2 products was cut off. It goes on by itself within a few minutes." in told
    clock.move(minutes=2)
    jobs.run_due()


def test_whoever_goes_on_after_a_crash_raises_no_price_twice(
    panel: Panel, three: list[Item], site: Site, clock: Any
) -> None:
    killed_between_act_and_note(panel, three, clock)
    assert amounts() == [9790, 1375, 4400]
    report = bulk_reports.report(site, db.value("SELECT id FROM bulk_run"), "en")
    assert [row.state for row in report.rows] == ["done", "refused", "done"]
    assert "its history tells" in report.rows[1].text


def test_the_same_crash_catches_an_act_on_whatever_version_there_is(
    panel: Panel, three: list[Item], clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted bug: the version that was noted is not asked for."""
    real = bulk._subject
    monkeypatch.setattr(bulk, "_subject", lambda site, run, row: replace(real(site, run, row), version=None))
    killed_between_act_and_note(panel, three, clock)
    assert amounts() == [9790, 1513, 4400]


def test_all_that_fit_are_dealt_with_by_a_job(
    panel: Panel, three: list[Item], monkeypatch: pytest.MonkeyPatch, sell: Callable[..., Item]
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 2)
    sell("HAT", 1000, name="Hat")
    said = words(act(panel, [], "price", change="10%", all="1", q="a"))
    assert "2 of 3 products" in said
    jobs.run_due()
    assert amounts() == [9790, 1250, 4400, 1100]
    assert db.value("SELECT COUNT(*) FROM bulk_row") == len([three[0], three[2], "HAT"])


def test_each_act_asks_for_its_own_permission(
    panel: Panel, colleague: Callable[..., Panel], three: list[Item], other_site: Site
) -> None:
    act(panel, three, "hide")
    theirs = colleague({"catalogue.view", "prices.edit"})
    assert theirs.post("/panel/products/bulk", {"act": "archive", "n": [str(three[0].product_id)]}).status_code == 403
    assert "Change prices" in words(theirs.get("/panel/products"))
    assert ">Archive<" not in theirs.get("/panel/products").get_data(as_text=True)
    run = db.value("SELECT id FROM bulk_run")
    assert theirs.post(f"/panel/products/bulk/{run}/undo").status_code == 403
    with db.transaction():
        db.execute("UPDATE bulk_run SET site_id = ?", other_site.id)
    assert panel.get(f"/panel/products/bulk/{run}").status_code == 404


def test_columns_are_ones_own(panel: Panel, colleague: Callable[..., Panel], three: list[Item]) -> None:
    with db.transaction():
        db.execute("UPDATE product SET vendor = 'Atelier Ribeira' WHERE id = ?", three[0].product_id)
    assert "Atelier Ribeira" not in words(panel.get("/panel/products"))
    answer = panel.post("/panel/views/products/columns", {"column": ["vendor", "price", "nonsense"], "here": "q=lamp"})
    assert answer.headers["Location"].endswith("/panel/products?q=lamp")
    page = words(panel.follow(answer))
    assert "Atelier Ribeira" in page
    assert "not counted" not in page
    theirs = words(colleague({"catalogue.view"}).get("/panel/products"))
    assert "Atelier Ribeira" not in theirs
    assert "not counted" in theirs


# -- looked at first, and at a time ------------------------------------------------------------------------------------


def look(panel: Panel, items: list[Item], **more: str) -> tuple[str, str]:
    """Prices are only looked at; answers the address of the run and what its page says."""
    chosen = [str(item.product_id) for item in items]
    answer = panel.post("/panel/products/bulk", {"look": "price", "n": chosen, **more})
    return answer.location, words(panel.follow(answer))


@pytest.mark.once
def test_prices_are_looked_at_before_and_after_and_changed_once(panel: Panel, three: list[Item]) -> None:
    run, said = look(panel, three, change="-20")
    assert amounts() == [8900, 1250, 4000]
    for text in ("Lamp €89.00 → €69.00", "Mug A price would fall below zero.", "Tray €40.00 → €20.00"):
        assert text in said
    for _ in range(2):
        said = words(panel.follow(panel.post(f"{run}/begin", {"act": "begin"})))
    assert amounts() == [6900, 1250, 2000]
    assert "Done 2" in said
    assert "It is as it was before." in words(take_back(panel))
    assert amounts() == [8900, 1250, 4000]


@pytest.fixture
def morning(clock: Any, site: Site) -> Callable[[int, int], None]:
    """It is eight o'clock where the site is; answers what sets the hour and minute of that day."""

    def set_to(hour: int, minute: int) -> None:
        clock.set(datetime(2030, 3, 2, hour, minute, tzinfo=ZoneInfo(site.timezone)))

    set_to(8, 0)
    return set_to


@pytest.mark.once
def test_prices_change_at_a_time_of_the_site_and_the_plan_can_be_dropped(
    morning: Callable[[int, int], None], panel: Panel, three: list[Item]
) -> None:
    run, said = look(panel, three[:1], change="10 %", at="2030-03-02T08:45")
    assert "€89.00 → €97.90" in said
    assert "8:45" in words(panel.follow(panel.post(f"{run}/begin", {"act": "plan"})))
    assert "Planned" in words(panel.get("/panel/products/bulk"))
    panel.post(f"{run}/begin", {"act": "unplan"})
    morning(8, 30)
    for _ in range(2):
        panel.post(f"{run}/begin", {"act": "plan"})
    act(panel, three[:1], "price", change="1")  # The price of the moment counts: 90, not 89.
    jobs.run_due()
    assert amounts()[0] == 9000
    morning(8, 46)
    jobs.run_due()
    assert amounts()[0] == 9900
    panel.post(f"{run}/undo")
    assert amounts()[0] == 9000


@pytest.mark.once
def test_what_was_taken_from_the_plan_never_begins_by_itself(
    morning: Callable[[int, int], None], panel: Panel, three: list[Item]
) -> None:
    run, _said = look(panel, three[:1], change="10 %", at="2030-03-02T08:45")
    for verb in ("plan", "unplan"):
        panel.post(f"{run}/begin", {"act": verb})
    morning(8, 50)
    jobs.run_due()
    assert amounts()[0] == 8900
    assert "still to come" in words(panel.follow(panel.post(f"{run}/begin", {"act": "plan"})))
    panel.post(f"{run}/begin", {"act": "begin"})
    assert "begun already" in words(panel.follow(panel.post(f"{run}/begin", {"act": "unplan"})))


@pytest.mark.once
def test_a_plan_asks_for_the_permission_of_its_act(
    panel: Panel, colleague: Callable[..., Panel], three: list[Item]
) -> None:
    run, _said = look(panel, three, change="-20")
    theirs = colleague({"catalogue.view"})
    assert "Do it now" not in words(theirs.get(run))
    assert theirs.post(f"{run}/begin", {"act": "begin"}).status_code == 403
    assert amounts() == [8900, 1250, 4000]


# -- and until a time --------------------------------------------------------------------------------------------------


def test_lower_prices_end_by_themselves_and_what_was_changed_since_stays(
    morning: Callable[[int, int], None], panel: Panel, three: list[Item]
) -> None:
    run, said = look(panel, three, change="-10 %", was="1", at="2030-03-02T08:10", until="2030-03-02T08:40")
    for text in ("€89.00 → €80.10", "8:10", "8:40", "what stood before comes back"):
        assert text in said
    panel.post(f"{run}/begin", {"act": "plan"})
    morning(8, 11)
    jobs.run_due()
    assert amounts() == [8010, 1125, 3600]
    assert "Prices end on" in words(panel.get(run))
    assert "Until" in words(panel.get("/panel/products/bulk"))
    # The words of a product may change meanwhile; a price that somebody sets is theirs.
    act(panel, three[:1], "hide")
    act(panel, three[1:2], "price", change="1")
    morning(8, 41)
    jobs.run_due()
    assert amounts() == [8900, 1225, 4000]
    assert [row[0] for row in db.rows("SELECT was FROM price ORDER BY variant_id")] == [None, 1250, None]
    assert visible() == [False, True, True]
    said = words(panel.get(run))
    for text in ("Ended 2", "€80.10 → €89.00", "Its prices were changed since, so they stay."):
        assert text in said
    assert "Ended" in words(panel.get("/panel/products/bulk"))


@pytest.mark.once
def test_an_end_can_be_dropped_or_come_early(
    morning: Callable[[int, int], None], panel: Panel, three: list[Item]
) -> None:
    stays, _said = look(panel, three[:1], change="-10 %", until="2030-03-02T09:30")
    early, _said = look(panel, three[1:2], change="-10 %", until="2030-03-02T09:30")
    for run in (stays, early):
        panel.post(f"{run}/begin", {"act": "begin"})
    assert amounts() == [8010, 1125, 4000]
    for _ in range(2):
        assert "Prices end on" not in words(panel.follow(panel.post(f"{stays}/begin", {"act": "stay"})))
    panel.post(f"{early}/undo")
    assert amounts() == [8010, 1250, 4000]
    act(panel, three[1:2], "price", change="-10 %")
    morning(9, 31)
    jobs.run_due()
    assert amounts() == [8010, 1125, 4000], "what was ended early does not end again"


@pytest.mark.once
def test_a_product_has_one_end_at_a_time(morning: Callable[[int, int], None], panel: Panel, three: list[Item]) -> None:
    """Or the second one would bring back the price of the first."""
    first, _said = look(panel, three[:1], change="-10 %", until="2030-03-02T09:30")
    panel.post(f"{first}/begin", {"act": "begin"})
    second, said = look(panel, three[:2], change="-20 %", until="2030-03-02T10:30")
    assert "Another change of its prices ends on" in said
    with db.counted() as statements:
        said = words(panel.follow(panel.post(f"{second}/begin", {"act": "begin"})))
    assert "Not done 1" in said
    assert len([sql for sql in statements if "MAX(r.ends_at)" in sql]) == 2, "once for the page, once for the act"
    assert amounts() == [8010, 1000, 4000]
    morning(11, 0)
    jobs.run_due()
    assert amounts() == [8900, 1250, 4000]


@pytest.mark.once
def test_ends_that_make_no_sense_are_refused(
    morning: Callable[[int, int], None], panel: Panel, three: list[Item]
) -> None:
    _run, said = look(panel, three, change="-10 %", at="2030-03-02T09:30", until="2030-03-02T09:30")
    assert "It would end before it begins." in said
    late, _said = look(panel, three, change="-10 %", until="2030-03-02T08:30")
    morning(8, 45)
    assert "Its end has passed." in words(panel.follow(panel.post(f"{late}/begin", {"act": "begin"})))
    planned, _said = look(panel, three, change="-10 %", at="2030-03-02T09:00", until="2030-03-02T09:30")
    panel.post(f"{planned}/begin", {"act": "plan"})
    morning(10, 0)  # No worker was there all the time.
    jobs.run_due()
    assert amounts() == [8900, 1250, 4000]
    assert "Planned" not in words(panel.get("/panel/products/bulk"))


def killed_while_prices_come_back(morning: Callable[[int, int], None], panel: Panel, three: list[Item]) -> str:
    """Prices fall until 8:20; the worker ends when two came back, and another comes. Answers what the page says."""
    run, _said = look(panel, three, change="-10 %", until="2030-03-02T08:20")
    panel.post(f"{run}/begin", {"act": "begin"})
    morning(8, 21)
    real = bulk._settle

    def killed(row: Any, **more: Any) -> None:
        if row.product_id == three[1].product_id:
            raise KeyboardInterrupt
        real(row, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "_settle", killed)
        with pytest.raises(KeyboardInterrupt):
            jobs.run_due()
    assert amounts() == [8900, 1250, 3600]
    morning(8, 40)
    jobs.run_due()
    assert amounts() == [8900, 1250, 4000]
    return words(panel.get(run))


@pytest.mark.once
def test_a_crash_while_prices_come_back_brings_them_back_once(
    morning: Callable[[int, int], None], panel: Panel, three: list[Item]
) -> None:
    assert "Ended 3" in killed_while_prices_come_back(morning, panel, three)


@pytest.mark.once
def test_the_same_crash_catches_an_end_that_asks_for_the_version_alone(
    morning: Callable[[int, int], None], panel: Panel, three: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted bug: it is taken back as by hand."""
    monkeypatch.setitem(bulk.ACTS, "price", replace(bulk.ACTS["price"], end=None))
    assert "Not ended 1" in killed_while_prices_come_back(morning, panel, three)
