"""The returns desk: goods are announced, approved, received, looked at piece by piece, and resolved."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from core.catalogue.services import stock
from core.hookspecs.events import OrderReturned, ReturnChanged
from core.hookspecs.order import ActKind
from core.hookspecs.site import Site
from core.kernel import activity, db, events
from core.kernel.repeats import claim
from core.kernel.sites import SiteState
from core.lib import clock
from core.lib.errors import NotFound, Refused, Unfit
from core.orders.services import exchange
from core.orders.services.case_reading import case_view
from core.orders.services.case_rules import REASONS, NotReturnable, check_rules, rules_of
from core.orders.services.case_shapes import (
    APPROVED,
    CLAIM,
    DECLINED,
    DISPOSITIONS,
    INSPECTED,
    KINDS,
    RECEIVED,
    REQUESTED,
    RESOLVED,
    WAYS,
    WITHDRAWN,
    CaseLine,
    CaseView,
    WrongStep,
)
from core.orders.services.change import change_view, claim_draft, confirm_plan
from core.orders.services.giving_back import after_resolving
from core.orders.services.goods import NotThatMany, Units, in_each, pick, stock_reference
from core.orders.services.guards import ask_guards, is_guarded
from core.orders.services.read import order_view
from core.orders.services.settle import line_facts_by_id, lock_order, settle
from core.orders.services.ship import sent_from
from core.orders.services.status import claim_value, returned_value
from core.orders.services.timeline import note

MOST_PHOTOS = 10


class EnoughPhotos(Refused):
    """A case is told by a handful of pictures."""

    status = 422
    code = "enough_photos"
    default_message = "A return keeps at most %(most)s photos."

    def __init__(self) -> None:
        super().__init__(field="photos", most=MOST_PHOTOS)


# -- asking ------------------------------------------------------------------------------------------------------------


def request_case(
    site: Site,
    order_id: int,
    *,
    kind: str,
    lines: Mapping[int, int],
    reason: str,
    key: str,
    actor: str,
    note_text: str = "",
    photos: Sequence[str] = (),
    wanted: Mapping[int, int] | None = None,
    wish: str = "",
    by_rules: bool = True,
) -> int:
    """Announce that units come back, or claim them without; answers the case's id, the same for a repeated `key`.

    `wanted` are the variants of an exchange, `wish` what a claim is to end with. `by_rules` False lets staff pass over
    the site's rules. Raises NotFound, NotThatMany, NotReturnable, Guarded. Commits. Records ReturnChanged.
    """
    if kind not in KINDS or reason not in REASONS:
        raise NotReturnable(field="reason")
    if wish and (kind != CLAIM or wish not in WAYS):
        raise NotReturnable(field="way")
    order = order_view(order_id, site=site)
    if order is None:
        raise NotFound
    known = db.value("SELECT id FROM order_case WHERE order_id = ? AND key = ?", order_id, key[:64])
    if known is not None:
        return int(known)
    if by_rules:
        check_rules(site, order, kind, reason, list(lines))
    ask_guards(site, order_id, ActKind(kind), actor=actor, lines=lines, adds=wanted)
    approves = not by_rules or (rules_of(site).approves_itself and kind != CLAIM)
    with db.transaction():
        lock_order(order_id, site.id)
        units = pick(order_id, "not announced", lines)
        if len({one.place for one in units}) > 1:
            raise NotReturnable("Goods at two addresses are two returns. Choose what went to one of them.")
        now = clock.now_us()
        case_id = db.value(
            "INSERT INTO order_case (site_id, order_id, kind, key, reason, note, photos, wanted, wish, way, outcome,"
            " granted, actor, answer, requested_at, approved_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', 0, ?, '', ?, ?)"
            " ON CONFLICT (order_id, key) DO NOTHING RETURNING id",
            site.id, order_id, kind, key[:64], reason, note_text[:2000], json.dumps(list(photos)[:MOST_PHOTOS]),
            json.dumps({str(v): n for v, n in (wanted or {}).items() if n > 0}), wish, actor, now,
            now if approves else None,
        )  # fmt: skip
        if case_id is None:
            return int(db.value("SELECT id FROM order_case WHERE order_id = ? AND key = ?", order_id, key[:64]))
        _announce(order_id, int(case_id), kind, units)
        case = case_view(site, int(case_id))
        _tell(site, case, actor, REQUESTED)
        if approves:
            exchange.after_approval(site, case, actor)
            _tell(site, case, actor, APPROVED)
    return int(case_id)


def _announce(order_id: int, case_id: int, kind: str, units: Sequence[Units]) -> None:
    """Count the units on their lines, and keep them with the case."""
    column = "claimed" if kind == CLAIM else "return_requested"
    facts = line_facts_by_id(order_id) if kind == CLAIM else {}
    for one in units:
        value = claim_value(facts[one.line_id], one.quantity) if kind == CLAIM else 0
        db.execute(
            f"UPDATE order_line SET {column} = {_announced(column)} + ?, claimed_amount = claimed_amount + ?"
            " WHERE id = ?",
            one.quantity, value, one.line_id,
        )  # fmt: skip
        db.execute(
            "INSERT INTO order_case_line (case_id, line_id, quantity, received, sellable, damaged, discarded,"
            " to_supplier, value) VALUES (?, ?, ?, 0, 0, 0, 0, 0, ?)",
            case_id, one.line_id, one.quantity, value,
        )  # fmt: skip


def _announced(column: str) -> str:
    """Goods that came without being announced count as announced from now on."""
    if column == "claimed":
        return "claimed"
    return "CASE WHEN return_requested > received THEN return_requested ELSE received END"


# -- steps -------------------------------------------------------------------------------------------------------------


def approve_case(site: Site, case_id: int, *, actor: str, key: str = "") -> None:
    """The goods may come (or need not, for a claim). Raises NotFound, Guarded, WrongStep, DoneBefore. Commits."""
    if is_guarded(site):
        _ask_guards(case_view(site, case_id), site, ActKind.APPROVE, actor)
    with db.transaction():
        claim(key)
        case = _locked(site, case_id, REQUESTED)
        db.execute("UPDATE order_case SET approved_at = ? WHERE id = ?", clock.now_us(), case_id)
        exchange.after_approval(site, case, actor)
        _tell(site, case, actor, APPROVED)


def decline_case(site: Site, case_id: int, *, actor: str, answer: str, key: str = "") -> None:
    """The goods may not come, and why; also where that turns out after it was approved. Commits.

    Raises NotFound, WrongStep once something came, Unfit without a word of why, DoneBefore.
    """
    _end_unresolved(site, case_id, actor, DECLINED, answer, key)


def withdraw_case(site: Site, case_id: int, *, actor: str, key: str = "") -> None:
    """The shopper keeps the goods. Raises NotFound, WrongStep once something came, DoneBefore. Commits."""
    _end_unresolved(site, case_id, actor, WITHDRAWN, "", key)


def _end_unresolved(site: Site, case_id: int, actor: str, outcome: str, answer: str, key: str) -> None:
    with db.transaction():
        claim(key)
        case = _locked(site, case_id, REQUESTED, APPROVED)
        if outcome == DECLINED and not answer.strip():
            raise Unfit({"answer": "Say why: the shopper reads it."})
        _give_up_rest(case, everything=True)
        _end(case, outcome, 0, answer)
        exchange.after_end(case, actor)
        if case.is_sent:
            exchange.take_back(site, case)
        _tell(site, case, actor, outcome)


def _give_up_rest(case: CaseView, *, everything: bool = False) -> None:
    """What was announced and did not come, may be announced again; what was claimed in vain, too."""
    for line in case.lines:
        if case.kind == CLAIM and everything:
            db.execute(
                "UPDATE order_line SET claimed = claimed - ?, claimed_amount = claimed_amount - ? WHERE id = ?",
                line.quantity, line.value, line.line_id,
            )  # fmt: skip
        elif case.kind != CLAIM and line.to_come:
            db.execute(
                "UPDATE order_line SET return_requested = return_requested - ? WHERE id = ?", line.to_come, line.line_id
            )


def add_photos(site: Site, case_id: int, names: Sequence[str], *, actor: str, key: str = "") -> None:
    """Keep further photos with a case, such as those that came by mail: `names` are those of kept files. Commits.

    Raises NotFound, EnoughPhotos, DoneBefore.
    """
    with db.transaction():
        claim(key)
        lock_order(case_view(site, case_id).order_id, site.id)
        case = case_view(site, case_id)
        photos = [*case.photos, *names]
        if len(photos) > MOST_PHOTOS:
            raise EnoughPhotos
        db.execute("UPDATE order_case SET photos = ? WHERE id = ?", json.dumps(photos), case_id)
        note(case.order_id, actor, "case_photos", case=case.id, of=case.kind, count=len(names))
        activity.record(
            actor, "add photos", f"order:{case.order_id}", after={"case": case.id, "count": len(names)},
            site_id=site.id, title=case.order_number,
        )  # fmt: skip


def receive_case(site: Site, case_id: int, lines: Mapping[int, int], *, actor: str, key: str = "") -> None:
    """Units came: {line id: quantity}. What was paid for them is owed back from now on.

    They wait in quality control where they were sent from, until they are looked at. Raises NotFound, WrongStep,
    NotThatMany, DoneBefore. Commits. Records OrderReturned.
    """
    with db.transaction():
        claim(key)
        case = _locked(site, case_id, APPROVED, RECEIVED)
        if case.kind == CLAIM:
            raise WrongStep
        facts = line_facts_by_id(case.order_id)
        chosen = _chosen(case, lines, "to_come")
        for line, units in chosen:
            one = facts[line.line_id]
            value = returned_value([replace(one, received=one.received + units)]) - returned_value([one])
            db.execute("UPDATE order_line SET received = received + ? WHERE id = ?", units, line.line_id)
            db.execute(
                "UPDATE order_case_line SET received = received + ?, value = value + ? WHERE case_id = ? AND"
                " line_id = ?",
                units, value, case_id, line.line_id,
            )  # fmt: skip
        _into_quality(case, chosen, actor)
        events.record(OrderReturned(order_id=case.order_id, number=case.order_number), site.id)
        exchange.after_receipt(site, case)
        settle(case.order_id)
        _tell(site, case, actor, RECEIVED, lines={str(line_id): n for line_id, n in lines.items() if n})


def _into_quality(case: CaseView, chosen: Sequence[tuple[CaseLine, int]], actor: str) -> None:
    """What came is being looked at, at each place from which it was sent; uncounted goods are passed over."""
    came: dict[int, dict[int, int]] = {}
    pieces = in_each([line.line_id for line, _units in chosen])
    for line, units in chosen:
        place = sent_from(line.line_id)
        if place is not None:
            there = came.setdefault(place, {})
            for variant_id, n in pieces[line.line_id].items():
                there[variant_id] = there.get(variant_id, 0) + n * units
    for place, needs in sorted(came.items()):
        stock.put_aside(needs, place, "quality", stock_reference(case.order_id), actor, f"return.{case.reason}")


def inspect_case(
    site: Site,
    case_id: int,
    found: Mapping[int, Mapping[str, int]],
    *,
    actor: str,
    location_id: int | None = None,
    key: str = "",
) -> None:
    """Say of received units what they are: {line id: {sellable, damaged, discarded, to_supplier: units}}.

    They leave quality control: sellable ones go on the shelf at `location_id`, else where they were sent from; damaged
    ones are kept apart there, and the others go. Raises NotFound, WrongStep, NotThatMany, NotWaiting, DoneBefore.
    Commits.
    """
    with db.transaction():
        claim(key)
        case = _locked(site, case_id, RECEIVED, INSPECTED)
        sums = {line_id: sum(kinds.values()) for line_id, kinds in found.items()}
        if any(set(kinds) - set(DISPOSITIONS) or min(kinds.values(), default=0) < 0 for kinds in found.values()):
            raise NotThatMany
        for line, _units in sorted(_chosen(case, sums, "to_inspect"), key=lambda pair: pair[0].variant_id):
            _put_away(case, line, found[line.line_id], location_id, actor)
        said = {str(line_id): dict(kinds) for line_id, kinds in found.items()}
        _tell(site, case, actor, INSPECTED, found=said)


def _put_away(case: CaseView, line: CaseLine, kinds: Mapping[str, int], location_id: int | None, actor: str) -> None:
    counts = [kinds.get(kind, 0) for kind in DISPOSITIONS]
    sets = ", ".join(f"{kind} = {kind} + ?" for kind in DISPOSITIONS)
    db.execute(f"UPDATE order_case_line SET {sets} WHERE case_id = ? AND line_id = ?", *counts, case.id, line.line_id)
    good, lost = counts[0], sum(counts[1:])
    db.execute(
        "UPDATE order_line SET restocked = restocked + ?, written_off = written_off + ? WHERE id = ?",
        good, lost, line.line_id,
    )  # fmt: skip
    place = location_id if location_id is not None else sent_from(line.line_id)
    if place is None:
        return
    reference, reason = stock_reference(case.order_id), f"return.{case.reason}"
    pieces = in_each([line.line_id])[line.line_id]

    for units, goes_to in zip(counts, ("on_hand", "damaged", "discard", "supplier"), strict=True):
        if units:
            needs = {variant_id: n * units for variant_id, n in pieces.items()}
            stock.put_away(needs, place, goes_to, reference, actor, reason)


def resolve_case(
    site: Site,
    case_id: int,
    *,
    actor: str,
    change_id: int | None,
    granted: int,
    answer: str = "",
    way: str = "",
    asked: bool = False,
) -> None:
    """End a case: its fees, goodwill and new goods (a drafted change) and the decision, in one transaction.

    `granted` is what shall be given back, in minor units; the money moves by a refund of its own. `way` says how a
    claim ends; `asked`: the guards were, before that change was made. Raises NotFound, Guarded, WrongStep, and what
    confirming a change raises. Commits.
    """
    if not asked and is_guarded(site):
        ask_about_decision(site, case_view(site, case_id), granted, actor=actor)
    change = change_view(site, change_id) if change_id is not None else None

    def end() -> None:
        with db.transaction():
            # The change's own comparison of versions comes first: locking the order would make it stale.
            is_first = change is None or claim_draft(change)
            case = case_view(site, case_id)
            if change is None:
                lock_order(case.order_id, site.id)
                case = case_view(site, case_id)
            if case.state == RESOLVED:
                return
            if not case.can_be_resolved or (change is not None and change.order_id != case.order_id):
                raise WrongStep
            _give_up_rest(case)
            _end(case, RESOLVED, granted, answer, way)
            if change is not None and is_first:
                exchange.reckon(case.order_id)
                confirm_plan(site, change, actor, holder=stock.case_reference(case.id))
            exchange.after_end(case, actor)
            if case.is_sent:
                exchange.owe(site, case)
            after_resolving(site.id, case.order_id)
            _tell(site, case, actor, RESOLVED, granted=granted)

    db.retrying(end)


def ask_about_decision(where: Site | SiteState, case: CaseView, granted: int, *, actor: str) -> None:
    """Ask the guards about ending a case with what is granted, unless it has ended. Raises Guarded, HookFailed."""
    if case.state != RESOLVED:
        _ask_guards(case, where, ActKind.RESOLVE, actor, granted)


def _ask_guards(case: CaseView, where: Site | SiteState, kind: ActKind, actor: str, amount: int | None = None) -> None:
    lines = {line.line_id: line.quantity for line in case.lines}
    ask_guards(where, case.order_id, kind, actor=actor, lines=lines, amount=amount, case_id=case.id)


def _end(case: CaseView, outcome: str, granted: int, answer: str, way: str = "") -> None:
    db.execute(
        "UPDATE order_case SET ended_at = ?, outcome = ?, granted = ?, answer = ?, way = ? WHERE id = ?",
        clock.now_us(), outcome, granted, answer[:2000], way, case.id,
    )  # fmt: skip


def _locked(site: Site, case_id: int, *states: str) -> CaseView:
    """The case with its order locked, if it is in one of these states."""
    case = case_view(site, case_id)
    lock_order(case.order_id, site.id)
    case = case_view(site, case_id)
    if case.state not in states:
        raise WrongStep
    return case


def _chosen(case: CaseView, wanted: Mapping[int, int], left: str) -> list[tuple[CaseLine, int]]:
    """The case's lines with the wanted units, each within what is `left`; at least one unit in all."""
    by_id = {line.line_id: line for line in case.lines}
    if not wanted.keys() <= by_id.keys():
        raise NotFound
    chosen = [(by_id[line_id], units) for line_id, units in sorted(wanted.items()) if units]
    for line, units in chosen:
        if not 0 < units <= getattr(line, left):
            raise NotThatMany(sku=line.sku)
    if not chosen:
        raise NotThatMany("Choose at least one piece.")
    return chosen


def _tell(site: Site, case: CaseView, actor: str, step: str, **more: object) -> None:
    note(case.order_id, actor, f"case_{step}", case=case.id, of=case.kind, reason=case.reason, **more)
    activity.record(
        actor, f"{case.kind} {step}", f"order:{case.order_id}", after={"case": case.id, **more}, site_id=site.id,
        title=case.order_number,
    )  # fmt: skip
    granted = more.get("granted", 0)
    events.record(
        ReturnChanged(
            order_id=case.order_id, number=case.order_number, case_id=case.id, kind=case.kind, step=step,
            granted=granted if isinstance(granted, int) else 0, currency=case.currency,
        ),
        site.id,
    )  # fmt: skip
