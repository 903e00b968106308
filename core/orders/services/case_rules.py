"""What shoppers may send back by themselves: for how long, for which reasons, which goods, at whose cost."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from core.catalogue.services.returns import NEVER, own_days
from core.hookspecs.site import Site
from core.kernel import activity, db
from core.kernel.cache import touch
from core.kernel.i18n import gettext as _
from core.kernel.i18n import lazy
from core.kernel.kept import kept
from core.lib import clock
from core.lib.errors import Refused, Unfit
from core.orders.services.part_shapes import OrderLineView
from core.orders.services.shapes import OrderView

# Reasons that are the shop's own fault: nothing is charged for them, and they alone open a claim.
OURS = ("damaged", "faulty", "wrong", "incomplete", "missing")
REASONS: dict[str, Any] = {
    "changed_mind": lazy("Changed my mind"),
    "does_not_fit": lazy("Does not fit"),
    "not_as_described": lazy("Not as described"),
    "damaged": lazy("Arrived damaged"),
    "faulty": lazy("Does not work"),
    "wrong": lazy("The wrong thing came"),
    "incomplete": lazy("A part is missing"),
    "missing": lazy("It never came"),
}
_LONGEST_DAYS = 3_650
LONGEST_HOLD = 90
# When new goods of an exchange are sent: as soon as it is approved, once all of the old came, or with the decision.
APPROVED, CAME, DECIDED = "approved", "came", "decided"
SENDS = (DECIDED, CAME, APPROVED)
_TAG = "return rules"


class NotReturnable(Refused):
    """The shop's rules do not let these goods come back; the message says which rule."""

    code = "not_returnable"
    default_message = "These goods cannot be sent back."


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of one site. `restocking` is in hundredths of a percent of the goods' price.

    `reasons` maps reasons to days of their own, 0 for a reason that is not offered; goods may say otherwise (see
    `days_for`). Claims are taken for `claim_days`, also of goods that do not come back.
    `send_to` is the address that goods come back to, line by line. `return_delivery` maps currencies to what the way
    back costs the shopper. Neither is charged for the shop's faults, and both bear the taxes of the goods unless
    `fees_without_tax`. What was paid for units that are cancelled goes back by itself with `refund_cancelled`, what is
    owed after a return with `refund_resolved`. `exchange_sends` says when the new goods of an exchange go on their way,
    one of SENDS; until then they are held for `exchange_holds_days` from its approval on, 0 for not at all.
    """

    window_days: int = 14
    claim_days: int = 730
    reasons: dict[str, int] = {}
    restocking: int = 0
    return_delivery: dict[str, int] = {}
    fees_without_tax: bool = False
    refund_cancelled: bool = True
    refund_resolved: bool = False
    approves_itself: bool = False
    exchange_sends: str = DECIDED
    exchange_holds_days: int = 0
    send_to: str = ""


_rules = msgspec.json.Decoder(Rules)


def rules_of(site: Site) -> Rules:
    """The rules of a site; the defaults where none were set. One statement, none while nothing changes."""
    return kept(_TAG, lambda: rules_of_id(site.id), str(site.id))


def rules_of_id(site_id: int) -> Rules:
    """The same for verbs that know the site by its id alone."""
    stored = db.value("SELECT data FROM return_rules WHERE site_id = ?", site_id)
    return _rules.decode(stored) if stored else Rules()


def set_rules(site: Site, rules: Rules, *, actor: str) -> None:
    """Store the rules of a site. Raises Unfit. Commits."""
    errors = {**_wrong_amounts(rules), **_wrong_reasons(rules)}
    if errors:
        raise Unfit(errors)
    text = msgspec.json.encode(rules).decode()
    with db.transaction():
        db.execute(
            "INSERT INTO return_rules (site_id, data) VALUES (?, ?) ON CONFLICT (site_id) DO UPDATE SET data = ?",
            site.id, text, text,
        )  # fmt: skip
        activity.record(actor, "returns.rules", f"site:{site.id}", after=msgspec.to_builtins(rules), site_id=site.id)
        touch(_TAG)


def _wrong_amounts(rules: Rules) -> dict[str, str]:
    errors = {}
    if not 0 <= rules.window_days <= _LONGEST_DAYS:
        errors["window_days"] = "Write a number of days from 0 to 3650."
    if not 0 <= rules.claim_days <= _LONGEST_DAYS:
        errors["claim_days"] = "Write a number of days from 0 to 3650."
    if not 0 <= rules.restocking <= 10_000:
        errors["restocking"] = "Write a percentage from 0 to 100."
    if any(amount < 0 for amount in rules.return_delivery.values()):
        errors["return_delivery"] = "Write an amount of 0 or more."
    if rules.exchange_sends not in SENDS:
        errors["exchange_sends"] = "Choose one of these."
    if not 0 <= rules.exchange_holds_days <= LONGEST_HOLD:
        errors["exchange_holds_days"] = "Write a number of days from 0 to 90."
    return errors


def _wrong_reasons(rules: Rules) -> dict[str, str]:
    errors = {}
    for reason, days in rules.reasons.items():
        if reason not in REASONS or not 0 <= days <= _LONGEST_DAYS:
            errors[f"reason-{reason}"] = "Write a number of days from 0 to 3650."
    if not any(rules.reasons.get(reason, 1) for reason in REASONS):
        errors["reasons"] = "Leave at least one reason."
    return errors


def days_for(rules: Rules, returns: str, reason: str) -> int:
    """For how many days goods that say `returns` come back for this reason; 0 for never.

    For the shop's own faults all goods do: for the reason's own days, else the longer of the shop's and their own.
    For other reasons never what says so, and where both have days of their own, the shorter ones.
    """
    own, said = own_days(returns), rules.reasons.get(reason)
    if said == 0:
        return 0
    if reason in OURS:
        return max(rules.window_days, own or 0) if said is None else said
    if returns in NEVER:
        return 0
    if own is None:
        return rules.window_days if said is None else said
    return own if said is None else min(own, said)


def deadline(order: OrderView, rules: Rules, *, ours: bool = True) -> datetime | None:
    """Until when any of the goods may be announced, counted from when the last of them arrived, else left.

    Without `ours` for the shopper's own reasons alone. None where nothing can be.
    """
    most = [
        days_for(rules, line.returns, reason)
        for line in order.lines
        if line.can_be_returned > 0
        for reason in REASONS
        if ours or reason not in OURS
    ]
    return _days_after(order, max(most, default=0))


def last_day(order: OrderView, line: OrderLineView, given: Iterable[str], rules: Rules) -> datetime | None:
    """Until when a line comes back for any of these reasons."""
    return _days_after(order, max((days_for(rules, line.returns, reason) for reason in given), default=0))


def why_not(order: OrderView, line: OrderLineView, reason: str, rules: Rules) -> str:
    """The rule that speaks against sending back a line for this reason, in words; empty if none does."""
    days = days_for(rules, line.returns, reason)
    if not days and rules.reasons.get(reason) != 0 and line.returns in NEVER:
        return str(NEVER[line.returns])
    until = _days_after(order, days)
    return "" if until is not None and clock.now() <= until else _("The time to send these goods back is over.")


def claims_until(order: OrderView, rules: Rules) -> datetime | None:
    """Until when goods may be claimed, counted alike."""
    return _days_after(order, rules.claim_days)


def _days_after(order: OrderView, days: int) -> datetime | None:
    if not days:
        return None
    arrived = [entry.at for entry in order.timeline if entry.kind == "delivered"]
    left = [parcel.shipped_at for parcel in order.shipments]
    start = max(arrived or left, default=None)
    return None if start is None else start + timedelta(days=days)


def check_rules(site: Site, order: OrderView, kind: str, reason: str, line_ids: list[int]) -> None:
    """For what shoppers ask by themselves: raises NotReturnable with the rule that speaks against it."""
    rules = rules_of(site)
    if rules.reasons.get(reason) == 0:
        raise NotReturnable("This reason is not offered any more. Choose another one.", field="reason")
    if kind == "claim":
        if reason not in OURS:
            raise NotReturnable("Choose what was wrong with the goods.", field="reason")
        last = claims_until(order, rules)
        if last is None or clock.now() > last:
            raise NotReturnable("The time to claim these goods is over.")
        return
    lines = [line for line in order.lines if line.id in line_ids]
    for line in lines:
        if why := why_not(order, line, reason, rules):
            raise NotReturnable("%(name)s: %(why)s", name=line.name, why=why)


def reasons(rules: Rules | None = None) -> list[tuple[str, str]]:
    """Every reason with its words; with `rules` those that are offered."""
    offered = [code for code in REASONS if rules is None or rules.reasons.get(code) != 0]
    return [(code, _(str(REASONS[code]))) for code in offered]
