"""A whole rate table as a file: one row per bracket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec import Struct, field

from core.api import CsvRow, Site
from core.api import gettext as _
from plugins.table_rate.forms.brackets import MOST, Bracket, parse_line
from plugins.table_rate.forms.methods import TITLE_LENGTH
from plugins.table_rate.forms.zones import NAME_LENGTH, read_areas
from plugins.table_rate.models import BASES

COLUMNS = ("zone", "areas", "method", "basis", "currency", "from", "to", "price")
MOST_ROWS = 20_000


class RowError(NamedTuple):
    """What is wrong with a row of the file: the line on which it begins, the column, and why."""

    line: int
    column: str
    message: str


class Found(Struct):
    """A file that fits: areas per zone (empty: leave them), and per (zone, method) the basis and the brackets."""

    areas: dict[str, str] = field(default_factory=dict)
    bases: dict[tuple[str, str], str] = field(default_factory=dict)
    brackets: dict[tuple[str, str], dict[str, list[Bracket]]] = field(default_factory=dict)
    rows: int = 0


def read_table(rows: Iterable[CsvRow], site: Site, zones: Mapping[str, object]) -> tuple[Found, list[RowError]]:
    """What the file says, and what is wrong with it row by row. `zones` are the names that there are already."""
    found, errors = Found(), []
    for row in rows:
        if found.rows >= MOST_ROWS:
            errors.append(RowError(row.line, "", _("At most %(count)s rows.", count=MOST_ROWS)))
            break
        found.rows += 1
        cells = {column: row.cells.get(column, "").strip() for column in COLUMNS}
        wrong = _read(found, cells, site, zones)
        errors += [RowError(row.line, column, message) for column, message in wrong.items()]
    return found, errors


def _read(found: Found, cells: Mapping[str, str], site: Site, zones: Mapping[str, object]) -> dict[str, str]:
    wrong: dict[str, str] = {}
    zone, key, currency = cells["zone"], (cells["zone"], cells["method"]), cells["currency"].upper()
    _check_names(cells, wrong)
    basis = cells["basis"].lower()
    if basis not in BASES:
        wrong["basis"] = _("Write weight, total or quantity.")
    elif found.bases.setdefault(key, basis) != basis:
        wrong["basis"] = _("Another row of this method says %(basis)s.", basis=found.bases[key])
    if currency not in site.currencies:
        wrong["currency"] = _("This site does not sell in %(currency)s.", currency=currency or "–")
    if cells["areas"]:
        areas = read_areas(cells["areas"].replace("|", "\n"), wrong)
        if not wrong and found.areas.setdefault(zone, areas) != areas:
            wrong["areas"] = _("Another row of this zone names other areas.")
    elif zone not in zones and zone not in found.areas:
        wrong["areas"] = _("This zone is new: say where it is.")
    if wrong:
        return wrong
    bracket = parse_line((cells["from"], cells["to"], cells["price"]), basis, currency, wrong)
    if bracket is not None:
        lines = found.brackets.setdefault(key, {}).setdefault(currency, [])
        lines.append(bracket)
        if len(lines) > MOST:
            wrong["zone"] = _("At most %(count)s lines for one method.", count=MOST)
    return wrong


def _check_names(cells: Mapping[str, str], wrong: dict[str, str]) -> None:
    for column, most in (("zone", NAME_LENGTH), ("method", TITLE_LENGTH)):
        if not cells[column]:
            wrong[column] = _("Fill this in.")
        elif len(cells[column]) > most:
            wrong[column] = _("At most %(count)s characters.", count=most)
