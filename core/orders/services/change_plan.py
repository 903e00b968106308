"""From actions to a plan and its effect: pure functions over an order, in whole minor units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from core.hookspecs.checkout import Address
from core.lib.addresses import email_problem
from core.lib.errors import NotFound, Refused, Unfit
from core.lib.money import Money, portion, split
from core.orders.services.change_shapes import (
    GRANTS,
    Action,
    AddCharge,
    AddDestination,
    AddGoods,
    CancelUnits,
    Effect,
    MoveUnits,
    Plan,
    PlannedCharge,
    PlannedDelivery,
    PlannedLine,
    PlannedPlace,
    PlannedTax,
    RemoveLine,
    SetAddress,
    SetBilling,
    SetContact,
    SetDelivery,
    SetPrice,
    SetQuantity,
    Share,
)
from core.orders.services.goods import NotThatMany
from core.orders.services.places import place_of
from core.orders.services.shapes import DestinationView, OrderLineView, OrderView
from core.orders.services.status import LineFacts, MoneyFacts, due, owed_back, returned_value, share, to_be_captured

_LARGEST = 10**15
_MOST_UNITS = 9_999
MOST_PLACES = 10
Taxes = Mapping[int, Sequence[tuple[str, int, int]]]
Rates = Mapping[int | None, Sequence[tuple[str, int]]]


class NothingChanges(Refused):
    """The actions leave the order as it is."""

    code = "nothing_changes"
    default_message = "This changes nothing."


class WrongAmount(Refused):
    """An amount below zero, or one that no order can have."""

    status = 422
    code = "wrong_amount"
    default_message = "This amount cannot be used here."


class PlaceWish(Struct, kw_only=True):
    """What shall become of one place: another address, the service that is wanted there, a delivery by hand.

    `is_reached`: something goes there that nothing went to before, so that the way there is asked for anew.
    """

    address: Address | None = None
    service: tuple[str, str] | None = None
    delivery: SetDelivery | None = None
    is_new: bool = False
    is_reached: bool = False


class Wish(Struct):
    """The actions added up: units to cancel and further units per line, new goods, prices, and the rest.

    `goods` are units per variant of each place, `moves` units of lines by the place that they go to from now on.
    `order` is the one that is changed, with the places that it gets.
    """

    order: OrderView
    cancels: dict[int, int] = field(default_factory=dict)
    further: dict[int, int] = field(default_factory=dict)
    goods: dict[int, dict[int, int]] = field(default_factory=dict)
    moves: dict[int, dict[int, int]] = field(default_factory=dict)
    prices: dict[int, int] = field(default_factory=dict)
    charges: list[PlannedCharge] = field(default_factory=list)
    places: dict[int, PlaceWish] = field(default_factory=dict)
    billing: Address | None = None
    email: str = ""
    phone: str = ""

    def at(self, place: int) -> PlaceWish:
        """What is wanted of a place; nothing of most."""
        return self.places.get(place) or PlaceWish()

    def address(self, place: int) -> Address | None:
        """Where a place will be."""
        return self.at(place).address or self.order.at(place).address

    @property
    def further_goods(self) -> dict[int, int]:
        """Units of variants that are new, wherever they go."""
        found: dict[int, int] = {}
        for units in self.goods.values():
            for variant_id, count in units.items():
                _put(found, variant_id, count)
        return found

    def leaves(self, line_id: int) -> int:
        """Units of a line that go to other places from now on."""
        return sum(self.moves.get(line_id, {}).values())

    def stays(self, line: OrderLineView) -> int:
        """Units of a line that wait, and neither are cancelled nor go elsewhere."""
        return line.allocated - self.cancels.get(line.id, 0) - self.leaves(line.id)


def wish_of(order: OrderView, actions: Sequence[Action]) -> Wish:
    """Add the actions up. Raises NotFound for a line of another order, NotThatMany, WrongAmount, Unfit."""
    wish = Wish(order=order)
    for action in actions:  # Whoever sends something to a new place may say so before it is named.
        if isinstance(action, AddDestination):
            _add_place(wish, action)
    for action in actions:
        _add(wish, action)
    for line in order.lines:
        if wish.stays(line) < 0 or (line.id in wish.prices and line.allocated <= wish.cancels.get(line.id, 0)):
            raise NotThatMany(sku=line.sku)
    _reach(wish)
    return wish


def _add_place(wish: Wish, action: AddDestination) -> None:
    """The order as it will be, with one more place. Raises Unfit where it has no address yet or the number is taken."""
    order = wish.order
    if order.destinations[0].address is None:
        raise Unfit({"address": "This order goes nowhere yet."})
    if action.destination != order.destinations[-1].position + 1:
        raise Unfit({"destination": "A further address has the number after the last one."})
    if len(order.destinations) >= MOST_PLACES:
        raise Unfit({"destination": "These are too many addresses for one order."})
    none = Money(0, order.currency)
    there = DestinationView(
        position=action.destination, address=action.address, carrier="", service="", delivery_title="", rate={},
        delivery=none, discount=none, total=none,
    )  # fmt: skip
    wish.order = replace(order, destinations=(*order.destinations, there))
    wish.places[action.destination] = PlaceWish(address=action.address, service=action.way, is_new=True)


def _reach(wish: Wish) -> None:
    """Which places get something for the first time. Raises Unfit for a new one that gets nothing."""
    order = wish.order
    gets = {place for units in wish.moves.values() for place in units}
    gets |= {place for place, units in wish.goods.items() if units}
    before = {line.place for line in order.lines if line.left}
    for place in gets - before if order.is_spread else ():
        wish.places.setdefault(place, PlaceWish()).is_reached = True
    if any(one.is_new and place not in gets for place, one in wish.places.items()):
        raise Unfit({"destination": "Say what goes to the further address."})


def _goods_to(order: OrderView, place: int | None) -> int:
    """Where new goods go: without a place to the first that something still goes to."""
    live = [line.place for line in order.lines if line.left]
    return place_of(order, place) if place is not None else min(live, default=order.destinations[0].position)


def _place(wish: Wish, place: int | None) -> PlaceWish:
    return wish.places.setdefault(place_of(wish.order, place), PlaceWish())


def _add(wish: Wish, action: Action) -> None:
    order = wish.order
    if isinstance(action, AddGoods | MoveUnits | SetAddress | SetDelivery):
        _add_at_place(wish, action)
    elif isinstance(action, SetQuantity):
        line = _line(order, action.line_id)
        more = _whole(action.quantity, 0) - line.left
        _put(wish.further if more > 0 else wish.cancels, line.id, abs(more))
    elif isinstance(action, CancelUnits):
        _put(wish.cancels, _line(order, action.line_id).id, _whole(action.quantity, 0))
    elif isinstance(action, RemoveLine):
        line = _line(order, action.line_id)
        _put(wish.cancels, line.id, line.allocated)
    elif isinstance(action, SetPrice):
        if not action.reason.strip():
            raise Unfit({"reason": "Write a reason."})
        wish.prices[_line(order, action.line_id).id] = _amount(action.amount, 0)
    elif isinstance(action, AddCharge):
        _add_charge(wish, action)
    else:
        _add_people(wish, order, action)


def _add_at_place(wish: Wish, action: AddGoods | MoveUnits | SetAddress | SetDelivery) -> None:
    if isinstance(action, AddGoods):
        units = wish.goods.setdefault(_goods_to(wish.order, action.destination), {})
        _put(units, action.variant_id, _whole(action.quantity, 1))
    elif isinstance(action, MoveUnits):
        line, place = _line(wish.order, action.line_id), place_of(wish.order, action.destination)
        if place != line.place:
            _put(wish.moves.setdefault(line.id, {}), place, _whole(action.quantity, 0))
    elif isinstance(action, SetDelivery):
        _amount(action.amount, 0)
        _place(wish, action.destination).delivery = action
    else:
        there = _place(wish, action.destination)
        there.address, there.service = action.address, action.way


def _add_charge(wish: Wish, action: AddCharge) -> None:
    order, sign = wish.order, -1 if action.charge in GRANTS else 1
    wish.charges.append(
        PlannedCharge(
            charge=action.charge,
            amount=sign * _amount(action.amount, 1),
            reason=action.reason[:500],
            line_id=None if action.line_id is None else _line(order, action.line_id).id,
            taxed=action.taxed and sign > 0,
            withheld_of={_line(order, of).id: value for of, value in action.withheld_of.items() if value > 0},
        )
    )


def _add_people(wish: Wish, order: OrderView, action: Action) -> None:
    """Who the bill is for, and who is written to; what is so already is no change."""
    if isinstance(action, SetBilling):
        wish.billing = None if action.address == (order.billing or order.address) else action.address
    elif isinstance(action, SetContact):
        if action.email and (problem := email_problem(action.email)):
            raise Unfit({"email": problem})
        wish.email = "" if action.email == order.email else action.email
        wish.phone = "" if action.phone == order.phone else action.phone[:40]


def _put(units: dict[int, int], line_id: int, quantity: int) -> None:
    if quantity:
        units[line_id] = units.get(line_id, 0) + quantity


def _line(order: OrderView, line_id: int) -> OrderLineView:
    found = next((line for line in order.lines if line.id == line_id), None)
    if found is None:
        raise NotFound
    return found


def _whole(quantity: int, least: int) -> int:
    if not least <= quantity <= _MOST_UNITS:
        raise NotThatMany("Write a whole number from %(least)s to %(most)s.", least=least, most=_MOST_UNITS)
    return quantity


def _amount(amount: int, least: int) -> int:
    if not least <= amount <= _LARGEST:
        raise WrongAmount
    return amount


# -- lines at their own rates ------------------------------------------------------------------------------------------


def taxed(amount: int, rates: Sequence[tuple[str, int]], *, included: bool) -> tuple[PlannedTax, ...]:
    """Taxes on an amount at known rates; several of them share one rounded sum by largest remainder."""
    whole = sum(rate for _name, rate in rates)
    if not whole:
        return tuple(PlannedTax(name=name, rate=rate, amount=0) for name, rate in rates)
    tax = portion(amount, whole, 10_000 + whole) if included else portion(amount, whole, 10_000)
    parts = split(tax, [rate for _name, rate in rates])
    return tuple(PlannedTax(name=name, rate=rate, amount=part) for (name, rate), part in zip(rates, parts, strict=True))


def further_line(
    line: OrderLineView, quantity: int, unit: int, rates: Sequence[tuple[str, int]], *, included: bool
) -> PlannedLine:
    """Units that go on from a line, at `unit` each and at the line's own tax rates."""
    subtotal = unit * quantity
    taxes = taxed(subtotal, rates, included=included)
    tax = sum(one.amount for one in taxes)
    return PlannedLine(
        variant_id=line.variant_id, product_id=line.product_id, sku=line.sku, name=line.name, picture=line.picture,
        quantity=quantity, unit_amount=unit, list_amount=max(unit, line.list_unit.amount), subtotal=subtotal,
        discount=0, tax=tax, total=subtotal if included else subtotal + tax, tax_class=line.tax_class,
        weight_g=line.weight_g, needs_delivery=line.needs_delivery, returns=line.returns, of_line_id=line.id,
        place=line.place, taxes=taxes,
        parts=line.parts,
        promised_at=line.promised_at,
    )  # fmt: skip


