"""Limited things an order takes a part of: taken and given back by guarded UPDATEs in the order's own transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from core.hookspecs.promote import Claim
from core.kernel import db
from core.lib.errors import Refused


class ClaimExhausted(Refused):
    """Somebody else took the last of a limited offer."""

    code = "claim_exhausted"
    default_message = "This offer has just been used up. Look at the new total and order again."

    def __init__(self, key: str = "") -> None:
        super().__init__()
        self.key = key


def claim_key(plugin: str, claim: Claim) -> str:
    """The counter's name: a plugin's keys cannot meet another's."""
    return f"{plugin}:{claim.key}"


def claims_used(site_id: int, keys: Iterable[str]) -> dict[str, int]:
    """How much of each counter is taken now; counters never used are missing. One statement."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    return dict(
        db.rows(f"SELECT key, used FROM claim WHERE site_id = ? AND key IN ({db.marks(wanted)})", site_id, *wanted)
    )


def take_claims(site_id: int, claims: Mapping[str, Claim]) -> None:
    """Take all of them or raise ClaimExhausted; `claims` maps counters' names to what is taken. Inside a transaction.

    The check and the count are one statement, so parallel orders cannot both take the last one.
    """
    db.require_transaction()
    for key, claim in sorted(claims.items()):
        db.execute(
            "INSERT INTO claim (site_id, key, used, limit_) VALUES (?, ?, 0, ?) ON CONFLICT (site_id, key) DO NOTHING",
            site_id,
            key,
            claim.limit,
        )
        taken = db.execute(
            "UPDATE claim SET used = used + ?, limit_ = ? WHERE site_id = ? AND key = ? AND used + ? <= ?",
            claim.amount, claim.limit, site_id, key, claim.amount, claim.limit,
        )  # fmt: skip
        if not taken:
            raise ClaimExhausted(key)


def release_claims(site_id: int, order_id: int) -> None:
    """Give back what the order took, once."""
    db.require_transaction()
    for key, amount in db.rows(
        "SELECT key, amount FROM order_claim WHERE order_id = ? AND released = ? ORDER BY key", order_id, False
    ):
        db.execute("UPDATE claim SET used = used - ? WHERE site_id = ? AND key = ?", amount, site_id, key)
    db.execute("UPDATE order_claim SET released = ? WHERE order_id = ?", True, order_id)


def retake_claims(site_id: int, order_id: int) -> None:
    """Take again what was given back, for an order that comes back to life; raises ClaimExhausted."""
    db.require_transaction()
    for key, amount in db.rows(
        "SELECT key, amount FROM order_claim WHERE order_id = ? AND released = ? ORDER BY key", order_id, True
    ):
        if not db.execute(
            "UPDATE claim SET used = used + ? WHERE site_id = ? AND key = ? AND used + ? <= limit_",
            amount,
            site_id,
            key,
            amount,
        ):
            raise ClaimExhausted(key)
    db.execute("UPDATE order_claim SET released = ? WHERE order_id = ?", False, order_id)
