"""A fair: shops in yen, euro and dinars that sell off one shelf, each with its taxes, coupons and delivery, and a bank.

The plugins are the real ones. The bank does whatever it is asked to, so that every limit is the shop's own; what
happens there is told at once, late, twice or never, and some answers are lost.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from core.catalogue.services.drafts import ListingDraft, PriceDraft, ProductDraft, TextDraft, VariantDraft
from core.catalogue.services.products import save_product
from core.hookspecs.payment import Fact, FactKind
from core.hookspecs.site import Site
from core.kernel import commands, db
from core.kernel.runtime import Hooks
from core.kernel.site_verbs import add_site
from core.kernel.sites import state_of
from core.kernel.switch import switch_on
from core.lib import clock
from core.lib.errors import NotFound, Refused
from core.lib.money import Money
from core.orders.services import expire
from core.orders.services.cancel import cancel
from core.orders.services.notices import take_notice
from core.orders.services.opening import begin_payment, choose_gateway, fetch_payment
from core.orders.services.payments import capture, mark_paid, void
from core.orders.services.refunds import refund_surplus
from core.orders.services.resume import resume_unknown
from core.orders.services.ship import ship
from core.orders.services.unship import unship
from tests.core.checkout.shop import FakePlugins, Shop
from tests.core.orders import walk as walks
from tests.core.orders.ledger import complaints, untrue_papers
from tests.core.orders.walk import STAFF, Act, Numbers, Walk, check
from tests.core.orders.walk import state_of as figures_of
from tests.core.testing.bank import Bank, Right

PRICES = (1000, 333, 2500, 77)
CLASSES = ("standard", "reduced", "standard", "reduced")
DELIVERY = {"JPY": "490", "EUR": "4.90", "KWD": "1.490"}
BANK = "fake_gateway"  # A plugin of this name stands behind the bank's payments.


@dataclass
class Stall(Walk):
    """An order at one of the shops. `silent` is what happened at the bank and nobody has told the shop yet."""

    bank: Bank = field(default_factory=Bank)
    silent: list[tuple[str, Fact]] = field(default_factory=list)
    stranger: Site | None = None

    def act(self, numbers: Numbers) -> None:
        super().act(numbers)
        self.bank.losing = self.bank.declining = False

    def outside(self) -> int:
        return sum(map(len, self.bank.events.values()))

    def payment(self, a: int) -> tuple[int, str]:
        """(id, the bank's token) of one of the payments."""
        found = db.rows(
            "SELECT p.id, COALESCE(r.token, p.token) FROM payment p LEFT JOIN payment r ON r.id = p.of_payment_id"
            " WHERE p.order_id = ? ORDER BY p.id",
            self.order_id,
        )
        return found[a % len(found)]  # type: ignore[no-any-return]

    def money(self, amount: int) -> Money:
        return Money(amount, self.order.currency)


# -- what happens at the bank ------------------------------------------------------------------------------------------


def visit(stall: Stall, a: int, b: int, c: int) -> None:
    """The shopper goes to the bank and pays, now or by an authorisation, or is declined."""
    begin_payment(stall.shop.state, stall.order_id)
    payment_id, token = stall.payment(-1)
    if stall.bank.events.get(token):
        raise Refused
    amount = int(db.value("SELECT amount FROM payment WHERE id = ?", payment_id))
    kind = FactKind.DECLINED if b % 9 == 0 else FactKind.CAPTURED if a % 3 == 0 else FactKind.AUTHORIZED
    _tell(stall, token, stall.bank.add(token, kind, stall.money(amount)), c)


def _tell(stall: Stall, token: str, fact: Fact, c: int) -> None:
    if c % 4 == 0:
        stall.silent.append((token, fact))
        return
    for _ in range(2 if c % 4 == 1 else 1):
        _post(stall, token, fact)


def _post(stall: Stall, token: str, fact: Fact) -> None:
    reply = take_notice(stall.shop.state, BANK, Right.account, stall.bank.about(token, fact))
    assert reply.status == 200


def post(stall: Stall, a: int, _b: int, _c: int) -> None:
    """Late notices come, the last ones first, some of them twice."""
    if not stall.silent:
        raise Refused
    waiting, stall.silent = stall.silent[::-1], []
    for token, fact in waiting:
        for _ in range(1 + a % 2):
            _post(stall, token, fact)


def take(stall: Stall, a: int, b: int, c: int) -> None:
    """Authorised money is taken in parts; a second click is the same wish."""
    payment_id, _token = stall.payment(a)
    stall.bank.losing, stall.bank.declining = c % 7 == 1, c % 7 == 2
    amount = stall.money(1 + b % 2000)
    for _ in range(1 + c % 2):
        capture(stall.shop.state, payment_id, amount, actor=STAFF, key=f"walk-{stall.done}")


def take_all(stall: Stall, a: int, _b: int, _c: int) -> None:
    """All that the bank still keeps ready is taken."""
    payment_id, token = stall.payment(a)
    left = stall.bank.total(token, FactKind.AUTHORIZED) - stall.bank.total(token, FactKind.CAPTURED)
    capture(stall.shop.state, payment_id, stall.money(left), actor=STAFF, key=f"walk-{stall.done}")


def let_go(stall: Stall, a: int, _b: int, _c: int) -> None:
    void(stall.shop.state, stall.payment(a)[0], actor=STAFF)


def give(stall: Stall, _a: int, b: int, c: int) -> None:
    """What is owed goes back, whole or in part, at the bank or by hand; the answer may be lost."""
    stall.bank.losing, stall.bank.declining = c % 5 == 1, c % 5 == 2
    refund_surplus(
        stall.shop.state, stall.order_id, actor=STAFF, key=f"walk-{stall.done}", by_hand=c % 5 == 3,
        at_most=None if b % 2 else 1 + b % 1500,
    )  # fmt: skip


def bounce(stall: Stall, a: int, _b: int, c: int) -> None:
    """A refund that the bank had made, and the shop had heard of, comes back to it: the card is gone."""
    _id, token = stall.payment(a)
    facts = stall.bank.events.get(token, [])
    known = {ref for (ref,) in db.rows("SELECT reference FROM payment_fact WHERE kind = 'refunded'")}
    made = [fact.amount for fact in facts if fact.kind is FactKind.REFUNDED and fact.reference in known]
    failed = sum(fact.kind is FactKind.REFUND_FAILED for fact in facts)
    if failed >= len(made):
        raise Refused
    _tell(stall, token, stall.bank.add(token, FactKind.REFUND_FAILED, made[failed]), c)


def dispute(stall: Stall, a: int, b: int, c: int) -> None:
    """The shopper asks the bank for money back, all of it or a part: it is neither ours nor gone until that ends."""
    token = stall.payment(a)[1]
    left = _at_the_bank(stall, token, "captured") - _at_the_bank(stall, token, "refunded")
    left += _at_the_bank(stall, token, "refund_failed") - _at_the_bank(stall, token, "moved")
    left -= _at_the_bank(stall, token, "disputed") - _at_the_bank(stall, token, "dispute_won")
    if left <= 0 or stall.silent:
        raise Refused
    amount = stall.money(left if b % 2 else 1 + b % left)
    _tell(stall, token, stall.bank.add(token, FactKind.DISPUTED, amount), 1 + c % 2)


def dispute_ends(stall: Stall, a: int, b: int, c: int) -> None:
    """The bank decides for the shop, or for the shopper."""
    token = stall.payment(a)[1]
    kinds = (FactKind.DISPUTED, FactKind.DISPUTE_WON, FactKind.DISPUTE_LOST)
    opened, won, lost = (stall.bank.total(token, kind) for kind in kinds)
    if opened <= won + lost:
        raise Refused
    amount = stall.money(opened - won - lost)
    _tell(stall, token, stall.bank.add(token, kinds[1 + b % 2], amount), 1 + c % 2)


def _at_the_bank(stall: Stall, token: str, kind: str) -> int:
    """What the shop knows of a payment and of those that were carried over from it."""
    del stall
    return int(
        db.value(
            "SELECT COALESCE(SUM(f.amount), 0) FROM payment_fact f JOIN payment p ON p.id = f.payment_id"
            " WHERE p.token = ? AND f.kind = ? AND f.verdict = 'counted'",
            token, kind,
        )
    )  # fmt: skip


def mislaid(stall: Stall, a: int, _b: int, _c: int) -> None:
    """A parcel was noted by mistake."""
    found = db.rows("SELECT id FROM shipment WHERE order_id = ? AND undone_at IS NULL ORDER BY id", stall.order_id)
    if not found or not unship(stall.shop.site, stall.order_id, found[a % len(found)][0], actor=STAFF):
        raise Refused


def enquire(stall: Stall, a: int, b: int, _c: int) -> None:
    """The bank is asked what it knows, or about all that it never answered."""
    if b % 2:
        fetch_payment(stall.shop.state, stall.payment(a)[0])
    else:
        resume_unknown(stall.shop.state, older_than_s=-1)


def choose(stall: Stall, _a: int, _b: int, _c: int) -> None:
    choose_gateway(stall.shop.state, stall.order_id, Right.code)


def wait(stall: Stall, a: int, _b: int, _c: int) -> None:
    """A month goes by: what nobody paid goes back, and what was promised for nothing is let go."""
    if a % 3 == 0:
        at = clock.micros(clock.now() + timedelta(days=30))
        expire._expire(stall.shop.state, stall.order_id, at)
    expire.release_authorisations(stall.shop.state)


def paper(stall: Stall, _a: int, _b: int, _c: int) -> None:
    """The order's papers are brought up to date: then they say together what it costs by now."""
    from plugins.documents.services import issuing

    if not (kind := issuing.due_kind(stall.shop.site, stall.order_id)):
        raise Refused
    issuing.issue(stall.shop.site, stall.order_id, kind, actor=STAFF)
    found = list(untrue_papers(stall.order))
    assert found == [], found


def meddle(stall: Stall, _a: int, _b: int, _c: int) -> None:
    """Another shop of the house knows nothing of this order."""
    assert stall.stranger is not None
    other = state_of(stall.stranger.id)
    verbs: list[Callable[[], object]] = [
        lambda: ship(other.site, stall.order_id, actor=STAFF),
        lambda: cancel(other.site, stall.order_id, actor=STAFF),
        lambda: mark_paid(other, stall.order_id, actor=STAFF),
        lambda: capture(other, stall.payment(0)[0], stall.money(1), actor=STAFF, key="x"),
        lambda: refund_surplus(other, stall.order_id, actor=STAFF, key="x"),
    ]
    for verb in verbs:
        with pytest.raises(NotFound):
            verb()


def _named(*acts: Any) -> list[tuple[str, Act]]:
    return [(act.__name__, act) for act in acts]


ACTS: Sequence[tuple[str, Act]] = [
    *_named(visit, visit, visit, post, take, take, take_all, let_go, give, give, bounce, enquire, choose, wait, meddle),
    *_named(paper, paper, dispute, dispute_ends, dispute_ends, mislaid),
    *walks.ACTS,
]


# -- the fair ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch) -> Bank:
    """The bank, which every shop offers as its way to pay."""
    bank, ask = Bank(), Hooks.each
    bank.is_strict = False

    def each(hooks: Hooks, name: str, /, **arguments: Any) -> list[tuple[str, Any]]:
        return [(BANK, [Right(bank)])] if name == "payment_gateways" else ask(hooks, name, **arguments)

    monkeypatch.setattr(Hooks, "each", each)
    return bank


def open_fair(bank: Bank, *, inside: bool, currencies: Sequence[str] = ("JPY", "EUR", "KWD")) -> list[Stall]:
    """Shops with one order each; prices hold the tax or not."""
    shops = [_open(currency, inside=inside) for currency in currencies]
    variants = _stock(shops)
    stalls = []
    for at, shop in enumerate(shops):
        wanted = ((variants[0], 3), (variants[1], 2), (variants[3], 5))
        placed = shop.order(*wanted, codes=["SAVE"])
        stranger = shops[at - 1].site if len(shops) > 1 else None
        stalls.append(Stall(shop, variants, placed.id, acts=ACTS, bank=bank, stranger=stranger))
    return stalls


def _open(currency: str, *, inside: bool) -> Shop:
    host = f"{currency.lower()}.test"
    site = add_site(host=host, name=currency, currency=currency, country="GB", prices_include_tax=inside)
    for plugin in ("tax_table", "coupons", "flat_rate", "documents"):
        switch_on(site.id, plugin, "system", together=True)
    for tax_class, rate in (("standard", "19"), ("reduced", "5.5")):
        _add("tax_table", host, "--class", tax_class, "--country", "GB", "--rate", rate)
    _add("coupons", host, "--code", "SAVE", "--percent", "13.37")
    _add("flat_rate", host, "--title", "en=Post", "--price", f"{currency}={DELIVERY[currency]}")
    return Shop(state_of(site.id), FakePlugins())


def _add(plugin: str, host: str, *said: str) -> None:
    commands.run_plugin_command(plugin, "add", ["--site", host, *said])


def _stock(shops: Sequence[Shop]) -> list[int]:
    """Four things, at the same number of each shop's smallest coins."""
    for at, (amount, tax_class) in enumerate(zip(PRICES, CLASSES, strict=True)):
        for shop in shops:
            price = PriceDraft(amount=Money(amount, shop.site.currency))
            stock = 40 if shop is shops[0] else None
            variant = VariantDraft(sku=f"t{at}", prices=(price,), tracked=True, stock=stock)
            draft = ProductDraft(
                texts={"en": TextDraft(name=f"Thing {at}")}, variants=(variant,), tax_class=tax_class,
                listing=ListingDraft(visible=True), whole=False,
            )  # fmt: skip
            save_product(shop.site, draft, STAFF)
    return [int(db.value("SELECT id FROM variant WHERE sku = ?", f"t{at}")) for at in range(len(PRICES))]


def go(stalls: Sequence[Stall], steps: Sequence[Numbers]) -> Sequence[Stall]:
    """Walk all steps, each at one of the stalls, looking after each at everything."""
    for at, numbers in enumerate(steps):
        stall = stalls[at % len(stalls)]
        others = [_orders(one) for one in stalls if one is not stall]
        stall.act(numbers)
        assert [_orders(one) for one in stalls if one is not stall] == others, "another shop's order changed"
        look(stall)
    return stalls


def look(stall: Stall) -> None:
    """Everything that must hold now."""
    check(stall)
    found = [*complaints(), *unknown_to_the_bank(stall)]
    assert found == [], found


def unknown_to_the_bank(stall: Stall) -> list[str]:
    """What the shop believes of the bank and the bank knows otherwise, or not at all."""
    known = {
        (str(fact.kind), fact.reference): (fact.amount.amount, fact.amount.currency)
        for facts in stall.bank.events.values()
        for fact in facts
    }
    return [
        f"{kind} {reference}: {amount} {currency}, at the bank {known.get((kind, reference))}"
        for kind, reference, amount, currency in db.rows(
            "SELECT kind, reference, amount, currency FROM payment_fact WHERE note <> 'by hand'"
            " AND reference NOT LIKE 'moved %'"
        )
        if known.get((kind, reference)) != (amount, currency)
    ]


def _orders(stall: Stall) -> list[Any]:
    found = [json.loads(figures_of(order_id)) for order_id in (stall.order_id, *stall.others)]
    return [{name: part for name, part in figures.items() if name != "stock"} for figures in found]


def digest(stalls: Sequence[Stall]) -> str:
    return "-".join(walks.digest(stall)[:8] for stall in stalls)
