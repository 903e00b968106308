"""A walk through an order's life: acts chosen by numbers, and what must hold after each of them.

The expected price is kept by plain counting, beside the shop's own arithmetic: units times what each was sold for, as
fractions, since an offer makes prices that do not divide evenly. Where nothing is left of a line, no cent may be.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from msgspec.structs import replace

from core.cart.services import CartPlace, Details
from core.catalogue.services import receive_stock
from core.catalogue.services.stock_counts import first_location
from core.checkout.services import resolving
from core.checkout.services.changing import change_order, draft_change
from core.checkout.services.exchanging import send_ahead
from core.hookspecs.promote import Offer, PercentOff
from core.kernel import db
from core.lib.errors import Broken, Refused
from core.lib.money import Money
from core.orders.services import case as desk
from core.orders.services import case_reading
from core.orders.services.case_shapes import CaseView
from core.orders.services.change import confirm_change
from core.orders.services.change_shapes import (
    BETTER,
    KEEP,
    REEVALUATE,
    Action,
    AddCharge,
    AddDestination,
    AddGoods,
    CancelUnits,
    MoveUnits,
    RemoveLine,
    SetAddress,
    SetDelivery,
    SetPrice,
    SetQuantity,
)
from core.orders.services.exchange import hold_new_goods
from core.orders.services.holds import approve_order, hold_order, refuse_order
from core.orders.services.listing import OrderFilters, list_orders
from core.orders.services.parting import merge_order, split_order
from core.orders.services.payments import mark_paid
from core.orders.services.picked import start_picking, undo_picking
from core.orders.services.price_now import price_now
from core.orders.services.read import OrderView, order_view
from core.orders.services.refunds import refund_surplus
from core.orders.services.ship import deliver, ship
from tests.core.checkout.books import unbalanced
from tests.core.checkout.places import BONN, PARIS, Abroad, by_country
from tests.core.checkout.shop import LONDON, Shop

STAFF = "staff:1"
Numbers = tuple[int, int, int, int]


@dataclass
class Walk:
    """One order and what may happen to it: `acts`. `refused` counts the acts that were not possible.

    `others` are the orders that were split from it. An act on an order that is ours `alone` is compared with before.
    """

    shop: Shop
    variants: list[int]
    order_id: int
    done: int = 0
    refused: int = 0
    names: list[str] = field(default_factory=list)
    others: list[int] = field(default_factory=list)
    alone: bool = True
    acts: Sequence[tuple[str, Act]] = field(default_factory=lambda: ACTS)

    @property
    def actor(self) -> str:
        """Whose name stands beside what happens."""
        return STAFF

    @property
    def order(self) -> OrderView:
        found = order_view(self.order_id)
        assert found is not None
        return found

    def act(self, numbers: Numbers) -> None:
        """One act; one that is refused must leave everything as it was."""
        kind, a, b, c = numbers
        name, act = self.acts[kind % len(self.acts)]
        self.done += 1
        before, outside = states_of(self), self.outside()
        try:
            act(self, a, b, c)
        except (Refused, Broken):
            self.refused += 1
            if self.outside() == outside:
                assert states_of(self) == before, f"{name} was refused, and something is different"
            return
        self.names.append(name)

    def outside(self) -> int:
        """What happened elsewhere so far: of an act that is refused half-way, that stays."""
        return 0

    def change(self, *actions: Action, policy: str = KEEP) -> None:
        change_order(self.shop.state, self.order_id, actions, key=f"walk-{self.done}", actor=self.actor, policy=policy)

    def line(self, a: int) -> int:
        lines = self.order.lines
        return lines[a % len(lines)].id

    def place(self, a: int) -> int | None:
        """One of several places; None of the only one."""
        places = self.order.destinations
        return places[a % len(places)].position if self.order.is_spread else None

    def case(self, a: int) -> CaseView:
        cases = case_reading.cases_of(self.shop.site, self.order_id)
        cases = [case for case in cases if case.ended_at is None] or cases
        if not cases:
            raise Refused
        return cases[a % len(cases)]


def start(shop: Shop, units: tuple[int, int] = (3, 2), *, spread: bool = False) -> Walk:
    """An order of two things; a third is for sale. An offer makes sums that do not divide by their pieces.

    `spread`: a part of it goes to another country, at other taxes and another price of the way.
    """
    shop.plugins.offers = lambda _cart, _codes: [Offer(key="x", title="X", benefit=PercentOff(basis_points=1337))]
    n = int(db.value("SELECT count(*) FROM variant"))
    variants = [shop.sell(f"t{n}-{at}", price, stock=12) for at, price in enumerate((1000, 333, 2500))]
    bought = ((variants[0], units[0]), (variants[1], units[1]))
    if not spread:
        return Walk(shop, variants, shop.order(*bought).id)
    shop.state = replace(shop.state, site=replace(shop.site, several_addresses=True))
    shop.plugins.carriers, shop.plugins.taxes = [Abroad()], by_country
    further = CartPlace(address=PARIS, units={variants[0]: 2, variants[1]: 1})
    details = Details(email="ada@example.com", address=LONDON, places=(further,))
    return Walk(shop, variants, shop.order(*bought, details=details).id, acts=ACTS_OF_PLACES)


# -- acts --------------------------------------------------------------------------------------------------------------


def pay(walk: Walk, a: int, b: int, _c: int) -> None:
    amount = None if a % 2 else Money(1 + b % 2000, walk.order.currency)
    mark_paid(walk.shop.state, walk.order_id, actor=walk.actor, amount=amount, reference=f"walk-{walk.done}")


def quantity(walk: Walk, a: int, b: int, _c: int) -> None:
    walk.change(SetQuantity(line_id=walk.line(a), quantity=b % 6))


def cancel(walk: Walk, a: int, b: int, c: int) -> None:
    if c % 5 == 0:
        walk.change(RemoveLine(line_id=walk.line(a)))
    else:
        walk.change(CancelUnits(line_id=walk.line(a), quantity=1 + b % 3))


def add(walk: Walk, a: int, b: int, c: int) -> None:
    policy = (REEVALUATE, BETTER, KEEP, KEEP)[c % 4]
    goods = AddGoods(variant_id=walk.variants[a % 3], quantity=1 + b % 3, destination=walk.place(c))
    walk.change(goods, policy=policy)


def price(walk: Walk, a: int, b: int, _c: int) -> None:
    walk.change(SetPrice(line_id=walk.line(a), amount=b % 1500, reason="scratched"))


def charge(walk: Walk, a: int, b: int, _c: int) -> None:
    walk.change(AddCharge(charge="goodwill" if a % 2 else "fee", amount=1 + b % 700, reason="walk"))


def carry(walk: Walk, a: int, b: int, _c: int) -> None:
    walk.change(SetDelivery(amount=b % 900, destination=walk.place(b)), CancelUnits(line_id=walk.line(a), quantity=0))


def send(walk: Walk, a: int, b: int, c: int) -> None:
    lines, held = None if c % 3 == 0 else {walk.line(a): 1 + b % 3}, walk.order.is_held
    place = walk.place(b) if lines is None else None
    ship(walk.shop.site, walk.order_id, actor=walk.actor, lines=lines, place=place, key=f"walk-{walk.done}")
    assert not held or not walk.alone, "an order on hold was sent"


def arrive(walk: Walk, _a: int, _b: int, _c: int) -> None:
    deliver(walk.shop.site, walk.order_id, actor=walk.actor)


def ask(walk: Walk, a: int, b: int, c: int) -> None:
    kind = ("return", "exchange", "claim")[c % 3]
    desk.request_case(
        walk.shop.site, walk.order_id, kind=kind, lines={walk.line(a): 1 + b % 2}, reason="damaged",
        key=f"walk-{walk.done}", actor=walk.actor, by_rules=a % 2 == 0,
        wanted={walk.variants[b % 3]: 1} if kind == "exchange" else {},
    )  # fmt: skip


def approve(walk: Walk, a: int, _b: int, _c: int) -> None:
    desk.approve_case(walk.shop.site, walk.case(a).id, actor=walk.actor)


def refuse(walk: Walk, a: int, b: int, _c: int) -> None:
    if b % 2:
        desk.decline_case(walk.shop.site, walk.case(a).id, actor=walk.actor, answer="no")
    else:
        desk.withdraw_case(walk.shop.site, walk.case(a).id, actor=walk.actor)


def receive(walk: Walk, a: int, b: int, _c: int) -> None:
    case = walk.case(a)
    desk.receive_case(walk.shop.site, case.id, {case.lines[0].line_id: 1 + b % 2}, actor=walk.actor)


def inspect(walk: Walk, a: int, b: int, c: int) -> None:
    case = walk.case(a)
    kind = ("sellable", "damaged", "discarded", "to_supplier")[c % 4]
    desk.inspect_case(walk.shop.site, case.id, {case.lines[0].line_id: {kind: 1 + b % 2}}, actor=walk.actor)


def resolve(walk: Walk, a: int, b: int, c: int) -> None:
    terms = resolving.Terms(restocking=b % 200, goodwill=c % 100, way=resolving.REPLACE if b % 2 else resolving.REFUND)
    resolving.resolve(walk.shop.state, walk.case(a).id, terms, actor=walk.actor)


def refund(walk: Walk, _a: int, b: int, c: int) -> None:
    at_most = None if c % 2 else 1 + b % 1500
    refund_surplus(walk.shop.state, walk.order_id, actor=walk.actor, key=f"walk-{walk.done}", at_most=at_most)


def come_in(walk: Walk, a: int, b: int, _c: int) -> None:
    receive_stock({walk.variants[a % 3]: 1 + b % 3}, first_location(), f"delivery:{walk.done}", walk.actor)


def part(walk: Walk, a: int, b: int, _c: int) -> None:
    """Units go into an order of their own, and both cost what the one did."""
    before = prices(walk)
    key, chosen = f"walk-{walk.done}", {walk.line(a): 1 + b % 2}
    number = split_order(walk.shop.site, walk.order_id, chosen, key=key, actor=walk.actor)
    found = db.value("SELECT id FROM orders WHERE number = ? AND site_id = ?", number, walk.shop.site.id)
    walk.others.append(int(found))
    assert prices(walk) == before or not walk.alone, "a split lost a cent"


def join(walk: Walk, a: int, _b: int, _c: int) -> None:
    """What was split off comes back."""
    if not walk.others:
        raise Refused
    other, before = walk.others[a % len(walk.others)], prices(walk)
    merge_order(walk.shop.site, other, walk.order_id, key=f"walk-{walk.done}", actor=walk.actor)
    assert prices(walk) == before or not walk.alone, "a merge lost a cent"


def prices(walk: Walk) -> int:
    """What all the orders cost together by now."""
    found = [order for order_id in (walk.order_id, *walk.others) if (order := order_view(order_id))]
    return sum((price.total if (price := price_now(order)) else order.total).amount for order in found)


def pay_other(walk: Walk, a: int, b: int, _c: int) -> None:
    if not walk.others:
        raise Refused
    amount = None if b % 2 else Money(1 + b % 900, walk.order.currency)
    other = walk.others[a % len(walk.others)]
    mark_paid(walk.shop.state, other, actor=walk.actor, amount=amount, reference=f"walk-{walk.done}")


def stale(walk: Walk, a: int, b: int, c: int) -> None:
    """A draft that was overtaken by another change: only its refusal is right."""
    actions = [SetQuantity(line_id=walk.line(a), quantity=b % 5), AddCharge(charge="fee", amount=1)]
    draft = draft_change(walk.shop.state, walk.order_id, actions, key=f"stale-{walk.done}", actor=walk.actor)
    if c % 2:
        confirm_change(walk.shop.site, draft, actor=walk.actor)
        confirm_change(walk.shop.site, draft, actor=walk.actor)
        return
    walk.change(AddCharge(charge="fee", amount=1 + b % 5))
    try:
        confirm_change(walk.shop.site, draft, actor=walk.actor)
    except Refused:
        return
    raise AssertionError("a draft of an older version was confirmed")


def move(walk: Walk, a: int, b: int, _c: int) -> None:
    """One of its places is another, nearer or further away, and somebody else's."""
    address = replace((LONDON, PARIS, BONN)[a % 3], name=f"Ada {b % 9}")
    walk.change(SetAddress(address=address, destination=walk.place(b)), policy=(KEEP, BETTER)[b % 2])


