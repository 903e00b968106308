"""Shoppers with an account."""

from __future__ import annotations

from datetime import datetime

from plugins.api.services.shapes.base import Address, Shown


class ShopperRow(Shown, frozen=True, kw_only=True):
    """A shopper in a list. `leaves_at`: the account is erased then, as its owner asked."""

    id: int
    email: str
    name: str
    phone: str
    language: str
    confirmed: bool
    blocked: bool
    created_at: datetime
    leaves_at: datetime | None


class ShopperList(Shown, frozen=True, kw_only=True):
    """A page of shoppers; `next` is a cursor, empty at the end."""

    items: tuple[ShopperRow, ...]
    next: str


class ShopperAddress(Shown, frozen=True, kw_only=True):
    """A kept address: the `main` one is delivered to, the `billing` one is billed."""

    id: int
    main: bool
    billing: bool
    address: Address


class Shopper(ShopperRow, frozen=True, kw_only=True):
    """A shopper with tags and addresses. Their orders: `/orders?shopper_id=`."""

    tags: tuple[str, ...]
    addresses: tuple[ShopperAddress, ...]
