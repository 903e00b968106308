"""`./stoa work` does what the embedded worker does: it has no pages to show, and writes the same mails."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.cli import main
from core.kernel import db
from core.testing.shop import Item


def test_a_process_for_jobs_alone_writes_the_mail_of_an_order(
    instance: Path, monkeypatch: pytest.MonkeyPatch, turn_on: Callable[..., None], sell: Callable[..., Item], order: Any
) -> None:
    turn_on("mail")
    placed = order(sell("LAMP", 8900, stock=3, name="Arc lamp"), 2)
    monkeypatch.setenv("STOA_INSTANCE", str(instance))
    assert main(["work", "--once"]) == 0
    assert db.rows("SELECT name, error FROM job WHERE error <> '' AND name <> 'messages.send'") == []
    sent = [json.loads(row[0]) for row in db.rows("SELECT payload FROM job WHERE name = 'messages.send'")]
    (mail,) = [one for one in sent if one["kind"] == "order.placed"]
    assert placed.number in mail["subject"]
    assert "Arc lamp" in mail["html"]
    assert "€178.00" in mail["text"]
