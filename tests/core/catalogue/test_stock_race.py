"""Four processes want the same hundred pieces."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from core.catalogue.services import stock_proof
from core.catalogue.services.stock import stock_of
from core.kernel import db
from tests.core.catalogue.conftest import Make
from tests.core.catalogue.goods import variant_id

ROOT = Path(__file__).parents[3]
PIECES = 100


def sold(url: str, variant: int, kind: str, tries: int) -> int:
    """How many pieces four processes say they got, with `tries` each."""
    db.close_all()
    buyers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.core.catalogue.race", url, str(variant), str(tries), kind, str(number)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        for number in range(4)
    ]
    answers = [buyer.communicate(timeout=300)[0] for buyer in buyers]
    assert [buyer.returncode for buyer in buyers] == [0, 0, 0, 0]
    return sum(map(int, answers))


@pytest.mark.parametrize("tries", [250, pytest.param(2500, marks=pytest.mark.slow)])
def test_a_hundred_pieces_are_sold_exactly_a_hundred_times(database: str, make: Make, tries: int) -> None:
    make("Lamp", "LAMP", stock=PIECES)
    lamp = variant_id("LAMP")
    assert sold(database, lamp, "guarded", tries) == PIECES
    assert stock_of([lamp])[lamp][0][1:4] == (PIECES, PIECES, 0)
    assert stock_proof() == []
    assert db.value("SELECT available FROM card LIMIT 1") in {0, False}


def test_the_same_race_catches_a_buyer_who_reads_before_writing(database: str, make: Make) -> None:
    make("Lamp", "LAMP", stock=PIECES)
    assert sold(database, variant_id("LAMP"), "reading", 250) > PIECES
    assert stock_proof() != []
