"""The panel's pages: the rules, and the form of one."""

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
from plugins.ship_rules import forms, services
from plugins.ship_rules.models import ShipRule

panel = Views()
may_edit = staff("ship_rules.edit")


@panel.get("/")
@may_edit
def show() -> Any:
    """All rules."""
    names = {place.id: place.name for place in services.locations()}
    rules = [
        {
            "id": rule.id,
            "rule": rule,
            "places": [_named(names.get(id_, "–"), _hour(until)) for id_, until in rule.places],
            "criteria": [str(forms.CRITERIA[code]) for code in services.order_of(rule)],
        }
        for rule in services.rules_of(current_site())
    ]
    return render("ship_rules/list.html", rules=rules, locations=services.locations())


def _named(place: str, hour: str) -> str:
    return f"{place} {_('until %(hour)s', hour=hour)}" if hour else place


@panel.get("/new")
@may_edit
def new() -> Any:
    """An empty form: all locations in core's order."""
    codes = "\n".join(place.code for place in services.locations())
    return _form({"places": codes, "criteria-1": "few"}, {}, None)


@panel.post("/new")
@may_edit
@panel_once("ship_rules.panel.show")
def create() -> Any:
    """Add a rule."""
    return _saved(None)


@panel.get("/<int:rule_id>")
@may_edit
def edit(rule_id: int) -> Any:
    """The form of one rule."""
    return _form(_filled(services.find_rule(current_site(), rule_id)), {}, rule_id)


@panel.post("/<int:rule_id>")
@may_edit
def save(rule_id: int) -> Any:
    """Change a rule."""
    return _saved(rule_id)


@panel.post("/<int:rule_id>/remove")
@may_edit
def remove(rule_id: int) -> Any:
    """Take a rule away."""
    services.remove_rule(current_site(), rule_id, actor=actor())
    undo = url_for("ship_rules.panel.restore", rule_id=rule_id)
    return panel_to("ship_rules.panel.show", say=_("The rule is removed."), undo=undo)


@panel.post("/<int:rule_id>/restore")
@may_edit
def restore(rule_id: int) -> Any:
    """Bring a rule back that was removed."""
    services.restore_rule(current_site(), rule_id, actor=actor())
    return panel_to("ship_rules.panel.show", say=_("The rule is back."))


def _saved(rule_id: int | None) -> Any:
    known = {place.code: place.id for place in services.locations()}
    try:
        wanted = forms.parse(request.form, known, current_site().currency)
        services.save_rule(current_site(), wanted, actor=actor(), rule_id=rule_id, key=panel_form_key())
    except Unfit as refusal:
        return _form(request.form, refusal.errors, rule_id, 422)
    return panel_to("ship_rules.panel.show", say=_("Saved. It applies to the next order."))


def _form(values: Mapping[str, str], errors: Mapping[str, str], rule_id: int | None, status: int = 200) -> Any:
    return render(
        "ship_rules/edit.html", status, values=values, errors=errors, rule_id=rule_id, locations=services.locations(),
        criteria=[("", "–"), *((code, str(words)) for code, words in forms.CRITERIA.items())],
        currency=current_site().currency,
    )  # fmt: skip


def _filled(rule: ShipRule) -> dict[str, str]:
    codes = {place.id: place.code for place in services.locations()}
    lines = [f"{codes[id_]} {_hour(until)}".strip() for id_, until in rule.places if id_ in codes]
    return {
        "countries": str(rule.countries).strip(),
        "places": "\n".join(lines),
        **{f"criteria-{place}": code for place, code in enumerate(rule.criteria, 1)},
        **{f"parcel-{at}": _decimal(cost[0]) for at, cost in rule.costs.items()},
        **{f"kg-{at}": _decimal(cost[1]) for at, cost in rule.costs.items()},
        "only": "1" if rule.only else "",
        "position": str(rule.position),
    }


def _decimal(amount: int) -> str:
    return Money(amount, current_site().currency).decimal


def _hour(minutes: int | None) -> str:
    return "" if minutes is None else f"{minutes // 60:02}:{minutes % 60:02}"
