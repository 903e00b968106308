"""Parcels that are under way: what their carriers tell of them, by a notice or asked by a job, is taken the same way.

A notice and an answer may tell the same, in any order and more than once: the latest scan stays, and a parcel arrives
once. Each parcel has an instant at which its carrier counts as silent; whatever it tells moves that on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import structlog

from core.hookspecs.fulfil import Carrier, Scan, ScanStatus
from core.hookspecs.site import Site
from core.kernel import db, jobs
from core.kernel.answers import checked_all
from core.kernel.sites import SiteState, state_of
from core.lib import clock
from core.lib.errors import Broken
from core.orders.services.due_scans import asked_next
from core.orders.services.gateways import guarded
from core.orders.services.labels import parcel_arrived
from core.orders.services.parcels import carriers_of

log = structlog.get_logger(__name__)
AT_ONCE = 50
_PACE, _LONGEST, _AGAIN = timedelta(minutes=30), timedelta(days=60), timedelta(hours=1)


def take_scans(site: Site, carrier: str, scans: Iterable[Scan], *, actor: str) -> int:
    """Note what a carrier told of parcels of the site; answers how many of them arrived by it. Commits.

    What is known already, of an unknown parcel, or older than what is known, changes nothing.
    """
    latest: dict[str, Scan] = {}
    arrived: set[str] = set()
    for scan in scans:
        if scan.tracking not in latest or scan.at >= latest[scan.tracking].at:
            latest[scan.tracking] = scan
        if scan.status is ScanStatus.DELIVERED:
            arrived.add(scan.tracking)
    with db.transaction():
        for tracking in sorted(latest):
            _note(site, carrier, latest[tracking])
    return sum(parcel_arrived(site, carrier, tracking, actor=actor) for tracking in sorted(arrived))


_OF_SITE = "order_id IN (SELECT o.id FROM orders o WHERE o.id = shipment.order_id AND o.site_id = ?)"
_UNDER_WAY = "delivered_at IS NULL AND undone_at IS NULL"


def _note(site: Site, carrier: str, scan: Scan) -> None:
    if not scan.tracking:
        return
    at = clock.micros(scan.at)
    db.execute(
        "UPDATE shipment SET ask_at = ?, scan = CASE WHEN scanned_at > ? THEN scan ELSE ? END,"
        " scan_place = CASE WHEN scanned_at > ? THEN scan_place ELSE ? END,"
        " scanned_at = CASE WHEN scanned_at > ? THEN scanned_at ELSE ? END"
        f" WHERE tracking = ? AND carrier = ? AND {_UNDER_WAY} AND {_OF_SITE}",
        asked_next(clock.now()), at, scan.status.value, at, scan.place[:120], at, at,
        scan.tracking, carrier, site.id,
    )  # fmt: skip


# -- asked by a job ----------------------------------------------------------------------------------------------------


def ask_carriers() -> int:
    """Ask the carriers of parcels of which they have told nothing for hours; answers how many were asked for.

    Network, between transactions: a batch is claimed before anybody is asked, so no other worker asks for the same.
    """
    at, asked = clock.now(), 0
    _let_go(at)
    for site_id, code in _due(at):
        state = state_of(site_id)
        plugin, carrier = carriers_of(state).get(code, ("", None))
        if carrier is None or not follows(carrier):
            _put_off(site_id, code, at)
            continue
        while numbers := _claim(site_id, code, at):
            if not _ask(state, plugin, carrier, numbers, at):
                break
            asked += len(numbers)
    return asked


def follows(carrier: Carrier) -> bool:
    """Whether a carrier can say where parcels are."""
    return type(carrier).track is not Carrier.track


def _due(at: datetime) -> list[db.Row]:
    """(site, carrier) of all that are due. One statement."""
    return db.rows(
        "SELECT DISTINCT o.site_id, s.carrier FROM shipment s JOIN orders o ON o.id = s.order_id"
        " WHERE s.ask_at <= ? ORDER BY 1, 2",
        clock.micros(at),
    )


def _let_go(at: datetime) -> None:
    """What has arrived, did not leave after all, or is lost since weeks is not asked for any more. Commits."""
    with db.transaction():
        db.execute(
            "UPDATE shipment SET ask_at = NULL WHERE ask_at <= ?"
            " AND (delivered_at IS NOT NULL OR undone_at IS NOT NULL OR shipped_at <= ?)",
            clock.micros(at), clock.micros(at - _LONGEST),
        )  # fmt: skip


def _put_off(site_id: int, code: str, at: datetime) -> None:
    """A carrier that cannot say, or is off, may be there tomorrow. Commits."""
    with db.transaction():
        db.execute(
            f"UPDATE shipment SET ask_at = ? WHERE ask_at <= ? AND carrier = ? AND {_OF_SITE}",
            clock.micros(at + timedelta(days=1)), clock.micros(at), code, site_id,
        )  # fmt: skip


def _claim(site_id: int, code: str, at: datetime) -> list[str]:
    """The numbers of some parcels that are due, which no other worker asks for now. Commits."""
    due = clock.micros(at)
    with db.transaction():
        found = db.rows(
            "SELECT s.id FROM shipment s JOIN orders o ON o.id = s.order_id"
            " WHERE s.ask_at <= ? AND o.site_id = ? AND s.carrier = ? ORDER BY s.id LIMIT ?",
            due, site_id, code, AT_ONCE,
        )  # fmt: skip
        claimed = db.rows(
            f"UPDATE shipment SET ask_at = ? WHERE ask_at <= ? AND id IN ({db.marks(found)}) RETURNING tracking",
            asked_next(at), due, *(row[0] for row in found),
        )  # fmt: skip
    return sorted({row[0] for row in claimed})


def _ask(state: SiteState, plugin: str, carrier: Carrier, numbers: Sequence[str], at: datetime) -> bool:
    """Ask for these parcels and note what is told; False where the carrier did not answer. Network, commits."""
    try:
        told = guarded(state, plugin, "track", lambda: checked_all(carrier.track(numbers), Scan, asked="track"))
    except Broken as error:
        log.warning("carrier did not say", carrier=carrier.code, parcels=len(numbers), error=str(error))
        _ask_again(state.site, carrier.code, numbers, at)
        return False
    mine = set(numbers)
    take_scans(state.site, carrier.code, [one for one in told if one.tracking in mine], actor=f"plugin:{plugin}")
    return True


def _ask_again(site: Site, code: str, numbers: Sequence[str], at: datetime) -> None:
    """What was not answered is asked for again within the hour, not after the next silence. Commits."""
    with db.transaction():
        db.execute(
            f"UPDATE shipment SET ask_at = ? WHERE ask_at = ? AND carrier = ? AND tracking IN ({db.marks(numbers)})"
            f" AND {_OF_SITE}",
            clock.micros(at + _AGAIN), asked_next(at), code, *numbers, site.id,
        )  # fmt: skip


@jobs.job("orders.follow", every=_PACE)
def _follow(running: jobs.Running) -> None:
    del running
    ask_carriers()
