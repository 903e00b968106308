"""What shoppers may do with their order by themselves, and what their forms say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.catalogue.services.shapes import Picture
from core.catalogue.services.stock import OutOfStock
from core.checkout.forms import read_address
from core.checkout.services.changing import Preview
from core.checkout.services.details import address_texts
from core.checkout.services.own_changes import can_be_changed_by_shopper
from core.hookspecs.checkout import Address
from core.hookspecs.site import Site
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.lib import addresses, clock, ids
from core.lib.errors import Refused, Unfit
from core.lib.money import Money
from core.orders.services.case_reading import cases_of
from core.orders.services.case_rules import (
    Rules,
    claims_until,
    deadline,
    rules_of,
)
from core.orders.services.change_plan import NothingChanges
from core.orders.services.change_shapes import Action, RemoveLine, SetAddress, SetQuantity
from core.orders.services.goods import NotThatMany
from core.orders.services.guards import Guarded
from core.orders.services.price_now import price_now
from core.orders.services.shapes import OrderLineView, OrderView
from core.storefront.services.exchanging import Further
from core.storefront.services.fields import (
    Errors,
    Field,
    address_fields,
    address_lines,
    country_field,
    field,
    said,
    summary,
    whose,
)
from core.storefront.services.options import Option, delivery_option
from core.storefront.services.own_order_steps import ShownCase, shown_cases
from core.storefront.services.totals import Row

MOST_UNITS = 9_999


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What may be done from the order's page. Empty `changing` or `returning`: it may; else they say why not.

    `can_claim` says whether what is wrong may still be claimed, also after the time to send back.
    `has_left` says whether there is anything that could come back at all, `only_ours` that it may for the shop's own
    faults alone. `moved` is what was given back so far,
    `to_come` what is still owed.
    """

    can_be_changed: bool
    changing: str
    has_left: bool
    returning: str
    can_claim: bool
    until: datetime | None
    only_ours: bool
    cases: tuple[ShownCase, ...]
    moved: Money
    to_come: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class LineField:
    """A line of a form: its picture and the field for its quantity; without a field `why` says why not.

    `instead`: what it may be exchanged for.
    """

    name: str
    picture: Picture | None
    field: Field | None
    why: str = ""
    instead: Field | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnForm:
    """A form about an order. `country`, `address` and `more` are empty where the address cannot be changed.

    `further` is what else may be sent instead, `sums` what an exchange comes to.
    `photos`: what is wrong with those that were sent. `place` is the one of several `places` that the form is about.
    """

    errors: tuple[tuple[str, str], ...]
    lines: tuple[LineField, ...]
    fields: Sequence[Field] = ()
    country: Field | None = None
    address: Sequence[Field] = ()
    more: Sequence[Field] = ()
    open: bool = False
    photos: str = ""
    key: str = ""
    place: int | None = None
    places: Sequence[tuple[int, str]] = ()
    further: Further | None = None
    sums: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPreview:
    """What a change would do, in words and sums; `hidden` is what the form sends once more."""

    changes: tuple[str, ...]
    address: Sequence[str]
    ways: Sequence[Option]
    rows: tuple[Row, ...]
    money: str
    is_cancelled: bool
    price: int
    key: str
    hidden: tuple[tuple[str, str], ...]


def own_side(site: Site, order: OrderView) -> Own:
    """What the shopper may do with this order now. Two to four statements."""
    is_open = can_be_changed_by_shopper(order)
    waits = order.can_be_cancelled and not is_open
    has_left = any(line.can_be_returned > 0 for line in order.lines)
    rules = rules_of(site) if has_left else Rules()
    until, last = deadline(order, rules) if has_left else None, claims_until(order, rules)
    own_until = deadline(order, rules, ours=False) if has_left else None
    return Own(
        can_be_changed=is_open,
        changing=_("We have begun to pack this order, so it cannot be changed here any more. Write to us.")
        if waits
        else "",
        has_left=has_left,
        returning=_why_none(until) if has_left else "",
        can_claim=has_left and last is not None and clock.now() <= last,
        until=until,
        only_ours=own_until is None or clock.now() > own_until,
        cases=shown_cases(site, order, cases_of(site, order.id)),
        moved=order.refunded,
        to_come=order.refund_due,
    )


