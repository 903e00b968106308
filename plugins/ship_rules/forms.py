"""What a form may say about a rule."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.api import Unfit, countries
from core.api import gettext as _

Places = list[tuple[int, int | None]]
_LINE = re.compile(r"(?P<code>\S+)(\s+(?P<hour>\d{1,2})[:：](?P<minute>\d{2}))?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A rule that fits its form; shapes as in the table."""

    countries: str
    places: Places
    few: bool
    only: bool
    position: int


def parse(form: Mapping[str, str], locations: Mapping[str, int]) -> Wanted:
    """The form's rule; `locations` maps codes to ids. Raises Unfit with a message per field."""
    errors: dict[str, str] = {}
    position = form.get("position", "").strip() or "0"
    if not position.isdecimal() or len(position) > 4:
        errors["position"] = _("Write a whole number, or nothing.")
    wanted = Wanted(
        countries=_countries(form.get("countries", ""), errors),
        places=_places(form.get("places", "").splitlines(), locations, errors),
        few=form.get("order", "few") == "few",
        only=bool(form.get("only")),
        position=0 if "position" in errors else int(position),
    )
    if errors:
        raise Unfit(errors)
    return wanted


def _countries(text: str, errors: dict[str, str]) -> str:
    codes = [word.upper() for word in re.split(r"[\s,;，、]+", text) if word]
    known = {code for code, _name in countries("en")}
    if unknown := [code for code in codes if code not in known]:
        errors["countries"] = _("There is no country %(code)s.", code=unknown[0])
    return f" {' '.join(dict.fromkeys(codes))} " if codes else ""


def _places(lines: Sequence[str], locations: Mapping[str, int], errors: dict[str, str]) -> Places:
    places: Places = []
    for line in (line.strip() for line in lines if line.strip()):
        found = _LINE.match(line)
        code = found["code"] if found else line
        if found is None or code not in locations:
            errors["places"] = _("%(line)s: write a location's code, and the last hour if it has one.", line=line[:60])
            continue
        minutes = None if found["hour"] is None else int(found["hour"]) * 60 + int(found["minute"])
        if minutes is not None and (minutes >= 24 * 60 or int(found["minute"]) > 59):
            errors["places"] = _("%(line)s: write an hour such as 15:00.", line=line[:60])
            continue
        if locations[code] not in [place[0] for place in places]:
            places.append((locations[code], minutes))
    if not places and "places" not in errors:
        errors["places"] = _("Name at least one location.")
    return places
