"""What the form of a theme's settings may say: each kind of setting has its own fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from werkzeug.datastructures import MultiDict

from core.kernel.theme_settings import ThemeSetting

Form = MultiDict[str, str]
# Answers what is stored with a picture that was chosen by its row's number; None if there is none.
Picture = Callable[[int], Mapping[str, Any] | None]
_SHORT_HEX = re.compile(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})\Z")
_MOVES = {"up": -1, "down": 1}


def read(settings: Sequence[ThemeSetting], form: Form, languages: Sequence[str], picture: Picture) -> dict[str, Any]:
    """The values that a form says, as they are stored; what they may be is checked by the kernel."""
    return {setting.name: _read(setting, form, languages, picture) for setting in settings}


def _read(setting: ThemeSetting, form: Form, languages: Sequence[str], picture: Picture) -> Any:
    name = setting.name
    if setting.is_translated:
        texts = {tag: _text(form.get(f"{name}-{tag}", "")) for tag in languages}
        return {tag: text for tag, text in texts.items() if text}
    if setting.kind == "flag":
        return form.get(name) == "1"
    if setting.kind == "colour":
        # The button that offers the nearest colour stands behind the field, and has its name.
        return _colour((form.getlist(name) or [""])[-1].strip())
    if setting.kind == "picture":
        chosen = form.get(name, "")
        return picture(int(chosen)) if chosen.isdecimal() else None
    if setting.kind == "sections":
        return _sections(setting, form)
    return form.get(name, "")


def _text(typed: str) -> str:
    return typed.replace("\r\n", "\n").strip()


def _colour(typed: str) -> str:
    """`#rrggbb` of what people write: with or without the sign, three digits or six."""
    found = _SHORT_HEX.match(typed)
    if found is None:
        return typed
    digits = found[1].lower()
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))


def _sections(setting: ThemeSetting, form: Form) -> list[str]:
    """The sections in the order of the form, moved by the button that was pressed; a minus hides one."""
    known = [choice.value for choice in setting.choices]
    order = [name for name in dict.fromkeys(form.getlist(setting.name)) if name in known]
    order += [name for name in known if name not in order]
    key, _dot, way = form.get("move", "").rpartition(".")
    moved = key.removeprefix(f"{setting.name}.")
    if way in _MOVES and moved in order:
        place = order.index(moved)
        order.insert(max(0, place + _MOVES[way]), order.pop(place))
    shown = set(form.getlist(f"{setting.name}-on"))
    return [name if name in shown else f"-{name}" for name in order]
