"""The activity log: who changed what, with before and after, written in the transaction of the change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import peewee

from core.kernel import db
from core.lib import clock

_HIDDEN = frozenset({"password", "password_hash", "secret", "token", "$secret"})


class Activity(db.Table):
    """One change. `actor` is `staff:3`, `shopper:9`, `plugin:coupons` or `system`; `object` is `product:5`."""

    site_id = peewee.IntegerField(null=True, index=True)
    at = db.InstantField(index=True)
    actor = peewee.CharField(max_length=80)
    verb = peewee.CharField(max_length=80)
    object = peewee.CharField(max_length=120, index=True)
    title = peewee.CharField(max_length=300, default="")
    before = db.JSONField(default=dict)
    after = db.JSONField(default=dict)


def record(
    actor: str,
    verb: str,
    thing: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    site_id: int | None = None,
    title: str = "",
) -> None:
    """Note a change inside its transaction.

    Only what differs between `before` and `after` is kept; secrets never are.
    """
    db.require_transaction()
    old, new = _differing(dict(before or {}), dict(after or {}))
    Activity.create(
        site_id=site_id, at=clock.now(), actor=actor, verb=verb, object=thing, title=title[:300], before=old, after=new
    )


def _differing(before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return (
        {n: _shown(n, before[n]) for n in changed if n in before},
        {n: _shown(n, after[n]) for n in changed if n in after},
    )


def _shown(name: str, value: Any) -> Any:
    if name in _HIDDEN or (isinstance(value, Mapping) and "$secret" in value):
        return "•••"
    return value
