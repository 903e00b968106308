"""A receiver on this machine, and the plugin let through to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from msgspec import Struct, field

from core.api import Fetcher, Site
from plugins.webhooks import client, forms, plugin, services

# Imported first: else loading the plugin would import its modules anew, beside those that the tests reach into.
assert plugin.PLUGIN


class Got(Struct):
    """One message as it came over the wire."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver(Struct):
    """What an endpoint of the merchant may do: answer anything, slowly or not at all."""

    port: int = 0
    status: int = 200
    answer: bytes = b"thank you"
    headers: dict[str, str] = field(default_factory=dict)
    slow_s: float = 0.0
    got: list[Got] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Plain http to this machine, which the plugin's own door refuses, is opened for the test alone."""
    monkeypatch.setattr(client, "DOOR", Fetcher(allows=lambda _: True, ports=range(1, 65_536), timeout_s=2.0))
    monkeypatch.setattr(client, "SCHEMES", frozenset({"http", "https"}))
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.got.append(Got(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            time.sleep(found.slow_s)
            self.send_response(found.status)
            for name, value in {"Content-Length": str(len(found.answer)), **found.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(found.answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture
def endpoint(site: Site, receiver: Receiver, turn_on: Callable[..., None]) -> Callable[..., tuple[int, str]]:
    """`endpoint("order.placed")`: an endpoint at the receiver that hears of these, or of all; its id and secret."""
    turn_on("webhooks")

    def add(*kinds: str, url: str = "") -> tuple[int, str]:
        wanted = forms.Wanted(title="", url=url or receiver.url, kinds=kinds)
        return services.save_endpoint(site, wanted, actor="system")

    return add
