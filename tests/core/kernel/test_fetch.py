"""An address that somebody typed never leads into the house, by whatever name or detour."""

from __future__ import annotations

import ipaddress
import itertools
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

import pytest

from core.kernel.fetch import AddressRefused, Fetched, Fetcher, NotFetched, is_public

PNG = b"\x89PNG\r\n\x1a\n" + bytes(1_000)
TYPES = ("image/png", "image/jpeg")


class _Server(BaseHTTPRequestHandler):
    """Answers pictures, redirects and nonsense, and counts how often it was reached."""

    hits = 0

    def do_GET(self) -> None:
        type(self).hits += 1
        path, _, rest = self.path[1:].partition("?")
        if path == "go":
            self._answer(302, {"Location": rest})
        elif path == "drip":
            self._drip()
        elif path == "large":
            self._answer(200, {"Content-Type": "image/png"}, bytes(300_000))
        elif path == "page":
            self._answer(200, {"Content-Type": "text/html"}, b"<p>hello</p>")
        elif path == "gone":
            self._answer(404, {"Content-Type": "image/png"}, PNG)
        elif path == "zipped":
            self._answer(200, {"Content-Type": "image/png", "Content-Encoding": "gzip"}, PNG)
        elif path == "short":
            self._answer(200, {"Content-Type": "image/png", "Content-Length": "5000"}, PNG)
        else:
            self._answer(200, {"Content-Type": "Image/PNG; x=y", "X-Host": self.headers["Host"]}, PNG)

    def _answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _drip(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        try:
            for _ in range(100):
                self.wfile.write(b"X-Drip: 1\r\n")
                time.sleep(0.05)
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def listener() -> Iterator[int]:
    """The port of a server on loopback; nobody may reach it by a typed address."""
    _Server.hits = 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


def _open_to_loopback(port: int, **more: object) -> Fetcher:
    """Rules under which the test server counts as public and every name leads to it."""
    loopback = ipaddress.ip_address("127.0.0.1")
    rules: dict[str, object] = {"resolve": lambda *_: ["127.0.0.1"], "allows": lambda a: a == loopback or is_public(a)}
    return Fetcher(**{**rules, "ports": {port}, **more})  # type: ignore[arg-type]


LOOPBACK = (
    *(
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "127.0.0.2",
        "127.255.255.254",
        "0",
        "0.0.0.0",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
    ),
    *(
        "017700000001",
        "0177.0.0.1",
        "0177.1",
        "0x7f.0x0.0x0.0x1",
        "127.0.0.1.",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
    ),
    *(
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
    ),
    *(
        "[2002:7f00:1::]",
        "[::ffff:0:127.0.0.1]",
        "[fe80::5efe:127.0.0.1]",
        "[2001:0:0:0:0:0:80ff:fffe]",
        "[64:ff9b:1::7f00:1]",
    ),
    *("１２７.0.0.1", "①②⑦.0.0.1", "127。0。0。1", "ⓛocalhost", "127.0.0.1.nip.io", "localtest.me", "xn--localhost-"),
)
PRIVATE = (
    *("10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.1", "192.168.0.1", "192.168.255.255", "169.254.169.254"),
    *(
        "100.64.0.1",
        "192.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
    ),
    *(
        "255.255.255.255",
        "0.1.2.3",
        "[fc00::1]",
        "[fd12:3456::1]",
        "[fe80::1]",
        "[fe80::1%25eth0]",
        "[fec0::1]",
        "[ff02::1]",
    ),
    *(
        "[2001:db8::1]",
        "[::ffff:10.0.0.1]",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::10.0.0.1]",
        "[2002:a00:1::]",
        "[100::1]",
    ),
    *(
        "0xa9fea9fe",
        "2852039166",
        "0251.0376.0251.0376",
        "169.254.43518",
        "metadata.google.internal",
        "intranet",
        "router.lan",
    ),
)
SCHEMES = (
    *(
        "file:///etc/passwd",
        "file://127.0.0.1/etc/passwd",
        "ftp://127.0.0.1/",
        "gopher://127.0.0.1:6379/_x",
        "dict://127.0.0.1/",
    ),
    *(
        "ldap://127.0.0.1/",
        "data:image/png;base64,AAAA",
        "javascript:alert(1)",
        "jar:http://127.0.0.1!/",
        "unix:///run/docker.sock",
    ),
    *(
        "http:/127.0.0.1/",
        "http:127.0.0.1",
        "http:///127.0.0.1/",
        "//127.0.0.1/",
        "/etc/passwd",
        "",
        "http://",
        "https://",
        "http://:80/",
    ),
    *(
        "HTTP+unix://%2Frun%2Fx/",
        "ws://127.0.0.1/",
        "view-source:http://127.0.0.1/",
        "http://[::1/",
        "http://[x]/",
        "http://a]/",
    ),
)
SHAPES = (
    *(
        "http://user@{h}/",
        "http://user:pw@{h}/",
        "http://example.com@{h}/",
        "http://{h}@example.com/",
        "http://{h}#@example.com/",
    ),
    *(
        "http://{h}?@example.com/",
        "http://example.com\\@{h}/",
        "http://{h}\\@example.com/",
        "http://{h}%00.example.com/",
    ),
    *(
        "http://{h}\t/",
        "http://\n{h}/",
        " http://{h}/",
        "http://{h}/\r\nHost: x",
        "http://{h}:80\\@example.com/",
        "http://{h}%2f@example.com/",
    ),
    *(
        "http://{h}&@example.com#@example.org/",
        "http://example.com:80@{h}/",
        "http://{h}:0/",
        "http://{h}:99999/",
        "http://{h}:-1/",
    ),
    *("http://{h}:x/", "http://{h}:22/", "http://{h}:6379/", "http://{h}:8000/", "https://{h}:25/"),
)
SPECIAL = {"127.0.0.1.nip.io": "127.0.0.1", "localtest.me": "127.0.0.1", "metadata.google.internal": "169.254.169.254"}
INSIDE = {
    "intranet": "10.1.2.3",
    "router.lan": "192.168.1.1",
    "a.localhost": "127.0.0.1",
    "xn--localhost-": "127.0.0.1",
}


