"""What a person wrote into the change editor, as actions; and what a change does, as rows of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.checkout.services.changing import Preview
from core.kernel import db
from core.kernel.i18n import gettext as _
from core.lib.addresses import email_problem, phone_problem
from core.lib.errors import Unfit
from core.lib.money import Money, NotMoney, parse_money
from core.orders.services.change_shapes import (
    Action,
    AddCharge,
    AddGoods,
    Effect,
    SetAddress,
    SetBilling,
    SetContact,
    SetDelivery,
    SetPrice,
    SetQuantity,
)
from core.orders.services.shapes import OrderLineView, OrderView
from core.panel.orders.services.addressing import BILLING, PREFIX, address_errors, typed_address

CHARGES = ("goodwill", "fee")
_MOST = 9_999


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectRow:
    """One line of what a change does to the money."""

    title: str
    units: int
    amount: Money
    is_gone: bool


def actions_of(form: Mapping[str, str], order: OrderView, part: OrderView) -> list[Action]:
    """The actions of a form; fields that are as they were ask for nothing. Raises Unfit with a message per field.

    Address, delivery and new goods are those of `part`, what goes to one place.
    """
    errors: dict[str, str] = {}
    actions: list[Action] = []
    for line in order.lines:
        actions += _of_line(form, line, order.currency, errors)
    place = part.destinations[0].position
    actions += _goods(form, place, errors)
    actions += _delivery(form, part, place, errors)
    actions += _address(form, part, place, errors)
    actions += _people(form, part, errors)
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


def _goods(form: Mapping[str, str], place: int, errors: dict[str, str]) -> list[Action]:
    sku, quantity = form.get("add_sku", "").strip(), form.get("add_quantity", "").strip() or "1"
    if not sku:
        return []
    variant = db.value("SELECT id FROM variant WHERE sku = ? AND deleted_at IS NULL", sku)
    wanted = _whole(quantity)
    if variant is None:
        errors["add_sku"] = _("No variant has this SKU.")
    if not wanted:
        errors["add_quantity"] = _("Write a whole number from 1.")
    if variant is None or not wanted:
        return []
    return [AddGoods(variant_id=variant, quantity=wanted, destination=place)]


def _delivery(form: Mapping[str, str], order: OrderView, place: int, errors: dict[str, str]) -> list[Action]:
    title, text = form.get("delivery_title", "").strip(), form.get("delivery", "").strip()
    now = order.destinations[0].left
    if (not text or text == now.decimal) and title in {"", order.delivery_title}:
        return []
    amount = now.amount if not text else _money(text, order.currency, "delivery", errors)
    return [] if amount is None else [SetDelivery(amount=amount, title=title, destination=place)]


def _address(form: Mapping[str, str], order: OrderView, place: int, errors: dict[str, str]) -> list[Action]:
    if order.address is None or f"{PREFIX}name" not in form:
        return []
    moved = typed_address(form, order.address)
    if moved is None:
        return []
    errors.update(address_errors(moved, collected=bool(order.rate.get("pickup"))))
    carrier, _colon, service = form.get("to_service", "").partition(":")
    return [SetAddress(address=moved, carrier=carrier[:60], service=service[:60], destination=place)]


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
