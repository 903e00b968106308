"""Times of the site's own day, as people write them.

When clocks go back, an hour comes twice: a beginning means its first coming and an end its second. When they go
forward, an hour is missing: such a time is refused, since nobody could say what was meant.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.api import Site
from core.api import gettext as _


class NoTime(ValueError):
    """A text that names no time, in words for whoever wrote it."""


def read_instant(text: str, site: Site, *, last: bool = False) -> datetime:
    """The instant of `2026-12-01 09:00` or `2026-12-01`; a day alone means its beginning, as an end its end.

    Raises NoTime.
    """
    zone = ZoneInfo(site.timezone)
    written = text.strip().replace("/", "-")
    try:
        if len(written) <= len("2026-12-01"):
            day = date.fromisoformat(written) + timedelta(days=int(last))
            return datetime.combine(day, time(), zone).astimezone(UTC)
        local = datetime.fromisoformat(written)
    except (ValueError, OverflowError):
        raise NoTime(_("Write a time such as 2026-12-01 09:00.")) from None
    if local.tzinfo is not None:
        raise NoTime(_("Write a time such as 2026-12-01 09:00."))
    found = local.replace(tzinfo=zone, fold=int(last)).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) != local:
        raise NoTime(_("This hour is missing on that day: the clocks go forward. Choose another."))
    return found


def local_text(at: datetime | None, site: Site, mark: str = "T") -> str:
    """The inverse, to the minute; `T` stands between day and time as browsers want it. Empty for None."""
    if at is None:
        return ""
    local = at.astimezone(ZoneInfo(site.timezone)).replace(tzinfo=None)
    return local.isoformat(mark, "minutes" if not local.second and not local.microsecond else "seconds")
