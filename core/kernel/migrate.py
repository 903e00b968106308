"""Numbered migrations, per core domain and per plugin, each with its own history table.

A migration is `def up(migrator, db)` in `<package>/migrations/NNNN_sentence.py` (playhouse.migrations runs it). They
only add; a drop waits one version, so that the version before still runs on the new tables. A plugin's may have
`def down(migrator, db)`, too: it is asked where the plugin is removed with its data.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from core.kernel import db
from core.lib.spare import without

if TYPE_CHECKING:
    from playhouse.migrations import Runner

# In the order of the floors: a higher domain may refer to tables of a lower one.
DOMAINS = ("kernel", "accounts", "catalogue", "imports", "cart", "orders", "checkout", "storefront", "panel")
_CORE = Path(__file__).parents[1]
Progress = Callable[[str], None]


def migrate(progress: Progress = lambda _: None) -> int:
    """Bring core's tables up to date, under a lock so that two starts do not collide.

    Answers how many migrations ran.
    """
    with db.alone():
        return sum(_run(name, _CORE / name / "migrations", progress) for name in DOMAINS)


def migrate_plugin(name: str, folder: Path, progress: Progress = lambda _: None) -> int:
    """Bring one plugin's tables up to date; raises what its migration raises, leaving the failed one undone."""
    with db.alone():
        return _run(f"plugin_{name}", folder, progress)


def take_down(name: str, folder: Path) -> list[str]:
    """Take back a plugin's migrations, the newest first, as far as they can be (`def down(migrator, db)`).

    Answers the names of those that were. One that cannot be taken back ends it: what it made is dropped as a whole.
    """
    done: list[str] = []
    with db.alone():
        if not any(folder.glob("[0-9]*.py")):
            return done
        runner = _runner(f"plugin_{name}", folder)
        while steps := [step for step in runner.status() if step.applied]:
            if steps[-1].path is None or getattr(steps[-1].load(), "down", None) is None:
                break
            done += runner.down()
    return done


def pending(packages: Iterable[tuple[str, Path]]) -> list[str]:
    """Names of migrations that have not run, without running them."""
    return [f"{name}: {todo}" for name, folder in packages if folder.is_dir() for todo in _todo(name, folder)]


def history_of(plugin: str) -> str:
    """The table that knows which migrations of a plugin have run."""
    return f"migrations_plugin_{plugin}"


def _runner(name: str, folder: Path) -> Runner:
    # Only who migrates needs it; on SQLite without the driver that it would load for the other database.
    with without("psycopg", "psycopg2"):
        from playhouse.migrations import Runner  # noqa: PLC0415

    return Runner(db.db.obj, str(folder), table_name=f"migrations_{name}")


def _todo(name: str, folder: Path) -> list[str]:
    return [step.name for step in _runner(name, folder).status() if not step.applied]


def _run(name: str, folder: Path, progress: Progress) -> int:
    if not any(folder.glob("[0-9]*.py")):
        return 0
    importlib.invalidate_caches()
    done: list[str] = _runner(name, folder).up()
    for step in done:
        progress(f"{name}: {step}")
    return len(done)
