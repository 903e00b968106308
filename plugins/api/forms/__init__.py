"""What may be sent: the plugin's settings and the form for a key; the bodies of the API are in the modules below.

A field that is not declared is refused, so nothing can be slipped into a verb.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from core.api import Settings, Site, Text, Unfit, now, setting
from core.api import gettext as _
from plugins.api.models.scopes import scopes_of


class Api(Settings):
    """Who may read the reference, which pages may call, and how often."""

    docs_open: bool = setting(
        False,
        label="Show the reference to everybody",
        help="At /api/docs and /api/v1/openapi.json. Staff see it in any case.",
    )
    origins: Text = setting(
        "",
        label="Other sites whose pages may call the API",
        help="One in each line, such as https://app.example.com.",
    )
    per_minute: int = setting(
        600, label="Requests a minute with one key", help="From one address twice as many.", minimum=10, maximum=100_000
    )


class WantedKey(Struct, frozen=True, kw_only=True):
    """A key that fits its form. `expires_at` None: it never ends."""

    title: str
    scopes: tuple[str, ...]
    expires_at: datetime | None


def parse_key(form: Mapping[str, Any], site: Site) -> WantedKey:
    """The form's key; `scopes` may be a list (`form.getlist`). Raises Unfit with a message per field."""
    errors: dict[str, str] = {}
    title = form.get("title", "").strip()
    if not title:
        errors["title"] = _("Fill this in.")
    elif len(title) > 120:
        errors["title"] = _("At most %(count)s characters.", count=120)
    chosen = form.getlist("scopes") if hasattr(form, "getlist") else form.get("scopes", [])
    scopes = tuple(scope for scope in scopes_of(site) if scope in chosen)
    if not scopes:
        errors["scopes"] = _("Choose at least one.")
    expires_at = _end_of_day(form.get("expires", "").strip(), site, errors)
    if errors:
        raise Unfit(errors)
    return WantedKey(title=title, scopes=scopes, expires_at=expires_at)


def _end_of_day(text: str, site: Site, errors: dict[str, str]) -> datetime | None:
    """The last instant of a day of the site."""
    if not text:
        return None
    try:
        day = datetime.fromisoformat(text).date() + timedelta(days=1)
        end = datetime.combine(day, time(), ZoneInfo(site.timezone)).astimezone(UTC)
    except (ValueError, OverflowError):
        errors["expires"] = _("Write a day such as 2026-12-01.")
        return None
    if end <= now():
        errors["expires"] = _("This day is over.")
    return end