def scatter(walk: Walk, a: int, b: int, c: int) -> None:
    """Pieces go to another of its places."""
    if (place := walk.place(b)) is None:
        raise Refused
    walk.change(MoveUnits(line_id=walk.line(a), quantity=1 + c % 2, destination=place))


def reach(walk: Walk, a: int, b: int, c: int) -> None:
    """It gets one more place, for pieces that wait and for a thing more."""
    new = walk.order.destinations[-1].position + 1
    if new > 4:
        raise Refused
    goods = [AddGoods(variant_id=walk.variants[a % 3], quantity=1, destination=new)] if c % 2 else []
    there = AddDestination(address=replace((LONDON, PARIS, BONN)[b % 3], name=f"Bea {a % 9}"), destination=new)
    walk.change(there, MoveUnits(line_id=walk.line(a), quantity=1, destination=new), *goods)


def resettle(walk: Walk, a: int, b: int, c: int) -> None:
    """All of its places are others at once, and pieces go from one to another."""
    places = walk.order.destinations
    moves = [MoveUnits(line_id=walk.line(a), quantity=1, destination=places[-1].position)] if c % 2 else []
    walk.change(
        *moves,
        *(
            SetAddress(
                address=replace((LONDON, PARIS, BONN)[(b + at) % 3], name=f"Cy {a % 9}"), destination=one.position
            )
            for at, one in enumerate(places)
        ),
    )


