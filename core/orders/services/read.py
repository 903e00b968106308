"""Orders as pages, mails and the panel show them: read models in few statements, frozen, without a database row."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.hookspecs.checkout import Address
from core.hookspecs.site import Site
from core.kernel import db
from core.lib import clock, ids
from core.lib.money import Money
from core.orders.services.addresses import address_of
from core.orders.services.facts import fold
from core.orders.services.links import order_secret
from core.orders.services.settle import money_facts
from core.orders.services.status import Axes, LineFacts, axes, due, owed_back


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLineView:
    """One line. `total` is what it costs after offers and with tax; the quantities count events, each from 0 to `quantity`."""

    id: int
    variant_id: int
    product_id: int
    sku: str
    name: str
    picture: str
    quantity: int
    unit: Money
    list_unit: Money
    subtotal: Money
    discount: Money
    tax: Money
    total: Money
    needs_delivery: bool
    allocated: int
    picked: int
    shipped: int
    delivered: int
    cancelled: int
    return_requested: int
    received: int
    restocked: int
    written_off: int

    @property
    def can_be_shipped(self) -> int:
        """Units that wait to be sent."""
        return self.allocated

    @property
    def can_be_returned(self) -> int:
        return self.shipped - self.received


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentView:
    """An offer that was applied; `amount` is what it took off."""

    plugin: str
    title: str
    code: str
    target: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxView:
    """A tax over the whole order; `rate` in hundredths of a percent."""

    name: str
    rate: int
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class FactView:
    """Something a gateway told. `verdict` is `counted` or `quarantined:<why>`."""

    kind: str
    amount: Money
    at: datetime
    reference: str
    verdict: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationView:
    """Something asked of a gateway: `sent`, `done`, `unknown` or `failed`."""

    kind: str
    amount: Money
    state: str
    at: datetime
    actor: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentView:
    """One payment. `state` is the fold of its facts. `text`, `rows` and `qr` are what the gateway wants the shopper to see."""

    id: int
    plugin: str
    gateway: str
    title: str
    amount: Money
    state: str
    reference: str
    text: str
    rows: tuple[tuple[str, str], ...]
    qr: str
    facts: tuple[FactView, ...]
    operations: tuple[OperationView, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentView:
    """A parcel with its units {line id: quantity}."""

    id: int
    carrier: str
    tracking: str
    shipped_at: datetime
    lines: Mapping[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    """A row of the timeline; `kind` and `data` are codes and figures that the page puts into words."""

    at: datetime
    actor: str
    kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """All that is known of an order. `due` is what is still to be paid, `refund_due` what should be given back.

    `secret` is the part of the guest's link that opens it: for its owner and mails only.
    """

    id: int
    site_id: int
    number: str
    secret: str
    shopper_id: int | None
    email: str
    phone: str
    name: str
    language: str
    currency: str
    placed_at: datetime
    subtotal: Money
    discount: Money
    delivery: Money
    tax: Money
    total: Money
    prices_include_tax: bool
    tax_note: str
    address: Address | None
    billing: Address | None
    carrier: str
    service: str
    delivery_title: str
    rate: Mapping[str, Any]
    gateway: str
    payment_title: str
    note: str
    codes: tuple[str, ...]
    extra: Mapping[str, Mapping[str, Any]]
    trace: tuple[Mapping[str, Any], ...]
    expires_at: datetime | None
    version: int
    lines: tuple[OrderLineView, ...]
    adjustments: tuple[AdjustmentView, ...]
    taxes: tuple[TaxView, ...]
    payments: tuple[PaymentView, ...]
    shipments: tuple[ShipmentView, ...]
    timeline: tuple[EntryView, ...]
    status: Axes
    captured: Money
    refunded: Money
    due: Money
    refund_due: Money

    @property
    def needs_delivery(self) -> bool:
        return any(line.needs_delivery for line in self.lines)

    @property
    def can_be_paid(self) -> bool:
        """Whether the shopper may start a payment now."""
        return bool(self.due) and self.status.payment not in {"authorized", "pending", "disputed"}

    @property
    def can_be_cancelled(self) -> bool:
        return any(line.allocated for line in self.lines)

    @property
    def can_be_shipped(self) -> bool:
        return self.can_be_cancelled

    @property
    def count(self) -> int:
        return sum(line.quantity for line in self.lines)


_ORDER = (
    "id, site_id, number, cart_id, shopper_id, email, phone, name, language, currency, placed_at, subtotal, discount, delivery, tax, total,"
    " prices_include_tax, tax_note, address, billing, carrier, service, delivery_title, rate, gateway, payment_title, note, codes, extra, trace,"
    " expires_at, version, delivery_total"
)


def order_view(order_id: int, *, site: Site | None = None) -> OrderView | None:
    """All of an order in nine statements; with `site`, only if it belongs there (ids from outside always come with it)."""
    where, params = (" AND site_id = ?", [site.id]) if site else ("", [])
    row = db.one(f"SELECT {_ORDER} FROM orders WHERE id = ?{where}", order_id, *params)
    return _view(row) if row else None


def order_by_key(site: Site, secret: str) -> OrderView | None:
    """The order behind a guest's link. The secret is looked up by its digest, and compared in constant time."""
    row = db.one("SELECT id, key_digest FROM orders WHERE key_digest = ? AND site_id = ?", ids.digest(secret), site.id)
    if row is None or not hmac.compare_digest(row[1], ids.digest(secret)):
        return None
    return order_view(row[0], site=site)


