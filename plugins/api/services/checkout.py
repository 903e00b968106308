"""The order made of a cart, once, and the beginning of its payment."""

from __future__ import annotations

from core.api import (
    CannotBePlaced,
    Done,
    NotFound,
    NotOpen,
    OrderView,
    Qr,
    Redirect,
    Refused,
    Show,
    Unfit,
    begin_payment,
    order_of_cart,
    order_view,
    place_order,
    url_for,
)
from plugins.api.forms.carts import NewOrder
from plugins.api.models import scopes
from plugins.api.services.carts import found_cart
from plugins.api.services.once import once
from plugins.api.services.operations import Call, operation
from plugins.api.services.shapes.base import money
from plugins.api.services.shapes.orders import BegunPayment, PlacedOrder, Row, Status


class OtherCurrency(Refused):
    """The total that was seen is in another currency than the cart."""

    code = "other_currency"
    default_message = "The cart is in another currency."


class NotReady(Unfit):
    """The cart cannot be ordered as it is."""

    status = 409
    code = "not_ready"
    default_message = "The cart cannot be ordered as it is. Its quote says more."


@operation(
    "POST", "/cart/order", tag="Checkout", scope=scopes.CART, body=NewOrder, answer=PlacedOrder, has_cart=True,
    once="needed", status=201,
)  # fmt: skip
def create_order(call: Call) -> PlacedOrder:
    """Place the order. The same Idempotency-Key answers with the same order, however often it is sent.

    While the shop is not open, nothing is ordered.
    """
    return placed(call, once(call, "create_order", lambda _key: _order_made(call)))


def _order_made(call: Call) -> int:
    if not call.state.open:
        raise NotOpen
    asked: NewOrder = call.body
    try:
        if asked.seen_total.currency != found_cart(call, ordered=True).currency:
            raise OtherCurrency(field="seen_total.currency")
        return place_order(call.state, call.cart_token, seen_total=asked.seen_total.amount, actor=call.actor).id
    except Refused as error:
        raise not_ready(error) from error


@operation("GET", "/cart/order", tag="Checkout", scope=scopes.CART, answer=PlacedOrder, has_cart=True)
def get_cart_order(call: Call) -> PlacedOrder:
    """Read how the order made of this cart stands."""
    return placed(call, _order_id(call))


@operation("POST", "/cart/payment", tag="Checkout", scope=scopes.CART, answer=BegunPayment, has_cart=True)
def begin_order_payment(call: Call) -> BegunPayment:
    """Begin the payment of the order made of this cart, or tell again how it goes on."""
    begun = begin_payment(call.state, _order_id(call))
    if isinstance(begun, Redirect):
        return BegunPayment(kind="redirect", url=begun.url, fields=dict(begun.fields))
    if isinstance(begun, Qr):
        return BegunPayment(kind="qr", text=begun.text)
    if isinstance(begun, Show):
        rows = tuple(Row(label=str(label), value=str(value)) for label, value in begun.rows)
        return BegunPayment(kind="show", text=begun.text, rows=rows)
    assert isinstance(begun, Done)
    return BegunPayment(kind="done")


def not_ready(error: Refused) -> Refused:
    """What the cart lacks is no fault of this request's form."""
    if isinstance(error, Unfit):
        return NotReady(error.errors)
    if isinstance(error, CannotBePlaced):
        return NotReady(
            {one.field or (f"lines.{one.line_id}" if one.line_id else ""): one.message for one in error.problems}
        )
    return error


def _order_id(call: Call) -> int:
    found = order_of_cart(call.site.id, found_cart(call, ordered=True).id)
    if found is None:
        raise NotFound
    return found[0]


def placed(call: Call, order_id: int) -> PlacedOrder:
    """An order that was made just now, for whoever made it."""
    order = order_view(order_id, site=call.site)
    if order is None:
        raise NotFound
    url = call.site.origin + url_for("storefront.confirmation", secret=order.secret)
    return PlacedOrder(
        id=order.id, number=order.number, url=url, total=money(order.total), due=money(order.due), status=status(order)
    )


def status(order: OrderView) -> Status:
    """The four axes."""
    axes = order.status
    return Status(order=axes.order, payment=axes.payment, fulfilment=axes.fulfilment, returned=axes.returned)
