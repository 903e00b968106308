"""What the acts of plugins recorded, in words: each plugin says its own values (`Plugin(recorded=)`)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from core.kernel import i18n
from core.kernel.installation import installation
from core.kernel.manifest import RecordedValue
from core.kernel.sites import current

Act = tuple[str, Mapping[str, Any], Mapping[str, Any]]


class Recorded:
    """The values of the acts of a page; a plugin is asked once for all of a name.

    What belongs to no plugin, to one that is gone, or to one that fails here, is not known.
    """

    def __init__(self, acts: Iterable[Act]) -> None:
        asked: dict[tuple[str, str], dict[str, Any]] = {}
        for verb, before, after in acts:
            for name, value in (*before.items(), *after.items()):
                if value not in (None, "") and (declared := _declared(verb, name)) and declared.words:
                    asked.setdefault((_plugin(verb), name), {})[_key(value)] = value
        self._said = {key: _said(*key, values) for key, values in asked.items()}

    def title(self, verb: str, name: str) -> str:
        """What the plugin whose act it is calls this value; empty where it is not known."""
        declared = _declared(verb, name)
        return i18n.of_plugin(_plugin(verb), declared.title) if declared else ""

    def words(self, verb: str, name: str, value: Any) -> str | None:
        """The value as the plugin says it; None where it does not."""
        if value in (None, ""):
            return None
        return self._said.get((_plugin(verb), name), {}).get(_key(value))


def _plugin(verb: str) -> str:
    return verb.partition(".")[0]


def _declared(verb: str, name: str) -> RecordedValue | None:
    loaded = installation().plugins.loaded.get(_plugin(verb))
    return loaded.plugin.recorded.get(name) if loaded is not None else None


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _said(plugin: str, name: str, values: Mapping[str, Any]) -> dict[str, str]:
    declared = installation().plugins.loaded[plugin].plugin.recorded[name]
    assert declared.words is not None
    try:
        found = declared.words(current().site, list(values.values()))
        return dict(zip(values, (str(text) for text in found), strict=True))
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- the guard: whatever a plugin does, the history is shown
        installation().faults.report(None, plugin, f"recorded {name}", error)
        return {}
