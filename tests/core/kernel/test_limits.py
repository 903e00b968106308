"""Attempts are counted by address and subject, and the client's address cannot be invented."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from core.kernel import limits
from core.lib.errors import TooMany

HOME, OTHER = "198.51.100.7", "203.0.113.9"


def tries_until_refused(name: str, subject: str, address: str, most: int = 500) -> int:
    for count in range(most):
        try:
            limits.take(name, subject, address=address)
        except TooMany:
            return count
    return most


def test_guessing_one_account_ends_soon_and_others_are_not_locked_out() -> None:
    assert tries_until_refused("login", "ines@example.com", HOME) == 8
    limits.take("login", "tomasz@example.com", address=HOME)
    limits.take("login", "ines@example.com", address=OTHER)


def test_whoever_has_to_wait_is_told_how_long() -> None:
    def told(name: str) -> str:
        tries_until_refused(name, "ines@example.com", HOME)
        with pytest.raises(TooMany) as refused:
            limits.take(name, "ines@example.com", address=HOME)
        return str(refused.value)

    assert told("login") == "Too many tries. Wait 5 minutes, then try again."
    assert told("search") == "Too many tries. Wait a minute, then try again."
    limits.add("test_daily", limits.Rule(address="2 per day"))
    assert told("test_daily") == "Too many tries. Try again later."


def test_case_does_not_make_another_account() -> None:
    tries_until_refused("login", "ines@example.com", HOME)
    with pytest.raises(TooMany):
        limits.take("login", "INES@example.com", address=HOME)


def test_one_address_cannot_try_many_accounts() -> None:
    for number in range(60):
        limits.take("login", f"user{number}@example.com", address=HOME)
    with pytest.raises(TooMany):
        limits.take("login", "fresh@example.com", address=HOME)


def test_many_addresses_cannot_try_one_account_for_ever() -> None:
    for number in range(100):
        limits.take("login", "ines@example.com", address=f"198.51.{number}.1")
    with pytest.raises(TooMany):
        limits.take("login", "ines@example.com", address="192.0.2.1")


def test_a_login_that_succeeds_forgets_the_tries_before() -> None:
    for _ in range(7):
        limits.take("login", "ines@example.com", address=HOME)
    limits.forget("login", "ines@example.com", address=HOME)
    assert tries_until_refused("login", "ines@example.com", HOME) == 8


def test_one_household_is_one_address_in_ipv6() -> None:
    for number in range(30):
        limits.take("coupon", address=f"2001:db8:1:2::{number:x}")
    with pytest.raises(TooMany):
        limits.take("coupon", address="2001:db8:1:2:ffff::1")
    limits.take("coupon", address="2001:db8:1:3::1")


def test_a_kind_that_nobody_declared_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        limits.take("nonsense", address=HOME)


PROXIES = limits.networks(["10.0.0.0/8", "127.0.0.1", "fd00::/8"])


@pytest.mark.parametrize(
    ("remote", "forwarded", "client"),
    [
        (HOME, "", HOME),
        (HOME, "1.2.3.4", HOME),
        ("10.0.0.1", OTHER, OTHER),
        ("10.0.0.1", f"1.2.3.4, {OTHER}", OTHER),
        ("10.0.0.1", f"1.2.3.4, {OTHER}, 10.0.0.2", OTHER),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "<script>, 10.0.0.2", "10.0.0.2"),
        ("fd00::1", "2001:db8::5", "2001:db8::5"),
        ("", "1.2.3.4", ""),
    ],
)
def test_the_clients_address_is_what_our_own_proxies_saw(remote: str, forwarded: str, client: str) -> None:
    environ = {"REMOTE_ADDR": remote, "HTTP_X_FORWARDED_FOR": forwarded}
    assert limits.client_address(environ, PROXIES) == client


def test_without_proxies_nothing_is_believed() -> None:
    assert limits.client_address({"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": OTHER}, ()) == "10.0.0.1"


def test_an_attempt_starts_no_thread_and_what_has_expired_is_forgotten_within_the_minute(monkeypatch: Any) -> None:
    limits.take("coupon", address=HOME)
    now, before = time.time(), threading.active_count()
    for number in range(200):
        limits.take("coupon", address=f"198.51.100.{number}")
    assert threading.active_count() <= before
    assert len(limits._storage.events) >= 200
    for minutes in (6, 12):
        monkeypatch.setattr(time, "monotonic", lambda minutes=minutes: now + 60 * minutes)
        monkeypatch.setattr(time, "time", lambda minutes=minutes: now + 60 * minutes)
        limits.take("search", address=HOME)
        limits._storage._thread.join()
    assert [key for key in limits._storage.events if "coupon" in key] == []
