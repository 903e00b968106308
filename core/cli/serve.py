"""serve: the shop by several processes, for a proxy before it."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from pathlib import Path
from typing import Any, NoReturn

from core.kernel.config import ROOT
from core.lib.errors import Refused

_KERNEL = ROOT / "core" / "kernel"
# Imported rather than run, as what is imported was compiled before.
_KEEPER = f"import sys; sys.path.append({str(_KERNEL)!r}); import keeper; sys.exit(keeper.main(sys.argv[1:]))"
_BACKLOG = 2048
_UNIX = "unix:"


def add_to(commands: Any) -> None:
    """`serve`."""
    serve = commands.add_parser("serve", help="serve the shop by several processes, behind a proxy")
    serve.add_argument("--bind", default="127.0.0.1:8000", help="HOST:PORT or unix:PATH (127.0.0.1:8000)")
    serve.add_argument("--workers", type=_some, default=2, help="processes that answer, one per core and one more (2)")
    serve.add_argument("--timeout", type=_some, default=30, help="seconds a request may take (30)")
    serve.add_argument("--requests", type=_count, default=0, help="load anew after about so many; never without it")
    serve.add_argument("--proxies", default="127.0.0.1,::1", help="whose X-Forwarded-Proto counts (127.0.0.1,::1)")
    serve.set_defaults(run=_serve)


def _serve(options: argparse.Namespace) -> NoReturn:
    bound = listen(options.bind)
    bound.set_inheritable(True)
    words = command("wsgi:app", bound.fileno(), options.workers, options.timeout, options.requests, options.proxies)
    sys.stderr.write(f"stoa: {options.workers} workers serve at {options.bind}; jobs are done by ./stoa work\n")
    sys.stderr.flush()
    os.execv(words[0], words)  # noqa: S606 -- this Python, as it was started


def command(application: str, listening: int, workers: int, timeout: int, requests: int, proxies: str) -> list[str]:
    """What keeps a family of workers serving `application` at a socket that it inherits.

    The keeper is bare Python. The family does without the columns of traces: 2 MB.
    """
    family = [sys.executable, "-P", "-X", "no_debug_ranges", str(_KERNEL / "family.py")]
    keeper = [sys.executable, "-I", "-S", "-c", _KEEPER, str(workers), str(timeout)]
    return [*keeper, *family, application, str(listening), str(requests), proxies]


def listen(address: str) -> socket.socket:
    """A socket at `HOST:PORT` or `unix:PATH` that takes connections. Raises Refused where it cannot be had."""
    bound, place = _socket_for(address)
    try:
        bound.bind(place)
        bound.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        bound.close()
        raise Refused(f"cannot listen on {address}: {getattr(error, 'strerror', None) or error}") from error
    return bound


def _socket_for(address: str) -> tuple[socket.socket, Any]:
    if address.startswith(_UNIX):
        path = address.removeprefix(_UNIX)
        _clear(path)
        return socket.socket(socket.AF_UNIX), path
    host, _, port = address.rpartition(":")
    if not port.isdecimal():
        raise Refused(f"{address!r} is no address to listen on: HOST:PORT or unix:PATH")
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return bound, (host.strip("[]"), int(port))


def _clear(path: str) -> None:
    """A file that an earlier server has left behind is in the way, and answers nobody."""
    with socket.socket(socket.AF_UNIX) as probe:
        if Path(path).is_socket() and probe.connect_ex(path) != 0:
            Path(path).unlink()


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) > 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no such number")
    return int(text)


def _some(text: str) -> int:
    if (count := _count(text)) < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return count
