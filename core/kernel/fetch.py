"""The one client for addresses that people typed: pictures of an import, avatars, feeds.

It resolves the name itself, refuses every target that is not public, and connects to the address that it checked, so
that a second resolution cannot lead elsewhere. Redirects go through the same door. No proxy, cookie or credential.
"""

from __future__ import annotations

import http.client
import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache, partial
from typing import TypeVar
from urllib.parse import quote, urljoin, urlsplit

from msgspec import Struct

from core.lib.errors import Broken, Refused

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Sequence[str]]
_Result = TypeVar("_Result")
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
_HOST = re.compile(r"[a-z0-9._-]{1,253}|[0-9a-f:.]+")
_NAT64 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
_CHUNK = 64 * 1024


class AddressRefused(Refused):
    """The address is none that this shop may open: private, or not plain http(s)."""

    status = 422
    code = "address_refused"
    default_message = "This address may not be opened from here."


class NotFetched(Broken):
    """The other side did not give what was asked for; `permanent` says that asking again cannot help."""

    default_message = "There was no answer."


class Fetched(Struct, frozen=True, kw_only=True):
    """What came back: the last address after redirects, the media type in lower case without parameters, the bytes."""

    url: str
    type: str
    data: bytes


class Answered(Struct, frozen=True, kw_only=True):
    """What came back to a POST: the status, the headers by names in lower case, the first bytes of the body."""

    status: int
    headers: Mapping[str, str]
    data: bytes


def is_public(address: IPAddress) -> bool:
    """Whether an address is of the open internet, and an IPv4 address hidden in it too (RFC 3056, 4291, 4380, 6052)."""
    return all(_is_public(part) for part in (address, *_inner(address)))


def _is_public(address: IPAddress) -> bool:
    # "Global" alone lets multicast and the old site-local range fec0::/10 through.
    elsewhere = address.is_multicast or address.is_reserved or address.is_private
    return address.is_global and not elsewhere and not (address.version == 6 and address.is_site_local)


def _inner(address: IPAddress) -> list[IPAddress]:
    if isinstance(address, ipaddress.IPv4Address):
        return []
    hidden: list[IPAddress | None] = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    packed = address.packed
    if (
        any(address in network for network in _NAT64)
        or packed[:12] == bytes(12)
        or packed[8:12] in {b"\0\0\x5e\xfe", b"\2\0\x5e\xfe"}
    ):
        hidden.append(ipaddress.IPv4Address(packed[12:]))
    return [part for part in hidden if part is not None]


