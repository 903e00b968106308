"""An order as its shopper sees it: where it is, in words, steps and sums."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from markupsafe import Markup
from msgspec import Struct

from core.catalogue.services.shapes import Picture
from core.checkout.services.answers import answers_of
from core.hookspecs.site import Site
from core.kernel.i18n import enumerated, kept_together, ngettext
from core.kernel.i18n import gettext as _
from core.kernel.sites import SiteState
from core.lib.money import Money
from core.lib.qr import drawing
from core.orders.services.intents import newest_payment
from core.orders.services.listing import OrderFilters, OrderRow, goods_of, list_orders, short_of
from core.orders.services.part_shapes import OrderLineView, PaymentView
from core.orders.services.promises import in_the_kit, leaves_later
from core.orders.services.read import OrderView, order_view
from core.orders.services.status import Axes
from core.storefront.services.fields import address_lines
from core.storefront.services.options import Option
from core.storefront.services.own_order import Own, own_side, picture, price_rows
from core.storefront.services.own_order_steps import Step, marked
from core.storefront.services.parcels import Parcel, parcels_of
from core.storefront.services.paying import paid_later, payments_again
from core.storefront.services.totals import Row, order_rows

_MOST_PICTURES = 4
# What a code says is a gateway's word: an address of an app or a page, never a script.
_OPENED = re.compile(r"(?!javascript|data|vbscript)[a-z][a-z0-9+.-]*://\S+\Z")


class ShownLine(Struct, frozen=True, kw_only=True):
    """A line to read, not to change. `notes` say what is special, such as when it leaves."""

    name: str
    quantity: int
    picture: Picture | None
    choice: str
    total: Money | None
    notes: tuple[str, ...] = ()


class OrderPlace(Struct, frozen=True, kw_only=True):
    """One of several places that an order goes to: whom, where, and what."""

    title: str
    address: Sequence[str]
    lines: tuple[ShownLine, ...]


class State(Struct, frozen=True, kw_only=True):
    """One word for an order; `kind` colours it."""

    text: str
    kind: str


class Scan(Struct, frozen=True, kw_only=True):
    """A code to pay by scanning it.

    `opens` is its address, where an app of this device could open it; `asks` has the gateway asked whether it was paid.
    """

    drawing: Markup
    opens: str
    asks: str


class ShownOrder(Struct, frozen=True, kw_only=True):
    """An order for its shopper. `secret` opens its pages. `instructions` tell how to pay, while that is to be done.

    `places` are there where it goes to several; `to_come` is what has not left yet (pieces, name), once something has.
    `merged_into` is the number of the order that it went into, if it did.
    `own` is what its owner may do by themselves; none for somebody who knows only number and address. `payments` are
    the ways to pay what is open. `answers` are those to what plugins asked at the checkout. `asks` has the gateway
    asked, where it may have been paid without our knowing.
    """

    number: str
    secret: str
    link_until: datetime
    email: str
    first_name: str
    headline: str
    placed_at: datetime
    steps: tuple[Step, ...]
    lines: tuple[ShownLine, ...]
    totals: Sequence[Row]
    total: Money
    due: Money
    address: Sequence[str]
    parcels: tuple[Parcel, ...]
    to_come: tuple[tuple[int, str], ...]
    instructions: tuple[str, ...]
    rows: tuple[tuple[str, str], ...]
    answers: Sequence[tuple[str, str]]
    scan: Scan | None
    can_be_paid: bool
    payment_problem: str
    is_paid: bool
    is_cancelled: bool
    belongs_to_account: bool
    own: Own | None
    payments: Sequence[Option] = ()
    asks: str = ""
    places: tuple[OrderPlace, ...] = ()
    merged_into: str = ""


class OrderCard(Struct, frozen=True, kw_only=True):
    """An order in a list; `goods` names the first of what was ordered and how much more there is.

    `merged_into` is the number of the order that it went into, if it did.
    """

    number: str
    placed_at: datetime
    total: Money
    pieces: int
    state: State
    merged_into: str = ""
    goods: str = ""
    pictures: tuple[Picture, ...] = ()
    returned: str = ""


def shown_order(state: SiteState, order: OrderView, *, whole: bool = True, own: bool = True) -> ShownOrder:
    """`order` for its pages. Not `whole`: for somebody who knows number and address, without sums and street.

    Not `own`: for a page that offers no changes.
    """
    payment = order.payments[-1] if order.payments else None
    waiting = order.can_be_paid and payment is not None
    failed = waiting and payment is not None and payment.state in {"failed", "declined", "cancelled", "expired"}
    later = order.gateway in paid_later(state)
    return ShownOrder(
        number=order.number,
        secret=order.secret if whole else "",
        link_until=order.link_until,
        email=order.email,
        first_name=order.name.split()[0] if whole and order.name.split() else "",
        headline=headline(
            order.status,
            order.merged_into,
            pays_later=later,
            is_pickup=bool(order.rate.get("pickup")),
            is_short=order.open.amount > 0,
        ),
        placed_at=order.placed_at,
        steps=_steps(order, pays_later=later),
        lines=tuple(_line(line, line.subtotal if whole else None, order) for line in order.lines),
        totals=(*order_rows(order), *price_rows(order)) if whole else (),
        total=order.total,
        due=order.open,
        address=address_lines(order.address) if whole and order.address else (),
        parcels=parcels_of(state, order, whole=whole),
        to_come=_to_come(order),
        places=_places(order) if whole else (),
        merged_into=order.merged_into,
        instructions=(payment.text,) if waiting and payment and payment.text else (),
        rows=payment.rows if waiting and payment else (),
        answers=_answers(state, order) if whole else (),
        scan=_scan(state.site, order.id, payment) if waiting and whole and not failed and payment else None,
        can_be_paid=order.can_be_paid,
        payments=payments_again(state, order) if whole else (),
        asks=_asks(state.site, order.id, payment) if waiting and whole and payment else "",
        payment_problem=_("Nothing was charged. The order is kept: try again, or choose another way to pay.")
        if failed
        else "",
        is_paid=order.status.payment in {"paid", "overpaid", "not_due"},
        is_cancelled=order.status.order == "cancelled",
        belongs_to_account=order.shopper_id is not None,
        own=own_side(state.site, order) if whole and own else None,
    )


def _answers(state: SiteState, order: OrderView) -> list[tuple[str, str]]:
    """What plugins asked at the checkout, with the shopper's answers."""
    return [one for told in answers_of(state, order).values() for one in told]


