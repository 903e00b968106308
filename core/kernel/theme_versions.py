"""What is published of a site's themes: the settings shoppers see, every version of them, and what is planned.

The published settings stand in the site's own row (`about.theme[<theme>]`), so that a page asks nothing for them; a
version is a row that says who published what and when. Settings are kept per theme: a site that changes its theme and
comes back finds them as they were.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import peewee
from msgspec import Struct

from core.kernel import activity, cache, db, jobs, tables, theme_drafts
from core.kernel.installation import installation
from core.kernel.sites import raise_epoch
from core.lib import clock
from core.lib.errors import NotFound, Unfit


class ThemeVersion(tables.SiteTable):
    """A version of a site's look. `number` is given when it is published; until `due_at` a planned one waits.

    `origin` is the number of the version that was brought back.
    """

    number = peewee.IntegerField(null=True)
    theme = peewee.CharField(max_length=40)
    settings = tables.JSONField(default=dict)
    actor = peewee.CharField(max_length=80)
    made_at = tables.InstantField()
    due_at = tables.InstantField(null=True)
    published_at = tables.InstantField(null=True)
    dropped_at = tables.InstantField(null=True)
    origin = peewee.IntegerField(null=True)

    class Meta:
        table_name = "theme_version"
        indexes = ((("site_id", "number"), True),)


class Version(Struct, frozen=True, kw_only=True):
    """A published or planned version, as lists show it."""

    id: int
    number: int | None
    theme: str
    values: Mapping[str, Any]
    actor: str
    made_at: datetime
    due_at: datetime | None
    published_at: datetime | None
    origin: int | None


# -- publishing --------------------------------------------------------------------------------------------------------


def publish(site_id: int, theme: str, actor: str, seen: int) -> int:
    """Show shoppers the draft of a theme, as it was `seen`; the site wears that theme from then on.

    Answers the version's number. Raises DraftChanged, NotFound. Commits.
    """
    _must_exist(theme)
    values = theme_drafts.draft(site_id, theme).values
    with db.transaction():
        theme_drafts.claim(site_id, theme, seen)
        return _publish(site_id, theme, values, actor)


def bring_back(site_id: int, version_id: int, actor: str) -> int:
    """Publish the settings of an earlier version again, as a new version; answers its number. Commits."""
    version = find(site_id, version_id)
    _must_exist(version.theme)
    if version.published_at is None:
        raise NotFound
    with db.transaction():
        return _publish(site_id, version.theme, version.values, actor, origin=version.number)


def plan(site_id: int, theme: str, due_at: datetime, actor: str, seen: int) -> int:
    """Let the draft as it was `seen` be published at `due_at`; a planned one of before gives way. Answers its id.

    Raises Unfit, DraftChanged. Commits.
    """
    if due_at <= clock.now():
        raise Unfit({"due_at": "A time that is still to come."})
    values = theme_drafts.draft(site_id, theme).values
    with db.transaction():
        theme_drafts.claim(site_id, theme, seen)
        _drop(site_id)
        version = ThemeVersion.create(
            site_id=site_id, theme=theme, settings=dict(values), actor=actor, made_at=clock.now(), due_at=due_at
        )
        jobs.enqueue(
            "theme.publish",
            {"version": version.id},
            site_id=site_id,
            key=f"theme.publish:{site_id}:{version.id}:{clock.micros(due_at)}",
            at=due_at,
        )
        activity.record(
            actor,
            "theme.planned",
            f"theme:{site_id}",
            after={"due_at": due_at.isoformat(), "theme": theme},
            site_id=site_id,
            title=_title(theme),
        )
    return int(version.id)


def drop_plan(site_id: int, version_id: int, actor: str) -> None:
    """Take back what was planned. Raises NotFound if it is published or gone. Commits."""
    theme = find(site_id, version_id).theme
    with db.transaction():
        if not _drop(site_id, version_id):
            raise NotFound
        activity.record(actor, "theme.dropped", f"theme:{site_id}", site_id=site_id, title=_title(theme))


def restore_plan(site_id: int, version_id: int, actor: str) -> datetime:
    """Plan again what was taken back, for the same instant, which is answered. Commits.

    Raises NotFound if that is past, or something else is planned by now.
    """
    with db.transaction():
        row = db.one(
            "UPDATE theme_version SET dropped_at = NULL WHERE id = ? AND site_id = ? AND published_at IS NULL AND"
            " dropped_at IS NOT NULL AND due_at > ? AND NOT EXISTS (SELECT 1 FROM theme_version v WHERE v.site_id = ?"
            " AND v.published_at IS NULL AND v.dropped_at IS NULL) RETURNING theme, due_at",
            version_id, site_id, clock.now_us(), site_id,
        )  # fmt: skip
        if row is None:
            raise NotFound
        due_at = clock.instant(row[1])
        activity.record(
            actor, "theme.planned", f"theme:{site_id}", after={"due_at": due_at.isoformat(), "theme": row[0]},
            site_id=site_id, title=_title(row[0]),
        )  # fmt: skip
    return due_at


def _drop(site_id: int, version_id: int | None = None) -> int:
    one, which = ("", ()) if version_id is None else (" AND id = ?", (version_id,))
    return db.execute(
        "UPDATE theme_version SET dropped_at = ? WHERE site_id = ? AND published_at IS NULL AND dropped_at IS NULL"
        + one,
        clock.now_us(),
        site_id,
        *which,
    )


@jobs.job("theme.publish")
def _publish_planned(running: jobs.Running) -> None:
    """Publish what was planned, once, unless it was taken back."""
    row = ThemeVersion.for_site(running.site_id).where(ThemeVersion.id == running.payload["version"]).first()
    if row is None or row.due_at is None:
        return
    _must_exist(row.theme)
    with db.transaction():
        taken = db.execute(
            "UPDATE theme_version SET published_at = ? WHERE id = ? AND published_at IS NULL AND dropped_at IS NULL",
            clock.now_us(),
            row.id,
        )
        if taken:
            _publish(row.site_id, row.theme, row.settings, row.actor, version_id=row.id)


def _must_exist(theme: str) -> None:
    if not installation().themes.has(theme):
        raise NotFound


def _publish(
    site_id: int,
    theme: str,
    values: Mapping[str, Any],
    actor: str,
    *,
    origin: int | None = None,
    version_id: int | None = None,
) -> int:
    """Part of a verb. The site's row is held first, so that numbers and settings follow one another."""
    row = db.one("UPDATE site SET open = open WHERE id = ? RETURNING theme, about", site_id)
    if row is None:
        raise NotFound
    old_theme, about = row[0], json.loads(row[1])
    old = about.get("theme", {}).get(theme, {})
    number = _keep_first(site_id, old_theme, about) + 1
    about["theme"] = {**about.get("theme", {}), theme: dict(values)}
    db.execute("UPDATE site SET theme = ?, about = ? WHERE id = ?", theme, _encoded(about), site_id)
    now = clock.now()
    if version_id is None:
        ThemeVersion.create(
            site_id=site_id,
            number=number,
            theme=theme,
            settings=dict(values),
            actor=actor,
            made_at=now,
            published_at=now,
            origin=origin,
        )
    else:
        db.execute("UPDATE theme_version SET number = ? WHERE id = ?", number, version_id)
    theme_drafts.follow(site_id, theme, old, values, actor)
    activity.record(
        actor,
        "theme.published",
        f"theme:{site_id}",
        before={"theme": old_theme, **old},
        after={"theme": theme, **values},
        site_id=site_id,
        title=_title(theme),
    )
    raise_epoch()
    cache.touch(f"site:{site_id}")
    return number


