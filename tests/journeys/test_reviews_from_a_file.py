"""Thousands of real reviews come in from a file; counts and means on cards are those of the file."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from core.api import Site, cards_for, run_plugin_command


@pytest.mark.once
def test_real_chinese_reviews_come_in_with_counts_and_means_that_hold(
    site: Site, turn_on: Any, sell: Any, shared_data: Any, tmp_path: Path, capsys: Any, outbox: Any
) -> None:
    with shared_data("chinese-reviews/reviews_open.csv").open(encoding="utf-8", newline="") as stream:
        real = list(csv.DictReader(stream))
    turn_on("reviews")
    skus = {name: f"CAT-{place}" for place, name in enumerate(sorted({row["cat"] for row in real}))}
    products = {name: sell(sku, 100, name=name).product_id for name, sku in skus.items()}
    path = tmp_path / "chinese.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(["sku", "stars", "text", "language"])
        out.writerows([skus[row["cat"]], 5 if row["label"] == "1" else 1, row["review"], "zh-CN"] for row in real)

    def take() -> tuple[int, str]:
        code = run_plugin_command("reviews", "import", [str(path), "--site", site.host])
        return code, capsys.readouterr().err.splitlines()[-1]

    assert take() == (0, f"{len(real):,} reviews taken, 0 known before, 0 errors.")
    outbox.deliver()
    cards = cards_for(site, site.language, site.currency, list(products.values()))
    for name, product_id in products.items():
        labels = [row["label"] for row in real if row["cat"] == name]
        good, rating = labels.count("1"), cards[product_id].rating
        assert rating is not None
        assert rating.count == len(labels)
        assert cards[product_id].data["reviews"]["stars"] == [len(labels) - good, 0, 0, 0, good]
        assert rating.mean == pytest.approx((5 * good + len(labels) - good) / len(labels), abs=1e-4)
    assert take() == (0, f"0 reviews taken, {len(real):,} known before, 0 errors.")
