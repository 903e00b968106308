"""Who was here today, without knowing who: salted hashes in memory, gone with the day and with the process."""

from __future__ import annotations

import hashlib
import secrets

from msgspec import Struct, field

MOST = 500_000
"""Devices remembered of a site and a day; further ones are counted by their pages alone."""


class Today(Struct):
    """The devices of one day on one site: {hash: which kinds of page they saw}. The salt is never stored."""

    day: str
    salt: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    kinds: dict[bytes, set[str]] = field(default_factory=dict)


class Visitors:
    """Tells a first page from a further one. The caller holds a lock."""

    def __init__(self) -> None:
        self._sites: dict[int, Today] = {}

    def first(self, site_id: int, day: str, device: str, kind: str) -> tuple[bool, bool]:
        """(is a new visit, is new to this kind of page); the days before are forgotten.

        `device` is address and browser: only its hash, under the day's salt, is kept.
        """
        here = self._sites.get(site_id)
        if here is None or here.day != day:
            here = self._sites[site_id] = Today(day)
        known = hashlib.blake2b(device.encode(), key=here.salt, digest_size=12).digest()
        seen = here.kinds.get(known)
        if seen is None:
            if len(here.kinds) >= MOST:
                return False, False
            here.kinds[known] = {kind}
            return True, True
        is_new = kind not in seen
        seen.add(kind)
        return False, is_new

    def forget(self, site_id: int, day: str) -> None:
        """Forget the devices of a site, unless they are of this day."""
        if site_id in self._sites and self._sites[site_id].day != day:
            del self._sites[site_id]
