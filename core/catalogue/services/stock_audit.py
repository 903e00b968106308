"""The proof that every level is the sum of its moves: for a page, for a nightly look, and for putting it right."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta

import structlog
from msgspec import Struct

from core.catalogue.services.availability import refresh_availability
from core.catalogue.services.stock import STATES, ensure_level
from core.catalogue.services.stock_short import touch_short
from core.kernel import activity, db, jobs
from core.lib import clock

log = structlog.get_logger(__name__)


class Difference(Struct, frozen=True, kw_only=True):
    """A level that is not the sum of its moves: what it says, and what they say, in the order of `STATES`."""

    variant_id: int
    sku: str
    location_id: int
    location: str
    level: tuple[int, ...]
    moves: tuple[int, ...]

    @property
    def words(self) -> str:
        """Only the states that differ, as `on_hand 11, by its moves 10`."""
        return ", ".join(f"{state} {said}, by its moves {summed}" for state, said, summed in self._unlike())

    @property
    def facts(self) -> str:
        """The same to be stored, and said in a reader's language later: `on_hand 11 10, damaged 2 0`."""
        return ", ".join(f"{state} {said} {summed}" for state, said, summed in self._unlike())

    def _unlike(self) -> Iterator[tuple[str, int, int]]:
        for state, said, summed in zip(STATES, self.level, self.moves, strict=True):
            if said != summed:
                yield state, said, summed


class Sums(Struct, frozen=True, kw_only=True):
    """What the moves of one kind come to, or all levels: how many they are, and their pieces in the order of STATES."""

    kind: str
    count: int
    pieces: tuple[int, ...]


class Proof(Struct, frozen=True, kw_only=True):
    """All levels in one sum, what each kind of move brought and took, and the levels that differ from their moves."""

    levels: Sums
    kinds: tuple[Sums, ...]
    differences: tuple[Difference, ...]

    @property
    def moves(self) -> Sums:
        """All moves in one sum."""
        pieces = zip(*(one.pieces for one in self.kinds), strict=True)
        return Sums(
            kind="",
            count=sum(one.count for one in self.kinds),
            pieces=tuple(map(sum, pieces)) if self.kinds else (0,) * len(STATES),
        )


_LEVELS = ", ".join(f"{state} AS {state}, 0 AS m_{state}" for state in STATES)
_MOVES = ", ".join(f"0, {state}" for state in STATES)
_BOTH = ", ".join(f"SUM({state}) AS {state}, SUM(m_{state}) AS m_{state}" for state in STATES)
_DIFFERS = " OR ".join(f"SUM({state}) <> SUM(m_{state})" for state in STATES)
_COMPARED = (
    f"SELECT variant_id, location_id, {_BOTH} FROM (SELECT variant_id, location_id, {_LEVELS} FROM stock_level"
    f" UNION ALL SELECT variant_id, location_id, {_MOVES} FROM stock_move) both_sides"
    f" GROUP BY variant_id, location_id HAVING {_DIFFERS}"
)


def stock_proof() -> list[tuple[int, int, int, int, int]]:
    """Levels that are not the sum of their moves, by variant and location. Empty is right.

    (variant, location, differences of on_hand, allocated, held).
    """
    return [
        (one.variant_id, one.location_id, *(one.level[at] - one.moves[at] for at in range(3)))  # type: ignore[misc]  # three of them
        for one in differences()
    ]


def differences() -> list[Difference]:
    """Every level that differs from its moves, in any state. One statement over both tables."""
    found = db.rows(
        f"SELECT d.*, COALESCE(v.sku, f.sku, '–'), l.name FROM ({_COMPARED}) d LEFT JOIN variant v ON v.id ="
        " d.variant_id LEFT JOIN former_variant f ON f.variant_id = d.variant_id"
        " JOIN location l ON l.id = d.location_id ORDER BY d.variant_id, d.location_id"
    )
    return [
        Difference(
            variant_id=row[0],
            location_id=row[1],
            level=tuple(int(number) for number in row[2:-2:2]),
            moves=tuple(int(number) for number in row[3:-2:2]),
            sku=row[-2],
            location=row[-1],
        )
        for row in found
    ]


_ALL = ", ".join(f"SUM({state})" for state in STATES)


