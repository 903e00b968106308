"""Where backups lie, which are let go, and what is noted of the last one for the page of health.

Beside the backups, not in the database: a restored shop must not say of itself what its copy knew.
"""

from __future__ import annotations

import os
import re
from datetime import datetime
from pathlib import Path

import msgspec

from core.kernel.config import Config

DAILY = "daily"
_FILE = "notes.json"
_NAME = re.compile(DAILY + r"-(\d{8}-\d{6})\.zip")


class Note(msgspec.Struct, kw_only=True, frozen=True):
    """Something that was done with a backup; `wrong` says what was found, empty if all was well."""

    at: str
    file: str
    seconds: float
    rows: int = 0
    wrong: str = ""

    @property
    def when(self) -> datetime:
        return datetime.fromisoformat(self.at)


class Notes(msgspec.Struct, kw_only=True, frozen=True):
    """The last backup that was made, and the last that was tried."""

    made: Note | None = None
    tried: Note | None = None


def folder(config: Config) -> Path:
    """Where this installation keeps its backups."""
    return Path(config.backup_folder) if config.backup_folder else config.instance / "backups"


def read(config: Config) -> Notes:
    """What is noted; nothing where nothing was done yet."""
    try:
        return msgspec.json.decode((folder(config) / _FILE).read_bytes(), type=Notes)
    except FileNotFoundError:
        return Notes()


def note(config: Config, *, made: Note | None = None, tried: Note | None = None) -> None:
    """Keep the last of each."""
    before = read(config)
    path = folder(config) / _FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(f".{os.getpid()}")
    new.write_bytes(msgspec.json.encode(Notes(made=made or before.made, tried=tried or before.tried)))
    new.replace(path)


def newest(config: Config) -> float | None:
    """When the newest file there was written, by us or by whatever else makes backups; None: there is none."""
    files = (path for path in folder(config).glob("*") if path.is_file() and path.name != _FILE)
    return max((path.stat().st_mtime for path in files), default=None)


def newest_daily(config: Config) -> datetime | None:
    """When the last nightly backup was made."""
    stamps = [found[1] for path in folder(config).glob("*.zip") if (found := _NAME.fullmatch(path.name))]
    return datetime.strptime(f"{max(stamps)} +0000", "%Y%m%d-%H%M%S %z") if stamps else None


def let_go(config: Config) -> list[Path]:
    """Delete nightly backups but for the last days, and the last of each of the weeks before. Answers which."""
    found = sorted((path for path in folder(config).glob("*.zip") if _NAME.fullmatch(path.name)), reverse=True)
    kept, weeks = set(found[: config.backup_days]), dict[tuple[int, int], Path]()
    for path in found[config.backup_days :]:
        weeks.setdefault(_week(path), path)
    kept |= set(list(weeks.values())[: config.backup_weeks])
    gone = [path for path in found if path not in kept]
    for path in gone:
        path.unlink(missing_ok=True)
    return gone


def _week(path: Path) -> tuple[int, int]:
    stamp = _NAME.fullmatch(path.name)
    assert stamp is not None
    return datetime.strptime(f"{stamp[1]} +0000", "%Y%m%d-%H%M%S %z").isocalendar()[:2]