def kept_plan(wish: Wish, rates: Rates, new: Sequence[PlannedLine]) -> Plan:
    """The plan that leaves agreed prices alone; `new` are the goods that were not on the order, priced today.

    Where places are and how goods come there is not in it yet, but what leaves a line for another place is cancelled.
    """
    order, included = wish.order, wish.order.prices_include_tax
    cancels, lines = dict(wish.cancels), list[PlannedLine]()
    for line in order.lines:
        own, more = rates.get(line.id, ()), wish.further.get(line.id, 0)
        _put(cancels, line.id, wish.leaves(line.id))
        if line.id in wish.prices:
            cancels[line.id] = line.allocated
            if units := wish.stays(line) + more:
                lines.append(further_line(line, units, wish.prices[line.id], own, included=included))
        elif more:
            lines.append(further_line(line, more, line.unit.amount, own, included=included))
    return Plan(
        cancels=cancels, lines=(*lines, *new), charges=tuple(wish.charges), billing=wish.billing, email=wish.email,
        phone=wish.phone,
    )  # fmt: skip


def planned_places(wish: Wish, deliveries: Mapping[int, PlannedDelivery]) -> dict[int, PlannedPlace]:
    """The places as they will be written: what is other than before of each."""
    return {
        place: PlannedPlace(address=one.address, delivery=deliveries.get(place), is_new=one.is_new)
        for place, one in sorted(wish.places.items())
        if one.address is not None or place in deliveries
    }


