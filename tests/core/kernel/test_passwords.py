"""What may be a password, and how it is kept."""

from __future__ import annotations

from time import perf_counter

import pytest
from argon2 import PasswordHasher

from core.kernel import passwords
from core.kernel.passwords import WeakPassword


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "aaaaaaab",
        "灯下读书八个字啊",
        "x" * 64,
        "x" * 1000,
        "  spaces stay  ",
        "tab\tand\nbreak",
        "🔑🔑🔑🔑🔑🔑🔑🔑",
    ],
)
def test_any_text_of_eight_characters_is_taken_as_typed(password: str) -> None:
    passwords.check_new(password, "ines@example.com")
    stored = passwords.hashed(password)
    assert stored.startswith("$argon2id$")
    assert passwords.matches(password, stored)
    assert not passwords.matches(password.strip() + "x", stored)


def test_spaces_at_its_ends_belong_to_a_password() -> None:
    assert not passwords.matches("secret word", passwords.hashed(" secret word "))


@pytest.mark.parametrize(
    "password", ["", "short", "1234567", "password", "PASSWORD", "Passw0rd!", "qwertyuiop", "woaini1314", "x" * 1001]
)
def test_what_is_tried_first_is_refused(password: str) -> None:
    with pytest.raises(WeakPassword) as refused:
        passwords.check_new(password)
    assert refused.value.field == "password"


def test_the_mail_address_is_no_password() -> None:
    with pytest.raises(WeakPassword):
        passwords.check_new("Ines@Example.com", "ines@example.com")


def test_no_account_takes_as_long_as_a_wrong_password_and_never_matches() -> None:
    assert not passwords.matches("nobody", None)
    assert not passwords.matches("whatever", "not a hash")
    assert not passwords.matches("", None)


def test_a_hash_with_older_parameters_is_made_anew() -> None:
    assert passwords.is_outdated(PasswordHasher(time_cost=1, memory_cost=16, parallelism=1).hash("longer secret"))
    assert not passwords.is_outdated(passwords.hashed("longer secret"))


def test_half_a_character_from_a_strange_client_is_no_accident() -> None:
    stored = passwords.hashed("\ud800 secret word")
    assert passwords.matches("\ud800 secret word", stored)


def test_the_real_parameters_are_owasps() -> None:
    real = passwords.hasher(passwords.SLOW)
    assert (real.time_cost, real.memory_cost, real.parallelism, real.type.name) == (2, 19_456, 1, "ID")
    begun = perf_counter()
    passwords.matches("whatever", real.hash("another"))
    assert perf_counter() - begun < 5