def resolve(host: str, port: int) -> Sequence[str]:
    """Every address of a name, as the system knows it."""
    return list(dict.fromkeys(str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


class Fetcher(Struct, frozen=True, kw_only=True):
    """The client with its rules; `fetch()` below is the one for production. Tests bring their own rules."""

    resolve: Resolve = resolve
    allows: Callable[[IPAddress], bool] = is_public
    ports: Collection[int] = (80, 443)
    hops: int = 4
    timeout_s: float = 10.0

    def fetch(self, url: str, *, types: Collection[str], limit_bytes: int) -> Fetched:
        """GET `url` and answer its body if its type is one of `types` and it has at most `limit_bytes`.

        Raises AddressRefused before anything is sent, and NotFetched. Each hop ends after `timeout_s` at the latest.
        """
        for _ in range(self.hops):
            answer = self._hop(url, types, limit_bytes)
            if isinstance(answer, Fetched):
                return answer
            url = urljoin(url, answer)
        raise NotFetched("It was redirected too often.", permanent=True)

    def post(self, url: str, body: bytes, *, headers: Mapping[str, str], limit_bytes: int) -> Answered:
        """POST `body` to `url` and answer what came back, of its body at most `limit_bytes`.

        Redirects are not followed: they are an answer like any other. Raises AddressRefused before anything is sent,
        and NotFetched where there is no answer. Ends after `timeout_s` at the latest.
        """
        return self._through(_target(url), partial(_send, body=body, headers=headers, limit_bytes=limit_bytes))

    def _hop(self, url: str, types: Collection[str], limit_bytes: int) -> Fetched | str:
        return self._through(_target(url), partial(_exchange, types=types, limit_bytes=limit_bytes))

    def _through(self, target: _Target, exchange: Callable[[_Connection, _Target], _Result]) -> _Result:
        if target.port not in self.ports:
            raise AddressRefused
        connection = _Connection(target, self._addresses(target), self.timeout_s)
        ender = threading.Timer(self.timeout_s, connection.cut)
        ender.daemon = True
        ender.start()
        try:
            return exchange(connection, target)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NotFetched from error
        finally:
            ender.cancel()
            connection.close()

    def _addresses(self, target: _Target) -> list[str]:
        """The addresses of the target, all of them public: a name that mixes both kinds is refused as a whole."""
        try:
            found = [
                ipaddress.ip_address(address.partition("%")[0]) for address in self.resolve(target.host, target.port)
            ]
        except (OSError, ValueError) as error:
            raise NotFetched("The name of the server is not known.") from error
        if not found:
            raise NotFetched("The name of the server is not known.")
        if not all(self.allows(address) for address in found):
            raise AddressRefused
        return [str(address) for address in found]


class _Target(Struct, frozen=True, kw_only=True):
    url: str
    scheme: str
    host: str
    port: int
    path: str


def _target(url: str) -> _Target:
    """The parts of an address, read strictly: what another parser might read otherwise is refused."""
    if _FORBIDDEN.search(url) or len(url) > 4_000:
        raise AddressRefused
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        ascii_host = host if host.isascii() else host.encode("idna").decode()
    except (ValueError, UnicodeError) as error:
        raise AddressRefused from error
    if (
        parts.scheme not in _PORTS
        or "@" in parts.netloc
        or "%" in parts.netloc
        or not _HOST.fullmatch(ascii_host.lower())
    ):
        raise AddressRefused
    path = quote(parts.path or "/", safe="/%:=&;,+$!*'()~@-._")
    query = quote(parts.query, safe="/%:=&;,+$!*'()~@-._?[]")
    return _Target(
        url=url,
        scheme=parts.scheme,
        host=ascii_host.lower(),
        port=port or _PORTS[parts.scheme],
        path=f"{path}?{query}" if query else path,
    )


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


class _Connection(http.client.HTTPConnection):
    """Connects to addresses that have been checked, while the server is asked, and proves itself, by its name."""

    def __init__(self, target: _Target, addresses: Sequence[str], timeout_s: float) -> None:
        super().__init__(target.host, target.port, timeout=timeout_s)
        self._target = target
        self._addresses = addresses
        self._is_cut = False

    def connect(self) -> None:
        for place, address in enumerate(self._addresses, 1):
            try:
                self.sock = socket.create_connection((address, self._target.port), self.timeout)
                break
            except OSError:
                if place == len(self._addresses) or self._is_cut:
                    raise
        if self._is_cut:
            raise TimeoutError
        if self._target.scheme == "https":
            self.sock = _trust().wrap_socket(self.sock, server_hostname=self._target.host)

    def cut(self) -> None:
        """End the exchange from another thread: a server that drips single bytes never runs into a read timeout."""
        self._is_cut = True
        if self.sock is not None:
            try:
                self.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return


def _begin(connection: _Connection, target: _Target, method: str) -> None:
    usual = target.port == _PORTS[target.scheme]
    name = f"[{target.host}]" if ":" in target.host else target.host
    connection.putrequest(method, target.path, skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", name if usual else f"{name}:{target.port}")
    connection.putheader("Accept-Encoding", "identity")
    connection.putheader("User-Agent", "Stoa")
    connection.putheader("Connection", "close")


def _send(
    connection: _Connection, target: _Target, body: bytes, headers: Mapping[str, str], limit_bytes: int
) -> Answered:
    _begin(connection, target, "POST")
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    response = connection.getresponse()
    found = {name.lower(): value for name, value in response.getheaders()}
    return Answered(status=response.status, headers=found, data=response.read(limit_bytes))


def _exchange(connection: _Connection, target: _Target, types: Collection[str], limit_bytes: int) -> Fetched | str:
    _begin(connection, target, "GET")
    connection.putheader("Accept", ", ".join(types))
    connection.endheaders()
    response = connection.getresponse()
    if response.status in _REDIRECTS and (location := response.getheader("Location")):
        return location
    if response.status != 200:
        raise NotFetched(
            "The server answered %(status)s.", permanent=response.status in {403, 404, 410}, status=response.status
        )
    kind = response.getheader("Content-Type", "").partition(";")[0].strip().lower()
    if kind not in types or response.getheader("Content-Encoding", "identity").lower() != "identity":
        raise NotFetched("It is of the kind %(kind)s, which is not taken.", permanent=True, kind=kind[:60] or "?")
    return Fetched(url=target.url, type=kind, data=_body(response, limit_bytes))


def _body(response: http.client.HTTPResponse, limit_bytes: int) -> bytes:
    data = bytearray()
    while chunk := response.read(_CHUNK):
        data += chunk
        if len(data) > limit_bytes:
            raise NotFetched("It is larger than %(limit)s MB.", permanent=True, limit=limit_bytes // 1_000_000)
    if response.length:
        raise NotFetched
    return bytes(data)


def fetch(url: str, *, types: Collection[str], limit_bytes: int) -> Fetched:
    """`Fetcher.fetch` with the production rules. Never call it inside a transaction."""
    return Fetcher().fetch(url, types=types, limit_bytes=limit_bytes)
