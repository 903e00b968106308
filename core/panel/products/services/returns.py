"""What a form says about sending goods back: one choice, and days where it is those."""

from __future__ import annotations

from collections.abc import Mapping

from core.catalogue.services.returns import LONGEST, NEVER, SHOP, UnknownReturns, parse_returns
from core.kernel.i18n import gettext as _

DAYS = "days"


def choices(*, category: bool = False) -> list[tuple[str, str]]:
    """(value, words) of everything that can be said."""
    never = {
        "hygiene": _("Never: hygiene"),
        "made_to_order": _("Never: made to order"),
        "perishable": _("Never: does not keep"),
        "digital": _("Never: digital"),
        "final": _("Never"),
    }
    above = _("As the category above says") if category else _("As its categories say")
    return [
        ("", above), (SHOP, _("By the shop’s rules")), (DAYS, _("For days of its own")),
        *((code, never[code]) for code in NEVER),
    ]  # fmt: skip


def shown(word: str) -> dict[str, str]:
    """What is stored, as the form shows it."""
    return {"returns": DAYS, "returns_days": word} if word.isdecimal() else {"returns": word, "returns_days": ""}


def read(form: Mapping[str, str]) -> str | None:
    """What the form says, None where it says nothing. Raises UnknownReturns, at the field that is wrong."""
    if "returns" not in form:
        return None
    if form["returns"] != DAYS:
        return parse_returns(form["returns"])
    days = form.get("returns_days", "").strip()
    if not (days.isascii() and days.isdecimal() and 1 <= int(days[:5]) <= LONGEST):
        raise UnknownReturns("returns_days")
    return parse_returns(days)
