"""Sites, carts, orders, parcels and intents as core hands them to plugins, for tests that need no database."""

from __future__ import annotations

from msgspec.structs import replace

from core.hookspecs.checkout import Address, Cart, CartLine
from core.hookspecs.fulfil import Parcel, ParcelLine
from core.hookspecs.order import ActKind, GuardedLine, GuardedOrder, OrderAct
from core.hookspecs.payment import Intent
from core.hookspecs.site import Site
from core.lib import clock, ids
from core.lib.money import Money


def a_site(**changes: object) -> Site:
    """A British shop in euros, prices with tax; `changes` replace fields."""
    site = Site(
        id=1,
        key="halden",
        name="Halden House",
        host="shop.localhost",
        origin="http://shop.localhost:8000",
        theme="plain",
        language="en",
        languages=("en", "zh-CN"),
        currency="EUR",
        currencies=("EUR",),
        country="GB",
        timezone="UTC",
        email="shop@example.com",
        prices_include_tax=True,
    )
    return replace(site, **changes)


def the_address(country: str = "GB", **parts: object) -> Address:
    """A complete address."""
    address = Address(
        name="Mira Okafor",
        lines=("12 Canal Street",),
        city="Leeds",
        postcode="LS1 4AP",
        country=country,
        phone="+441130000000",
    )
    return replace(address, **parts)


def a_line(
    number: int = 1, amount: int = 2500, quantity: int = 1, currency: str = "EUR", **changes: object
) -> CartLine:
    """A cart line of product and variant `number`, `amount` minor units each."""
    unit = Money(amount, currency)
    line = CartLine(
        id=number,
        variant_id=number,
        product_id=number,
        sku=f"SKU-{number}",
        name=f"Thing {number}",
        quantity=quantity,
        unit=unit,
        list_unit=unit,
        weight_g=500,
        category_ids=frozenset({number}),
    )
    return replace(line, **changes)


def a_cart(*lines: CartLine, **changes: object) -> Cart:
    """A guest's cart of these lines; of two usual ones if none are given."""
    held = lines or (a_line(1, 2500), a_line(2, 1250, 2))
    cart = Cart(
        id=7, currency=held[0].unit.currency, language="en", lines=held, email="mira@example.com", address=the_address()
    )
    return replace(cart, **changes)


def a_parcel(value: Money | None = None, address: Address | None = None, weight_g: int = 500) -> Parcel:
    """A parcel of one thing."""
    worth = value or Money(5000, "EUR")
    line = ParcelLine(variant_id=1, sku="SKU-1", name="Thing 1", quantity=1, weight_g=weight_g, value=worth)
    return Parcel(lines=(line,), address=address or the_address(), value=worth)


def an_intent(amount: Money | None = None, **changes: object) -> Intent:
    """An intent with a token of its own, not begun yet."""
    token = ids.token()
    intent = Intent(
        token=token,
        site=a_site(),
        order_number="1001",
        amount=amount or Money(4990, "EUR"),
        description="Order 1001",
        language="en",
        email="mira@example.com",
        billing=the_address(),
        return_url=f"http://shop.localhost:8000/pay/return/{token}",
        notify_url="http://shop.localhost:8000/notify/sample/default",
    )
    return replace(intent, **changes)


def an_order(*lines: GuardedLine, **changes: object) -> GuardedOrder:
    """A guest's order as guards see it: paid, nothing sent, one line of two units if none are given."""
    unit = Money(2500, "EUR")
    line = GuardedLine(
        id=1, variant_id=1, product_id=1, sku="SKU-1", name="Thing 1", quantity=2, unit=unit, total=unit * 2,
        waiting=2, picked=0, shipped=0, cancelled=0, returned=0,
    )  # fmt: skip
    held = lines or (line,)
    total = Money(sum(one.total.amount for one in held), held[0].total.currency)
    order = GuardedOrder(
        id=7,
        number="1001",
        currency=total.currency,
        language="en",
        placed_at=clock.now(),
        total=total,
        captured=total,
        refunded=Money.zero(total.currency),
        lines=held,
        status={"order": "open", "payment": "paid", "fulfilment": "unfulfilled", "returned": "none"},
        email="mira@example.com",
        address=the_address(),
        gateway="invoice",
    )
    return replace(order, **changes)


def an_act(kind: ActKind = ActKind.SHIP, **changes: object) -> OrderAct:
    """Somebody of the staff does it with one unit of the first line."""
    act = OrderAct(kind=kind, actor="staff:1", lines={1: 1}, amount=Money(2500, "EUR"))
    return replace(act, **changes)
