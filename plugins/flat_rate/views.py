"""The panel's pages: the rates, and the form of one."""

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
from plugins.flat_rate import forms, services
from plugins.flat_rate.models import FlatRate

panel = Views()
may_edit = staff("flat_rate.edit")


@panel.get("/")
@may_edit
def show() -> Any:
    """All rates."""
    site = current_site()
    rates = [
        {"id": rate.id, "title": services.title_in(rate, site.language), "prices": _prices(rate), "rate": rate}
        for rate in services.rates_of(site)
    ]
    return render("flat_rate/list.html", rates=rates)


@panel.get("/new")
@may_edit
def new() -> Any:
    """An empty form."""
    return _form({}, {}, None)


@panel.post("/new")
@may_edit
@panel_once("flat_rate.panel.show")
def create() -> Any:
    """Add a rate."""
    return _saved(None)


@panel.get("/<int:rate_id>")
@may_edit
def edit(rate_id: int) -> Any:
    """The form of one rate."""
    return _form(_filled(services.find_rate(current_site(), rate_id)), {}, rate_id)


@panel.post("/<int:rate_id>")
@may_edit
def save(rate_id: int) -> Any:
    """Change a rate."""
    return _saved(rate_id)


@panel.post("/<int:rate_id>/remove")
@may_edit
def remove(rate_id: int) -> Any:
    """Take a rate away."""
    services.remove_rate(current_site(), rate_id, actor=actor())
    undo = url_for("flat_rate.panel.restore", rate_id=rate_id)
    return panel_to("flat_rate.panel.show", say=_("The rate is removed."), undo=undo)


@panel.post("/<int:rate_id>/restore")
@may_edit
def restore(rate_id: int) -> Any:
    """Bring a rate back that was removed."""
    services.restore_rate(current_site(), rate_id, actor=actor())
    return panel_to("flat_rate.panel.show", say=_("The rate is back."))


def _saved(rate_id: int | None) -> Any:
    try:
        wanted = forms.parse(request.form, current_site())
        services.save_rate(current_site(), wanted, actor=actor(), rate_id=rate_id, key=panel_form_key())
    except Unfit as refusal:
        return _form(request.form, refusal.errors, rate_id, 422)
    return panel_to("flat_rate.panel.show", say=_("Saved. It applies to the next cart that is looked at."))


def _form(values: Mapping[str, str], errors: Mapping[str, str], rate_id: int | None, status: int = 200) -> Any:
    return render("flat_rate/edit.html", status, values=values, errors=errors, rate_id=rate_id)


def _filled(rate: FlatRate) -> dict[str, str]:
    """A rate as its form would have sent it."""
    values = {f"title_{tag}": text for tag, text in rate.titles.items()}
    for currency, (amount, free_from) in rate.prices.items():
        values[f"price_{currency}"] = Money(amount, currency).decimal
        values[f"free_from_{currency}"] = "" if free_from is None else Money(free_from, currency).decimal
    numbers = {name: getattr(rate, name) for name in ("days_from", "days_to", "position")}
    return {
        **values,
        "countries": rate.countries,
        "tracking": rate.tracking,
        **{name: "" if n is None else str(n) for name, n in numbers.items()},
    }


def _prices(rate: FlatRate) -> list[tuple[Money, Money | None]]:
    return [
        (Money(amount, currency), None if free_from is None else Money(free_from, currency))
        for currency, (amount, free_from) in rate.prices.items()
    ]
