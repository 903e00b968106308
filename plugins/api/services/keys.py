"""Keys: made, shown once, found by their digest, revoked.

When one was last used gathers in memory, as reading writes nothing.
"""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

from msgspec import Struct

from core.api import (
    NotFound,
    Refused,
    Site,
    claim_form,
    digest,
    execute,
    micros,
    now,
    one,
    record_activity,
    token,
    transaction,
    value,
)
from plugins.api.models import ApiKey

if TYPE_CHECKING:
    from plugins.api.forms import WantedKey

PREFIX = "stoa_"
MOST_KEYS = 50
_FLUSH_EVERY_US = 60_000_000
_lock = threading.Lock()
_used: dict[int, int] = {}
_last_flush = [0]


class TooManyKeys(Refused):
    """A site has as many as it may."""

    code = "too_many_keys"
    default_message = "A site takes at most %(count)s keys. Revoke one first."


class Found(Struct, frozen=True, kw_only=True):
    """A key that is valid now."""

    id: int
    scopes: frozenset[str]


def make_key(site: Site, wanted: WantedKey, *, actor: str, key: str = "") -> tuple[int, str]:
    """A new key: its id, and the key itself, which is shown this once. Commits. Raises TooManyKeys, DoneBefore."""
    secret = f"{PREFIX}{token()}{token()}"
    with transaction():
        claim_form(key)
        alive = value("SELECT count(*) FROM api_key WHERE site_id = ? AND revoked_at IS NULL", site.id)
        if int(alive) >= MOST_KEYS:
            raise TooManyKeys(count=MOST_KEYS)
        made = ApiKey.create(
            site_id=site.id, title=wanted.title, scopes=list(wanted.scopes), digest=digest(secret), hint=secret[-4:],
            created_at=now(), created_by=actor, expires_at=wanted.expires_at,
        )  # fmt: skip
        after = {"scopes": list(wanted.scopes)}
        record_activity(actor, "api.key_added", f"api key:{made.id}", after=after, site_id=site.id, title=wanted.title)
    return made.id, secret


def find_key(site: Site, secret: str) -> Found | None:
    """The valid key with these letters on this site; one statement. It is looked up by its digest."""
    if not secret.startswith(PREFIX) or len(secret) > 100:
        return None
    row = one(
        "SELECT id, scopes FROM api_key WHERE digest = ? AND site_id = ? AND revoked_at IS NULL"
        " AND (expires_at IS NULL OR expires_at > ?)",
        *(digest(secret), site.id, micros(now())),
    )
    return Found(id=row[0], scopes=frozenset(json.loads(row[1]))) if row else None


def keys_of(site: Site) -> list[ApiKey]:
    """All keys of the site, the newest first; those that ended stay in the list."""
    return list(ApiKey.for_site(site).order_by(ApiKey.id.desc()))


def get_key(site: Site, key_id: int) -> ApiKey:
    """A key of this site. Raises NotFound."""
    found: ApiKey | None = ApiKey.for_site(site).where(ApiKey.id == key_id).first()
    if found is None:
        raise NotFound
    return found


def revoke_key(site: Site, key_id: int, *, actor: str) -> None:
    """End a key for good, from the next request on. Commits. Raises NotFound."""
    found = get_key(site, key_id)
    with transaction():
        execute(
            "UPDATE api_key SET revoked_at = ? WHERE id = ? AND site_id = ? AND revoked_at IS NULL",
            *(micros(now()), key_id, site.id),
        )
        record_activity(actor, "api.key_revoked", f"api key:{key_id}", site_id=site.id, title=found.title)


# -- last used ---------------------------------------------------------------------------------------------------------


def note_use(key_id: int) -> None:
    """Remember in this process that a key was used now."""
    with _lock:
        _used[key_id] = micros(now())


def flush_uses(*, at_once: bool = False) -> int:
    """Write when keys were last used, at most once a minute. Commits. By a job, and after requests that write."""
    at = micros(now())
    with _lock:
        if not _used or (not at_once and abs(at - _last_flush[0]) < _FLUSH_EVERY_US):
            return 0
        gathered = sorted(_used.items())
        _used.clear()
        _last_flush[0] = at
    with transaction():
        for key_id, used in gathered:
            execute(
                "UPDATE api_key SET last_used_at = ? WHERE id = ? AND (last_used_at IS NULL OR last_used_at < ?)",
                *(used, key_id, used),
            )
    return len(gathered)
