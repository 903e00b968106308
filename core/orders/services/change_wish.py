"""What the actions of a change ask for, added up: units, goods, prices, charges and places of an order."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from core.hookspecs.checkout import Address
from core.lib.addresses import email_problem
from core.lib.errors import NotFound, Refused, Unfit
from core.lib.money import Money
from core.orders.services.change_shapes import (
    GRANTS,
    Action,
    AddCharge,
    AddDestination,
    AddGoods,
    CancelUnits,
    MoveUnits,
    PlannedCharge,
    RemoveLine,
    SetAddress,
    SetBilling,
    SetContact,
    SetDelivery,
    SetPrice,
    SetQuantity,
)
from core.orders.services.goods import NotThatMany
from core.orders.services.part_shapes import DestinationView, OrderLineView
from core.orders.services.places import place_of
from core.orders.services.shapes import OrderView

LARGEST = 10**15
_MOST_UNITS = 9_999
MOST_PLACES = 10


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
                put_units(found, variant_id, count)
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
        put_units(wish.further if more > 0 else wish.cancels, line.id, abs(more))
    elif isinstance(action, CancelUnits):
        put_units(wish.cancels, _line(order, action.line_id).id, _whole(action.quantity, 0))
    elif isinstance(action, RemoveLine):
        line = _line(order, action.line_id)
        put_units(wish.cancels, line.id, line.allocated)
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
        put_units(units, action.variant_id, _whole(action.quantity, 1))
    elif isinstance(action, MoveUnits):
        line, place = _line(wish.order, action.line_id), place_of(wish.order, action.destination)
        if place != line.place:
            put_units(wish.moves.setdefault(line.id, {}), place, _whole(action.quantity, 0))
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


def put_units(units: dict[int, int], line_id: int, quantity: int) -> None:
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
    if not least <= amount <= LARGEST:
        raise WrongAmount
    return amount