def pause(walk: Walk, _a: int, _b: int, _c: int) -> None:
    hold_order(walk.shop.site, walk.order_id, reason="strange", actor=walk.actor)


def go_on(walk: Walk, _a: int, _b: int, _c: int) -> None:
    approve_order(walk.shop.site, walk.order_id, actor=walk.actor)
    assert not walk.order.is_held or not walk.alone


def turn_down(walk: Walk, _a: int, b: int, _c: int) -> None:
    """One of three that wait is cancelled."""
    if b % 3:
        raise Refused
    refuse_order(walk.shop.site, walk.order_id, reason="forged", actor=walk.actor)
    assert not walk.alone or not any(line.allocated for line in walk.order.lines), "something still waits to be sent"


def pick(walk: Walk, a: int, b: int, c: int) -> None:
    lines, held = None if c % 3 == 0 else {walk.line(a): 1 + b % 2}, walk.order.is_held
    start_picking(walk.shop.site, walk.order_id, actor=walk.actor, lines=lines)
    assert not held or not walk.alone, "an order on hold was picked"


def unpick(walk: Walk, _a: int, _b: int, _c: int) -> None:
    undo_picking(walk.shop.site, walk.order_id, actor=walk.actor)


def keep(walk: Walk, a: int, b: int, _c: int) -> None:
    """What an exchange sends is held for some days, or let go."""
    hold_new_goods(walk.shop.site, walk.case(a).id, b % 4, actor=walk.actor)


