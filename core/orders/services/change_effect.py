"""What a plan does to money, stock and delivery: pure functions over an order, in whole minor units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from core.orders.services.change_shapes import Effect, Plan, PlannedLine, Share
from core.orders.services.change_wish import LARGEST, WrongAmount
from core.orders.services.part_shapes import OrderLineView
from core.orders.services.shapes import OrderView
from core.orders.services.status import LineFacts, MoneyFacts, due, owed_back, returned_value, share, to_be_captured

Taxes = Mapping[int, Sequence[tuple[str, int, int]]]


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
    if not 0 <= total <= LARGEST:
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
