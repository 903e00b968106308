"""What a person wrote into the change editor, as actions; and what a change does, as rows of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from core.checkout.forms import read_address
from core.checkout.services.changing import Preview
from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.i18n import gettext as _
from core.lib.addresses import email_problem, phone_problem
from core.lib.errors import Unfit
from core.lib.money import Money, NotMoney, parse_money
from core.orders.services.change_shapes import (
    Action,
    AddCharge,
    AddDestination,
    AddGoods,
    Effect,
    MoveUnits,
    SetAddress,
    SetBilling,
    SetContact,
    SetDelivery,
    SetPrice,
    SetQuantity,
)
from core.orders.services.part_shapes import OrderLineView
from core.orders.services.shapes import OrderView
from core.panel.orders.services.addressing import BILLING, PREFIX, address_errors, address_values, typed_address
from core.panel.orders.services.new_lines import added

CHARGES = ("goodwill", "fee")
NEW, FURTHER = "new", "n_"
_COUNTRY = f"{FURTHER}country"
_MOST = 9_999


class EffectRow(Struct, frozen=True, kw_only=True):
    """One line of what a change does to the money."""

    title: str
    units: int
    amount: Money
    is_gone: bool


class Names(Struct, frozen=True, kw_only=True):
    """The names of the fields about one place: plain ones where the order goes to only one."""

    place: int
    prefix: str
    title: str
    delivery: str
    service: str


def actions_of(form: Mapping[str, str], order: OrderView, site: Site) -> list[Action]:
    """The actions of a form; fields that are as they were ask for nothing. Raises Unfit with a message per field."""
    errors: dict[str, str] = {}
    actions: list[Action] = []
    for line in order.lines:
        actions += _of_line(form, line, order.currency, errors)
        actions += _moved(form, line, order, errors)
    actions += _goods(form, order, site, errors)
    for part in live_parts(order):
        names = names_at(order, part)
        actions += _delivery(form, part, names, errors)
        actions += _address(form, part, names, errors)
    actions += _further_address(form, order, actions, errors)
    actions += _people(form, live_parts(order)[0], errors)
    actions += _charge(form, order.currency, errors)
    if errors:
        raise Unfit(errors)
    return actions


def _of_line(form: Mapping[str, str], line: OrderLineView, currency: str, errors: dict[str, str]) -> list[Action]:
    actions: list[Action] = []
    quantity, price = form.get(f"qty-{line.id}", "").strip(), form.get(f"price-{line.id}", "").strip()
    if quantity and quantity != str(line.left):
        wanted = _whole(quantity)
        if wanted is None or wanted < line.left - line.allocated:
            errors[f"qty-{line.id}"] = _(
                "%(name)s: from %(least)s, because those have left.", name=line.name, least=line.left - line.allocated
            )
        else:
            actions.append(SetQuantity(line_id=line.id, quantity=wanted))
    if price and line.allocated and price != line.unit.decimal:
        amount = _money(price, currency, f"price-{line.id}", errors)
        if amount is not None:
            actions.append(SetPrice(line_id=line.id, amount=amount, reason=form.get("reason", "").strip()[:200]))
    return actions


def live_parts(order: OrderView) -> list[OrderView]:
    """The order as each place sees it to which something goes; the only one, or the first, where nothing does."""
    live = [part for part in order.by_place if any(line.left for line in part.lines)]
    return live if order.is_spread and live else [order.at(order.destinations[0].position)]


def standing(order: OrderView) -> dict[str, str]:
    """What the fields of the editor say before anything is written into them."""
    found = {f"qty-{line.id}": str(line.left) for line in order.lines if line.left}
    found |= {f"price-{line.id}": line.unit.decimal for line in order.lines if line.allocated}
    parts = live_parts(order)
    for part in parts:
        names = names_at(order, part)
        found |= {names.title: part.delivery_title, names.delivery: part.destinations[0].left.decimal}
        found |= address_values(part.address, names.prefix)
    return (
        found
        | address_values(order.billing or parts[0].address, BILLING)
        | {"email": order.email, "phone": order.phone}
    )


def further_place(order: OrderView) -> int:
    """The number that one more address would have."""
    return order.destinations[-1].position + 1


def names_at(order: OrderView, part: OrderView) -> Names:
    """The names of the fields about a place."""
    place = part.destinations[0].position
    prefix, end = (f"a{place}_", f"-{place}") if order.is_spread else (PREFIX, "")
    return Names(
        place=place, prefix=prefix, title=f"delivery_title{end}", delivery=f"delivery{end}", service=f"to_service{end}"
    )


def goods_places(order: OrderView, *, further: bool) -> list[tuple[str, str]]:
    """(place as forms send it, whose it is) of the addresses that new goods can go to; none where nobody can choose.

    `further`: one more address can be written.
    """
    live = [part.destinations[0] for part in live_parts(order)]
    found = [(str(one.position), one.address.whose if one.address else "") for one in live]
    found += [(NEW, _("The further address"))] if further else []
    return found if len(found) > 1 else []


def _place_named(text: str, order: OrderView) -> int | None:
    """A place of the order by its number, or the further one; None where it names none."""
    known = {str(one.position): one.position for one in order.destinations}
    return further_place(order) if text == NEW else known.get(text)


def _moved(form: Mapping[str, str], line: OrderLineView, order: OrderView, errors: dict[str, str]) -> list[Action]:
    """Pieces of a line that go to another address; all of them where no number is written beside the address."""
    name = f"move-{line.id}"
    text, to = form.get(name, "").strip(), form.get(f"move_to-{line.id}", "")
    place = _place_named(to or ("" if order.is_spread else NEW), order)
    if not line.allocated or place in {None, line.place} or (not text and not to):
        return []
    units = _whole(text or str(line.allocated))
    if units is None or units > line.allocated:
        errors[name] = _("%(name)s: from 0 to %(most)s.", name=line.name, most=line.allocated)
        return []
    return [MoveUnits(line_id=line.id, quantity=units, destination=place)] if units and place is not None else []


def _further_address(
    form: Mapping[str, str], order: OrderView, others: Sequence[Action], errors: dict[str, str]
) -> list[Action]:
    """One more address, if one was written; it is asked for where `others` send something there."""
    if not any(text.strip() for name, text in form.items() if name[: len(FURTHER)] == FURTHER and name != _COUNTRY):
        there = further_place(order)
        if any(isinstance(one, AddGoods | MoveUnits) and one.destination == there for one in others):
            errors[f"{FURTHER}name"] = _("Fill in the further address, as something shall go there.")
        return []
    address = read_address(form, FURTHER)
    if address is None:
        return []
    errors.update(address_errors(address, prefix=FURTHER))
    carrier, _colon, service = form.get(f"to_service-{NEW}", "").partition(":")
    return [
        AddDestination(
            address=address, destination=further_place(order), carrier=carrier[:60], service=service[:60]
        )
    ]  # fmt: skip


def _goods(form: Mapping[str, str], order: OrderView, site: Site, errors: dict[str, str]) -> list[AddGoods]:
    first = live_parts(order)[0].destinations[0].position

    def place_of(text: str) -> int:
        place = _place_named(text, order)
        return first if place is None else place

    return added(form, order, site, place_of, errors)


def _delivery(form: Mapping[str, str], part: OrderView, names: Names, errors: dict[str, str]) -> list[Action]:
    title, text = form.get(names.title, "").strip(), form.get(names.delivery, "").strip()
    now = part.destinations[0].left
    if (not text or text == now.decimal) and title in {"", part.delivery_title}:
        return []
    amount = now.amount if not text else _money(text, part.currency, names.delivery, errors)
    return [] if amount is None else [SetDelivery(amount=amount, title=title, destination=names.place)]


def _address(form: Mapping[str, str], part: OrderView, names: Names, errors: dict[str, str]) -> list[Action]:
    if part.address is None or f"{names.prefix}name" not in form:
        return []
    moved = typed_address(form, part.address, names.prefix)
    if moved is None:
        return []
    errors.update(address_errors(moved, collected=bool(part.rate.get("pickup")), prefix=names.prefix))
    carrier, _colon, service = form.get(names.service, "").partition(":")
    return [SetAddress(address=moved, carrier=carrier[:60], service=service[:60], destination=names.place)]


def _people(form: Mapping[str, str], order: OrderView, errors: dict[str, str]) -> list[Action]:
    """Who the bill is for, and who is written to."""
    actions: list[Action] = []
    known = order.billing or order.address
    if known is not None and f"{BILLING}name" in form:
        billed = typed_address(form, known, BILLING)
        if billed is not None:
            errors.update(address_errors(billed, prefix=BILLING))
            actions.append(SetBilling(address=billed))
    email, phone = form.get("email", "").strip(), form.get("phone", "").strip()
    if email and email != order.email and (problem := email_problem(email)):
        errors["email"] = _(problem)
    if phone and phone != order.phone and (problem := phone_problem(phone, known.country if known else "")):
        errors["phone"] = _(problem)
    if (email and email != order.email) or (phone and phone != order.phone):
        actions.append(SetContact(email=email, phone=phone))
    return actions


def _charge(form: Mapping[str, str], currency: str, errors: dict[str, str]) -> list[Action]:
    text, kind = form.get("charge", "").strip(), form.get("charge_kind", "goodwill")
    if not text or kind not in CHARGES:
        return []
    amount = _money(text, currency, "charge", errors)
    why = form.get("charge_reason", "").strip()[:200]
    if not amount:
        return []
    if kind == "goodwill":
        return [AddCharge(charge="goodwill", amount=amount, reason=why)]
    return [AddCharge(charge="fee", amount=amount, reason=why, taxed=bool(form.get("charge_taxed")))]


def _money(text: str, currency: str, name: str, errors: dict[str, str]) -> int | None:
    try:
        amount = parse_money(text, currency).amount
    except NotMoney:
        amount = -1
    if amount < 0:
        errors[name] = _("Write an amount of 0 or more.")
        return None
    return amount


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and int(text) <= _MOST else None


def rows(preview: Preview) -> list[EffectRow]:
    """What is taken off and added, line by line, then charges."""
    currency = preview.order.currency
    found = [
        EffectRow(
            title=share.name, units=abs(share.units), amount=Money(share.amount, currency), is_gone=share.units < 0
        )
        for share in preview.effect.shares
    ]
    found += [
        EffectRow(
            title=charge.reason or (_("Goodwill") if charge.amount < 0 else _("Fee")),
            units=0,
            amount=Money(charge.amount, currency),
            is_gone=charge.amount < 0,
        )
        for charge in preview.plan.charges
    ]
    return found


def moved(preview: Preview) -> list[tuple[str, int, str]]:
    """(name, pieces, where to) of what goes to another address of the order than before, and of new goods."""
    places = {line.id: line.place for line in preview.order.lines}
    return [
        (line.name, line.quantity, preview.whose(line.place))
        for line in preview.plan.lines
        if preview.order.is_spread
        and (line.of_line_id is None or places.get(line.of_line_id, line.place) != line.place)
    ]


def sums(effect: Effect | None, currency: str) -> dict[str, Money]:
    """The sums of an effect, before and after; none without one."""
    names = (
        "price_before", "price_after", "delta", "tax_before", "tax_after", "to_pay", "to_refund", "delivery_before",
        "delivery_after",
    )  # fmt: skip
    return {name: Money(getattr(effect, name), currency) for name in names} if effect else {}


def stock_rows(effect: Effect | None) -> list[tuple[str, int]]:
    """(SKU, pieces more or less) of what an effect does to stock. One statement, if there is one."""
    names = names_of(list(effect.stock)) if effect else {}
    return [(names.get(variant_id, ""), pieces) for variant_id, pieces in effect.stock.items()] if effect else []


def names_of(variant_ids: list[int]) -> dict[int, str]:
    """SKUs of variants, for the rows about stock. One statement."""
    return dict(db.rows(f"SELECT id, sku FROM variant WHERE id IN ({db.marks(variant_ids)})", *variant_ids))
