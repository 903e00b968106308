"""The returns desk: a new return, the steps of one, and the site's rules."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, request, url_for
from msgspec.structs import replace

from core.checkout.services import exchanging, resolving
from core.checkout.services.changing import PreviewMoved
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib import ids
from core.lib.errors import Broken, NotFound, Refused, Unfit
from core.lib.money import Money
from core.orders.services import case as desk
from core.orders.services import case_reading, case_rules, exchange, photos, return_labels
from core.orders.services.case_shapes import CLAIM, EXCHANGE, KINDS, REFUND, REPLACE, RESOLVED, CaseView, WrongStep
from core.orders.services.shapes import OrderView
from core.panel.orders import forms
from core.panel.orders.services import exchanges, returning
from core.panel.orders.services.find import order_numbered
from core.panel.orders.services.labels import labelled
from core.panel.shell import actor, panel
from core.panel.shell.answers import page, to
from core.panel.shell.once import form_key, once
from core.panel.stock.services import locations


@panel.get("/orders/<number>/return", endpoint="order_return")
@staff("orders.return")
def ask(number: str) -> Response:
    """Which pieces come back, and why."""
    return _new_page(order_numbered(number))


@panel.post("/orders/<number>/return", endpoint="order_return_save")
@staff("orders.return")
def announce(number: str) -> Response:
    """Note a return, an exchange or a claim; staff may pass over the rules, so it is approved at once."""
    order, form = order_numbered(number), request.form
    kind = form.get("kind", "")
    if "more" in form:
        return _new_page(order)
    try:
        case_id = desk.request_case(
            current().site,
            order.id,
            kind=kind if kind in KINDS else KINDS[0],
            lines=returning.units(form, returning.returnable(order)),
            reason=form.get("reason", ""),
            key=form.get("key", "")[:64],
            actor=actor(),
            note_text=form.get("note", "").strip(),
            wanted=exchanges.wanted(form) if kind == EXCHANGE else None,
            by_rules=False,
        )
    except (Refused, Broken) as refusal:
        return _new_page(order, _problems(refusal), getattr(refusal, "status", 409))
    return to("panel.order_case", say=_("The return is noted."), number=number, case_id=case_id)


def _new_page(order: OrderView, problems: forms.Problems | None = None, status: int = 200) -> Response:
    typed = forms.typed()
    return page(
        "order_return.html",
        status,
        order=order,
        lines=returning.returnable(order),
        kinds=[(kind, str(words)) for kind, words in returning.KINDS.items()],
        reasons=case_rules.reasons(),
        problems=problems or [],
        errors=forms.by_field(problems or []),
        typed=typed,
        rows=exchanges.rows(typed),
        key=typed["key"] or ids.token(),
    )


@panel.get("/orders/<number>/returns/<int:case_id>", endpoint="order_case")
@staff("orders.view")
def one(number: str, case_id: int) -> Response:
    """One case with its next step."""
    return _case_page(number, _case(number, case_id))


@panel.get("/orders/<number>/returns/<int:case_id>/photos/<photo>", endpoint="order_photo")
@staff("orders.view")
def show_photo(number: str, case_id: int, photo: str) -> Response:
    """A photo that the shopper sent with a case."""
    return photos.sent(_case(number, case_id), photo)


@panel.post("/orders/<number>/returns/<int:case_id>", endpoint="order_case_step")
@staff("orders.return")
@once("panel.order_case", "number", "case_id")
def step(number: str, case_id: int) -> Response:
    """Take the step named `act`; `preview` says what a decision would mean, and writes nothing."""
    case = _case(number, case_id)
    if request.form.get("act") == "preview":
        return _looked(number, case)
    act = _STEPS.get(request.form.get("act", ""))
    if act is None:
        raise NotFound
    try:
        said = act(case)
    except (Refused, Broken) as refusal:
        return _case_page(number, _case(number, case_id), _problems(refusal), getattr(refusal, "status", 409))
    return to("panel.order_case", say=said, number=number, case_id=case_id)


def _looked(number: str, case: CaseView) -> Response:
    try:
        outcome = returning.outcome(current(), case, _terms(case), actor())
    except (Refused, Broken) as refusal:
        return _case_page(number, case, _problems(refusal), getattr(refusal, "status", 409))
    return _case_page(number, case, outcome=outcome)


def _approve(case: CaseView) -> str:
    desk.approve_case(current().site, case.id, actor=actor(), key=form_key())
    return _sent_by_rules(case, _("Approved."))


def _decline(case: CaseView) -> str:
    answer = request.form.get("answer", "").strip()
    desk.decline_case(current().site, case.id, actor=actor(), answer=answer, key=form_key())
    return _("Declined.")


def _withdraw(case: CaseView) -> str:
    desk.withdraw_case(current().site, case.id, actor=actor(), key=form_key())
    return _("Withdrawn: the shopper keeps the goods.")


def _receive(case: CaseView) -> str:
    if not any(line.to_come for line in case.lines):
        raise WrongStep
    lines = returning.units(request.form, [(line.line_id, line.name, line.to_come) for line in case.lines])
    desk.receive_case(current().site, case.id, lines, actor=actor(), key=form_key())
    return _sent_by_rules(case, _("Noted as received."))


def _sent_by_rules(case: CaseView, said: str) -> str:
    """Send the new goods of an exchange at once where the rules say so; what stands against it is said."""
    try:
        exchanging.send_if_due(current(), case.id, actor=actor())
    except (Refused, Broken) as refusal:
        return _("%(done)s The new goods are not on their way: %(why)s", done=said, why=i18n.say(refusal))
    return said


def _send(case: CaseView) -> str:
    seen = request.form.get("seen", type=int)
    exchanging.send_ahead(current(), case.id, actor=actor(), seen=-1 if seen is None else seen)
    return _("The new goods are on the order, to be sent now.")


def _hold(case: CaseView) -> str:
    days = _days("days", "0")
    exchange.hold_new_goods(current().site, case.id, days, actor=actor(), key=form_key())
    return _("The new goods are held.") if days else _("The new goods are not held any more.")


def _inspect(case: CaseView) -> str:
    if not any(line.to_inspect for line in case.lines):
        raise WrongStep
    found = returning.found(request.form, case.lines)
    place = request.form.get("location", type=int)
    desk.inspect_case(current().site, case.id, found, actor=actor(), location_id=place, key=form_key())
    return _("Every piece is where it belongs.")


def _resolve(case: CaseView) -> str:
    seen = request.form.get("seen", type=int)
    granted = resolving.resolve(current(), case.id, _terms(case), actor=actor(), seen=-1 if seen is None else seen)
    return _("Resolved: %(amount)s is granted.", amount=i18n.money(granted))


def _label(case: CaseView) -> str:
    tracking = return_labels.buy_return_label(current(), case.id, actor=actor())
    return _("The label is bought: %(tracking)s", tracking=tracking)


def _add_photos(case: CaseView) -> str:
    """Photos first, since no file is written within a transaction; those that were not taken go again."""
    kept = photos.keep([one.read() for one in request.files.getlist("photos") if one.filename])
    if not kept:
        raise Unfit({"photos": _("Choose at least one photo.")})
    used: tuple[str, ...] = ()
    try:
        desk.add_photos(current().site, case.id, kept, actor=actor(), key=form_key())
        used = case_reading.case_view(current().site, case.id).photos
    finally:
        photos.drop([name for name in kept if name not in used])
    return _("The photos are kept with the return.")


_STEPS: dict[str, Callable[[CaseView], str]] = {
    "approve": _approve,
    "decline": _decline,
    "withdraw": _withdraw,
    "receive": _receive,
    "inspect": _inspect,
    "resolve": _resolve,
    "send": _send,
    "hold": _hold,
    "label": _label,
    "photos": _add_photos,
}


def _terms(case: CaseView) -> resolving.Terms:
    form = request.form
    names = ["restocking", "return_delivery", "goodwill"]
    if case.kind == CLAIM and form.get("part", "").strip():
        names.append("part")
    return resolving.Terms(
        **returning.amounts(form, names, case.currency),
        way=REPLACE if form.get("way") == REPLACE else REFUND,
        answer=form.get("answer", "").strip()[:2000],
    )


def _case(number: str, case_id: int) -> CaseView:
    case = case_reading.case_view(current().site, case_id)
    if case.order_number != number:
        raise NotFound
    return case


def _problems(refusal: Refused | Broken) -> forms.Problems:
    if isinstance(refusal, Unfit):
        return [(name if name != "lines" else "", _(message)) for name, message in refusal.errors.items()]
    if isinstance(refusal, PreviewMoved):
        return [("", _("The sum is not the one that this page said before. Look at it, then resolve."))]
    return [(getattr(refusal, "field", None) or "", i18n.say(refusal))]


def _case_page(
    number: str,
    case: CaseView,
    problems: forms.Problems | None = None,
    status: int = 200,
    *,
    outcome: tuple[str, int | None] = ("", None),
) -> Response:
    terms = replace(resolving.terms_by_rules(current(), case), way=case.wish or REFUND)
    if case.can_be_resolved and not outcome[0]:
        outcome = _outcome(case, terms) if not problems else _outcome_typed(case)
    return page(
        "order_case.html",
        status,
        case=case,
        label_of_use=return_labels.can_be_sent(case),
        labels_are_sold=return_labels.can_be_sent(case) and return_labels.are_sold(current()),
        number=number,
        kind=str(returning.KINDS[case.kind]),
        reason=str(case_rules.REASONS.get(case.reason, case.reason)),
        at=returning.status(case),
        fates=[(fate, str(words)) for fate, words in returning.FATES.items()],
        places=locations(),
        terms={
            name: Money(getattr(terms, name), case.currency).decimal
            for name in ("restocking", "return_delivery", "goodwill")
        },
        value=Money(case.value, case.currency),
        outcome=outcome[0],
        seen=outcome[1],
        goes_by_itself=case_rules.rules_of(current().site).refund_resolved,
        instead=[f"{pieces} × {sku}" for sku, pieces in returning.instead(case)],
        ahead=exchanges.ahead(current(), case),
        advanced=Money(case.advanced, case.currency),
        days=case_rules.rules_of(current().site).exchange_holds_days or 14,
        wish=returning.wish(case),
        order=order_numbered(number) if case.state == RESOLVED else None,
        granted=Money(case.granted, case.currency),
        problems=problems or [],
        errors=forms.by_field(problems or []),
        typed=forms.typed(),
        back=url_for("panel.returns"),
    )


def _outcome(case: CaseView, terms: resolving.Terms) -> tuple[str, int | None]:
    try:
        return returning.outcome(current(), case, terms, actor())
    except (Refused, Broken) as refusal:
        return i18n.say(refusal), None


def _outcome_typed(case: CaseView) -> tuple[str, int | None]:
    """After a refusal: what the terms that were typed mean now, if they mean anything."""
    try:
        return _outcome(case, _terms(case))
    except Unfit:
        return "", None


@panel.get("/orders/<number>/returns/<int:case_id>/label", endpoint="order_label")
@staff("orders.view")
def label(number: str, case_id: int) -> Response:
    """What goes with the goods: the return's number as text and as a code, and where to."""
    case = _case(number, case_id)
    return page("order_label.html", case=case, **labelled(current().site, case))


