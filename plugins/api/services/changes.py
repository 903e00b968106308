"""Changes of placed orders: made as a draft with all that it does, then confirmed with what was seen, or dropped."""

from __future__ import annotations

from core.api import (
    AddCharge,
    AddDestination,
    AddGoods,
    CancelUnits,
    ChangeStale,
    ChangeView,
    MoveUnits,
    NotFound,
    OrderView,
    PreviewMoved,
    RemoveLine,
    SetAddress,
    SetBilling,
    SetContact,
    SetDelivery,
    SetPrice,
    SetQuantity,
    Unfit,
    change_view,
    confirm_change,
    draft_change,
    drop_change,
    email_problem,
)
from core.api import Money as CoreMoney
from plugins.api.forms import changes as sent
from plugins.api.models import scopes
from plugins.api.services.once import once
from plugins.api.services.operations import Call, operation
from plugins.api.services.orders import found_order
from plugins.api.services.payments import amount_of
from plugins.api.services.quotes import kept_address
from plugins.api.services.shapes.base import money
from plugins.api.services.shapes.changes import Change, ChangedLine, ChangedStock

Action = (
    AddCharge | AddDestination | AddGoods | CancelUnits | MoveUnits | RemoveLine | SetAddress | SetBilling | SetContact
    | SetDelivery | SetPrice | SetQuantity
)  # fmt: skip


@operation(
    "POST", "/orders/{order_id}/changes", tag="Changes", scope=scopes.ORDERS_WRITE, body=sent.NewChange, answer=Change,
    once="needed", status=201,
)  # fmt: skip
def create_order_change(call: Call) -> Change:
    """Make a change and read what it would do; nothing of the order changes before it is confirmed."""
    asked: sent.NewChange = call.body
    order = found_order(call)
    actions = [_action(order, one, f"actions[{place}]") for place, one in enumerate(asked.actions)]
    made = once(
        call,
        "create_change",
        lambda key: draft_change(
            call.state, order.id, actions, key=key, actor=call.actor, reason=asked.reason, policy=asked.policy
        ),
    )
    return _shown(order, change_view(call.site, made))


@operation("GET", "/orders/{order_id}/changes/{change_id}", tag="Changes", scope=scopes.ORDERS, answer=Change)
def get_order_change(call: Call) -> Change:
    """Read a change."""
    return _shown(*_found(call))


@operation(
    "POST", "/orders/{order_id}/changes/{change_id}/confirmation", tag="Changes", scope=scopes.ORDERS_WRITE,
    body=sent.Confirmation, answer=Change,
)  # fmt: skip
def confirm_order_change(call: Call) -> Change:
    """Confirm a change as it was seen, once; if the order is another by now, nothing is written."""
    asked: sent.Confirmation = call.body
    order, change = _found(call)
    seen = amount_of(order, asked.seen_price, "seen_price")
    if asked.version != change.version:
        raise ChangeStale(field="version")
    if seen.amount != change.effect.price_after:
        raise PreviewMoved(field="seen_price")
    confirm_change(call.site, change.id, actor=call.actor)
    return _shown(*_found(call))


@operation(
    "DELETE", "/orders/{order_id}/changes/{change_id}", tag="Changes", scope=scopes.ORDERS_WRITE, answer=Change
)  # fmt: skip
def drop_order_change(call: Call) -> Change:
    """Drop a change that is not confirmed."""
    drop_change(call.site, _found(call)[1].id, actor=call.actor)
    return _shown(*_found(call))


def _found(call: Call) -> tuple[OrderView, ChangeView]:
    order = found_order(call)
    change = change_view(call.site, call.path["change_id"])
    if change.order_id != order.id:
        raise NotFound
    return order, change


# -- what was sent -----------------------------------------------------------------------------------------------------


