"""What Babel keeps in memory of the world's languages, without what a shop hardly ever says.

Babel reads all of a language (units of measure, names of time zones) and of the world (which languages a country
speaks) where one date is formatted, and keeps it. `lighten()` lets go of the rare parts; who asks for one of them later
has it read again, and kept.
"""

# ruff: noqa: SLF001 -- Babel has no other door to what it keeps

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from babel import Locale, core, localedata

_RARE = (
    "compact_currency_formats", "compact_decimal_formats", "compound_unit_patterns", "datetime_skeletons",
    "interval_formats", "meta_zones", "scripts", "time_zones", "unit_display_names", "unit_patterns", "variants",
)  # fmt: skip
_RARE_OF_THE_WORLD = (
    "likely_subtags", "meta_zones", "territory_aliases", "territory_currencies", "territory_languages",
    "territory_zones", "windows_zone_mapping", "zone_territories",
)  # fmt: skip


_world: Any = core
_languages: Any = localedata


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
            _world._global_data = None  # Babel's word for "not read yet"
            return _world.get_global(key)
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
    _world.get_global("all_currencies")  # so that the world is there
    known = _world._global_data.items()
    _world._global_data = _World((key, part) for key, part in known if key not in _RARE_OF_THE_WORLD)
    for name, data in _languages._cache.items():
        data.update((part, _Later(name, part)) for part in _RARE if part in data)


def _read(name: str) -> Any:
    """All of a language, as if nothing of it were known."""
    with _languages._cache_lock:
        known, _languages._cache = _languages._cache, {}
        try:
            return localedata.load(name)
        finally:
            _languages._cache = known
