"""The panel's pages: the points, and the form of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.api import (
    Money,
    Unfit,
    Views,
    actor,
    current_site,
    panel_form_key,
    panel_once,
    panel_to,
    render,
    request,
    staff,
    url_for,
)
from core.api import gettext as _
from plugins.pickup import forms, services
from plugins.pickup.models import PickupPoint

panel = Views()
may_edit = staff("pickup.edit")


@panel.get("/")
@may_edit
def show() -> Any:
    """All points."""
    return render("pickup/list.html", points=services.points_of(current_site()))


@panel.get("/new")
@may_edit
def new() -> Any:
    """An empty form."""
    return _form({}, {}, None)


@panel.post("/new")
@may_edit
@panel_once("pickup.panel.show")
def create() -> Any:
    """Add a point."""
    return _saved(None)


@panel.get("/<int:point_id>")
@may_edit
def edit(point_id: int) -> Any:
    """The form of one point."""
    return _form(_filled(services.find_point(current_site(), point_id)), {}, point_id)


@panel.post("/<int:point_id>")
@may_edit
def save(point_id: int) -> Any:
    """Change a point."""
    return _saved(point_id)


@panel.post("/<int:point_id>/remove")
@may_edit
def remove(point_id: int) -> Any:
    """Take a point away."""
    services.remove_point(current_site(), point_id, actor=actor())
    undo = url_for("pickup.panel.restore", point_id=point_id)
    return panel_to("pickup.panel.show", say=_("The pickup point is removed."), undo=undo)


@panel.post("/<int:point_id>/restore")
@may_edit
def restore(point_id: int) -> Any:
    """Bring a point back that was removed."""
    services.restore_point(current_site(), point_id, actor=actor())
    return panel_to("pickup.panel.show", say=_("The pickup point is back."))


def _saved(point_id: int | None) -> Any:
    try:
        wanted = forms.parse(request.form, current_site())
        services.save_point(current_site(), wanted, actor=actor(), point_id=point_id, key=panel_form_key())
    except Unfit as refusal:
        return _form(request.form, refusal.errors, point_id, 422)
    return panel_to("pickup.panel.show", say=_("Saved. It applies to the next cart that is looked at."))


def _form(values: Mapping[str, str], errors: Mapping[str, str], point_id: int | None, status: int = 200) -> Any:
    return render("pickup/edit.html", status, values=values, errors=errors, point_id=point_id)


def _filled(point: PickupPoint) -> dict[str, str]:
    """A point as its form would have sent it."""
    hours = {f"hours_{tag}": text for tag, text in point.hours.items()}
    fees = {f"fee_{currency}": Money(amount, currency).decimal for currency, amount in point.fees.items()}
    numbers = {name: getattr(point, name) for name in ("days_from", "days_to", "position")}
    shown = {name: "" if number is None else str(number) for name, number in numbers.items()}
    return {"name": point.name, "address": point.address, **hours, **fees, **shown}
