"""What the panel's forms may say about an endpoint, and from when to send again."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from core.api import Settings, Site, Unfit, setting
from core.api import gettext as _
from plugins.webhooks.models.kinds import KINDS

_LONGEST_URL = 2_000
_LONGEST_TITLE = 120
_INSIDE = ("localhost", ".localhost", ".local", ".internal", ".home.arpa")


class Webhooks(Settings):
    """When to stop, and how long to remember."""

    pause_after: int = setting(
        20,
        label="Pause an endpoint after so many failed attempts in a row",
        help="The shop's own address is told by mail.",
        minimum=3,
        maximum=1000,
    )
    keep_days: int = setting(
        30, label="Keep the log", help="In days. What is older cannot be sent again.", minimum=4, maximum=365
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An endpoint that fits its form. `kinds` empty: all events."""

    title: str
    url: str
    kinds: tuple[str, ...]


def parse(form: Mapping[str, Any]) -> Wanted:
    """The form's endpoint; `kinds` may be a list (`form.getlist`). Raises Unfit with a message per field."""
    errors: dict[str, str] = {}
    title, url = form.get("title", "").strip(), form.get("url", "").strip()
    if len(title) > _LONGEST_TITLE:
        errors["title"] = _("At most %(count)s characters.", count=_LONGEST_TITLE)
    if problem := _url_problem(url):
        errors["url"] = problem
    chosen = form.getlist("kinds") if hasattr(form, "getlist") else form.get("kinds", [])
    kinds = tuple(kind for kind in KINDS if kind in chosen) if form.get("which") == "some" else ()
    if form.get("which") == "some" and not kinds:
        errors["kinds"] = _("Choose at least one event.")
    if errors:
        raise Unfit(errors)
    return Wanted(title=title, url=url, kinds=kinds)


def _url_problem(url: str) -> str:
    """What speaks against an address before it is looked up; where its name leads is checked at every sending."""
    if not url:
        return _("Fill this in.")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        host, port = "", None
    if not host or port == 0 or parts.scheme != "https" or "@" in parts.netloc or parts.fragment or " " in url:
        return _("Write an address such as https://example.com/hooks, without a password in it.")
    if len(url) > _LONGEST_URL:
        return _("At most %(count)s characters.", count=_LONGEST_URL)
    return _("This address cannot be reached from outside, so nothing is sent to it.") if _is_inside(host) else ""


def _is_inside(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host == "localhost" or host.endswith(_INSIDE)


def parse_since(form: Mapping[str, str], site: Site) -> tuple[datetime, bool]:
    """(from which instant, only what did not arrive). The fields hold the site's day and time. Raises Unfit."""
    text = form.get("since", "").strip()
    try:
        local = datetime.fromisoformat(text)
        at = local.replace(tzinfo=ZoneInfo(site.timezone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unfit({"since": _("Write a day and a time such as 2026-12-01T08:00.")}) from None
    return at, form.get("which") != "all"
