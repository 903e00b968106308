"""Speaks to endpoints: one signed POST, to public addresses alone, with an end to everything."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from msgspec import Struct

from core.api import AddressRefused, Answered, Fetcher, NotFetched

TIMEOUT_S = 10.0
ANSWER_BYTES = 1_000
_LONGEST_WAIT_S = 86_400
# Any port, since only public addresses are opened and only TLS is spoken.
DOOR = Fetcher(ports=range(1, 65_536), timeout_s=TIMEOUT_S)
SCHEMES = frozenset({"https"})


class Post(Struct, frozen=True, kw_only=True):
    """What to send where. `signature` is the value of its header, `timestamp` whole seconds since 1970."""

    url: str
    id: str
    timestamp: int
    signature: str
    body: bytes


class Outcome(Struct, frozen=True, kw_only=True):
    """What came back. `status` None: nothing, and `problem` is refused, timeout or no_answer.

    `retry_after_s` is what the other side asked for, 0 if nothing.
    """

    status: int | None
    duration_ms: int
    problem: str = ""
    answer: str = ""
    retry_after_s: int = 0

    @property
    def is_good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """410: the endpoint says that it wants nothing more."""
        return self.status == 410


def post_all(posts: Sequence[Post]) -> list[Outcome]:
    """Send all of them at once, each within its time; outcomes in the same order. Network, no database."""
    if not posts:
        return []
    with ThreadPoolExecutor(max_workers=len(posts)) as pool:
        return list(pool.map(post, posts))


def post(one: Post) -> Outcome:
    """Send one. Redirects are not followed, so an endpoint cannot lead the shop elsewhere."""
    began = time.monotonic()
    if urlsplit(one.url).scheme not in SCHEMES:
        return Outcome(status=None, duration_ms=0, problem="refused")
    try:
        answered = DOOR.post(one.url, one.body, headers=_headers(one), limit_bytes=ANSWER_BYTES)
    except AddressRefused:
        return Outcome(status=None, duration_ms=_since(began), problem="refused")
    except NotFetched:
        took = _since(began)
        return Outcome(status=None, duration_ms=took, problem="timeout" if took >= TIMEOUT_S * 990 else "no_answer")
    return Outcome(
        status=answered.status,
        duration_ms=_since(began),
        answer=answered.data.decode("utf-8", "replace").replace("\0", "�"),
        retry_after_s=_retry_after(answered),
    )


def _headers(one: Post) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "Accept": "*/*",
        "webhook-id": one.id,
        "webhook-timestamp": str(one.timestamp),
        "webhook-signature": one.signature,
    }


def _retry_after(answered: Answered) -> int:
    """Seconds, where the answer is one that asks for patience and says how much; at most a day."""
    text = answered.headers.get("retry-after", "")
    if answered.status not in {429, 503} or not (text.isascii() and text.isdigit()):
        return 0
    return min(int(text[:9]), _LONGEST_WAIT_S)


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
