"""The moves of stock in words: what happened, why, for what, and by whom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from core.hookspecs.site import Site
from core.kernel import db, i18n
from core.kernel.i18n import gettext as _
from core.kernel.i18n import lazy
from core.kernel.installation import installation
from core.lib import clock
from core.orders.services.case_rules import REASONS
from core.panel.stock.services import BESIDE, STATES
from core.panel.stock.services.held import HOLDERS

MOVES = 30
KINDS: dict[str, Any] = {
    "allocate": lazy("Promised to an order"),
    "release": lazy("Given back by an order"),
    "ship": lazy("Shipped"),
    "unship": lazy("Did not leave"),
    "receive": lazy("Came in"),
    "restock": lazy("Came back"),
    "inspect": lazy("Looked at"),
    "adjust": lazy("Corrected"),
    "count": lazy("Counted"),
    "hold": lazy("Held"),
    "unhold": lazy("Released"),
    "keep": lazy("Kept for a site or channel"),
    "unkeep": lazy("Kept no longer"),
    "sort": lazy("Sorted"),
    "expect": lazy("Expected"),
    "transfer": lazy("Moved to another place"),
    "discard": lazy("Thrown away"),
    "supplier": lazy("Sent to the supplier"),
    "remove": lazy("Taken away with its variant"),
    "repair": lazy("Put right"),
}
# What verbs say of themselves; what people write stands as it is.
WHY: dict[str, Any] = {
    **{f"return.{code}": words for code, words in REASONS.items()},
    "return": lazy("Returned"),
    "cancel": lazy("Cancelled"),
    "cancel.expired": lazy("Not paid in time"),
    "change": lazy("The order was changed"),
    "split": lazy("Orders were split or merged"),
    "revive": lazy("Paid after all"),
    "undone": lazy("The import was undone"),
    "taken_back": lazy("The transfer was taken back"),
    "from.only": lazy("No other place has it"),
    "from.allowed": lazy("No other place may send it"),
    "from.fewest": lazy("Fewest parcels"),
    "from.nearest": lazy("The nearest place"),
    "from.first": lazy("The first in your order of places"),
    "from.cheapest": lazy("The cheapest way"),
    "from.health": lazy("More of the stock is left there"),
    "adjust.undone": lazy("Undone"),
    "repair": lazy("Put right"),
    "repair.panel": lazy("Stock proof"),
    "repair.doctor": "stoa doctor",
}


class MoveRow(Struct, frozen=True, kw_only=True):
    """A move in words. `order` is the number of the order that it is for, where this site has it."""

    id: int
    at: datetime
    sku: str
    what: str
    why: str
    order: str
    who: str
    location: str
    on_hand: str
    allocated: str
    beside: str


def _id_of(column: str, kind: str) -> str:
    """The number in `order:12`; no other text that somebody may have written is taken for one."""
    number = f"SUBSTR(m.{column}, {len(kind) + 2})"
    is_one = f"m.{column} LIKE '{kind}:_%' AND LTRIM({number}, '0123456789') = '' AND LENGTH({number}) < 16"
    return f"CASE WHEN {is_one} THEN CAST({number} AS BIGINT) END"


_ORDER, _STAFF = _id_of("reference", "order"), _id_of("actor", "staff")


def moves(site: Site, variant_ids: Sequence[int] | None = None, before: int | None = None) -> list[MoveRow]:
    """The latest moves of these variants (None: of all), newest first; one statement."""
    where, params = ["m.id < ?"], [before or 2**62]
    if variant_ids is not None:
        where.append(f"m.variant_id IN ({db.marks(variant_ids)})")
        params += list(variant_ids)
    found = db.rows(
        "SELECT m.id, m.at, COALESCE(v.sku, f.sku, '–'), m.kind, m.reason, m.reference, o.number, m.actor,"
        " COALESCE(NULLIF(p.name, ''), p.email), l.name, m.on_hand, m.allocated,"
        f" {', '.join(f'm.{state}' for state in BESIDE)} FROM stock_move m JOIN location l ON l.id = m.location_id"
        " LEFT JOIN variant v ON v.id = m.variant_id LEFT JOIN former_variant f ON f.variant_id = m.variant_id"
        f" LEFT JOIN orders o ON o.site_id = ? AND o.id = {_ORDER} LEFT JOIN staff p ON p.id = {_STAFF}"
        f" WHERE {' AND '.join(where)} ORDER BY m.id DESC LIMIT ?",
        site.id,
        *params,
        MOVES,
    )
    return [
        MoveRow(
            id=id_,
            at=clock.instant(at),
            sku=sku,
            what=str(KINDS.get(kind, kind)),
            why=" · ".join(word for word in (why(reason), "" if number else _reference(reference)) if word),
            order=number or "",
            who=_who(actor, name),
            location=place,
            on_hand=_signed(on_hand),
            allocated=_signed(allocated),
            beside=" · ".join(
                f"{STATES[state]} {_signed(int(n))}" for state, n in zip(BESIDE, beside, strict=True) if n
            ),
        )
        for id_, at, sku, kind, reason, reference, number, actor, name, place, on_hand, allocated, *beside in found
    ]


def why(reason: str) -> str:
    """A reason in words: those of verbs in the reader's language, those of people as they were written."""
    code, colon, figure = reason.partition(": ")
    if code not in WHY:
        return reason
    said = _repaired(figure) if code.partition(".")[0] == "repair" else figure
    return i18n.labelled(str(WHY[code]), said) if colon else str(WHY[code])


def _repaired(facts: str) -> str:
    """`on_hand 11 10` in words: what the level said, and what its moves say."""
    found = (part.split() for part in facts.split(", "))
    return i18n.enumerated(
        _("%(state)s %(level)s, by its moves %(moves)s", state=STATES[one[0]], level=one[1], moves=one[2])
        for one in found
        if len(one) == 3 and one[0] in STATES
    )


def _reference(reference: str) -> str:
    """What a move is for, where that is nothing with a number of this site."""
    kind, _colon, id_ = reference.partition(":")
    if kind == "import" and id_.isdecimal():
        return _("Import %(number)s", number=id_)
    if kind == "transfer" and id_.isdecimal():
        return _("Transfer %(number)s", number=id_)
    if kind == "order" and id_.isdecimal():
        return _("An order of another site")
    if kind == "kept":
        return id_.partition(":")[2] or _("The shop’s own orders")
    return str(HOLDERS[kind]) if kind in HOLDERS and id_.isdecimal() else reference


def _who(actor: str, name: str | None) -> str:
    """Whoever acted; of somebody who is gone only what they were is left."""
    kind, _colon, rest = actor.partition(":")
    if kind == "staff":
        return name or _("Somebody of the staff")
    if kind == "plugin":
        loaded = installation().plugins.loaded.get(rest)
        return i18n.of_plugin(rest, str(loaded.plugin.title)) if loaded else rest
    return {"system": _("The shop"), "shopper": _("The shopper"), "guest": _("The shopper")}.get(kind, actor)


def _signed(number: int) -> str:
    """With a true minus sign; nothing for nothing."""
    return f"+{number}" if number > 0 else f"−{-number}" if number else ""
