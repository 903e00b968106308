"""Where the goods of a cart go: its lines cut by place into parts. Pure.

What no further place gets, and what nobody has to deliver, goes with the first. A cart of one place is not cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from core.cart.services import MOST_PLACES, StoredCart
from core.hookspecs.checkout import Address, Cart, CartLine


class Place(Struct, frozen=True, kw_only=True):
    """A place of a cart. `number` is 0 for the cart's own address, else counts its further ones from 1.

    `wanted` is (carrier, service) as chosen before; `units` are by cart line.
    """

    number: int
    address: Address | None
    wanted: tuple[str, str]
    units: Mapping[int, int]


class Spread(Struct, frozen=True, kw_only=True):
    """The places that get something, and what goes where: each part knows its line and its place by position."""

    places: tuple[Place, ...]
    parts: tuple[CartLine, ...]
    lines: tuple[int, ...]
    at: tuple[int, ...]


def spread_of(stored: StoredCart, cart: Cart) -> Spread | None:
    """How the lines of `cart` are cut; None where all of it goes to the cart's own address."""
    found = _places(stored, cart)
    if not stored.places or (len(found) <= 1 and all(one.number == 0 for one in found)):
        return None
    parts, lines, at = list[CartLine](), list[int](), list[int]()
    for position, place in enumerate(found):
        for where, line in enumerate(cart.lines):
            units = place.units.get(line.id, 0)
            if not line.needs_delivery:
                units = 0 if position else line.quantity
            if units:
                whole = units == line.quantity
                parts.append(line if whole else replace(line, id=-(line.id * 100 + position), quantity=units))
                lines.append(where)
                at.append(position)
    return Spread(places=tuple(found), parts=tuple(parts), lines=tuple(lines), at=tuple(at))


def _places(stored: StoredCart, cart: Cart) -> Sequence[Place]:
    """The places to which something is delivered; further ones take of each line what is there, in their order."""
    left = {line.id: line.quantity for line in cart.lines if line.needs_delivery}
    variants = {line.id: line.variant_id for line in cart.lines}
    further = []
    for number, one in enumerate(stored.places[: MOST_PLACES - 1], 1):
        units = {}
        for line_id, there in left.items():
            if n := min(there, max(0, one.units.get(variants[line_id], 0))):
                units[line_id] = n
        for line_id, n in units.items():
            left[line_id] -= n
        further.append(Place(number=number, address=one.address, wanted=(one.carrier, one.service), units=units))
    own = Place(
        number=0, address=stored.address, wanted=(stored.carrier, stored.service),
        units={line_id: n for line_id, n in left.items() if n},
    )  # fmt: skip
    return [one for one in (own, *further) if one.units]
