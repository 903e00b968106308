"""Idempotency-Key: a request under one name is carried out once, and its answer found again."""

from __future__ import annotations

from datetime import timedelta

from core.api import Refused, Site, digest, execute, micros, now, one, transaction

KEPT = timedelta(days=3)


class KeyReused(Refused):
    """The same Idempotency-Key came with another request."""

    status = 422
    code = "idempotency_key_reused"
    default_message = "This Idempotency-Key was used for another request. Use a new one."


def begin(site: Site, key_id: int, name: str, request: str) -> int | None:
    """The order that this name made before; None: go on. Commits. Raises KeyReused.

    A name that is under way, or whose process died, goes on too: the cart itself makes one order only.
    """
    with transaction():
        execute(
            "INSERT INTO api_once (site_id, key_id, name_digest, request_digest, created_at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (site_id, key_id, name_digest) DO NOTHING",
            *(site.id, key_id, digest(name), request, micros(now())),
        )
        row = one(
            "SELECT request_digest, order_id FROM api_once WHERE site_id = ? AND key_id = ? AND name_digest = ?",
            *(site.id, key_id, digest(name)),
        )
    assert row is not None
    if row[0] != request:
        raise KeyReused
    return None if row[1] is None else int(row[1])


def end(site: Site, key_id: int, name: str, order_id: int) -> None:
    """Remember the order that this name made. Commits."""
    with transaction():
        execute(
            "UPDATE api_once SET order_id = ? WHERE site_id = ? AND key_id = ? AND name_digest = ?",
            *(order_id, site.id, key_id, digest(name)),
        )


def give_up(site: Site, key_id: int, name: str) -> None:
    """Nothing was ordered, so the name is free again. Commits."""
    with transaction():
        execute(
            "DELETE FROM api_once WHERE site_id = ? AND key_id = ? AND name_digest = ? AND order_id IS NULL",
            *(site.id, key_id, digest(name)),
        )


def forget_old(site: Site) -> int:
    """Delete names older than they are kept. Commits."""
    with transaction():
        return execute("DELETE FROM api_once WHERE site_id = ? AND created_at < ?", site.id, micros(now() - KEPT))
