"""What Babel keeps in memory of the world's languages, without what a shop hardly ever says.

Babel reads all of a language (units of measure, names of time zones, plurals of currencies) and all of the world (which
languages a country speaks) where one date is formatted, and keeps it. `lighten()` lets go of the rare parts; who asks
for one of them later has it read again, and kept.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel import Locale, core, localedata

_RARE = (
    "compact_currency_formats", "compact_decimal_formats", "compound_unit_patterns",
    "datetime_skeletons", "interval_formats", "meta_zones", "scripts", "time_zones", "unit_display_names", "variants",
)  # fmt: skip
_RARE_OF_THE_WORLD = ("likely_subtags", "territory_aliases", "territory_currencies", "territory_languages")


class _Later(localedata.Alias):
    """A part of a language that is not read yet. Babel resolves it as it does what it points at from elsewhere."""

    def __init__(self, name: str, part: str) -> None:
        super().__init__((part,))
        self._name = name

    def __getitem__(self, key: Any) -> Any:
        return _read(self._name)[self.keys[0]][key]

    def resolve(self, data: Any) -> Any:
        del data  # it is where this stands in place of the part
        return super().resolve(_read(self._name))


class _World(dict[str, Any]):
    """Parts of the world's data; with the first that is missing, all of it is read."""

    def get(self, key: str, default: Any = None) -> Any:
        if key in _RARE_OF_THE_WORLD:
            core._global_data = pickle.loads(Path(core.__file__).with_name("global.dat").read_bytes())
            return core._global_data[key]
        return super().get(key, default)


@lru_cache(maxsize=64)
def parsed(tag: str) -> Locale:
    """The language and country of a tag: `de`, `zh-CN`.

    Raises:
        ValueError: no tag.
        babel.UnknownLocaleError: nothing is known of it.
    """
    return Locale.parse(tag.replace("-", "_"))


def lighten(tags: Iterable[str]) -> None:
    """Load these languages, and let go of the rare parts of all that are loaded and of the world."""
    for tag in tags:
        localedata.load(str(parsed(tag)))
    core.get_global("all_currencies")  # so that the world is there
    core._global_data = _World({key: part for key, part in core._global_data.items() if key not in _RARE_OF_THE_WORLD})
    for name, data in localedata._cache.items():
        data.update((part, _Later(name, part)) for part in _RARE if part in data)


def _read(name: str) -> Any:
    """All of a language, as if nothing of it were known."""
    with localedata._cache_lock:
        known, localedata._cache = localedata._cache, {}
        try:
            return localedata.load(name)
        finally:
            localedata._cache = known
