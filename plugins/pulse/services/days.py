"""Days of a site, as its own time zone has them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from core.api import Site, now

KEPT_DAYS = 400


def day_of(site: Site, at: datetime) -> date:
    """The day of an instant."""
    return at.astimezone(ZoneInfo(site.timezone)).date()


def today(site: Site) -> date:
    """The day it is on the site."""
    return day_of(site, now())


def oldest(site: Site) -> str:
    """The first day that is still kept by itself; what is older is summed by months."""
    return (today(site) - timedelta(days=KEPT_DAYS)).isoformat()
