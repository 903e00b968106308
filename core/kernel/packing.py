"""How an answer is sent: packed where its length tells nothing of one visitor."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable
from typing import Any

from core.kernel import cache

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
_WORTH_PACKING = 1_000


class Answer:
    """The answer of a WSGI application: as it comes, or whole in `body` once it was `read`."""

    def __init__(self, application: Any, environ: Environ) -> None:
        self.status, self.body = "", b""
        self.headers: list[tuple[str, str]] = []
        self.parts: Iterable[bytes] = application(environ, self._begin)

    def read(self) -> None:
        """Take all of it into memory."""
        try:
            self.body = b"".join(self.parts)
        finally:
            if hasattr(self.parts, "close"):
                self.parts.close()

    def _begin(self, status: str, headers: list[tuple[str, str]], _exc_info: object = None) -> Callable[[bytes], None]:
        self.status, self.headers = status, headers
        return lambda _: None


def pass_on(environ: Environ, answer: Answer, start_response: StartResponse) -> Iterable[bytes]:
    """Send what is not kept, packed if it may be."""
    level = _packing(environ, answer)
    if not level:
        start_response(answer.status, answer.headers)
        return answer.parts
    answer.read()
    sent, body = [*answer.headers, ("Vary", "Accept-Encoding")], answer.body
    if len(body) >= _WORTH_PACKING and "gzip" in environ.get("HTTP_ACCEPT_ENCODING", ""):
        body = gzip.compress(body, level, mtime=0)
        sent = [header for header in sent if header[0].lower() != "content-length"]
        sent += [("Content-Encoding", "gzip"), ("Content-Length", str(len(body)))]
    start_response(answer.status, sent)
    return [body]


def _packing(environ: Environ, answer: Answer) -> int:
    """How hard to pack: 0 what may hold something of one visitor; behind a proxy, packing is its work.

    The length of a packed page tells how well a stranger's guess went with what else stands in it. So it is packed only
    for somebody unknown, who sent no cookie and gets none. A stylesheet tells of nobody, and is large and rare.
    """
    headers = {name.lower(): value for name, value in answer.headers}
    if environ["stoa.proxied"] or "content-encoding" in headers:
        return 0
    kind = headers.get("content-type", "").partition(";")[0]
    if kind == "text/css":
        return 6
    known = "HTTP_COOKIE" in environ or "HTTP_AUTHORIZATION" in environ or "set-cookie" in headers
    return 0 if kind != "text/html" or known or environ["PATH_INFO"].startswith("/panel") else 1


def send_kept(environ: Environ, page: cache.Page, start_response: StartResponse) -> Iterable[bytes]:
    """Send a page for everybody, which is kept packed."""
    headers, body = [*page.headers, ("Vary", "Accept-Encoding")], page.packed
    if "gzip" not in environ.get("HTTP_ACCEPT_ENCODING", ""):
        body = page.body
    else:
        headers = [header for header in headers if header[0].lower() != "content-length"]
        headers += [("Content-Encoding", "gzip"), ("Content-Length", str(len(body)))]
    start_response(page.status, headers)
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]
