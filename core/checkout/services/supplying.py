"""What a cart takes from stock, all its lines together: what is missing, and what leaves later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from core.catalogue.services.shapes import CartVariant
from core.catalogue.services.stock_levels import Level, counted, level_of, without
from core.checkout.services.shapes import LineView
from core.kernel.i18n import day
from core.kernel.i18n import gettext as _
from core.lib import clock


def pieces_of(lines: Sequence[LineView]) -> dict[int, int]:
    """Pieces per variant, the parts of kits and single pieces of them added up."""
    summed: dict[int, int] = {}
    for line in lines:
        if line.variant is not None:
            _add(summed, counted(line.variant.supply, line.variant_id), line.quantity)
    return summed


def _add(summed: dict[int, int], pieces: Mapping[int, int], units: int) -> None:
    for variant_id, quantity in pieces.items():
        summed[variant_id] = summed.get(variant_id, 0) + quantity * units


def level_beside(line: LineView, all_pieces: Mapping[int, int]) -> Level | None:
    """What there is for a line beside all other lines; None if it is not sold."""
    if line.variant is None or not line.variant.supply:
        return None
    own = counted(line.variant.supply, line.variant_id)
    others = {v: n - own.get(v, 0) * line.quantity for v, n in all_pieces.items()}
    return level_of(without(line.variant.supply, others), clock.now_us())


def can_be_had(level: Level | None) -> int | None:
    """How many units of a line can be had; None if it is not counted."""
    return None if level is None or not level.tracked else level.free


def later(line: LineView, level: Level | None) -> str:
    """What to say of a line of which something leaves later, in the shopper's language; empty if nothing does."""
    if level is None:
        return ""
    if level.release_at is not None:
        return _("Pre-order: leaves from %(day)s on.", day=day(clock.instant(level.release_at)))
    if not level.tracked or line.quantity <= level.there:
        return ""
    when = None if level.promised_at is None else day(clock.instant(level.promised_at))
    if level.there > 0:
        if when:
            return _("%(n)s leave now, the others from %(day)s on.", n=level.there, day=when)
        return _("%(n)s leave now, the others later.", n=level.there)
    return _("Leaves from %(day)s on.", day=when) if when else _("Not in stock now: leaves later.")


def promised_at(variant: CartVariant) -> datetime | None:
    """When units leave that are not there: from the release on, or from the day that was promised."""
    level = level_of(variant.supply, clock.now_us())
    at = level.release_at if level.release_at is not None else level.promised_at
    return None if at is None else clock.instant(at)
