"""Goods that are kept for a draft until a day: a hold with an owner, that ends by itself and never blocks its owner."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from core.catalogue.services import stock
from core.catalogue.services.stock_kits import pieces_in
from core.hookspecs.site import Site
from core.kernel import db
from core.lib import clock


class Kept(Struct, frozen=True, kw_only=True):
    """`held` of `all` pieces are kept until an instant; `all` counts only what is counted at all."""

    held: int
    all: int
    until: datetime


def keep_anew(site: Site, draft_id: int, actor: str) -> None:
    """Part of every verb that writes a draft: what it needs now is held for the rest of its time, nothing else."""
    db.require_transaction()
    until = db.value("SELECT keep_until FROM order_draft WHERE id = ? AND ended_at IS NULL", draft_id)
    reference = stock.draft_reference(draft_id)
    if until is None or until <= clock.now_us():
        stock.unhold(reference, actor)
        return
    sql = "SELECT variant_id, quantity FROM order_draft_line WHERE draft_id = ? AND variant_id > 0"
    units = dict[int, int](db.rows(sql, draft_id))
    stock.hold(pieces_in(units), reference, actor, until=clock.instant(until), site_id=site.id)


def let_go(draft_id: int, actor: str) -> None:
    """Part of the verbs that end a draft."""
    stock.unhold(stock.draft_reference(draft_id), actor)
    db.execute("UPDATE order_draft SET keep_until = NULL WHERE id = ?", draft_id)


def kept_for(draft_id: int, units: Mapping[int, int]) -> Kept | None:
    """What is kept for a draft now, of what its lines need; None if nothing is. One statement, or four."""
    reference = stock.draft_reference(draft_id)
    until = stock.held_until(reference)
    if until is None:
        return None
    needs = pieces_in(units)
    counted = {row[0] for row in db.rows(
        f"SELECT id FROM variant WHERE tracked AND id IN ({db.marks(tuple(needs))})", *needs
    )}  # fmt: skip
    return Kept(
        held=sum(one.quantity for one in stock.held_for(reference)),
        all=sum(pieces for variant_id, pieces in needs.items() if variant_id in counted), until=until,
    )  # fmt: skip
