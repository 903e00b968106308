"""The four axes of an order: order, payment, fulfilment, return. Pure functions of facts, which alone are believed.

`SQL` holds the same rules as expressions for lists; a test proves both equal.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

ORDER = ("open", "completed", "cancelled")
PAYMENT = (
    "unpaid",
    "pending",
    "authorized",
    "partly_paid",
    "paid",
    "overpaid",
    "partly_refunded",
    "refunded",
    "disputed",
    "not_due",
)
FULFILMENT = ("not_needed", "unfulfilled", "partly_shipped", "shipped", "delivered")
RETURN = ("none", "requested", "partly_returned", "returned")


class LineFacts(Struct, frozen=True, kw_only=True):
    """The event quantities of one line. `total` is what was agreed for all its units, in minor units.

    `claimed_amount` is what the `claimed` units cost, as it was fixed when each claim was made.
    """

    ordered: int
    shipped: int = 0
    delivered: int = 0
    cancelled: int = 0
    return_requested: int = 0
    received: int = 0
    claimed: int = 0
    claimed_amount: int = 0
    needs_delivery: bool = True
    total: int = 0


class MoneyFacts(Struct, frozen=True, kw_only=True):
    """Sums of the counted facts of an order's payments, in minor units; instants in microseconds, 0 for never."""

    authorized: int = 0
    released: int = 0
    captured: int = 0
    refunded: int = 0
    disputed: int = 0
    lost: int = 0
    pending_at: int = 0
    ended_at: int = 0

    @property
    def gone(self) -> int:
        """Captured money that is no longer ours."""
        return self.refunded + self.lost

    @property
    def kept(self) -> int:
        return self.captured - self.gone

    @property
    def promised(self) -> int:
        """Authorised, and neither taken nor let go."""
        return max(0, self.authorized - self.released - self.captured)


class Axes(Struct, frozen=True, kw_only=True):
    """The four statuses as codes; see the tuples of this module."""

    order: str
    payment: str
    fulfilment: str
    returned: str


def share(total: int, units: int, ordered: int) -> int:
    """What the first `units` of `ordered` cost together. Cumulative, so that all parts add up to the line."""
    return total * units // ordered


def gone(line: LineFacts, units: int) -> int:
    """What the first `units` of a line cost together: the cancelled ones, and those that came back after them.

    Units go from the front, cancelled before returned; claimed ones go from the end, and keep what was fixed for them.
    The last one takes what is left, so that all of a line's units cost its total, in whatever order they go.
    """
    rest = line.total - line.claimed_amount
    return rest if units + line.claimed == line.ordered else min(rest, share(line.total, units, line.ordered))


def claim_value(line: LineFacts, units: int) -> int:
    """What further claimed units cost: their shares from the end, within what the line has left."""
    kept = line.ordered - line.claimed - units
    from_end = line.total - share(line.total, kept, line.ordered) - line.claimed_amount
    left = line.total - line.claimed_amount - gone(line, line.cancelled + line.received)
    return max(0, min(left, from_end))


def due(total: int, delivery_total: int, lines: Sequence[LineFacts]) -> int:
    """What is to be paid: the total without what was cancelled; the delivery falls away with the last unit."""
    cancelled = sum(gone(line, line.cancelled) for line in lines)
    return total - cancelled - (delivery_total if _all_cancelled(lines) else 0)


def returned_value(lines: Sequence[LineFacts]) -> int:
    """What the returned units cost."""
    return sum(gone(line, line.cancelled + line.received) - gone(line, line.cancelled) for line in lines)


def owed_back(total: int, delivery_total: int, lines: Sequence[LineFacts], money: MoneyFacts) -> int:
    """What the shop should give back: money kept beyond the price of what was neither cancelled nor returned."""
    return max(0, min(money.kept, money.kept - due(total, delivery_total, lines) + returned_value(lines)))


def to_be_captured(
    total: int,
    delivery_total: int,
    lines: Sequence[LineFacts],
    money: MoneyFacts,
    given_back: int = 0,
    advanced: int = 0,
) -> int:
    """What captured money must reach in all.

    Refunds that were owed when they were made are asked for again, and returned units pay for others as far as that
    is needed: an exchange is paid by what came back and one net payment. What is
    `advanced` counts like units that came.
    """
    needed = due(total, delivery_total, lines) + min(given_back, money.refunded)
    return needed if money.captured >= needed else max(money.captured, needed - returned_value(lines) - advanced)


def open_of(
    total: int,
    delivery_total: int,
    lines: Sequence[LineFacts],
    money: MoneyFacts,
    given_back: int = 0,
    advanced: int = 0,
) -> int:
    """What is due and neither captured nor promised by an authorisation; `OPEN_SQL` is the same."""
    return to_be_captured(total, delivery_total, lines, money, given_back, advanced) - money.captured - money.promised


