"""The timeline of an order in words, newest first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from core.hookspecs.checkout import Address
from core.kernel import db, i18n
from core.kernel.i18n import gettext as _
from core.kernel.i18n import lazy, ngettext
from core.kernel.installation import installation
from core.lib import clock
from core.lib.money import Money
from core.orders.services.case_rules import REASONS
from core.orders.services.hold_reasons import HoldReason
from core.orders.services.read import OrderView
from core.panel.orders.services.said import address_lines, fact_words
from core.panel.orders.services.staged import stage_title, title_of

Data = Mapping[str, Any]


class Step(Struct, frozen=True, kw_only=True):
    """One act: `state` colours its dot (done, good, bad), `text` is what else is known."""

    state: str
    title: str
    at: datetime
    who: str
    text: str


def steps(order: OrderView) -> list[Step]:
    """All that happened to an order, newest first; one statement, for the people's names."""
    people = _people({entry.actor for entry in order.timeline})
    return [
        _step(entry.at, _who(entry.actor, people), entry.kind, entry.data, order.currency)
        for entry in reversed(order.timeline)
    ]


def _people(actors: set[str]) -> dict[str, str]:
    ids = [int(actor[6:]) for actor in actors if actor.startswith("staff:") and actor[6:].isdigit()]
    return (
        {
            f"staff:{row[0]}": row[1] or row[2]
            for row in db.rows(f"SELECT id, name, email FROM staff WHERE id IN ({db.marks(ids)})", *ids)
        }
        if ids
        else {}
    )


def _who(actor: str, people: Mapping[str, str]) -> str:
    kind, _colon, rest = actor.partition(":")
    if kind == "plugin":
        loaded = installation().plugins.loaded.get(rest)
        return i18n.of_plugin(rest, str(loaded.plugin.title)) if loaded else rest
    return {"system": _("The shop"), "shopper": _("The shopper"), "guest": _("The shopper")}.get(kind) or people.get(
        actor, actor
    )


def _step(at: datetime, who: str, kind: str, data: Data, currency: str) -> Step:
    state, title = _TITLES.get(kind, ("done", lambda _data, _currency: kind.replace("_", " ")))
    return Step(state=state, title=title(data, currency), at=at, who=who, text=_text(kind, data, currency))


def _text(kind: str, data: Data, currency: str) -> str:
    """The further facts that mean something to a reader; why goods come back is said where that was asked for."""
    text = _why_held(data) if kind == "held" else data.get("text", "")
    is_told = not kind.startswith("case_") or kind == "case_requested"
    reason = str(_REASONS.get(data["reason"], data["reason"])) if data.get("reason") and is_told else ""
    parts = [text, *_moves(kind, data, currency), reason, data.get("tracking"), data.get("reference"), data.get("why")]
    return " · ".join(str(part) for part in parts if part)


def _why_held(data: Data) -> str:
    return HoldReason(data["source"], data["text"], data["facts"]).said


def _moves(kind: str, data: Data, currency: str) -> list[str]:
    """What was where something else is now: units, prices, the address, the way to pay."""

    def moved(name: str, before: object, after: object) -> str:
        return _("%(name)s: %(before)s before, %(after)s after", name=name, before=before, after=after)

    if kind == "gateway":
        return [_("%(way)s before", way=data["before"])] if data.get("before") else []
    found = [moved(one["name"], _day(one["before"]), _day(one["after"])) for one in data.get("days") or ()]
    found += [moved(one["name"], one["before"], one["after"]) for one in data.get("quantities") or ()]
    if kind == "cancelled" and "after" in data:
        found.append(moved(_("Total"), _amount(data, currency, "before"), _amount(data, currency, "after")))
    found += [
        moved(one["name"], _amount(one, currency, "before"), _amount(one, currency, "after"))
        for one in data.get("prices") or ()
    ]
    if kind == "tracking" and data.get("before"):
        found.append(_("%(number)s before", number=data["before"]))
    for one in data.get("moved") or ():
        found.append(moved(f"{one['quantity']} × {one['name']}", *_both(one["address"])))
    for one in data.get("places") or ():
        found += [moved(_("Address"), *_both(one["address"]))] if "address" in one else []
        found += _delivery(one.get("delivery"), currency, moved)
    if place := data.get("billing"):
        found.append(moved(_("Bill to"), *_both(place)))
    names = {"email": _("Mail"), "phone": _("Phone")}
    found += [moved(names[one["name"]], one["before"] or "–", one["after"]) for one in data.get("contact") or ()]
    return found


def _delivery(told: object, currency: str, moved: Callable[[str, object, object], str]) -> list[str]:
    """The service and what it costs, each where it is another one."""
    if not isinstance(told, Mapping):
        return []
    before, after = told["before"], told["after"]
    found = [moved(_("Delivery"), before["title"] or "–", after["title"] or "–")] if _differ(told, "title") else []
    if _differ(told, "amount"):
        sums = [_amount(one, currency) for one in (before, after)]
        found.append(moved(_("Price of the delivery"), *sums))
    return found