@panel.get("/orders/<number>/returns/<int:case_id>/label/file", endpoint="order_label_file")
@staff("orders.view")
def label_of_carrier(number: str, case_id: int) -> Response:
    """The label that a carrier sold."""
    return return_labels.label_file(_case(number, case_id))


@panel.get("/returns/rules", endpoint="return_rules")
@staff("site.edit")
def rules() -> Response:
    """What shoppers may send back by themselves."""
    return _rules_page()


@panel.post("/returns/rules", endpoint="return_rules_save")
@staff("site.edit")
def save_rules() -> Response:
    """Store the rules."""
    form, currency = request.form, current().site.currency
    try:
        before = case_rules.rules_of(current().site)
        case_rules.set_rules(
            current().site,
            case_rules.Rules(
                window_days=_days("window_days", ""),
                claim_days=_days("claim_days", str(before.claim_days)),
                reasons=_reason_days() if "reasons" in form else before.reasons,
                restocking=returning.percentage(form.get("restocking", "")),
                return_delivery={
                    **before.return_delivery,
                    currency: returning.amount(form, "return_delivery", currency),
                },
                fees_without_tax=bool(form.get("fees_without_tax")),
                refund_cancelled=bool(form.get("refund_cancelled")),
                refund_resolved=bool(form.get("refund_resolved")),
                approves_itself=bool(form.get("approves_itself")),
                exchange_sends=form.get("exchange_sends", before.exchange_sends),
                exchange_holds_days=_days("exchange_holds_days", str(before.exchange_holds_days)),
                send_to=form.get("send_to", "").replace("\0", "").strip()[:500],
            ),
            actor=actor(),
        )
    except Refused as refusal:
        return _rules_page(_problems(refusal), refusal.status)
    return to("panel.return_rules", say=_("The rules are saved."))


