"""Names of `core.api` and hooks that are retired: they go on working, and whoever uses them is told.

To retire a name, take it out of `core/api.py` and write it into NAMES; to retire a hook, give its declaration
`retired=Retired(...)`. Both stay for one more minor version at least; `tests/house/test_retired.py` counts.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterable
from typing import Any

import structlog
from msgspec import Struct

from core.lib.retired import Retired

log = structlog.get_logger(__name__)
NAMES: dict[str, Retired] = {}
_used: dict[str, dict[str, Retired]] = {}
# The plugin that is being loaded, for those that do not lie in a folder of plugins.
_loading: list[str] = []


class Use(Struct, frozen=True, kw_only=True):
    """That a plugin uses `what`, which is retired."""

    plugin: str
    what: str
    retired: Retired

    @property
    def said(self) -> str:
        """In a line, for the plugin's author."""
        return f"{self.what} goes with version {self.retired.until}: use {self.retired.instead}"


def named(name: str) -> Any:
    """The object of a retired name of `core.api`, noted against the plugin that asks. AttributeError for any other."""
    known = NAMES.get(name)
    if known is None:
        raise AttributeError(f"module 'core.api' has no attribute {name!r}")
    note(_asking(), f"core.api.{name}", known)
    module, _colon, attribute = known.target.partition(":")
    return getattr(importlib.import_module(module), attribute)


def note(plugin: str, what: str, known: Retired) -> None:
    """Remember in this process that a plugin uses what is retired, and say so once in the log."""
    uses = _used.setdefault(plugin, {})
    if what not in uses:
        uses[what] = known
        log.warning("retired", plugin=plugin, what=what, instead=known.instead, until=known.until)


def uses_of(plugin: str) -> list[Use]:
    """What is retired and this plugin uses, as far as its code has run."""
    return [Use(plugin=plugin, what=what, retired=known) for what, known in sorted(_used.get(plugin, {}).items())]


def all_uses(plugins: Iterable[str]) -> list[Use]:
    """The same of several plugins, in the order of their names."""
    return [use for plugin in sorted(plugins) for use in uses_of(plugin)]


class loading:  # noqa: N801 -- read as a word: `with loading("reviews"):`
    """Within the block, what is asked for at import belongs to this plugin."""

    def __init__(self, plugin: str) -> None:
        self._plugin = plugin

    def __enter__(self) -> None:
        _loading.append(self._plugin)

    def __exit__(self, *_: object) -> None:
        _loading.pop()


def _asking() -> str:
    """The plugin whose code asks: by its module, else the one that is being loaded."""
    frame = inspect.currentframe()
    while frame is not None:
        package, _dot, rest = str(frame.f_globals.get("__name__", "")).partition(".")
        if package == "plugins" and rest:
            return rest.partition(".")[0]
        frame = frame.f_back
    return _loading[-1] if _loading else ""
