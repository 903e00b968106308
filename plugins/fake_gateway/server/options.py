"""How the server is run."""

from __future__ import annotations

from msgspec import Struct


class Options(Struct, frozen=True, kw_only=True):
    """What the server is started with. `late_s` and `stall_s` are for the outcomes "late" and "timeout"."""

    host: str = "127.0.0.1"
    port: int = 8600
    account: str = "test-shop"
    key: str = "test-key"
    secret: str = "test-secret"  # noqa: S105 -- a gateway of test money, on loopback
    late_s: float = 5.0
    stall_s: float = 15.0
    live: bool = False
