"""The form by which shoppers change their own order: how many of each, to which address, and what that does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from core.checkout.forms import read_address
from core.checkout.services.changing import Preview
from core.checkout.services.details import address_texts
from core.hookspecs.checkout import Address
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.lib import addresses, ids
from core.lib.errors import Refused, Unfit
from core.lib.money import Money
from core.orders.services.change_shapes import Action, MoveUnits, RemoveLine, SetAddress, SetQuantity
from core.orders.services.change_wish import NothingChanges
from core.orders.services.part_shapes import OrderLineView
from core.orders.services.shapes import OrderView
from core.storefront.services.fields import (
    Errors,
    Field,
    address_fields,
    address_lines,
    country_field,
    field,
    summary,
)
from core.storefront.services.options import Option, delivery_option
from core.storefront.services.own_order import MOST_UNITS, NUMBER, LineField, picture, placed_errors, units
from core.storefront.services.totals import Row


class PlaceForm(Struct, frozen=True, kw_only=True):
    """The fields of one address; `title` says whose it is where there are several, `prefix` begins their names."""

    title: str
    prefix: str
    country: Field
    address: Sequence[Field]
    more: Sequence[Field]
    open: bool

    @property
    def fields(self) -> Sequence[Field]:
        """All of them, in their order."""
        return [self.country, *self.address, *self.more]


class ChangeForm(Struct, frozen=True, kw_only=True):
    """The form of a change, with what was typed; no `places` where no address can be changed."""

    errors: tuple[tuple[str, str], ...]
    lines: tuple[LineField, ...]
    places: tuple[PlaceForm, ...]


class PlacePreview(Struct, frozen=True, kw_only=True):
    """Where goods will go: an address that is another, and the ways there under the `name` of their field."""

    address: Sequence[str]
    name: str
    ways: Sequence[Option]


class ShownPreview(Struct, frozen=True, kw_only=True):
    """What a change would do to the order of this `version`, in words and sums.

    `hidden` is what the form sends once more.
    """

    changes: tuple[str, ...]
    places: tuple[PlacePreview, ...]
    rows: tuple[Row, ...]
    money: str
    is_cancelled: bool
    price: int
    version: int
    key: str
    hidden: tuple[tuple[str, str], ...]


# -- what was sent -----------------------------------------------------------------------------------------------------


def read_change(order: OrderView, sent: Mapping[str, str], *, may_add: bool) -> list[Action]:
    """The actions that a form asks for; more pieces only if one `may_add`.

    Raises Unfit with what is wrong per field, NothingChanges.
    """
    if "cancel" in sent:
        return [RemoveLine(line_id=line.id) for line in order.lines if line.allocated]
    errors: dict[str, str] = {}
    actions: list[Action] = []
    for line in order.lines:
        actions += _of_line(order, line, sent, errors, may_add=may_add)
    for part in _parts(order):
        actions += _of_place(part, _prefix(order, part), sent, errors)
    if errors:
        raise Unfit(errors)
    if not actions:
        raise NothingChanges
    return actions


def _of_line(
    order: OrderView, line: OrderLineView, sent: Mapping[str, str], errors: dict[str, str], *, may_add: bool
) -> list[Action]:
    name = f"quantity.{line.id}"
    if not line.allocated or name not in sent:
        return []
    actions: list[Action] = []
    quantity, to = units(sent[name]), units(sent.get(f"to.{line.id}", ""))
    if quantity is None:
        errors[name] = _("Write a whole number from %(least)s to %(most)s.", least=0, most=MOST_UNITS)
        return []
    if quantity > line.left and not may_add:
        errors[name] = _(
            "This shop is not open at the moment, so nothing can be added. Write %(n)s or less.", n=line.left
        )
        return []
    if quantity != line.left:
        actions.append(SetQuantity(line_id=line.id, quantity=quantity))
    moved = min(quantity, line.allocated)
    if to in {part.destinations[0].position for part in _parts(order)} - {line.place} and moved:
        actions.append(MoveUnits(line_id=line.id, quantity=moved, destination=to or 0))
    return actions


def _of_place(part: OrderView, prefix: str, sent: Mapping[str, str], errors: dict[str, str]) -> list[Action]:
    address = _typed_address(part, prefix, sent)
    if address is None or address == part.address:
        return []
    errors.update({f"{prefix}{name}": text for name, text in addresses.check(address_texts(address)).items()})
    carrier, _colon, service = sent.get(f"{prefix}to_service", "").partition(":")
    place = part.destinations[0].position if prefix else None
    return [SetAddress(address=address, carrier=carrier[:60], service=service[:60], destination=place)]


def _parts(order: OrderView) -> list[OrderView]:
    """The order as each place sees it to which something waits to be sent."""
    return [part for part in order.by_place if any(line.allocated for line in part.lines)]


def _prefix(order: OrderView, part: OrderView) -> str:
    """What the names of a place's fields begin with: nothing where there is only one."""
    return f"p{part.destinations[0].position}_" if order.is_spread else ""