def find_order(site: Site, number: str, email: str) -> OrderView | None:
    """The order with this number and mail address, for tracking without an account; the caller limits the rate.

    Wrong number and wrong address are the same answer after the same work.
    """
    row = db.one(
        "SELECT id, email FROM orders WHERE site_id = ? AND number = ?", site.id, number.strip().lstrip("#")[:20]
    )
    stored = row[1] if row else ""
    same = hmac.compare_digest(_folded(stored), _folded(email))
    return order_view(row[0], site=site) if row and stored and same else None


def find_own_order(site: Site, shopper_id: int, number: str) -> OrderView | None:
    """A shopper's own order by its number, looked up with its owner and its site."""
    found = db.value(
        "SELECT id FROM orders WHERE site_id = ? AND number = ? AND shopper_id = ?", site.id, number[:20], shopper_id
    )
    return order_view(found, site=site) if found is not None else None


def _folded(email: str) -> bytes:
    return ids.digest(email.strip().casefold()).encode()


def order_of_cart(site_id: int, cart_id: int) -> tuple[int, str] | None:
    """(id, number) of the order made of a cart."""
    row = db.one("SELECT id, number FROM orders WHERE cart_id = ? AND site_id = ?", cart_id, site_id)
    return (row[0], row[1]) if row else None


def _view(row: db.Row) -> OrderView:
    order_id, currency = row[0], row[9]

    def money(amount: int) -> Money:
        return Money(int(amount), currency)

    lines = _lines(order_id, currency)
    facts = tuple(_line_facts(line) for line in lines)
    sums = money_facts(order_id)
    to_pay = due(row[15], row[32], facts)
    return OrderView(
        id=order_id, site_id=row[1], number=row[2], secret=order_secret(row[1], row[3]), shopper_id=row[4], email=row[5], phone=row[6],
        name=row[7], language=row[8], currency=currency, placed_at=clock.instant(row[10]), subtotal=money(row[11]), discount=money(row[12]),
        delivery=money(row[13]), tax=money(row[14]), total=money(row[15]), prices_include_tax=bool(row[16]), tax_note=row[17],
        address=address_of(row[18]), billing=address_of(row[19]), carrier=row[20], service=row[21], delivery_title=row[22],
        rate=json.loads(row[23]), gateway=row[24], payment_title=row[25], note=row[26], codes=tuple(json.loads(row[27])),
        extra=json.loads(row[28]), trace=tuple(json.loads(row[29])), expires_at=None if row[30] is None else clock.instant(row[30]),
        version=row[31], lines=lines, adjustments=_adjustments(order_id, currency), taxes=_taxes(order_id, currency),
        payments=_payments(order_id), shipments=_shipments(order_id), timeline=_timeline(order_id), status=axes(row[15], row[32], facts, sums),
        captured=money(sums.captured), refunded=money(sums.refunded), due=money(max(0, to_pay - sums.captured)),
        refund_due=money(owed_back(row[15], row[32], facts, sums)),
    )  # fmt: skip


_LINE = (
    "id, variant_id, product_id, sku, name, picture, ordered, unit_amount, list_amount, subtotal, discount, tax, total, needs_delivery,"
    " allocated, picked, shipped, delivered, cancelled, return_requested, received, restocked, written_off"
)


def _lines(order_id: int, currency: str) -> tuple[OrderLineView, ...]:
    return tuple(
        OrderLineView(
            id=row[0], variant_id=row[1], product_id=row[2], sku=row[3], name=row[4], picture=row[5], quantity=row[6],
            unit=Money(row[7], currency), list_unit=Money(row[8], currency), subtotal=Money(row[9], currency),
            discount=Money(row[10], currency), tax=Money(row[11], currency), total=Money(row[12], currency), needs_delivery=bool(row[13]),
            allocated=row[14], picked=row[15], shipped=row[16], delivered=row[17], cancelled=row[18], return_requested=row[19],
            received=row[20], restocked=row[21], written_off=row[22],
        )
        for row in db.rows(f"SELECT {_LINE} FROM order_line WHERE order_id = ? ORDER BY position", order_id)
    )  # fmt: skip