def axes(
    total: int,
    delivery_total: int,
    lines: Sequence[LineFacts],
    money: MoneyFacts,
    given_back: int = 0,
    advanced: int = 0,
) -> Axes:
    """All four at once."""
    paid = payment_status(to_be_captured(total, delivery_total, lines, money, given_back, advanced), money)
    fulfilled = fulfilment_status(lines)
    return Axes(
        order=order_status(lines, paid, fulfilled), payment=paid, fulfilment=fulfilled, returned=return_status(lines)
    )


def payment_status(amount_due: int, money: MoneyFacts) -> str:
    """Where the money is. "Paid" is judged by gross captured money; a refund afterwards has words of its own.

    What is still open comes before them: goods that were added after a refund are to be paid.
    """
    if money.disputed > 0:
        return "disputed"
    if money.captured > 0:
        return _captured_status(amount_due, money)
    if amount_due <= 0:
        return "not_due"
    if money.authorized > money.released:
        return "authorized"
    return "pending" if money.pending_at > money.ended_at else "unpaid"


def _captured_status(amount_due: int, money: MoneyFacts) -> str:
    if money.captured < amount_due:
        return "partly_paid" if money.kept > 0 else "unpaid"
    if money.gone >= money.captured:
        return "refunded"
    if money.gone > 0:
        return "partly_refunded"
    return "overpaid" if money.captured > amount_due else "paid"


def fulfilment_status(lines: Sequence[LineFacts]) -> str:
    """How much of what is to be delivered has left, and arrived."""
    carried = [line for line in lines if line.needs_delivery]
    units = sum(line.ordered - line.cancelled for line in carried)
    shipped = sum(line.shipped for line in carried)
    if units == 0:
        return "not_needed"
    if shipped == 0:
        return "unfulfilled"
    if shipped < units:
        return "partly_shipped"
    return "delivered" if sum(line.delivered for line in carried) >= units else "shipped"


def return_status(lines: Sequence[LineFacts]) -> str:
    """What came back, or is announced to."""
    received = sum(line.received for line in lines)
    if received and received >= sum(line.shipped for line in lines):
        return "returned"
    if received:
        return "partly_returned"
    return "requested" if any(line.return_requested for line in lines) else "none"


def order_status(lines: Sequence[LineFacts], paid: str, fulfilled: str) -> str:
    """Whether there is anything left to do."""
    if _all_cancelled(lines):
        return "cancelled"
    settled = paid in {"paid", "overpaid", "partly_refunded", "refunded", "not_due"}
    return "completed" if settled and fulfilled in {"shipped", "delivered", "not_needed"} else "open"


def _all_cancelled(lines: Sequence[LineFacts]) -> bool:
    return all(line.cancelled == line.ordered for line in lines)


# -- the same in SQL, over the columns of `FROM` -----------------------------------------------------------------------


def _gone(units: str) -> str:
    """`gone`, for columns of `order_line`."""
    rest, shared = "(total - claimed_amount)", f"(total * ({units}) / ordered)"
    return f"(CASE WHEN {units} + claimed = ordered OR {shared} > {rest} THEN {rest} ELSE {shared} END)"


# What the cancelled units of each order cost, over rows of `order_line` grouped by order: `gone` of every line.
CANCELLED_SQL = f"SUM({_gone('cancelled')})"
_LINES = f"""SELECT {CANCELLED_SQL} AS cancelled_amount, SUM(ordered - cancelled) AS units,
 SUM({_gone("cancelled + received")} - {_gone("cancelled")}) AS returned_amount,
 SUM(CASE WHEN needs_delivery = ? THEN ordered - cancelled ELSE 0 END) AS carried,
 SUM(CASE WHEN needs_delivery = ? THEN shipped ELSE 0 END) AS carried_shipped,
 SUM(CASE WHEN needs_delivery = ? THEN delivered ELSE 0 END) AS carried_delivered,
 SUM(ordered) AS pieces, SUM(shipped) AS shipped, SUM(received) AS received, SUM(return_requested) AS requested,
 order_id FROM order_line{{where}} GROUP BY order_id
 """


def _sum(name: str, plus: str, minus: str = "''") -> str:
    parts = f"SUM(CASE WHEN f.kind IN ({plus}) THEN f.amount WHEN f.kind IN ({minus}) THEN -f.amount ELSE 0 END)"
    return f"CASE WHEN {parts} > 0 THEN {parts} ELSE 0 END AS {name}"


def _latest(name: str, kinds: str) -> str:
    return f"MAX(CASE WHEN f.kind IN ({kinds}) THEN f.at ELSE 0 END) AS {name}"


