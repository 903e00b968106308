"""Passwords: argon2id, taken as typed, with no rule but length and not being one that everybody tries first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from core.lib.errors import Refused

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 8, 1000
# (passes, KiB). OWASP's first choice for argon2id: 19 MiB, two passes, one lane, about 25 ms of one core.
SLOW, _FAST = (2, 19_456), (1, 8)
_costs = [SLOW]
_COMMON = Path(__file__).with_name("common_passwords.txt")


class WeakPassword(Refused):
    """The new password is too short, far too long, or among the first that are tried."""

    status = 422
    code = "weak_password"

    def __init__(self, message: str, **params: object) -> None:
        super().__init__(message, field="password", **params)


def hashed(password: str) -> str:
    """The argon2id hash to store, with its parameters inside. Costs about 25 ms, so never inside a transaction."""
    return hasher(_costs[-1]).hash(_octets(password))


def matches(password: str, stored: str | None) -> bool:
    """Whether `password` is the one behind `stored`. Without a stored hash it works as long and answers False."""
    from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415 -- see `hasher`

    try:
        return hasher(_costs[-1]).verify(stored or _decoy(_costs[-1]), _octets(password)) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """Whether `stored` was made with other parameters than today's and should be made anew at this login."""
    return hasher(_costs[-1]).check_needs_rehash(stored)


def check_new(password: str, *about: str) -> None:
    """Raise WeakPassword unless `password` may be chosen; `about` are words that everybody knows (the mail address)."""
    if len(password) < SHORTEST:
        raise WeakPassword("Use at least %(count)s characters.", count=SHORTEST)
    if len(password) > LONGEST:
        raise WeakPassword("Use at most %(count)s characters.", count=LONGEST)
    if password.casefold() in _common() or password.casefold() in {word.casefold() for word in about}:
        raise WeakPassword("This password is among the first that others would try. Choose another one.")


@contextmanager
def fast() -> Iterator[None]:
    """Hash with next to no work, for tests alone."""
    _costs.append(_FAST)
    try:
        yield
    finally:
        _costs.pop()


@cache
def hasher(cost: tuple[int, int]) -> PasswordHasher:
    """Of passwords at a cost. Loaded when somebody first signs in: most processes of a shop see nobody do it."""
    from argon2 import PasswordHasher  # noqa: PLC0415

    return PasswordHasher(*cost, parallelism=1)


def _octets(password: str) -> bytes:
    """As typed: not trimmed, not normalised; a lone surrogate from a strange client is an octet like any other."""
    return password.encode("utf-8", "surrogatepass")


@cache
def _decoy(cost: tuple[int, int]) -> str:
    return hasher(cost).hash(b"nobody")


@cache
def _common() -> frozenset[str]:
    return frozenset(line for line in _COMMON.read_text("utf-8").splitlines() if line and not line.startswith("#"))
