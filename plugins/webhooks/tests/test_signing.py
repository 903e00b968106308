"""Signatures are those of Standard Webhooks: by its published example, and by verifiers that share nothing with us."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from plugins.webhooks.services.signing import new_secret, signature

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def hmac_by_hand(key: bytes, message: bytes) -> bytes:
    """RFC 2104 written out, so that no line of the module under test is used."""
    block = key.ljust(64, b"\0") if len(key) <= 64 else hashlib.sha256(key).digest().ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + message).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in block) + inner).digest()


def verify_by_hand(secret: str, headers: dict[str, str], body: bytes) -> bool:
    key = base64.b64decode(secret.split("_", 1)[1])
    signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
    wanted = "v1," + base64.b64encode(hmac_by_hand(key, signed)).decode()
    return wanted in headers["webhook-signature"].split(" ")


def test_the_published_example():
    said = signature([SECRET], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')

    assert said == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_secrets_are_long_and_never_the_same():
    made = {new_secret() for _ in range(50)}

    assert len(made) == 50
    assert all(one.startswith("whsec_") and len(base64.b64decode(one[6:], validate=True)) == 32 for one in made)


def test_each_valid_secret_has_its_signature():
    old, new = new_secret(), new_secret()
    headers = {"webhook-id": "msg_1", "webhook-timestamp": "1700000000"}
    headers["webhook-signature"] = signature([new, old], "msg_1", 1700000000, b"{}")

    assert verify_by_hand(old, headers, b"{}")
    assert verify_by_hand(new, headers, b"{}")
    assert not verify_by_hand(new_secret(), headers, b"{}")
    assert not verify_by_hand(new, headers, b"{ }")
    assert not verify_by_hand(new, {**headers, "webhook-id": "msg_2"}, b"{}")
    assert not verify_by_hand(new, {**headers, "webhook-timestamp": "1700000001"}, b"{}")


def test_what_arrives_is_taken_by_the_reference_library(
    endpoint: Any, receiver: Any, order: Any, sell: Any, outbox: Any
):
    library = pytest.importorskip("standardwebhooks", reason="the verifier of the standard's authors is not installed")
    _, secret = endpoint("order.placed")
    order(sell("LAMP", 8900, stock=3))
    outbox.deliver()
    (got,) = receiver.got

    assert library.Webhook(secret).verify(got.body, got.headers) == json.loads(got.body)
    with pytest.raises(library.WebhookVerificationError):
        library.Webhook(new_secret()).verify(got.body, got.headers)
    with pytest.raises(library.WebhookVerificationError):
        library.Webhook(secret).verify(got.body + b" ", got.headers)


def test_what_arrives_is_verified_by_hand(endpoint: Any, receiver: Any, order: Any, sell: Any, outbox: Any):
    _, secret = endpoint("order.placed")
    order(sell("LAMP", 8900, stock=3))
    outbox.deliver()
    (got,) = receiver.got

    assert verify_by_hand(secret, got.headers, got.body)
    assert not verify_by_hand(secret, got.headers, got.body.replace(b"8900", b"1"))
    assert abs(int(got.headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 60
