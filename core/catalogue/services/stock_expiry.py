"""Holds whose time is over are given back for good: cards and lists say so, though any buyer could have had them."""

from __future__ import annotations

from datetime import timedelta

from core.catalogue.services.stock import end_holds
from core.kernel import db, jobs
from core.lib import clock

_AT_ONCE = 200


@jobs.job("stock.end_holds", every=timedelta(minutes=1))
def _end_holds(running: jobs.Running) -> None:
    del running
    while db.value("SELECT 1 FROM stock_hold WHERE until <= ? LIMIT 1", clock.now_us()):
        db.retrying(_one_batch)


def _one_batch() -> None:
    with db.transaction():
        end_holds(limit=_AT_ONCE)