def _line_facts(line: OrderLineView) -> LineFacts:
    return LineFacts(
        ordered=line.quantity, shipped=line.shipped, delivered=line.delivered, cancelled=line.cancelled,
        return_requested=line.return_requested, received=line.received, needs_delivery=line.needs_delivery, total=line.total.amount,
    )  # fmt: skip


def _adjustments(order_id: int, currency: str) -> tuple[AdjustmentView, ...]:
    return tuple(
        AdjustmentView(plugin=row[0], title=row[1], code=row[2], target=row[3], amount=Money(row[4], currency))
        for row in db.rows(
            "SELECT plugin, title, code, target, amount FROM order_adjustment WHERE order_id = ? ORDER BY position",
            order_id,
        )
    )


def _taxes(order_id: int, currency: str) -> tuple[TaxView, ...]:
    return tuple(
        TaxView(name=row[0], rate=row[1], amount=Money(int(row[2]), currency))
        for row in db.rows(
            "SELECT name, rate, SUM(amount) FROM order_tax WHERE order_id = ? GROUP BY name, rate ORDER BY MIN(id)",
            order_id,
        )
    )


def _payments(order_id: int) -> tuple[PaymentView, ...]:
    of_order = "SELECT id FROM payment WHERE order_id = ?"
    facts = db.rows(
        "SELECT payment_id, kind, amount, currency, at, reference, verdict, note FROM payment_fact"
        f" WHERE payment_id IN ({of_order}) ORDER BY at, id",
        order_id,
    )
    operations = db.rows(
        f"SELECT payment_id, kind, amount, state, at, actor, note FROM payment_operation WHERE payment_id IN ({of_order}) ORDER BY id",
        order_id,
    )
    return tuple(
        _payment(row, [fact for fact in facts if fact[0] == row[0]], [one for one in operations if one[0] == row[0]])
        for row in db.rows(
            "SELECT id, plugin, gateway, title, amount, currency, reference, shown, created_at FROM payment WHERE order_id = ? ORDER BY id",
            order_id,
        )
    )


def _payment(row: db.Row, facts: Sequence[db.Row], operations: Sequence[db.Row]) -> PaymentView:
    shown = json.loads(row[7] or "{}")
    sums: dict[str, int] = {}
    for fact in facts:
        if fact[6] == "counted":
            sums[fact[1]] = sums.get(fact[1], 0) + fact[2]
    return PaymentView(
        id=row[0], plugin=row[1], gateway=row[2], title=row[3], amount=Money(row[4], row[5]), state=fold(row[4], sums), reference=row[6],
        text=shown.get("text", ""), rows=tuple((label, value) for label, value in shown.get("rows", ())), qr=shown.get("qr", ""),
        facts=tuple(
            FactView(kind=f[1], amount=Money(f[2], f[3]), at=clock.instant(f[4]), reference=f[5], verdict=f[6], note=f[7]) for f in facts
        ),
        operations=tuple(
            OperationView(kind=o[1], amount=Money(o[2], row[5]), state=o[3], at=clock.instant(o[4]), actor=o[5], note=o[6])
            for o in operations
        ),
        created_at=clock.instant(row[8]),
    )  # fmt: skip


def _shipments(order_id: int) -> tuple[ShipmentView, ...]:
    units: dict[int, dict[int, int]] = {}
    for shipment_id, line_id, quantity in db.rows(
        "SELECT shipment_id, line_id, quantity FROM shipment_line WHERE shipment_id IN (SELECT id FROM shipment WHERE order_id = ?)",
        order_id,
    ):
        lines = units.setdefault(shipment_id, {})
        lines[line_id] = lines.get(line_id, 0) + quantity
    return tuple(
        ShipmentView(
            id=row[0], carrier=row[1], tracking=row[2], shipped_at=clock.instant(row[3]), lines=units.get(row[0], {})
        )
        for row in db.rows(
            "SELECT id, carrier, tracking, shipped_at FROM shipment WHERE order_id = ? ORDER BY id", order_id
        )
    )


def _timeline(order_id: int) -> tuple[EntryView, ...]:
    return tuple(
        EntryView(at=clock.instant(row[0]), actor=row[1], kind=row[2], data=json.loads(row[3]))
        for row in db.rows("SELECT at, actor, kind, data FROM order_entry WHERE order_id = ? ORDER BY id", order_id)
    )
