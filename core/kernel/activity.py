"""The activity log: who changed what, with before and after, written in the transaction of the change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import peewee

from core.kernel import db, tables
from core.lib import clock

_HIDDEN = frozenset({"password", "password_hash", "secret", "token", "$secret"})


_json = tables.JSONField()


class Activity(tables.Table):
    """One change. `actor` is `staff:3`, `shopper:9`, `plugin:coupons` or `system`; `object` is `product:5`."""

    site_id = peewee.IntegerField(null=True, index=True)
    at = tables.InstantField(index=True)
    actor = peewee.CharField(max_length=80)
    verb = peewee.CharField(max_length=80)
    object = peewee.CharField(max_length=120, index=True)
    title = peewee.CharField(max_length=300, default="")
    before = tables.JSONField(default=dict)
    after = tables.JSONField(default=dict)


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
    # Plain SQL: a model's `create` costs ten times as much, and an import notes 100,000 changes.
    db.execute(
        'INSERT INTO activity (site_id, at, actor, verb, object, title, "before", "after")'
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        site_id, clock.now_us(), actor, verb, thing, title[:300], _json.db_value(old), _json.db_value(new),
    )  # fmt: skip


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
