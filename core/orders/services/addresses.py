"""Addresses as the tables keep them: JSON text, NULL for none."""

from __future__ import annotations

import msgspec

from core.hookspecs.checkout import Address

_decoder = msgspec.json.Decoder(Address)


def address_json(address: Address | None) -> str | None:
    """An address as stored."""
    return None if address is None else msgspec.json.encode(address).decode()


def address_of(text: str | None) -> Address | None:
    """The inverse of `address_json`."""
    return None if text is None else _decoder.decode(text)
