"""Orders as pages, mails and the panel show them: read models in few statements, frozen, without a database row."""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence

from core.hookspecs.site import Site
from core.kernel import db, i18n
from core.kernel.i18n import gettext as _
from core.kernel.kept import once_a_look
from core.lib import clock, ids
from core.lib.money import Money
from core.orders.services.addresses import address_of
from core.orders.services.facts import fold
from core.orders.services.links import order_secret
from core.orders.services.settle import money_facts
from core.orders.services.shapes import (
    AdjustmentView,
    EntryView,
    FactView,
    OperationView,
    OrderLineView,
    OrderView,
    PaymentView,
    ShipmentView,
    TaxView,
)
from core.orders.services.status import LineFacts, axes, owed_back, to_be_captured

__all__ = [
    "AdjustmentView",
    "EntryView",
    "FactView",
    "OperationView",
    "OrderLineView",
    "OrderView",
    "PaymentView",
    "ShipmentView",
    "TaxView",
    "find_order",
    "find_own_order",
    "order_by_key",
    "order_of_cart",
    "order_view",
]

_ORDER = (
    "id, site_id, number, cart_id, shopper_id, email, phone, name, language, currency, placed_at, subtotal, discount,"
    " delivery, tax, total,"
    " prices_include_tax, tax_note, address, billing, carrier, service, delivery_title, rate, gateway, payment_title,"
    " note, codes, extra, trace,"
    " expires_at, version, delivery_total, charges, given_back"
)


def order_view(order_id: int, *, site: Site | None = None) -> OrderView | None:
    """All of an order in ten statements, once per GET.

    With `site`, only if it belongs there (ids from outside always come with it).
    """
    key = ("order", order_id, site.id if site else None, i18n.language())
    return once_a_look(key, lambda: _read(order_id, site))


def _read(order_id: int, site: Site | None) -> OrderView | None:
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
    needed = to_be_captured(row[15], row[32], facts, sums, row[34])
    return OrderView(
        id=order_id, site_id=row[1], number=row[2], secret=order_secret(row[1], row[3]), shopper_id=row[4],
        email=row[5], phone=row[6],
        name=row[7], language=row[8], currency=currency, placed_at=clock.instant(row[10]), subtotal=money(row[11]),
        discount=money(row[12]),
        delivery=money(row[13]), delivery_total=money(row[32]), charges=money(row[33]),
        tax=money(row[14]), total=money(row[15]), prices_include_tax=bool(row[16]),
        tax_note=row[17],
        address=address_of(row[18]), billing=address_of(row[19]), carrier=row[20], service=row[21],
        delivery_title=row[22],
        rate=json.loads(row[23]), gateway=row[24], payment_title=row[25], note=row[26],
        codes=tuple(json.loads(row[27])),
        extra=json.loads(row[28]), trace=tuple(json.loads(row[29])),
        expires_at=None if row[30] is None else clock.instant(row[30]),
        version=row[31], lines=lines, adjustments=_adjustments(order_id, currency), taxes=_taxes(order_id, currency),
        payments=_payments(order_id), shipments=_shipments(order_id), timeline=_timeline(order_id), status=axes(row[15],
        row[32], facts, sums, row[34]),
        captured=money(sums.captured), refunded=money(sums.refunded), due=money(max(0, needed - sums.captured)),
        refund_due=money(owed_back(row[15], row[32], facts, sums)),
    )  # fmt: skip


_LINE = (
    "id, variant_id, product_id, sku, name, picture, ordered, unit_amount, list_amount, subtotal, discount, tax,"
    " total, needs_delivery,"
    " allocated, picked, shipped, delivered, cancelled, return_requested, received, restocked, written_off, of_line_id,"
    " tax_class, weight_g, claimed"
)


def _lines(order_id: int, currency: str) -> tuple[OrderLineView, ...]:
    return tuple(
        OrderLineView(
            id=row[0], variant_id=row[1], product_id=row[2], sku=row[3], name=row[4], picture=row[5], quantity=row[6],
            unit=Money(row[7], currency), list_unit=Money(row[8], currency), subtotal=Money(row[9], currency),
            discount=Money(row[10], currency), tax=Money(row[11], currency), total=Money(row[12], currency),
            needs_delivery=bool(row[13]),
            allocated=row[14], picked=row[15], shipped=row[16], delivered=row[17], cancelled=row[18],
            return_requested=row[19],
            received=row[20], restocked=row[21], written_off=row[22], of_line_id=row[23], tax_class=row[24],
            weight_g=row[25], claimed=row[26],
        )
        for row in db.rows(f"SELECT {_LINE} FROM order_line WHERE order_id = ? ORDER BY position", order_id)
    )  # fmt: skip


