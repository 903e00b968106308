"""Orders that come in from a file, in the words of the panel: what columns stand for, and the first orders."""

from __future__ import annotations

from typing import Any

from core.kernel.i18n import gettext as _
from core.kernel.i18n import lazy
from core.lib.money import Money
from core.orders.services.channel_columns import ADDRESS, FIELDS
from core.orders.services.channel_rows import ReadOrder

_TARGETS: dict[str, Any] = {
    "number": lazy("Number in the channel"),
    "channel": lazy("Channel"),
    "placed": lazy("Placed on"),
    "state": lazy("State there"),
    "email": lazy("Mail address"),
    "language": lazy("Language"),
    "currency": lazy("Currency"),
    "sku": lazy("SKU"),
    "item": lazy("Name of the goods"),
    "quantity": lazy("Pieces"),
    "price": lazy("Price of each"),
    "line_total": lazy("Price of all pieces"),
    "line_discount": lazy("Taken off the line"),
    "tax": lazy("Tax of the line"),
    "tax_rate": lazy("Tax rate of the line"),
    "taxable": lazy("The line is taxed"),
    "discount": lazy("Taken off the order"),
    "discount_title": lazy("Name of the discount"),
    "delivery": lazy("Delivery"),
    "carrier": lazy("Carrier’s code"),
    "service": lazy("Service’s code"),
    "delivery_price": lazy("Price of the delivery"),
    "delivery_tax": lazy("Tax of the delivery"),
    "taxes": lazy("All taxes"),
    "tax_name": lazy("Name of the tax"),
    "tax_included": lazy("Prices hold the taxes"),
    "total": lazy("Total"),
    "paid": lazy("Paid"),
    "paid_at": lazy("Paid on"),
    "payment": lazy("Way to pay"),
    "payment_reference": lazy("Reference of the payment"),
    "note": lazy("Note"),
}
_PLACE: dict[str, Any] = {
    "name": lazy("Full name"),
    "first_name": lazy("First name"),
    "last_name": lazy("Last name"),
    "company": lazy("Company"),
    "line1": lazy("Street and number"),
    "line2": lazy("Flat, floor, building"),
    "district": lazy("District"),
    "city": lazy("City"),
    "region": lazy("Region"),
    "postcode": lazy("Postcode"),
    "country": lazy("Country or region"),
    "phone": lazy("Phone"),
}


def targets() -> list[tuple[str, str]]:
    """(field, words) of all that a column may stand for."""
    return [(name, _name(name)) for name in FIELDS]


def _name(field: str) -> str:
    if field in ADDRESS:
        return _("Goods to: %(part)s", part=_PLACE[field])
    if field.startswith("billing_"):
        return _("Bill to: %(part)s", part=_PLACE[field.removeprefix("billing_")])
    return str(_TARGETS[field])


def shown(one: ReadOrder) -> dict[str, object]:
    """An order of the preview in the words of the page."""
    order = one.order
    said = list(dict.fromkeys(problem.what for problem in one.problems))
    if order is None:
        return {"line": one.line, "number": one.number, "said": said, "sound": False}
    return {
        "line": one.line,
        "number": f"{order.channel} · {order.number}",
        "who": order.address.name if order.address else order.email,
        "goods": [f"{line.quantity} × {line.sku}" for line in order.lines],
        "total": Money(order.sums.total, order.currency),
        "paid": Money(order.paid, order.currency),
        "said": said,
        "sound": True,
    }
