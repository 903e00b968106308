"""From actions to a plan and its effect: pure functions over an order, in whole minor units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.hookspecs.checkout import Address
from core.lib.addresses import email_problem
from core.lib.errors import NotFound, Refused, Unfit
from core.lib.money import portion, split
from core.orders.services.change_shapes import (
    GRANTS,
    Action,
    AddCharge,
    AddGoods,
    CancelUnits,
    Effect,
    Plan,
    PlannedCharge,
    PlannedLine,
    PlannedPart,
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
from core.orders.services.shapes import OrderLineView, OrderView
from core.orders.services.status import LineFacts, MoneyFacts, due, owed_back, returned_value, share, to_be_captured

_LARGEST = 10**15
_MOST_UNITS = 9_999
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


@dataclass(slots=True)
class Wish:
    """The actions added up: units to cancel and further units per line, new goods, prices, and the rest.

    `place` is where the address or the delivery is another, `goods_to` where new goods go.
    """

    cancels: dict[int, int] = field(default_factory=dict)
    further: dict[int, int] = field(default_factory=dict)
    goods: dict[int, int] = field(default_factory=dict)
    prices: dict[int, int] = field(default_factory=dict)
    charges: list[PlannedCharge] = field(default_factory=list)
    delivery: SetDelivery | None = None
    address: Address | None = None
    service: tuple[str, str] | None = None
    billing: Address | None = None
    email: str = ""
    phone: str = ""
    place: int = 0
    goods_to: int = 0


def wish_of(order: OrderView, actions: Sequence[Action]) -> Wish:
    """Add the actions up. Raises NotFound for a line of another order, NotThatMany, WrongAmount, Unfit."""
    wish = Wish(place=_one_place(order, actions), goods_to=_goods_to(order, actions))
    for action in actions:
        _add(wish, order, action)
    for line in order.lines:
        if wish.cancels.get(line.id, 0) > line.allocated:
            raise NotThatMany(sku=line.sku)
        if line.id in wish.prices and not line.allocated - wish.cancels.get(line.id, 0):
            raise NotThatMany(sku=line.sku)
    return wish


def _one_place(order: OrderView, actions: Sequence[Action]) -> int:
    """The place that the change is about. Raises Unfit, NotFound, Refused for several of them."""
    meant = {place_of(order, one.destination) for one in actions if isinstance(one, SetAddress | SetDelivery)}
    if len(meant) > 1:
        raise Refused("Change one address after the other.")
    return next(iter(meant), order.destinations[0].position)


def _goods_to(order: OrderView, actions: Sequence[Action]) -> int:
    named = [one.destination for one in actions if isinstance(one, AddGoods)]
    live = [line.place for line in order.lines if line.left]
    first = min(live) if live else order.destinations[0].position
    meant = {first if one is None else place_of(order, one) for one in named}
    if len(meant) > 1:
        raise Refused("Change one address after the other.")
    return next(iter(meant), 0)


def _add(wish: Wish, order: OrderView, action: Action) -> None:
    if isinstance(action, AddGoods):
        _whole(action.quantity, 1)
        wish.goods[action.variant_id] = wish.goods.get(action.variant_id, 0) + action.quantity
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
        sign = -1 if action.charge in GRANTS else 1
        line_id = None if action.line_id is None else _line(order, action.line_id).id
        amount = sign * _amount(action.amount, 1)
        wish.charges.append(
            PlannedCharge(
                charge=action.charge,
                amount=amount,
                reason=action.reason[:500],
                line_id=line_id,
                taxed=action.taxed and sign > 0,
                withheld_of={_line(order, of).id: value for of, value in action.withheld_of.items() if value > 0},
            )
        )
    elif isinstance(action, SetDelivery):
        _amount(action.amount, 0)
        wish.delivery = action
    elif isinstance(action, SetAddress):
        wish.address, wish.service = action.address, action.way
    else:
        _add_people(wish, order, action)


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
        parts=tuple(
            PlannedPart(variant_id=part.variant_id, sku=part.sku, name=part.name, quantity=part.quantity)
            for part in line.parts
        ),
        promised_at=line.promised_at,
    )  # fmt: skip


def kept_plan(order: OrderView, wish: Wish, rates: Rates, new: Sequence[PlannedLine]) -> Plan:
    """The plan that leaves agreed prices alone; `new` are the goods that were not on the order, priced today."""
    included = order.prices_include_tax
    cancels, lines = dict(wish.cancels), list[PlannedLine]()
    for line in order.lines:
        own, more = rates.get(line.id, ()), wish.further.get(line.id, 0)
        if line.id in wish.prices:
            waiting = line.allocated - cancels.get(line.id, 0)
            cancels[line.id] = line.allocated
            lines.append(further_line(line, waiting + more, wish.prices[line.id], own, included=included))
        elif more:
            lines.append(further_line(line, more, line.unit.amount, own, included=included))
    return Plan(
        cancels=cancels, lines=(*lines, *new), charges=tuple(wish.charges), address=wish.address, place=wish.place,
        billing=wish.billing, email=wish.email, phone=wish.phone,
    )  # fmt: skip


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
        + ((plan.delivery.tax if plan.delivery else 0) + sum(stays.values()) if _lives(after) else 0),
        to_pay=max(0, needed - money.captured),
        to_refund=owed_back(new_total, new_delivery, after, money),
        shares=_shares(order, plan),
        stock=stock_needs(order, plan),
        delivery_before=order.delivery_total.amount if _lives(before) else 0,
        delivery_after=new_delivery if _lives(after) else 0,
    )


def totals_after(order: OrderView, plan: Plan) -> tuple[int, int]:
    """(total, delivery total) as they will be stored. Raises WrongAmount below zero."""
    gone = sum(one.total.amount for one in order.destinations if one.position in _replaced(plan))
    delivery = order.delivery_total.amount - gone + (plan.delivery.total if plan.delivery else 0)
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
    return {*plan.emptied, *([plan.place] if plan.delivery else [])}


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
