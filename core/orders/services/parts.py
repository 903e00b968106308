"""What belongs to an order besides its lines: all of it by one statement, rows of several kinds in one answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from core.kernel import db
from core.orders.services.status import MONEY_COLUMNS, MONEY_SQL, MoneyFacts

_NUMBERS, _TEXTS = 8, 6


class Part(NamedTuple):
    """A row of some kind: eight numbers, then six texts; `n1` is its place among those of its kind."""

    n1: Any
    n2: Any
    n3: Any
    n4: Any
    n5: Any
    n6: Any
    n7: Any
    n8: Any
    t1: Any
    t2: Any
    t3: Any
    t4: Any
    t5: Any
    t6: Any


def _select(kind: str, numbers: str, texts: str, rest: str) -> str:
    """A SELECT of this kind, filled up with nothing. Casts say the types, which PostgreSQL cannot guess."""
    there = [f"CAST({one.strip()} AS BIGINT)" for one in numbers.split(",")]
    said = [one.strip() for one in texts.split(",") if one.strip()]
    there += ["CAST(NULL AS BIGINT)"] * (_NUMBERS - len(there))
    said += ["NULL"] * (_TEXTS - len(said))
    return f"SELECT '{kind}', {', '.join(there)}, {', '.join(f'CAST({one} AS TEXT)' for one in said)} {rest}"


_OF_ORDER = "WHERE payment_id IN (SELECT id FROM payment WHERE order_id = ?)"
_ALL = (
    _select("money", ", ".join(MONEY_COLUMNS), "", f"FROM ({MONEY_SQL}) money"),
    _select(
        "adjustment", "position, amount", "plugin, title, code, target", "FROM order_adjustment WHERE order_id = ?"
    ),
    _select(
        "destination",
        "position, delivery, discount, total, id",
        "address, carrier, service, delivery_title, rate",
        "FROM order_destination WHERE order_id = ?",
    ),
    _select("charge", "id, amount", "reason, kind", "FROM order_charge WHERE order_id = ?"),
    _select("tax", "MIN(id), SUM(amount), rate", "name", "FROM order_tax WHERE order_id = ? GROUP BY name, rate"),
    _select(
        "payment",
        "id, amount, created_at",
        "plugin, gateway, title, currency, reference, shown",
        "FROM payment WHERE order_id = ?",
    ),
    _select(
        "fact",
        "id, payment_id, amount, at",
        "kind, currency, reference, verdict, note",
        f"FROM payment_fact {_OF_ORDER}",
    ),
    _select(
        "operation", "id, payment_id, amount, at", "kind, state, actor, note", f"FROM payment_operation {_OF_ORDER}"
    ),
    _select(
        "shipment",
        "s.id, s.shipped_at, l.line_id, SUM(l.quantity), s.location_id, s.delivered_at, s.undone_at, s.scanned_at",
        "s.carrier, s.tracking, s.service, s.title, MAX(o.name), s.scan || ' ' || s.scan_place",
        "FROM shipment s JOIN shipment_line l ON l.shipment_id = s.id LEFT JOIN location o ON o.id = s.location_id"
        " WHERE s.order_id = ? GROUP BY s.id, l.line_id",
    ),
    _select("hold", "id, at, ended_at", "source, reason, outcome, answer, facts", "FROM order_hold WHERE order_id = ?"),
    _select("shortage", "id, variant_id, location_id, pieces", "", "FROM order_shortage WHERE order_id = ?"),
    _select("entry", "id, at", "actor, kind, data", "FROM order_entry WHERE order_id = ?"),
)
_SQL = " UNION ALL ".join(_ALL)


class Parts:
    """The rows by their kind, each kind in its order."""

    def __init__(self, rows: Sequence[db.Row]) -> None:
        kinds: dict[str, list[Part]] = {}
        for kind, *row in rows:
            kinds.setdefault(kind, []).append(Part(*row))
        self._kinds: Mapping[str, list[Part]] = kinds

    def of(self, kind: str) -> list[Part]:
        """All of a kind."""
        return sorted(self._kinds.get(kind, ()), key=lambda row: row.n1)

    @property
    def money(self) -> MoneyFacts:
        """The sums of the counted facts of all the order's payments."""
        (sums,) = self._kinds["money"]
        return MoneyFacts(**{name: int(value or 0) for name, value in zip(MONEY_COLUMNS, sums, strict=False)})


def read_parts(order_id: int) -> Parts:
    """All that belongs to an order but its lines. One statement."""
    return Parts(db.rows(_SQL, *[order_id] * len(_ALL)))
