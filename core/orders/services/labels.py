"""Labels of parcels that a carrier sells: bought once for each form, kept, printed, given back.

What is asked of a carrier is committed under its key before the network is touched. So a repeated click, a lost answer
or a worker that died leads to the same label, never to a second one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from flask import Response
from msgspec import Struct

from core.hookspecs.checkout import Address
from core.hookspecs.fulfil import Carrier, Label, Parcel, ParcelLine, Rate
from core.hookspecs.order import ActKind
from core.hookspecs.site import Site
from core.kernel import activity, db, files
from core.kernel.answers import checked
from core.kernel.sites import SiteState
from core.lib import clock, ids
from core.lib.errors import Broken, NotFound, Refused
from core.lib.money import Money
from core.orders.services.gateways import guarded
from core.orders.services.goods import NotThatMany
from core.orders.services.guards import ask_guards
from core.orders.services.hold_checks import check_not_held
from core.orders.services.parcels import carriers_of
from core.orders.services.read import OrderView
from core.orders.services.return_labels import FOLDER
from core.orders.services.settle import lock_order
from core.orders.services.ship import deliver
from core.orders.services.timeline import note

ASKED, BOUGHT, VOID, FAILED = "asked", "bought", "void", "failed"
KINDS = {"application/pdf": "pdf", "image/png": "png", "application/zpl": "zpl"}
# A carrier answers within seconds; who asked longer ago has died.
_PATIENCE = timedelta(minutes=1)


class NoLabels(Refused):
    """Only some carriers sell labels."""

    code = "no_labels"
    default_message = "This carrier sells no labels. Choose another one, or leave the tick away."


class LabelAsked(Refused):
    """Another click is at it."""

    code = "label_asked"
    default_message = "This label is being bought just now. Look again in a minute: nothing is bought twice."


class OrderLabelView(Struct, frozen=True, kw_only=True):
    """A label of an order. `shipment_id` None: its parcel was not sent in the end."""

    id: int
    shipment_id: int | None
    carrier: str
    tracking: str
    cost: Money
    state: str
    at: datetime


def sellers(state: SiteState) -> frozenset[str]:
    """The codes of the carriers that sell labels on a site. No network."""
    return frozenset(code for code, (_plugin, carrier) in carriers_of(state).items() if carrier.sells_labels)


def labels_of(order_id: int) -> list[OrderLabelView]:
    """The labels that were bought for an order, the first one first. One statement."""
    return [
        OrderLabelView(
            id=row[0], shipment_id=row[1], carrier=row[2], tracking=row[3], cost=Money(row[4], row[5]), state=row[6],
            at=clock.instant(row[7]),
        )
        for row in db.rows(
            "SELECT id, shipment_id, carrier, tracking, cost, currency, state, at FROM order_label"
            " WHERE order_id = ? AND state IN (?, ?) ORDER BY id",
            order_id, BOUGHT, VOID,
        )
    ]  # fmt: skip


# -- buying ------------------------------------------------------------------------------------------------------------


def buy_label(
    state: SiteState, order: OrderView, *, carrier: str, service: str, lines: Mapping[int, int], key: str, actor: str
) -> OrderLabelView:
    """Buy the label of a parcel with these units {line id: quantity}. Network; commits before and after it.

    `key` is that of the form that was sent. Raises NoLabels, LabelAsked, Guarded, OnHold, NotThatMany, Broken.
    """
    plugin, seller = carriers_of(state).get(carrier, ("", None))
    if seller is None or not seller.sells_labels:
        raise NoLabels(field="way")
    if not any(lines.values()):
        raise NotThatMany
    ask_guards(state, order.id, ActKind.SHIP, actor=actor, lines=lines)
    label_id, asked_as = _ask(state.site, order.id, carrier, service, key, actor)
    if not asked_as:
        return _label(order.id, label_id)
    parcel, rate = _parcel(order, lines), _rate(order, carrier, service)
    try:
        label = guarded(state, plugin, "buy", lambda: _sold(seller, parcel, rate, asked_as))
    except Broken as refusal:
        _note_failure(label_id, is_final=refusal.permanent)
        raise
    _keep(state.site, order, label_id, label, actor)
    return _label(order.id, label_id)


def _ask(site: Site, order_id: int, carrier: str, service: str, key: str, actor: str) -> tuple[int, str]:
    """(label, the carrier's key for it, or nothing if it is bought) of this form. Commits before anybody is asked."""
    with db.transaction():
        lock_order(order_id, site.id)
        check_not_held(order_id)
        row = db.one("SELECT id, state, at, asked_as FROM order_label WHERE order_id = ? AND key = ?", order_id, key)
        if row is not None and row[1] == BOUGHT:
            return row[0], ""
        now = clock.now_us()
        if row is None:
            asked_as = ids.uid()
            made = db.value(
                "INSERT INTO order_label (site_id, order_id, key, asked_as, carrier, service, state, actor, at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                site.id, order_id, key, asked_as, carrier, service, ASKED, actor, now,
            )  # fmt: skip
            return int(made), asked_as
        if row[2] > clock.micros(clock.now() - _PATIENCE):
            raise LabelAsked
        db.execute("UPDATE order_label SET at = ? WHERE id = ?", now, row[0])
    return int(row[0]), str(row[3])


def _note_failure(label_id: int, *, is_final: bool) -> None:
    """What the carrier refused may be asked for anew; what it did not answer is asked for again under the same key."""
    with db.transaction():
        if is_final:
            db.execute(
                "UPDATE order_label SET state = ?, key = ? WHERE id = ? AND state = ?",
                FAILED, f"failed:{label_id}", label_id, ASKED,
            )  # fmt: skip
        else:
            db.execute("UPDATE order_label SET at = 0 WHERE id = ? AND state = ?", label_id, ASKED)


def _sold(seller: Carrier, parcel: Parcel, rate: Rate, key: str) -> Label:
    label: Label = checked(seller.buy(parcel, rate, key), Label, asked="buy")
    if label.mime not in KINDS or not label.document or not label.tracking:
        raise Broken("A carrier sent a label that cannot be printed.")
    return label


def _keep(site: Site, order: OrderView, label_id: int, label: Label, actor: str) -> None:
    name = files.keep_file(FOLDER, label.document, KINDS[label.mime])
    with db.transaction():
        kept = db.execute(
            "UPDATE order_label SET state = ?, tracking = ?, file = ?, mime = ?, cost = ?, currency = ?, at = ?"
            " WHERE id = ? AND state = ?",
            BOUGHT, label.tracking[:120], name, label.mime, label.cost.amount, label.cost.currency, clock.now_us(),
            label_id, ASKED,
        )  # fmt: skip
        if kept:
            about = {"tracking": label.tracking[:120], "cost": label.cost.amount, "currency": label.cost.currency}
            note(order.id, actor, "label", **about)
            activity.record(
                actor, "buy parcel label", f"order:{order.id}", after={"tracking": label.tracking[:120]},
                site_id=site.id, title=order.number,
            )  # fmt: skip
    if not kept:  # Another one was first; the carrier sold one label, since both had one key.
        files.drop_file(FOLDER, name)


def _parcel(order: OrderView, lines: Mapping[int, int]) -> Parcel:
    known = {line.id: line for line in order.lines}
    if not lines.keys() <= known.keys():
        raise NotThatMany
    parts = tuple(
        ParcelLine(
            variant_id=known[line_id].variant_id, sku=known[line_id].sku, name=known[line_id].name, quantity=quantity,
            weight_g=known[line_id].weight_g, value=known[line_id].unit * quantity,
        )
        for line_id, quantity in sorted(lines.items())
        if quantity > 0
    )  # fmt: skip
    value = Money(sum(part.value.amount for part in parts), order.currency)
    return Parcel(lines=parts, address=order.address or Address(), value=value)


def _rate(order: OrderView, carrier: str, service: str) -> Rate:
    """What the shopper chose, with the carrier's own token, if the parcel goes by it; else just the service."""
    token = ""
    if (order.carrier, order.service) == (carrier, service):
        stored = db.value("SELECT rate FROM orders WHERE id = ?", order.id)
        token = str((json.loads(stored) if stored else {}).get("token", ""))
    return Rate(service=service, title=service or carrier, amount=Money(0, order.currency), token=token)


def put_on(order_id: int, label_id: int, shipment_id: int) -> None:
    """The label belongs to this parcel of the order. Commits."""
    with db.transaction():
        db.execute(
            "UPDATE order_label SET shipment_id = ? WHERE id = ? AND order_id = ?", shipment_id, label_id, order_id
        )


# -- what becomes of it ------------------------------------------------------------------------------------------------


def void_label(state: SiteState, order: OrderView, label_id: int, *, actor: str) -> None:
    """Give a label back to its carrier. Network, commits. Raises NotFound, NoLabels, Broken."""
    label = _label(order.id, label_id)
    if label.state != BOUGHT:
        raise NotFound
    plugin, seller = carriers_of(state).get(label.carrier, ("", None))
    if seller is None:
        raise NoLabels
    guarded(state, plugin, "void", lambda: seller.void(label.tracking))
    with db.transaction():
        lock_order(order.id, state.site.id)
        if db.execute("UPDATE order_label SET state = ? WHERE id = ? AND state = ?", VOID, label_id, BOUGHT):
            note(order.id, actor, "label_void", tracking=label.tracking)
            activity.record(
                actor, "void parcel label", f"order:{order.id}", after={"tracking": label.tracking},
                site_id=state.site.id, title=order.number,
            )  # fmt: skip


def _label(order_id: int, label_id: int) -> OrderLabelView:
    found = next((one for one in labels_of(order_id) if one.id == label_id), None)
    if found is None:
        raise NotFound
    return found


def label_document(order: OrderView, label_id: int) -> Response:
    """A bought label of this very order, as a file. Raises NotFound."""
    row = db.one("SELECT file, mime FROM order_label WHERE id = ? AND order_id = ?", label_id, order.id)
    path = files.kept_file(FOLDER, row[0]) if row is not None and row[0] else None
    if row is None or path is None:
        raise NotFound
    answer = Response(path.read_bytes(), mimetype=row[1])
    answer.headers.set("Content-Disposition", "attachment", filename=f"{order.number}-{label_id}{path.suffix}")
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def parcel_arrived(site: Site, carrier: str, tracking: str, *, actor: str) -> bool:
    """Note that the parcel with this number has arrived; whether one was on its way. Commits."""
    row = db.one(
        "SELECT s.id, s.order_id FROM shipment s JOIN orders o ON o.id = s.order_id WHERE o.site_id = ? AND"
        " s.carrier = ? AND s.tracking = ? AND s.delivered_at IS NULL AND s.undone_at IS NULL ORDER BY s.id LIMIT 1",
        site.id, carrier, tracking,
    )  # fmt: skip
    if row is None or not tracking:
        return False
    try:
        deliver(site, row[1], actor=actor, shipment_id=row[0])
    except NotThatMany:  # A person was first.
        return False
    return True
