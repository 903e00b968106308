"""Idempotency-Key: a request under one name is carried out once, and what it made is found again.

Two things hold it. The name is kept here with the id of what was made, so that the same request is answered without
being carried out. And the verb writes a key of its own in its own transaction, so that it happens once even where the
process died before the id was kept, or two of the same request came at once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from core.api import (
    DoneBefore,
    FormReused,
    Refused,
    Site,
    digest,
    execute,
    form_key,
    micros,
    now,
    one,
    transaction,
)
from plugins.api.services.operations import Call

KEPT = timedelta(days=3)
Act = Callable[[str], int | None]


class KeyReused(Refused):
    """The same Idempotency-Key came with another request."""

    code = "idempotency_key_reused"
    default_message = "This Idempotency-Key was used for another request. Use a new one."


class DoneUnseen(Refused):
    """The request was carried out, but its process ended before it was known what it made."""

    code = "done_before"
    default_message = "This was done already. It was not done a second time."


def once(call: Call, what: str, act: Act, *, of: int | None = None) -> int:
    """Carry `act` out once under the request's Idempotency-Key, and answer the id of what it made, also the next time.

    `what` tells operations apart; `act` gets the key for its verb, empty where the request has none. Without an id of
    its own it is about `of`. Raises KeyReused, DoneUnseen, and what `act` raises: then the name is free again.
    """
    if not call.once:
        return _made(act(""), of)
    request = digest(f"{what} {sorted(call.path.items())} {call.body!r} {call.cart_token}")
    known = begin(call.site, call.key_id, call.once, request)
    if known is not None:
        return known
    made = _acted(call, act, request, of)
    end(call.site, call.key_id, call.once, made)
    return made


def _acted(call: Call, act: Act, request: str, of: int | None) -> int:
    # Short enough for every place that keeps it, with what a verb writes behind it.
    key = form_key(call.site.id, digest(f"api:{call.key_id}:{call.once}")[:24], request[:12])
    try:
        return _made(act(key), of)
    except DoneBefore as done:
        if of is None:
            raise DoneUnseen from done
        return of
    except FormReused as error:
        raise KeyReused from error
    except Refused:
        give_up(call.site, call.key_id, call.once)
        raise


def _made(made: int | None, of: int | None) -> int:
    found = of if made is None else made
    assert found is not None
    return found


def begin(site: Site, key_id: int, name: str, request: str) -> int | None:
    """The id of what this name made before; None: go on. Commits. Raises KeyReused.

    A name that is under way, or whose process died, goes on too: the verb itself happens once.
    """
    with transaction():
        execute(
            "INSERT INTO api_once (site_id, key_id, name_digest, request_digest, created_at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (site_id, key_id, name_digest) DO NOTHING",
            *(site.id, key_id, digest(name), request, micros(now())),
        )
        row = one(
            "SELECT request_digest, made_id FROM api_once WHERE site_id = ? AND key_id = ? AND name_digest = ?",
            *(site.id, key_id, digest(name)),
        )
    assert row is not None
    if row[0] != request:
        raise KeyReused
    return None if row[1] is None else int(row[1])


def end(site: Site, key_id: int, name: str, made_id: int) -> None:
    """Remember what this name made. Commits."""
    with transaction():
        execute(
            "UPDATE api_once SET made_id = ? WHERE site_id = ? AND key_id = ? AND name_digest = ?",
            *(made_id, site.id, key_id, digest(name)),
        )


def give_up(site: Site, key_id: int, name: str) -> None:
    """Nothing was done, so the name is free again. Commits."""
    with transaction():
        execute(
            "DELETE FROM api_once WHERE site_id = ? AND key_id = ? AND name_digest = ? AND made_id IS NULL",
            *(site.id, key_id, digest(name)),
        )


def forget_old(site: Site) -> int:
    """Delete names older than they are kept. Commits."""
    with transaction():
        return execute("DELETE FROM api_once WHERE site_id = ? AND created_at < ?", site.id, micros(now() - KEPT))
