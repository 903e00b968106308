"""The draft of a theme on a site: the settings as they would be, with every state before, so that it can be undone.

States are rows and never change. The draft points at one of them; undo and redo move the pointer, and a change after an
undo forgets what was undone. Whoever changes it says which state they saw, and is told if that is no longer the present
one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import peewee
from msgspec import Struct

from core.kernel import db, tables
from core.kernel.looks import published
from core.kernel.sites import state_of
from core.lib import clock
from core.lib.errors import Refused

KEPT = 50


class ThemeDraft(tables.SiteTable):
    """Which state the draft of a theme is in (0 before the first change), and the last number that a state was given.

    Numbers are never given twice: a page that was opened at state 5 must not take another state for it.
    """

    theme = peewee.CharField(max_length=40)
    step = peewee.IntegerField(default=0)
    last = peewee.IntegerField(default=0)

    class Meta:
        table_name = "theme_draft"
        indexes = ((("site_id", "theme"), True),)


class ThemeStep(tables.SiteTable):
    """One state of a draft: all its settings, who made it and when."""

    theme = peewee.CharField(max_length=40)
    number = peewee.IntegerField()
    settings = tables.JSONField(default=dict)
    actor = peewee.CharField(max_length=80)
    at = tables.InstantField()

    class Meta:
        table_name = "theme_step"
        indexes = ((("site_id", "theme", "number"), True),)


class Draft(Struct, frozen=True, kw_only=True):
    """A draft as it stands: the state's number, its settings, who made it, and whether there is a way back or on."""

    theme: str
    step: int
    values: Mapping[str, Any]
    actor: str
    at: datetime | None
    can_undo: bool
    can_redo: bool


class DraftChanged(Refused):
    """Somebody else changed the draft since the page was opened."""

    code = "draft_changed"
    default_message = "Somebody changed this draft while you were looking at it. Nothing of yours was stored."


_NOW = (
    "SELECT d.step, s.settings, s.actor, s.at FROM theme_draft d JOIN theme_step s ON s.site_id = d.site_id"
    " AND s.theme = d.theme AND s.number = d.step WHERE d.site_id = ? AND d.theme = ?"
)


def draft(site_id: int, theme: str) -> Draft:
    """The draft of a theme on a site; before the first change it is what shoppers see. Two statements."""
    row = db.one(_NOW, site_id, theme)
    if row is None:
        values = published(state_of(site_id), theme)
        return Draft(theme=theme, step=0, values=values, actor="", at=None, can_undo=False, can_redo=False)
    first, last = db.one(
        "SELECT MIN(number), MAX(number) FROM theme_step WHERE site_id = ? AND theme = ?", site_id, theme
    ) or (0, 0)
    return Draft(
        theme=theme,
        step=row[0],
        values=json.loads(row[1]),
        actor=row[2],
        at=clock.instant(row[3]),
        can_undo=first < row[0],
        can_redo=row[0] < last,
    )


def values_at(site_id: int, theme: str, step: int) -> Mapping[str, Any] | None:
    """The settings of a state; None if it is not kept (any longer)."""
    found = db.value(
        "SELECT settings FROM theme_step WHERE site_id = ? AND theme = ? AND number = ?", site_id, theme, step
    )
    return json.loads(found) if found is not None else None


def change(site_id: int, theme: str, values: Mapping[str, Any], actor: str, seen: int) -> int:
    """Put a new state after the one that was `seen`, and answer its number.

    Raises DraftChanged if another is the present one. Commits.
    """
    before = published(state_of(site_id), theme)
    with db.transaction():
        return _change(site_id, theme, values, actor, seen, before)


def _change(
    site_id: int, theme: str, values: Mapping[str, Any], actor: str, seen: int, before: Mapping[str, Any]
) -> int:
    db.execute(
        "INSERT INTO theme_draft (site_id, theme, step, last) VALUES (?, ?, 0, 0)"
        " ON CONFLICT (site_id, theme) DO NOTHING",
        site_id,
        theme,
    )
    claim(site_id, theme, seen)
    db.execute("DELETE FROM theme_step WHERE site_id = ? AND theme = ? AND number > ?", site_id, theme, seen)
    if seen == 0:
        _add(site_id, theme, before, "system")
    step = _add(site_id, theme, values, actor)
    db.execute(
        "DELETE FROM theme_step WHERE site_id = ? AND theme = ? AND number NOT IN"
        " (SELECT number FROM theme_step WHERE site_id = ? AND theme = ? ORDER BY number DESC LIMIT ?)",
        site_id,
        theme,
        site_id,
        theme,
        KEPT + 1,
    )
    return step


def _add(site_id: int, theme: str, values: Mapping[str, Any], actor: str) -> int:
    number = db.value(
        "UPDATE theme_draft SET last = last + 1, step = last + 1 WHERE site_id = ? AND theme = ? RETURNING last",
        site_id,
        theme,
    )
    ThemeStep.create(site_id=site_id, theme=theme, number=number, settings=dict(values), actor=actor, at=clock.now())
    return int(number)


def move(site_id: int, theme: str, seen: int, *, back: bool) -> None:
    """Undo or redo one change; nothing if there is none. Raises DraftChanged. Commits."""
    way = "MAX(number) FROM theme_step WHERE number <" if back else "MIN(number) FROM theme_step WHERE number >"
    with db.transaction():
        claim(site_id, theme, seen)
        found = db.value(f"SELECT {way} ? AND site_id = ? AND theme = ?", seen, site_id, theme)
        if found is not None:
            db.execute("UPDATE theme_draft SET step = ? WHERE site_id = ? AND theme = ?", found, site_id, theme)


def follow(site_id: int, theme: str, old: Mapping[str, Any], new: Mapping[str, Any], actor: str) -> None:
    """After another version was published: a draft in which nothing waits to be published follows it. Part of a verb.

    One that holds changes is left as it is: they are somebody's work.
    """
    db.require_transaction()
    row = db.one(_NOW, site_id, theme)
    if row is not None and json.loads(row[1]) == dict(old) != dict(new):
        _change(site_id, theme, new, actor, row[0], old)


def claim(site_id: int, theme: str, seen: int) -> None:
    """Hold the draft to the end of the transaction, if it still is in the state that was seen. Raises DraftChanged."""
    taken = db.execute(
        "UPDATE theme_draft SET step = step WHERE site_id = ? AND theme = ? AND step = ?", site_id, theme, seen
    )
    if not taken and (seen or db.value("SELECT 1 FROM theme_draft WHERE site_id = ? AND theme = ?", site_id, theme)):
        raise DraftChanged
