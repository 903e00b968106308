"""Exchanges: what one costs before it is asked for, and sending its new goods ahead of the decision."""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from msgspec import Struct
from msgspec.structs import replace

from core.checkout.services.changing import Preview, draft_change, preview_change
from core.checkout.services.resolving import fees_by_rules, new_goods
from core.kernel import jobs
from core.kernel.sites import SiteState, state_of
from core.lib.errors import Broken, NotFound, Refused
from core.lib.money import Money
from core.orders.services.case_reading import case_view
from core.orders.services.case_rules import APPROVED, CAME, rules_of
from core.orders.services.case_shapes import INSPECTED, RECEIVED, CaseView, WrongStep
from core.orders.services.change_shapes import Action, AddGoods
from core.orders.services.exchange import SEND, expected_value, send_new_goods
from core.orders.services.shapes import OrderView
from core.orders.services.status import returned_value

log = structlog.get_logger(__name__)


class Net(Struct, frozen=True, kw_only=True):
    """What an exchange comes to if all comes back as it is said: `net` above zero is to be paid, below given back."""

    goods: Money
    value: Money
    fees: Money

    @property
    def net(self) -> Money:
        return self.goods - (self.value - self.fees)


def net_of(state: SiteState, order: OrderView, lines: Mapping[int, int], wanted: Mapping[int, int], reason: str) -> Net:
    """The sums of an exchange before it is asked for: `lines` come back, units of `wanted` variants are sent instead.

    Writes nothing. Raises what `preview_change` raises.
    """
    facts = {line.id: line.facts for line in order.lines}
    value = sum(
        returned_value([replace(facts[line_id], received=facts[line_id].received + units)])
        - returned_value([facts[line_id]])
        for line_id, units in lines.items()
    )
    place = next((line.place for line in order.lines if line.id in lines), None)
    actions: list[Action] = [
        AddGoods(variant_id=variant_id, quantity=units, destination=place)
        for variant_id, units in sorted(wanted.items())
    ]
    goods = sum(line.total for line in preview_change(state, order.id, actions).plan.lines)
    terms = fees_by_rules(state, reason, value, order.currency)
    fees = terms.restocking + terms.return_delivery
    return Net(goods=Money(goods, order.currency), value=Money(value, order.currency), fees=Money(fees, order.currency))


# -- sending ahead -----------------------------------------------------------------------------------------------------


def look_ahead(state: SiteState, case: CaseView) -> tuple[Preview, int]:
    """What sending the new goods now does to the order, and what the old ones count for until they come.

    Writes nothing. Raises what `preview_change` raises.
    """
    goods = new_goods(state, case)
    value = expected_value(case)
    terms = fees_by_rules(state, case.reason, value, case.currency)
    costs = sum(line.total for line in preview_change(state, case.order_id, goods).plan.lines)
    advance = min(value - terms.restocking - terms.return_delivery, costs)
    return preview_change(state, case.order_id, goods, credit=max(0, advance - case.value)), advance


def send_ahead(state: SiteState, case_id: int, *, actor: str, seen: int | None = None) -> None:
    """Send the new goods of an exchange now. Repeated, nothing more happens. Two transactions.

    `seen` is what the order was said to cost then. Raises NotFound, WrongStep, Guarded, PreviewMoved, OutOfStock and
    what else a change raises.
    """
    case = case_view(state.site, case_id)
    if case.is_sent:
        return
    if not case.can_be_sent_ahead:
        raise WrongStep
    found, advance = look_ahead(state, case)
    change_id = draft_change(
        state, case.order_id, new_goods(state, case), key=f"ahead:{case.id}:{found.order.version}:{seen}", actor=actor,
        reason=case.reason, seen_price=seen, credit=max(0, advance - case.value),
    )  # fmt: skip
    send_new_goods(state.site, case_id, change_id, advance, actor=actor)


def send_if_due(state: SiteState, case_id: int, *, actor: str) -> None:
    """Send them if the site's rules say that they go by now. Raises what `send_ahead` raises."""
    case, rule = case_view(state.site, case_id), rules_of(state.site).exchange_sends
    came = case.state in {RECEIVED, INSPECTED} and not any(line.to_come for line in case.lines)
    if case.can_be_sent_ahead and (rule == APPROVED or (rule == CAME and came)):
        send_ahead(state, case_id, actor=actor)


@jobs.job(SEND)
def _send(running: jobs.Running) -> None:
    """What an approval or a receipt left to be done. What cannot be sent now waits for a person, who sees it."""
    if running.site_id is None:
        return
    try:
        send_if_due(state_of(running.site_id), int(running.payload["case"]), actor="system")
    except NotFound:
        log.info("nothing is sent ahead: the site or the case is gone", **running.payload)
    except (Refused, Broken) as error:
        log.warning("new goods wait to be sent", error=str(error), **running.payload)
