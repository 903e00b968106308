"""A database with this plugin's tables."""

from __future__ import annotations

import pytest

from plugins.sale_prices.models import TABLES


@pytest.fixture
def tables(database: str) -> str:
    for table in TABLES:
        table.create_table()
    return database
