"""The command `import`, as a merchant meets it on a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.hookspecs.site import Site
from core.imports.services import run_from_command_line
from core.kernel import db
from tests.core.imports.files import table


def _run(site: Site, folder: Path, *rows: tuple[str, ...], dry_run: bool = False) -> int:
    file = folder / "lamps.csv"
    file.write_bytes(table(("sku", "name", "price"), *rows))
    errors = folder / "lamps.errors.csv"
    return run_from_command_line(site, file, dry_run=dry_run, errors=errors, progress=lambda _done, _total: None)


def test_what_became_of_the_products_is_said(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(site, tmp_path, ("A", "Lamp", "1"), ("B", "Pot", "2")) == 0
    assert capsys.readouterr().out.splitlines() == [
        "2 products added",
        "0 products changed",
        "0 products were so already",
        "0 products left out",
    ]
    assert not (tmp_path / "lamps.errors.csv").exists()


def test_rows_left_out_are_a_file_and_an_exit_code(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(site, tmp_path, ("A", "Lamp", "-1"), ("B", "Pot", "2")) == 1
    assert "lamps.errors.csv" in capsys.readouterr().out
    assert "The price is below zero." in (tmp_path / "lamps.errors.csv").read_text("utf-8-sig")


def test_a_dry_run_says_so(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(site, tmp_path, ("A", "Lamp", "1"), dry_run=True) == 0
    assert capsys.readouterr().out.startswith("This was a dry run: nothing has been stored.\n1 product added")
    assert db.value("SELECT COUNT(*) FROM product") == 0


def test_an_interrupted_import_goes_on_with_the_same_file(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "lamps.csv"
    file.write_bytes(table(("sku", "name"), *((f"S-{n}", f"Lamp {n}") for n in range(120))))

    def stop(done: int, _total: int) -> None:
        if done == 50:
            raise KeyboardInterrupt

    errors = tmp_path / "lamps.errors.csv"
    with pytest.raises(KeyboardInterrupt):
        run_from_command_line(site, file, dry_run=False, errors=errors, progress=stop)
    assert run_from_command_line(site, file, dry_run=False, errors=errors, progress=stop_never, resume=True) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        "It was interrupted, and went on behind line 51.",
        "120 products added",
    ]
    assert db.value("SELECT COUNT(*) FROM import_run") == 1


def stop_never(_done: int, _total: int) -> None:
    """Progress that nobody watches."""