def _tricky_urls(port: int) -> list[str]:
    plain = [
        f"{scheme}://{host}{tail}"
        for host in (*LOOPBACK, *PRIVATE)
        for scheme in ("http", "https")
        for tail in ("/a.png", ":8000/")
    ]
    ported = [f"http://{host}:{port}/a.png" for host in LOOPBACK]
    shaped = [shape.format(h=host) for shape, host in itertools.product(SHAPES, ("127.0.0.1", "localhost", "[::1]"))]
    return [*plain, *ported, *shaped, *SCHEMES]


def _resolve(host: str, port: int) -> list[str]:
    """The system's own resolution for numbers and local names; the rest as name servers of the world would answer."""
    if found := {**SPECIAL, **INSIDE, "example.com": "93.184.215.14", "example.org": "93.184.215.14"}.get(
        host.rstrip(".")
    ):
        return [found]
    if "." in host.rstrip(".") and not host.replace(".", "").replace("x", "").isalnum():
        return []
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def test_hundreds_of_disguised_addresses_never_reach_a_local_server(
    listener: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[object] = []
    monkeypatch.setattr(
        socket, "create_connection", lambda *a, **_: opened.append(a) or pytest.fail(f"connected to {a}")
    )
    urls = _tricky_urls(listener)
    assert len(set(urls)) >= 300
    for fetcher in (Fetcher(resolve=_resolve), Fetcher(resolve=_resolve, ports=range(65_536))):
        for url in urls:
            with pytest.raises((AddressRefused, NotFetched)):
                fetcher.fetch(url, types=TYPES, limit_bytes=1_000_000)
    assert opened == []
    assert _Server.hits == 0


def test_a_redirect_into_the_house_is_refused_after_any_disguise(
    listener: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolve(host: str, port: int) -> list[str]:
        return ["192.88.99.7"] if host == "shop.test" else _resolve(host, port)

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        assert address[0] == "192.88.99.7", "only the public server may be reached"
        return open_socket(("127.0.0.1", listener), timeout)

    open_socket = socket.create_connection
    monkeypatch.setattr(socket, "create_connection", connect)
    fetcher = Fetcher(
        resolve=resolve, allows=lambda a: str(a) == "192.88.99.7" or is_public(a), ports={listener, 80, 443}
    )
    targets = [f"http://{host}/a.png" for host in (*LOOPBACK, *PRIVATE) if host.isascii()] + [
        "file:///etc/passwd",
        "//[::1]/",
    ]
    for target in targets:
        before = _Server.hits
        with pytest.raises((AddressRefused, NotFetched)):
            fetcher.fetch(f"http://shop.test:{listener}/go?{quote(target, safe=':/')}", types=TYPES, limit_bytes=10_000)
        assert _Server.hits == before + 1


def test_a_name_that_changes_its_address_after_the_check_is_not_asked_again(listener: int) -> None:
    answers = iter([["93.184.215.14"], ["127.0.0.1"]])
    asked: list[str] = []

    def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    def connect(address: tuple[str, int], _timeout: float) -> socket.socket:
        assert address[0] == "93.184.215.14"
        raise OSError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "create_connection", connect)
        with pytest.raises(NotFetched):
            Fetcher(resolve=rebinding, ports={listener}).fetch(
                f"http://rebind.test:{listener}/", types=TYPES, limit_bytes=10
            )
    assert asked == ["rebind.test"]
    assert _Server.hits == 0


def test_a_name_with_one_private_address_among_public_ones_is_refused() -> None:
    with pytest.raises(AddressRefused):
        Fetcher(resolve=lambda *_: ["93.184.215.14", "10.0.0.1"]).fetch(
            "http://mixed.test/", types=TYPES, limit_bytes=10
        )


def test_a_picture_is_fetched_by_its_name_and_its_type_is_told(listener: int) -> None:
    found = _open_to_loopback(listener).fetch(
        f"http://shop.test:{listener}/a b.png".replace(" ", "%20"), types=TYPES, limit_bytes=10_000
    )
    assert found == Fetched(url=f"http://shop.test:{listener}/a%20b.png", type="image/png", data=PNG)


def test_a_redirect_to_a_public_address_is_followed(listener: int) -> None:
    found = _open_to_loopback(listener).fetch(f"http://shop.test:{listener}/go?/a.png", types=TYPES, limit_bytes=10_000)
    assert found.url == f"http://shop.test:{listener}/a.png"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("large", "larger"),
        ("page", "text/html"),
        ("gone", "404"),
        ("zipped", "image/png"),
        ("short", "no answer"),
        ("go?/go?/go?/go?/go?/a.png", "redirected too often"),
    ],
)
def test_anything_but_a_picture_of_fair_size_is_told_with_its_reason(listener: int, path: str, reason: str) -> None:
    with pytest.raises(NotFetched, match=reason):
        _open_to_loopback(listener).fetch(f"http://shop.test:{listener}/{path}", types=TYPES, limit_bytes=100_000)


def test_a_server_that_drips_is_left_after_the_time_limit(listener: int) -> None:
    began = time.monotonic()
    with pytest.raises(NotFetched):
        _open_to_loopback(listener, timeout_s=0.4).fetch(
            f"http://shop.test:{listener}/drip", types=TYPES, limit_bytes=100_000
        )
    assert time.monotonic() - began < 3


def test_a_server_that_is_not_there_is_told() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        with pytest.raises(NotFetched):
            _open_to_loopback(port).fetch(f"http://shop.test:{port}/", types=TYPES, limit_bytes=10)


@pytest.mark.parametrize("address", ["93.184.215.14", "1.1.1.1", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_addresses_of_the_open_internet_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))
