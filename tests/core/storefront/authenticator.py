"""A passkey made of software: answers as a phone would (WebAuthn level 3, sections 5.8, 6.1 and 6.5)."""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


class Authenticator:
    """One key on one device. `verifies`: it looks at a finger or a face; `counts`: it counts its uses."""

    def __init__(self, origin: str, *, verifies: bool = True, counts: bool = False) -> None:
        self.origin, self.verifies, self.counts = origin, verifies, counts
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(16)
        self.uses = 0

    def made(self, options: str) -> str:
        """The answer to the options of a registration."""
        asked = json.loads(options)
        point = self.key.public_key().public_numbers()
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")})
        tail = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cose
        known = self._known(asked["rp"]["id"], ATTESTED) + tail
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": known})
        client = self._client("webauthn.create", asked["challenge"])
        return self._answer({"clientDataJSON": text(client), "attestationObject": text(attestation)})

    def used(self, options: str) -> str:
        """The answer to the options of a sign-in."""
        asked = json.loads(options)
        self.uses += self.counts
        known, client = self._known(asked["rpId"], 0), self._client("webauthn.get", asked["challenge"])
        signed = self.key.sign(known + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        response = {"clientDataJSON": text(client), "authenticatorData": text(known), "signature": text(signed)}
        return self._answer(response)

    def _known(self, host: str, flags: int) -> bytes:
        flags |= PRESENT | (VERIFIED if self.verifies else 0)
        return hashlib.sha256(host.encode()).digest() + bytes([flags]) + self.uses.to_bytes(4, "big")

    def _client(self, kind: str, challenge: str) -> bytes:
        assert urlsafe_b64decode(challenge + "==")
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _answer(self, response: dict[str, str]) -> str:
        answer: dict[str, Any] = {"id": text(self.id), "rawId": text(self.id), "type": "public-key"}
        return json.dumps({**answer, "response": response, "clientExtensionResults": {}})
