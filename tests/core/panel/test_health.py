"""The page of health names what is wrong, with its evidence."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from core.hookspecs.site import Site
from core.kernel import db, jobs, switch
from core.kernel.backups import daily, notes
from core.kernel.installation import installation
from core.lib import clock
from core.panel.health import services
from tests.core.panel.conftest import Panel, words

# About pages; their statements are asked in other tests too.
pytestmark = pytest.mark.once


def test_what_is_fine_and_what_is_missing_is_said(panel: Panel) -> None:
    said = words(panel.get("/panel/installation/health"))
    assert "No way to write to shoppers on Test shop" in said
    assert "There is none yet." in said
    assert "One that was never restored is only a hope." in said
    assert "No plugin failed" in said


def test_a_queue_that_nobody_works_on_is_noticed(panel: Panel) -> None:
    with db.transaction():
        jobs.enqueue("nobody.knows", {}, at=clock.now() - timedelta(minutes=20))
    assert "is a worker running?" in words(panel.get("/panel/installation/health"))


def test_the_age_of_the_latest_backup(panel: Panel) -> None:
    folder = installation().config.instance / "backups"
    folder.mkdir()
    (folder / "shop.zip").write_bytes(b"kept")
    assert "The latest was written" in words(panel.get("/panel/installation/health"))
    week_ago = clock.now().timestamp() - 7 * 86_400
    os.utime(folder / "shop.zip", (week_ago, week_ago))
    assert "7 days" in words(panel.get("/panel/installation/health"))


def test_what_a_restore_of_the_last_backup_found(panel: Panel) -> None:
    config, tried = installation().config, clock.now().isoformat()
    notes.note(config, tried=notes.Note(at=tried, file="/b/daily-1.zip", seconds=3.2, rows=4126))
    said = words(panel.get("/panel/installation/health"))
    assert "4,126 rows and every file were the same" in said
    notes.note(config, tried=notes.Note(at=tried, file="/b/daily-2.zip", seconds=3.2, wrong="stock differs"))
    assert re.search(r"daily-2\.zip, tried .{1,30}: stock differs", words(panel.get("/panel/installation/health")))
    assert "只是一个愿望" not in panel.get("/zh-cn/panel/installation/health").get_data(as_text=True)


def test_a_press_makes_one_backup(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    monkeypatch.setattr(daily, "_run", lambda _running, config: made.append(config.instance))
    for _ in range(2):
        panel.post("/panel/installation/health/backup", {})
    jobs.run_due()
    assert made == [installation().config.instance]


def test_a_disk_that_fills_is_the_first_to_be_told(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    full = SimpleNamespace(total=100 * 1024**3, free=500 * 1024**2)
    monkeypatch.setattr(services.shutil, "disk_usage", lambda _path: full)
    said = words(panel.get("/panel/installation/health"))
    assert said.index("500 MB of 100 GB are free.") < said.index("Backup")


def test_paused_plugins_are_named(panel: Panel, site: Site, turn_on: Callable[..., None]) -> None:
    turn_on("coupons")
    switch.pause(site.id, "coupons", "promote_offers: it took too long")
    assert "Paused or broken: coupons" in words(panel.get("/panel/installation/health"))


def test_staff_of_one_site_see_no_machinery(colleague: Callable[..., Any]) -> None:
    theirs = colleague({"jobs.view"})
    assert theirs.get("/panel/installation/health").status_code == 403
    assert "gave up" not in words(theirs.get("/panel/"))


def test_the_last_day_is_drawn_and_told_in_figures(panel: Panel, browse: Callable[..., Any], site: Site) -> None:
    """A kept page, a plugin's fault and work that waited stand in the hour in which they were."""
    for _ in range(3):
        browse(site, "/")
    with db.transaction():
        jobs.enqueue("nobody.knows", {}, at=clock.now() - timedelta(seconds=4))
    jobs.run_due()
    installation().faults.report(site.id, "coupons", "promote_offers", RuntimeError("planted"))
    installation().faults.flush()
    with db.counted() as statements:
        page = panel.get("/panel/installation/health").get_data(as_text=True)
    assert len([sql for sql in statements if " measure " in sql]) == 1
    assert 'class="now" d="M' in page
    assert page.count('<th scope="row" class="nowrap">') == 24
    newest = words_of_row(page)
    assert int(newest[1].replace(",", "")) >= 4
    assert newest[4] != "–"
    assert newest[6] == "1"
    assert int(newest[7].replace(",", "")) >= 1
    assert "最近 24 小时" in panel.get("/zh-cn/panel/installation/health").get_data(as_text=True)


def words_of_row(page: str) -> list[str]:
    """The cells of the table's first row."""
    row = page.partition('<tr><th scope="row" class="nowrap">')[2].partition("</tr>")[0]
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.split(r"<t[dh][^>]*>", row)]
