"""What of a cart goes where: a page with a number for each line and address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace
from werkzeug.datastructures import MultiDict

from core.cart.services import MOST_PLACES, CartPlace, Details, StoredCart
from core.catalogue.services.shapes import Picture
from core.checkout.services.look import CheckoutView
from core.hookspecs.checkout import Address
from core.kernel.i18n import gettext as _
from core.kernel.i18n import labelled
from core.storefront.services.cart import shown_lines
from core.storefront.services.fields import Field, field, place_title

_NEW = "new"


class Column(Struct, frozen=True, kw_only=True):
    """One of the addresses: where it was (`0` the cart's own, `1` and so on its further ones, or `new`).

    `units` are by cart line, as they were typed; `title` is what the page calls it.
    """

    origin: str
    units: Mapping[int, str]
    title: str = ""


class PlaceLine(Struct, frozen=True, kw_only=True):
    """A line of the cart with a field for each address; `error` says that the numbers do not add up."""

    id: str
    name: str
    choice: str
    picture: Picture | None
    quantity: int
    fields: Sequence[Field]
    error: str = ""


class ShownPlaces(Struct, frozen=True, kw_only=True):
    """All of the page; `errors` are (field id, message)."""

    columns: Sequence[Column]
    lines: Sequence[PlaceLine]
    errors: Sequence[tuple[str, str]]
    can_grow: bool


def columns_of(stored: StoredCart) -> list[Column]:
    """The addresses as the cart keeps them, two at least."""
    left = {line.id: line.quantity for line in stored.lines}
    variants = {line.id: line.variant_id for line in stored.lines}
    further = []
    for number, one in enumerate(stored.places, 1):
        units = {line_id: min(left[line_id], one.units.get(variants[line_id], 0)) for line_id in left}
        left = {line_id: n - units[line_id] for line_id, n in left.items()}
        further.append(Column(origin=str(number), units={line_id: str(n) for line_id, n in units.items()}))
    own = Column(origin="0", units={line_id: str(n) for line_id, n in left.items()})
    return [own, *(further or [Column(origin=_NEW, units={})])]


def columns_sent(stored: StoredCart, sent: MultiDict[str, str]) -> list[Column]:
    """The addresses with the numbers as they were typed, without one that was taken off, with one more if wanted."""
    origins = sent.getlist("place")[:MOST_PLACES]
    known = {str(number) for number in range(len(stored.places) + 1)}
    found = [
        Column(
            origin=origin if origin in known else _NEW,
            units={line.id: sent.get(_name(line.id, at), "")[:4] for line in stored.lines},
        )
        for at, origin in enumerate(origins)
        if str(at) != sent.get("remove")
    ]
    if "add" in sent and len(found) < MOST_PLACES:
        found.append(Column(origin=_NEW, units={}))
    return found


def _address(stored: StoredCart, origin: str) -> Address | None:
    if origin == _NEW:
        return None
    return stored.places[int(origin) - 1].address if int(origin) else stored.address


def _name(line_id: int, at: int) -> str:
    return f"u{line_id}_{at}"


def wrong_sums(view: CheckoutView, columns: Sequence[Column]) -> dict[int, str]:
    """The lines whose numbers are not what is in the cart, and what to say."""
    found = {}
    for line_id, quantity in _to_deliver(view).items():
        numbers = [_number(column.units.get(line_id, "")) for column in columns]
        if None in numbers:
            found[line_id] = _("Write whole numbers.")
        elif sum(n or 0 for n in numbers) != quantity:
            together = sum(n or 0 for n in numbers)
            found[line_id] = _("This has to be %(quantity)s together, and it is %(n)s.", quantity=quantity, n=together)
    return found


def _number(text: str) -> int | None:
    clean = text.strip() or "0"
    return int(clean) if clean.isascii() and clean.isdigit() else None


def _to_deliver(view: CheckoutView) -> dict[int, int]:
    return {
        line.id: line.quantity for line in view.lines if line.priced is not None and line.priced.line.needs_delivery
    }


def spread_details(stored: StoredCart, view: CheckoutView, columns: Sequence[Column]) -> Details:
    """The cart's answers with its goods spread like this. The first address that gets something is the cart's own."""
    variants = {line.id: line.variant_id for line in stored.lines}
    places = []
    for column in columns:
        units = {
            variants[line_id]: n for line_id in _to_deliver(view) if (n := _number(column.units.get(line_id, "")) or 0)
        }
        if units:
            places.append(replace(_kept(stored, column.origin), units=units))
    own = places[0] if places else _kept(stored, "0")
    return Details(
        email=stored.email, address=own.address, billing=stored.billing, carrier=own.carrier, service=own.service,
        gateway=stored.gateway, note=stored.note, extra=stored.extra, places=tuple(places[1:]),
    )  # fmt: skip


def _kept(stored: StoredCart, origin: str) -> CartPlace:
    if origin == _NEW:
        return CartPlace()
    if origin == "0":
        return CartPlace(address=stored.address, carrier=stored.carrier, service=stored.service)
    return stored.places[int(origin) - 1]


def shown_places(
    stored: StoredCart, view: CheckoutView, columns: Sequence[Column], wrong: Mapping[int, str]
) -> ShownPlaces:
    """The page."""
    titled = [
        replace(one, title=place_title(number, _address(stored, one.origin))) for number, one in enumerate(columns, 1)
    ]
    goods = _to_deliver(view)
    lines = [
        PlaceLine(
            id=f"line-{line.id}", name=line.name, choice=line.choice, picture=line.picture, quantity=line.quantity,
            error=wrong.get(line.id, ""),
            fields=[
                field(
                    _name(line.id, at), column.title, type="text", mode="numeric", max=3,
                    value=column.units.get(line.id, "") or "0",
                )
                for at, column in enumerate(titled)
            ],
        )
        for line in shown_lines(view.lines)
        if line.id in goods
    ]  # fmt: skip
    errors = [(line.fields[0]["id"], labelled(line.name, line.error)) for line in lines if line.error and line.fields]
    return ShownPlaces(columns=titled, lines=lines, errors=errors, can_grow=len(titled) < MOST_PLACES)
