"""Who may write about a product: those it was sent to, and, where the merchant says so, anybody with an account.

A guest proves an order by the link in a mail: the order, a day on which it ends, and a code that only this
installation can make of both.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from core.api import Refused, Site, derived_secret, fold, micros, now, one

_DAY = 86_400_000_000
_BOUGHT = """
SELECT o.id, o.name, o.email, o.shopper_id FROM orders o JOIN order_line l ON l.order_id = o.id
WHERE o.site_id = ? AND l.product_id = ? AND l.shipped > 0
"""
_BY_ORDER = f"{_BOUGHT} AND o.id = ? LIMIT 1"
_BY_ACCOUNT = f"{_BOUGHT} AND o.shopper_id = ? ORDER BY o.placed_at DESC LIMIT 1"
_BY_ADDRESS = f"{_BOUGHT} AND o.email IN (?, ?) ORDER BY o.placed_at DESC LIMIT 1"


class LinkOver(Refused):
    """The link of a mail is too old, is for another product, or never was: which of them is nobody's business."""

    status = 410
    code = "link_over"
    default_message = "This link is too old, or not for this product. Log in to write about what you bought."


class NotABuyer(Refused):
    """Only those may write to whom the product was sent."""

    status = 403
    code = "not_a_buyer"
    default_message = "Only buyers may write here, once their order is on its way. Is it in another account?"


class WhoAreYou(Refused):
    """Nobody is logged in, and there is no link."""

    status = 403
    code = "who_are_you"
    default_message = "Log in to write about what you bought, or use the link in our mail."


class Writer(Struct, frozen=True, kw_only=True):
    """Somebody who may write. `authors` are the keys under which they may have written, the first for new ones."""

    authors: tuple[str, ...]
    actor: str
    name: str
    verified: bool
    shopper_id: int | None = None
    order_id: int | None = None


def person(site: Site, email: str) -> str:
    """A code of an address, the same for every spelling in upper and lower case; only this installation makes it."""
    return derived_secret("reviews.person", f"{site.id}:{fold(email.strip())}")


def order_key(site: Site, order_id: int, until: datetime) -> str:
    """The part of a link that stands for an order of the site until the end of a day."""
    ends = micros(until) // _DAY + 1
    return f"{order_id}.{ends}.{_code(site, order_id, ends)}"


def order_of_key(site: Site, key: str, *, even_if_over: bool = False) -> int | None:
    """The order of a link that is sound and not over."""
    parts = key.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 16 for part in parts[:2]):
        return None
    order_id, ends = int(parts[0]), int(parts[1])
    is_ours = hmac.compare_digest(parts[2].encode(), _code(site, order_id, ends).encode())
    return order_id if is_ours and (even_if_over or micros(now()) < ends * _DAY) else None


def _code(site: Site, order_id: int, ends: int) -> str:
    return derived_secret("reviews.order", f"{site.id}:{order_id}:{ends}")


def link_ends(days: int) -> datetime:
    """When a link that is sent now ends."""
    return now() + timedelta(days=days)


def find_writer(site: Site, product_id: int, shopper: Any, key: str, *, anyone: bool) -> Writer:
    """Who writes: the owner of the order in the link, else the shopper. Raises LinkOver, NotABuyer, WhoAreYou."""
    if key:
        return _by_link(site, product_id, key)
    if shopper is None:
        raise WhoAreYou
    bought = _bought(site, product_id, shopper)
    if bought is None and not anyone:
        raise NotABuyer
    return Writer(
        authors=_authors(site, shopper.id, shopper.email if shopper.confirmed_at else ""),
        actor=f"shopper:{shopper.id}",
        name=shopper.name or (bought[1] if bought else ""),
        verified=bought is not None,
        shopper_id=shopper.id,
        order_id=bought[0] if bought else None,
    )


def _by_link(site: Site, product_id: int, key: str) -> Writer:
    order_id = order_of_key(site, key)
    row = one(_BY_ORDER, site.id, product_id, order_id) if order_id is not None else None
    if row is None:
        raise LinkOver
    return Writer(
        authors=authors_of_order(site, row[2], row[3]), actor="guest", name=row[1], verified=True,
        shopper_id=row[3], order_id=row[0],
    )  # fmt: skip


def _bought(site: Site, product_id: int, shopper: Any) -> Sequence[Any] | None:
    """The newest order of theirs with the product; orders of their address only once it is proved to be theirs."""
    mine = one(_BY_ACCOUNT, site.id, product_id, shopper.id)
    if mine is None and shopper.confirmed_at:
        return one(_BY_ADDRESS, site.id, product_id, shopper.email, shopper.email_folded)
    return mine


def author_of_address(site: Site, product_id: int, email: str) -> tuple[str, int | None, int | None]:
    """(author, account, order) of whoever has this address: the account that proved it, else the address itself.

    The order is the newest in which the product was sent to them.
    """
    row = one(
        "SELECT id FROM shopper WHERE site_id = ? AND email_folded = ? AND confirmed_at IS NOT NULL",
        site.id,
        fold(email),
    )
    shopper_id = row[0] if row else None
    bought = one(_BY_ACCOUNT, site.id, product_id, shopper_id) if row else None
    bought = bought or one(_BY_ADDRESS, site.id, product_id, email, fold(email))
    return _authors(site, shopper_id, email)[0], shopper_id, bought[0] if bought else None


def authors_of_order(site: Site, email: str, shopper_id: int | None) -> tuple[str, ...]:
    """Under which keys the buyer may have written: the account's, if the order or its proved address has one."""
    if shopper_id is None:
        row = one(
            "SELECT id FROM shopper WHERE site_id = ? AND email_folded = ? AND confirmed_at IS NOT NULL",
            site.id,
            fold(email.strip()),
        )
        shopper_id = row[0] if row else None
    return _authors(site, shopper_id, email)


def _authors(site: Site, shopper_id: int | None, email: str) -> tuple[str, ...]:
    found = [f"shopper:{shopper_id}"] if shopper_id is not None else []
    return (*found, *([f"mail:{person(site, email)}"] if email else []))
