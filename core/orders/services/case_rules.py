"""What shoppers may send back by themselves: for how long, for which reasons, which kinds of goods, at whose cost."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from core.hookspecs.site import Site
from core.kernel import activity, db
from core.kernel.i18n import gettext as _
from core.kernel.i18n import lazy
from core.kernel.kept import once_a_look
from core.lib import clock
from core.lib.errors import Refused, Unfit
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


class NotReturnable(Refused):
    """The shop's rules do not let these goods come back; the message says which rule."""

    code = "not_returnable"
    default_message = "These goods cannot be sent back."


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of one site. `restocking` is in hundredths of a percent of the goods' price.

    Claims are taken for `claim_days`, also of kinds that do not come back.
    `send_to` is the address that goods come back to, line by line. `return_delivery` maps currencies to what the way
    back costs the shopper. Neither is charged for the shop's faults, and both bear the taxes of the goods unless
    `fees_without_tax`. What was paid for units that are cancelled goes back by itself with `refund_cancelled`, what is
    owed after a return with `refund_resolved`.
    """

    window_days: int = 14
    claim_days: int = 730
    excluded_kinds: tuple[str, ...] = ()
    restocking: int = 0
    return_delivery: dict[str, int] = {}
    fees_without_tax: bool = False
    refund_cancelled: bool = True
    refund_resolved: bool = False
    approves_itself: bool = False
    send_to: str = ""


_rules = msgspec.json.Decoder(Rules)


def rules_of(site: Site) -> Rules:
    """The rules of a site; the defaults where none were set. One statement, once per GET."""
    return once_a_look(("return rules", site.id), lambda: rules_of_id(site.id))


def rules_of_id(site_id: int) -> Rules:
    """The same for verbs that know the site by its id alone."""
    stored = db.value("SELECT data FROM return_rules WHERE site_id = ?", site_id)
    return _rules.decode(stored) if stored else Rules()


def set_rules(site: Site, rules: Rules, *, actor: str) -> None:
    """Store the rules of a site. Raises Unfit. Commits."""
    errors = {}
    if not 0 <= rules.window_days <= _LONGEST_DAYS:
        errors["window_days"] = "Write a number of days from 0 to 3650."
    if not 0 <= rules.claim_days <= _LONGEST_DAYS:
        errors["claim_days"] = "Write a number of days from 0 to 3650."
    if not 0 <= rules.restocking <= 10_000:
        errors["restocking"] = "Write a percentage from 0 to 100."
    if any(amount < 0 for amount in rules.return_delivery.values()):
        errors["return_delivery"] = "Write an amount of 0 or more."
    if errors:
        raise Unfit(errors)
    text = msgspec.json.encode(rules).decode()
    with db.transaction():
        db.execute(
            "INSERT INTO return_rules (site_id, data) VALUES (?, ?) ON CONFLICT (site_id) DO UPDATE SET data = ?",
            site.id, text, text,
        )  # fmt: skip
        activity.record(actor, "returns.rules", f"site:{site.id}", after=msgspec.to_builtins(rules), site_id=site.id)


def deadline(order: OrderView, rules: Rules) -> datetime | None:
    """Until when goods may be announced: counted from when the last of them arrived, else from when they left."""
    return _days_after(order, rules.window_days)


def claims_until(order: OrderView, rules: Rules) -> datetime | None:
    """Until when goods may be claimed, counted alike."""
    return _days_after(order, rules.claim_days)


def _days_after(order: OrderView, days: int) -> datetime | None:
    arrived = [entry.at for entry in order.timeline if entry.kind == "delivered"]
    left = [parcel.shipped_at for parcel in order.shipments]
    start = max(arrived or left, default=None)
    return None if start is None else start + timedelta(days=days)


def check_rules(site: Site, order: OrderView, kind: str, reason: str, line_ids: list[int]) -> None:
    """For what shoppers ask by themselves: raises NotReturnable with the rule that speaks against it."""
    rules = rules_of(site)
    until = deadline(order, rules)
    if kind == "claim":
        if reason not in OURS:
            raise NotReturnable("Choose what was wrong with the goods.", field="reason")
        last = claims_until(order, rules)
        if last is not None and clock.now() > last:
            raise NotReturnable("The time to claim these goods is over.")
        return
    if until is None or clock.now() > until:
        raise NotReturnable("The time to send these goods back is over.")
    products = [line.product_id for line in order.lines if line.id in line_ids]
    kinds = db.rows(f"SELECT DISTINCT kind FROM product WHERE id IN ({db.marks(products)})", *products)
    if reason not in OURS and any(kind in rules.excluded_kinds for (kind,) in kinds):
        raise NotReturnable("Goods of this kind cannot be sent back.")


def reasons() -> list[tuple[str, str]]:
    """Every reason with its words."""
    return [(code, _(str(words))) for code, words in REASONS.items()]
