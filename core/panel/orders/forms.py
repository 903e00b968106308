"""Acts on an order: a payment by hand, a parcel, a cancellation, a note."""

from __future__ import annotations

from collections.abc import Mapping

from flask import request
from wtforms import SelectField, StringField

from core.kernel.i18n import gettext as _
from core.kernel.i18n import lazy
from core.lib.errors import Unfit
from core.orders.services.read import OrderLineView
from core.panel.forms import PanelForm, at_most

Problems = list[tuple[str, str]]


class Fields(dict[str, str]):
    """Words by field; a field without any is empty, and stays no key for being asked for."""

    def __missing__(self, name: str) -> str:
        return ""


def typed() -> Fields:
    """What the form of this request says; a field that was not sent is empty."""
    return Fields(request.form.items()) if request.method == "POST" else Fields()


def by_field(problems: Problems) -> Fields:
    """The message of each field; a field without one is empty."""
    return Fields(problems)


class PaidForm(PanelForm):
    """Money that came by hand. Without an amount, all that is still open."""

    amount = StringField(lazy("Amount"), [at_most(30)], render_kw={"inputmode": "decimal"})
    reference = StringField(
        lazy("Reference"), [at_most(120)], description=lazy("The line on the bank’s paper, or whoever took the cash.")
    )


class ParcelForm(PanelForm):
    """A parcel that leaves. `way` is the code of its carrier; empty for another one, which `title` names."""

    way = SelectField(lazy("Carrier"), validate_choice=False)
    title = StringField(
        lazy("Name of the other carrier"), [at_most(60)], description=lazy("Only if you chose another carrier above.")
    )
    tracking = StringField(
        lazy("Tracking number"),
        [at_most(120)],
        description=lazy("The shopper gets it by mail."),
        render_kw={"autocomplete": "off"},
    )


class PromiseForm(PanelForm):
    """From which day on what waits for goods leaves."""

    day = StringField(
        lazy("Leaves from"),
        [at_most(10)],
        description=lazy("Leave it empty if nobody knows: it then leaves as soon as it is there."),
    )
    why = StringField(lazy("A word about it"), [at_most(500)], description=lazy("Stands in the mail."))


class CancelForm(PanelForm):
    """Why pieces are cancelled."""

    reason = StringField(lazy("Reason"), [at_most(120)], description=lazy("Shown in the timeline."))


def units(
    form: Mapping[str, str], lines: tuple[OrderLineView, ...], most: Mapping[int, int] | None = None
) -> dict[int, int]:
    """Pieces per line as the form says them: `line-<id>`, each from none to `most`, or to all that wait.

    Raises Unfit.
    """
    chosen: dict[int, int] = {}
    errors: dict[str, str] = {}
    gone = False
    for line in lines:
        text = form.get(f"line-{line.id}", "").strip()
        highest = line.allocated if most is None else most.get(line.id, 0)
        if not text or not highest:
            gone = gone or bool(text.strip("0"))
            continue
        if not (text.isascii() and text.isdecimal()) or len(text) > 9 or int(text) > highest:
            errors[f"line-{line.id}"] = _("%(name)s: from 0 to %(most)s.", name=line.name, most=highest)
        elif int(text):
            chosen[line.id] = int(text)
    if errors:
        raise Unfit(errors)
    if not chosen and gone:
        raise Unfit({"lines": _("These pieces do not wait any more: meanwhile they were sent or cancelled.")})
    if not chosen:
        raise Unfit({"lines": _("Choose at least one piece.")})
    return chosen