def _keep_first(site_id: int, theme: str, about: Mapping[str, Any]) -> int:
    """The highest number so far. Before the first version, what shoppers saw until then becomes number 1."""
    highest = db.value("SELECT MAX(number) FROM theme_version WHERE site_id = ?", site_id)
    if highest is not None:
        return int(highest)
    now = clock.now()
    ThemeVersion.create(
        site_id=site_id,
        number=1,
        theme=theme,
        settings=about.get("theme", {}).get(theme, {}),
        actor="system",
        made_at=now,
        published_at=now,
    )
    return 1


def _encoded(about: Mapping[str, Any]) -> str:
    return json.dumps(about, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _title(theme: str) -> str:
    return installation().themes.get(theme).title


# -- looking -----------------------------------------------------------------------------------------------------------


_COLUMNS = "id, number, theme, settings, actor, made_at, due_at, published_at, origin"


def find(site_id: int, version_id: int) -> Version:
    """One version of a site. Raises NotFound."""
    row = db.one(f"SELECT {_COLUMNS} FROM theme_version WHERE id = ? AND site_id = ?", version_id, site_id)
    if row is None:
        raise NotFound
    return _version(row)


def versions(site_id: int, limit: int = 50) -> list[Version]:
    """The published versions of a site, the latest first."""
    found = db.rows(
        f"SELECT {_COLUMNS} FROM theme_version WHERE site_id = ? AND published_at IS NOT NULL"
        " ORDER BY number DESC LIMIT ?",
        site_id,
        limit,
    )
    return [_version(row) for row in found]


def planned(site_id: int) -> Version | None:
    """What waits for its time on a site."""
    row = db.one(
        f"SELECT {_COLUMNS} FROM theme_version WHERE site_id = ? AND published_at IS NULL AND dropped_at IS NULL"
        " ORDER BY id DESC LIMIT 1",
        site_id,
    )
    return _version(row) if row is not None else None


def _version(row: db.Row) -> Version:
    def at(value: int | None) -> datetime | None:
        return clock.instant(value) if value is not None else None

    return Version(
        id=row[0],
        number=row[1],
        theme=row[2],
        values=json.loads(row[3]),
        actor=row[4],
        made_at=clock.instant(row[5]),
        due_at=at(row[6]),
        published_at=at(row[7]),
        origin=row[8],
    )


# -- pictures in settings ----------------------------------------------------------------------------------------------


_LIVING = (
    "SELECT d.site_id, d.theme, s.settings FROM theme_draft d JOIN theme_step s ON s.site_id = d.site_id"
    " AND s.theme = d.theme AND s.number = d.step UNION ALL SELECT site_id, theme, settings FROM theme_version"
    " WHERE published_at IS NULL AND dropped_at IS NULL"
)


def pictures_used() -> dict[int, list[tuple[int, str, str]]]:
    """(site, theme, setting) of every place where settings show a picture, by its id: published, in a draft, planned.

    Two statements.
    """
    published = [
        (row[0], theme, values)
        for row in db.rows("SELECT id, about FROM site ORDER BY id")
        for theme, values in json.loads(row[1]).get("theme", {}).items()
    ]
    found: dict[int, list[tuple[int, str, str]]] = {}
    for site_id, theme, values in [*published, *((row[0], row[1], json.loads(row[2])) for row in db.rows(_LIVING))]:
        for name, value in values.items():
            if isinstance(value, dict) and "name" in value and isinstance(value.get("id"), int):
                places = found.setdefault(value["id"], [])
                places += [place for place in [(site_id, theme, name)] if place not in places]
    return found


def picture_gone(media_id: int) -> None:
    """Take a deleted picture out of the states and versions that could be brought back. Part of a verb."""
    db.require_transaction()
    for table, row_id, _site, _theme, values in _with_picture(media_id):
        if table != "site":
            kept = {name: value for name, value in values.items() if not _is_picture(value, media_id)}
            db.execute(f"UPDATE {table} SET settings = ? WHERE id = ?", _encoded(kept), row_id)


def picture_changed(media_id: int, said: Mapping[str, Any]) -> None:
    """Let every setting that shows a picture know its present file, words and focal point. Part of a verb."""
    db.require_transaction()
    touched: dict[int, dict[str, Any]] = {}
    for table, row_id, site_id, theme, values in _with_picture(media_id):
        new = {name: dict(said) if _is_picture(value, media_id) else value for name, value in values.items()}
        if table == "site":
            touched.setdefault(site_id, {})[theme] = new
        else:
            db.execute(f"UPDATE {table} SET settings = ? WHERE id = ?", _encoded(new), row_id)
    for site_id, themes in touched.items():
        about = json.loads(db.value("SELECT about FROM site WHERE id = ?", site_id))
        about["theme"] = {**about["theme"], **themes}
        db.execute("UPDATE site SET about = ? WHERE id = ?", _encoded(about), site_id)
        cache.touch(f"site:{site_id}")
    if touched:
        raise_epoch()


def _with_picture(media_id: int) -> list[tuple[str, int, int, str, dict[str, Any]]]:
    """(table, id, site, theme, settings) of all that may hold the picture, by the text of the stored JSON."""
    said = f'%"id":{media_id},"name"%'
    found = [
        ("site", row[0], row[0], theme, values)
        for row in db.rows("SELECT id, about FROM site WHERE about LIKE ?", said)
        for theme, values in json.loads(row[1]).get("theme", {}).items()
    ]
    for table in ("theme_step", "theme_version"):
        rows = db.rows(f"SELECT id, site_id, theme, settings FROM {table} WHERE settings LIKE ?", said)
        found += [(table, row[0], row[1], row[2], json.loads(row[3])) for row in rows]
    return found


def _is_picture(value: Any, media_id: int) -> bool:
    return isinstance(value, dict) and value.get("id") == media_id and "name" in value
