"""Orders as pages, mails and the panel show them: read models in few statements, frozen, without a database row."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from core.catalogue.services.shapes import PartOfKit
from core.hookspecs.site import Site
from core.kernel import db, i18n
from core.kernel.i18n import enumerated
from core.kernel.i18n import gettext as _
from core.kernel.kept import once_a_look
from core.lib import clock, ids
from core.lib.jsons import from_json
from core.lib.money import Money
from core.orders.services.addresses import address_of
from core.orders.services.facts import COUNTED, fold
from core.orders.services.links import order_secret
from core.orders.services.part_shapes import (
    AdjustmentView,
    DestinationView,
    EntryView,
    FactView,
    HoldView,
    OperationView,
    OrderLineView,
    PaymentView,
    ShipmentView,
    ShortageView,
    TaxView,
)
from core.orders.services.parts import Part, Parts, read_parts
from core.orders.services.shapes import OrderView
from core.orders.services.status import axes, owed_back, to_be_captured
from core.orders.services.waits import units_here

__all__ = [
    "AdjustmentView",
    "DestinationView",
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
    " expires_at, version, delivery_total, charges, given_back, link, link_until, channel, channel_number, advanced"
)


def order_view(order_id: int, *, site: Site | None = None) -> OrderView | None:
    """All of an order in three statements, once per GET.

    With `site`, only if it belongs there (ids from outside always come with it).
    """
    return once_a_look(_key(order_id, site), lambda: _read(order_id, site))


def _key(order_id: int, site: Site | None) -> tuple[object, ...]:
    return ("order", order_id, site.id if site else None, i18n.language())


def _read(order_id: int, site: Site | None) -> OrderView | None:
    where, params = (" AND site_id = ?", [site.id]) if site else ("", [])
    row = db.one(f"SELECT {_ORDER} FROM orders WHERE id = ?{where}", order_id, *params)
    return _view(row) if row else None


def order_by_key(site: Site, secret: str, *, over: bool = False) -> OrderView | None:
    """The order behind a guest's link, unless the link has ended; `over`: then too, for whoever owns the order.

    The secret is looked up by its digest, and compared in constant time.
    """
    digest = ids.digest(secret)
    row = db.one(f"SELECT {_ORDER}, key_digest FROM orders WHERE key_digest = ? AND site_id = ?", digest, site.id)
    if row is None or not hmac.compare_digest(row[-1], digest):
        return None
    found = once_a_look(_key(row[0], site), lambda: _view(row))
    return found if over or found.link_until > clock.now() else None


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
    facts = tuple(line.facts for line in lines)
    parts = read_parts(order_id)
    sums, parcels, short = parts.money, _shipments(parts, lines), _short(parts)
    needed = to_be_captured(row[15], row[32], facts, sums, row[34], int(row[39]))
    places = _destinations(parts, row, currency)
    only = places[0] if len(places) == 1 else None
    titles = dict.fromkeys(one.delivery_title for one in places if one.delivery_title)
    return OrderView(
        id=order_id, site_id=row[1], number=row[2], secret=order_secret(row[1], row[3], row[35]),
        link_until=clock.instant(row[36]), shopper_id=row[4],
        email=row[5], phone=row[6],
        name=row[7], language=row[8], currency=currency, placed_at=clock.instant(row[10]), subtotal=money(row[11]),
        discount=money(row[12]),
        delivery=money(row[13]), delivery_total=money(row[32]), charges=money(row[33]),
        tax=money(row[14]), total=money(row[15]), prices_include_tax=bool(row[16]),
        tax_note=row[17],
        address=only.address if only else None, billing=address_of(row[19]), carrier=only.carrier if only else "",
        service=only.service if only else "", delivery_title=enumerated(titles), rate=only.rate if only else {},
        destinations=places, gateway=row[24], payment_title=row[25], note=row[26],
        codes=tuple(from_json(row[27])),
        extra=from_json(row[28]), trace=tuple(from_json(row[29])),
        expires_at=None if row[30] is None else clock.instant(row[30]),
        version=row[31], lines=lines, adjustments=_adjustments(parts, currency), taxes=_taxes(parts, currency),
        payments=_payments(parts), shipments=tuple(one for one in parcels if one.undone_at is None),
        taken_back=tuple(one for one in parcels if one.undone_at is not None), timeline=_timeline(parts),
        holds=_holds(parts), short=short, here=_here(lines, short), channel=row[37], channel_number=row[38] or "",
        status=axes(row[15], row[32], facts, sums, row[34], int(row[39])), advanced=money(row[39]),
        captured=money(sums.captured), refunded=money(sums.refunded), due=money(max(0, needed - sums.captured)),
        open=money(max(0, needed - sums.captured - sums.promised)),
        refund_due=money(owed_back(row[15], row[32], facts, sums)),
    )  # fmt: skip


def _destinations(parts: Parts, row: db.Row, currency: str) -> tuple[DestinationView, ...]:
    """The rows of an order that goes to several places, else the one place that its own row tells."""
    found = tuple(
        DestinationView(
            id=one.n5, position=one.n1, address=address_of(one.t1), carrier=one.t2, service=one.t3,
            delivery_title=one.t4, rate=from_json(one.t5), delivery=Money(one.n2, currency),
            discount=Money(one.n3, currency), total=Money(one.n4, currency),
        )
        for one in parts.of("destination")
    )  # fmt: skip
    if found:
        return found
    offers = sum(one.n2 for one in parts.of("adjustment") if one.t4 == "delivery")
    return (
        DestinationView(
            position=0, address=address_of(row[18]), carrier=row[20], service=row[21], delivery_title=row[22],
            rate=from_json(row[23]), delivery=Money(int(row[13]), currency), discount=Money(offers, currency),
            total=Money(int(row[32]), currency),
        ),
    )  # fmt: skip


_LINE = (
    "l.id, l.variant_id, l.product_id, l.sku, l.name, l.picture, l.ordered, l.unit_amount, l.list_amount, l.subtotal,"
    " l.discount, l.tax, l.total, l.needs_delivery, l.allocated, l.picked, l.shipped, l.delivered, l.cancelled,"
    " l.return_requested, l.received, l.restocked, l.written_off, l.of_line_id, l.tax_class, l.weight_g, l.claimed,"
    " l.promise, l.promised_at, l.claimed_amount, l.place, l.returns, p.variant_id, p.sku, p.name, p.quantity"
)


def _lines(order_id: int, currency: str) -> tuple[OrderLineView, ...]:
    rows: dict[int, db.Row] = {}
    parts: dict[int, list[PartOfKit]] = {}
    for row in db.rows(
        f"SELECT {_LINE} FROM order_line l LEFT JOIN order_line_part p ON p.line_id = l.id WHERE l.order_id = ?"
        " ORDER BY l.position, p.id",
        order_id,
    ):
        rows[row[0]] = row
        if row[32] is not None:
            part = PartOfKit(variant_id=row[32], sku=row[33], name=row[34], quantity=row[35])
            parts.setdefault(row[0], []).append(part)
    return tuple(
        OrderLineView(
            id=row[0], variant_id=row[1], product_id=row[2], sku=row[3], name=row[4], picture=row[5], quantity=row[6],
            unit=Money(row[7], currency), list_unit=Money(row[8], currency), subtotal=Money(row[9], currency),
            discount=Money(row[10], currency), tax=Money(row[11], currency), total=Money(row[12], currency),
            needs_delivery=bool(row[13]),
            allocated=row[14], picked=row[15], shipped=row[16], delivered=row[17], cancelled=row[18],
            return_requested=row[19],
            received=row[20], restocked=row[21], written_off=row[22], of_line_id=row[23], tax_class=row[24],
            weight_g=row[25], claimed=row[26], claimed_amount=int(row[29]), place=row[30], promise=row[27],
            promised_at=None if row[28] is None else clock.instant(row[28]), returns=row[31],
            parts=tuple(parts.get(row[0], ())),
        )
        for row in rows.values()
    )  # fmt: skip


def _adjustments(parts: Parts, currency: str) -> tuple[AdjustmentView, ...]:
    """Offers, then charges: goodwill takes something off, and a fee takes less than nothing off."""
    offers = (
        AdjustmentView(plugin=row.t1, title=row.t2, code=row.t3, target=row.t4, amount=Money(row.n2, currency))
        for row in parts.of("adjustment")
    )
    charges = (
        AdjustmentView(
            plugin="", title=row.t1 or charge_title(row.t2), code="", target="order", amount=Money(-row.n2, currency)
        )
        for row in parts.of("charge")
    )
    return (*offers, *charges)


def charge_title(kind: str) -> str:
    """What a charge without words of its own is called."""
    words = {
        "goodwill": _("Goodwill"),
        "restocking": _("Restocking fee"),
        "return_delivery": _("Return delivery"),
        "claim": _("Claim"),
    }
    return words.get(kind, _("Fee"))


def _taxes(parts: Parts, currency: str) -> tuple[TaxView, ...]:
    return tuple(TaxView(name=row.t1, rate=row.n3, amount=Money(row.n2, currency)) for row in parts.of("tax"))


def _payments(parts: Parts) -> tuple[PaymentView, ...]:
    facts = sorted(parts.of("fact"), key=lambda row: (row.n4, row.n1))
    operations = parts.of("operation")
    return tuple(
        _payment(row, [fact for fact in facts if fact.n2 == row.n1], [one for one in operations if one.n2 == row.n1])
        for row in parts.of("payment")
    )


def _payment(row: Part, facts: Sequence[Part], operations: Sequence[Part]) -> PaymentView:
    shown, currency = from_json(row.t6 or "{}"), row.t4
    sums: dict[str, int] = {}
    for fact in facts:
        if fact.t4 == COUNTED:
            sums[fact.t1] = sums.get(fact.t1, 0) + fact.n3
    return PaymentView(
        id=row.n1, plugin=row.t1, gateway=row.t2, title=row.t3, amount=Money(row.n2, currency),
        state=fold(row.n2, sums), reference=row.t5,
        text=shown.get("text", ""), rows=tuple((label, value) for label, value in shown.get("rows", ())),
        qr=shown.get("qr", ""), facts=tuple(map(_fact, facts)),
        operations=tuple(_operation(one, currency) for one in operations), created_at=clock.instant(row.n3),
    )  # fmt: skip


def _fact(row: Part) -> FactView:
    return FactView(
        kind=row.t1, amount=Money(row.n3, row.t2), at=clock.instant(row.n4), reference=row.t3, verdict=row.t4,
        note=row.t5,
    )  # fmt: skip


def _operation(row: Part, currency: str) -> OperationView:
    return OperationView(
        kind=row.t1, amount=Money(row.n3, currency), state=row.t2, at=clock.instant(row.n4), actor=row.t3, note=row.t4
    )


def _shipments(parts: Parts, lines: Sequence[OrderLineView]) -> tuple[ShipmentView, ...]:
    """The parcels, the oldest first; one without a line cannot be."""
    places = {line.id: line.place for line in lines}
    found: dict[int, ShipmentView] = {}
    for row in sorted(parts.of("shipment"), key=lambda row: (row.n1, row.n3)):
        known = found.get(row.n1)
        scan, _space, scan_place = (row.t6 or "").partition(" ")
        found[row.n1] = ShipmentView(
            id=row.n1, carrier=row.t1, service=row.t3, title=row.t4, tracking=row.t2, shipped_at=clock.instant(row.n2),
            lines={**(known.lines if known else {}), row.n3: row.n4}, place=places.get(row.n3, 0),
            sent_from=row.t5 or "", delivered_at=None if row.n6 is None else clock.instant(row.n6),
            undone_at=None if row.n7 is None else clock.instant(row.n7), scan=scan, scan_place=scan_place,
            scanned_at=None if row.n8 is None else clock.instant(row.n8),
        )  # fmt: skip
    return tuple(found.values())


def _holds(parts: Parts) -> tuple[HoldView, ...]:
    return tuple(
        HoldView(
            source=row.t1, text=row.t2, facts=row.t5, outcome=row.t3, answer=row.t4, at=clock.instant(row.n2),
            ended_at=None if row.n3 is None else clock.instant(row.n3),
        )
        for row in parts.of("hold")
    )  # fmt: skip


def _short(parts: Parts) -> tuple[ShortageView, ...]:
    return tuple(
        ShortageView(variant_id=row.n2, location_id=row.n3, pieces=int(row.n4)) for row in parts.of("shortage")
    )


def _here(lines: Sequence[OrderLineView], short: Sequence[ShortageView]) -> dict[int, int]:
    lacking: dict[int, int] = {}
    for one in short:
        lacking[one.variant_id] = lacking.get(one.variant_id, 0) + one.pieces
    return units_here([line.wanted for line in lines], lacking)


def _timeline(parts: Parts) -> tuple[EntryView, ...]:
    return tuple(
        EntryView(at=clock.instant(row.n2), actor=row.t1, kind=row.t2, data=from_json(row.t3))
        for row in parts.of("entry")
    )
