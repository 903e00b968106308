"""What lists are narrowed and sorted by, on each order's own row: its statuses, its folded words, the money it kept.

Nothing here is true by itself: it is copied from the facts by the last statements of the transaction that changes them,
whatever verb that is, and `copy_all` can make all of it anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import product

from core.kernel import db
from core.lib.text import fold
from core.orders.services.addresses import address_of
from core.orders.services.shortages import units_changed
from core.orders.services.status import (
    FULFILMENT,
    ORDER,
    PAYMENT,
    RETURN,
    SQL,
    Axes,
    LineFacts,
    MoneyFacts,
    axes,
    from_sql,
)

CODES: Mapping[str, Sequence[str]] = {"order": ORDER, "payment": PAYMENT, "fulfilment": FULFILMENT, "returned": RETURN}
# The money that came for an order and was neither given back nor lost.
KEPT = "COALESCE(m.captured, 0) - COALESCE(m.refunded, 0) - COALESCE(m.lost, 0)"
_WORDS = 440  # With the longest number before them they fit into their column.
_AT_ONCE = 500
# The addresses of an order that goes to several, one per line.
_PLACES = "SELECT {} FROM (SELECT p.address FROM order_destination p WHERE p.order_id = o.id ORDER BY p.position) d"


def changed(order_id: int) -> None:
    """Part of every verb that touches an order: what its row says of it follows at the end of the transaction."""
    db.at_commit("orders.states", _copy, {order_id})
    units_changed(order_id)


def state_code(at: Axes) -> str:
    """The four statuses as one word of the row."""
    return f"{at.order} {at.payment} {at.fulfilment} {at.returned}"


def state_axes(code: str) -> Axes:
    """The four statuses of a row."""
    return Axes(**dict(zip(CODES, code.split(" "), strict=True)))


def first_state(total: int, delivery_total: int, lines: Sequence[LineFacts]) -> str:
    """The state of an order that has just been placed, of which nothing has happened yet."""
    return state_code(axes(total, delivery_total, lines, MoneyFacts()))


def words_of(number: str, name: str, email: str, channel_number: str = "", *others: str) -> str:
    """What a text is looked for in, one thing per line, so that nothing is found across two of them.

    `others` are the names of further people to whom something of the order goes.
    """
    about = fold("\n".join(dict.fromkeys(line for line in (channel_number, name, email, *others) if line)))[:_WORDS]
    return f"{fold(number)}\n{about}"


def fitting(statuses: Mapping[str, Sequence[str]]) -> list[str]:
    """Every state that these statuses allow, whether some order is in it or not; an unknown code allows none."""
    wanted = [[code for code in codes if code in statuses.get(axis, codes)] for axis, codes in CODES.items()]
    return [" ".join(one) for one in product(*wanted)]


def states_of(site_id: int) -> list[str]:
    """The states that orders of a site are in. One statement, which reads as many entries of the index as it answers.

    From one state it jumps to the next; it looks at no order in between.
    """
    found = db.rows(
        "WITH RECURSIVE known(state) AS (SELECT MIN(state) FROM orders WHERE site_id = ? UNION ALL"
        " SELECT (SELECT MIN(o.state) FROM orders o WHERE o.site_id = ? AND o.state > known.state) FROM known"
        " WHERE known.state IS NOT NULL) SELECT state FROM known WHERE state IS NOT NULL",
        site_id,
        site_id,
    )
    return [row[0] for row in found]


def country_of(address: str | None) -> str:
    """The country of a stored address, as lists are narrowed by it."""
    found = address_of(address)
    return found.country[:2] if found else ""


def differing(order_ids: Collection[int]) -> dict[int, tuple[str, str, int, str]]:
    """The (state, words, spent, country) that rows should have and have not, as the facts say it. One statement."""
    ids, statuses = sorted(order_ids), ", ".join(f"({SQL[axis]})" for axis in CODES)
    source, params = from_sql(db.marks(ids), *ids)
    found = {}
    for order_id, number, name, email, known_as, address, places, *stored, kept, s1, s2, s3, s4 in db.rows(
        "SELECT o.id, o.number, o.name, o.email, o.channel_number, o.address, CASE WHEN o.address IS NULL THEN"
        f" ({_PLACES.format(db.joined('d.address'))}) END, o.state, o.words, o.spent, o.country, {KEPT}, {statuses}"
        f" FROM {source}",
        *params,
    ):
        others = [place.name for line in (places or "").split("\n") if line and (place := address_of(line))]
        words = words_of(number, name, email, known_as or "", *others)
        true = f"{s1} {s2} {s3} {s4}", words, int(kept), country_of(address)
        if true != tuple(stored):
            found[order_id] = true
    return found


def _copy(order_ids: set[int]) -> None:
    for order_id, true in sorted(differing(order_ids).items()):
        db.execute("UPDATE orders SET state = ?, words = ?, spent = ?, country = ? WHERE id = ?", *true, order_id)


def copy_all(progress: Callable[[int, int], None] = lambda _done, _all: None) -> int:
    """Make all of it anew from the facts, in short transactions; answers how many orders it was wrong of."""
    total, done, wrong = int(db.value("SELECT COUNT(*) FROM orders") or 0), 0, 0
    for batch in _batches():
        with db.transaction():
            # As every verb does: whoever changes one of them now waits, and copies after us.
            db.execute(f"UPDATE orders SET version = version WHERE id IN ({db.marks(batch)})", *batch)
            wrong += len(differing(batch))
            _copy(set(batch))
        done += len(batch)
        progress(done, max(total, done))
    return wrong


def wrong_states() -> list[int]:
    """The orders of which lists would say something else than their pages. Empty is right."""
    return [order_id for batch in _batches() for order_id in differing(batch)]


def _batches() -> Iterator[list[int]]:
    last = 0
    while found := [
        row[0] for row in db.rows("SELECT id FROM orders WHERE id > ? ORDER BY id LIMIT ?", last, _AT_ONCE)
    ]:
        yield found
        last = found[-1]
