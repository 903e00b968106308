"""How often somebody may try: counted per kind of request, address and subject.

Each process counts in its memory. What a stranger must not guess (`shared`) all processes count together as well, in
the database (`attempts`); only what has passed the memory, so that a flood costs no writes.

Counted by `limits` itself rather than through its Flask extension: what is limited is an attempt (a login for one
account, a coupon code), known only after the form is read, not a route; and it is refused before it costs a hash.
"""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from flask import has_request_context, request
from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from msgspec import Struct

from core.kernel import attempts, db
from core.lib import ids
from core.lib.errors import TooMany, TooManyForLong, TooManyForNow


class Rule(Struct, frozen=True, kw_only=True):
    """Limits in words ("5 per minute; 50 per day"): of an address, of a subject, and of an address on a subject.

    `shared`: over all processes. It costs a write, so it is for what is sent by forms; pages that are read never write.
    """

    address: str
    subject: str = ""
    both: str = ""
    shared: bool = False


RULES: dict[str, Rule] = {
    # A whole office shares an address, and strangers must not lock an owner out: the pair is limited most.
    "login": Rule(address="60 per 10 minutes", subject="100 per hour", both="8 per 5 minutes; 30 per day", shared=True),
    "register": Rule(address="20 per hour", both="5 per hour", shared=True),
    "reset": Rule(address="20 per hour", subject="5 per hour", shared=True),
    "token": Rule(address="30 per 10 minutes", shared=True),
    "coupon": Rule(address="30 per 5 minutes", shared=True),
    "search": Rule(address="120 per minute"),
    "track": Rule(address="30 per 10 minutes", subject="20 per hour", shared=True),
    "own_order": Rule(address="120 per 10 minutes", subject="60 per hour"),
    "contact": Rule(address="10 per hour", subject="5 per hour", shared=True),
    "checkout": Rule(address="60 per 10 minutes"),
}

# What is longer is told without a number.
_MOST_MINUTES = 90


class _Windows(MemoryStorage):
    """Looks for what has expired once a minute.

    The library's own starts a thread for almost every attempt, and keeps an empty list of everybody who ever tried.
    """

    _EVERY_S = 60.0

    @property
    def timer(self) -> Any:
        return self

    @timer.setter
    def timer(self, thread: threading.Timer) -> None:
        self._thread, self._due = thread, time.monotonic() + self._EVERY_S

    def is_alive(self) -> bool:
        return time.monotonic() < self._due

    def start(self) -> None:
        for key in [key for key, tries in self.events.items() if not tries]:
            self.events.pop(key, None)
        self._thread.start()


_storage = _Windows()
_limiter = MovingWindowRateLimiter(_storage)


def take(name: str, subject: str = "", *, address: str | None = None) -> None:
    """Count one attempt of kind `name`; raises TooMany when it is one too many. KeyError for an unknown kind.

    `subject` is what is tried (an account's mail address, an order number): kept only as a digest. `address` is by
    default the client's.
    """
    rule = RULES[name]
    client = _network(address or request.remote_addr or "")
    known = ids.digest(subject.casefold())
    for limits, key in ((rule.address, (client,)), (rule.subject, ("", known)), (rule.both, (client, known))):
        if limits and not all(_limiter.hit(limit, name, *key) for limit in _parsed(limits)):
            raise _too_many(name, subject, address)
    if rule.shared and _may_write() and not attempts.count(_bounds(rule, name, client, known)):
        raise _too_many(name, subject, address)


def _too_many(name: str, subject: str, address: str | None) -> TooMany:
    """The refusal, with how long it lasts; nobody is sent away for a minute who has to wait for ten."""
    wait = wait_s(name, subject, address=address)
    if not 0 < wait <= _MOST_MINUTES * 60:
        return TooManyForLong()
    return TooMany() if wait <= 60 else TooManyForNow(minutes=math.ceil(wait / 60))


def _may_write() -> bool:
    """Whether this is a form that was sent: reading a page writes nothing, and a command is one process."""
    return has_request_context() and request.method not in {"GET", "HEAD"} and not db.in_transaction()


