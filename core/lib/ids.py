"""Secrets and identifiers. A token is 128 bits from the operating system; the database keeps only its digest."""

from __future__ import annotations

import hashlib
import secrets


def token() -> str:
    """128 random bits as 22 URL-safe characters."""
    return secrets.token_urlsafe(16)


def digest(secret: str) -> str:
    """SHA-256 in hex: what is stored of a token. Tokens have full entropy, so no salt or stretching is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def uid() -> str:
    """A random 128-bit name in 32 hex digits, for files, keys and request ids."""
    return secrets.token_hex(16)
