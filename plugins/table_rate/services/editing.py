"""Keeping zones and methods, taking them away, and carrying a whole table in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO

from core.api import (
    NotFound,
    Refused,
    Site,
    UnreadableFile,
    asdict,
    claim_form,
    open_rows,
    record_activity,
    touch,
    transaction,
)
from plugins.table_rate.forms import RowError, WantedMethod, WantedZone, read_table
from plugins.table_rate.forms.files import COLUMNS, Found
from plugins.table_rate.models import Method, Zone
from plugins.table_rate.services.reading import find_method, find_zone, tag, text_in

_ZONE = ("name", "position", "areas", "served", "reasons")
_METHOD = (
    "position", "titles", "descriptions", "basis", "brackets", "free_from", "per", "surcharges", "parcel_g", "divisor",
    "excluded", "days_from", "days_to", "tracking",
)  # fmt: skip


class NameTaken(Refused):
    """Another zone of this site has the name."""

    code = "name_taken"
    default_message = "Another zone has this name."


class Unreadable(Refused):
    """Rows of a file do not fit; nothing of it has been used."""

    code = "unreadable_rows"
    status = 422
    default_message = "Some rows do not fit. Nothing has been changed."

    def __init__(self, errors: Sequence[RowError]) -> None:
        super().__init__()
        self.errors = errors


def save_zone(site: Site, wanted: WantedZone, *, actor: str, zone_id: int | None = None, key: str = "") -> int:
    """Add a zone, or change one; answers its id. Raises NameTaken, NotFound, DoneBefore. Commits."""
    with transaction():
        claim_form(key)
        zone = Zone(site_id=site.id) if zone_id is None else find_zone(site, zone_id)
        before = _told(zone, _ZONE) if zone_id else {}
        if Zone.for_site(site).where(Zone.name == wanted.name, Zone.id != (zone_id or 0)).exists():
            raise NameTaken(field="name")
        _fill(zone, asdict(wanted))
        _changed(site, zone, actor, "table_rate.zone_saved", before, _told(zone, _ZONE))
    return int(zone.id)


def remove_zone(site: Site, zone_id: int, *, actor: str) -> None:
    """Take a zone away with its methods; placed orders keep what they agreed. Raises NotFound. Commits."""
    with transaction():
        zone = find_zone(site, zone_id)
        before = _told(zone, _ZONE)
        Zone.put_away(site, zone_id)
        _changed(site, zone, actor, "table_rate.zone_removed", before, {})


def restore_zone(site: Site, zone_id: int, *, actor: str) -> None:
    """Bring a zone back with its methods. Raises NameTaken, NotFound. Commits."""
    with transaction():
        gone: Zone | None = Zone.get_or_none(Zone.id == zone_id, Zone.site_id == site.id)
        if gone is not None and Zone.for_site(site).where(Zone.name == gone.name).exists():
            raise NameTaken
        zone = Zone.bring_back(site, zone_id)
        if zone is None:
            raise NotFound
        _changed(site, zone, actor, "table_rate.zone_restored", {}, _told(zone, _ZONE))


def save_method(
    site: Site, zone_id: int, wanted: WantedMethod, *, actor: str, method_id: int | None = None, key: str = ""
) -> int:
    """Add a method to a zone, or change one; answers its id. Raises NotFound, DoneBefore. Commits."""
    with transaction():
        claim_form(key)
        zone = find_zone(site, zone_id)
        method = Method(site_id=site.id, zone_id=zone.id) if method_id is None else find_method(site, method_id)
        before = _told(method, _METHOD) if method_id else {}
        _fill(method, {name: getattr(wanted, name) for name in _METHOD})
        _changed(site, method, actor, "table_rate.method_saved", before, _told(method, _METHOD))
    return int(method.id)


def remove_method(site: Site, method_id: int, *, actor: str) -> None:
    """Take a method away; placed orders keep what they agreed. Raises NotFound. Commits."""
    with transaction():
        method = find_method(site, method_id)
        Method.put_away(site, method_id)
        _changed(site, method, actor, "table_rate.method_removed", _told(method, _METHOD), {})


def restore_method(site: Site, method_id: int, *, actor: str) -> None:
    """Bring a method back that was taken away. Raises NotFound. Commits."""
    with transaction():
        method = Method.bring_back(site, method_id)
        if method is None:
            raise NotFound
        _changed(site, method, actor, "table_rate.method_restored", {}, _told(method, _METHOD))


def import_table(site: Site, source: BinaryIO, *, actor: str) -> Found:
    """Let the methods that a file names hold exactly its brackets; new zones and methods are added, others stay.

    All of the file or nothing. Raises Unreadable, UnreadableFile. Commits.
    """
    with open_rows(source) as rows:
        if missing := [column for column in COLUMNS if column not in {*rows.columns, "areas"}]:
            raise UnreadableFile("The column %(name)s is missing.", name=missing[0])
        known = {zone.name: zone for zone in Zone.for_site(site)}
        found, errors = read_table(rows, site, known)
    if errors:
        raise Unreadable(errors)
    with transaction():
        zones = {zone.name: zone for zone in Zone.for_site(site)}
        for name, areas in found.areas.items():
            zone = zones.setdefault(name, Zone(site_id=site.id, name=name, position=len(zones)))
            _fill(zone, {"areas": areas})
        for (zone_name, title), brackets in found.brackets.items():
            _put(site, zones[zone_name], title, found.bases[zone_name, title], brackets)
        after = {"rows": found.rows, "methods": [f"{zone} · {title}" for zone, title in found.brackets]}
        touch(tag(site))
        record_activity(
            actor,
            "table_rate.imported",
            f"table_rate:{site.id}",
            before={},
            after=after,
            site_id=site.id,
            title=site.name,
        )
    return found


def _put(site: Site, zone: Zone, title: str, basis: str, brackets: dict[str, Any]) -> None:
    methods = list(Method.for_site(site).where(Method.zone_id == zone.id))
    same = next((method for method in methods if text_in(method.titles, site.language) == title), None)
    method = same or Method(site_id=site.id, zone_id=zone.id, position=len(methods), titles={site.language: title})
    rising = {currency: sorted(lines, key=lambda line: line[0]) for currency, lines in brackets.items()}
    _fill(method, {"basis": basis, "brackets": rising})


def _fill(row: Any, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.save()


def _told(row: Any, names: Sequence[str]) -> dict[str, object]:
    return {name: getattr(row, name) for name in names}


def _changed(
    site: Site, row: Zone | Method, actor: str, verb: str, before: dict[str, object], after: dict[str, object]
) -> None:
    title = row.name if isinstance(row, Zone) else text_in(row.titles, site.language)
    kind = "zone" if isinstance(row, Zone) else "method"
    touch(tag(site))
    record_activity(
        actor, verb, f"table_rate_{kind}:{row.id}", before=before, after=after, site_id=site.id, title=str(title)
    )