def _differ(told: Mapping[str, Any], name: str) -> bool:
    return bool(told["before"][name] != told["after"][name])


def _day(at: object) -> str:
    return i18n.day(clock.instant(at)) if isinstance(at, int) else _("no day")


def _both(told: Data) -> tuple[str, str]:
    return _place(told["before"]), _place(told["after"])


def _place(address: Data | None) -> str:
    return i18n.enumerated(address_lines(msgspec.convert(address, Address))) if address else "–"


def _amount(data: Data, currency: str, name: str = "amount") -> str:
    return i18n.money(Money(int(data.get(name) or 0), currency))


def _units(data: Data) -> int:
    return sum(int(quantity) for quantity in (data.get("lines") or {}).values())


def _changed(data: Data, currency: str) -> str:
    return _(
        "Changed: %(before)s before, %(after)s after",
        before=_amount(data, currency, "before"),
        after=_amount(data, currency, "after"),
    )


def _news(data: Data, currency: str) -> str:
    """What a gateway told, in the words of the table of payments."""
    told = [
        _("%(what)s, %(amount)s", what=fact_words(str(one["kind"])), amount=_amount(one, currency))
        for one in data.get("facts") or ()
    ]
    return " · ".join(told) or _("News of the payment")


def _kind(data: Data) -> str:
    return {"return": _("Return"), "exchange": _("Exchange"), "claim": _("Claim")}.get(str(data.get("of")), "")


def _staged(data: Data) -> str:
    plugin, code = str(data.get("plugin")), str(data.get("after"))
    return i18n.labelled(title_of(plugin), stage_title(plugin, code))


# Codes of reasons in words. Where the row's title or person says it already, nothing is added.
_REASONS: dict[str, Any] = {
    **REASONS, "expired": lazy("Not paid in time"),
    "difference_unpaid": lazy("The difference was not paid in time"), "shopper": "", "merchant": "", "out_of_stock": "",
    "exchange_dropped": lazy("The exchange was dropped"), "import_undone": lazy("Its import was undone"),
}  # fmt: skip


def _placed(data: Data, currency: str) -> str:
    total = _amount(data, currency, "total")
    if channel := data.get("channel"):
        number = data.get("channel_number", "")
        return _("Came in from %(channel)s as %(number)s, %(amount)s", channel=channel, number=number, amount=total)
    return _("Order placed, %(amount)s", amount=total)


