"""One-time codes of an authenticator app: HOTP (RFC 4226) over the clock (RFC 6238). Plain arithmetic, no state.

Whoever checks a code keeps the step it belonged to and takes no step twice, as RFC 6238 section 5.2 asks.
"""

from __future__ import annotations

import base64
import hmac
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from core.lib import clock

DIGITS = 6
STEP = timedelta(seconds=30)


def hotp(secret: bytes, counter: int, *, digits: int = DIGITS, algorithm: str = "sha1") -> str:
    """The code of a counter (RFC 4226 section 5.3: dynamic truncation)."""
    mac = hmac.digest(secret, counter.to_bytes(8, "big"), algorithm)
    at = mac[-1] & 0x0F
    return str((int.from_bytes(mac[at : at + 4], "big") & 0x7FFF_FFFF) % 10**digits).zfill(digits)


def step_of(at: datetime) -> int:
    """The number of the time step that an instant lies in."""
    return (at - clock.EPOCH) // STEP


def matching_step(secret: bytes, code: str, at: datetime, *, drift: int = 1) -> int | None:
    """The step whose code this is, up to `drift` steps before or after `at`; None: it is no code of that time.

    Every candidate is compared, in constant time.
    """
    typed = "".join(code.split())
    if not (typed.isascii() and typed.isdecimal()):
        return None
    now = step_of(at)
    found = [step for step in range(now - drift, now + drift + 1) if hmac.compare_digest(hotp(secret, step), typed)]
    return found[-1] if found else None


def key_text(secret: bytes) -> str:
    """The secret in Base32, as apps take it by hand."""
    return base64.b32encode(secret).decode().rstrip("=")


def address(secret: bytes, *, account: str, issuer: str) -> str:
    """The `otpauth:` address that opens an authenticator app with everything filled in."""
    about = urlencode({"secret": key_text(secret), "issuer": issuer}, quote_via=quote)
    return f"otpauth://totp/{quote(f'{issuer}:{account}')}?{about}"
