"""The server's faces: the API for the shop, the pay page for the shopper, and controls for tests."""

from __future__ import annotations

import hmac
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec import to_builtins
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler
from werkzeug.serving import make_server as _make_server
from werkzeug.wrappers import Request, Response

from plugins.fake_gateway.server import pages
from plugins.fake_gateway.server.notices import HOW, Notices
from plugins.fake_gateway.server.options import Options
from plugins.fake_gateway.server.payments import Book, NotPossible, Payment, shown

_RULES = (
    Rule("/v1/payments", methods=["POST"], endpoint="create"),
    Rule("/v1/payments", methods=["GET"], endpoint="find"),
    Rule("/v1/payments/<number>/<verb>", methods=["POST"], endpoint="act"),
    Rule("/enter", methods=["POST"], endpoint="enter"),
    Rule("/pay/<number>", methods=["GET"], endpoint="page"),
    Rule("/pay/<number>", methods=["POST"], endpoint="decide"),
    Rule("/static/pay.css", methods=["GET"], endpoint="style"),
    Rule("/control/payments/<number>", methods=["POST"], endpoint="control"),
    Rule("/control/payments/<number>/notice", methods=["POST"], endpoint="tell"),
    Rule("/control/notices", methods=["GET"], endpoint="sent"),
    Rule("/control/lose", methods=["POST"], endpoint="lose"),
)
_URLS = Map(_RULES)
OUTCOMES = ("pay", "decline", "cancel", "late", "timeout")


