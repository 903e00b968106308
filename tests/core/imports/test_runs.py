"""A run in the background: its progress, its end, and how it goes on after a worker died."""

from __future__ import annotations

import io

import pytest

from core.hookspecs.site import Site
from core.imports.services.formats import MissingColumns
from core.imports.services.import_products import import_products
from core.imports.services.kept_files import RemarksFile, folder
from core.imports.services.reports import Report, report, reports
from core.imports.services.runs import import_for_good, start_import
from core.imports.services.store_products import Store
from core.kernel import db, jobs
from core.kernel.i18n import speaking
from core.lib import clock
from core.lib.csv import UnreadableFile
from core.lib.errors import NotFound
from tests.core.imports.files import SITE, table
from tests.core.imports.test_import_products import counts, remarks_of


def _rows(count: int, price: str = "1") -> bytes:
    return table(("sku", "name", "price"), *((f"S-{n}", f"Lamp {n}", price) for n in range(count)))


def _start(site: Site, data: bytes, *, dry_run: bool = False) -> int:
    return start_import(site, io.BytesIO(data), "lamps.csv", dry_run=dry_run, actor="staff:3")


def _last(site: Site) -> Report:
    return reports(site)[0]


def test_a_worker_imports_what_was_uploaded(site: Site) -> None:
    run_id = _start(site, _rows(3))
    waiting = report(site, run_id)
    assert (waiting.state, waiting.original, waiting.format) == ("waiting", "lamps.csv", "stoa")
    jobs.run_due()
    done = report(site, run_id)
    assert (done.state, done.done, done.total) == ("done", 3, 3)
    assert counts(done) == (3, 0, 0, 0)
    assert db.value("SELECT COUNT(*) FROM product") == 3
    assert db.one("SELECT actor, verb FROM activity WHERE object = ?", f"import:{run_id}") == (
        "staff:3",
        "products.imported",
    )


def test_progress_is_told_batch_by_batch(site: Site) -> None:
    told: list[tuple[int, int]] = []
    import_products(site, io.BytesIO(_rows(120)), progress=lambda done, total: told.append((done, total)))
    assert told == [(50, 120), (100, 120), (120, 120)]


def test_a_run_whose_worker_died_goes_on_behind_the_last_batch(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    data = table(("sku", "name", "price"), *((f"S-{n}", "Lamp", "-1" if n % 10 == 0 else "1") for n in range(120)))
    run_id = _start(site, data)
    save, saved = Store.save, []

    def die_in_the_second_batch(store: Store, rows: list[object], conclude: object) -> None:
        saved.append(len(rows))
        if len(saved) == 2:
            raise KeyboardInterrupt
        save(store, rows, conclude)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "save", die_in_the_second_batch)
    with clock.freeze(clock.now()) as now:
        with pytest.raises(KeyboardInterrupt):
            jobs.run_due()
        assert (report(site, run_id).state, report(site, run_id).done) == ("running", 50)
        now.move(minutes=10)
        jobs.run_due()
    done = report(site, run_id)
    assert (done.state, done.done) == ("done", 120)
    assert counts(done) == (108, 0, 0, 12)
    assert saved == [45, 45, 45, 18]
    assert [row[0] for row in remarks_of(done)] == [str(2 + n * 10) for n in range(12)]


def test_what_a_killed_run_wrote_into_the_remarks_is_not_told_twice(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = _start(site, _rows(60, price="-1"))
    add, added = RemarksFile.add, []

    def die_once_they_are_written(file: RemarksFile, kept: int, problems: list[object]) -> int:
        there = add(file, kept, problems)  # type: ignore[arg-type]
        added.append(kept)
        if len(added) == 1:
            raise KeyboardInterrupt
        return there

    monkeypatch.setattr(RemarksFile, "add", die_once_they_are_written)
    with clock.freeze(clock.now()) as now:
        with pytest.raises(KeyboardInterrupt):
            jobs.run_due()
        now.move(minutes=10)
        jobs.run_due()
    assert added[:2] == [0, 0]
    assert len(remarks_of(report(site, run_id))) == 60


def test_a_dry_run_can_be_followed_by_the_real_one(site: Site) -> None:
    dry = _start(site, _rows(2), dry_run=True)
    jobs.run_due()
    assert counts(report(site, dry)) == (2, 0, 0, 0)
    assert db.value("SELECT COUNT(*) FROM product") == 0
    real = import_for_good(site, dry, "staff:3")
    jobs.run_due()
    assert counts(report(site, real)) == (2, 0, 0, 0)
    assert db.value("SELECT COUNT(*) FROM product") == 2


def test_remarks_are_made_in_the_language_of_whoever_started_the_run(site: Site) -> None:
    with speaking("zh-CN"):
        run_id = _start(site, _rows(1, price="-1"))
    jobs.run_due()
    assert remarks_of(report(site, run_id)) == [["2", "price", "错误", "价格小于零。"]]


@pytest.mark.parametrize(("data", "error"), [(b"name,price\nLamp,1\n", MissingColumns), (b"", MissingColumns)])
def test_a_file_that_is_none_is_refused_at_once_and_not_kept(site: Site, data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        _start(site, data)
    assert list(folder().iterdir()) == []
    assert reports(site) == []


def test_a_file_that_breaks_off_ends_its_run_and_stores_nothing(site: Site) -> None:
    data = _rows(200) + b'S-x,"Lamp\nS-y,Pot,1\n'
    with pytest.raises(UnreadableFile):
        import_products(site, io.BytesIO(data))
    failed = _last(site)
    assert (failed.state, failed.error) == ("failed", "A quotation mark opened on line 202 is never closed.")
    assert db.value("SELECT COUNT(*) FROM product") == 0


def test_a_run_of_another_site_does_not_exist(site: Site) -> None:
    run_id = _start(site, _rows(1))
    with pytest.raises(NotFound):
        report(SITE if site.id != SITE.id else _other(site), run_id)


def _other(site: Site) -> Site:
    return Site(**{name: getattr(site, name) for name in Site.__slots__} | {"id": site.id + 1})


def test_files_of_old_runs_are_removed(site: Site) -> None:
    with clock.freeze(clock.now()) as now:
        _start(site, _rows(1, price="-1"))
        jobs.run_due()
        assert len(list(folder().iterdir())) == 2
        now.move(days=31)
        jobs.run_due()
    assert list(folder().iterdir()) == []
    assert _last(site).remarks is None
