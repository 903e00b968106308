"""Splitting an order into two, and merging two of one shopper: planned as shares, so that no cent and no piece is lost.

Prices stay as agreed, so no plugin is asked anything. What may move has neither been picked nor sent. What waits for a
person goes on waiting: both parts of a split, and a merged order if either of the two did.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from core.hookspecs.checkout import Address
from core.hookspecs.site import Site
from core.kernel import db
from core.lib.errors import NotFound, Refused
from core.lib.money import Money
from core.lib.money import split as shares_of
from core.orders.services.carry_over import money_to_move
from core.orders.services.change import confirm_change, store_draft
from core.orders.services.change_effect import effect_of
from core.orders.services.change_shapes import (
    Effect,
    MergeInto,
    Plan,
    PlannedAdjustment,
    PlannedLine,
    PlannedTax,
    SplitUnits,
)
from core.orders.services.goods import NotThatMany
from core.orders.services.guards import ask_about_plan
from core.orders.services.hold_reasons import HoldReason
from core.orders.services.hold_rules import further_reasons, hold_rules, reasons_to_hold
from core.orders.services.part_shapes import OrderLineView
from core.orders.services.places import delivery_taxes
from core.orders.services.read import order_view
from core.orders.services.settle import money_facts
from core.orders.services.shapes import OrderView
from core.orders.services.status import due, owed_back, returned_value, share


class CannotBeParted(Refused):
    """Something that a split or a merge would leave unclear; the message says what."""

    code = "cannot_be_parted"
    default_message = "This order cannot be split or merged now."


class PartingMoved(Refused):
    """The orders are not what the preview said."""

    code = "preview_moved"
    default_message = "Prices or the order have changed since the preview. Look at it again, then confirm."


class Parting(Struct, frozen=True, kw_only=True):
    """What splitting or merging would do: `value` is what the units cost, `money` how much of what was paid goes along.

    `target` is the order that takes them; None for a new one.
    """

    order: OrderView
    target: OrderView | None
    plan: Plan
    effect: Effect
    value: int
    money: int

    @property
    def target_due(self) -> int:
        """What the shopper has still to pay for the order that takes the units."""
        before = self.target.due.amount if self.target else 0
        return max(0, before + self.value - self.money)


# -- looking -----------------------------------------------------------------------------------------------------------


def movable(line: OrderLineView) -> int:
    """Units of a line that wait and that nobody has picked yet."""
    return line.allocated - max(0, line.picked - line.shipped)


def merge_candidates(site: Site, order: OrderView) -> list[tuple[int, str]]:
    """(id, number) of orders that this one could be merged into: same shopper, address and terms. One statement."""
    return [
        (row[0], row[1])
        for row in db.rows(
            "SELECT id, number FROM orders o WHERE site_id = ? AND id <> ? AND currency = ? AND LOWER(email) = LOWER(?)"
            " AND COALESCE(shopper_id, 0) = ? AND prices_include_tax = ?"
            " AND EXISTS (SELECT 1 FROM order_line l WHERE l.order_id = o.id AND l.allocated > 0)"
            " AND NOT EXISTS (SELECT 1 FROM order_line l WHERE l.order_id = o.id AND (l.picked > 0 OR l.shipped > 0))"
            " ORDER BY id DESC LIMIT 20",
            site.id, order.id, order.currency, order.email, order.shopper_id or 0, order.prices_include_tax,
        )
    ]  # fmt: skip


def preview_split(site: Site, order_id: int, units: Mapping[int, int], *, actor: str | None = None) -> Parting:
    """What carrying these units {line id: units} into a new order would do; writes nothing.

    With an `actor`, the guards are asked. Raises NotFound, NotThatMany, CannotBeParted, Guarded.
    """
    order = _order(site, order_id)
    chosen = {line_id: n for line_id, n in sorted(units.items()) if n}
    lines = {line.id: line for line in order.lines}
    if not chosen:
        raise NotThatMany("Choose at least one piece.")
    for line_id, n in chosen.items():
        if line_id not in lines:
            raise NotFound
        if not 0 < n <= movable(lines[line_id]):
            raise NotThatMany(sku=lines[line_id].sku)
    if sum(line.left for line in order.lines) == sum(chosen.values()):
        raise CannotBeParted("Something must stay in the order.")
    _check_money(order)
    return _asked(site, _parting(order, None, chosen), actor)


def preview_merge(site: Site, order_id: int, into: int, *, actor: str | None = None) -> Parting:
    """What carrying all of an order into another would do; writes nothing.

    With an `actor`, the guards are asked about both. Raises NotFound, CannotBeParted, Guarded.
    """
    order, target = _order(site, order_id), _order(site, into)
    _check_merge(order, target)
    for one in (order, target):
        _check_money(one)
    found = _parting(order, target, {line.id: line.allocated for line in order.lines if line.allocated})
    found = replace(found, plan=msgspec.structs.replace(found.plan, holds=_too_much(site, found, target)))
    return _asked(site, found, actor)


def _asked(site: Site, found: Parting, actor: str | None) -> Parting:
    if actor is not None:
        ask_about_plan(site, found.order.id, found.plan, found.effect, actor=actor)
    return found


def _too_much(site: Site, found: Parting, target: OrderView) -> tuple[HoldReason, ...]:
    """The rules that the merged order breaks and neither of the two did."""
    rules = hold_rules(site)

    def reasons(amount: int) -> list[HoldReason]:
        return reasons_to_hold(
            rules, total=Money(amount, target.currency), email=target.email, addresses=target.addresses,
            billing=target.billing,
        )  # fmt: skip

    costs = _price(target)
    return further_reasons(reasons(costs) + reasons(found.effect.price_before), reasons(costs + found.value))


def _price(order: OrderView) -> int:
    """What an order costs without what was cancelled or came back."""
    lines = [line.facts for line in order.lines]
    return due(order.total.amount, order.delivery_total.amount, lines) - returned_value(lines)


def _order(site: Site, order_id: int) -> OrderView:
    found = order_view(order_id, site=site)
    if found is None:
        raise NotFound
    return found


def _check_merge(order: OrderView, target: OrderView) -> None:
    def terms(one: OrderView) -> tuple[object, ...]:
        return one.currency, one.shopper_id, one.email.casefold(), one.prices_include_tax

    if order.id == target.id or terms(order) != terms(target):
        raise CannotBeParted("Only orders of one shopper, in one currency, can be merged.")
    there = _places_there(order, target)
    if any(line.place not in there for line in order.lines if line.allocated):
        raise CannotBeParted("The orders go to different addresses. Change one of them first.")
    if _billed_to(order) != _billed_to(target):
        raise CannotBeParted("The bills of these orders go to different addresses.")
    for one in (order, target):
        if any(line.picked or line.shipped for line in one.lines) or not any(line.allocated for line in one.lines):
            raise CannotBeParted("Order %(number)s has been picked or sent already.", number=one.number)
        if one.charges:
            raise CannotBeParted("Order %(number)s has fees or goodwill of its own.", number=one.number)


def _places_there(order: OrderView, target: OrderView) -> dict[int, int]:
    """Which place of the other order each place of this one is."""
    places = {one.address: one.position for one in reversed(target.destinations)}
    return {one.position: places[one.address] for one in order.destinations if one.address in places}


def _billed_to(order: OrderView) -> Address | None:
    return order.billing or order.address


def _check_money(order: OrderView) -> None:
    """Money that is on its way, only authorised, or awaited as goods, cannot be shared."""
    if order.advanced.amount:
        raise CannotBeParted("Goods of an exchange were sent ahead. Wait until the old ones are here.")
    money = money_facts(order.id)
    is_open = money.authorized - money.released - money.captured > 0
    if is_open or any(payment.state in {"authorized", "pending", "disputed"} for payment in order.payments):
        raise CannotBeParted("A payment of order %(number)s is still under way. Capture it first.", number=order.number)
    under_way = [one for payment in order.payments for one in payment.operations if one.kind in {"capture", "refund"}]
    if any(one.state in {"sent", "unknown"} for one in under_way):
        raise CannotBeParted("A payment of order %(number)s is still under way. Capture it first.", number=order.number)


# -- planning ----------------------------------------------------------------------------------------------------------


def _parting(order: OrderView, target: OrderView | None, units: dict[int, int]) -> Parting:
    taxes, offers = taxes_of(order.id), offers_of(order.id)
    by_id = {line.id: line for line in order.lines}
    lines = tuple(carried(by_id[line_id], n, taxes.get(line_id, []), order) for line_id, n in units.items())
    if target is not None:
        places = _places_there(order, target)
        lines = tuple(msgspec.structs.replace(line, place=places[line.place]) for line in lines)
    plan = Plan(
        moves=units, lines=lines, adjustments=carried_offers(lines, offers), into=target.id if target else None,
        into_version=target.version if target else 0,
    )  # fmt: skip
    given_back = int(db.value("SELECT given_back FROM orders WHERE id = ?", order.id))
    money = money_facts(order.id)
    effect = effect_of(order, Plan(cancels=dict(units)), money, given_back, delivery_taxes(order.id))
    after = [
        replace(line.facts, cancelled=line.cancelled + units.get(line.id, 0)) for line in order.lines
    ]  # fmt: skip
    surplus = owed_back(order.total.amount, order.delivery_total.amount, after, money)
    value = sum(line.total for line in lines)
    moved = money_to_move(surplus, value, is_merge=target is not None)
    effect = msgspec.structs.replace(effect, to_refund=effect.to_refund - moved)
    return Parting(order=order, target=target, plan=plan, effect=effect, value=value, money=moved)


def carried(
    line: OrderLineView, units: int, taxes: list[tuple[str, int, int]], order: OrderView, *, after: int = 0
) -> PlannedLine:
    """Units of a line as a line of their own: exactly what they take away from it, tax by tax.

    `after` are units that go before them.
    """
    first = line.cancelled + line.received + after
    total = line.next_to_go(units, after)
    tax = share(line.tax.amount, first + units, line.quantity) - share(line.tax.amount, first, line.quantity)
    net = total if order.prices_include_tax else total - tax
    subtotal = max(line.unit.amount * units, net)
    parts = shares_of(tax, [amount for _name, _rate, amount in taxes]) if taxes else []
    return PlannedLine(
        variant_id=line.variant_id, product_id=line.product_id, sku=line.sku, name=line.name, picture=line.picture,
        quantity=units, unit_amount=line.unit.amount, list_amount=line.list_unit.amount, subtotal=subtotal,
        discount=subtotal - net, tax=tax, total=total, tax_class=line.tax_class, weight_g=line.weight_g,
        needs_delivery=line.needs_delivery, returns=line.returns, of_line_id=line.id, place=line.place,
        taxes=tuple(
            PlannedTax(name=name, rate=rate, amount=amount)
            for (name, rate, _whole), amount in zip(taxes, parts, strict=True)
        ),
        parts=line.parts,
        promised_at=line.promised_at,
    )  # fmt: skip


_Offer = tuple[str, str, str, str, Mapping[str, int]]  # plugin, rule, title, code, shares


def carried_offers(lines: tuple[PlannedLine, ...], offers: list[_Offer]) -> tuple[PlannedAdjustment, ...]:
    """The discounts of the lines under the names of the offers that made them."""
    found: dict[int, dict[int, int]] = {}
    for place, line in enumerate(lines):
        if not line.discount:
            continue
        weights = [offer[4].get(str(line.of_line_id), 0) for offer in offers]
        if not any(weights):
            weights = [0] * len(offers) + [1]
        for at, amount in enumerate(shares_of(line.discount, weights)):
            if amount:
                found.setdefault(at, {})[place] = amount
    named: list[_Offer] = [*offers, ("", "share", "", "", {})]
    return tuple(
        PlannedAdjustment(
            plugin=named[at][0], rule=named[at][1], title=named[at][2], code=named[at][3],
            amount=sum(of_lines.values()), shares=of_lines,
        )
        for at, of_lines in sorted(found.items())
    )  # fmt: skip


def offers_of(order_id: int) -> list[_Offer]:
    """The offers of an order with what each took off its lines. One statement."""
    return [
        (row[0], row[1], row[2], row[3], msgspec.json.decode(row[4], type=dict[str, int]))
        for row in db.rows(
            "SELECT plugin, rule, title, code, shares FROM order_adjustment WHERE order_id = ? ORDER BY position",
            order_id,
        )
    ]


def taxes_of(order_id: int, place: int = 0) -> dict[int | None, list[tuple[str, int, int]]]:
    """(name, rate, amount) of each line's taxes, and of the delivery's to `place` under None. One statement."""
    found: dict[int | None, list[tuple[str, int, int]]] = {}
    for line_id, at, name, rate, amount in db.rows(
        "SELECT line_id, place, name, rate, amount FROM order_tax WHERE order_id = ? AND charge_id IS NULL ORDER BY id",
        order_id,
    ):
        if line_id is not None or at == place:
            found.setdefault(line_id, []).append((name, rate, int(amount)))
    return found


# -- acting ------------------------------------------------------------------------------------------------------------


def split_order(
    site: Site,
    order_id: int,
    units: Mapping[int, int],
    *,
    key: str,
    actor: str,
    reason: str = "",
    seen: int | None = None,
) -> str:
    """Carry units into a new order; answers its number, the same for a repeated `key`. Commits.

    `seen` is what the units were said to cost. Raises what `preview_split` raises, PartingMoved and ChangeStale.
    """
    if is_new := (known := _known(site, order_id, key)) is None:
        found = preview_split(site, order_id, units, actor=actor)
        action = SplitUnits(lines=dict(found.plan.moves))
        known = _draft(found, action, key=key, actor=actor, reason=reason, seen=seen)
    confirm_change(site, known, actor=actor, asked=is_new)
    return _went_to(site, order_id, known)


def merge_order(
    site: Site, order_id: int, into: int, *, key: str, actor: str, reason: str = "", seen: int | None = None
) -> str:
    """Carry all of an order into another; answers that one's number, the same for a repeated `key`. Commits.

    Raises what `preview_merge` raises, PartingMoved and ChangeStale.
    """
    if is_new := (known := _known(site, order_id, key)) is None:
        found = preview_merge(site, order_id, into, actor=actor)
        known = _draft(found, MergeInto(order_id=into), key=key, actor=actor, reason=reason, seen=seen)
    confirm_change(site, known, actor=actor, asked=is_new)
    return _went_to(site, order_id, known)


def _draft(
    found: Parting, action: SplitUnits | MergeInto, *, key: str, actor: str, reason: str, seen: int | None
) -> int:
    if seen is not None and seen != found.value:
        raise PartingMoved
    return store_draft(found.order, [action], found.plan, found.effect, actor=actor, reason=reason, key=key)


def _known(site: Site, order_id: int, key: str) -> int | None:
    found: int | None = db.value(
        "SELECT id FROM order_change WHERE order_id = ? AND key = ? AND site_id = ?", order_id, key[:64], site.id
    )
    return found


def _went_to(site: Site, order_id: int, change_id: int) -> str:
    into = db.value("SELECT into_order_id FROM order_change WHERE id = ? AND site_id = ?", change_id, site.id)
    del order_id
    return str(db.value("SELECT number FROM orders WHERE id = ? AND site_id = ?", into, site.id))
