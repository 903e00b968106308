"""Addresses as the tables keep them: JSON text, NULL for none."""

from __future__ import annotations

from core.hookspecs.checkout import Address
from core.lib.jsons import optional

address_of = optional(Address)
