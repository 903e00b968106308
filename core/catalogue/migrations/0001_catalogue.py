"""The tables of the catalogue, what the database refuses about its stock, and the first place to ship from."""

from __future__ import annotations

from typing import Any

from core.catalogue.models import TABLES, Location
from core.kernel.refusals import only_grows, refuse

_PROMISED = "NEW.allocated + NEW.held"
_TOO_MUCH = f"{_PROMISED} + NEW.preordered > NEW.on_hand + NEW.backorder_limit"
_SAYS = "more would be promised than there is beside what was sold ahead"


def up(migrator: Any, db: Any) -> None:
    """Create them; their CHECKs and indexes are declared on the models.

    What was sold ahead may exceed what came, but nothing more is promised to others then: that is about a change and
    not about a row, so it is no CHECK.
    """
    db.create_tables(TABLES)
    only_grows("stock_move")
    refuse("stock_level_begins", "stock_level", "INSERT", _SAYS, when=f"{_PROMISED} > 0 AND {_TOO_MUCH}")
    refuse(
        "stock_level_promises", "stock_level", "UPDATE", _SAYS,
        when=f"{_PROMISED} > OLD.allocated + OLD.held AND {_TOO_MUCH}",
    )  # fmt: skip
    Location.insert(code="main", name="Main", priority=0, country="").execute()