# -- what it does ------------------------------------------------------------------------------------------------------


def effect_of(order: OrderView, plan: Plan, money: MoneyFacts, given_back: int, delivery_taxes: Taxes) -> Effect:
    """What a plan does to money, stock and delivery: what the order's own page will show once it is confirmed.

    `delivery_taxes` are those of the ways to each place, as they are stored.
    """
    before = [line.facts for line in order.lines]
    after = [_after(line, plan) for line in order.lines]
    after += [LineFacts(ordered=new.quantity, needs_delivery=new.needs_delivery, total=new.total) for new in plan.lines]
    new_total, new_delivery = totals_after(order, plan)
    taxes = {place: sum(amount for _name, _rate, amount in of) for place, of in delivery_taxes.items()}
    stays = {place: tax for place, tax in taxes.items() if place not in _replaced(plan)}
    price_before = due(order.total.amount, order.delivery_total.amount, before) - returned_value(before)
    price_after = due(new_total, new_delivery, after) - returned_value(after)
    fixed = fixed_refunds(order.total.amount, order.delivery_total.amount, before, money, given_back)
    needed = to_be_captured(new_total, new_delivery, after, money, fixed, order.advanced.amount)
    return Effect(
        price_before=price_before,
        price_after=price_after,
        tax_before=sum(_tax_left(line, 0) for line in order.lines) + (sum(taxes.values()) if _lives(before) else 0),
        tax_after=sum(_tax_left(line, plan.cancels.get(line.id, 0)) for line in order.lines)
        + sum(new.tax for new in plan.lines)
        + charge_tax(plan)
        + (sum(one.tax for one in plan.deliveries.values()) + sum(stays.values()) if _lives(after) else 0),
        to_pay=max(0, needed - money.captured - money.promised),
        to_refund=owed_back(new_total, new_delivery, after, money),
        shares=_shares(order, plan),
        stock=stock_needs(order, plan),
        delivery_before=order.delivery_total.amount if _lives(before) else 0,
        delivery_after=new_delivery if _lives(after) else 0,
    )


