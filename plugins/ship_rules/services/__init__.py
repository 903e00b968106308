"""Choosing where goods come from by rules, and keeping the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from core.api import (
    Address,
    NotFound,
    Site,
    Source,
    Sourced,
    claim_form,
    marks,
    micros,
    now,
    record_activity,
    rows,
    transaction,
)
from plugins.ship_rules.forms import Wanted
from plugins.ship_rules.models import ShipRule
from plugins.ship_rules.services.choosing import CHEAPEST, DAYS, HEALTH, NOTHING, PLACES, Facts, choose_by

_AFTER = 10_000  # A location that no rule names, or that sends no more today, comes behind all others.


class Place(NamedTuple):
    """A location as rules name it."""

    id: int
    code: str
    name: str


def locations() -> list[Place]:
    """All open locations, core's preferred first. One statement."""
    found = rows("SELECT id, code, name FROM location WHERE closed_at IS NULL ORDER BY priority, id")
    return [Place(*row) for row in found]


def rules_of(site: Site) -> list[ShipRule]:
    """The rules in their order. One statement."""
    return list(ShipRule.for_site(site).order_by(ShipRule.position, ShipRule.id))


def find_rule(site: Site, rule_id: int) -> ShipRule:
    """A rule of this site; raises NotFound."""
    found = ShipRule.for_site(site).where(ShipRule.id == rule_id).first()
    if found is None:
        raise NotFound
    rule: ShipRule = found
    return rule


def save_rule(site: Site, wanted: Wanted, *, actor: str, rule_id: int | None = None, key: str = "") -> None:
    """Add or change a rule. Raises NotFound, DoneBefore. Commits."""
    columns = {name: getattr(wanted, name) for name in Wanted.__struct_fields__}
    with transaction():
        claim_form(key)
        if rule_id is None:
            rule_id = ShipRule.create(site_id=site.id, **columns).id
        elif (
            not ShipRule.update(**columns)
            .where(ShipRule.id == rule_id, ShipRule.site_id == site.id, ShipRule.removed_at.is_null())
            .execute()
        ):
            raise NotFound
        record_activity(actor, "ship_rules.saved", f"ship_rule:{rule_id}", after=columns, site_id=site.id)


def remove_rule(site: Site, rule_id: int, *, actor: str) -> None:
    """Take a rule away. Raises NotFound. Commits."""
    with transaction():
        if not ShipRule.put_away(site, rule_id):
            raise NotFound
        record_activity(actor, "ship_rules.removed", f"ship_rule:{rule_id}", site_id=site.id)


def restore_rule(site: Site, rule_id: int, *, actor: str) -> None:
    """Bring a rule back that was taken away. Raises NotFound. Commits."""
    with transaction():
        if ShipRule.bring_back(site, rule_id) is None:
            raise NotFound
        record_activity(actor, "ship_rules.restored", f"ship_rule:{rule_id}", site_id=site.id)


# -- choosing ----------------------------------------------------------------------------------------------------------


def choose(
    site: Site, needs: Mapping[int, int], sources: Sequence[Source], address: Address | None
) -> list[Sourced] | None:
    """The plan of the first rule that is about this country; None where there is none, or it cannot give everything."""
    country = (address.country if address else "") or site.country
    rule = next((rule for rule in rules_of(site) if not rule.countries or f" {country} " in rule.countries), None)
    if rule is None:
        return None
    local = now().astimezone(ZoneInfo(site.timezone))
    return plan(rule, needs, sources, local.hour * 60 + local.minute, facts_for(rule, needs, sources), site.currency)


def plan(
    rule: ShipRule,
    needs: Mapping[int, int],
    sources: Sequence[Source],
    minutes: int,
    facts: Facts = NOTHING,
    currency: str = "EUR",
) -> list[Sourced] | None:
    """By one rule, at `minutes` of the site's day. A location whose last hour is over comes behind those that send."""
    ranks = {place[0]: rank + (_AFTER if _is_over(place[1], minutes) else 0) for rank, place in enumerate(rule.places)}
    ranked = sorted(
        (one for one in sources if one.location_id in ranks or not rule.only),
        key=lambda one: (ranks.get(one.location_id, 2 * _AFTER), one.priority, one.location_id),
    )
    counted = {variant_id: n for variant_id, n in needs.items() if any(variant_id in one.free for one in sources)}
    choice = choose_by(order_of(rule), ranked, counted, facts, currency)
    if choice is None:
        return None
    left_out = [one for one in sources if one not in ranked and counted.keys() & one.free.keys()]
    why = "allowed" if choice.why == "only" and left_out else choice.why
    return [
        Sourced(variant_id=variant_id, location_id=at, quantity=pieces, why=why, figure=choice.figure)
        for variant_id, places in choice.pieces.items()
        for at, pieces in places.items()
    ]


def order_of(rule: ShipRule) -> list[str]:
    """The criteria of a rule; the order of its places decides at the end in any case."""
    return list(dict.fromkeys([*rule.criteria, PLACES]))


def facts_for(rule: ShipRule, needs: Mapping[int, int], sources: Sequence[Source]) -> Facts:
    """What the criteria of a rule have to know. A statement for the weights, one for what was sold, if it asks."""
    grams: dict[int, int] = {}
    sold: dict[tuple[int, int], int] = {}
    variants, places = tuple(needs), tuple(one.location_id for one in sources)
    if CHEAPEST in rule.criteria:
        grams = dict(rows(f"SELECT id, weight_g FROM variant WHERE id IN ({marks(variants)})", *variants))
    if HEALTH in rule.criteria:
        found = rows(
            "SELECT location_id, variant_id, SUM(allocated + preordered) FROM stock_move WHERE variant_id IN"
            f" ({marks(variants)}) AND location_id IN ({marks(places)}) AND at >= ?"
            " AND kind IN ('allocate', 'release') GROUP BY location_id, variant_id",
            *variants, *places, micros(now() - timedelta(days=DAYS)),
        )  # fmt: skip
        sold = {(at, variant_id): int(pieces) for at, variant_id, pieces in found}
    return Facts(grams, {int(at): (cost[0], cost[1]) for at, cost in rule.costs.items()}, sold)


def _is_over(until: int | None, minutes: int) -> bool:
    return until is not None and minutes >= until
