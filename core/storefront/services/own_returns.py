"""What shoppers send back, claim or exchange by themselves, and what the form about it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from core.checkout.services.exchanging import Net
from core.hookspecs.site import Site
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.lib import ids
from core.lib.errors import Unfit
from core.lib.money import Money
from core.orders.services.case_rules import (
    OURS,
    Rules,
    last_day,
    reasons,
    rules_of,
    why_not,
)
from core.orders.services.case_shapes import CLAIM, EXCHANGE, REFUND, REPLACE, RETURN
from core.orders.services.part_shapes import OrderLineView
from core.orders.services.shapes import OrderView
from core.storefront.services.exchanging import exchanges, exchanges_for, further, read_exchange
from core.storefront.services.fields import (
    Errors,
    Field,
    field,
    summary,
)
from core.storefront.services.own_order import NUMBER, LineField, OwnForm, picture, units
from core.storefront.services.totals import Row

NEVER_CAME = "missing"
BACK = "back"


class WantedReturn(Struct, frozen=True, kw_only=True):
    """What a shopper asks for; goods that never came are a claim, since nothing can be sent.

    `wanted` are the variants that an exchange sends instead, with their units; `wish` is what a claim is to end with.
    """

    kind: str
    lines: Mapping[int, int]
    wanted: Mapping[int, int]
    wish: str
    reason: str
    note: str
    key: str


def read_return(site: Site, order: OrderView, sent: Mapping[str, str]) -> WantedReturn:
    """What a form asks for. Raises Unfit with what is wrong per field."""
    errors: dict[str, str] = {}
    wanted = _read_units(order, sent, errors)
    reason = sent.get("reason", "")
    if reason not in dict(reasons(rules_of(site))):
        errors["reason"] = _("Choose a reason.")
    way = sent.get("way", "") or BACK
    if way not in dict(_ways()):
        errors["way"] = _("Choose one of these.")
    elif way != BACK and "reason" not in errors and reason not in OURS:
        errors["way"] = _("Without sending it back only if it came damaged, wrong or incomplete, or does not work.")
    elif way != BACK and exchanges(order, sent):
        errors["way"] = _("What is exchanged has to be sent back. Choose that, or nothing to be sent instead.")
    if len(sent.get("note", "")) > 2000:
        errors["note"] = _("At most 2000 characters.")
    if errors:
        raise Unfit(errors)
    is_claim = way != BACK or reason == NEVER_CAME
    instead = {} if is_claim else read_exchange(site, order, wanted, sent)
    return WantedReturn(
        kind=CLAIM if is_claim else EXCHANGE if instead else RETURN,
        lines=wanted,
        wanted=instead,
        wish="" if way == BACK else way,
        reason=reason,
        note=sent.get("note", "").strip(),
        key=form_key(sent) or "own:",
    )


def form_key(sent: Mapping[str, str]) -> str:
    """What makes two presses of one form a single request; empty for a form without a key."""
    return f"own:{sent['key']}"[:64] if sent.get("key") else ""


def _read_units(order: OrderView, sent: Mapping[str, str], errors: dict[str, str]) -> dict[int, int]:
    """How many of which line come back."""
    wanted: dict[int, int] = {}
    for line in order.lines:
        name, most = f"quantity.{line.id}", line.can_be_returned
        quantity = units(sent.get(name, "").strip() or "0")
        if quantity and most <= 0:
            errors[name] = _("%(name)s: all of it is in a request already, or came back.", name=line.name)
        elif quantity is None or quantity > most:
            errors[name] = _("Write a whole number from %(least)s to %(most)s.", least=0, most=max(most, 0))
        elif quantity:
            wanted[line.id] = quantity
    if not wanted and not errors:
        first = next((line.id for line in order.lines if line.can_be_returned > 0), None)
        errors[f"quantity.{first}"] = _("Choose at least one piece.")
    return wanted


def _ways() -> list[tuple[str, str]]:
    """How it may be put right: by a return, or by a claim that ends with money or with the goods once more."""
    return [
        (BACK, _("I send it back")),
        (REFUND, _("Money back, without a return")),
        (REPLACE, _("A replacement, without a return")),
    ]


def return_form(
    site: Site,
    order: OrderView,
    sent: Mapping[str, str],
    errors: Errors,
    *,
    is_late: bool = False,
    net: Net | None = None,
) -> OwnForm:
    """The form of a return or a claim, with what was typed; `is_late` leaves claims alone.

    `net` is what an exchange comes to.
    """
    kept = [line for line in order.lines if line.can_be_returned > 0]
    rules = rules_of(site)
    hints = {} if is_late else {line.id: _hint(order, line, rules) for line in kept}
    others = {} if is_late else exchanges_for(site, order, kept)
    names = {one.position: one.address.whose for one in order.destinations if one.address and order.is_spread}
    lines = tuple(
        _return_line(
            line, hints.get(line.id, ""), others.get(line.id, ()), sent, errors, went_to=names.get(line.place, "")
        )
        for line in kept
    )
    fields = _questions(rules, sent, errors, is_late=is_late)
    also = None if is_late else further(site, order, sent, errors)
    asked = [one for line in lines for one in (line.field, line.instead) if one] + fields
    asked += [also.find, *(one for one, _picture in also.rows)] if also else []
    if photos := errors.get("photos", ""):
        asked.append(field("photos", _("Photos"), errors=errors))
    return OwnForm(
        errors=summary(errors, asked),
        lines=lines,
        fields=fields,
        photos=photos,
        key=sent.get("key") or ids.token(),
        further=also,
        sums=_sums(net) if net else (),
    )


def _questions(rules: Rules, sent: Mapping[str, str], errors: Errors, *, is_late: bool) -> list[Field]:
    """Why, and what shall be done about it."""
    return [
        field(
            "reason",
            _("What is the reason?"),
            errors=errors,
            options=[(code, words) for code, words in reasons(rules) if code in OURS or not is_late],
            blank=True,
            value=sent.get("reason", ""),
            wide=True,
        ),
        field(
            "way",
            _("How shall we put it right?"),
            errors=errors,
            options=[(code, words) for code, words in _ways() if code != BACK or not is_late],
            value=sent.get("way", BACK),
            help=_(
                "If it came damaged, wrong or incomplete, does not work or never came, you can claim without sending it"
                " back. We decide how much money goes back, in part or whole, or send it once more."
            ),
            wide=True,
        ),
        field(
            "note",
            _("What should we know?"),
            errors=errors,
            type="textarea",
            optional=True,
            value=sent.get("note", ""),
            max=2000,
            wide=True,
        ),
    ]


def _sums(net: Net) -> tuple[Row, ...]:
    """What an exchange comes to, if everything comes back as it was said."""
    fees = [Row(name=_("Fees"), amount=net.fees)] if net.fees else []
    if net.net < Money.zero(net.net.currency):
        return (
            Row(name=_("What you send back"), amount=net.value),
            *(Row(name=row.name, amount=-row.amount) for row in fees),
            Row(name=_("What we send instead"), amount=-net.goods),
            Row(name=_("Given back to you"), amount=-net.net, kind="sum"),
        )
    return (
        Row(name=_("What we send instead"), amount=net.goods),
        Row(name=_("What you send back"), amount=-net.value),
        *fees,
        Row(name=_("To be paid"), amount=net.net, kind="sum"),
    )


def _hint(order: OrderView, line: OrderLineView, rules: Rules) -> str:
    """For which reasons a line comes back where not for all, and until when where it has days of its own."""
    given = [code for code, _words in reasons(rules)]
    against = {code: why_not(order, line, code, rules) for code in given}
    theirs = [code for code in given if code not in OURS]
    if theirs and all(against[code] for code in theirs):
        if all(against.values()):
            return against[theirs[0]]
        return f"{against[theirs[0]]} {_('Only if it came damaged, wrong or incomplete, or does not work.')}"
    until = last_day(order, line, theirs, rules) if line.returns else None
    return _("Until %(day)s.", day=i18n.day(until, "full")) if until else ""


def _return_line(
    line: OrderLineView,
    rule: str,
    others: Sequence[tuple[str, str]],
    sent: Mapping[str, str],
    errors: Errors,
    *,
    went_to: str = "",
) -> LineField:
    name = f"quantity.{line.id}"
    hint = f"{_('At most %(most)s.', most=line.can_be_returned)} {rule}".strip()
    if went_to:
        hint = f"{_('It went to %(place)s.', place=went_to)} {hint}"
    label = _("How many of %(name)s", name=line.name)
    return LineField(
        name=line.name,
        picture=picture(line.picture),
        field=field(name, label, errors=errors, value=sent.get(name, "0"), help=hint, **NUMBER),
        instead=_instead(line, others, sent, errors) if others else None,
    )


def _instead(line: OrderLineView, others: Sequence[tuple[str, str]], sent: Mapping[str, str], errors: Errors) -> Field:
    name = f"instead.{line.id}"
    return field(
        name,
        _("If you send %(name)s back: what would you like for it?", name=line.name),
        errors=errors,
        value=sent.get(name, ""),
        options=[("", _("The money back")), *((value, _("Send me: %(what)s", what=text)) for value, text in others)],
        wide=True,
    )