def ahead(walk: Walk, a: int, _b: int, _c: int) -> None:
    send_ahead(walk.shop.state, walk.case(a).id, actor=walk.actor)


Act = Callable[[Walk, int, int, int], None]
ACTS: list[tuple[str, Act]] = [
    (act.__name__, act)
    for act in (
        pay, quantity, cancel, add, price, charge, carry, send, arrive, ask, approve, refuse, receive, inspect, resolve,
        refund, come_in, stale, receive, resolve, inspect, send, pay, ask, approve, receive, inspect, resolve, cancel,
        part, join, pay_other, part, join, move, pause, go_on, turn_down, go_on, pick, pick, unpick,
        keep, ahead, ahead,
    )
]  # fmt: skip


# So that a step is the same act in both, further ones stand at the end.
ACTS_OF_PLACES = [
    *ACTS, *[("move", move)] * 2, *[("scatter", scatter)] * 3, *[("reach", reach)] * 2, ("resettle", resettle),
]  # fmt: skip


# -- what must hold ----------------------------------------------------------------------------------------------------


def states_of(walk: Walk) -> str:
    """The state of the order and of those that were split from it."""
    return "\n".join(state_of(order_id) for order_id in (walk.order_id, *walk.others))


def state_of(order_id: int) -> str:
    """All figures of an order and its stock as text, without ids of rows and instants: the same on any database."""
    parts = {
        "order": db.rows(
            "SELECT subtotal, discount, delivery, tax, total, delivery_total, charges, given_back, advanced, address"
            " FROM orders"
            " WHERE id = ?",
            order_id,
        ),
        "lines": db.rows(
            "SELECT position, unit_amount, subtotal, total, ordered, allocated, picked, shipped, delivered, cancelled,"
            " return_requested, received, restocked, written_off, claimed, claimed_amount"
            " FROM order_line WHERE order_id = ?"
            " ORDER BY position",
            order_id,
        ),
        "holds": db.rows("SELECT source, outcome FROM order_hold WHERE order_id = ? ORDER BY id", order_id),
        "charges": db.rows("SELECT kind, amount FROM order_charge WHERE order_id = ? ORDER BY id", order_id),
        "money": db.rows(
            "SELECT f.kind, f.amount FROM payment_fact f JOIN payment p ON p.id = f.payment_id WHERE p.order_id = ?"
            " ORDER BY f.kind, f.amount",
            order_id,
        ),
        "cases": db.rows(
            "SELECT c.kind, c.outcome, c.granted, l.quantity, l.received, l.sellable, l.damaged, l.discarded,"
            " l.to_supplier, l.value FROM order_case c JOIN order_case_line l ON l.case_id = c.id WHERE c.order_id = ?"
            " ORDER BY c.id, l.id",
            order_id,
        ),
        "stock": db.rows(
            "SELECT on_hand, allocated, held, damaged, quality, incoming FROM stock_level WHERE variant_id IN"
            " (SELECT variant_id FROM order_line WHERE order_id = ?) ORDER BY variant_id, location_id",
            order_id,
        ),
        "states": db.rows(
            "SELECT state FROM order_change WHERE order_id = ? AND state <> 'draft' ORDER BY id", order_id
        ),
    }
    return json.dumps(parts, default=str)


