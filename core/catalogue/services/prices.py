"""Which price holds, and what plugins promote it to.

Plugins are asked before a transaction opens; what they answered goes into it as `Promotions`. An answer is bound to
the list
price it was asked for, so one that was overtaken by an edit does not count and is asked again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from core.catalogue.services.shapes import PriceTier
from core.hookspecs.promote import PriceQuery, PromotedPrice
from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.installation import installation
from core.kernel.sites import SiteState, current_or_none
from core.lib import clock
from core.lib.money import Money

_QUERIES_AT_ONCE = 1000


class PriceFact(NamedTuple):
    """A row of the price table: public, in one currency. Instants in microseconds, amounts in minor units."""

    from_qty: int
    starts: int | None
    ends: int | None
    amount: int
    was: int | None

    def holds(self, at: int) -> bool:
        return (self.starts is None or self.starts <= at) and (self.ends is None or at < self.ends)


class Current(NamedTuple):
    """What holds now: `amount` None if it is not sold singly.

    `tiers` are (from_qty, amount), ever cheaper; true until `until`.
    """

    amount: int | None
    was: int | None
    tiers: tuple[tuple[int, int], ...]
    until: int | None

    def prices(self, currency: str) -> tuple[PriceTier, ...]:
        """The tiers as money."""
        return tuple(PriceTier(from_qty=quantity, amount=Money(amount, currency)) for quantity, amount in self.tiers)


NOTHING = Current(None, None, (), None)


def current(facts: Iterable[PriceFact], at: int) -> Current:
    """The lowest of the prices that hold at `at` (microseconds), for one and for more."""
    facts = tuple(facts)
    turns = [turn for fact in facts for turn in (fact.starts, fact.ends) if turn is not None and turn > at]
    until = min(turns, default=None)
    cheapest: dict[int, PriceFact] = {}
    for fact in facts:
        if fact.holds(at) and (fact.from_qty not in cheapest or fact.amount < cheapest[fact.from_qty].amount):
            cheapest[fact.from_qty] = fact
    if 1 not in cheapest:
        return NOTHING._replace(until=until)
    tiers: list[tuple[int, int]] = []
    for quantity in sorted(cheapest):
        if not tiers or cheapest[quantity].amount < tiers[-1][1]:
            tiers.append((quantity, cheapest[quantity].amount))
    return Current(cheapest[1].amount, cheapest[1].was, tuple(tiers), until)


def sooner(*instants: int | None) -> int | None:
    """The earliest of those that there are."""
    return min((at for at in instants if at is not None), default=None)


def instant_or_none(micros: int | None) -> datetime | None:
    """An instant from a nullable column."""
    return None if micros is None else clock.instant(micros)


# -- promotions --------------------------------------------------------------------------------------------------------

Answers = Mapping[PriceQuery, PromotedPrice]


def promoted_prices(state: SiteState, queries: Sequence[PriceQuery]) -> dict[PriceQuery, PromotedPrice]:
    """Ask the site's plugins: the lowest answer per query, true until the first of all answers changes.

    An answer at the list price lowers nothing, but says until when that is so. Not inside a transaction.
    """
    best: dict[PriceQuery, PromotedPrice] = {}
    if not queries or not state.hooks.answering("promote_prices"):
        return best
    for start in range(0, len(queries), _QUERIES_AT_ONCE):
        part = queries[start : start + _QUERIES_AT_ONCE]
        for answers in state.hooks.promote_prices(site=state.site, queries=part).values():
            for query, answer in answers.items():
                if _counts(answer, query.list_price):
                    best[query] = _better(best[query], answer) if query in best else answer
    return best


def _counts(answer: PromotedPrice, list_price: Money) -> bool:
    """Below the list price; or at it, with an end at which it may get lower."""
    if answer.amount.currency != list_price.currency or not 0 <= answer.amount.amount <= list_price.amount:
        return False
    return answer.amount < list_price or answer.until is not None


def _better(known: PromotedPrice, other: PromotedPrice) -> PromotedPrice:
    """The lower one, until the first of both changes."""
    lower = other if other.amount < known.amount else known
    ends = [end for end in (known.until, other.until) if end is not None]
    return replace(lower, until=min(ends, default=None))


def state_for(site: Site) -> SiteState:
    """The state of a site: that of the request, if it is about this site."""
    state = current_or_none()
    return state if state is not None and state.site.id == site.id else installation().sites.pinned(site.id)


class Promotions(Struct, frozen=True):
    """What plugins answered, per site. Sites in `silent` have no plugin to ask, so nothing is missing there."""

    asked: Mapping[int, frozenset[PriceQuery]] = field(default_factory=dict)
    answers: Mapping[int, Answers] = field(default_factory=dict)
    silent: frozenset[int] = frozenset()

    def knows(self, site_id: int, query: PriceQuery) -> bool:
        """Whether this question was asked."""
        return site_id in self.silent or query in self.asked.get(site_id, ())

    def answer(self, site_id: int, query: PriceQuery) -> PromotedPrice | None:
        """The promoted price for everyone, or None: the list price."""
        return self.answers.get(site_id, {}).get(query)


class Expected(NamedTuple):
    """A price that a verb is about to store."""

    site_id: int
    product_id: int
    variant_id: int
    list_price: Money


def ask_promoted(product_ids: Collection[int], expected: Iterable[Expected] = ()) -> Promotions:
    """Ask every site's plugins for the prices of these products as they are, and as they are expected to be.

    No statement and no call where no plugin promotes prices. Not inside a transaction.
    """
    states = {state.site.id: state for state in installation().sites.all()}
    speaking = {site_id for site_id, state in states.items() if state.hooks.answering("promote_prices")}
    silent = frozenset(states.keys() - speaking)
    if not speaking:
        return Promotions(silent=silent)
    queries: dict[int, set[PriceQuery]] = defaultdict(set)
    for site_id, product_id, variant_id, list_price in [*_present_prices(product_ids), *expected]:
        if site_id in speaking:
            queries[site_id].add(card_query(product_id, variant_id, list_price))
    answers = {
        site_id: promoted_prices(
            states[site_id], sorted(wanted, key=lambda query: (query.variant_id, query.list_price.currency))
        )
        for site_id, wanted in queries.items()
    }
    return Promotions({site_id: frozenset(wanted) for site_id, wanted in queries.items()}, answers, silent)


def card_query(product_id: int, variant_id: int, list_price: Money) -> PriceQuery:
    """The question behind a card: the price of one, for everyone."""
    return PriceQuery(variant_id=variant_id, product_id=product_id, quantity=1, list_price=list_price)


def _present_prices(product_ids: Collection[int]) -> list[Expected]:
    now = clock.now_us()
    facts = price_facts(product_ids)
    return [
        Expected(site_id, product_id, variant_id, Money(amount, currency))
        for (site_id, product_id, variant_id, currency), rows in facts.items()
        if (amount := current(rows, now).amount) is not None
    ]


def price_facts(product_ids: Collection[int]) -> dict[tuple[int, int, int, str], list[PriceFact]]:
    """Public prices of active variants per (site, product, variant, currency)."""
    found: dict[tuple[int, int, int, str], list[PriceFact]] = defaultdict(list)
    for site_id, product_id, variant_id, currency, *fact in db.rows(
        "SELECT p.site_id, v.product_id, v.id, p.currency, p.from_qty, p.starts, p.ends, p.amount, p.was FROM variant v"
        " JOIN price p ON p.variant_id = v.id AND p.list IS NULL"
        f" WHERE v.product_id IN ({db.marks(tuple(product_ids))}) AND v.active AND v.deleted_at IS NULL",
        *product_ids,
    ):
        found[site_id, product_id, variant_id, currency].append(PriceFact(*fact))
    return dict(found)