class FakeServer:
    """The WSGI application."""

    def __init__(self, options: Options) -> None:
        self.options, self.book, self.notices = options, Book(), Notices(options)
        self._to_lose = 0

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        answer: Iterable[bytes] = self._answer(request)(environ, start_response)
        return answer

    def _answer(self, request: Request) -> Any:
        try:
            endpoint, values = _URLS.bind_to_environ(request.environ).match()
            if endpoint in {"create", "find", "act"}:
                return self._api(request, endpoint, values)
            return getattr(self, f"on_{endpoint}")(request, **values)
        except NotPossible as refusal:
            return _json({"error": str(refusal)}, refusal.status)
        except HTTPException as error:
            return error

    # -- the API -----------------------------------------------------------------------------------

    def _api(self, request: Request, endpoint: str, values: Mapping[str, Any]) -> Response:
        """Check the key, act, and then answer, unless the answer is to be lost or late."""
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self.options.key}".encode()):
            raise NotPossible("wrong API key", 401)
        answer: Response = getattr(self, f"on_{endpoint}")(request, **values)
        if self._to_lose:
            self._to_lose -= 1
            _hang_up(request)
        return answer

    def on_create(self, request: Request) -> Response:
        asked = request.get_json()
        status, answer = self.book.once(
            request.headers.get("Idempotency-Key", ""),
            b"create" + request.get_data(),
            lambda: (201, self._told(request, self.book.create(asked))),
        )
        return _json(answer, status)

    def on_find(self, request: Request) -> Response:
        found = self.book.by_reference(request.args.get("reference", ""))
        if not found:
            raise NotPossible("no such payment", 404)
        time.sleep(max(0.0, found[0].silent_until - time.monotonic()))
        return _json({**self._told(request, found[0]), "count": len(found)})

    def on_act(self, request: Request, number: str, verb: str) -> Response:
        payment = self.book.get(number)
        amount = (request.get_json() or {}).get("amount")
        status, answer = self.book.once(
            request.headers.get("Idempotency-Key", ""),
            f"{number}{verb}{amount}".encode(),
            lambda: (200, to_builtins(self.book.act(payment, verb, amount))),
        )
        return _json(answer, status)

    def _told(self, request: Request, payment: Payment) -> dict[str, Any]:
        return {**shown(payment), "live": self.options.live, "url": f"{request.host_url}pay/{payment.id}"}

    # -- the shopper -------------------------------------------------------------------------------

    def on_enter(self, request: Request) -> Response:
        """Where a hand-over by form arrives."""
        return _see_other(f"/pay/{self.book.get(request.form.get('payment', '')).id}")

    def on_page(self, request: Request, number: str) -> Response:
        payment = self.book.get(number)
        return _page(pages.pay(payment, request.args.get("lang", payment.language)), payment)

    def on_decide(self, request: Request, number: str) -> Response:
        payment = self.book.get(number)
        self.decide(payment, request.form.get("outcome", ""), request.form.get("notice", "once"))
        if request.form.get("back") == "post":
            return _page(pages.back(payment, request.form.get("lang", payment.language)), payment)
        mark = "&" if "?" in payment.return_url else "?"
        return _see_other(f"{payment.return_url}{mark}payment={payment.id}")

    def on_style(self, request: Request) -> Response:
        del request
        return Response((Path(__file__).parent / "static" / "pay.css").read_bytes(), mimetype="text/css")

    def decide(self, payment: Payment, outcome: str, how: str) -> None:
        """Let the payment end as asked, and tell the shop in the manner `how`."""
        if outcome not in OUTCOMES or how not in HOW:
            raise NotPossible("no such outcome or notice", 400)
        if outcome == "late":
            _later(self.options.late_s, lambda: self.decide(payment, "pay", how))
            return
        if outcome == "timeout":
            payment.silent_until = time.monotonic() + self.options.stall_s
        event = self.book.pay(payment) if outcome in {"pay", "timeout"} else self.book.decline(payment, outcome)
        if event is not None:
            wait_s = self.options.stall_s if outcome == "timeout" else 0.0
            _later(wait_s, lambda: self.notices.tell(payment, event, how))

    # -- controls for tests ------------------------------------------------------------------------

    def on_control(self, request: Request, number: str) -> Response:
        """As the pay page, without a browser: `{"outcome": "pay", "notice": "twice"}`."""
        asked, payment = request.get_json(), self.book.get(number)
        self.decide(payment, asked.get("outcome", ""), asked.get("notice", "once"))
        return _json(shown(payment))

    def on_tell(self, request: Request, number: str) -> Response:
        """A notice about the last event, sent (`{"how": "forged"}`) or shown (`{"how": "once", "send": false}`)."""
        asked, payment = request.get_json(), self.book.get(number)
        how = asked.get("how", "once")
        if not payment.events or how not in HOW:
            raise NotPossible("nothing to tell", 400)
        body, header = self.notices.signed(payment, payment.events[-1], how)
        if asked.get("send", True):
            self.notices.tell(payment, payment.events[-1], how)
        return _json({"body": body.decode(), "signature": header})

    def on_sent(self, request: Request) -> Response:
        del request
        return _json([to_builtins(sent) for sent in self.notices.sent])

    def on_lose(self, request: Request) -> Response:
        """Carry out the next `{"replies": 2}` API calls, and hang up before answering."""
        self._to_lose = int(request.get_json()["replies"])
        return _json({})


def _later(wait_s: float, act: Callable[[], None]) -> None:
    if wait_s <= 0:
        act()
        return
    timer = threading.Timer(wait_s, act)
    timer.daemon = True
    timer.start()


def _hang_up(request: Request) -> None:
    request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)


def _json(answer: object, status: int = 200) -> Response:
    return Response(json.dumps(answer), status, mimetype="application/json")


def _see_other(url: str) -> Response:
    return Response(status=303, headers={"Location": url})


def _page(html: str, payment: Payment) -> Response:
    """No script at all; forms lead here and back to the shop."""
    shop = urlsplit(payment.return_url)
    origin = f"{shop.scheme}://{shop.netloc}"
    policy = (
        f"default-src 'none'; style-src 'self'; form-action 'self' {origin}; frame-ancestors 'none'; base-uri 'none'"
    )
    return Response(
        html, mimetype="text/html", headers={"Content-Security-Policy": policy, "Cache-Control": "no-store"}
    )


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 -- Werkzeug's name
        """Say nothing: the log would drown that of the test."""


def make_server(options: Options) -> BaseWSGIServer:
    """A threaded server, bound and ready."""
    return _make_server(options.host, options.port, FakeServer(options), threaded=True, request_handler=_Quiet)
