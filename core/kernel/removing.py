"""A plugin that goes for good: its folder first, and, only if that is said, its tables, settings and faults."""

from __future__ import annotations

import shutil
from pathlib import Path

from msgspec import Struct

from core.kernel import activity, db
from core.kernel.installation import installation
from core.kernel.migrate import history_of, take_down
from core.kernel.plugins import Loaded
from core.kernel.runtime import DRAINING, ON, PAUSED
from core.lib import clock
from core.lib.errors import NotFound, Refused

_WORKING = (ON, DRAINING, PAUSED)


class StillOn(Refused):
    """A plugin that works on a site stays."""

    code = "still_on"
    default_message = "%(plugin)s is not off at %(sites)s. Switch it off there first."


class OfTheHouse(Refused):
    """A folder that came with Stoa, or from a package, is not ours to move."""

    code = "of_the_house"
    default_message = "%(plugin)s lies in %(folder)s, not in the installation. Nothing was moved."


class Left(Struct, frozen=True, kw_only=True):
    """What a plugin holds in the database: rows by table, and on how many sites it has settings."""

    tables: tuple[tuple[str, int], ...]
    sites: int

    @property
    def rows(self) -> int:
        return sum(rows for _table, rows in self.tables)


def what_is_left(name: str) -> Left:
    """All that removing its tables would delete. Raises NotFound for a plugin that cannot be loaded."""
    existing = set(db.db.get_tables())
    names = [table for table in _tables(_loaded(name)) if table in existing]
    return Left(
        tables=tuple((table, int(db.value(f'SELECT count(*) FROM "{table}"'))) for table in names),
        sites=int(db.value("SELECT count(*) FROM site_plugin WHERE name = ?", name)),
    )


def move_away(name: str) -> Path:
    """Move the folder of a plugin of the installation out of the way, and answer where it lies now.

    Its tables and settings stay: put the folder back, and all is as it was. Raises NotFound, StillOn, OfTheHouse.
    """
    _check_off(name)
    home = installation().config.plugins_path
    folder = _folder(name)
    if folder.parent.resolve() != home.resolve():
        raise OfTheHouse(plugin=name, folder=str(folder.parent))
    away = installation().config.instance / "removed"
    away.mkdir(exist_ok=True)
    return Path(shutil.move(folder, away / f"{name}-{clock.now():%Y%m%d-%H%M%S}"))


def delete_data(name: str, actor: str) -> Left:
    """Delete a plugin's tables, settings and faults for good; answers what there was. Commits.

    Migrations that can be taken back (`down`) are, the newest first; tables of its models that are left are dropped.
    Raises NotFound, StillOn.
    """
    _check_off(name)
    loaded, left = _loaded(name), what_is_left(name)
    take_down(name, loaded.folder / "migrations")
    with db.transaction():
        db.db.drop_tables(list(loaded.plugin.models), safe=True)
        table = history_of(name)
        db.execute(f'DROP TABLE IF EXISTS "{table}"')
        for table, column in (("site_plugin", "name"), ("plugin_default", "name"), ("plugin_fault", "plugin")):
            db.execute(f"DELETE FROM {table} WHERE {column} = ?", name)
        db.execute("DELETE FROM job WHERE plugin = ?", name)
        title = str(loaded.plugin.title)
        activity.record(actor, "plugin.removed", f"plugin:{name}", before={"rows": left.rows}, title=title)
    return left


def _check_off(name: str) -> None:
    marks = db.marks(_WORKING)
    working = {row[0] for row in db.rows(
        f"SELECT site_id FROM site_plugin WHERE name = ? AND state IN ({marks})", name, *_WORKING
    )}  # fmt: skip
    if hosts := [state.site.host for state in installation().sites.all() if state.site.id in working]:
        raise StillOn(plugin=name, sites=", ".join(hosts))


def _loaded(name: str) -> Loaded:
    found = installation().plugins.loaded.get(name)
    if found is None:
        raise NotFound(f"{name} cannot be loaded, so nobody knows its tables. Put its folder back first.")
    return found


def _folder(name: str) -> Path:
    found = installation().plugins.loaded.get(name)
    folder = found.folder if found else installation().config.plugins_path / name
    if not folder.is_dir():
        raise NotFound
    return folder


def _tables(loaded: Loaded) -> list[str]:
    return [model._meta.table_name for model in loaded.plugin.models]  # type: ignore[attr-defined]
