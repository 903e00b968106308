"""Addresses as the tables keep them: JSON text, NULL for none."""

from __future__ import annotations

import msgspec

from core.hookspecs.checkout import Address
from core.lib.jsons import to_json

_decoder = msgspec.json.Decoder(Address)


def address_json(address: Address | None) -> str | None:
    """An address as stored."""
    return None if address is None else to_json(address)


def address_of(text: str | None) -> Address | None:
    """The inverse of `address_json`."""
    return None if text is None else _decoder.decode(text)
