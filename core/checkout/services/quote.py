"""What a cart costs: one pure function over prices, offers, delivery and taxes, and the trace that says why.

Whole minor units throughout. Every total is the sum of its shown parts, and offers and taxes are split over the lines
by largest remainder, so that giving back every line gives back exactly what was paid.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from core.checkout.services.offers import Applied, Candidate, best_set, fault
from core.checkout.services.spread import Spread
from core.hookspecs.checkout import Address, Cart, CartLine, PricedCart, Tax, TaxableLine, Taxes
from core.hookspecs.promote import Claim
from core.kernel.i18n import gettext as _
from core.lib.errors import Broken
from core.lib.money import Money, split

APPLIED, REJECTED, LOST = "applied", "rejected", "lost"
DELIVERY = "delivery"


class WrongTaxes(Broken):
    """A tax plugin answered for lines that were not asked about, in another currency, or with impossible amounts."""

    default_message = "The taxes of this cart could not be worked out. Nothing was charged; try again in a minute."


class TraceStep(Struct, frozen=True, kw_only=True):
    """One rule and what became of it.

    `applied`, `rejected` (it cannot apply) or `lost` (another set takes more off).
    """

    plugin: str
    rule: str
    verdict: str
    reason: str
    amount: Money
    title: str = ""
    code: str = ""


class ChosenRate(Struct, frozen=True, kw_only=True):
    """The delivery that was chosen. `pickup`: collected by the shopper. `description`: a sentence of the carrier's."""

    carrier: str
    service: str
    title: str
    amount: Money
    plugin: str = ""
    carrier_title: str = ""
    days: tuple[int, int] | None = None
    pickup: bool = False
    token: str = ""
    description: str = ""

    @property
    def full_title(self) -> str:
        """The way with its carrier, as orders and mails name it."""
        plain = not self.carrier_title or self.carrier_title == self.title
        return self.title if plain else _("%(carrier)s: %(way)s", carrier=self.carrier_title, way=self.title)


class QuoteLine(Struct, frozen=True, kw_only=True):
    """A cart line, or the part of one that goes to `place`, with its share of offers and its taxes.

    `total` is what the shopper pays for it, tax in or on top.
    """

    line: CartLine
    subtotal: Money
    discount: Money
    tax: Money
    total: Money
    place: int = 0


class Adjustment(Struct, frozen=True, kw_only=True):
    """An offer that applies.

    `amount` is what it takes off; `shares` are (line id, amount), empty for delivery offers.
    """

    plugin: str
    rule: str
    title: str
    code: str
    target: str
    amount: Money
    shares: tuple[tuple[int, Money], ...]
    claims: tuple[Claim, ...]


class QuoteDelivery(Struct, frozen=True, kw_only=True):
    """The delivery with its offers and taxes; `rate` None while none is chosen or none is needed.

    Of a cart that goes to several places `rate` is None for the sum of them.
    """

    rate: ChosenRate | None
    amount: Money
    discount: Money
    tax: Money
    total: Money


class TaxSum(Struct, frozen=True, kw_only=True):
    """One tax over the whole cart, as shown under the totals. `rate` is in hundredths of a percent."""

    name: str
    rate: int
    amount: Money


class Totals(Struct, frozen=True, kw_only=True):
    """`total` = `subtotal` - `discount` + `delivery` (+ `tax` where prices lack it).

    `discount` holds delivery offers too.
    """

    subtotal: Money
    discount: Money
    delivery: Money
    tax: Money
    total: Money


