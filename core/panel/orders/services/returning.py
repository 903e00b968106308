"""Returns, exchanges and claims in words, and what their forms say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from core.checkout.services.resolving import Terms, granted_by, preview_case
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.i18n import lazy
from core.kernel.sites import SiteState
from core.lib.errors import Unfit
from core.lib.money import Money, NotMoney, parse_money
from core.orders.services.case import ask_about_decision
from core.orders.services.case_shapes import DISPOSITIONS, EXCHANGE, REPLACE, CaseLine, CaseView
from core.orders.services.shapes import OrderView
from core.panel.orders.services.wishes import names_of
from core.panel.shell.status import Status

KINDS: dict[str, Any] = {"return": lazy("Return"), "exchange": lazy("Exchange"), "claim": lazy("Claim")}
_STATES: dict[str, tuple[Any, str, str]] = {
    "requested": (lazy("Asked for"), "wait", "warn"),
    "approved": (lazy("Approved"), "part", "busy"),
    "received": (lazy("Goods received"), "part", "busy"),
    "inspected": (lazy("Looked at"), "part", "busy"),
    "resolved": (lazy("Resolved"), "done", "good"),
    "declined": (lazy("Declined"), "stop", ""),
    "withdrawn": (lazy("Withdrawn"), "stop", ""),
}
FATES: dict[str, Any] = {
    "sellable": lazy("Sellable"),
    "damaged": lazy("Damaged"),
    "discarded": lazy("Thrown away"),
    "to_supplier": lazy("To the supplier"),
}


class Filters(Struct, frozen=True, kw_only=True):
    """What the list of returns is narrowed by: `view` is open, ended or all."""

    view: str = "open"
    kind: str = ""
    q: str = ""

    def wanted(self) -> dict[str, Any]:
        """The same for `list_cases`."""
        return {"is_open": {"open": True, "ended": False}.get(self.view), "kind": self.kind, "text": self.q}

    def address(self, **changes: str) -> dict[str, str | None]:
        """What the address of the list says, with these changes; what is as it always is, is left out."""
        found = {"view": self.view, "kind": self.kind, "q": self.q, **changes}
        return {name: value if value and (name, value) != ("view", "open") else None for name, value in found.items()}


def read(args: Mapping[str, str]) -> Filters:
    """The filters that an address says; what is none is left out."""
    view, kind = args.get("view", ""), args.get("kind", "")
    return Filters(
        view=view if view in {"ended", "all"} else "open", kind=kind if kind in KINDS else "",
        q=args.get("q", "").strip()[:100],
    )  # fmt: skip


def status(case: CaseView) -> Status:
    """Where a case is, as the panel draws it."""
    text, glyph, tone = _STATES[case.state]
    return Status(str(text), glyph, tone)


def units(form: Mapping[str, str], lines: list[tuple[int, str, int]]) -> dict[int, int]:
    """Pieces per line of a form, `line-<id>`, each from none to what `lines` (id, name, most) allow. Raises Unfit."""
    errors: dict[str, str] = {}
    counts = {line_id: _count(form, f"line-{line_id}", name, most, errors) for line_id, name, most in lines}
    chosen = {line_id: number for line_id, number in counts.items() if number}
    if errors:
        raise Unfit(errors)
    if not chosen:
        raise Unfit({"lines": _("Choose at least one piece.")})
    return chosen


def _count(form: Mapping[str, str], key: str, name: str, most: int, errors: dict[str, str]) -> int:
    text = form.get(key, "").strip() or "0"
    if not (text.isascii() and text.isdecimal()) or len(text) > 9 or int(text) > most:
        errors[key] = _("%(name)s: from 0 to %(most)s.", name=name, most=most)
        return 0
    return int(text)


def returnable(order: OrderView) -> list[tuple[int, str, int]]:
    """Lines of which something can come back."""
    return [(line.id, line.name, line.can_be_returned) for line in order.lines if line.can_be_returned > 0]


def found(form: Mapping[str, str], lines: tuple[CaseLine, ...]) -> dict[int, dict[str, int]]:
    """What was seen of the pieces: `<fate>-<line id>`. Raises Unfit."""
    seen: dict[int, dict[str, int]] = {}
    errors: dict[str, str] = {}
    for line in lines:
        counts = {
            fate: _count(form, f"{fate}-{line.line_id}", line.name, line.to_inspect, errors) for fate in DISPOSITIONS
        }
        if sum(counts.values()) > line.to_inspect:
            errors[f"sellable-{line.line_id}"] = _("%(name)s: that is more than came.", name=line.name)
        if any(counts.values()):
            seen[line.line_id] = counts
    if errors:
        raise Unfit(errors)
    if not seen:
        raise Unfit({"lines": _("Choose at least one piece.")})
    return seen


def amount(form: Mapping[str, str], name: str, currency: str) -> int:
    """An amount of a form in minor units; empty is none. Raises Unfit."""
    text = form.get(name, "").strip()
    try:
        minor = parse_money(text, currency).amount if text else 0
    except NotMoney:
        minor = -1
    if minor < 0:
        raise Unfit({name: _("Write an amount of 0 or more.")})
    return minor


def amounts(form: Mapping[str, str], names: Sequence[str], currency: str) -> dict[str, int]:
    """Several of them. Raises Unfit with all that are wrong."""
    found: dict[str, int] = {}
    errors: dict[str, str] = {}
    for name in names:
        try:
            found[name] = amount(form, name, currency)
        except Unfit as refusal:
            errors |= refusal.errors
    if errors:
        raise Unfit(errors)
    return found


def percentage(text: str) -> int:
    """Hundredths of a percent of what was typed. Raises Unfit."""
    try:
        # A percentage has two decimals, like most money.
        return parse_money(text.strip().rstrip("%％") or "0", "EUR").amount
    except NotMoney as error:
        raise Unfit({"restocking": _("Write a percentage from 0 to 100.")}) from error


def instead(case: CaseView) -> list[tuple[str, int]]:
    """What an exchange sends: (SKU, pieces). One statement, if it is one."""
    skus = names_of(list(case.wanted)) if case.wanted else {}
    return [(skus.get(variant_id, "?"), pieces) for variant_id, pieces in case.wanted.items()]


def wish(case: CaseView) -> str:
    """What the shopper would like of a claim, in words; empty where they did not say."""
    if not case.wish:
        return ""
    return _("A replacement") if case.wish == REPLACE else _("Money back, in part or whole")


def outcome(state: SiteState, case: CaseView, terms: Terms, actor: str) -> tuple[str, int]:
    """What deciding so means for the money: in a sentence, and as the sum that a decision is compared with.

    Writes nothing; raises Guarded, and what a preview does.
    """
    ask_about_decision(state, case, granted_by(case, terms).amount, actor=actor)
    if case.kind != EXCHANGE:
        granted = granted_by(case, terms)
        return _("%(amount)s is granted", amount=i18n.money(granted)), granted.amount
    effect = preview_case(state, case, terms).effect
    if effect.to_pay:
        said = _("The shopper owes %(amount)s", amount=i18n.money(Money(effect.to_pay, case.currency)))
    elif effect.to_refund:
        said = _("%(amount)s is to be given back", amount=i18n.money(Money(effect.to_refund, case.currency)))
    else:
        said = _("Nothing is to be paid or given back")
    return said, effect.price_after
