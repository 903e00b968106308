"""The new goods of an exchange: what a form says of them, and what their page shows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from core.catalogue.services import stock
from core.catalogue.services.skus import variants_by_sku
from core.catalogue.services.stock_kits import pieces_in
from core.checkout.services.exchanging import look_ahead
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.sites import SiteState
from core.lib.errors import Broken, Refused, Unfit
from core.lib.money import Money
from core.orders.services.case_shapes import CaseView

_MOST_ROWS = 50
_LEAST_ROWS = 2


class Ahead(Struct, frozen=True, kw_only=True):
    """New goods that can be sent now: what that means, in words (or why it cannot be); `seen` is none where it cannot.

    Nothing is said where the decision sends them. `held` of `all` pieces are held until an instant.
    """

    said: str
    seen: int | None
    held: int
    all: int
    until: datetime | None


def rows(form: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """(end of the names of its fields, SKU, pieces) of each row of new goods, with one more to fill in."""
    filled = [place for place in range(_MOST_ROWS) if form.get(f"wanted_sku{_end(place)}", "").strip()]
    more = len(filled) + 1 if "more" in form or filled else 0
    shown = range(min(_MOST_ROWS, max(_LEAST_ROWS, more, max(filled, default=-1) + 2)))
    return [
        (_end(place), form.get(f"wanted_sku{_end(place)}", ""), form.get(f"wanted_quantity{_end(place)}", "") or "1")
        for place in shown
    ]


def _end(place: int) -> str:
    return f"-{place}" if place else ""


def wanted(form: Mapping[str, str]) -> dict[int, int]:
    """The variants that shall be sent instead, with their units. Raises Unfit."""
    named = [(end, sku.strip(), count.strip()) for end, sku, count in rows(form) if sku.strip()]
    if not named:
        raise Unfit({"wanted_sku": _("Write at least one SKU.")})
    skus = [sku for _end, sku, _count in named]
    known = variants_by_sku(skus)
    errors: dict[str, str] = {}
    found: dict[int, int] = {}
    for end, sku, count in named:
        if sku not in known:
            errors[f"wanted_sku{end}"] = _("No variant has this SKU.")
        elif not (count.isascii() and count.isdecimal()) or not 0 < int(count) < 1000:
            errors[f"wanted_quantity{end}"] = _("Write a whole number from 1.")
        else:
            found[known[sku]] = found.get(known[sku], 0) + int(count)
    if errors:
        raise Unfit(errors)
    return found


def ahead(state: SiteState, case: CaseView) -> Ahead | None:
    """What may be done about the new goods of an exchange before it is decided; None where nothing may. No write."""
    if not case.can_be_sent_ahead:
        return None
    reference = stock.case_reference(case.id)
    # Once it can be decided, the decision sends them.
    said, seen = ("", None) if case.can_be_resolved else _looked(state, case)
    return Ahead(
        said=said, seen=seen, held=sum(one.quantity for one in stock.held_for(reference)),
        all=sum(pieces_in(case.wanted).values()), until=stock.held_until(reference),
    )  # fmt: skip


def _looked(state: SiteState, case: CaseView) -> tuple[str, int | None]:
    try:
        found, advance = look_ahead(state, case)
    except (Refused, Broken) as refusal:
        return i18n.say(refusal), None
    owes = i18n.money(Money(found.effect.to_pay, case.currency))
    counts = i18n.money(Money(advance, case.currency))
    said = _("The shopper owes %(amount)s then; what comes back counts for %(counts)s.", amount=owes, counts=counts)
    return said, found.effect.price_after
