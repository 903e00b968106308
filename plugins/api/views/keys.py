"""The panel's pages: the keys, a form for a new one, and the page that shows it once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.api import (
    Refused,
    Unfit,
    Views,
    actor,
    current_site,
    now,
    panel_form_key,
    panel_once,
    panel_to,
    render,
    request,
    say,
    staff,
)
from core.api import gettext as _
from plugins.api import forms
from plugins.api.models.scopes import scopes_of
from plugins.api.services import keys

panel = Views()
may_edit = staff("api.edit")


@panel.get("/")
@may_edit
def show() -> Any:
    """All keys."""
    site = current_site()
    return render("api/keys.html", keys=keys.keys_of(site), scopes=scopes_of(site), now=now())


@panel.get("/new")
@may_edit
def new() -> Any:
    """An empty form."""
    return _form({}, {})


@panel.post("/new")
@may_edit
@panel_once("api.panel.show")
def create() -> Any:
    """Make a key; it is shown on the page that answers, and nowhere else."""
    site = current_site()
    try:
        wanted = forms.parse_key(request.form, site)
        key_id, secret = keys.make_key(site, wanted, actor=actor(), key=panel_form_key())
    except Unfit as refusal:
        return _form(request.form, refusal.errors, 422)
    except Refused as refusal:
        return _form(request.form, {"": say(refusal)}, refusal.status)
    return render("api/made.html", key=keys.get_key(site, key_id), secret=secret, scopes=scopes_of(site))


@panel.post("/<int:key_id>/revoke")
@may_edit
def revoke(key_id: int) -> Any:
    """End a key for good."""
    keys.revoke_key(current_site(), key_id, actor=actor())
    return panel_to("api.panel.show", say=_("The key is revoked. From now on it is refused."))


def _form(values: Mapping[str, Any], errors: Mapping[str, str], status: int = 200) -> Any:
    chosen = values.getlist("scopes") if hasattr(values, "getlist") else values.get("scopes", [])
    known = [(scope, str(said), scope) for scope, said in scopes_of(current_site()).items()]
    return render("api/new.html", status, values=values, errors=errors, scopes=known, chosen=chosen)