# What was asked of a gateway and failed, or nobody knows of, by the act.
_FAILED: dict[Any, Any] = {
    "begin": lazy("The payment failed"),
    "refund": lazy("The refund failed"),
    "capture": lazy("The capture failed"),
    "void": lazy("The authorisation could not be let go"),
}
_UNKNOWN: dict[Any, Any] = {
    "begin": lazy("The payment’s outcome is unknown"),
    "refund": lazy("The outcome of the refund is unknown"),
    "capture": lazy("The outcome of the capture is unknown"),
    "void": lazy("Whether the authorisation was let go is unknown"),
}
Title = Callable[[Data, str], str]
_TITLES: dict[str, tuple[str, Title]] = {
    "placed": ("done", _placed),
    "paid": ("good", lambda data, currency: _("Paid in full, %(amount)s", amount=_amount(data, currency, "captured"))),
    "marked_paid": ("good", lambda data, currency: _("Marked as paid, %(amount)s", amount=_amount(data, currency))),
    "payment": ("done", _news),
    "payment_unknown": (
        "bad",
        lambda data, _currency: str(_UNKNOWN.get(data.get("act", "")) or _("The payment’s outcome is unknown")),
    ),
    "payment_failed": ("bad", lambda data, _currency: str(_FAILED.get(data.get("act", "")) or _("The payment failed"))),
    "surplus": ("bad", lambda data, currency: _("%(amount)s too much was paid", amount=_amount(data, currency))),
    "refund": ("good", lambda data, currency: _("Refund of %(amount)s", amount=_amount(data, currency))),
    "capture": ("good", lambda data, currency: _("Capture of %(amount)s", amount=_amount(data, currency))),
    "void": ("done", lambda _data, _currency: _("The authorisation was let go")),
    "gateway": ("done", lambda data, _currency: _("Another way to pay was chosen: %(way)s", way=data.get("after", ""))),
    "claimed": ("done", lambda _data, _currency: _("The order joined the shopper’s account")),
    "link_renewed": (
        "done",
        lambda data, _currency: (
            _("The link to the order was ended, and a new one mailed")
            if data.get("mailed", True)
            else _("The link to the order was ended, and a new one made")
        ),
    ),
    "link_sent": ("done", lambda _data, _currency: _("The link to the order was mailed once more")),
    "picked": ("done", lambda data, _currency: ngettext("%(n)s piece picked", "%(n)s pieces picked", _units(data))),
    "unpicked": ("done", lambda _data, _currency: _("Picking was taken back")),
    "promised": ("done", lambda _data, _currency: _("Another day was promised")),
    "shipped": ("good", lambda data, _currency: ngettext("%(n)s piece shipped", "%(n)s pieces shipped", _units(data))),
    "unshipped": (
        "bad",
        lambda data, _currency: ngettext(
            "A parcel of %(n)s piece did not leave", "A parcel of %(n)s pieces did not leave", _units(data)
        ),
    ),
    "tracking": (
        "done",
        lambda data, _currency: _("Tracking number corrected: %(number)s", number=data.get("after", "")),
    ),
    "delivered": (
        "good",
        lambda data, _currency: ngettext("%(n)s piece arrived", "%(n)s pieces arrived", _units(data)),
    ),
    "return_requested": (
        "done",
        lambda data, _currency: ngettext("%(n)s piece is to come back", "%(n)s pieces are to come back", _units(data)),
    ),
    "returned": (
        "done",
        lambda data, _currency: ngettext("%(n)s piece came back", "%(n)s pieces came back", _units(data)),
    ),
    "cancelled": (
        "bad",
        lambda data, _currency: ngettext("%(n)s piece cancelled", "%(n)s pieces cancelled", _units(data)),
    ),
    "changed": ("done", _changed),
    "imported": (
        "done",
        lambda data, currency: _(
            "Imported with the shop’s history, %(amount)s", amount=_amount(data, currency, "total")
        ),
    ),
    "label": (
        "done",
        lambda data, _currency: _(
            "A label was bought: %(tracking)s, %(amount)s",
            tracking=data["tracking"],
            amount=_amount(data, data["currency"], "cost"),
        ),
    ),
    "label_void": (
        "undo",
        lambda data, _currency: _("A label was given back: %(tracking)s", tracking=data["tracking"]),
    ),
    "return_label": ("done", lambda _data, _currency: _("A label for the way back was bought")),
    "held": ("bad", lambda _data, _currency: _("Put on hold")),
    "hold_approved": ("good", lambda _data, _currency: _("Approved, it goes on")),
    "hold_refused": ("bad", lambda _data, _currency: _("Not approved")),
    "split": (
        "done",
        lambda data, _currency: ngettext(
            "%(n)s piece went into order %(number)s",
            "%(n)s pieces went into order %(number)s",
            _units(data),
            number=data.get("to", ""),
        ),
    ),
    "merged": ("done", lambda data, _currency: _("Merged into order %(number)s", number=data.get("to", ""))),
    "split_from": ("done", lambda data, _currency: _("Split from order %(number)s", number=data.get("of", ""))),
    "merged_from": (
        "done",
        lambda data, _currency: _("Order %(number)s was merged into it", number=data.get("of", "")),
    ),
    "tagged": ("done", lambda data, _currency: _("Tagged: %(tag)s", tag=data.get("tag", ""))),
    "untagged": ("done", lambda data, _currency: _("Tag taken off: %(tag)s", tag=data.get("tag", ""))),
    "told": ("done", lambda data, _currency: i18n.of_plugin(data["plugin"], data["told"], **data["values"])),
    "stage": ("done", lambda data, _currency: _staged(data)),
    "case_requested": ("done", lambda data, _currency: _("%(kind)s asked for", kind=_kind(data))),
    "case_approved": ("done", lambda data, _currency: _("%(kind)s approved", kind=_kind(data))),
    "case_declined": ("bad", lambda data, _currency: _("%(kind)s declined", kind=_kind(data))),
    "case_photos": (
        "done",
        lambda data, _currency: ngettext("%(n)s photo was added", "%(n)s photos were added", int(data["count"])),
    ),
    "case_withdrawn": ("done", lambda data, _currency: _("%(kind)s withdrawn", kind=_kind(data))),
    "case_received": (
        "done",
        lambda data, _currency: ngettext("%(n)s piece came back", "%(n)s pieces came back", _units(data)),
    ),
    "exchange_held": (
        "done",
        lambda data, _currency: _("The new goods are held until %(day)s", day=_day(data.get("until"))),
    ),
    "exchange_let_go": ("done", lambda _data, _currency: _("The new goods are not held any more")),
    "exchange_sent": (
        "good",
        lambda data, currency: _(
            "The new goods are sent ahead; what comes back counts for %(amount)s", amount=_amount(data, currency)
        ),
    ),
    "case_inspected": ("done", lambda _data, _currency: _("Returned pieces were looked at")),
    "case_resolved": (
        "good",
        lambda data, currency: _(
            "%(kind)s resolved, %(amount)s granted", kind=_kind(data), amount=_amount(data, currency, "granted")
        ),
    ),
    "too_late": ("bad", lambda _data, _currency: _("Paid after it was cancelled, and no stock was left")),
    "revived": ("good", lambda _data, _currency: _("Paid after it was cancelled, and taken up again")),
    "note": ("done", lambda _data, _currency: _("Note for the team")),
}
