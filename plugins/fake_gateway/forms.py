"""Where the test server stands, and how the shop talks to it."""

from __future__ import annotations

import re
from typing import Literal

from core.api import Secret, setting
from core.api import Settings as _Settings

# Plain http only on this machine, as the Content-Security-Policy of the checkout has it.
_ADDRESS = re.compile(
    r"(https://[a-z0-9.-]+(?::\d{1,5})?|http://(?:127\.0\.0\.1|(?:[a-z0-9-]+\.)*localhost|\[::1\])(?::\d{1,5})?)(?:/.*)?\Z"
)


class Settings(_Settings):
    """The defaults fit a server started by `./stoa fake_gateway serve` without arguments."""

    server: str = setting("http://127.0.0.1:8600", label="Address of the test server", max_length=200)
    account: str = setting("test-shop", label="Account", max_length=60)
    key: Secret = setting("test-key", label="API key", max_length=200)
    secret: Secret = setting(
        "test-secret",
        label="Secret of the notices",
        help="One line each while an old one is being replaced.",
        max_length=400,
    )
    mode: Literal["sale", "authorize"] = setting(
        "sale",
        label="When the money is taken",
        choices=(("sale", "When the shopper pays"), ("authorize", "When you capture it")),
    )
    hand_over: Literal["get", "post"] = setting(
        "get", label="The shopper is sent there", choices=(("get", "By a link (GET)"), ("post", "By a form (POST)"))
    )
    timeout_s: int = setting(5, label="Seconds to wait for an answer", minimum=1, maximum=30)

    @property
    def origin(self) -> str:
        """Scheme, host and port of the server; nothing for an address that a checkout may not lead to."""
        match = _ADDRESS.match(self.server.strip().lower())
        return match[1] if match else ""

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(line.strip() for line in self.secret.splitlines() if line.strip())