def digest(walk: Walk) -> str:
    """A short name of where a walk ended."""
    return hashlib.sha256(states_of(walk).encode()).hexdigest()[:16]


def check(walk: Walk) -> None:
    """Everything that must hold now."""
    assert unbalanced() == []
    for order_id in (walk.order_id, *walk.others):
        order = order_view(order_id)
        assert order is not None
        check_order(walk, order)
    check_announced(walk)
    check_kept(walk)


def check_order(walk: Walk, order: OrderView) -> None:
    """What must hold of each order by itself."""
    for line in order.lines:
        assert line.allocated + line.shipped + line.cancelled == line.quantity, line
        assert min(line.allocated, line.shipped, line.cancelled, line.received, line.return_requested) >= 0
        assert line.received + line.claimed <= line.shipped
        assert line.restocked + line.written_off <= line.received
        assert line.return_requested <= line.shipped
        assert 0 <= line.in_hand <= line.allocated
    for payment in order.payments:
        sums = Counter[str]()
        for fact in payment.facts:
            sums[fact.kind] += fact.amount.amount
        assert sums["refunded"] - sums["refund_failed"] + sums["moved"] <= sums["captured"]
    found = list_orders(walk.shop.site, OrderFilters(text=order.number)).orders
    row = next(one for one in found if one.id == order.id)
    assert row.status == order.status, "the list and the order say different things"
    if order.due.amount:
        assert order.status.payment in {"unpaid", "pending", "authorized", "partly_paid", "disputed"}
        assert order.status.order != "completed", "money is still to come"
    check_money(order)


def check_kept(walk: Walk) -> None:
    """What the orders have kept together is what came from outside, less what went there."""
    orders = [order_view(order_id) for order_id in (walk.order_id, *walk.others)]
    kept = sum(one.captured.amount - one.refunded.amount for one in orders if one is not None)
    outside = db.value(
        "SELECT COALESCE(SUM(CASE WHEN f.kind = 'refunded' THEN -f.amount WHEN f.kind = 'refund_failed' THEN f.amount"
        " WHEN p.of_payment_id IS NULL OR f.reference"
        " NOT LIKE 'moved %' THEN CASE WHEN f.kind = 'captured' THEN f.amount ELSE 0 END ELSE 0 END), 0)"
        " FROM payment_fact f JOIN payment p ON p.id = f.payment_id WHERE p.order_id IN"
        f" ({db.marks([walk.order_id, *walk.others])})",
        walk.order_id, *walk.others,
    )  # fmt: skip
    assert kept == int(outside)


