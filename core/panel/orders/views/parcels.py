"""Parcels: what leaves from which place, their numbers, which arrived, and which never left."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, request

from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib import ids
from core.lib.errors import Broken, Refused, Unfit
from core.orders.services import labels
from core.orders.services import ship as shipping
from core.orders.services.awaited import awaited_money
from core.orders.services.by_location import LocationUnits, units_by_location
from core.orders.services.manifests import makers
from core.orders.services.read import OrderView
from core.orders.services.unship import unship
from core.panel.orders import forms
from core.panel.orders.services import sending
from core.panel.orders.services.find import order_numbered
from core.panel.orders.services.places import part_asked, tabs
from core.panel.shell import actor, panel
from core.panel.shell.answers import page, to
from core.panel.shell.once import form_key, once


@panel.get("/orders/<number>/ship", endpoint="order_ship")
@staff("orders.ship")
def ask_ship(number: str) -> Response:
    """Which pieces leave in the parcel, from each location that has some; of several places, to one of them."""
    order = order_numbered(number)
    part = part_asked(order, _waiting(order))
    return _page(order, part, sending.offer(forms.ParcelForm(data=sending.usual(part)), part), [])


@panel.post("/orders/<number>/ship", endpoint="order_ship_save")
@staff("orders.ship")
def ship(number: str) -> Response:
    """Send a parcel; the form's key makes a repeated click the same one."""
    whole, key = order_numbered(number), request.form.get("key", "")[:40]
    if shipping.is_sent(whole.id, key):
        return _sent(number)
    order = part_asked(whole, _waiting(whole))
    form = sending.offer(forms.ParcelForm(request.form), order)
    if not form.validate():
        return _page(whole, order, form, form.problems, 422)
    place = _chosen(order, request.form.get("location", ""))
    try:
        wanted = forms.units(request.form, order.lines, place.units or None)
        label = _label(order, form, wanted or place.units) if request.form.get("label") else None
        shipment_id = shipping.ship(
            current().site,
            order.id,
            actor=actor(),
            lines=wanted,
            **sending.chosen(form),
            tracking=label.tracking if label else form.tracking.data,
            key=key,
            location=place.location_id,
        )
        if label:
            labels.put_on(order.id, label.id, shipment_id)
    except Unfit as refusal:
        found = [(name if name != "lines" else "", _(message)) for name, message in refusal.errors.items()]
        return _page(whole, order, form, found, refusal.status)
    except (Refused, Broken) as refusal:
        problems = form.refuse(getattr(refusal, "field", None), i18n.say(refusal))
        return _page(whole, order, form, problems, getattr(refusal, "status", 409))
    return _sent(number)


def _sent(number: str) -> Response:
    return to("panel.order", say=_("The parcel is on its way; the shopper gets a mail."), number=number)


def _label(order: OrderView, form: forms.ParcelForm, lines: Mapping[int, int]) -> labels.OrderLabelView:
    """Bought before the parcel is sent, under the key of the form: sent twice, it is the same one."""
    way = sending.chosen(form)
    return labels.buy_label(
        current(), order, carrier=way["carrier"], service=way["service"], lines=lines,
        key=request.form.get("key", "")[:40], actor=actor(),
    )  # fmt: skip


@panel.get("/orders/<number>/labels/<int:label_id>", endpoint="order_parcel_label")
@staff("orders.ship")
def label_file(number: str, label_id: int) -> Response:
    """A label to print."""
    return labels.label_document(order_numbered(number), label_id)


@panel.post("/orders/<number>/labels/<int:label_id>/void", endpoint="order_label_void")
@staff("orders.ship")
def void_label(number: str, label_id: int) -> Response:
    """Give a label back to its carrier."""
    try:
        labels.void_label(current(), order_numbered(number), label_id, actor=actor())
    except (Refused, Broken) as refusal:
        if getattr(refusal, "status", 0) == 404:
            raise
        return to("panel.order", say=i18n.say(refusal), kind="bad", number=number)
    return to("panel.order", say=_("The label is given back."), number=number)


def _chosen(order: OrderView, text: str) -> LocationUnits:
    """The place that a form is about; after a repeated click it may have nothing left, but the key knows the parcel."""
    place = int(text) if text.isdecimal() and len(text) < 10 else None
    found = (one for one in units_by_location(order.id) if place is not None and one.location_id == place)
    return next(found, LocationUnits(location_id=place, name="", units={}, here={}))


def _waiting(order: OrderView) -> list[int]:
    """The places to which something waits to be sent."""
    return [line.place for line in order.lines if line.allocated]


def _page(
    whole: OrderView, order: OrderView, form: forms.ParcelForm, problems: forms.Problems, status: int = 200
) -> Response:
    typed = request.form if request.method == "POST" else {}
    names = {line.id: line for line in order.lines}
    found = [
        (place, [(names[line_id], n) for line_id, n in place.units.items() if line_id in names])
        for place in units_by_location(order.id)
    ]
    return page(
        "order_ship.html",
        status,
        order=order,
        form=form,
        problems=problems,
        errors=forms.by_field(problems),
        typed=typed,
        locations=[(place, lines, ids.token()) for place, lines in found if lines],
        apart=[] if all(place.location_id for place, _lines in found) else sending.lying_apart(order),
        places=tabs(whole, _waiting(whole), order, "panel.order_ship"),
        usual=sending.usual(order),
        key=typed.get("key"),
        awaited=awaited_money(current(), whole),
        sells=bool(labels.sellers(current())),
        manifests=bool(makers(current())),
    )


@panel.post("/orders/<number>/parcels/<int:shipment_id>", endpoint="order_tracking")
@staff("orders.ship")
def set_tracking(number: str, shipment_id: int) -> Response:
    """Correct a parcel's tracking number, and what it was sent with."""
    order = order_numbered(number)
    form = sending.offer(forms.ParcelForm(request.form), order)
    if not form.validate():
        return to("panel.order", say=form.problems[0][1], kind="bad", number=number)
    shipping.set_tracking(
        current().site, order.id, shipment_id, form.tracking.data.strip(), actor=actor(), **sending.chosen(form)
    )
    return to("panel.order", say=_("The parcel is corrected."), number=number)


@panel.post("/orders/<number>/parcels/<int:shipment_id>/delivered", endpoint="order_parcel_delivered")
@staff("orders.ship")
@once("panel.order", "number")
def delivered(number: str, shipment_id: int) -> Response:
    """Note that this parcel has arrived, whatever else is on its way or waits."""
    try:
        order_id = order_numbered(number).id
        shipping.deliver(current().site, order_id, actor=actor(), shipment_id=shipment_id, key=form_key())
    except Refused as refusal:
        return to("panel.order", say=i18n.say(refusal), kind="bad", number=number)
    return to("panel.order", say=_("Noted as delivered."), number=number)


@panel.post("/orders/<number>/parcels/<int:shipment_id>/undo", endpoint="order_unship")
@staff("orders.ship")
def take_back(number: str, shipment_id: int) -> Response:
    """Note that this parcel never left."""
    order, why = order_numbered(number), request.form.get("why", "")
    try:
        unship(current().site, order.id, shipment_id, actor=actor(), why=why)
    except Refused as refusal:
        return to("panel.order", say=i18n.say(refusal), kind="bad", number=number)
    return to("panel.order", say=_("The parcel is taken back: its pieces are on the shelf again."), number=number)
