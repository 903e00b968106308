"""docs: the documentation as a site of plain files, a folder for each version, with a search."""

from __future__ import annotations

import argparse
import functools
from pathlib import Path
from typing import Any

from core.kernel.config import ROOT, load
from core.lib.errors import Refused


def add_to(commands: Any) -> None:
    """`docs`."""
    docs = commands.add_parser("docs", help="the documentation as a site: write it, or serve it")
    docs.add_argument("--out", type=Path, help="the folder to write to (instance/docs); other versions in it stay")
    docs.add_argument("--at", default="", help="the address that the site will have, for search engines: https://...")
    docs.add_argument("--serve", action="store_true", help="and serve it on this machine")
    docs.add_argument("--port", type=int, default=8001, help="the port to serve on (8001)")
    docs.add_argument(
        "--record", action="store_true", help="write down what core.api of this version has, when it is released"
    )
    docs.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from core.cli.docs.site import ALL, write_site

    if options.record:
        from core.cli.docs.since import record

        print(f"{record(ROOT)} names are new in this version.")
        return 0
    out = options.out or load().instance / "docs"
    # A site of before there were versions has the index of its search on top.
    if out.exists() and any(out.iterdir()) and not any((out / name).exists() for name in (ALL, "search.json")):
        raise Refused(f"{out} holds other things; name an empty folder by --out")
    print(f"{write_site(out, at=options.at)} pages are in {out}")
    if options.serve:
        _serve(out, options.port)
    return 0


def _serve(out: Path, port: int) -> None:
    import http.server  # every command loads this module, and few serve

    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(out))
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        print(f"  http://127.0.0.1:{port}/\n  Stop with Ctrl-C.", flush=True)
        server.serve_forever()
