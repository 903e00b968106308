"""The gateway keeps the contract, in both of its modes, against the server as a process of its own."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from core.testing.contracts import GatewayContract
from plugins.fake_gateway.forms import Settings
from plugins.fake_gateway.services import SIGNATURE, gateway_of

from core.api import Gateway, IncomingRequest, Intent, Money, now  # isort: skip


class Driver:
    """Drives the test server through its controls."""

    def __init__(self, server: str) -> None:
        self.server = server

    def post(self, path: str, **asked: Any) -> Any:
        return requests.post(f"{self.server}/control/{path}", json=asked, timeout=5).json()

    def find(self, intent: Intent) -> Any:
        headers = {"Authorization": "Bearer test-key"}
        url = f"{self.server}/v1/payments?reference={intent.token}"
        return requests.get(url, headers=headers, timeout=5).json()

    def total(self, intent: Intent, kind: str) -> int:
        return sum(event["amount"] for event in self.find(intent)["events"] if event["kind"] == kind)

    def asked(self, intent: Intent) -> Money:
        found = self.find(intent)
        return Money(found["amount"], found["currency"])

    def figure(self, intent: Intent) -> int | str:
        return int(self.find(intent)["amount"])

    def payments(self, intent: Intent) -> int:
        return int(self.find(intent).get("count", 0))

    def pay(self, intent: Intent) -> None:
        self.post(f"payments/{intent.reference}", outcome="pay", notice="none")

    def decline(self, intent: Intent) -> None:
        self.post(f"payments/{intent.reference}", outcome="decline", notice="none")

    def captured(self, intent: Intent) -> int:
        return self.total(intent, "captured")

    def refunded(self, intent: Intent) -> int:
        return self.total(intent, "refunded")

    def notice(self, intent: Intent) -> IncomingRequest:
        said = self.post(f"payments/{intent.reference}/notice", how="once", send=False)
        headers = {SIGNATURE: said["signature"], "content-type": "application/json"}
        return IncomingRequest(method="POST", headers=headers, query={}, body=said["body"].encode(), received_at=now())

    def lose_next_reply(self) -> None:
        self.post("lose", replies=1)


class TestSale(GatewayContract):
    @pytest.fixture
    def gateway(self, server: str) -> Gateway:
        return gateway_of(Settings({"server": server, "timeout_s": 2}))

    @pytest.fixture
    def peer(self, server: str) -> Driver:
        return Driver(server)


class TestAuthorize(TestSale):
    @pytest.fixture
    def gateway(self, server: str) -> Gateway:
        return gateway_of(Settings({"server": server, "timeout_s": 2, "mode": "authorize"}))