def _why_none(until: datetime | None) -> str:
    if until is None or clock.now() > until:
        return _("The time to send these goods back is over.")
    return ""


def price_rows(order: OrderView) -> tuple[Row, ...]:
    """What an order costs by now, where units were cancelled or came back since it was agreed."""
    now = price_now(order)
    if now is None:
        return ()
    less = ((_("Cancelled"), now.cancelled), (_("In other orders"), now.moved), (_("Sent back"), now.returned))
    return (
        *(Row(name=name, amount=-amount) for name, amount in less if amount),
        Row(name=_("Total now"), amount=now.total, kind="sum"),
    )


# -- changing ----------------------------------------------------------------------------------------------------------


def read_change(order: OrderView, sent: Mapping[str, str]) -> list[Action]:
    """The actions that a form asks for. Raises Unfit with what is wrong per field, NothingChanges."""
    if "cancel" in sent:
        return [RemoveLine(line_id=line.id) for line in order.lines if line.allocated]
    errors: dict[str, str] = {}
    actions: list[Action] = []
    place, order = _place_meant(order, sent), _seen_from(order, sent)
    for line in order.lines:
        name = f"quantity.{line.id}"
        if not line.allocated or name not in sent:
            continue
        quantity = units(sent[name])
        if quantity is None:
            errors[name] = _("Write a whole number from %(least)s to %(most)s.", least=0, most=MOST_UNITS)
        elif quantity != line.left:
            actions.append(SetQuantity(line_id=line.id, quantity=quantity))
    address = _typed_address(order, sent)
    if address is not None and address != order.address:
        errors.update(addresses.check(address_texts(address)))
        carrier, _colon, service = sent.get("to_service", "").partition(":")
        actions.append(SetAddress(address=address, carrier=carrier[:60], service=service[:60], destination=place))
    if errors:
        raise Unfit(errors)
    if not actions:
        raise NothingChanges
    return actions


def _place_meant(order: OrderView, sent: Mapping[str, str]) -> int | None:
    """Which of several places a form is about, the first that still waits if it does not say; None if there is one."""
    if not order.is_spread:
        return None
    waiting = [line.place for line in order.lines if line.allocated]
    named = units(sent.get("destination", ""))
    return named if named is not None else min(waiting, default=order.destinations[0].position)


def _seen_from(order: OrderView, sent: Mapping[str, str]) -> OrderView:
    """The part of the order that a form is about. Raises NotFound."""
    place = _place_meant(order, sent)
    return order if place is None else order.at(place)


def places_of(order: OrderView) -> list[tuple[int, str]]:
    """The places to which something waits to be sent, by position, with their names; none if there is only one."""
    waiting = {line.place for line in order.lines if line.allocated}
    found = [(one.position, whose(one.address)) for one in order.destinations if one.address]
    return [one for one in found if one[0] in waiting] if order.is_spread else []


def units(text: str) -> int | None:
    """A whole number of units as it was typed; None if it is none."""
    bare = text.strip()
    return int(bare) if len(bare) <= len(str(MOST_UNITS)) and bare.isdecimal() else None


def address_can_change(order: OrderView) -> bool:
    """Whether the goods travel to an address that the shopper gave."""
    return order.address is not None and order.needs_delivery and not order.rate.get("pickup")


def _typed_address(order: OrderView, sent: Mapping[str, str]) -> Address | None:
    """What was typed; what was not sent stays, but not in another country."""
    if "line1" not in sent or not address_can_change(order) or order.address is None:
        return None
    is_same_country = sent.get("country", order.address.country) == order.address.country
    return read_address({**(address_texts(order.address) if is_same_country else {}), **sent})


