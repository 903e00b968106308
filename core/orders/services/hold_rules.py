"""Which orders of a site wait for a person: simple rules, beside what plugins find at the checkout."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from core.hookspecs.checkout import Address
from core.hookspecs.site import Site
from core.kernel import activity, db
from core.kernel.cache import touch
from core.kernel.kept import kept
from core.lib.errors import Unfit
from core.lib.money import Money
from core.orders.services.hold_reasons import RULE, HoldReason

_TAG = "order holds"


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of one site. `above` maps currencies to amounts in minor units, 0 for never.

    `countries` are ISO codes of places of delivery; `emails` are addresses, or domains as `@example.com`.
    """

    above: dict[str, int] = {}
    other_country: bool = False
    countries: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()


_rules = msgspec.json.Decoder(Rules)


def hold_rules(site: Site) -> Rules:
    """The rules of a site; none where nothing was set. At most one statement, none while nothing changes."""
    stored = kept(_TAG, lambda: db.value("SELECT data FROM hold_rules WHERE site_id = ?", site.id))
    return _rules.decode(stored) if stored else Rules()


def set_hold_rules(site: Site, rules: Rules, *, actor: str) -> None:
    """Store the rules of a site. Raises Unfit. Commits."""
    if any(amount < 0 for amount in rules.above.values()):
        raise Unfit({"above": "Write an amount of 0 or more."})
    text = msgspec.json.encode(rules).decode()
    with db.transaction():
        db.execute(
            "INSERT INTO hold_rules (site_id, data) VALUES (?, ?) ON CONFLICT (site_id) DO UPDATE SET data = ?",
            site.id, text, text,
        )  # fmt: skip
        activity.record(actor, "edit hold rules", f"site:{site.id}", after=msgspec.to_builtins(rules), site_id=site.id)
        touch(_TAG)


def reasons_to_hold(
    rules: Rules, *, total: Money, email: str, addresses: Sequence[Address], billing: Address | None
) -> list[HoldReason]:
    """Every rule that an order meets; the texts are English msgids. It goes to all of `addresses`."""
    found = []
    most = rules.above.get(total.currency, 0)
    if most and total.amount > most:
        found.append(HoldReason(RULE, "The total is above the limit."))
    countries = {one.country for one in addresses}
    if rules.other_country and countries and billing and billing.country not in countries:
        found.append(HoldReason(RULE, "The bill goes to another country than the goods."))
    if countries & set(rules.countries):
        found.append(HoldReason(RULE, "It goes to a country on the list."))
    folded = email.strip().casefold()
    if any(folded == one or (one.startswith("@") and folded.endswith(one)) for one in rules.emails):
        found.append(HoldReason(RULE, "The mail address is on the list."))
    return found


def further_reasons(before: Sequence[HoldReason], after: Sequence[HoldReason]) -> tuple[HoldReason, ...]:
    """What a change breaks that was not broken before it: the rest was decided about when the order was placed."""
    return tuple(one for one in after if one not in before)