class Quote(Struct, frozen=True, kw_only=True):
    """What a cart costs and why. `deliveries` has one for each place; `delivery` is their sum."""

    currency: str
    prices_include_tax: bool
    lines: tuple[QuoteLine, ...]
    adjustments: tuple[Adjustment, ...]
    deliveries: tuple[QuoteDelivery, ...]
    taxes: tuple[Tax, ...]
    tax_sums: tuple[TaxSum, ...]
    tax_note: str
    totals: Totals
    trace: tuple[TraceStep, ...]

    @property
    def total(self) -> Money:
        return self.totals.total

    @property
    def delivery(self) -> QuoteDelivery:
        if len(self.deliveries) == 1:
            return self.deliveries[0]

        def summed(of: str) -> Money:
            return Money(sum(getattr(one, of).amount for one in self.deliveries), self.currency)

        return QuoteDelivery(
            rate=None, amount=summed("amount"), discount=summed("discount"), tax=summed("tax"), total=summed("total")
        )


class Discounted(Struct, frozen=True, kw_only=True):
    """A cart after offers, before taxes.

    The first half of a quote. `left` and `deliveries_left` are what is still to pay, by line and by place; `at` says
    of each line to which place it goes. There is one place, unless the cart was `cut`.
    """

    cart: Cart
    rates: tuple[ChosenRate | None, ...]
    applied: tuple[Applied, ...]
    left: tuple[int, ...]
    deliveries_left: tuple[int, ...]
    at: tuple[int, ...]
    trace: tuple[TraceStep, ...]

    def taxable(self, address: Address | None, *, prices_include_tax: bool, place: int = 0) -> PricedCart:
        """What the tax plugin is asked about, of what goes to one place."""
        currency = self.cart.currency
        lines = [
            TaxableLine(key=f"line:{line.id}", tax_class=line.tax_class, amount=Money(amount, currency))
            for line, amount, at in zip(self.cart.lines, self.left, self.at, strict=True)
            if at == place
        ]
        if self.rates[place] is not None:
            left = Money(self.deliveries_left[place], currency)
            lines.append(TaxableLine(key=DELIVERY, tax_class=DELIVERY, amount=left))
        return PricedCart(
            lines=tuple(lines),
            currency=currency,
            address=address,
            prices_include_tax=prices_include_tax,
            customer_id=self.cart.customer_id,
        )


def discounted(
    cart: Cart,
    candidates: Sequence[Candidate],
    rate: ChosenRate | None,
    *,
    known: bool = True,
    further: Sequence[ChosenRate | None] = (),
) -> Discounted:
    """Apply the best legal set of offers.

    `known` False: which delivery it will be is still open, so its offers wait. `further` deliveries go to further
    places: an offer on the delivery is one on all of them together.
    """
    rates = (rate, *further)
    prices = [one.amount.amount if one else 0 for one in rates]
    price = sum(prices)
    line_ids = frozenset(line.id for line in cart.lines)
    faults = {id(c): fault(c.offer, cart.currency, line_ids) for c in candidates}
    able = [c for c in candidates if not faults[id(c)]]
    delivery = price if known or any(rates) else None
    applied = best_set(cart, delivery, able)
    left = [line.subtotal.amount for line in cart.lines]
    for one in applied:
        left = [amount - share for amount, share in zip(left, one.shares, strict=True)]
        price -= one.delivery
    trace = _trace(cart.currency, candidates, faults, applied)
    off = split(sum(prices) - price, prices)
    return Discounted(
        cart=cart, rates=rates, applied=applied, left=tuple(left), at=(0,) * len(left), trace=trace,
        deliveries_left=tuple(amount - share for amount, share in zip(prices, off, strict=True)),
    )  # fmt: skip


def cut(after: Discounted, spread: Spread) -> Discounted:
    """The same with its lines cut by place: each offer's share of a line is split over the parts of that line."""
    cart = after.cart
    mine = [[part for part, line in enumerate(spread.lines) if line == where] for where in range(len(cart.lines))]
    left = [part.subtotal.amount for part in spread.parts]
    applied = []
    for one in after.applied:
        shares = [0] * len(spread.parts)
        for parts, share in zip(mine, one.shares, strict=True):
            for part, amount in zip(parts, split(share, [left[part] for part in parts]), strict=True):
                shares[part] = amount
        left = [amount - share for amount, share in zip(left, shares, strict=True)]
        applied.append(replace(one, shares=tuple(shares)))
    return replace(
        after, cart=replace(cart, lines=spread.parts), applied=tuple(applied), left=tuple(left), at=spread.at
    )


