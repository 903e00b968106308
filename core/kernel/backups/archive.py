"""The file of a backup: a ZIP with the database, the files that cannot be made anew, and a manifest of all of it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

import msgspec

from core.kernel import secrets
from core.kernel.config import Config
from core.lib.errors import Refused

FORMAT = 1
MANIFEST = "manifest.json"
SETTINGS = "stoa.toml"
DATABASE = "database"
_MANY = 1 << 20
# Folders of the instance whose files exist nowhere else. Sizes of pictures, indexes, feeds and caches are made anew.
FOLDERS = ("media", "plugins", "themes", "imports")
_MADE_ANEW = re.compile(r"(?P<stem>[0-9a-f]{32}(~[0-9a-f]{8})?)-\d+\.(avif|webp|jpg)")
_PACKED = {".jpg", ".png", ".webp", ".avif", ".gif", ".zip", ".gz", ".dump", ".woff2", ".pdf"}


class Manifest(msgspec.Struct, kw_only=True, frozen=True):
    """What is in a backup. `tables` have rows and digest, `files` size and SHA-256, `key` is a fingerprint."""

    format: int
    made_at: str
    engine: str
    version: str
    key: str
    sites: list[str]
    plugins: dict[str, str]
    tables: dict[str, tuple[int, str]]
    files: dict[str, tuple[int, str]]

    @property
    def rows(self) -> int:
        """All rows of all tables."""
        return sum(count for count, _digest in self.tables.values())


def write(path: Path, database: Path, config: Config, about: Manifest, *, with_key: bool) -> Manifest:
    """Write the file whole or not at all; answers `about` with what was put in."""
    files: dict[str, tuple[int, str]] = {}
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        # Orders and addresses of people: for the owner of the file alone, from its first byte on.
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as raw:
            with zipfile.ZipFile(raw, "w", compresslevel=3) as packed:
                for name, source in _gathered(database, config, with_key=with_key):
                    try:
                        with source.open("rb") as stream:
                            files[name] = _add(packed, name, source.suffix, stream)
                    except FileNotFoundError:  # Deleted since it was listed, as a picture may be in a running shop.
                        continue
                if (config.instance / SETTINGS).exists():
                    files[SETTINGS] = _add_text(packed, SETTINGS, _settings(config.instance / SETTINGS))
                made = msgspec.structs.replace(about, files=files)
                _add_text(packed, MANIFEST, msgspec.json.format(msgspec.json.encode(made), indent=1).decode())
            raw.flush()
            os.fsync(raw.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return made


def manifest(path: Path) -> Manifest:
    """What the file says is in it. Raises Refused if it is none of ours, or of a later kind."""
    try:
        with zipfile.ZipFile(path) as packed:
            said = msgspec.json.decode(packed.read(MANIFEST), type=Manifest)
    except (zipfile.BadZipFile, KeyError, msgspec.MsgspecError) as error:
        raise Refused(f"{path.name} is no backup, or only a part of one: {error}") from error
    if said.format > FORMAT:
        raise Refused(f"{path.name} was made by a later version; restore it with that one.")
    return said


def unpack(path: Path, said: Manifest, folder: Path) -> None:
    """Every file to `folder`, compared with the manifest. Raises Refused at the first that is not as it was."""
    with zipfile.ZipFile(path) as packed:
        there = {*packed.namelist()} - {MANIFEST}
        if there != said.files.keys():
            raise Refused(f"{path.name} holds other files than it says.")
        for name in sorted(there):
            target = folder / _safe(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                with packed.open(name) as stream, target.open("wb") as out:
                    found = _copy(stream, out)
            except zipfile.BadZipFile as error:
                raise Refused(f"{name} in this backup is damaged.") from error
            if found != tuple(said.files[name]):
                raise Refused(f"{name} in this backup is damaged.")


def fingerprint(path: Path) -> str:
    """Which key opens the secrets: of the oldest line, which stays when a newer one is put before it. Empty: none."""
    if not path.exists():
        return ""
    return hashlib.sha256(path.read_text("ascii").split()[-1].encode()).hexdigest()[:16]


def digest_of(path: Path) -> str:
    """SHA-256 of a whole file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


# -- inside ------------------------------------------------------------------------------------------------------------


def _gathered(database: Path, config: Config, *, with_key: bool) -> Iterator[tuple[str, Path]]:
    """Names in the file, and where each lies now."""
    yield f"{DATABASE}/{database.name}", database
    if with_key and (key := config.instance / secrets.FILE).exists():
        yield secrets.FILE, key
    for folder in FOLDERS:
        for place, _folders, names in sorted(os.walk(config.instance / folder)):
            for source in (Path(place) / name for name in sorted(names)):
                if not _is_made_anew(source):
                    yield source.relative_to(config.instance).as_posix(), source


def _is_made_anew(path: Path) -> bool:
    """A size of a picture, compiled code, or what is being written just now."""
    return path.name.startswith(".") or "__pycache__" in path.parts or _MADE_ANEW.fullmatch(path.name) is not None


def _settings(path: Path) -> str:
    """Without where the database is, and its password: the restored shop has its own."""
    kept = {name: value for name, value in tomllib.loads(path.read_text("utf-8")).items() if name != "database_url"}
    # A JSON value is a TOML value: the keys of Config are texts, numbers, yes or no, and lists of texts.
    return "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in kept.items())


def _add(packed: zipfile.ZipFile, name: str, suffix: str, stream: IO[bytes]) -> tuple[int, str]:
    about = zipfile.ZipInfo(name)
    about.external_attr = 0o600 << 16
    about.compress_type = zipfile.ZIP_STORED if suffix in _PACKED else zipfile.ZIP_DEFLATED
    with packed.open(about, "w", force_zip64=True) as out:
        return _copy(stream, out)


def _add_text(packed: zipfile.ZipFile, name: str, text: str) -> tuple[int, str]:
    body = text.encode()
    packed.writestr(name, body, zipfile.ZIP_DEFLATED)
    return len(body), hashlib.sha256(body).hexdigest()


def _copy(source: IO[bytes], out: IO[bytes]) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    while piece := source.read(_MANY):
        out.write(piece)
        digest.update(piece)
        size += len(piece)
    return size, digest.hexdigest()


def _safe(name: str) -> str:
    """A name that stays in its folder. Raises Refused for any other."""
    parts = PurePosixPath(name).parts
    known = {DATABASE, SETTINGS, secrets.FILE, *FOLDERS}
    if not parts or parts[0] not in known or ".." in parts or "\\" in name or name.startswith("/"):
        raise Refused(f"This backup holds a file at a place where none may be: {name}")
    return name
