"""Keeping, renaming and forgetting views of lists; each person has their own on each site."""

from __future__ import annotations

from flask import Response, request, url_for

from core.kernel import i18n, respond
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib.errors import Refused
from core.panel.saved import services
from core.panel.shell import panel, shell
from core.panel.shell.answers import to


@panel.post("/views/<any(orders, products, shoppers):place>", endpoint="view_keep")
@staff()
def keep(place: str) -> Response:
    """Keep the list as it is narrowed, under a name."""
    name, query = _name(), request.values.get("query", "")
    try:
        view, before = services.keep(current().site, shell().person.id, place, name, query)
    except Refused as refusal:
        respond.note(i18n.say(refusal), "bad")
        return respond.redirect(f"{url_for(f'panel.{place}')}?{services.cleaned(query)}")
    if before:
        undo = url_for("panel.view_keep", place=place, name=view.name, query=before)
        respond.note(_("“%(view)s” holds what you see now; before it held something else.", view=view.name), undo=undo)
    else:
        respond.note(_("“%(view)s” is kept, for you on this site.", view=view.name))
    return respond.redirect(f"{url_for(f'panel.{place}')}?{view.query}")


def _name() -> str:
    return " ".join(request.values.get("name", "").split())[:60]


@panel.post("/views/<int:view_id>/rename", endpoint="view_rename")
@staff()
def rename(view_id: int) -> Response:
    """Give a view another name; the list stays open as the view shows it."""
    site, staff_id = current().site, shell().person.id
    view = services.own(site, staff_id, view_id)
    try:
        view, before = services.rename(site, staff_id, view_id, _name())
    except Refused as refusal:
        respond.note(i18n.say(refusal), "bad")
    else:
        if view.name != before:
            undo = url_for("panel.view_rename", view_id=view_id, name=before)
            respond.note(_("“%(before)s” is called “%(view)s” now.", before=before, view=view.name), undo=undo)
    return respond.redirect(f"{url_for(f'panel.{view.place}')}?{view.query}")


@panel.post("/views/<int:view_id>/forget", endpoint="view_forget")
@staff()
def forget(view_id: int) -> Response:
    """Forget a view."""
    view = services.forget(current().site, shell().person.id, view_id)
    undo = url_for("panel.view_keep", place=view.place, name=view.name, query=view.query)
    return to(f"panel.{view.place}", say=_("“%(view)s” is forgotten.", view=view.name), undo=undo)


@panel.post("/views/<any(orders, products):place>/columns", endpoint="list_columns")
@staff()
def keep_columns(place: str) -> Response:
    """Keep which columns this person wants to see."""
    services.choose_columns(shell().person.id, place, request.form.getlist("column"))
    return respond.redirect(f"{url_for(f'panel.{place}')}?{services.cleaned(request.form.get('here', ''))}")
