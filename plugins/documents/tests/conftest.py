"""A shop with documents and taxes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.api import Site, execute, transaction
from plugins.documents import plugin

FIRST = {"invoice_prefix": "INV-", "credit_prefix": "CN-", "invoice_start": 1, "credit_start": 1}


@pytest.fixture
def set_up(turn_on: Callable[..., None]) -> Callable[..., None]:
    """`set_up(company="Lamp & Sons")`: the plugin on, with these settings."""

    def turn(*, on: Site | None = None, **settings: object) -> None:
        turn_on(plugin.PLUGIN.name, on=on, **{**FIRST, **settings})

    return turn


@pytest.fixture
def taxes(site: Site, turn_on: Callable[..., None]) -> None:
    """19 % on everything sent to Germany."""
    turn_on("tax_table")
    with transaction():
        execute(
            "INSERT INTO tax_table_rate (site_id, tax_class, country, region, name, rate) VALUES (?, ?, ?, ?, ?, ?)",
            site.id, "standard", "DE", "", "MwSt", 1900,
        )  # fmt: skip


@pytest.fixture
def lamp(set_up: Callable[..., None], taxes: None, sell: Callable[..., Any]) -> Any:
    set_up(company="Lamp & Sons")
    return sell("LAMP", 8999, stock=50, name="Lamp")