def merged(after: Discounted, answers: Sequence[Taxes | None]) -> Taxes:
    """The taxes of all places as one answer, that of a delivery under the name of its place.

    Raises WrongTaxes for a line that goes elsewhere.
    """
    taxes: list[Tax] = []
    for place, answer in enumerate(answers):
        own = {f"line:{line.id}" for line, at in zip(after.cart.lines, after.at, strict=True) if at == place}
        for tax in answer.taxes if answer else ():
            if tax.key not in own | {DELIVERY}:
                raise WrongTaxes
            taxes.append(replace(tax, key=delivery_key(place)) if tax.key == DELIVERY else tax)
    reasons = dict.fromkeys(answer.reason for answer in answers if answer and answer.reason)
    return Taxes(taxes=tuple(taxes), reason=" ".join(reasons))


def delivery_key(place: int) -> str:
    """What the taxes of the delivery to a place are told under."""
    return f"{DELIVERY}:{place}" if place else DELIVERY


def _trace(
    currency: str, candidates: Sequence[Candidate], faults: dict[int, str], applied: Sequence[Applied]
) -> tuple[TraceStep, ...]:
    taken = {id(one.candidate): one for one in applied}
    steps = []
    for candidate in candidates:
        one, wrong = taken.get(id(candidate)), faults[id(candidate)]
        verdict = APPLIED if one else REJECTED if wrong else LOST
        reason = (
            "It applies once the delivery is chosen."
            if one and one.waits
            else ""
            if one
            else wrong or _why_lost(candidate, applied)
        )
        steps.append(_step(candidate, verdict, reason, Money(one.amount if one else 0, currency)))
    return tuple(steps)


def _why_lost(candidate: Candidate, applied: Sequence[Applied]) -> str:
    offer = candidate.offer
    if offer.exclusive and applied:
        return "It stands alone, and others take more off."
    if any(one.candidate.offer.exclusive for one in applied):
        return "Another offer that stands alone takes more off."
    if offer.group and any(one.candidate.offer.group == offer.group for one in applied):
        return "A better offer of the same kind applies."
    return "It takes nothing more off this cart."


def _step(candidate: Candidate, verdict: str, reason: str, amount: Money) -> TraceStep:
    offer = candidate.offer
    return TraceStep(
        plugin=candidate.plugin,
        rule=offer.key,
        verdict=verdict,
        reason=reason,
        amount=amount,
        title=offer.title,
        code=offer.code,
    )


def quote(
    after: Discounted, taxes: Taxes | None, *, prices_include_tax: bool, trace: Sequence[TraceStep] = ()
) -> Quote:
    """The second half: put taxes on what the offers left, and add everything up.

    `trace` are steps made before the offers. Raises WrongTaxes for an answer that does not fit the question.
    """
    cart, currency = after.cart, after.cart.currency
    answered = taxes.taxes if taxes else ()
    by_key = _tax_by_key(after, answered, prices_include_tax=prices_include_tax)
    on_top = 0 if prices_include_tax else 1
    lines = tuple(
        replace(_line(line, left, by_key.get(f"line:{line.id}", 0), on_top), place=at)
        for line, left, at in zip(cart.lines, after.left, after.at, strict=True)
    )
    deliveries = tuple(
        _delivery(after, place, by_key.get(delivery_key(place), 0), on_top) for place in range(len(after.rates))
    )
    return Quote(
        currency=currency,
        prices_include_tax=prices_include_tax,
        lines=lines,
        adjustments=tuple(_adjustment(cart, one) for one in after.applied),
        deliveries=deliveries,
        taxes=tuple(answered),
        tax_sums=_tax_sums(answered, currency),
        tax_note=taxes.reason if taxes else "",
        totals=_totals(lines, deliveries, currency),
        trace=(*trace, *after.trace, *_tax_steps(answered, currency)),
    )