def _reason_days() -> dict[str, int]:
    """Reasons with days of their own, 0 for those that are switched off."""
    found = {}
    for code in case_rules.REASONS:
        if f"offer-{code}" not in request.form:
            found[code] = 0
        elif request.form.get(f"reason-{code}", "").strip():
            found[code] = _days(f"reason-{code}", "")
    return found


def _shown_reasons(stored: case_rules.Rules) -> list[tuple[str, str, bool, str]]:
    """(code, words, whether it is offered, its own days) as typed, else as stored."""
    form, is_typed = request.form, request.method == "POST"
    return [
        (
            code, words, f"offer-{code}" in form if is_typed else stored.reasons.get(code) != 0,
            form.get(f"reason-{code}", "") if is_typed else str(stored.reasons.get(code) or ""),
        )
        for code, words in case_rules.reasons()
    ]  # fmt: skip


def _days(name: str, default: str) -> int:
    days = request.form.get(name, default).strip()
    if not (days.isascii() and days.isdecimal()):
        raise Unfit({name: _("Write a number of days from 0 to 3650.")})
    return int(days[:5])


def _rules_page(problems: forms.Problems | None = None, status: int = 200) -> Response:
    stored, currency = case_rules.rules_of(current().site), current().site.currency
    return page(
        "order_return_rules.html",
        status,
        rules=stored,
        reasons=_shown_reasons(stored),
        restocking=i18n.number(stored.restocking / 100),
        delivery=Money(stored.return_delivery.get(currency, 0), currency),
        problems=problems or [],
        errors=forms.by_field(problems or []),
        typed=forms.typed(),
    )