def check_announced(walk: Walk) -> None:
    """What is announced and claimed of each line is what its cases say."""
    announced: dict[int, int] = {}
    claimed: dict[int, int] = {}
    for case in case_reading.cases_of(walk.shop.site, walk.order_id):
        for line in case.lines:
            if case.kind == "claim":
                counts = 0 if case.state in {"declined", "withdrawn"} else line.quantity
                claimed[line.line_id] = claimed.get(line.line_id, 0) + counts
            else:
                counts = line.received if case.ended_at else line.quantity
                announced[line.line_id] = announced.get(line.line_id, 0) + counts
    for line in walk.order.lines:
        assert line.return_requested == announced.get(line.id, 0)
        assert line.claimed == claimed.get(line.id, 0)


def check_money(order: OrderView) -> None:
    """What is due and owed, by counting units at what each was sold for."""
    price, slack = costs_now(order)
    kept = order.captured.amount - order.refunded.amount
    coming = check_advanced(order)
    assert abs(order.due.amount - max(0, price - kept - coming)) <= slack, (order.due, price, kept, coming)
    lost = sum(
        fact.amount.amount for payment in order.payments for fact in payment.facts if fact.kind == "dispute_lost"
    )
    kept -= lost  # What the bank took is not owed, and is not asked for anew.
    assert abs(order.refund_due.amount - max(0, min(kept, kept - price))) <= slack, (order.refund_due, price, kept)


def check_advanced(order: OrderView) -> int:
    """What counts as paid is what is expected back for goods that were sent ahead, and no more than those cost."""
    coming = 0
    for case_id, advance, change_id in db.rows(
        "SELECT id, advance, sent_change_id FROM order_case WHERE order_id = ? AND ended_at IS NULL", order.id
    ):
        came = int(db.value("SELECT SUM(value) FROM order_case_line WHERE case_id = ?", case_id))
        coming += max(0, advance - came) if change_id else 0
        costs = db.value("SELECT COALESCE(SUM(total), 0) FROM order_line WHERE change_id = ?", change_id)
        assert 0 <= advance <= int(costs)
    assert order.advanced.amount == coming
    return coming


def costs_now(order: OrderView) -> tuple[Fraction, int]:
    """What is left of an order's price, and by how many cents that may be rounded otherwise.

    Lines of which a part is gone are right to the cent; those of which all or nothing is gone, exactly.
    """
    claims = dict[int, int](
        db.rows(
            "SELECT l.line_id, SUM(l.value) FROM order_case_line l JOIN order_case c ON c.id = l.case_id WHERE"
            " c.order_id = ? AND c.kind = 'claim' AND c.outcome NOT IN ('declined', 'withdrawn') GROUP BY l.line_id",
            order.id,
        )
    )
    price, slack = Fraction(0), 0
    for line in order.lines:
        gone = line.cancelled + line.received
        if gone + line.claimed == line.quantity:
            price += int(claims.get(line.id, 0))
            continue
        price += Fraction(line.total.amount * (line.quantity - gone), line.quantity)
        slack += (1 if gone else 0) + (1 if gone and line.claimed else 0)
    lives = any(line.left for line in order.lines)
    charges = sum(amount for (amount,) in db.rows("SELECT amount FROM order_charge WHERE order_id = ?", order.id))
    if not order.prices_include_tax:
        charges += db.value(
            "SELECT COALESCE(SUM(amount), 0) FROM order_tax WHERE charge_id IS NOT NULL AND order_id = ?", order.id
        )
    return price + int(charges) + (order.delivery_total.amount if lives else 0), slack


def go(shop: Shop, steps: Sequence[Numbers], *, spread: bool = False) -> Walk:
    """Walk all steps, looking after each."""
    walk = start(shop, spread=spread)
    for numbers in steps:
        walk.act(numbers)
        check(walk)
    return walk
