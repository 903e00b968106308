"""The panel's page: the table, edited as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.api import (
    Unfit,
    Views,
    actor,
    current_site,
    panel_to,
    render,
    request,
    staff,
)
from core.api import gettext as _
from plugins.tax_table import forms, services

panel = Views()
may_edit = staff("tax_table.edit")
_SPARE_LINES = 3


@panel.get("/")
@may_edit
def show() -> Any:
    """The table with a few empty lines."""
    values: dict[str, str] = {}
    rates = services.rates_of(current_site())
    for i, rate in enumerate(rates):
        shown = (rate.tax_class, rate.country, rate.region, rate.name, _percent(rate.rate))
        values.update({f"{name}-{i}": text for name, text in zip(forms.FIELDS, shown, strict=True)})
    return _page(values, {}, len(rates))


@panel.post("/")
@may_edit
def save() -> Any:
    """Keep the table as it was sent."""
    try:
        services.save_table(current_site(), forms.table(request.form), actor=actor())
    except Unfit as refusal:
        return _page(request.form, refusal.errors, len(forms.suffixes(request.form)) - _SPARE_LINES, 422)
    return panel_to("tax_table.panel.show", say=_("Saved. It applies to the next cart that is looked at."))


def _page(values: Mapping[str, str], errors: Mapping[str, str], lines: int, status: int = 200) -> Any:
    return render(
        "tax_table/table.html", status, values=values, errors=errors, lines=lines + _SPARE_LINES, filled=lines
    )


def _percent(rate: int) -> str:
    whole, rest = divmod(rate, 100)
    return f"{whole}.{rest:02}".rstrip("0").rstrip(".")
