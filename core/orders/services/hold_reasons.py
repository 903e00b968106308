"""Why orders wait, kept as facts: who found it and what, said in the language of whoever reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.installation import installation

RULE, STAFF, UNPAID = "rule", "staff", "unpaid"
_LONGEST, _MOST_FACTS = 500, 4000


class HoldReason(NamedTuple):
    """One reason. `source` is rule, staff, unpaid or a plugin's code; `facts` are the figures (JSON) for its words.

    `text` is what staff typed, a msgid of core, or a sentence of the plugin's in whatever language that was.
    """

    source: str
    text: str
    facts: str = ""

    @property
    def said(self) -> str:
        """In the reader's language, but for what somebody typed and what no plugin says any more.

        Calls the plugin that declares the source (`Plugin(holds=)`); if it fails, its sentence stands as it was.
        """
        if self.source == STAFF:
            return self.text
        if self.source in {RULE, UNPAID}:
            return _(self.text)
        return (_by_plugin(self) if self.facts else "") or self.text


def hold_reason(source: str, text: str, values: Mapping[str, object] | None = None) -> HoldReason:
    """A reason as it is kept: cut to what fits; facts that do not fit, or are no JSON, are none."""
    try:
        facts = "" if values is None else json.dumps(dict(values), ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError):
        facts = ""
    return HoldReason(source[:60], text.strip()[:_LONGEST], facts if len(facts) <= _MOST_FACTS else "")


def _by_plugin(reason: HoldReason) -> str:
    name = reason.source.partition(".")[0]
    loaded = installation().plugins.loaded.get(name)
    words = loaded.plugin.holds.get(reason.source) if loaded is not None else None
    if words is None:
        return ""
    try:
        values = json.loads(reason.facts)
        return i18n.of_plugin(name, words, **values) if isinstance(words, str) else str(words(values))[:_LONGEST]
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- the guard: whatever a plugin does, the order is shown
        installation().faults.report(None, name, f"holds {reason.source}", error)
        return ""
