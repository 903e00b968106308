"""Faults of plugins: recorded for the panel, counted by a breaker that pauses a plugin which fails again and again.

A fault happens in requests that must not write, so it is kept in memory and flushed by the worker (or the next
writing request).
"""

from __future__ import annotations

import threading
import traceback
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import peewee
import structlog
from msgspec import Struct

from core.kernel import db, tables
from core.lib import clock, ids

log = structlog.get_logger(__name__)
_KEPT = 500


class PluginFault(tables.Table):
    """One failure of one plugin. `site_id` is NULL where the fault belongs to no site (import)."""

    site_id = peewee.IntegerField(null=True, index=True)
    plugin = peewee.CharField(max_length=60, index=True)
    hook = peewee.CharField(max_length=80)
    message = peewee.TextField()
    trace = peewee.TextField()
    request_id = peewee.CharField(max_length=40, default="")
    at = tables.InstantField(index=True)


class Fault(Struct, frozen=True):
    """A fault that waits to be written."""

    site_id: int | None
    plugin: str
    hook: str
    message: str
    trace: str
    request_id: str
    at: datetime


class Faults:
    """Memory of this process: faults not yet written, and recent ones per (site, plugin) for the breaker."""

    def __init__(self, limit: int, window: timedelta, pause: Callable[[int, str, str], None]) -> None:
        self._limit, self._window, self._pause = limit, window, pause
        self._recent: dict[tuple[int | None, str], deque[datetime]] = {}
        self._waiting: deque[Fault] = deque(maxlen=_KEPT)
        self._lock = threading.Lock()
        self._to_pause: dict[tuple[int, str], str] = {}

    def report(self, site_id: int | None, plugin: str, hook: str, error: BaseException, request_id: str = "") -> None:
        """Keep a fault; never raises, never writes. Pausing happens at the next `flush`."""
        message = f"{type(error).__name__}: {error}"
        trace = "".join(traceback.format_exception(error))
        at = clock.now()
        place = place_in(plugin, error)
        log.warning("plugin fault", plugin=plugin, hook=hook, error=message, place=place, request_id=request_id)
        with self._lock:
            self._waiting.append(Fault(site_id, plugin, hook, message, trace, request_id or ids.uid()[:12], at))
            recent = self._recent.setdefault((site_id, plugin), deque(maxlen=self._limit))
            recent.append(at)
            if site_id is not None and len(recent) == self._limit and at - recent[0] <= self._window:
                self._to_pause[site_id, plugin] = f"{hook}: {message}"
                recent.clear()

    def flush(self) -> None:
        """Write what waits, in one transaction, and pause what failed too often.

        Called by the worker and after writing requests.
        """
        if not self._waiting and not self._to_pause:
            return
        with self._lock:
            waiting, self._waiting = list(self._waiting), deque(maxlen=_KEPT)
            pausing, self._to_pause = self._to_pause, {}
        with db.transaction():
            for fault in waiting:
                PluginFault.create(**_columns(fault))
        for (site_id, plugin), why in pausing.items():
            self._pause(site_id, plugin, why)

    def is_pausing(self, site_id: int, plugin: str) -> bool:
        """Whether the breaker has tripped in this process and the pause is not written yet.

        The plugin is not asked meanwhile.
        """
        return bool(self._to_pause) and (site_id, plugin) in self._to_pause

    @property
    def waiting(self) -> bool:
        """Whether `flush` has anything to do."""
        return bool(self._waiting or self._to_pause)


def place_in(plugin: str, error: BaseException) -> str:
    """The line of the plugin's own code or template that an error passed last, `reviews/plugin.py:30`."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        _, found, rest = frame.filename.partition(f"plugins/{plugin}/")
        if found:
            return f"{plugin}/{rest}:{frame.lineno}"
    return ""


def _columns(fault: Fault) -> dict[str, Any]:
    return {name: getattr(fault, name) for name in Fault.__struct_fields__}


def faults_of(site_id: int, plugin: str, limit: int = 20) -> list[PluginFault]:
    """The latest faults of a plugin on a site, newest first."""
    where = (PluginFault.plugin == plugin) & ((PluginFault.site_id == site_id) | PluginFault.site_id.is_null())
    return list(PluginFault.select().where(where).order_by(PluginFault.id.desc()).limit(limit))


def forget_old_faults(days: int = 30) -> int:
    """Delete faults older than `days`; a daily job."""
    with db.transaction():
        return int(PluginFault.delete().where(PluginFault.at < clock.now() - timedelta(days=days)).execute())
