"""What is kept of an order's risk, who lets it wait, and who forgets it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from core.api import (
    Money,
    OrderView,
    Problem,
    Site,
    asdict,
    clauses,
    country_name,
    execute,
    gettext,
    hold_order,
    micros,
    money,
    ngettext,
    now,
    order_view,
    speaking,
    transaction,
)
from plugins.risk.forms import Risk
from plugins.risk.services.rules import MOST, Assessment, Reason
from plugins.risk.services.signs import assess_order

CODE = "risk"
ACTOR = "plugin:risk"


def verdict(site: Site, rules: Risk, found: Assessment, *, agreed: bool = False) -> list[Problem]:
    """What an order of this score meets: nothing, a person who looks at it, or a refusal that says nothing of rules.

    What staff have `agreed` with the shopper is never refused.
    """
    if rules.refuse_at and found.score >= rules.refuse_at and not agreed:
        return [Problem(message=_kindly(site), code=CODE)]
    if _waits(rules, found):
        return [Problem(message=why(site, found), code=CODE, review=True, values=figures(found))]
    return []


def _kindly(site: Site) -> str:
    if site.email:
        return gettext("We cannot take this order here. Please write to us: %(email)s", email=site.email)
    return gettext("We cannot take this order here. Please write to us.")


def _waits(rules: Risk, found: Assessment) -> bool:
    return bool(rules.hold_at) and found.score >= rules.hold_at


def why(site: Site, found: Assessment) -> str:
    """The score with its reasons in the site's own language: what stands where nobody can say it in another."""
    with speaking(site.language, site.timezone):
        return said(figures(found))[:500]


def figures(found: Assessment) -> dict[str, Any]:
    """The score and its reasons as they are kept with an order that waits."""
    return {"score": found.score, "reasons": [asdict(one) for one in found.reasons]}


def said(kept: Mapping[str, Any]) -> str:
    """The same in the reader's language, for staff who decide."""
    told = clauses(f"{words(one)} (+{one.points})" for one in (Reason(**reason) for reason in kept["reasons"]))
    return gettext("Risk %(score)s of %(most)s: %(reasons)s", score=kept["score"], most=MOST, reasons=told)


def words(reason: Reason) -> str:
    """A reason in the reader's language."""
    figures = reason.figures
    say = _WORDS.get(reason.rule)
    return say(figures) if say else reason.rule


def _sum(figures: Mapping[str, Any]) -> str:
    return money(Money(figures["amount"], figures["currency"]))


_WORDS: Mapping[str, Any] = {
    "large": lambda of: gettext("A large order: goods for %(amount)s", amount=_sum(of)),
    "large_first": lambda of: gettext("A large first order: goods for %(amount)s", amount=_sum(of)),
    "countries": lambda of: gettext(
        "The bill goes to %(bill)s, the goods to %(goods)s",
        bill=country_name(of["bill"]), goods=country_name(of["goods"]),
    ),
    "units": lambda of: gettext("%(count)s pieces of %(sku)s", count=of["count"], sku=of["sku"]),
    "many": lambda of: gettext("%(count)s orders within %(hours)s hours", count=of["count"], hours=of["hours"]),
    "declines": lambda of: ngettext("%(n)s payment failed", "%(n)s payments failed", of["count"]),
    "email": lambda _of: gettext("The mail address is on your list"),
    "address": lambda _of: gettext("The postal address is on your list"),
}  # fmt: skip


# -- keeping -----------------------------------------------------------------------------------------------------------


def keep(site: Site, order_id: int) -> None:
    """Assess an order and keep that; let it wait where its score became too high since it was placed.

    Commits. Repeated, it writes the same. What a person decided about its risk once stays decided.
    """
    order, rules = order_view(order_id, site=site), Risk.of(site)
    if order is None or not order.email:
        return
    found = assess_order(site, rules, order)
    _write(site, order, found)
    if _waits(rules, found) and order.can_be_cancelled and all(hold.source != CODE for hold in order.holds):
        hold_order(site, order.id, reason=why(site, found), actor=ACTOR, code=CODE, values=figures(found))


def _write(site: Site, order: OrderView, found: Assessment) -> None:
    reasons = json.dumps([asdict(one) for one in found.reasons], ensure_ascii=False)
    with transaction():
        execute(
            "INSERT INTO risk_score (site_id, order_id, shopper_id, score, reasons, at) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (order_id) DO UPDATE SET shopper_id = ?, score = ?, reasons = ?, at = ?",
            site.id, order.id, order.shopper_id, found.score, reasons, micros(now()),
            order.shopper_id, found.score, reasons, micros(now()),
        )  # fmt: skip


def forget(site: Site, shopper_id: int | None) -> None:
    """A score is a judgement about a person: it goes with the account, and from orders that name nobody. Commits."""
    with transaction():
        execute(
            "DELETE FROM risk_score WHERE site_id = ? AND (shopper_id = ? OR order_id IN"
            " (SELECT id FROM orders WHERE site_id = ? AND email = ''))",
            site.id, shopper_id, site.id,
        )  # fmt: skip