_MONEY = ", ".join(
    [
        _sum("authorized", "'authorized'"),
        _sum("released", "'voided', 'expired', 'moved'"),
        _sum("captured", "'captured'", "'moved'"),
        _sum("refunded", "'refunded'", "'refund_failed'"),
        _sum("disputed", "'disputed'", "'dispute_won', 'dispute_lost'"),
        _sum("lost", "'dispute_lost'"),
        _latest("pending_at", "'pending'"),
        _latest("ended_at", "'declined', 'expired', 'voided'"),
    ]
)
MONEY_COLUMNS = ("authorized", "released", "captured", "refunded", "disputed", "lost", "pending_at", "ended_at")
_FACTS = "FROM payment p JOIN payment_fact f ON f.payment_id = p.id WHERE f.verdict = 'counted'"
MONEY_SQL = f"SELECT {_MONEY} {_FACTS} AND p.order_id = ?"

# One pass over each table, restricted to the orders in question where the caller can name them.
FROM = (
    "orders o JOIN ({lines}) l ON l.order_id = o.id LEFT JOIN (SELECT p.order_id, "
    f"{_MONEY} {_FACTS}"
    "{payments} GROUP BY p.order_id) m ON m.order_id = o.id"
)
_DUE = "(o.total - l.cancelled_amount - CASE WHEN l.units = 0 THEN o.delivery_total ELSE 0 END)"
_NEEDED = f"""({_DUE} + CASE WHEN o.given_back < COALESCE(m.refunded, 0) THEN o.given_back
 ELSE COALESCE(m.refunded, 0) END)"""
_CAPTURED = "COALESCE(m.captured, 0)"
_COMES_BACK = "(l.returned_amount + o.advanced)"
_TO_CAPTURE = f"""(CASE WHEN {_CAPTURED} >= {_NEEDED} THEN {_NEEDED}
 WHEN {_CAPTURED} > {_NEEDED} - {_COMES_BACK} THEN {_CAPTURED} ELSE {_NEEDED} - {_COMES_BACK} END)"""
# What is due and neither captured nor promised by an authorisation.
_PROMISED = "(COALESCE(m.authorized, 0) - COALESCE(m.released, 0) - COALESCE(m.captured, 0))"
OPEN_SQL = f"({_TO_CAPTURE} - {_CAPTURED} - CASE WHEN {_PROMISED} > 0 THEN {_PROMISED} ELSE 0 END)"
_PAYMENT_SQL = f"""CASE WHEN COALESCE(m.disputed, 0) > 0 THEN 'disputed'
 WHEN COALESCE(m.captured, 0) > 0 THEN CASE
  WHEN m.captured < {_TO_CAPTURE} AND m.refunded + m.lost < m.captured THEN 'partly_paid'
  WHEN m.captured < {_TO_CAPTURE} THEN 'unpaid' WHEN m.refunded + m.lost >= m.captured THEN 'refunded'
  WHEN m.refunded + m.lost > 0 THEN 'partly_refunded'
  WHEN m.captured > {_TO_CAPTURE} THEN 'overpaid' ELSE 'paid' END
 WHEN {_TO_CAPTURE} <= 0 THEN 'not_due'
 WHEN COALESCE(m.authorized, 0) > COALESCE(m.released, 0) THEN 'authorized'
 WHEN COALESCE(m.pending_at, 0) > COALESCE(m.ended_at, 0) THEN 'pending' ELSE 'unpaid' END"""
_FULFILMENT_SQL = """CASE WHEN l.carried = 0 THEN 'not_needed' WHEN l.carried_shipped = 0 THEN 'unfulfilled'
 WHEN l.carried_shipped < l.carried THEN 'partly_shipped'
 WHEN l.carried_delivered >= l.carried THEN 'delivered' ELSE 'shipped' END"""
SQL: dict[str, str] = {
    "payment": _PAYMENT_SQL,
    "fulfilment": _FULFILMENT_SQL,
    "returned": """CASE WHEN l.received > 0 AND l.received >= l.shipped THEN 'returned'
 WHEN l.received > 0 THEN 'partly_returned'
 WHEN l.requested > 0 THEN 'requested' ELSE 'none' END""",
    "order": f"""CASE WHEN l.units = 0 THEN 'cancelled'
 WHEN ({_PAYMENT_SQL}) IN ('paid', 'overpaid', 'partly_refunded', 'refunded', 'not_due')
  AND ({_FULFILMENT_SQL}) IN ('shipped', 'delivered', 'not_needed') THEN 'completed' ELSE 'open' END""",
}


def from_sql(order_ids: str = "", *params: object) -> tuple[str, list[object]]:
    """The FROM clause for `SQL` and all its parameters; `order_ids` with its `params` is a subquery of ids or marks.

    It bounds the work. An id is never written into the text: a text for each order is read anew each time.
    """
    lines = _LINES.format(where=f" WHERE order_id IN ({order_ids})" if order_ids else "")
    payments = f" AND p.order_id IN ({order_ids})" if order_ids else ""
    return FROM.format(lines=lines, payments=payments), [True, True, True, *params, *params]