def _bounds(rule: Rule, name: str, client: str, known: str) -> list[attempts.Bound]:
    kinds = ((rule.address, (name, client)), (rule.subject, (name, "", known)), (rule.both, (name, client, known)))
    return [
        attempts.Bound(words, limit.amount, limit.get_expiry()) for limits, words in kinds for limit in _parsed(limits)
    ]


def wait_s(name: str, subject: str = "", *, address: str | None = None) -> int:
    """Whole seconds until the next attempt of this kind may be made; 0: now. Counts nothing."""
    rule = RULES[name]
    client = _network(address or request.remote_addr or "")
    known, now = ids.digest(subject.casefold()), time.time()
    resets = [now]
    for limits, key in ((rule.address, (client,)), (rule.subject, ("", known)), (rule.both, (client, known))):
        for limit in _parsed(limits):
            reset, left = _limiter.get_window_stats(limit, name, *key)
            resets.append(reset if not left else now)
    return math.ceil(max(resets) - now)


class Left(Struct, frozen=True, kw_only=True):
    """What a subject has left of its `most` attempts; in `wait_s` whole seconds it has all of them again."""

    most: int
    left: int
    wait_s: int


def left(name: str, subject: str) -> Left:
    """How many attempts of this kind are left to a subject. Counts nothing."""
    limit = _parsed(RULES[name].subject)[0]
    reset, remaining = _limiter.get_window_stats(limit, name, "", ids.digest(subject.casefold()))
    return Left(most=limit.amount, left=max(0, remaining), wait_s=max(0, math.ceil(reset - time.time())))


def forget(name: str, subject: str, *, address: str | None = None) -> None:
    """Forget the attempts of this address on this subject: the login succeeded."""
    client, known = _network(address or request.remote_addr or ""), ids.digest(subject.casefold())
    rule = RULES[name]
    for limit in _parsed(rule.both):
        _limiter.clear(limit, name, client, known)
    if rule.shared and _may_write():
        attempts.forget(_bounds(Rule(address="", both=rule.both), name, client, known))


def add(name: str, rule: Rule) -> None:
    """Let a plugin limit a kind of its own; `name` begins with the plugin's."""
    RULES[name] = rule


def reset(*, everywhere: bool = False) -> None:
    """Forget all attempts of this process, for tests: as a process that has just begun. `everywhere`: of all."""
    _storage.reset()
    if everywhere:
        with db.transaction():
            attempts.Attempt.delete().execute()


@lru_cache(maxsize=64)
def _parsed(limits: str) -> tuple[RateLimitItem, ...]:
    return tuple(parse_many(limits)) if limits else ()


# -- the client's address ---------------------------------------------------------------------------------------------

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(addresses: Sequence[str]) -> tuple[Network, ...]:
    """The configured proxies, once per start; ValueError for what is no address or network."""
    return tuple(ipaddress.ip_network(address, strict=False) for address in addresses)


def client_address(environ: Mapping[str, Any], proxies: Sequence[Network]) -> str:
    """Where the request comes from. X-Forwarded-For is believed as far as configured proxies wrote it."""
    address = str(environ.get("REMOTE_ADDR", ""))
    if not proxies:
        return address
    hops = [hop.strip() for hop in str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")]
    while hops and is_proxy(address, proxies):
        previous = hops.pop()
        if _parse(previous) is None:
            break
        address = previous
    return address


def is_proxy(address: str, proxies: Sequence[Network]) -> bool:
    """Whether `address` is one of the configured proxies, so that its X-Forwarded-* headers are believed."""
    parsed = _parse(address) if proxies else None
    return parsed is not None and any(parsed in network for network in proxies)


@lru_cache(maxsize=256)
def _parse(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(address)
    except ValueError:
        return None


def _network(address: str) -> str:
    """One household has one IPv4 address, or a whole /64 of IPv6."""
    parsed = _parse(address)
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed and parsed.version == 6 else address
