"""Money that comes after its order expired: the order lives again if its goods and claims can still be had."""

from __future__ import annotations

import json

from core.catalogue.services import stock
from core.kernel import db
from core.lib.errors import Refused
from core.orders.services.claims import retake_claims
from core.orders.services.goods import in_each, stock_reference
from core.orders.services.settle import money_facts
from core.orders.services.timeline import note, once

EXPIRED = "expired"


def revive_if_late(order_id: int) -> None:
    """After new facts, inside their transaction: bring an expired order back once its money is there in full.

    Where stock or claims are gone it stays cancelled, and the money is due back. What a person cancelled stays
    cancelled.
    """
    db.require_transaction()
    if db.value("SELECT SUM(ordered - cancelled) FROM order_line WHERE order_id = ?", order_id):
        return
    last = db.value(
        "SELECT data FROM order_entry WHERE order_id = ? AND kind = ? ORDER BY id DESC LIMIT 1", order_id, "cancelled"
    )
    expiry = json.loads(last or "{}")
    if expiry.get("reason") != EXPIRED or money_facts(order_id).kept < expiry["due"]:
        return
    lines = {int(line_id): quantity for line_id, quantity in expiry["lines"].items()}
    try:
        # A savepoint, because a refusal half-way must leave the facts of this transaction in place.
        with db.db.savepoint():
            _take_again(order_id, lines)
    except Refused as refusal:
        if once(order_id, "late_money"):
            note(order_id, "system", "too_late", reason=refusal.code)
        return
    note(order_id, "system", "revived")


def _take_again(order_id: int, lines: dict[int, int]) -> None:
    site_id, channel = db.rows("SELECT site_id, channel FROM orders WHERE id = ?", order_id)[0]
    wanted: dict[int, int] = {}
    for line_id, pieces in in_each(list(lines)).items():
        for variant_id, quantity in pieces.items():
            wanted[variant_id] = wanted.get(variant_id, 0) + quantity * lines[line_id]
    stock.allocate(wanted, stock_reference(order_id), "system", site_id=site_id, reason="revive", channel=channel)
    retake_claims(site_id, order_id)
    for line_id, quantity in lines.items():
        db.execute(
            "UPDATE order_line SET cancelled = cancelled - ?, allocated = allocated + ? WHERE id = ? AND order_id = ?",
            quantity, quantity, line_id, order_id,
        )  # fmt: skip
