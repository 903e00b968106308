"""Addresses where parcels can be followed: what a merchant writes once, and the link to one parcel."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from core.lib.errors import Refused

NUMBER = "{number}"
_LONGEST = 300
_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+(:\d{1,5})?", re.IGNORECASE)
_PLAIN = re.compile(r"[!-~]+")


class NotATrackingAddress(Refused):
    """A text that is no address of a carrier's page."""

    status = 422
    code = "not_a_tracking_address"
    default_message = "Write an https address with {number} in it, such as https://example.com/track/{number}."


def parse_tracking_address(text: str) -> str:
    """The address with the place of the parcel's number, `{number}`; empty stays empty.

    Only https, to a host that is written out: the number stands behind it. Raises NotATrackingAddress.
    """
    found = text.strip()
    if not found:
        return ""
    is_plain = len(found) <= _LONGEST and _PLAIN.fullmatch(found) and not set(found) & set("\"'<>\\`")
    if not is_plain or not found.startswith("https://") or found.count(NUMBER) != 1:
        raise NotATrackingAddress
    try:
        host = urlsplit(found).netloc
    except ValueError:
        raise NotATrackingAddress from None
    if not _HOST.fullmatch(host):
        raise NotATrackingAddress
    return found


def tracking_address(template: str, tracking: str) -> str:
    """The page of one parcel: its number, quoted, in the place of `{number}`; nothing without the one or the other."""
    bare = tracking.strip()
    return template.replace(NUMBER, quote(bare, safe="")) if template and bare else ""