def _can_change(part: OrderView) -> bool:
    """Whether the goods travel to an address that the shopper gave."""
    return part.address is not None and part.needs_delivery and not part.rate.get("pickup")


def _typed_address(part: OrderView, prefix: str, sent: Mapping[str, str]) -> Address | None:
    """What was typed; what was not sent stays, but not in another country."""
    if f"{prefix}line1" not in sent or not _can_change(part) or part.address is None:
        return None
    known = {f"{prefix}{name}": text for name, text in address_texts(part.address).items()}
    is_same_country = sent.get(f"{prefix}country", part.address.country) == part.address.country
    return read_address({**(known if is_same_country else {}), **sent}, prefix)


def change_errors(order: OrderView, error: Refused) -> dict[str, str]:
    """What is wrong, at the field that it is about."""
    place = getattr(error, "place", None)
    return {
        f"p{place}_{name}" if order.is_spread and place is not None and name in addresses.NAMES else name: text
        for name, text in placed_errors(order, error).items()
    }


# -- the form ----------------------------------------------------------------------------------------------------------


def change_form(order: OrderView, sent: Mapping[str, str], errors: Errors) -> ChangeForm:
    """The form of a change, with what was typed."""
    parts = _parts(order)
    names = [(str(part.destinations[0].position), part.address.whose) for part in parts if part.address]
    lines = tuple(
        _change_line(order, line, names, sent, errors) for part in parts for line in part.lines if line.allocated
    )
    places = tuple(
        _place_form(order, part, part.address, sent, errors)
        for part in parts
        if _can_change(part) and part.address is not None
    )
    asked = [one for line in lines for one in (line.field, line.instead) if one is not None]
    return ChangeForm(
        errors=summary(errors, [*asked, *(one for place in places for one in place.fields)]), lines=lines, places=places
    )


def _place_form(
    order: OrderView, part: OrderView, address: Address, sent: Mapping[str, str], errors: Errors
) -> PlaceForm:
    prefix = _prefix(order, part)
    typed = _typed_address(part, prefix, sent)
    shown = typed or address
    fields = address_fields(shown, errors, prefix)
    more = [{**one, "wide": True} for one in address_fields(shown, errors, prefix, folded=True)]
    return PlaceForm(
        title=address.whose if order.is_spread else "", prefix=prefix,
        country=country_field(shown.country, (), errors, prefix), address=fields, more=more,
        open=(typed is not None and typed != address) or any(one["id"] in errors for one in [*fields, *more]),
    )  # fmt: skip


def _change_line(
    order: OrderView, line: OrderLineView, places: Sequence[tuple[str, str]], sent: Mapping[str, str], errors: Errors
) -> LineField:
    name, to = f"quantity.{line.id}", f"to.{line.id}"
    value = sent.get(name, str(line.left))
    hint = _("You ordered %(n)s. Write 0 to cancel.", n=line.left)
    goes_to = field(
        to, _("Where %(name)s goes", name=line.name), errors=errors, options=places,
        value=sent.get(to, str(line.place)), wide=True,
    )  # fmt: skip
    return LineField(
        name=line.name,
        picture=picture(line.picture),
        field=field(name, _("Quantity of %(name)s", name=line.name), errors=errors, value=value, help=hint, **NUMBER),
        instead=goes_to if order.is_spread and line.needs_delivery else None,
    )


