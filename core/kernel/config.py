"""Configuration of one installation.

`instance/stoa.toml`, each key also as `STOA_<KEY>` in the environment, which wins.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

ROOT = Path(__file__).parents[2]


class Config(Struct, frozen=True, kw_only=True):
    """Where the installation lives and how it is reached.

    `scheme` and `port` make the links of sites that name no origin of their own. `trusted_proxies` are the addresses
    whose X-Forwarded-* headers are believed. `job_threads` is 0 where `stoa work` processes do the jobs.
    `plugins_folder` is scanned for plugins beside `plugins/`; empty: the folder `plugins` of the instance.
    `cache_folder` is for compiled templates and words, and may be emptied; empty: the folder `cache` of the instance.
    `backup_hour` (UTC; -1: never) is when the nightly backup is made. Those of the last `backup_days` are kept, and one
    of each of the `backup_weeks` before. `backup_folder` should be on another disk; empty: `backups` of the instance.
    With `backup_key` they hold the key of secrets, too: whoever has such a file has them.
    `postgres_programs` is the folder of pg_dump and pg_restore where the path has others.
    """

    instance: Path
    database_url: str
    scheme: str = "http"
    port: int = 8000
    trusted_proxies: tuple[str, ...] = ()
    job_threads: int = 1
    page_cache: bool = True
    page_cache_mb: int = 16
    fragment_cache_mb: int = 8
    max_upload_mb: int = 16
    hook_seconds: float = 2.0
    breaker_faults: int = 5
    breaker_seconds: int = 600
    testing: bool = False
    debug: bool = False
    plugins_folder: str = ""
    cache_folder: str = ""
    backup_hour: int = 3
    backup_days: int = 7
    backup_weeks: int = 4
    backup_folder: str = ""
    backup_key: bool = False
    postgres_programs: str = ""

    @property
    def media(self) -> Path:
        return self.instance / "media"

    @property
    def cache(self) -> Path:
        """Compiled templates and words."""
        return Path(self.cache_folder) if self.cache_folder else self.instance / "cache"

    @property
    def plugins_path(self) -> Path:
        """The installation's own plugins."""
        return Path(self.plugins_folder) if self.plugins_folder else self.instance / "plugins"


class BadConfig(ValueError):
    """A key that does not exist, or a value of another kind, in stoa.toml or the environment."""


def load(instance: Path | str | None = None, *, env: Mapping[str, str] = os.environ, **overrides: object) -> Config:
    """Read the configuration.

    `instance` defaults to $STOA_INSTANCE, then to `instance/` beside the code. Makes the folder.
    """
    folder = Path(instance or env.get("STOA_INSTANCE") or ROOT / "instance").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    values: dict[str, object] = {}
    path = folder / "stoa.toml"
    if path.exists():
        values = _read(path)
    known = _known()
    for name in known:
        if (text := env.get(f"STOA_{name.upper()}")) is not None:
            values[name] = text
    values.update({name: value for name, value in overrides.items() if value is not None})
    unknown = sorted(values.keys() - known.keys())
    if unknown:
        raise BadConfig(f"stoa.toml: unknown key {unknown[0]!r}; known are {', '.join(sorted(known))}")
    values.setdefault("database_url", f"sqlite:///{folder / 'stoa.db'}")
    return Config(instance=folder, **{name: _as(known[name], name, value) for name, value in values.items()})  # type: ignore[arg-type]


def _known() -> dict[str, str]:
    return {name: kind for name, kind in Config.__annotations__.items() if name != "instance"}


def _read(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(f"{path.name}: {error}") from error


def _as(kind: str, name: str, value: object) -> object:
    """Bring an environment's text or a toml value to the field's type."""
    try:
        if kind == "bool":
            return (
                value
                if isinstance(value, bool)
                else {"1": True, "true": True, "0": False, "false": False}[str(value).lower()]
            )
        if kind == "int":
            return int(str(value))
        if kind == "float":
            return float(str(value))
        if kind.startswith("tuple"):
            return tuple(value) if isinstance(value, list | tuple) else tuple(str(value).split())
    except (KeyError, ValueError) as error:
        raise BadConfig(f"{name}: {value!r} is not a {kind}") from error
    return str(value)
