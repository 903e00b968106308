"""What a form may say about a rule."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from core.api import NotMoney, Unfit, countries, lazy, parse_money
from core.api import gettext as _

Places = list[tuple[int, int | None]]
Costs = dict[str, list[int]]
PLACES_OF_CRITERIA = 3
CRITERIA = {
    "few": lazy("Fewest parcels"),
    "cheapest": lazy("The cheapest"),
    "health": lazy("Where most is left"),
    "places": lazy("The order of the locations"),
}
_LINE = re.compile(r"(?P<code>\S+)(\s+(?P<hour>\d{1,2})[:：](?P<minute>\d{2}))?\Z")


class Wanted(Struct, frozen=True, kw_only=True):
    """A rule that fits its form; shapes as in the table."""

    countries: str
    places: Places
    criteria: list[str]
    costs: Costs
    only: bool
    position: int


def parse(form: Mapping[str, str], locations: Mapping[str, int], currency: str) -> Wanted:
    """The form's rule; `locations` maps codes to ids, `currency` is that of the costs. Raises Unfit, field by field."""
    errors: dict[str, str] = {}
    position = form.get("position", "").strip() or "0"
    if not position.isdecimal() or len(position) > 4:
        errors["position"] = _("Write a whole number, or nothing.")
    wanted = Wanted(
        countries=_countries(form.get("countries", ""), errors),
        places=_places(form.get("places", "").splitlines(), locations, errors),
        criteria=_criteria(form),
        costs=_costs(form, locations, currency, errors),
        only=bool(form.get("only")),
        position=0 if "position" in errors else int(position),
    )
    lacks = {code for code, id_ in locations.items() if str(id_) not in wanted.costs}
    named = {line.split()[0] for line in form.get("places", "").splitlines() if line.strip()}
    if "cheapest" in wanted.criteria:
        for code in sorted(lacks & named, key=lambda code: locations[code]):
            errors.setdefault(f"parcel-{locations[code]}", _("Say what a parcel from %(place)s costs.", place=code))
    if errors:
        raise Unfit(errors)
    return wanted


def _criteria(form: Mapping[str, str]) -> list[str]:
    """Each once, in the order in which they were chosen."""
    chosen = [form.get(f"criteria-{place}", "") for place in range(1, PLACES_OF_CRITERIA + 1)]
    return list(dict.fromkeys(one for one in chosen if one in CRITERIA))


def _costs(form: Mapping[str, str], locations: Mapping[str, int], currency: str, errors: dict[str, str]) -> Costs:
    """By location: per parcel and per kilogram; nothing for those without either."""
    costs: Costs = {}
    for id_ in locations.values():
        texts = [form.get(f"{what}-{id_}", "").strip() for what in ("parcel", "kg")]
        if any(texts):
            each = zip(("parcel", "kg"), texts, strict=True)
            costs[str(id_)] = [_amount(text, f"{what}-{id_}", currency, errors) for what, text in each]
    return costs


def _amount(text: str, name: str, currency: str, errors: dict[str, str]) -> int:
    try:
        amount = parse_money(text or "0", currency).amount
    except NotMoney:
        amount = -1
    if not 0 <= amount < 10**9:
        errors[name] = _("Write an amount of 0 or more.")
        return 0
    return amount


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
