"""The activity log in words: one statement for the entries and one for the people, whatever the page's length."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from core.kernel import db, i18n
from core.kernel.i18n import gettext as _
from core.kernel.installation import installation
from core.lib import clock
from core.lib.text import initials
from core.panel.activity.services.recorded import Act, Recorded
from core.panel.activity.services.words import field_words, sentence

PAGE = 50
_LAST = 2**62


class LogEntry(Struct, frozen=True, kw_only=True):
    """One change as people read it. `changes` are (name, before, after)."""

    at: datetime
    actor: str
    initials: str
    is_machine: bool
    icon: str
    sentence: str
    place: str
    changes: list[tuple[str, str, str]]


class LogPage(Struct, frozen=True, kw_only=True):
    """Entries by day, newest first, and the id to go on from."""

    days: list[tuple[str, list[LogEntry]]]
    further: int | None


def log(site_ids: list[int] | None, query: str = "", before: int | None = None) -> LogPage:
    """The latest changes on these sites (None: everywhere, shared things included) that contain `query`."""
    where, values = ["a.id < ?"], [before or _LAST]
    if site_ids is not None:
        where.append(f"a.site_id IN ({db.marks(site_ids)})")
        values += site_ids
    if query:
        where.append(
            "(LOWER(a.title) LIKE ? OR a.verb LIKE ? OR a.object LIKE ? OR a.actor IN (SELECT 'staff:' || id FROM"
            " staff WHERE LOWER(name) LIKE ? OR email_folded LIKE ?))"
        )
        values += [f"%{query.lower()}%"] * 5  # type: ignore[list-item]
    found = db.rows(
        "SELECT a.id, a.at, a.actor, a.verb, a.object, a.title, a.before, a.after, s.name FROM activity a LEFT JOIN"
        " site s ON s.id = a.site_id"
        f" WHERE {' AND '.join(where)} ORDER BY a.id DESC LIMIT ?",
        *values,
        PAGE + 1,
    )
    # Shoppers are named as they are now, and not at all once they are erased: the log keeps no name of theirs.
    people = _people({row[2] for row in found} | {row[4] for row in found if row[4].startswith("shopper:")})
    acts = [(row[3], json.loads(row[6] or "{}"), json.loads(row[7] or "{}")) for row in found[:PAGE]]
    told = Recorded(acts)
    entries = [_entry(row, people, act, told) for row, act in zip(found, acts, strict=False)]
    return LogPage(days=_by_day(entries), further=found[PAGE - 1][0] if len(found) > PAGE else None)


# -- two people at one form -------------------------------------------------------------------------------------------


def latest(*things: str, verbs: tuple[str, ...] = (), site_id: int | None = None) -> int:
    """The number of the latest change to any of these things: what a form carries to notice the changes of others.

    `verbs` (beginnings of their names) and `site_id` leave out changes that do not concern the form.
    """
    row = _latest(things, verbs, site_id)
    return row[0] if row else 0


def meanwhile(seen: str | None, *things: str, verbs: tuple[str, ...] = (), site_id: int | None = None) -> str:
    """What somebody changed since the form with version `seen` was opened, in words; empty if nobody did."""
    row = _latest(things, verbs, site_id)
    if row is None or not seen or not seen.isdecimal() or int(seen) >= row[0]:
        return ""
    act = row[3], json.loads(row[6] or "{}"), json.loads(row[7] or "{}")
    entry = _entry(row, _people({row[2]}), act, Recorded([act]))
    changes = [i18n.labelled(name, f"{before or '–'} → {after or '–'}") for name, before, after in entry.changes]
    return _(
        "While you were writing, %(who)s %(did)s (%(changes)s). What you wrote is still below; saving again puts it in"
        " place of that.",
        who=entry.actor,
        did=entry.sentence,
        changes=i18n.clauses(changes) or i18n.when(entry.at, "short"),
    )


def _latest(things: tuple[str, ...], verbs: tuple[str, ...], site_id: int | None) -> db.Row | None:
    where, values = [f"a.object IN ({db.marks(things)})"], list[object](things)
    if verbs:
        where.append(f"({' OR '.join(['a.verb LIKE ?'] * len(verbs))})")
        values += [f"{verb}%" for verb in verbs]
    if site_id is not None:
        where.append("a.site_id = ?")
        values.append(site_id)
    return db.one(
        "SELECT a.id, a.at, a.actor, a.verb, a.object, a.title, a.before, a.after, s.name FROM activity a LEFT JOIN"
        f" site s ON s.id = a.site_id WHERE {' AND '.join(where)} ORDER BY a.id DESC LIMIT 1",
        *values,
    )


def _people(actors: set[str]) -> dict[str, str]:
    """Names of staff and shoppers, by the way the log names them."""
    staff = [int(actor[6:]) for actor in actors if actor.startswith("staff:") and actor[6:].isdigit()]
    shoppers = [int(actor[8:]) for actor in actors if actor.startswith("shopper:") and actor[8:].isdigit()]
    names = (
        {
            f"staff:{row[0]}": row[1] or row[2]
            for row in db.rows(f"SELECT id, name, email FROM staff WHERE id IN ({db.marks(staff)})", *staff)
        }
        if staff
        else {}
    )
    if shoppers:
        names |= {
            f"shopper:{row[0]}": row[1] or row[2]
            for row in db.rows(f"SELECT id, name, email FROM shopper WHERE id IN ({db.marks(shoppers)})", *shoppers)
        }
    return names


def _entry(row: db.Row, people: Mapping[str, str], act: Act, told: Recorded) -> LogEntry:
    _id, at, actor, verb, object_name, title, _before, _after, place = row
    name = _actor_name(actor, people)
    is_machine = not actor.startswith(("staff:", "shopper:"))
    return LogEntry(
        at=clock.instant(at),
        actor=name,
        initials=initials(name),
        is_machine=is_machine,
        icon="plug" if actor.startswith("plugin:") else "gear",
        sentence=sentence(verb, title or people.get(object_name) or object_name),
        place=place or "",
        changes=_changes(act, told),
    )


def who(actor: str) -> str:
    """The name of whoever acted, as the log shows it."""
    return _actor_name(actor, _people({actor}))


def _actor_name(actor: str, people: Mapping[str, str]) -> str:
    kind, _colon, rest = actor.partition(":")
    if kind == "plugin":
        loaded = installation().plugins.loaded.get(rest)
        return i18n.of_plugin(rest, str(loaded.plugin.title)) if loaded else rest
    if kind == "system":
        return _("The shop")
    return people.get(actor, actor)


def _changes(act: Act, told: Recorded) -> list[tuple[str, str, str]]:
    verb, before, after = act

    def said(name: str, value: Any) -> str:
        words = told.words(verb, name, value)
        return _shown(value) if words is None else words

    names = dict.fromkeys([*before, *after])
    return [
        (told.title(verb, name) or field_words(name), said(name, before.get(name)), said(name, after.get(name)))
        for name in names
    ]


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _by_day(entries: list[LogEntry]) -> list[tuple[str, list[LogEntry]]]:
    days: dict[str, list[LogEntry]] = {}
    for entry in entries:
        days.setdefault(i18n.day(entry.at), []).append(entry)
    return list(days.items())
