"""Which offers apply: the best legal set, and what each takes off which line. Pure; whole minor units only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from core.hookspecs.checkout import Cart
from core.hookspecs.promote import AmountOff, DeliveryOff, Offer, PercentOff
from core.lib.money import percent, split

EXACT_UP_TO = 12
_WORK_LIMIT = 60_000  # legal sets times lines: about a tenth of a second at worst


class Candidate(Struct, frozen=True, kw_only=True):
    """An offer and the plugin that made it."""

    plugin: str
    offer: Offer


class Applied(Struct, frozen=True, kw_only=True):
    """What one offer takes off, in minor units. `shares` has an entry per cart line, in the cart's order."""

    candidate: Candidate
    shares: tuple[int, ...]
    delivery: int = 0
    waits: bool = False

    @property
    def amount(self) -> int:
        return sum(self.shares) + self.delivery


class _Open(Struct, frozen=True):
    """What is left to pay after the offers so far."""

    lines: tuple[int, ...]
    delivery: int | None
    applied: tuple[Applied, ...] = ()


class _Basket(Struct):
    """The cart in the form the search needs: bare numbers."""

    line_ids: tuple[int, ...]
    currency: str
    start: _Open
    cache: dict[frozenset[int] | None, tuple[int, ...]] = field(default_factory=dict)

    def places(self, line_ids: frozenset[int] | None) -> tuple[int, ...]:
        """Positions of the named lines; all of them for None."""
        if line_ids not in self.cache:
            self.cache[line_ids] = tuple(
                i for i, line_id in enumerate(self.line_ids) if line_ids is None or line_id in line_ids
            )
        return self.cache[line_ids]


def best_set(cart: Cart, delivery: int | None, candidates: Sequence[Candidate]) -> tuple[Applied, ...]:
    """The legal set that takes most off, in the order of application; offers that take nothing off are not in it.

    Legal: at most one offer of a group, and an exclusive one alone. Offers apply one after the other, higher `priority`
    first, each to what those before it left. Up to twelve candidates all legal sets are compared; beyond that (or in
    very long carts) offers are taken greedily. `delivery` None means not known yet: delivery offers then wait with
    amount 0.
    """
    lines = tuple(line.subtotal.amount for line in cart.lines)
    basket = _Basket(tuple(line.id for line in cart.lines), cart.currency, _Open(lines, delivery))
    ordered = sorted(candidates, key=lambda c: (-c.offer.priority, c.plugin, c.offer.key))
    if len(ordered) <= EXACT_UP_TO and _count_sets(ordered) * max(1, len(lines)) <= _WORK_LIMIT:
        found = max(_legal_sets(basket, ordered), key=_score)
    else:
        found = _greedy(basket, ordered)
    return tuple(applied for applied in found.applied if applied.amount or applied.waits)


def fault(offer: Offer, currency: str, line_ids: frozenset[int]) -> str:
    """Why an offer cannot be applied at all, as an English msgid; empty if it can."""
    benefit = offer.benefit
    if isinstance(benefit, AmountOff) and (benefit.amount.currency != currency or benefit.amount.amount <= 0):
        return "It is not in this currency." if benefit.amount.currency != currency else "It takes nothing off."
    if isinstance(benefit, PercentOff | DeliveryOff) and benefit.basis_points <= 0:
        return "It takes nothing off."
    if isinstance(benefit, PercentOff) and benefit.at_most is not None and benefit.at_most.currency != currency:
        return "It is not in this currency."
    if isinstance(benefit, PercentOff | AmountOff) and benefit.line_ids is not None and not benefit.line_ids & line_ids:
        return "It is for other goods than those in the cart."
    if any(claim.amount <= 0 or claim.limit < 0 for claim in offer.claims):
        return "It counts wrongly."
    return ""


def _score(state: _Open) -> tuple[int, int, int, tuple[int, ...]]:
    """More off first.

    Then offers that wait for the delivery; then fewer offers, so that no coupon is used up for nothing.
    """
    waiting = sum(1 for applied in state.applied if applied.waits)
    priorities = tuple(applied.candidate.offer.priority for applied in state.applied)
    return sum(applied.amount for applied in state.applied), waiting, -len(state.applied), priorities


def _apply(basket: _Basket, state: _Open, candidate: Candidate) -> _Open:
    benefit = candidate.offer.benefit
    if isinstance(benefit, DeliveryOff):
        if state.delivery is None:
            applied = Applied(candidate=candidate, shares=(0,) * len(state.lines), waits=True)
            return _Open(state.lines, None, (*state.applied, applied))
        off = min(state.delivery, percent(state.delivery, benefit.basis_points))
        applied = Applied(candidate=candidate, shares=(0,) * len(state.lines), delivery=off)
        return _Open(state.lines, state.delivery - off, (*state.applied, applied))
    places = basket.places(benefit.line_ids)
    weights = [state.lines[i] for i in places]
    shares = [0] * len(state.lines)
    for place, share in zip(places, split(_size(benefit, sum(weights)), weights), strict=True):
        shares[place] = share
    left = tuple(amount - share for amount, share in zip(state.lines, shares, strict=True))
    return _Open(left, state.delivery, (*state.applied, Applied(candidate=candidate, shares=tuple(shares))))


def _size(benefit: PercentOff | AmountOff, base: int) -> int:
    """What the benefit takes off `base`: never more than there is."""
    if isinstance(benefit, AmountOff):
        return min(base, benefit.amount.amount)
    off = min(base, percent(base, benefit.basis_points))
    return off if benefit.at_most is None else min(off, max(0, benefit.at_most.amount))


def _count_sets(candidates: Sequence[Candidate]) -> int:
    sizes: dict[str, int] = {}
    free = 0
    for candidate in candidates:
        if candidate.offer.group:
            sizes[candidate.offer.group] = sizes.get(candidate.offer.group, 0) + 1
        else:
            free += 1
    count = 1 << free
    for size in sizes.values():
        count *= size + 1
    return count


def _legal_sets(basket: _Basket, candidates: Sequence[Candidate]) -> Iterator[_Open]:
    """The outcome of every legal set, common beginnings computed once."""
    stacking = [candidate for candidate in candidates if not candidate.offer.exclusive]
    for candidate in candidates:
        if candidate.offer.exclusive:
            yield _apply(basket, basket.start, candidate)
    yield from _extended(basket, basket.start, stacking, frozenset())


def _extended(basket: _Basket, state: _Open, rest: Sequence[Candidate], groups: frozenset[str]) -> Iterator[_Open]:
    yield state
    for i, candidate in enumerate(rest):
        group = candidate.offer.group
        if not group or group not in groups:
            taken = groups | {group} if group else groups
            yield from _extended(basket, _apply(basket, state, candidate), rest[i + 1 :], taken)


def _greedy(basket: _Basket, candidates: Sequence[Candidate]) -> _Open:
    """The strongest offer of each group and all ungrouped ones, or the strongest exclusive one if that is more."""
    alone = {id(c): _score(_apply(basket, basket.start, c)) for c in candidates}
    by_strength = sorted(candidates, key=lambda c: alone[id(c)], reverse=True)
    groups: set[str] = set()
    chosen: set[int] = set()
    for candidate in by_strength:
        if not candidate.offer.exclusive and candidate.offer.group not in groups:
            chosen.add(id(candidate))
            groups.update({candidate.offer.group} - {""})
    stacked = basket.start
    for candidate in candidates:
        if id(candidate) in chosen:
            stacked = _apply(basket, stacked, candidate)
    exclusive = [_apply(basket, basket.start, c) for c in by_strength if c.offer.exclusive][:1]
    return max([stacked, *exclusive], key=_score)
