"""Delivery of an order that goes elsewhere: carriers are asked again, and the way that was agreed stays if it can."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from core.checkout.services.delivery import Delivery, deliveries
from core.checkout.services.parcels import goods_left
from core.checkout.services.quote import ChosenRate
from core.hookspecs.checkout import Address
from core.kernel import i18n
from core.kernel.sites import SiteState
from core.lib.errors import Refused
from core.lib.money import Money
from core.orders.services.change_shapes import Plan
from core.orders.services.change_wish import Wish
from core.orders.services.shapes import OrderView


class NobodyDelivers(Refused):
    """No carrier of the site brings goods to the new address; the message is the carriers' own where they gave one."""

    status = 422
    code = "no_delivery"
    default_message = "Nobody delivers to this address at the moment."

    def __init__(self, why: str, place: int) -> None:
        super().__init__(why, field="country")
        self.place = place


class Redelivered(Struct, frozen=True, kw_only=True):
    """What the carriers offer at the new address, which of it brings the goods, and what it cost at the old one.

    `before` is what the same goods would cost at the old address today by the way that was agreed; None where it is
    not offered there any more. `stays`: there and here it is the same way at the same price.
    """

    rates: tuple[ChosenRate, ...] = ()
    chosen: ChosenRate | None = None
    before: ChosenRate | None = None

    @property
    def stays(self) -> bool:
        return self.chosen is None or (
            self.before is not None
            and _key(self.before) == _key(self.chosen)
            and self.before.amount == self.chosen.amount
        )


Ways = Mapping[int, Redelivered]


def redelivered(state: SiteState, wish: Wish, place: int, plan: Plan) -> Redelivered:
    """Ask the carriers about all that waits for one place in `plan`, at its new address and at the old one.

    Nothing is asked where the goods go to the same address, or where the change names its own delivery. The service of
    `wish` comes if it is offered, else the order's, else the first. To where nothing went before, a way costs what it
    costs today. Raises NobodyDelivers.
    """
    order, wanted_here, address = wish.order.at(place), wish.at(place), wish.address(place)
    is_elsewhere = wanted_here.is_reached or _place(address) != _place(order.address)
    if address is None or wanted_here.delivery is not None or not is_elsewhere:
        return Redelivered()
    first = order if order.carrier else wish.order.at(wish.order.destinations[0].position)
    own = (first.carrier, first.service)
    wanted = wanted_here.service if wanted_here.service is not None else own
    there = _asked(state, order, plan, address, wanted, own)
    if there is None:
        return Redelivered()
    if there.chosen is None:
        raise NobodyDelivers(" ".join(_reasons(state, order, plan, address)), place)
    if wanted_here.is_reached:
        return Redelivered(rates=there.rates, chosen=there.chosen)
    here = _asked(state, order, plan, order.address or Address(), own, own)
    before = here.chosen if here and here.chosen and _key(here.chosen) in {own, _key(there.chosen)} else None
    return Redelivered(rates=there.rates, chosen=there.chosen, before=before)


def as_agreed(moved: Redelivered, agreed: int) -> Redelivered:
    """What the ways cost when prices stay as agreed: what was agreed, and what the move makes of it.

    So an agreed price, or free delivery, is kept, and only the difference between the two places is asked for.
    """
    before = moved.before
    if before is None or moved.chosen is None:
        return moved

    def priced(rate: ChosenRate) -> ChosenRate:
        amount = max(0, agreed + rate.amount.amount - before.amount.amount)
        return replace(rate, amount=Money(amount, rate.amount.currency))

    return replace(moved, rates=tuple(priced(rate) for rate in moved.rates), chosen=priced(moved.chosen))


def _key(rate: ChosenRate) -> tuple[str, str]:
    return rate.carrier, rate.service


def _place(address: Address | None) -> Address | None:
    """Where it is, whoever lives there."""
    return address and replace(address, name="", company="", phone="")


def _asked(
    state: SiteState, order: OrderView, plan: Plan, address: Address, wanted: tuple[str, str], own: tuple[str, str]
) -> Delivery | None:
    """What can be had there, in the order's language; None where nothing that waits is to be delivered.

    `own` comes in place of what is not offered.
    """
    cart, left = goods_left(order, plan, address)
    if not cart.needs_delivery:
        return None
    with i18n.speaking_on(state, order.language):
        found = deliveries(state, cart, address, left, wanted)
    spare = next((rate for rate in found.rates if _key(rate) == own), None)
    missed = found.chosen is not None and _key(found.chosen) != wanted
    return replace(found, chosen=spare) if missed and spare else found


def _reasons(state: SiteState, order: OrderView, plan: Plan, address: Address) -> Sequence[str]:
    """Why nobody comes, in the language of who asks."""
    cart, left = goods_left(order, plan, address)
    return deliveries(state, cart, address, left, ("", "")).reasons
