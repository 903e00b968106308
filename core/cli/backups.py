"""backup, restore: the whole shop in one file, tried, and back again."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import peewee

from core.cli.boot import boot, running_port
from core.lib.errors import Refused, StoaError

if TYPE_CHECKING:
    from core.kernel.backups.archive import Manifest
    from core.kernel.config import Config


def add_to(commands: Any) -> None:
    """`backup` and `restore`."""
    backup = commands.add_parser("backup", help="write the whole shop into one file, while it runs")
    backup.add_argument("--to", type=Path, metavar="DIR", help="where to (the installation's folder of backups)")
    backup.add_argument(
        "--with-key", action="store_true", help="put the key of secrets in: whoever has the file has them"
    )
    backup.add_argument(
        "--test", nargs="?", const=True, default=False, metavar="FILE",
        help="restore it into a scratch place and compare; with FILE, test that one and make none",
    )  # fmt: skip
    backup.add_argument("--daily", action="store_true", help="as every night: with test, and the oldest are let go")
    backup.set_defaults(run=_backup)
    restore = commands.add_parser("restore", help="put a backup into an installation that is empty")
    restore.add_argument("file", type=Path)
    restore.add_argument("--force", action="store_true", help="replace the shop that is here; it is backed up first")
    restore.add_argument("--key", type=Path, metavar="FILE", help="the secret.key that was kept apart")
    restore.add_argument("--new-key", action="store_true", help="go on without the key: secrets must be entered again")
    restore.set_defaults(run=_restore)


def _backup(options: argparse.Namespace) -> int:
    made = boot(migrated=False)
    versions = {name: loaded.plugin.version for name, loaded in made.plugins.loaded.items()}
    if isinstance(options.test, str):
        return _test(Path(options.test), made.config)
    file = _make(options, made.config, versions)
    code = _test(file, made.config) if options.test or options.daily else 0
    if options.daily and code == 0:
        from core.kernel.backups import notes

        for gone in notes.let_go(made.config):
            print(f"Let go: {gone.name}")
    return code


def _make(options: argparse.Namespace, config: Config, versions: dict[str, str]) -> Path:
    from core.kernel.backups import notes
    from core.kernel.backups.verbs import make

    began, name = time.monotonic(), notes.DAILY if options.daily else "backup"
    with_key = options.with_key or config.backup_key
    made = make(config, options.to, name=name, with_key=with_key, versions=versions)
    said = made.manifest
    notes.note(config, made=_noted(made.path, began, said))
    print(f"{made.path}: {made.path.stat().st_size / 1024**2:,.1f} MB, {_size(said)}\nSHA-256 {made.sha256}")
    if said.key and not with_key:
        print(
            f"Secrets stay encrypted. Their key ({said.key}) is not in it: keep a copy of"
            f" {config.instance / 'secret.key'} elsewhere, once."
        )
    return made.path


def _test(file: Path, config: Config) -> int:
    """Restored where nobody is, opened by the same program, and compared. Exit code 1 if anything is wrong."""
    from core.kernel.backups import notes
    from core.kernel.backups.postgres import CannotTry
    from core.kernel.backups.verbs import tried

    began, wrong, said = time.monotonic(), list[str](), None
    try:
        with tried(file, config) as (said, scratch):
            wrong = _looked_at(scratch)
    except CannotTry as error:
        notes.note(config, tried=_noted(file, began, None, str(error)))
        print(f"Not tested: {error}")
        return 0
    except (StoaError, peewee.DatabaseError) as error:
        wrong = [str(error)]
    notes.note(config, tried=_noted(file, began, said, "; ".join(wrong)))
    for one in wrong:
        print(f"✗ {one}")
    if wrong or said is None:
        return 1
    print(f"Tested in {time.monotonic() - began:.1f} s: restored, {_size(said)} are the same, and all proofs hold.")
    return 0


def _looked_at(scratch: Config) -> list[str]:
    from core.cli.proofs import proofs
    from core.kernel import db

    boot(instance=scratch.instance, database_url=scratch.database_url)
    try:
        return proofs()
    finally:
        db.close_all()


def _noted(file: Path, began: float, said: Manifest | None, wrong: str = "") -> Any:
    from core.kernel.backups.notes import Note
    from core.lib import clock

    rows, seconds = said.rows if said else 0, round(time.monotonic() - began, 1)
    return Note(at=clock.now().isoformat(), file=str(file), seconds=seconds, rows=rows, wrong=wrong)


def _size(said: Manifest) -> str:
    return f"{said.rows:,} rows of {len(said.tables)} tables and {len(said.files):,} files"


def _restore(options: argparse.Namespace) -> int:
    from core.cli.proofs import proofs
    from core.kernel import config
    from core.kernel.backups.verbs import restore

    if (port := running_port()) is not None:
        raise Refused(f"the shop is running at port {port}: stop it first")
    said = restore(
        options.file, config.load(), force=options.force, key=options.key, new_key=options.new_key
    )  # fmt: skip
    made = boot()
    print(
        f"Restored as of {said.made_at}: {_size(said)}, compared one by one. Sites: {', '.join(said.sites) or 'none'}."
    )
    lacking = sorted(name for name in said.plugins if name not in made.plugins.loaded)
    if lacking:
        print(f"Not installed here, so off until they are: {', '.join(lacking)}")
    for one in (wrong := proofs()):
        print(f"✗ {one}")
    if not wrong:
        print("All proofs hold. Now ./stoa reindex builds what searches read, and ./stoa run opens the shop.")
    return 1 if wrong else 0
