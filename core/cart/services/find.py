"""Reading a cart with its lines: one statement, nothing written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct, field

from core.cart.services.agreed import Agreed
from core.hookspecs.checkout import Address
from core.hookspecs.site import Site
from core.kernel import db
from core.lib import clock, ids
from core.lib.jsons import from_json, optional


class StoredLine(Struct, frozen=True, kw_only=True):
    """A line as stored: no price, no name; those are looked up when the cart is shown."""

    id: int
    variant_id: int
    quantity: int


MOST_PLACES = 10


class CartPlace(Struct, frozen=True, kw_only=True):
    """A further place to deliver to, the way there, and what goes there: units by variant.

    What no further place gets goes to the cart's own address, so a cart may change without being spread anew.
    """

    address: Address | None = None
    carrier: str = ""
    service: str = ""
    units: Mapping[int, int] = field(default_factory=dict)


class StoredCart(Struct, frozen=True, kw_only=True):
    """A cart as stored. `version` rises with every change; `ordered_at` tells that an order was made of it.

    `agreed` are terms that staff made beforehand; the carts of shoppers have none.
    """

    id: int
    site_id: int
    currency: str
    language: str
    shopper_id: int | None
    email: str
    codes: tuple[str, ...]
    address: Address | None
    billing: Address | None
    carrier: str
    service: str
    gateway: str
    extra: Mapping[str, Mapping[str, Any]]
    note: str
    version: int
    ordered_at: datetime | None
    lines: tuple[StoredLine, ...]
    agreed: Agreed | None = None
    places: tuple[CartPlace, ...] = ()

    @property
    def count(self) -> int:
        """Units in the cart, as the badge shows."""
        return sum(line.quantity for line in self.lines)

    def line(self, line_id: int) -> StoredLine | None:
        """The line with this id, if it is in this cart."""
        return next((line for line in self.lines if line.id == line_id), None)


_READ = """
SELECT c.id, c.site_id, c.currency, c.language, c.shopper_id, c.email, c.codes, c.address, c.billing, c.carrier,
  c.service, c.gateway, c.extra, c.note, c.version, c.ordered_at, c.places, l.id, l.variant_id, l.quantity
FROM carts c LEFT JOIN cart_line l ON l.cart_id = c.id
WHERE {where} ORDER BY l.id
"""
_NEWEST = (
    "c.id = (SELECT id FROM carts WHERE site_id = ? AND shopper_id = ? AND ordered_at IS NULL"
    " ORDER BY updated_at DESC, id DESC LIMIT 1)"
)


def find_cart(
    site: Site, token: str | None, *, shopper_id: int | None = None, ordered: bool = False
) -> StoredCart | None:
    """The open cart behind a cookie's token on this site, else the newest open one of the shopper who is logged in.

    `ordered` also finds a cart of which an order was made (by token only). One statement a try; never writes.
    """
    rows = _by_token(site.id, token, ordered=ordered) if token else []
    if not rows and shopper_id is not None:
        rows = db.rows(_READ.format(where=_NEWEST), site.id, shopper_id)
    return _stored(rows) if rows else None


def _by_token(site_id: int, token: str, *, ordered: bool) -> list[db.Row]:
    where = "c.token_digest = ? AND c.site_id = ?" + ("" if ordered else " AND c.ordered_at IS NULL")
    return db.rows(_READ.format(where=where), ids.digest(token), site_id)


def _stored(rows: list[db.Row]) -> StoredCart:
    """The cart of rows that repeat it for each of its lines."""
    row = rows[0]
    return StoredCart(
        id=row[0], site_id=row[1], currency=row[2], language=row[3], shopper_id=row[4], email=row[5],
        codes=tuple(from_json(row[6])),
        address=_address(row[7]), billing=_address(row[8]), carrier=row[9], service=row[10], gateway=row[11],
        extra=from_json(row[12]),
        note=row[13], version=row[14], ordered_at=None if row[15] is None else clock.instant(row[15]),
        places=() if row[16] == "[]" else _places.decode(row[16]),
        lines=tuple(StoredLine(id=line[17], variant_id=line[18], quantity=line[19]) for line in rows if line[17]),
    )  # fmt: skip


_address = optional(Address)
_places = msgspec.json.Decoder(tuple[CartPlace, ...])