def _line_facts(line: OrderLineView) -> LineFacts:
    return LineFacts(
        ordered=line.quantity, shipped=line.shipped, delivered=line.delivered, cancelled=line.cancelled,
        return_requested=line.return_requested, received=line.received, needs_delivery=line.needs_delivery,
        total=line.total.amount,
    )  # fmt: skip


def _adjustments(order_id: int, currency: str) -> tuple[AdjustmentView, ...]:
    """Offers, then charges: goodwill takes something off, and a fee takes less than nothing off."""
    return tuple(
        AdjustmentView(
            plugin=row[0], title=row[1] or _charge_title(row[5]), code=row[2], target=row[3], amount=Money(row[4],
            currency)
        )
        for row in db.rows(
            "SELECT plugin, title, code, target, amount, '' AS kind, 0 AS part, position AS place FROM order_adjustment"
            " WHERE order_id = ? UNION ALL SELECT '', reason, '', 'order', -amount, kind, 1, id FROM order_charge"
            " WHERE order_id = ? ORDER BY part, place",
            order_id,
            order_id,
        )
    )  # fmt: skip


def _charge_title(kind: str) -> str:
    words = {
        "goodwill": _("Goodwill"),
        "restocking": _("Restocking fee"),
        "return_delivery": _("Return delivery"),
        "claim": _("Claim"),
    }
    return words.get(kind, _("Fee"))


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
        f"SELECT payment_id, kind, amount, state, at, actor, note FROM payment_operation WHERE payment_id IN"
        f" ({of_order}) ORDER BY id",
        order_id,
    )
    return tuple(
        _payment(row, [fact for fact in facts if fact[0] == row[0]], [one for one in operations if one[0] == row[0]])
        for row in db.rows(
            "SELECT id, plugin, gateway, title, amount, currency, reference, shown, created_at FROM payment WHERE"
            " order_id = ? ORDER BY id",
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
        id=row[0], plugin=row[1], gateway=row[2], title=row[3], amount=Money(row[4], row[5]), state=fold(row[4], sums),
        reference=row[6],
        text=shown.get("text", ""), rows=tuple((label, value) for label, value in shown.get("rows", ())),
        qr=shown.get("qr", ""),
        facts=tuple(
            FactView(
                kind=f[1], amount=Money(f[2], f[3]), at=clock.instant(f[4]), reference=f[5], verdict=f[6], note=f[7]
            )
            for f in facts
        ),
        operations=tuple(
            OperationView(
                kind=o[1], amount=Money(o[2], row[5]), state=o[3], at=clock.instant(o[4]), actor=o[5], note=o[6]
            )
            for o in operations
        ),
        created_at=clock.instant(row[8]),
    )  # fmt: skip


def _shipments(order_id: int) -> tuple[ShipmentView, ...]:
    """The parcels, the oldest first; one without a line cannot be. One statement."""
    found: dict[int, ShipmentView] = {}
    for row in db.rows(
        "SELECT s.id, s.carrier, s.tracking, s.shipped_at, l.line_id, SUM(l.quantity) FROM shipment s"
        " JOIN shipment_line l ON l.shipment_id = s.id WHERE s.order_id = ?"
        " GROUP BY s.id, s.carrier, s.tracking, s.shipped_at, l.line_id ORDER BY s.id, l.line_id",
        order_id,
    ):
        known = found.get(row[0])
        found[row[0]] = ShipmentView(
            id=row[0],
            carrier=row[1],
            tracking=row[2],
            shipped_at=clock.instant(row[3]),
            lines={**(known.lines if known else {}), row[4]: int(row[5])},
        )
    return tuple(found.values())


def _timeline(order_id: int) -> tuple[EntryView, ...]:
    return tuple(
        EntryView(at=clock.instant(row[0]), actor=row[1], kind=row[2], data=json.loads(row[3]))
        for row in db.rows("SELECT at, actor, kind, data FROM order_entry WHERE order_id = ? ORDER BY id", order_id)
    )
