"""One-time codes give the published values: RFC 4226 appendix D and RFC 6238 appendix B."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.lib import totp

SEED = b"12345678901234567890"
AT = datetime(2026, 11, 26, 12, 0, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("counter", "code"),
    list(
        enumerate(["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"])
    ),
)
def test_rfc_4226_appendix_d(counter: int, code: str) -> None:
    assert totp.hotp(SEED, counter) == code


@pytest.mark.parametrize(
    ("seconds", "sha1", "sha256", "sha512"),
    [
        (59, "94287082", "46119246", "90693936"),
        (1111111109, "07081804", "68084774", "25091201"),
        (1111111111, "14050471", "67062674", "99943326"),
        (1234567890, "89005924", "91819424", "93441116"),
        (2000000000, "69279037", "90698825", "38618901"),
        (20000000000, "65353130", "77737706", "47863826"),
    ],
)
def test_rfc_6238_appendix_b(seconds: int, sha1: str, sha256: str, sha512: str) -> None:
    step = totp.step_of(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))
    for algorithm, length, code in (("sha1", 20, sha1), ("sha256", 32, sha256), ("sha512", 64, sha512)):
        seed = (b"1234567890" * 7)[:length]
        assert totp.hotp(seed, step, digits=8, algorithm=algorithm) == code


def test_a_clock_may_be_one_step_off_and_no_more() -> None:
    code = totp.hotp(SEED, totp.step_of(AT))
    for seconds, fits in ((0, True), (30, True), (-30, True), (60, False), (-60, False)):
        found = totp.matching_step(SEED, code, AT + timedelta(seconds=seconds))
        assert (found == totp.step_of(AT)) is fits


@pytest.mark.parametrize("typed", ["", "12345", "abcdef", "１２３４５６", "1234567", "-12345"])
def test_what_is_no_code_fits_nothing(typed: str) -> None:
    assert totp.matching_step(SEED, typed, AT) is None


def test_spaces_do_not_matter() -> None:
    code = totp.hotp(SEED, totp.step_of(AT))
    assert totp.matching_step(SEED, f" {code[:3]} {code[3:]}", AT) is not None


def test_the_address_for_apps() -> None:
    address = totp.address(SEED, account="ann@example.com", issuer="Halden House")
    assert address.startswith("otpauth://totp/Halden%20House%3Aann%40example.com?")
    assert "secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" in address
    assert "issuer=Halden%20House" in address