def _scan(site: Site, order_id: int, payment: PaymentView) -> Scan | None:
    """The code that the gateway gave for a payment; one statement where it gave one."""
    opened = newest_payment(site.id, order_id) if payment.qr else None
    if opened is None:
        return None
    opens = payment.qr if _OPENED.match(payment.qr) else ""
    return Scan(drawing=drawing(payment.qr), opens=opens, asks=f"/pay/return/{opened.taken_by}")


def _asks(site: Site, order_id: int, payment: PaymentView) -> str:
    """Where a gateway that the shopper was sent to is asked what came; one statement where they were sent to one."""
    was_sent = payment.reference and payment.state == "open" and not (payment.qr or payment.text or payment.rows)
    opened = newest_payment(site.id, order_id) if was_sent else None
    return f"/pay/return/{opened.taken_by}" if opened else ""


def _places(order: OrderView) -> tuple[OrderPlace, ...]:
    if not order.is_spread:
        return ()
    seen = [order.at(one.position) for one in order.destinations]
    return tuple(
        OrderPlace(
            title=one.address.whose, address=address_lines(one.address),
            lines=tuple(_line(line, line.subtotal, order) for line in one.lines),
        )
        for one in seen
        if one.address is not None and one.lines
    )  # fmt: skip


def _to_come(order: OrderView) -> tuple[tuple[int, str], ...]:
    """What has not left yet, once something has."""
    waiting = ((line.allocated, line.name) for line in order.lines if line.allocated and line.needs_delivery)
    return tuple(waiting) if order.shipments else ()


def order_cards(state: SiteState, rows: Sequence[OrderRow]) -> list[OrderCard]:
    """The rows of a list as cards. One statement if there are any, and one more if money of theirs is reserved."""
    later, goods = paid_later(state), goods_of([row.id for row in rows]) if rows else {}
    short = short_of([row.id for row in rows if row.status.payment == "authorized"])
    return [_card(row, later, dict(goods.get(row.id, ())), is_short=row.id in short) for row in rows]


def _card(row: OrderRow, later: Collection[str], goods: Mapping[str, str], *, is_short: bool) -> OrderCard:
    returned = {
        "requested": _("A return is under way"),
        "partly_returned": _("Sent back in part"),
        "returned": _("Sent back"),
    }
    said = headline(
        row.status, row.merged_into, pays_later=row.gateway in later, is_pickup=row.is_pickup, is_short=is_short
    )
    return OrderCard(
        number=row.number,
        placed_at=row.placed_at,
        total=row.now,
        pieces=row.pieces,
        state=State(text=said, kind=_kind(row.status)),
        merged_into=row.merged_into,
        goods=_named(list(goods)),
        pictures=tuple(shown for name in list(goods.values())[:_MOST_PICTURES] if (shown := picture(name))),
        returned=returned.get(row.status.returned, ""),
    )


