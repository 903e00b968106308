"""Making a backup, putting one back, and trying one in a scratch place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct
from msgspec.structs import replace

from core.kernel import db, secrets
from core.kernel.backups import archive, notes, postgres, sqlite
from core.kernel.backups.archive import Manifest
from core.kernel.backups.sums import Dumped, Sum, differing
from core.kernel.config import Config
from core.lib import clock
from core.lib.errors import Refused


class Made(Struct, frozen=True, kw_only=True):
    """A backup that was made."""

    path: Path
    manifest: Manifest
    sha256: str


def make(
    config: Config, to: Path | None = None, *, name: str = "backup", with_key: bool = False,
    versions: Mapping[str, str] | None = None,
) -> Made:  # fmt: skip
    """Write one file with the shop as it is now, beside which the shop goes on. Raises Refused.

    `versions` are those of the plugins. The database comes first, so that no row of it names a picture that came later.
    """
    to = to or notes.folder(config)
    to.mkdir(parents=True, exist_ok=True)
    _check_room(config, to)
    now = clock.now()
    path = to / f"{name}-{now:%Y%m%d-%H%M%S}.zip"
    with TemporaryDirectory(prefix=".making-", dir=to) as work:
        dumped = _dump(config, Path(work))
        about = Manifest(
            format=archive.FORMAT,
            made_at=now.isoformat(timespec="seconds"),
            engine=_engine(config),
            version=dumped.version,
            key=archive.fingerprint(config.instance / secrets.FILE),
            sites=dumped.sites,
            plugins={plugin: (versions or {}).get(plugin, "") for plugin in sorted(dumped.plugins)},
            tables=dict(dumped.tables),
            files={},
        )
        made = archive.write(path, dumped.path, config, about, with_key=with_key)
    return Made(path=path, manifest=made, sha256=archive.digest_of(path))


def restore(
    file: Path, config: Config, *, force: bool = False, key: Path | None = None, new_key: bool = False
) -> Manifest:
    """Put a backup into an instance that nobody has begun, or with `force` into any; answers what it says is in it.

    Nothing is touched before every file was compared with the manifest. What was there is backed up first. Raises
    Refused; then the instance is as it was, but for files, which are moved last.
    """
    said = archive.manifest(file)
    if said.engine != _engine(config):
        raise Refused(f"This is a backup of {said.engine}, and this installation is on {_engine(config)}.")
    is_new = _is_empty(config)
    if not is_new and not force:
        raise Refused(
            f"There is a shop here already, in {config.instance}. Restore into an empty instance, or add --force."
        )
    with TemporaryDirectory(prefix=".restoring-", dir=config.instance) as place:
        work = Path(place)
        archive.unpack(file, said, work)
        _check_key(said, work, config, key, new_key=new_key)
        if not is_new:
            make(config, name="before-restore", with_key=True)
        _load(config, work / archive.DATABASE)
        if wrong := differing(said.tables, _sums(config)):
            raise Refused(f"What was restored is not what was backed up: {'; '.join(wrong[:5])}")
        _put_files(work, config, key)
    return said


@contextmanager
def tried(file: Path, config: Config) -> Iterator[tuple[Manifest, Config]]:
    """A backup restored into a scratch place, which is gone afterwards, with the configuration to open it. As above."""
    said = archive.manifest(file)
    with TemporaryDirectory(prefix=".trying-", dir=file.parent) as place:
        scratch = replace(config, instance=Path(place), database_url=f"sqlite:///{place}/stoa.db")
        key = config.instance / secrets.FILE
        if _engine(config) == sqlite.NAME:
            restore(file, scratch, key=key if key.exists() else None)
            yield said, scratch
            return
        with postgres.scratch(config.database_url) as url:
            there = replace(scratch, database_url=url)
            restore(file, there, key=key if key.exists() else None)
            yield said, there


# -- inside ------------------------------------------------------------------------------------------------------------


def _engine(config: Config) -> str:
    return sqlite.NAME if config.database_url.startswith("sqlite") else postgres.NAME


def _dump(config: Config, folder: Path) -> Dumped:
    if _engine(config) == sqlite.NAME:
        return sqlite.dump(config.database_url, folder)
    return postgres.dump(config.database_url, folder, config.postgres_programs)


def _load(config: Config, folder: Path) -> None:
    """Nobody writes meanwhile: on SQLite the writers of all processes wait, PostgreSQL locks what it replaces."""
    if _engine(config) == sqlite.NAME:
        db.configure(config.database_url)
        db.close_all()
        with db.alone():
            sqlite.load(folder / sqlite.FILE, config.database_url)
        db.close_all()
    else:
        postgres.load(folder / postgres.FILE, config.database_url, config.postgres_programs)


def _sums(config: Config) -> Mapping[str, Sum]:
    return sqlite.sums(config.database_url) if _engine(config) == sqlite.NAME else postgres.sums(config.database_url)


def _is_empty(config: Config) -> bool:
    if _engine(config) == sqlite.NAME:
        return sqlite.is_empty(config.database_url)
    return postgres.is_empty(config.database_url)


def _check_room(config: Config, to: Path) -> None:
    """The copy of the database, and at worst a file as large as all that goes in."""
    if _engine(config) != sqlite.NAME:
        return
    path = sqlite.path_of(config.database_url)
    needed = 2 * (path.stat().st_size if path.exists() else 0)
    if shutil.disk_usage(to).free < needed:
        raise Refused(f"A backup needs {needed >> 20} MB free at {to}.")


def _check_key(said: Manifest, work: Path, config: Config, key: Path | None, *, new_key: bool) -> None:
    """Secrets stay encrypted, so a shop without its key has none: that is said before anything is replaced."""
    places = (work / secrets.FILE, key, config.instance / secrets.FILE)
    known = [archive.fingerprint(place) for place in places if place is not None]
    if said.key and not new_key and said.key not in known:
        raise Refused(
            f"The secrets in this backup open with the key {said.key}, which is neither in it nor here. Name the kept"
            " secret.key by --key FILE, or add --new-key: then passwords of payment services and the like must be"
            " entered again, and links in mails that were sent lead nowhere."
        )


def _put_files(work: Path, config: Config, key: Path | None) -> None:
    """Folders take the place of what was there; settings stay where there are some."""
    for folder in archive.FOLDERS:
        if (place := config.instance / folder).exists():
            shutil.rmtree(place)
        if (work / folder).exists():
            (work / folder).replace(place)
    if (work / archive.SETTINGS).exists() and not (config.instance / archive.SETTINGS).exists():
        (work / archive.SETTINGS).replace(config.instance / archive.SETTINGS)
    source = work / secrets.FILE if (work / secrets.FILE).exists() else key
    if source is not None and source != config.instance / secrets.FILE:
        _put_key(source, config.instance / secrets.FILE)


def _put_key(source: Path, place: Path) -> None:
    """Readable by its owner alone, from its first byte on."""
    place.unlink(missing_ok=True)
    with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(source.read_bytes())
