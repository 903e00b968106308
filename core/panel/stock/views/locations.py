"""The places that goods ship from: their list in order, the form of one, closing and opening."""

from __future__ import annotations

from flask import Response, request, url_for

from core.catalogue.services import locations
from core.catalogue.services.locations import LocationStock
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.lib.addresses import countries
from core.lib.errors import NotFound, Refused, Unfit
from core.panel.forms import PanelForm
from core.panel.shell import actor, panel, shell
from core.panel.shell.answers import page, to
from core.panel.shell.once import form_key, once
from core.panel.stock.forms import LocationForm, NewLocationForm

may_edit = staff("stock.edit", everywhere=True)


@panel.get("/stock/locations", endpoint="stock_locations")
@staff("catalogue.view")
def show() -> Response:
    """All places with what is there."""
    names = dict(countries(i18n.language()))
    found = [(one, names.get(one.country, one.country)) for one in locations.all_locations()]
    return page(
        "stock_locations.html",
        places=[row for row in found if row[0].is_open],
        closed=[row for row in found if not row[0].is_open],
        may=shell().may_everywhere("stock.edit"),
    )


@panel.get("/stock/locations/new", endpoint="stock_location_new")
@may_edit
def ask_new() -> Response:
    """The form for a further place."""
    return _form_page(NewLocationForm().offer(), None, [])


@panel.post("/stock/locations/new", endpoint="stock_location_add")
@may_edit
def add() -> Response:
    """Add it, behind the others."""
    form = NewLocationForm(request.form).offer()
    if not form.validate():
        return _form_page(form, None, form.problems, 422)
    try:
        locations.add_location(
            form.code.data, form.name.data, None, form.country.data, actor(), postcode=form.postcode.data or ""
        )
    except Unfit as refusal:
        return _form_page(form, None, _refused(form, refusal), 422)
    return to("panel.stock_locations", say=_("%(name)s is added. Count what is there.", name=form.name.data))


@panel.get("/stock/locations/<int:location_id>", endpoint="stock_location")
@may_edit
def edit(location_id: int) -> Response:
    """The form of one."""
    place = _place(location_id)
    known = {"name": place.name, "country": place.country, "postcode": place.postcode}
    return _form_page(LocationForm(data=known).offer(), place, [])


@panel.post("/stock/locations/<int:location_id>", endpoint="stock_location_save")
@may_edit
def save(location_id: int) -> Response:
    """Name it, and say in which country it is."""
    place, form = _place(location_id), LocationForm(request.form).offer()
    if not form.validate():
        return _form_page(form, place, form.problems, 422)
    try:
        locations.edit_location(
            location_id, form.name.data, form.country.data, actor(), postcode=form.postcode.data or ""
        )
    except Unfit as refusal:
        return _form_page(form, place, _refused(form, refusal), 422)
    return to("panel.stock_locations", say=_("Saved."))


@panel.post("/stock/locations/<int:location_id>/<any(earlier, later):way>", endpoint="stock_location_move")
@may_edit
@once("panel.stock_locations")
def move(location_id: int, way: str) -> Response:
    """Take goods from it earlier or later."""
    try:
        locations.move_location(location_id, up=way == "earlier", actor=actor(), key=form_key())
    except Refused as refusal:
        return to("panel.stock_locations", say=i18n.say(refusal), kind="bad")
    return to("panel.stock_locations")


@panel.post("/stock/locations/<int:location_id>/close", endpoint="stock_location_close")
@may_edit
def close(location_id: int) -> Response:
    """Take nothing from it any more."""
    place = _place(location_id)
    try:
        locations.close_location(location_id, actor())
    except Refused as refusal:
        return to("panel.stock_locations", say=i18n.say(refusal), kind="bad")
    undo = url_for("panel.stock_location_open", location_id=location_id, undo=1)
    return to("panel.stock_locations", say=_("%(name)s is closed.", name=place.name), undo=undo)


@panel.post("/stock/locations/<int:location_id>/open", endpoint="stock_location_open")
@may_edit
def reopen(location_id: int) -> Response:
    """Ship from it again; `undo` puts it back where it stood."""
    try:
        locations.open_location(location_id, actor(), as_before="undo" in request.args)
    except Refused as refusal:
        return to("panel.stock_locations", say=i18n.say(refusal), kind="bad")
    return to("panel.stock_locations", say=_("%(name)s is open again.", name=_place(location_id).name))


def _place(location_id: int) -> LocationStock:
    found = next((one for one in locations.all_locations() if one.id == location_id), None)
    if found is None:
        raise NotFound
    return found


def _form_page(
    form: LocationForm, place: LocationStock | None, problems: list[tuple[str, str]], status: int = 200
) -> Response:
    return page("stock_location.html", status, form=form, place=place, problems=problems)


def _refused(form: PanelForm, refusal: Unfit) -> list[tuple[str, str]]:
    problems = []
    for name, message in refusal.errors.items():
        problems = form.refuse(name, _(message))
    return problems
