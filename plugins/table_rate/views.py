"""The panel's pages: the table with the box for trying out, a zone, a method with its brackets, and the file."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from core.api import (
    Money,
    Unfit,
    UnreadableFile,
    Views,
    actor,
    countries,
    current_site,
    language,
    panel_form_key,
    panel_once,
    panel_to,
    redirect303,
    render,
    request,
    say,
    staff,
    toast,
    url_for,
    write_rows,
)
from core.api import gettext as _
from plugins.table_rate import forms, services
from plugins.table_rate.forms.brackets import SPARE, typed
from plugins.table_rate.forms.files import COLUMNS
from plugins.table_rate.models import Method, Zone

panel = Views()
may_edit = staff("table_rate.edit")
_SHOWN_ERRORS = 50


@panel.get("/")
@may_edit
def show() -> Any:
    """Zones and methods, with what the asked-for parcel costs."""
    site = current_site()
    table = services.table_of(site)
    errors: dict[str, str] = {}
    result = None
    if "weight" in request.args:
        trial = forms.parse_trial(request.args, site, errors)
        result = None if errors else services.tried(site, trial, language())
    remarks = {method.id: services.remarks_on(method) for zone in table.zones for method in table.of(zone)}
    return render(
        "table_rate/list.html",
        table=table,
        remarks=remarks,
        result=result,
        values=request.args,
        errors=errors,
        countries=countries(language()),
        title_in=_title,
    )


# -- zones -------------------------------------------------------------------------------------------------------------


@panel.get("/zones/new")
@may_edit
def new_zone() -> Any:
    """An empty zone."""
    return _zone_form({}, {}, None)


@panel.post("/zones/new")
@may_edit
@panel_once("table_rate.panel.show")
def create_zone() -> Any:
    """Add a zone."""
    return _zone_saved(None)


@panel.get("/zones/<int:zone_id>")
@may_edit
def edit_zone(zone_id: int) -> Any:
    """The form of one zone."""
    zone = services.find_zone(current_site(), zone_id)
    reasons = {f"reason_{tag}": text for tag, text in zone.reasons.items()}
    values = {
        "name": zone.name,
        "position": zone.position,
        "areas": zone.areas,
        "served": "1" if zone.served else "",
        **reasons,
    }
    return _zone_form(values, {}, zone_id)


@panel.post("/zones/<int:zone_id>")
@may_edit
def save_zone(zone_id: int) -> Any:
    """Change a zone."""
    return _zone_saved(zone_id)


@panel.post("/zones/<int:zone_id>/remove")
@may_edit
def remove_zone(zone_id: int) -> Any:
    """Take a zone away with its methods."""
    services.remove_zone(current_site(), zone_id, actor=actor())
    undo = url_for("table_rate.panel.restore_zone", zone_id=zone_id)
    return panel_to("table_rate.panel.show", say=_("The zone is removed."), undo=undo)


@panel.post("/zones/<int:zone_id>/restore")
@may_edit
def restore_zone(zone_id: int) -> Any:
    """Bring a zone back with its methods."""
    try:
        services.restore_zone(current_site(), zone_id, actor=actor())
    except services.NameTaken as refusal:
        toast(say(refusal), "bad")
        return redirect303(url_for("table_rate.panel.show"))
    return panel_to("table_rate.panel.show", say=_("The zone is back."))


def _zone_saved(zone_id: int | None) -> Any:
    site = current_site()
    try:
        wanted = forms.parse_zone(request.form, site)
        services.save_zone(site, wanted, actor=actor(), zone_id=zone_id, key=panel_form_key())
    except Unfit as refusal:
        return _zone_form(request.form, refusal.errors, zone_id, 422)
    except services.NameTaken as refusal:
        return _zone_form(request.form, {"name": say(refusal)}, zone_id, 422)
    return panel_to("table_rate.panel.show", say=_("Saved. It applies to the next cart that is looked at."))


def _zone_form(values: Mapping[str, Any], errors: Mapping[str, str], zone_id: int | None, status: int = 200) -> Any:
    return render("table_rate/zone.html", status, values=values, errors=errors, zone_id=zone_id)


# -- methods -----------------------------------------------------------------------------------------------------------


@panel.get("/zones/<int:zone_id>/methods/new")
@may_edit
def new_method(zone_id: int) -> Any:
    """An empty method."""
    zone = services.find_zone(current_site(), zone_id)
    lines: forms.Lines = {currency: [("", "", "")] * SPARE for currency in current_site().currencies}
    return _method_form({"basis": "weight"}, lines, {}, zone, None)


@panel.post("/zones/<int:zone_id>/methods/new")
@may_edit
@panel_once("table_rate.panel.show")
def create_method(zone_id: int) -> Any:
    """Add a method, or rearrange its lines."""
    return _method_sent(services.find_zone(current_site(), zone_id), None)


@panel.get("/methods/<int:method_id>")
@may_edit
def edit_method(method_id: int) -> Any:
    """The form of one method."""
    site = current_site()
    method = services.find_method(site, method_id)
    lines = {
        currency: [typed(forms.Bracket(*line), method.basis, currency) for line in method.brackets.get(currency, ())]
        + [("", "", "")] * SPARE
        for currency in site.currencies
    }
    return _method_form(_filled(method), lines, {}, services.find_zone(site, method.zone_id), method)


@panel.post("/methods/<int:method_id>")
@may_edit
def save_method(method_id: int) -> Any:
    """Change a method, or rearrange its lines."""
    site = current_site()
    method = services.find_method(site, method_id)
    return _method_sent(services.find_zone(site, method.zone_id), method)


@panel.post("/methods/<int:method_id>/remove")
@may_edit
def remove_method(method_id: int) -> Any:
    """Take a method away."""
    services.remove_method(current_site(), method_id, actor=actor())
    undo = url_for("table_rate.panel.restore_method", method_id=method_id)
    return panel_to("table_rate.panel.show", say=_("The method is removed."), undo=undo)


@panel.post("/methods/<int:method_id>/restore")
@may_edit
def restore_method(method_id: int) -> Any:
    """Bring a method back that was removed."""
    services.restore_method(current_site(), method_id, actor=actor())
    return panel_to("table_rate.panel.show", say=_("The method is back."))


def _method_sent(zone: Zone, method: Method | None) -> Any:
    """A button beside the lines only rearranges them; the last button saves."""
    site = current_site()
    if request.form.get("act"):
        return _method_form(request.form, forms.rearranged(request.form, site), {}, zone, method)
    try:
        wanted = forms.parse_method(request.form, site)
    except Unfit as refusal:
        return _method_form(request.form, forms.lines_of(request.form, site), refusal.errors, zone, method, 422)
    method_id = method.id if method else None
    saved = services.save_method(site, zone.id, wanted, actor=actor(), method_id=method_id, key=panel_form_key())
    toast(_("Saved. It applies to the next cart that is looked at."))
    if services.remarks_on(services.find_method(site, saved)):
        return redirect303(url_for("table_rate.panel.edit_method", method_id=saved))
    return redirect303(url_for("table_rate.panel.show"))


def _method_form(
    values: Mapping[str, Any],
    lines: forms.Lines,
    errors: Mapping[str, str],
    zone: Zone,
    method: Method | None,
    status: int = 200,
) -> Any:
    return render(
        "table_rate/method.html",
        status,
        values=values,
        lines=lines,
        errors=errors,
        zone=zone,
        method=method,
        remarks=services.remarks_on(method) if method else [],
    )


def _filled(method: Method) -> dict[str, Any]:
    """A method as its form would have sent it."""
    values: dict[str, Any] = {f"title_{tag}": text for tag, text in method.titles.items()}
    values.update({f"description_{tag}": text for tag, text in method.descriptions.items()})
    for name, amounts in (("free_from", method.free_from), ("surcharge", method.surcharges)):
        values.update({f"{name}_{code}": Money(amount, code).decimal for code, amount in amounts.items()})
    for name in ("basis", "per", "excluded", "tracking"):
        values[name] = getattr(method, name)
    for name in ("position", "parcel_g", "divisor", "days_from", "days_to"):
        number = getattr(method, name)
        values[name] = "" if number is None else str(number)
    return values


def _title(method: Method) -> str:
    return str(method.titles.get(language()) or next(iter(method.titles.values()), ""))


# -- the file ----------------------------------------------------------------------------------------------------------


@panel.get("/table.csv")
@may_edit
def download() -> Any:
    """The whole table, one row per bracket."""
    stream = io.StringIO(newline="")
    write_rows(stream, COLUMNS, services.export_rows(current_site()))
    headers = {
        "Content-Disposition": 'attachment; filename="rate-table.csv"',
        "Content-Type": "text/csv; charset=utf-8",
    }
    return "\ufeff" + stream.getvalue(), headers


@panel.get("/import")
@may_edit
def choose_file() -> Any:
    """The form for a file."""
    return render("table_rate/import.html", problem="", errors=[], hidden=0)


@panel.post("/import")
@may_edit
def take_file() -> Any:
    """Carry a table in: all of it or nothing."""
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        return render("table_rate/import.html", 422, problem=_("Choose a file."), errors=[], hidden=0)
    try:
        found = services.import_table(current_site(), io.BytesIO(upload.stream.read()), actor=actor())
    except services.Unreadable as refusal:
        errors = refusal.errors
        return render(
            "table_rate/import.html",
            422,
            problem=say(refusal),
            errors=errors[:_SHOWN_ERRORS],
            hidden=max(0, len(errors) - _SHOWN_ERRORS),
        )
    except UnreadableFile as refusal:
        return render("table_rate/import.html", 422, problem=say(refusal), errors=[], hidden=0)
    return panel_to("table_rate.panel.show", say=_("%(rows)s rows were taken.", rows=found.rows))
