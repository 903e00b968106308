"""Orders that wait to be looked at: put on hold, approved, or cancelled. Nothing leaves while one of them waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.hookspecs.order import ActKind
from core.hookspecs.site import Site
from core.kernel import activity, db
from core.kernel.repeats import claim
from core.lib import clock
from core.lib.errors import Refused
from core.orders.services.cancel import cancel_units
from core.orders.services.goods import NotThatMany
from core.orders.services.guards import ask_guards
from core.orders.services.hold_checks import OPEN, insert_holds
from core.orders.services.hold_reasons import STAFF, HoldReason, hold_reason
from core.orders.services.settle import lock_order
from core.orders.services.timeline import note

APPROVED, CANCELLED = "approved", "cancelled"


class NotHeld(Refused):
    """Somebody else has decided about the order."""

    code = "not_held"
    default_message = "This order does not wait for a decision any more."


class NoReason(Refused):
    """A decision that others shall understand later needs its reason."""

    status = 422
    code = "no_reason"
    default_message = "Write a reason."

    def __init__(self) -> None:
        super().__init__(field="reason")


def hold_order(
    site: Site,
    order_id: int,
    *,
    reason: str,
    actor: str,
    code: str = STAFF,
    key: str = "",
    values: Mapping[str, object] | None = None,
) -> None:
    """Let an order wait for somebody's decision. Raises NotFound, NoReason, NotThatMany if nothing waits. Commits.

    A plugin gives a `code` of its own, by which it may lift the hold again; one that stands already stays as it is.
    `values` are what it declares words for (`Plugin(holds=)`): then `reason` only stands in once they cannot be said.
    With the `key` of a form it may raise DoneBefore.
    """
    if not reason.strip():
        raise NoReason
    with db.transaction():
        claim(key)
        lock_order(order_id, site.id)
        if not db.value("SELECT SUM(allocated) FROM order_line WHERE order_id = ?", order_id):
            raise NotThatMany("There is nothing left to do here.")
        if code != STAFF and db.value(
            f"SELECT 1 FROM order_hold WHERE order_id = ? AND source = ? AND {OPEN}", order_id, code[:60]
        ):
            return
        insert_holds(site.id, order_id, [hold_reason(code, reason, values)], actor)
        about = {"reason": reason[:500]} if code == STAFF else {"code": code[:60]}
        _record(site, order_id, actor, "hold", about)


def lift_hold(site: Site, order_id: int, code: str, *, actor: str, why: str = "") -> bool:
    """What a plugin let the order wait for is no more; whether it waited. Holds of others stay.

    Raises NotFound. Commits.
    """
    with db.transaction():
        lock_order(order_id, site.id)
        lifted = db.execute(
            "UPDATE order_hold SET ended_at = ?, outcome = ?, answer = ? WHERE order_id = ? AND site_id = ?"
            f" AND source = ? AND {OPEN}",
            clock.now_us(), APPROVED, why.strip()[:500], order_id, site.id, code[:60],
        )  # fmt: skip
        if lifted:
            note(order_id, actor, "hold_approved", text=why[:500])
    return bool(lifted)


def approve_order(site: Site, order_id: int, *, actor: str, reason: str = "", key: str = "") -> None:
    """Let the order go on. Raises NotFound, Guarded, NotHeld, DoneBefore. Commits."""
    ask_guards(site, order_id, ActKind.RELEASE, actor=actor)
    with db.transaction():
        claim(key)
        lock_order(order_id, site.id)
        _end(site, order_id, APPROVED, reason)
        note(order_id, actor, "hold_approved", text=reason[:500])
        _record(site, order_id, actor, "approve", {"reason": reason[:500]})


def refuse_order(site: Site, order_id: int, *, actor: str, reason: str, key: str = "") -> None:
    """Cancel what waits of the order; what was paid is then owed back. Commits.

    Raises NotFound, Guarded, NotHeld, NoReason, DoneBefore.
    """
    if not reason.strip():
        raise NoReason
    ask_guards(site, order_id, ActKind.CANCEL, actor=actor)
    with db.transaction():
        claim(key)
        lock_order(order_id, site.id)
        _end(site, order_id, CANCELLED, reason)
        note(order_id, actor, "hold_refused", text=reason[:500])
        cancel_units(site.id, order_id, actor=actor, reason=reason.strip()[:120])


def _end(site: Site, order_id: int, outcome: str, answer: str) -> None:
    if not db.execute(
        f"UPDATE order_hold SET ended_at = ?, outcome = ?, answer = ? WHERE order_id = ? AND site_id = ? AND {OPEN}",
        clock.now_us(), outcome, answer.strip()[:500], order_id, site.id,
    ):  # fmt: skip
        raise NotHeld


def _record(site: Site, order_id: int, actor: str, act: str, after: Mapping[str, str]) -> None:
    number = db.value("SELECT number FROM orders WHERE id = ?", order_id)
    activity.record(actor, act, f"order:{order_id}", after=after, site_id=site.id, title=number)


def reasons_of(site: Site, order_ids: Sequence[int]) -> dict[int, list[str]]:
    """Why these orders wait, in the reader's language; those that do not are missing. One statement."""
    found: dict[int, list[str]] = {}
    for order_id, *reason in db.rows(
        f"SELECT order_id, source, reason, facts FROM order_hold WHERE site_id = ? AND {OPEN} AND order_id IN"
        f" ({db.marks(order_ids)}) ORDER BY id",
        site.id, *order_ids,
    ):  # fmt: skip
        found.setdefault(order_id, []).append(HoldReason(*reason).said)
    return found


def held_ids(site: Site, at_most: int = 2000) -> list[int]:
    """The orders with something to send that wait for a decision, the newest first. One statement."""
    return [
        row[0]
        for row in db.rows(
            f"SELECT DISTINCT order_id FROM order_hold WHERE site_id = ? AND {OPEN} AND EXISTS"
            " (SELECT 1 FROM order_line l WHERE l.order_id = order_hold.order_id AND l.allocated > 0)"
            " ORDER BY order_id DESC LIMIT ?",
            site.id, at_most,
        )
    ]  # fmt: skip


def held_count(site: Site) -> int:
    """How many orders with something to send wait for a decision. One statement over the open holds."""
    return int(
        db.value(
            f"SELECT COUNT(DISTINCT order_id) FROM order_hold WHERE site_id = ? AND {OPEN} AND EXISTS"
            " (SELECT 1 FROM order_line l WHERE l.order_id = order_hold.order_id AND l.allocated > 0)",
            site.id,
        )
    )