def _line(line: CartLine, left: int, tax: int, on_top: int) -> QuoteLine:
    currency = line.unit.currency
    return QuoteLine(
        line=line,
        subtotal=line.subtotal,
        discount=line.subtotal - Money(left, currency),
        tax=Money(tax, currency),
        total=Money(left + on_top * tax, currency),
    )


def _delivery(after: Discounted, place: int, tax: int, on_top: int) -> QuoteDelivery:
    rate = after.rates[place]
    amount = rate.amount if rate else Money.zero(after.cart.currency)
    left = Money(after.deliveries_left[place], amount.currency)
    return QuoteDelivery(
        rate=rate,
        amount=amount,
        discount=amount - left,
        tax=Money(tax, amount.currency),
        total=left + Money(on_top * tax, amount.currency),
    )


def _totals(lines: Sequence[QuoteLine], deliveries: Sequence[QuoteDelivery], currency: str) -> Totals:
    parts: tuple[QuoteLine | QuoteDelivery, ...] = (*lines, *deliveries)
    return Totals(
        subtotal=Money(sum(line.subtotal.amount for line in lines), currency),
        discount=Money(sum(one.discount.amount for one in parts), currency),
        delivery=Money(sum(one.amount.amount for one in deliveries), currency),
        tax=Money(sum(one.tax.amount for one in parts), currency),
        total=Money(sum(one.total.amount for one in parts), currency),
    )


def _adjustment(cart: Cart, one: Applied) -> Adjustment:
    shares = tuple(
        (line.id, Money(share, cart.currency)) for line, share in zip(cart.lines, one.shares, strict=True) if share
    )
    return Adjustment(
        plugin=one.candidate.plugin,
        rule=one.candidate.offer.key,
        title=one.candidate.offer.title,
        code=one.candidate.offer.code,
        target=DELIVERY if one.delivery or one.waits else "lines",
        amount=Money(one.amount, cart.currency),
        shares=shares,
        claims=one.candidate.offer.claims,
    )


def _tax_by_key(after: Discounted, taxes: Sequence[Tax], *, prices_include_tax: bool) -> dict[str, int]:
    """Tax per taxable line. Selling with a wrong tax is worse than not selling, so a wrong answer raises."""
    bases = {f"line:{line.id}": left for line, left in zip(after.cart.lines, after.left, strict=True)}
    for place, rate in enumerate(after.rates):
        if rate is not None:
            bases[delivery_key(place)] = after.deliveries_left[place]
    sums: dict[str, int] = {}
    for tax in taxes:
        if tax.key not in bases or tax.amount.currency != after.cart.currency or tax.amount.amount < 0:
            raise WrongTaxes
        sums[tax.key] = sums.get(tax.key, 0) + tax.amount.amount
    if prices_include_tax and any(amount > bases[key] for key, amount in sums.items()):
        raise WrongTaxes
    return sums


def _tax_sums(taxes: Sequence[Tax], currency: str) -> tuple[TaxSum, ...]:
    sums: dict[tuple[str, int], int] = {}
    for tax in taxes:
        sums[tax.name, tax.rate] = sums.get((tax.name, tax.rate), 0) + tax.amount.amount
    return tuple(TaxSum(name=name, rate=rate, amount=Money(amount, currency)) for (name, rate), amount in sums.items())


def _tax_steps(taxes: Sequence[Tax], currency: str) -> tuple[TraceStep, ...]:
    return tuple(
        TraceStep(plugin="", rule=f"tax {sum_.name}", verdict=APPLIED, reason="", amount=sum_.amount, title=sum_.name)
        for sum_ in _tax_sums(taxes, currency)
    )
