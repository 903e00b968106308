"""Speaks the test server's JSON API: explicit timeouts, and an honest word for every way in which a call can fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.api import Broken, OutcomeUnknown, PaymentDeclined
from plugins.fake_gateway.forms import Settings

if TYPE_CHECKING:
    import requests

_CONNECT_S = 3.0
Answer = Mapping[str, Any]
Body = Mapping[str, str | int]


class Client:
    """One account at the test server."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def create(self, payment: Body, key: str) -> Answer:
        """Open a payment. The same key answers with the same payment."""
        return self._answer("POST", "/v1/payments", payment, key)

    def find(self, reference: str) -> Answer | None:
        """The payment with this reference of ours, None if the server knows none."""
        response = self._call("GET", f"/v1/payments?reference={reference}", None, "")
        return None if response.status_code == 404 else _read(response)

    def act(self, payment: str, verb: str, amount: int | None, key: str) -> Answer:
        """`capture`, `void` or `refund`, once per key. Answers the event that it made."""
        return self._answer("POST", f"/v1/payments/{payment}/{verb}", {} if amount is None else {"amount": amount}, key)

    def _answer(self, method: str, path: str, body: Body, key: str) -> Answer:
        return _read(self._call(method, path, body, key))

    def _call(self, method: str, path: str, body: Body | None, key: str) -> requests.Response:
        import requests  # noqa: PLC0415 -- 5 MB that nobody needs who never pays by a test

        headers = {"Authorization": f"Bearer {self._settings.key}", "Accept": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        try:
            return requests.request(
                method,
                self._settings.origin + path,
                json=body,
                headers=headers,
                timeout=(_CONNECT_S, self._settings.timeout_s),
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise _failure(error) from error


def _failure(error: requests.RequestException) -> Broken:
    """Broken where the call never left us; else it may have been carried out, and only `fetch` knows."""
    from requests import ConnectTimeout  # noqa: PLC0415
    from urllib3.exceptions import NewConnectionError  # noqa: PLC0415

    reason = getattr(error.args[0] if error.args else None, "reason", None)
    if isinstance(error, ConnectTimeout) or isinstance(reason, NewConnectionError):
        return Broken("The test gateway cannot be reached.")
    return OutcomeUnknown()


def _read(response: requests.Response) -> Answer:
    """The answer's JSON. A refusal is final; a server error or gibberish leaves the outcome open."""
    try:
        answer: Answer = response.json()
    except ValueError:
        raise OutcomeUnknown from None
    if response.status_code >= 500:
        raise OutcomeUnknown
    if response.status_code == 402:
        raise PaymentDeclined
    if response.status_code >= 400:
        raise Broken(
            "The test gateway refused: %(reason)s", permanent=True, reason=answer.get("error", response.status_code)
        )
    return answer
