"""What the table's form, or the command, may say."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import astuple

from core.api import Unfit, command_line, countries
from core.api import gettext as _

_RATE = re.compile(r"(\d{1,3})(?:[.,](\d{1,2}))?\s*%?")
_CLASS = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_LENGTHS = {"region": 80, "name": 60}
FIELDS = ("tax_class", "country", "region", "name", "rate")
_MOST_ROWS = 1000


class Row(Struct, frozen=True, kw_only=True):
    """A row of the table that fits. `rate` in hundredths of a percent."""

    tax_class: str
    country: str
    region: str
    name: str
    rate: int

    @property
    def place(self) -> tuple[object, ...]:
        """What no two rows may share."""
        return astuple(self)[:-1]


def row(said: Mapping[str, str], suffix: str = "", errors: dict[str, str] | None = None) -> Row:
    """One row. Wrong fields are noted in `errors`; without it they raise Unfit."""
    found: dict[str, str] = {}
    values = {name: said.get(name + suffix, "").strip() for name in FIELDS}
    tax_class, country = values["tax_class"].lower() or "standard", values["country"].upper()
    if not _CLASS.fullmatch(tax_class):
        found["tax_class" + suffix] = _("Small letters, digits and hyphens, such as standard or reduced.")
    if country not in {code for code, _name in countries("en")}:
        found["country" + suffix] = _("Write a country code such as GB.")
    if not values["name"]:
        found["name" + suffix] = _("Fill this in.")
    found.update({name + suffix: _("This is too long.") for name, most in _LENGTHS.items() if len(values[name]) > most})
    result = Row(
        tax_class=tax_class,
        country=country,
        region=values["region"],
        name=values["name"],
        rate=_rate(values["rate"], "rate" + suffix, found),
    )
    if errors is None and found:
        raise Unfit(found)
    (errors if errors is not None else {}).update(found)
    return result


def _rate(text: str, field: str, errors: dict[str, str]) -> int:
    """Hundredths of a percent of `20`, `5.5` or `8,25 %`."""
    match = _RATE.fullmatch(text)
    if not match:
        errors[field] = _("Write a percentage such as 20 or 5.5.")
        return 0
    return int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))


def table(form: Mapping[str, str]) -> list[Row]:
    """All rows of the editor; those left empty, and those marked to be removed, are left out. Raises Unfit."""
    errors: dict[str, str] = {}
    rows: list[Row] = []
    for suffix in suffixes(form):
        if form.get("remove" + suffix) or not any(form.get(name + suffix, "").strip() for name in FIELDS[1:]):
            continue
        added = row(form, suffix, errors)
        if added.place in {known.place for known in rows}:
            errors["name" + suffix] = _("This line is there twice.")
        rows.append(added)
    if errors:
        raise Unfit(errors)
    return rows


def suffixes(form: Mapping[str, str]) -> list[str]:
    """`-0`, `-1`, ... as far as the form goes."""
    return [f"-{i}" for i in range(_MOST_ROWS) if f"country-{i}" in form]


def arguments(words: list[str]) -> dict[str, str]:
    """The command's words, as the form would send them; `site` is the host."""
    parser = command_line("tax_table add", "Add a tax to a site.")
    parser.add_argument("--site", required=True, metavar="HOST")
    parser.add_argument("--class", dest="tax_class", default="standard", help="tax class of the products (%(default)s)")
    parser.add_argument("--country", required=True, help="code such as GB")
    parser.add_argument("--region", default="", help="state or province; empty: all of the country")
    parser.add_argument("--name", default="VAT", help="as shown to shoppers (%(default)s)")
    parser.add_argument("--rate", required=True, help="percent, as in 20 or 5.5")
    return {name: str(value) for name, value in vars(parser.parse_args(words)).items()}
