"""A list as the browser holds it, signed: a visitor without an account has no other place for it.

`12-6900-EUR-1.40-1250-EUR-0~signature`: product, price in minor units, currency, and whether it could be bought.
Scripts read the numbers to mark hearts, so that pages are the same for everyone.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable

from msgspec import Struct

from core.api import Site, derived_secret

MOST = 60


class Entry(Struct, frozen=True, kw_only=True):
    """A product on a list, as it was when it was put there."""

    product_id: int
    price: int
    currency: str
    available: bool


def written(site: Site, entries: Iterable[Entry]) -> str:
    """The cookie for these; empty for none."""
    text = ".".join(f"{one.product_id}-{one.price}-{one.currency}-{int(one.available)}" for one in entries)
    return f"{text}~{_signature(site, text)}" if text else ""


def read(site: Site, cookie: str) -> list[Entry]:
    """The entries of a cookie of ours; nothing of any other."""
    text, _, signature = cookie.partition("~")
    if not text or not hmac.compare_digest(signature.encode(), _signature(site, text).encode()):
        return []
    parts = [one.split("-") for one in text.split(".")]
    return [
        Entry(product_id=int(number), price=int(price), currency=currency, available=there == "1")
        for number, price, currency, there in parts
    ]


def _signature(site: Site, text: str) -> str:
    """A list of one site is none of its neighbour."""
    return derived_secret("wishlist", f"{site.id}:{text}")