def _action(order: OrderView, one: sent.Action, at: str) -> Action:
    match one:
        case sent.Add():
            return AddGoods(variant_id=one.variant_id, quantity=one.quantity, destination=one.destination)
        case sent.Quantity():
            return SetQuantity(line_id=one.line_id, quantity=one.quantity)
        case sent.Cancel():
            return CancelUnits(line_id=one.line_id, quantity=one.quantity)
        case sent.Remove():
            return RemoveLine(line_id=one.line_id)
        case sent.Billing() | sent.Contact() | sent.Charge() | sent.Price():
            return _about_people(order, one, at)
        case _:
            return _about_places(order, one, at)


def _about_places(
    order: OrderView, one: sent.Move | sent.NewDestination | sent.Send | sent.Delivery, at: str
) -> Action:
    match one:
        case sent.Move():
            moved = kept_address(one.address)
            assert moved is not None
            return SetAddress(
                address=moved, carrier=one.carrier, service=one.service, destination=one.destination
            )  # fmt: skip
        case sent.NewDestination():
            further = kept_address(one.address)
            assert further is not None
            return AddDestination(
                address=further, destination=one.destination, carrier=one.carrier, service=one.service
            )  # fmt: skip
        case sent.Send():
            return MoveUnits(line_id=one.line_id, quantity=one.quantity, destination=one.destination)
        case sent.Delivery():
            return SetDelivery(
                amount=amount_of(order, one.price, f"{at}.price").amount, title=one.title, carrier=one.carrier,
                service=one.service, destination=one.destination,
            )  # fmt: skip


def _about_people(
    order: OrderView, one: sent.Billing | sent.Contact | sent.Charge | sent.Price, at: str
) -> Action:  # fmt: skip
    """Who pays and is written to, and what else they pay."""
    match one:
        case sent.Price():
            amount = amount_of(order, one.price, f"{at}.price").amount
            return SetPrice(line_id=one.line_id, amount=amount, reason=one.reason)
        case sent.Billing():
            billed = kept_address(one.address)
            assert billed is not None
            return SetBilling(address=billed)
        case sent.Contact():
            if one.email and (problem := email_problem(one.email)):
                raise Unfit({f"{at}.email": problem})
            return SetContact(email=one.email, phone=one.phone)
        case sent.Charge():
            return AddCharge(
                charge="fee" if one.charge == "fee" else "goodwill",
                amount=amount_of(order, one.amount, f"{at}.amount").amount, reason=one.reason, line_id=one.line_id,
                taxed=one.taxed,
            )  # fmt: skip


# -- into shapes -------------------------------------------------------------------------------------------------------


def _shown(order: OrderView, change: ChangeView) -> Change:
    effect = change.effect

    def sum_of(amount: int) -> CoreMoney:
        return CoreMoney(amount, order.currency)

    return Change(
        id=change.id, order_id=change.order_id, state=change.state, version=change.version, policy=change.policy,
        reason=change.reason, actions=tuple(str(type(one).__struct_config__.tag) for one in change.actions),
        price_before=money(sum_of(effect.price_before)), price_after=money(sum_of(effect.price_after)),
        tax_before=money(sum_of(effect.tax_before)), tax_after=money(sum_of(effect.tax_after)),
        delivery_before=money(sum_of(effect.delivery_before)), delivery_after=money(sum_of(effect.delivery_after)),
        to_pay=money(sum_of(max(0, effect.to_pay))), to_refund=money(sum_of(max(0, effect.to_refund))),
        lines=tuple(
            ChangedLine(
                line_id=one.line_id, name=one.name, units=one.units, amount=money(sum_of(one.amount)),
                tax=money(sum_of(one.tax)),
            )
            for one in effect.shares
        ),
        stock=tuple(ChangedStock(variant_id=one, pieces=pieces) for one, pieces in sorted(effect.stock.items())),
        waits_for=tuple(one.said for one in change.plan.holds),
        created_at=change.created_at, ended_at=change.ended_at,
    )  # fmt: skip
