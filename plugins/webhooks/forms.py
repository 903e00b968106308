"""What the panel's forms and programs may say about an endpoint, and from when to send again."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from msgspec import UNSET, Meta, Struct, UnsetType, field

from core.api import RequestModel, Settings, Site, Unfit, setting
from core.api import gettext as _
from plugins.webhooks.models import STATES
from plugins.webhooks.models.kinds import KINDS, TEST

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


class Wanted(Struct, frozen=True, kw_only=True):
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


# -- programs ----------------------------------------------------------------------------------------------------------


def _one_of(*known: str) -> str:
    return f"^({'|'.join(map(re.escape, known))})$"


Url = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=_LONGEST_URL,
        description="An https address that can be reached from outside.",
        examples=["https://example.com/hooks"],
    ),
]
Title = Annotated[str, Meta(max_length=_LONGEST_TITLE)]
Kinds = Annotated[
    list[Annotated[str, Meta(pattern=_one_of(*KINDS), examples=["order.placed"])]],
    Meta(max_length=50, description="The events that it hears of; empty: all."),
]


class NewEndpoint(RequestModel, frozen=True, kw_only=True):
    """An address to tell, and of what."""

    url: Url
    title: Title = ""
    events: Kinds = field(default_factory=list)


class EndpointChange(RequestModel, frozen=True, kw_only=True):
    """What shall be different. What is left out stays as it is."""

    url: Url | UnsetType = UNSET
    title: Title | UnsetType = UNSET
    events: Kinds | UnsetType = UNSET


class DeliveryQuery(RequestModel, frozen=True, kw_only=True):
    """What was sent to an endpoint, the newest first."""

    state: Annotated[str, Meta(pattern=_one_of(*STATES), examples=["dead"])] | None = None
    event: Annotated[str, Meta(pattern=_one_of(*KINDS, TEST), examples=["order.placed"])] | None = None
    after: Annotated[str, Meta(pattern="^[0-9]{0,18}$", description="`next` of the page before.")] = ""
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


def wanted(*, title: str, url: str, events: Iterable[str]) -> Wanted:
    """The endpoint that a program asks for. Raises Unfit for an address that cannot be one."""
    if problem := _url_problem(url.strip()):
        raise Unfit({"url": problem})
    return Wanted(title=title.strip(), url=url.strip(), kinds=tuple(kind for kind in KINDS if kind in set(events)))
