"""A form that was opened before somebody else changed the same thing: what was not touched in it follows that change.

The form carries how everything stood (`WAS`), and the version of that. So nobody else's change is undone by fields that
only repeat what was there, and no word that was typed is lost.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from core.panel.orders.forms import Fields

WAS, VERSION = "was", "version"


def kept(now: Mapping[str, str]) -> str:
    """How the fields of a form stand, as the form carries it."""
    return json.dumps(now, ensure_ascii=False, separators=(",", ":"))


def has_moved(form: Mapping[str, str], version: int) -> bool:
    """Whether the form was opened on another version than the present one; one that names none was not."""
    return form.get(VERSION, str(version)) != str(version)


def caught_up(form: Mapping[str, str], now: Mapping[str, str]) -> Fields:
    """What the form says, with every field that still says what it said when it was opened as it is now."""
    was = _was(form)
    found = Fields(form.items())
    for name, text in was.items():
        if name in form and _plain(form[name]) == _plain(text):
            del found[name]
            if name in now:
                found[name] = now[name]
    return found


def _was(form: Mapping[str, str]) -> dict[str, str]:
    try:
        found = json.loads(form.get(WAS, "{}"))
    except (ValueError, RecursionError):
        return {}
    return {name: text for name, text in found.items() if isinstance(text, str)} if isinstance(found, dict) else {}


def _plain(text: str) -> str:
    """The same words, however lines were ended and whatever stands around them."""
    return "\n".join(text.split("\r\n")).strip()
