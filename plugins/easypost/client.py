"""Speaks EasyPost's API: explicit timeouts, and an honest word for every way in which a call can fail."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from core.api import Broken, Fetcher

if TYPE_CHECKING:
    import requests

BASE = "https://api.easypost.com/v2"
_CONNECT_S = 3.0
_TRIES, _PAUSE_S = 3, 0.3
_ASKED, _PAGE, _MOST_PAGES = 50, 100, 10
_LARGEST_FILE = 8 * 1024 * 1024
_TYPES = (
    "application/pdf",
    "image/png",
    "application/zpl",
    "text/plain",
    "application/octet-stream",
    "binary/octet-stream",
)
Answer = Mapping[str, Any]


class Refusal(Broken):
    """EasyPost said no, and why. Asking again cannot help."""

    default_message = "EasyPost refused: %(reason)s"

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(permanent=True, reason=reason)
        self.code = code


class BadKey(Broken):
    """The account's key is not one."""

    default_message = "EasyPost did not take the API key."

    def __init__(self) -> None:
        super().__init__(permanent=True)


class NoAnswer(Broken):
    """Nobody knows whether it was done."""

    default_message = "EasyPost did not answer. Send it again: nothing is bought twice."


class Client:
    """One account. `base` and `door` are others in tests."""

    def __init__(self, key: str, *, base: str = BASE, timeout_s: float = 20.0, door: Fetcher | None = None) -> None:
        self._key, self._base, self._timeout_s = key, base, timeout_s
        self._door = door or Fetcher()

    def shipment(self, name: str) -> Answer | None:
        """A shipment by its id or our reference; None if there is none."""
        return self._again("GET", f"/shipments/{quote(name, safe='')}", missing=True)

    def create(self, shipment: Mapping[str, Any]) -> Answer:
        """Make a shipment and hear its rates: asked once, since two may have one reference."""
        return self._once("POST", "/shipments", {"shipment": shipment}) or {}

    def buy(self, shipment: str, rate: str) -> Answer:
        """Buy the label of a shipment: asked once, since only the shipment itself knows whether it was sold."""
        return self._once("POST", f"/shipments/{quote(shipment, safe='')}/buy", {"rate": {"id": rate}}) or {}

    def refund(self, shipment: str) -> Answer:
        """Give the label of a shipment back."""
        return self._again("POST", f"/shipments/{quote(shipment, safe='')}/refund") or {}

    def verified(self, address: Mapping[str, Any]) -> Answer:
        """An address with what EasyPost found out about it."""
        return self._again("POST", "/addresses", {"address": address, "verify": True}) or {}

    def trackers(self, numbers: Sequence[str]) -> list[Answer]:
        """What is known of parcels by their numbers, of all in one go."""
        return [one for at in range(0, len(numbers), _ASKED) for one in self._trackers(numbers[at : at + _ASKED])]

    def _trackers(self, numbers: Sequence[str]) -> list[Answer]:
        asked = urlencode([("page_size", _PAGE), *(("tracking_codes[]", number) for number in numbers)])
        found: list[Answer] = []
        before = ""
        for _page in range(_MOST_PAGES):
            told = self._again("GET", f"/trackers?{asked}{before}") or {}
            page = list(told.get("trackers", ()))
            found += page
            if not (page and told.get("has_more")):
                break
            before = f"&before_id={quote(str(page[-1].get('id', '')), safe='')}"
        return found

    def scan_form(self, shipments: Sequence[str]) -> Answer:
        """Make the SCAN form of shipments: asked once, since only they know whether they are on one."""
        return self._once("POST", "/scan_forms", {"scan_form": {"shipments": [{"id": one} for one in shipments]}}) or {}

    def ping(self) -> None:
        """Ask for something small: an answer proves the key."""
        self._once("GET", "/shipments?page_size=1")

    def document(self, url: str) -> bytes:
        """A file, from wherever EasyPost keeps it."""
        try:
            return self._door.fetch(url, types=_TYPES, limit_bytes=_LARGEST_FILE).data
        except Broken as error:
            raise NoAnswer from error

    def _again(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, missing: bool = False
    ) -> Answer | None:
        for left in range(_TRIES - 1, -1, -1):
            try:
                return self._once(method, path, body, missing=missing)
            except NoAnswer:
                if not left:
                    raise
                time.sleep(_PAUSE_S)
        raise NoAnswer

    def _once(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, missing: bool = False
    ) -> Answer | None:
        import requests  # noqa: PLC0415 -- 5 MB that nobody needs who buys no label

        try:
            response = requests.request(
                method,
                self._base + path,
                json=body,
                auth=(self._key, ""),
                headers={"Accept": "application/json"},
                timeout=(_CONNECT_S, self._timeout_s),
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise NoAnswer from error
        return None if missing and response.status_code == 404 else _read(response)


def _read(response: requests.Response) -> Answer:
    """The answer's JSON. A refusal is final; a server error, too many requests or gibberish leaves the outcome open."""
    if response.status_code in {401, 403}:
        raise BadKey
    if response.status_code >= 500 or response.status_code == 429:
        raise NoAnswer
    try:
        answer = response.json()
    except ValueError as error:
        raise NoAnswer from error
    if not isinstance(answer, dict):
        raise NoAnswer
    if response.status_code >= 400 or "error" in answer:
        said = answer.get("error")
        told = said if isinstance(said, dict) else {"message": str(said)}
        raise Refusal(str(told.get("code", "")), reason_of(told))
    return answer


def reason_of(error: Mapping[str, Any]) -> str:
    """What EasyPost says, with the fields that it means."""
    details = error.get("errors") or ()
    parts = [
        f"{one.get('field', '')} {one.get('message', '')}".strip() if isinstance(one, dict) else str(one)
        for one in details
    ]
    told = (str(error.get("message", "")), *parts)
    return ". ".join(part.rstrip(".") for part in told if part)[:500]
