"""Orders on hold: the queue, deciding about each, and the rules of the site."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, request

from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib.errors import Broken, NotFound, Refused, Unfit
from core.lib.money import Money
from core.orders.services import hold_rules, holds
from core.panel.forms import lines, words
from core.panel.orders import forms
from core.panel.orders.services import axes, returning, scores
from core.panel.orders.services.find import order_numbered
from core.panel.orders.views.orders import order_page
from core.panel.shell import actor, panel, shell
from core.panel.shell.answers import address, page, to
from core.panel.shell.once import form_key, once


@panel.get("/orders/held", endpoint="orders_held")
@staff("orders.review")
def queue() -> Response:
    """What waits for a decision, the newest or the strangest first, with why."""
    return _queue()


def _queue(errors: Mapping[str, str] | None = None, status: int = 200) -> Response:
    """The queue; `errors` are said beside the decisions about these orders, by number."""
    site, after = current().site, request.args.get("after", "")
    sort = "score" if request.args.get("sort") == "score" else None
    found, known = scores.queue(current(), after, by_score=sort is not None)
    reasons = holds.reasons_of(site, [order.id for order in found.orders])
    return page(
        "orders_held.html",
        status,
        errors=errors or {},
        orders=[(order, axes.of(order), reasons.get(order.id, ())) for order in found.orders],
        scores=known,
        sort=sort or "",
        next=address("panel.orders_held", after=found.next, sort=sort) if found.next else "",
        first=address("panel.orders_held", sort=sort) if after else "",
        may=shell().may,
    )


@panel.post("/orders/<number>/hold", endpoint="order_hold")
@staff("orders.review")
@once("panel.order", "number")
def decide(number: str) -> Response:
    """Put the order on hold, approve it, or cancel it; with the reason."""
    order, site, reason = order_numbered(number), current().site, request.form.get("reason", "").strip()[:500]
    act, back = request.form.get("act", ""), request.form.get("back")
    said = {"hold": _("The order is on hold."), "approve": _("Approved: it can be sent."), "refuse": _("Cancelled.")}
    if act not in said:
        raise NotFound
    try:
        if act == "hold":
            holds.hold_order(site, order.id, reason=reason, actor=actor(), key=form_key())
        elif act == "approve":
            holds.approve_order(site, order.id, reason=reason, actor=actor(), key=form_key())
        else:
            holds.refuse_order(site, order.id, reason=reason, actor=actor(), key=form_key())
    except holds.NoReason as refusal:
        if back == "queue":
            return _queue({number: i18n.say(refusal)}, refusal.status)
        return order_page(order, status=refusal.status, errors={"reason": i18n.say(refusal)})
    except (Refused, Broken) as refusal:
        return _back(number, i18n.say(refusal), back, "bad")
    return _back(number, said[act], back)


def _back(number: str, say: str, back: str | None, kind: str = "good") -> Response:
    if back == "queue":
        return to("panel.orders_held", say=i18n.labelled(number, say), kind=kind)
    return to("panel.order", say=say, kind=kind, number=number)


@panel.get("/orders/held/rules", endpoint="hold_rules")
@staff("site.edit")
def rules() -> Response:
    """Which orders wait."""
    return _rules_page()


@panel.post("/orders/held/rules", endpoint="hold_rules_save")
@staff("site.edit")
def save_rules() -> Response:
    """Store the rules."""
    form, site = request.form, current().site
    try:
        above = {code: returning.amount(form, f"above-{code}", code) for code in site.currencies}
        hold_rules.set_hold_rules(
            site,
            hold_rules.Rules(
                above={code: amount for code, amount in above.items() if amount},
                other_country=bool(form.get("other_country")),
                countries=tuple(word.upper()[:2] for word in words(form.get("countries"))),
                emails=tuple(line.casefold()[:254] for line in lines(form.get("emails"))),
            ),
            actor=actor(),
        )
    except Unfit as refusal:
        return _rules_page([(name, _(message)) for name, message in refusal.errors.items()], refusal.status)
    return to("panel.hold_rules", say=_("The rules are saved."))


def _rules_page(problems: forms.Problems | None = None, status: int = 200) -> Response:
    site = current().site
    stored = hold_rules.hold_rules(site)
    return page(
        "order_hold_rules.html",
        status,
        rules=stored,
        above=[(code, Money(stored.above.get(code, 0), code)) for code in site.currencies],
        problems=problems or [],
        errors=forms.by_field(problems or []),
        typed=forms.typed(),
    )
