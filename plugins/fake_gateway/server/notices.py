"""Signed notices to the shop: once, twice, late, forged, or with a time that is no longer or not yet true."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
import urllib.error
import urllib.request
from typing import Any

from msgspec import Struct, to_builtins

from plugins.fake_gateway.server.options import Options
from plugins.fake_gateway.server.payments import Event, Payment

HOW = ("once", "twice", "late", "forged", "old", "future", "none")
_DAY_S = 86_400
_PAUSES_S = (0.2, 1.0, 3.0, 10.0)


class Sent(Struct):
    """One try to deliver a notice; `status` 0: nobody answered."""

    payment: str
    event: str
    how: str
    status: int


class Notices:
    """Delivers in the background, as real gateways do; what was tried is kept for tests to read."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self.sent: list[Sent] = []

    def tell(self, payment: Payment, event: Event, how: str) -> None:
        """Deliver a notice about `event` in the manner `how` (one of HOW)."""
        if how == "none":
            return
        wait_s = self._options.late_s if how == "late" else 0.0
        times = 2 if how == "twice" else 1
        for _ in range(times):
            timer = threading.Timer(wait_s, self._deliver, (payment, event, how))
            timer.daemon = True
            timer.start()

    def _deliver(self, payment: Payment, event: Event, how: str) -> None:
        """Try until the shop says 2xx; what is forged on purpose is tried once."""
        for pause_s in (*_PAUSES_S, 0.0):
            body, header = self.signed(payment, event, how)
            status = _post(payment.notify_url, body, header)
            self.sent.append(Sent(payment.id, event.id, how, status))
            if 200 <= status < 300 or how in {"forged", "old", "future"}:
                return
            time.sleep(pause_s)

    def signed(self, payment: Payment, event: Event, how: str = "once") -> tuple[bytes, str]:
        """The raw body and its header `t=<unix seconds>,v1=<hex>`; a forged one is signed with another secret."""
        body = json.dumps(self._said(payment, event), separators=(",", ":")).encode()
        shift = {"old": -_DAY_S, "future": _DAY_S}.get(how, 0)
        stamp = str(int(time.time()) + shift)
        secret = "not-the-secret" if how == "forged" else self._options.secret
        digest = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        return body, f"t={stamp},v1={digest}"

    def _said(self, payment: Payment, event: Event) -> dict[str, Any]:
        return {
            "id": f"nt_{event.id}",
            "payment": payment.id,
            "reference": payment.reference,
            "account": payment.account,
            "live": self._options.live,
            "currency": payment.currency,
            "event": to_builtins(event),
        }


def _post(url: str, body: bytes, signature: str) -> int:
    headers = {"Content-Type": "application/json", "X-Fake-Signature": signature, "User-Agent": "fake-gateway"}
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310 -- the shop's own address
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 -- the shop's own address
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return refusal.code
    except OSError:
        return 0
