"""The steps of an order's returns, as their shopper reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from core.catalogue.services.carts import cart_variants
from core.hookspecs.site import Site
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.lib.money import Money
from core.orders.services.case_rules import REASONS
from core.orders.services.case_shapes import (
    APPROVED,
    CLAIM,
    DECLINED,
    INSPECTED,
    RECEIVED,
    REFUND,
    REPLACE,
    REQUESTED,
    RESOLVED,
    WITHDRAWN,
    CaseView,
)
from core.orders.services.return_labels import can_be_sent
from core.orders.services.shapes import OrderView


class Step(Struct, frozen=True, kw_only=True):
    """A step of the way. `state`: done, now, todo, good or bad. `now` is its title while it is the present one."""

    state: str
    title: str
    now: str = ""
    at: datetime | None = None
    text: str = ""


class ShownCase(Struct, frozen=True, kw_only=True):
    """A return, exchange or claim. `next` says what happens now; `granted` is none until something is decided.

    `wish` is what the shopper would like of a claim, in words, and `note` what they wrote, not what the desk did;
    `instead` are the names and units of what an exchange
    sends.
    """

    id: int
    kind: str
    title: str
    reason: str
    lines: tuple[tuple[str, int], ...]
    photos: tuple[str, ...]
    steps: tuple[Step, ...]
    next: str
    granted: Money | None
    can_be_withdrawn: bool
    can_be_sent: bool = False
    wish: str = ""
    note: str = ""
    instead: tuple[tuple[str, int], ...] = ()


def shown_cases(site: Site, order: OrderView, cases: Sequence[CaseView]) -> tuple[ShownCase, ...]:
    """The cases of `order` for its shopper, numbered where there are several. A statement, if there is an exchange."""
    names = _names(site, order, {variant_id for case in cases for variant_id in case.wanted})
    if len(cases) == 1:
        return (_shown(order, cases[0], "", names),)
    return tuple(_shown(order, case, f" {number}", names) for number, case in enumerate(cases, 1))


def _names(site: Site, order: OrderView, wanted: set[int]) -> dict[int, str]:
    """What the goods of exchanges are called; what is not known here any more is left out."""
    found = cart_variants(site, i18n.language(), order.currency, sorted(wanted))
    return {key: one.title for key, one in found.items() if one.name}


def _shown(order: OrderView, case: CaseView, number: str, names: Mapping[int, str]) -> ShownCase:
    return ShownCase(
        id=case.id,
        kind=case.kind,
        title={"return": _("Return"), "exchange": _("Exchange")}.get(case.kind, _("Claim")) + number,
        reason=_(str(REASONS.get(case.reason, case.reason))),
        lines=tuple((line.name, line.quantity) for line in case.lines),
        photos=case.photos,
        steps=marked(_steps(order, case)),
        next=_next(case),
        granted=_granted(case),
        can_be_withdrawn=case.state == REQUESTED,
        can_be_sent=can_be_sent(case),
        wish=_wish(case),
        note="" if case.actor.startswith("staff") else case.note,
        instead=tuple((names[one], units) for one, units in case.wanted.items() if one in names),
    )


def _wish(case: CaseView) -> str:
    words = {REFUND: _("You would like money back."), REPLACE: _("You would like a replacement.")}
    return words.get(case.wish, "")


def _granted(case: CaseView) -> Money | None:
    """What was decided about the money; nothing is said of it where goods are sent instead of it."""
    if case.state != RESOLVED or (case.way == REPLACE and not case.granted):
        return None
    return Money(case.granted, case.currency)


def _steps(order: OrderView, case: CaseView) -> tuple[Step, ...]:
    asked = Step(state="done", title=_("Asked for"), at=case.requested_at)
    agreed = Step(state="done", title=_("Approved"), at=case.approved_at)
    begun = (asked, agreed) if case.approved_at else (asked,)
    if case.state == DECLINED:
        return (*begun, Step(state="bad", title=_("Declined"), at=case.ended_at, text=case.answer))
    if case.state == WITHDRAWN:
        return (*begun, Step(state="bad", title=_("Withdrawn"), at=case.ended_at))
    came = any(line.received for line in case.lines)
    is_over = case.state == RESOLVED
    looked = is_over or case.state == INSPECTED
    goods = [
        _step(
            _("Received"),
            _("We wait for your parcel"),
            is_done=came,
            at=_latest(order, case, RECEIVED) if came else None,
        ),
        _step(
            _("Looked at"),
            _("We look at the goods"),
            is_done=looked,
            at=_latest(order, case, INSPECTED) if looked else None,
        ),
    ]
    return (
        asked,
        agreed if case.approved_at else Step(state="todo", title=_("Our answer")),
        *([] if case.kind == CLAIM else goods),
        _step(_("Decided"), _("We decide"), is_done=is_over, at=case.ended_at, text=case.answer),
    )


def _step(title: str, now: str, *, is_done: bool, at: datetime | None, text: str = "") -> Step:
    return Step(state="done" if is_done else "todo", title=title, now=now, at=at, text=text)


def _latest(order: OrderView, case: CaseView, step: str) -> datetime | None:
    """When the order's timeline last told this step of the case."""
    told = [one.at for one in order.timeline if one.kind == f"case_{step}" and one.data.get("case") == case.id]
    return max(told, default=None)


def marked(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Mark the first step that is not done as the present one."""
    first = next((place for place, step in enumerate(steps) if step.state == "todo"), None)
    return tuple(
        replace(step, state="now", title=step.now or step.title) if place == first else step
        for place, step in enumerate(steps)
    )


def _next(case: CaseView) -> str:
    if case.kind == CLAIM and case.state in {REQUESTED, APPROVED}:
        return _("You need not send anything. We look into it and write to you.")
    if case.state == RESOLVED and case.way == REPLACE:
        return _("We send you the same once more, at no charge.")
    words = {
        REQUESTED: _("We read your request and write to you. Please send nothing before that."),
        APPROVED: _sent(case)
        + _("Pack the goods, put a note with the order's number into the parcel, and send it to us."),
        RECEIVED: _("Your parcel has come. We look at the goods and write to you."),
        INSPECTED: _("We have looked at the goods, and decide next what is given back."),
    }
    return words.get(case.state, "")


def _sent(case: CaseView) -> str:
    """That the new goods of an exchange go on their way before the old ones are here."""
    if not case.is_sent:
        return ""
    counts = i18n.money(Money(case.advance, case.currency))
    said = _("What you get instead is on its way already, and what you send back counts for %(amount)s.", amount=counts)
    return f"{said} "