def change_form(order: OrderView, sent: Mapping[str, str], errors: Errors) -> OwnForm:
    """The form of a change, with what was typed."""
    places, place, order = places_of(order), _place_meant(order, sent), _seen_from(order, sent)
    lines = tuple(_change_line(line, sent, errors) for line in order.lines if line.allocated)
    address: Sequence[Field] = ()
    more: Sequence[Field] = ()
    country: Field | None = None
    if address_can_change(order) and order.address is not None:
        shown = _typed_address(order, sent) or order.address
        country = country_field(shown.country, (), errors)
        address = address_fields(shown, errors)
        more = [{**one, "wide": True} for one in address_fields(shown, errors, folded=True)]
    asked = [one.field for one in lines if one.field] + [*([country] if country else ()), *address, *more]
    typed = _typed_address(order, sent)
    return OwnForm(
        errors=summary(errors, asked),
        lines=lines,
        country=country,
        address=address,
        more=more,
        place=place,
        places=places,
        open=(typed is not None and typed != order.address)
        or any(one["id"] in errors for one in asked if one not in [line.field for line in lines])
        or any(one["id"] in errors for one in more),
    )


def _change_line(line: OrderLineView, sent: Mapping[str, str], errors: Errors) -> LineField:
    name = f"quantity.{line.id}"
    value = sent.get(name, str(line.left))
    hint = _("You ordered %(n)s. 0 cancels them.", n=line.left)
    return LineField(
        name=line.name,
        picture=picture(line.picture),
        field=field(name, _("Quantity of %(name)s", name=line.name), errors=errors, value=value, help=hint, **NUMBER),
    )


NUMBER = {"mode": "numeric", "max": 4, "autocomplete": "off", "wide": True}


def picture(name: str) -> Picture | None:
    """The picture of an order's line, from its stored name."""
    return Picture(name=name, mime="", width=400, height=400) if name else None


def placed_errors(order: OrderView, error: Refused) -> dict[str, str]:
    """What is wrong, at the field of the line that it is about."""
    about = [
        line.id
        for line in order.lines
        if (isinstance(error, OutOfStock) and line.variant_id == error.variant_id)
        or (isinstance(error, NotThatMany) and line.sku == error.params.get("sku"))
        or (isinstance(error, Guarded) and error.field == f"line-{line.id}")
    ]
    return {f"quantity.{about[0]}": i18n.say(error)} if about else said(error)


def shown_preview(order: OrderView, found: Preview, actions: Sequence[Action], sent: Mapping[str, str]) -> ShownPreview:
    """The effect of a change for who has to say yes to it."""
    effect, currency = found.effect, order.currency
    left = sum(line.left for line in order.lines)
    moved = next((action.address for action in actions if isinstance(action, SetAddress)), None)
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
            if moved is not None and amount
        ),
    ]
    return ShownPreview(
        changes=tuple(_words(order, action) for action in actions if not isinstance(action, SetAddress)),
        address=address_lines(moved) if moved else (),
        ways=[delivery_option(rate, found.service) for rate in found.rates],
        rows=tuple(rows),
        money=_money_words(found, currency),
        is_cancelled=fewer == left and not more,
        price=effect.price_after,
        key=ids.token(),
        hidden=tuple((name, sent[name]) for name in sorted(sent) if _is_asked(name)),
    )


def _is_asked(name: str) -> bool:
    return name in {"cancel", "destination"} or name in addresses.NAMES or name.startswith("quantity.")


def _words(order: OrderView, action: Action) -> str:
    by_id = {line.id: line for line in order.lines}
    if isinstance(action, SetQuantity):
        line = by_id[action.line_id]
        if action.quantity:
            return _(
                "%(name)s: %(after)s instead of %(before)s", name=line.name, after=action.quantity, before=line.left
            )
        return _("%(name)s: cancelled", name=line.name)
    if isinstance(action, RemoveLine):
        return _("%(name)s: cancelled", name=by_id[action.line_id].name)
    raise TypeError(type(action))


def _money_words(found: Preview, currency: str) -> str:
    """What is to be paid or given back, and whether the shop looks at the order first."""
    said = _to_pay_words(found, currency)
    return f"{said} {_('We will look at the order once more before it leaves.')}" if found.plan.holds else said


def _to_pay_words(found: Preview, currency: str) -> str:
    effect = found.effect
    if effect.to_refund:
        return _("We give %(amount)s back by the way you paid.", amount=i18n.money(Money(effect.to_refund, currency)))
    if effect.to_pay:
        return _("After that %(amount)s are still to be paid.", amount=i18n.money(Money(effect.to_pay, currency)))
    return _("Nothing is to be paid or given back.")
