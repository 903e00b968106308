"""New goods of an exchange before it is decided about the old ones: held while those travel, or sent ahead of them.

What is sent ahead is to be paid but for what the old goods cost: that counts as paid as long as they are expected.
"""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from core.catalogue.services import stock
from core.catalogue.services.stock_kits import pieces_in
from core.hookspecs.site import Site
from core.kernel import activity, db, jobs
from core.kernel.repeats import claim
from core.lib import clock
from core.lib.errors import Unfit
from core.orders.services.case_reading import case_view
from core.orders.services.case_rules import APPROVED, CAME, LONGEST_HOLD, rules_of
from core.orders.services.case_shapes import EXCHANGE, CaseView, WrongStep
from core.orders.services.change import change_view, claim_draft, confirm_plan
from core.orders.services.difference import give_back
from core.orders.services.opening import ask_for_the_rest
from core.orders.services.settle import line_facts_by_id, lock_order, settle
from core.orders.services.status import returned_value
from core.orders.services.timeline import note

SEND = "exchange.send"
DROPPED = "exchange_dropped"


# -- what follows from the steps of a case -----------------------------------------------------------------------------


def after_approval(site: Site, case: CaseView, actor: str) -> None:
    """Part of the verb that approves: the new goods are sent now or held for a while, as the site's rules say."""
    rules = rules_of(site)
    if case.kind != EXCHANGE or not case.wanted:
        return
    if rules.exchange_sends == APPROVED:
        _send_soon(site, case)
    elif rules.exchange_holds_days:
        _hold(site, case, rules.exchange_holds_days, actor)


def after_receipt(site: Site, case: CaseView) -> None:
    """Part of the verb that receives: what came needs no advance any more; new goods may leave once all is there."""
    reckon(case.order_id)
    came = case_view(site, case.id)
    is_whole = not any(line.to_come for line in came.lines)
    if is_whole and came.can_be_sent_ahead and rules_of(site).exchange_sends == CAME:
        _send_soon(site, came)


def _send_soon(site: Site, case: CaseView) -> None:
    jobs.enqueue(SEND, {"case": case.id}, site_id=site.id, key=f"{SEND}:{case.id}")


def after_end(case: CaseView, actor: str) -> None:
    """Part of the verbs that end a case: nothing is held for it, and nothing counts for what does not come."""
    stock.unhold(stock.case_reference(case.id), actor)
    reckon(case.order_id)


def take_back(site: Site, case: CaseView) -> None:
    """Part of the verbs that give a case up: new goods that have not left stay here. After `after_end`."""
    waiting = dict[int, int](
        db.rows(
            "SELECT id, allocated FROM order_line WHERE order_id = ? AND change_id = ? AND allocated > 0",
            case.order_id, case.sent_change_id,
        )
    )  # fmt: skip
    if waiting:
        give_back(site, case.order_id, waiting, reason=DROPPED)
    owe(site, case)


def owe(site: Site, case: CaseView) -> None:
    """Part of the verbs that end a case whose new goods were sent: what did not come back is to be paid."""
    settle(case.order_id)
    ask_for_the_rest(site.id, case.order_id)


def reckon(order_id: int) -> None:
    """Part of a verb: what all the goods of the order that travel back count for, by now."""
    db.require_transaction()
    db.execute(
        "UPDATE orders SET advanced = (SELECT COALESCE(SUM(CASE WHEN c.advance > c.came THEN c.advance - c.came ELSE 0"
        " END), 0) FROM (SELECT k.advance, (SELECT COALESCE(SUM(l.value), 0) FROM order_case_line l WHERE l.case_id ="
        " k.id) AS came FROM order_case k WHERE k.order_id = ? AND k.advance > 0 AND k.ended_at IS NULL) c)"
        " WHERE id = ?",
        order_id, order_id,
    )  # fmt: skip


# -- holding -----------------------------------------------------------------------------------------------------------


def hold_new_goods(site: Site, case_id: int, days: int, *, actor: str, key: str = "") -> None:
    """Hold the new goods of an open exchange for so many days from now, as many as can be had. Commits.

    0 lets them go. Raises NotFound, WrongStep, Unfit, DoneBefore.
    """
    if not 0 <= days <= LONGEST_HOLD:
        raise Unfit({"days": "Write a number of days from 0 to 90."})
    with db.transaction():
        claim(key)
        case = case_view(site, case_id)
        lock_order(case.order_id, site.id)
        case = case_view(site, case_id)
        if not case.can_be_sent_ahead:
            raise WrongStep
        if days:
            _hold(site, case, days, actor)
        else:
            stock.unhold(stock.case_reference(case.id), actor)
            _note(site, case, actor, "let_go")


def _hold(site: Site, case: CaseView, days: int, actor: str) -> None:
    until = clock.now() + timedelta(days=days)
    stock.hold(pieces_in(case.wanted), stock.case_reference(case.id), actor, until=until, site_id=site.id)
    _note(site, case, actor, "held", until=clock.micros(until))


# -- sending ahead -----------------------------------------------------------------------------------------------------


def expected_value(case: CaseView) -> int:
    """What was paid for all pieces of a case, those that are still to come included. One statement."""
    facts, value = line_facts_by_id(case.order_id), case.value
    for line in case.lines:
        one = facts[line.line_id]
        value += returned_value([replace(one, received=one.received + line.to_come)]) - returned_value([one])
    return value


def send_new_goods(site: Site, case_id: int, change_id: int, advance: int, *, actor: str) -> None:
    """Put the new goods on the order by a drafted change, before it is decided about the old ones. Commits.

    `advance` is what those count for until they come. A repeated call does nothing. Raises NotFound, WrongStep and what
    confirming a change raises.
    """
    change = change_view(site, change_id)

    def send() -> None:
        with db.transaction():
            if not claim_draft(change):
                return
            case = case_view(site, case_id)
            if not case.can_be_sent_ahead or change.order_id != case.order_id:
                raise WrongStep
            sets = "sent_change_id = ?, advance = ?"
            db.execute(f"UPDATE order_case SET {sets} WHERE id = ?", change.id, advance, case.id)
            reckon(case.order_id)
            confirm_plan(site, change, actor, holder=stock.case_reference(case.id))
            _note(site, case, actor, "sent", amount=advance)

    db.retrying(send)


def _note(site: Site, case: CaseView, actor: str, step: str, **more: object) -> None:
    note(case.order_id, actor, f"exchange_{step}", case=case.id, **more)
    activity.record(
        actor, f"exchange {step}", f"order:{case.order_id}", after={"case": case.id, **more}, site_id=site.id,
        title=case.order_number,
    )  # fmt: skip