def _named(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return ngettext("%(name)s and one more", "%(name)s and %(n)s more", len(names) - 1, name=names[0])


def headline(
    status: Axes,
    merged_into: str = "",
    *,
    pays_later: bool = False,
    is_pickup: bool = False,
    is_short: bool = False,
) -> str:
    """The whole state of an order in one short sentence: what matters most first.

    `pays_later`: the goods leave before the money comes, so the order waits for no payment. `is_short`: less is
    reserved than is due. What is picked up is on no way and arrives nowhere: it is ready, then picked up.
    """
    if merged_into:
        return _("Merged into order %(number)s", number=merged_into)
    if status.order == "cancelled":
        return _("Cancelled")
    told = {
        "delivered": _("Picked up") if is_pickup else _("It has arrived"),
        "shipped": _("Ready to be picked up") if is_pickup else _("It is on its way"),
        "partly_shipped": _("A part is ready to be picked up") if is_pickup else _("A part is on its way"),
    }
    if status.fulfilment in told:
        return told[status.fulfilment]
    if pays_later:
        return _("We are packing it")
    if status.payment == "partly_paid" or (status.payment == "authorized" and is_short):
        return _("Waiting for the rest of the payment")
    return _("Waiting for the payment") if status.payment == "unpaid" else _("We are packing it")


def _kind(status: Axes) -> str:
    if status.order == "cancelled":
        return ""
    return {"delivered": "good", "shipped": "new", "partly_shipped": "new"}.get(status.fulfilment, "")


def _line(line: OrderLineView, total: Money | None, order: OrderView) -> ShownLine:
    """A line as it was agreed, and what became of it."""
    moved = [(one.lines[line.id], one.number) for one in order.moved_on if one.lines.get(line.id)]
    over = line.cancelled - sum(n for n, _number in moved)
    gone = [_("%(n)s cancelled", n=over)] if over else []
    gone += [_("%(n)s in order %(number)s", n=n, number=number) for n, number in moved]
    return ShownLine(
        name=line.name, quantity=line.quantity, picture=picture(line.picture), total=total,
        choice=enumerated(word for word in (in_the_kit(line), *gone) if word),
        notes=tuple(note for note in (leaves_later(line),) if note),
    )  # fmt: skip


def _steps(order: OrderView, *, pays_later: bool) -> tuple[Step, ...]:
    origin = _("Split from order %(number)s", number=order.split_from) if order.split_from else ""
    placed = Step(state="done", title=_("Order placed"), at=order.placed_at, text=origin)
    if order.status.order == "cancelled":
        state = "done" if order.merged_into else "bad"
        return (placed, Step(state=state, title=headline(order.status, order.merged_into)))
    paying, sending = _payment_steps(order), _delivery_steps(order)
    return marked((placed, *sending, *paying) if pays_later else (placed, *paying, *sending))


def _payment_steps(order: OrderView) -> tuple[Step, ...]:
    if order.status.payment == "not_due":
        return ()
    paid = [
        fact.at
        for payment in order.payments
        for fact in payment.facts
        if fact.kind in {"captured", "authorized"} and fact.verdict == "counted"
    ]
    if order.status.payment in {"unpaid", "partly_paid", "pending"}:
        titles = {"pending": _("The payment is on its way"), "partly_paid": _("Paid in part")}
        return (Step(state="todo", title=titles.get(order.status.payment, _("To be paid")), text=order.payment_title),)
    # Reserved is not paid: the money is taken later, and may be let go.
    is_reserved = order.status.payment == "authorized"
    title = _("Payment reserved") if is_reserved else _("Paid")
    came = Step(state="done", title=title, at=paid[-1] if paid else None, text=order.payment_title)
    return (came, Step(state="todo", title=_("The rest is to be paid"))) if is_reserved and order.open else (came,)


def _delivery_steps(order: OrderView) -> tuple[Step, ...]:
    reached = ("not_needed", "unfulfilled", "partly_shipped", "shipped", "delivered").index(order.status.fulfilment)
    if reached == 0:
        return ()
    left = order.shipments[0].shipped_at if order.shipments else None
    came = max((one.delivered_at for one in order.shipments if one.delivered_at is not None), default=None)
    pickup = bool(order.rate.get("pickup"))
    sent = _("Ready to be picked up") if pickup else _("Handed to the carrier")
    arrived = _("Picked up") if pickup else _("Delivered")
    return (
        Step(state="done" if reached > 1 else "todo", title=_("Packed"), now=_("We are packing it"), at=left),
        Step(
            state="done" if reached > 2 else "todo",
            title=sent,
            now=_("A part is ready to be picked up") if pickup else _("A part is on its way"),
            at=left if reached > 2 else None,
            text="\n".join(dict.fromkeys((order.delivery_title, *_collected_at(order)))),
        ),
        Step(
            state="done" if reached > 3 else "todo",
            title=arrived,
            now=_("It waits for you") if pickup else _("It is on its way"),
            at=came if reached > 3 else None,
        ),
    )


def _collected_at(order: OrderView) -> list[str]:
    return [kept_together(line) for one in order.destinations for line in one.collect_at]


def find_own_order(site: Site, shopper_id: int, number: str) -> OrderView | None:
    """The order with this number, if it is this shopper's, on this site."""
    found = list_orders(site, OrderFilters(shopper_id=shopper_id, text=number)).orders
    row = next((row for row in found if row.number == number), None)
    return order_view(row.id, site=site) if row else None
