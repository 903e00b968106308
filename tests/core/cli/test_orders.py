"""Open orders of another channel come in from the command line, after a rehearsal, and go again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.cli import main
from core.hookspecs.site import Site
from core.kernel import db
from core.testing.shop import Item

FILE = (
    "number,email,Buyer,line1,city,postcode,country,sku,quantity,price,total,paid\n"
    "E-1,bo@example.com,Bo Li,Ring 1,Berlin,10115,DE,LAMP,1,89.00,89.00,yes\n"
    "E-2,bo@example.com,Bo Li,Ring 1,Berlin,10115,DE,NOPE,1,5.00,5.00,no\n"
)
Stoa = Callable[..., tuple[int, str]]


@pytest.fixture
def stoa(instance: Path, site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stoa:
    """`stoa("order", "imports")`: exit code, and what was printed."""
    monkeypatch.setenv("STOA_INSTANCE", str(instance))

    def run(*words: str) -> tuple[int, str]:
        code = main([*words, "--site", site.host])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return run


def test_a_file_is_rehearsed_brought_in_and_taken_back(stoa: Stoa, sell: Callable[..., Item], tmp_path: Path) -> None:
    sell("LAMP", 8900, stock=3, name="Lamp")
    file = tmp_path / "etsy.csv"
    file.write_text(FILE)
    words = ("order", "import", str(file), "--column", "Buyer=name")
    assert "--channel NAME" in stoa(*words)[1]
    assert "no column 'Seller'" in stoa(*words, "--column", "Seller=name", "--channel", "Etsy")[1]
    code, said = stoa(*words, "--channel", "Etsy", "--dry-run")
    assert (code, "Orders: 1 would come in, 0 known or over, 1 left out." in said) == (1, True)
    assert db.value("SELECT COUNT(*) FROM orders") == 0
    code, said = stoa(*words, "--channel", "Etsy")
    assert "Orders: 1 came in, 0 known or over, 1 left out." in said
    assert "NOPE" in (tmp_path / "etsy.errors.csv").read_text(encoding="utf-8-sig")
    assert db.rows("SELECT channel, channel_number, name FROM orders") == [("Etsy", "E-1", "Bo Li")]
    number = str(db.value("SELECT MAX(id) FROM import_run"))
    assert f"./stoa order undo {number}" in said
    assert "etsy.csv" in stoa("order", "imports")[1]
    assert "Orders: 1 taken back, 0 left" in stoa("order", "undo", number)[1]
    assert db.value("SELECT SUM(allocated) FROM order_line") == 0