def totals_after(order: OrderView, plan: Plan) -> tuple[int, int]:
    """(total, delivery total) as they will be stored. Raises WrongAmount below zero."""
    gone = sum(one.total.amount for one in order.destinations if one.position in _replaced(plan))
    delivery = order.delivery_total.amount - gone + sum(one.total for one in plan.deliveries.values())
    total = (
        order.total.amount
        - order.delivery_total.amount
        + delivery
        + sum(new.total for new in plan.lines)
        + sum(charge.amount for charge in plan.charges)
        + (0 if order.prices_include_tax else charge_tax(plan))
    )
    if not 0 <= total <= _LARGEST:
        raise WrongAmount("More cannot be granted than the order costs.")
    return total, delivery


def _replaced(plan: Plan) -> set[int]:
    """The places to which the delivery will be another, or none."""
    return {*plan.emptied, *plan.deliveries}


def charge_tax(plan: Plan) -> int:
    """The taxes on the charges of a plan."""
    return sum(tax.amount for charge in plan.charges for tax in charge.taxes)


def fixed_refunds(
    total: int, delivery_total: int, lines: Sequence[LineFacts], money: MoneyFacts, given_back: int, asked: int = 0
) -> int:
    """`given_back` as a change fixes it: refunds, done or `asked` for, as far as they were owed until now."""
    owed = max(0, money.captured - due(total, delivery_total, lines) + returned_value(lines))
    return max(given_back, min(max(money.refunded, asked), owed))


def stock_needs(order: OrderView, plan: Plan) -> dict[int, int]:
    """Pieces more or less per variant; variants whose sum is nothing are left out."""
    needs: dict[int, int] = {}
    lines = {line.id: line for line in order.lines}
    for line_id, quantity in plan.cancels.items():
        _take(needs, lines[line_id], -quantity)
    for new in plan.lines:
        _take(needs, new, new.quantity)
    return {variant_id: pieces for variant_id, pieces in sorted(needs.items()) if pieces}


def _take(needs: dict[int, int], line: OrderLineView | PlannedLine, units: int) -> None:
    """What units of a line take from stock: themselves, or what is in the kit."""
    own = {line.variant_id: 1} if line.variant_id else {}
    for variant_id, pieces in ({part.variant_id: part.quantity for part in line.parts} or own).items():
        needs[variant_id] = needs.get(variant_id, 0) + pieces * units


def _after(line: OrderLineView, plan: Plan) -> LineFacts:
    return replace(line.facts, cancelled=line.cancelled + plan.cancels.get(line.id, 0))


def _lives(lines: Sequence[LineFacts]) -> bool:
    return any(line.cancelled < line.ordered for line in lines)


def _tax_left(line: OrderLineView, cancels: int) -> int:
    return line.tax.amount - share(line.tax.amount, line.cancelled + line.received + cancels, line.quantity)


def _shares(order: OrderView, plan: Plan) -> tuple[Share, ...]:
    gone = [
        Share(
            line_id=line.id,
            name=line.name,
            units=-units,
            amount=-line.next_to_go(units),
            tax=_tax_left(line, units) - _tax_left(line, 0),
        )
        for line in order.lines
        if (units := plan.cancels.get(line.id, 0))
    ]
    new = [Share(line_id=None, name=one.name, units=one.quantity, amount=one.total, tax=one.tax) for one in plan.lines]
    return (*gone, *new)
