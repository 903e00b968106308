"""Manifests: the papers with which a place hands its parcels of a day over, asked of their carrier once.

Labels are put on a manifest before anybody is asked, so each is on one at most. A job asks the carrier: what is not
answered is asked for again under the same key, and what is refused says why and lets its labels go.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import Response
from msgspec import Struct

from core.hookspecs.fulfil import Carrier, Manifest
from core.hookspecs.site import Site
from core.kernel import activity, db, files, i18n, jobs
from core.kernel.answers import checked_all
from core.kernel.i18n import speaking
from core.kernel.repeats import claim
from core.kernel.sites import SiteState, state_of
from core.lib import clock, ids
from core.lib.errors import Broken, NotFound, Refused
from core.orders.services.gateways import guarded
from core.orders.services.labels import BOUGHT, KINDS
from core.orders.services.parcels import carriers_of

ASKED, MADE, FAILED = "asked", "made", "failed"
FOLDER, MOST, _JOB = "manifests", 500, "orders.manifest"


class NothingToHandOver(Refused):
    """No label of that day is left there."""

    code = "nothing_to_hand_over"
    default_message = "No label of that day waits there for a manifest."


class Waiting(Struct, frozen=True, kw_only=True):
    """Labels of a carrier whose parcels left a place on a day, and that are on no manifest."""

    carrier: str
    title: str
    location_id: int | None
    place: str
    labels: int


class ManifestView(Struct, frozen=True, kw_only=True):
    """A manifest; `papers` are the labels on each. `left_out` are those that the carrier took on none of them."""

    id: int
    carrier: str
    title: str
    place: str
    day: date
    state: str
    reason: str
    papers: tuple[int, ...]
    labels: int
    actor: str
    at: datetime

    @property
    def left_out(self) -> int:
        return self.labels - sum(self.papers) if self.state == MADE else 0


def makes(carrier: Carrier) -> bool:
    """Whether a carrier makes manifests."""
    return type(carrier).manifest is not Carrier.manifest


def makers(state: SiteState) -> dict[str, str]:
    """{code: title} of the carriers of a site that make manifests. No network."""
    return {code: carrier.title or code for code, (_plugin, carrier) in carriers_of(state).items() if makes(carrier)}


_OF_DAY = (
    "FROM order_label l JOIN shipment s ON s.id = l.shipment_id WHERE l.site_id = ? AND l.state = ?"
    " AND l.manifest_id IS NULL AND s.undone_at IS NULL AND s.shipped_at >= ? AND s.shipped_at < ?"
)


def waiting(state: SiteState, day: date) -> list[Waiting]:
    """What left on a day of the site and is on no manifest, by carrier and place. One statement."""
    titles = makers(state)
    if not titles:
        return []
    return [
        Waiting(carrier=code, title=titles[code], location_id=location_id, place=place or "", labels=int(labels))
        for code, location_id, place, labels in db.rows(
            "SELECT w.carrier, w.location_id, o.name, w.labels FROM (SELECT l.carrier, s.location_id,"
            f" COUNT(*) AS labels {_OF_DAY} GROUP BY l.carrier, s.location_id) w"
            " LEFT JOIN location o ON o.id = w.location_id ORDER BY w.carrier, o.priority, w.location_id",
            state.site.id, BOUGHT, *_day(state.site, day),
        )
        if code in titles
    ]  # fmt: skip


def _day(site: Site, day: date) -> tuple[int, int]:
    """The first instant of a day of the site, and that of the next."""
    zone = ZoneInfo(site.timezone)
    begins, ends = (datetime.combine(one, time(), zone) for one in (day, day + timedelta(days=1)))
    return clock.micros(begins), clock.micros(ends)


def manifests(state: SiteState, limit: int = 50) -> list[ManifestView]:
    """The latest manifests of a site, the newest first. One statement."""
    titles = makers(state)
    return [
        ManifestView(
            id=row[0], carrier=row[1], title=titles.get(str(row[1])) or str(row[1]), place=row[2] or "",
            day=date.fromisoformat(row[3]), state=row[4], reason=row[5],
            papers=tuple(n for _file, _mime, n in json.loads(row[6])), labels=row[7], actor=row[8],
            at=clock.instant(row[9]),
        )
        for row in db.rows(
            "SELECT m.id, m.carrier, o.name, m.day, m.state, m.reason, m.papers, m.labels, m.actor, m.at"
            " FROM order_manifest m LEFT JOIN location o ON o.id = m.location_id WHERE m.site_id = ?"
            " ORDER BY m.id DESC LIMIT ?",
            state.site.id, limit,
        )
    ]  # fmt: skip


def ask_manifest(
    state: SiteState, *, carrier: str, location_id: int | None, day: date, actor: str, key: str = ""
) -> int:
    """Put what waits on a new manifest, which a job asks of the carrier; answers its id. Commits.

    Raises NotFound for a carrier that makes none, NothingToHandOver, DoneBefore.
    """
    if carrier not in makers(state):
        raise NotFound
    site = state.site
    with db.transaction():
        claim(key)
        made = int(
            db.value(
                "INSERT INTO order_manifest (site_id, carrier, location_id, day, asked_as, state, reason, papers,"
                " labels, actor, at) VALUES (?, ?, ?, ?, ?, ?, '', '[]', 0, ?, ?) RETURNING id",
                site.id, carrier, location_id, day.isoformat(), ids.uid(), ASKED, actor, clock.now_us(),
            )
        )  # fmt: skip
        at, params = ("s.location_id IS NULL", []) if location_id is None else ("s.location_id = ?", [location_id])
        labels = db.execute(
            "UPDATE order_label SET manifest_id = ? WHERE manifest_id IS NULL AND id IN ("
            f"SELECT l.id {_OF_DAY} AND l.carrier = ? AND {at} ORDER BY l.id LIMIT ?)",
            made, site.id, BOUGHT, *_day(site, day), carrier, *params, MOST,
        )  # fmt: skip
        if not labels:
            raise NothingToHandOver
        db.execute("UPDATE order_manifest SET labels = ? WHERE id = ?", labels, made)
        activity.record(
            actor, "ask manifest", f"manifest:{made}", after={"labels": labels}, site_id=site.id,
            title=day.isoformat(),
        )  # fmt: skip
        jobs.enqueue(_JOB, {"id": made}, site_id=site.id, key=f"{_JOB}:{made}")
    return made


# -- the job -----------------------------------------------------------------------------------------------------------


@jobs.job(_JOB)
def _ask(running: jobs.Running) -> None:
    """Ask the carrier, and keep what it answers. Network between transactions."""
    manifest_id = int(running.payload["id"])
    row = db.one("SELECT site_id, carrier, asked_as, state FROM order_manifest WHERE id = ?", manifest_id)
    if row is None or row[3] != ASKED:
        return
    state = state_of(row[0])
    numbers = [
        one[0]
        for one in db.rows("SELECT tracking FROM order_label WHERE manifest_id = ? ORDER BY id", manifest_id)
    ]  # fmt: skip
    try:
        papers = _made(state, row[1], numbers, row[2])
    except Broken as refusal:
        if not refusal.permanent and running.attempt < jobs.TRIES:
            raise
        _refuse(state.site, manifest_id, refusal)
        return
    _keep(manifest_id, papers)


def _made(state: SiteState, code: str, numbers: Sequence[str], key: str) -> list[Manifest]:
    plugin, carrier = carriers_of(state).get(code, ("", None))
    if carrier is None:
        raise Broken("The plugin of this carrier is switched off.", permanent=True)
    with speaking(state.site.language, state.site.timezone):
        papers = guarded(
            state, plugin, "manifest",
            lambda: checked_all(carrier.manifest(numbers, key), Manifest, asked="manifest"),
        )  # fmt: skip
    known = set(numbers)
    listed = [number for paper in papers for number in paper.numbers]
    if not papers or len(set(listed)) < len(listed) or not known.issuperset(listed):
        raise Broken("The carrier's papers are not about these parcels.", permanent=True)
    if any(paper.mime not in KINDS or not paper.document for paper in papers):
        raise Broken("A carrier sent a paper that cannot be printed.", permanent=True)
    return papers


def _keep(manifest_id: int, papers: Sequence[Manifest]) -> None:
    kept = [
        [files.keep_file(FOLDER, one.document, KINDS[one.mime]), one.mime, len(one.numbers)] for one in papers
    ]  # fmt: skip
    with db.transaction():
        stored = db.execute(
            "UPDATE order_manifest SET state = ?, papers = ? WHERE id = ? AND state = ?",
            MADE, json.dumps(kept), manifest_id, ASKED,
        )  # fmt: skip
    if not stored:  # Another worker was first; the carrier made one, since both had one key.
        for name, _mime, _labels in kept:
            files.drop_file(FOLDER, str(name))


def _refuse(site: Site, manifest_id: int, refusal: Broken) -> None:
    """Say why, and let its labels go: they may be put on another one."""
    with speaking(site.language, site.timezone):
        reason = i18n.say(refusal)[:500]
    with db.transaction():
        if db.execute(
            "UPDATE order_manifest SET state = ?, reason = ? WHERE id = ? AND state = ?",
            FAILED, reason, manifest_id, ASKED,
        ):  # fmt: skip
            db.execute("UPDATE order_label SET manifest_id = NULL WHERE manifest_id = ?", manifest_id)


def paper(site: Site, manifest_id: int, position: int) -> Response:
    """A paper of a manifest, as a file. Raises NotFound."""
    row = db.one("SELECT papers, day FROM order_manifest WHERE id = ? AND site_id = ?", manifest_id, site.id)
    papers = json.loads(row[0]) if row is not None else []
    if row is None or not 0 <= position < len(papers):
        raise NotFound
    name, mime, _labels = papers[position]
    path = files.kept_file(FOLDER, name)
    if path is None:
        raise NotFound
    answer = Response(path.read_bytes(), mimetype=mime)
    tail = f"-{position + 1}" if len(papers) > 1 else ""
    answer.headers.set(
        "Content-Disposition", "attachment", filename=f"manifest-{row[1]}-{manifest_id}{tail}{path.suffix}"
    )
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
