"""The carriers that the merchant names, and where their parcels are followed."""

from __future__ import annotations

from flask import Response, request

from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib.errors import Unfit
from core.orders.services.parcels import own_carriers, set_own_carriers, ways
from core.panel.orders import forms
from core.panel.shell import actor, panel
from core.panel.shell.answers import page, to
from core.panel.shell.once import form_key, once

_SPARE, _MOST = 3, 40


@panel.get("/orders/carriers", endpoint="carriers")
@staff("site.edit")
def carriers() -> Response:
    """What the ship page offers: what plugins carry, and the list to edit."""
    return _page(own_carriers(current().site))


@panel.post("/orders/carriers", endpoint="carriers_save")
@staff("site.edit")
@once("panel.carriers")
def save_carriers() -> Response:
    """Store the list; a row without a name is gone."""
    form = request.form
    rows = [
        (form.get(f"name-{place}", ""), form.get(f"address-{place}", ""))
        for place in range(_MOST)
        if f"name-{place}" in form
    ]
    try:
        set_own_carriers(current().site, rows, actor=actor(), key=form_key())
    except Unfit as refusal:
        return _page(rows, {name: _(text) for name, text in refusal.errors.items()}, refusal.status)
    return to("panel.carriers", say=_("The carriers are saved."))


def _page(rows: list[tuple[str, str]], errors: dict[str, str] | None = None, status: int = 200) -> Response:
    found = list(errors.items()) if errors else []
    spare = max(0, min(_SPARE, _MOST - len(rows))) if not errors else 0
    return page(
        "order_carriers.html",
        status,
        rows=[*rows, *[("", "")] * spare],
        offered=[way for way in ways(current().site) if way.carrier],
        problems=found,
        errors=forms.by_field(found),
    )