def prove() -> Proof:
    """The whole proof, for its page. Three statements."""
    levels = db.rows(f"SELECT COUNT(*), {_ALL} FROM stock_level")[0]
    kinds = db.rows(f"SELECT kind, COUNT(*), {_ALL} FROM stock_move GROUP BY kind ORDER BY MIN(id)")
    return Proof(
        levels=_sums("", levels),
        kinds=tuple(_sums(kind, row) for kind, *row in kinds),
        differences=tuple(differences()),
    )


def _sums(kind: str, row: Sequence[int | None]) -> Sums:
    return Sums(kind=kind, count=int(row[0] or 0), pieces=tuple(int(pieces or 0) for pieces in row[1:]))


def repair_stock(actor: str, origin: str = "") -> tuple[list[Difference], list[Difference]]:
    """Make levels the sum of their moves again, and note that in the journal. Answers (repaired, those that cannot be).

    The journal only grows, so it is what is believed. A level whose moves add up to what cannot be (below zero, more
    promised than is there, or anything of a variant that is gone) is left for a person to count. Commits.
    """
    with db.transaction():
        found = [(one, _repair(one, actor, origin)) for one in differences()]
        repaired, left = [one for one, done in found if done], [one for one, done in found if not done]
        if repaired:
            refresh_availability({one.variant_id for one in repaired})
        _note(actor, len(left))
    return repaired, left


def noted_differences() -> int:
    """How many levels differed when somebody, or the nightly look, compared them last. One statement."""
    found = db.one('SELECT verb, "after" FROM activity WHERE object = ? ORDER BY id DESC LIMIT 1', "stock")
    return int(json.loads(found[1])["levels"]) if found and found[0] == "stock.differs" else 0


def _note(actor: str, levels: int) -> None:
    """Part of a verb: every time that levels differ, and once when none does any more."""
    if levels:
        activity.record(actor, "stock.differs", "stock", after={"levels": levels})
    elif noted_differences():
        activity.record(actor, "stock.agrees", "stock")


_SET = ", ".join(f"{state} = ?" for state in STATES)
_SAME = " AND ".join(f"{state} = ?" for state in STATES)


def _repair(one: Difference, actor: str, origin: str) -> bool:
    """One guarded statement: only from what was compared, and only to what can be."""
    on_hand, allocated, held = one.moves[:3]
    preordered = one.moves[STATES.index("preordered")]
    if min(one.moves) < 0 or db.value("SELECT 1 FROM variant WHERE id = ?", one.variant_id) is None:
        return False
    ensure_level(one.variant_id, one.location_id)
    if not db.execute(
        f"UPDATE stock_level SET {_SET} WHERE variant_id = ? AND location_id = ? AND {_SAME}"
        " AND backorder_limit >= ? AND preorder_cap >= ? AND (allocated + held >= ? OR backorder_limit >= ?)",
        *one.moves, one.variant_id, one.location_id, *one.level, allocated + held - on_hand, preordered,
        allocated + held, allocated + held + preordered - on_hand,
    ):  # fmt: skip
        return False
    touch_short([(one.variant_id, one.location_id, "")])
    said = f"repair.{origin}: {one.facts}" if origin else f"repair: {one.facts}"
    db.execute(
        "INSERT INTO stock_move (variant_id, location_id, kind, on_hand, allocated, held, reason, actor, reference, at)"
        " VALUES (?, ?, 'repair', 0, 0, 0, ?, ?, '', ?)",
        one.variant_id, one.location_id, said[:200], actor, clock.now_us(),
    )  # fmt: skip
    activity.record(
        actor, "stock.repair", f"variant:{one.variant_id}", title=one.sku,
        before=dict(zip(STATES, one.level, strict=True)), after=dict(zip(STATES, one.moves, strict=True)),
    )  # fmt: skip
    return True


@jobs.job("stock.audit", every=timedelta(hours=24))
def _audit(running: jobs.Running) -> None:
    """Every night: a difference is noted where the owner looks, and changes nothing."""
    del running
    found = differences()
    for one in found:
        log.error("a stock level differs from its moves", sku=one.sku, location=one.location, said=one.words)
    with db.transaction():
        _note("system", len(found))