# -- what it does ------------------------------------------------------------------------------------------------------


def shown_preview(
    order: OrderView, found: Preview, actions: Sequence[Action], sent: Mapping[str, str], back: Callable[[Money], str]
) -> ShownPreview:
    """The effect of a change for who has to say yes to it; `back` says how money is given back."""
    effect, currency = found.effect, order.currency
    left = sum(line.left for line in order.lines)
    goes_elsewhere = any(isinstance(action, SetAddress | MoveUnits) for action in actions)
    fewer, more = sum(found.plan.cancels.values()), sum(line.quantity for line in found.plan.lines)
    rows = [
        Row(name=_("The order costs now"), amount=Money(effect.price_before, currency)),
        Row(name=_("Difference"), amount=Money(effect.delta, currency)),
        Row(name=_("It costs then"), amount=Money(effect.price_after, currency), kind="sum"),
        *(
            Row(name=name, amount=Money(amount, currency), kind="soft")
            for name, amount in (
                (_("Of the difference, for the delivery"), effect.delivery_after - effect.delivery_before),
                (_("Difference in taxes"), effect.tax_after - effect.tax_before),
            )
            if goes_elsewhere and amount
        ),
    ]
    return ShownPreview(
        changes=tuple(_words(found, action) for action in actions if not isinstance(action, SetAddress)),
        places=tuple(
            PlacePreview(
                address=address_lines(address),
                name=f"p{place}_to_service" if order.is_spread else "to_service",
                ways=[delivery_option(rate, found.service(place)) for rate in found.rates(place)],
            )
            for place, address in sorted(found.plan.addresses.items())
        ),
        rows=tuple(rows),
        money=_money_words(found, currency, back),
        is_cancelled=fewer == left and not more,
        price=effect.price_after,
        version=found.order.version,
        key=ids.token(),
        hidden=tuple((name, sent[name]) for name in sorted(sent) if _is_asked(name)),
    )


def _is_asked(name: str) -> bool:
    bare = name.partition("_")[2] if name[:1] == "p" and name[1:].partition("_")[0].isdigit() else name
    return name == "cancel" or bare in addresses.NAMES or name.startswith(("quantity.", "to."))


def _words(found: Preview, action: Action) -> str:
    by_id = {line.id: line for line in found.order.lines}
    if isinstance(action, SetQuantity):
        line = by_id[action.line_id]
        if action.quantity:
            return _(
                "%(name)s: %(after)s instead of %(before)s", name=line.name, after=action.quantity, before=line.left
            )
        return _("%(name)s: cancelled", name=line.name)
    if isinstance(action, RemoveLine):
        return _("%(name)s: cancelled", name=by_id[action.line_id].name)
    if isinstance(action, MoveUnits):
        line = by_id[action.line_id]
        return _(
            "%(n)s × %(name)s: to %(place)s", n=action.quantity, name=line.name, place=found.whose(action.destination)
        )
    raise TypeError(type(action))


def _money_words(found: Preview, currency: str, back: Callable[[Money], str]) -> str:
    """What is to be paid or given back, and whether the shop looks at the order first."""
    said = _to_pay_words(found, currency, back)
    return f"{said} {_('We will look at the order once more before it leaves.')}" if found.plan.holds else said


def _to_pay_words(found: Preview, currency: str, back: Callable[[Money], str]) -> str:
    effect = found.effect
    if effect.to_refund:
        return back(Money(effect.to_refund, currency))
    if effect.to_pay:
        return _("After that %(amount)s are still to be paid.", amount=i18n.money(Money(effect.to_pay, currency)))
    return _("Nothing is to be paid or given back.")
