"""Starting the server: `./stoa fake_gateway serve`."""

from __future__ import annotations

import sys

from core.api import command_line
from plugins.fake_gateway.server.options import Options


def serve(arguments: list[str]) -> int:
    """Serve until interrupted. The first line on standard output is the address, also for `--port 0`."""
    options = _options(arguments)
    from plugins.fake_gateway.server.app import make_server  # noqa: PLC0415 -- the shop loads this file for its command only

    server = make_server(options)
    sys.stdout.write(f"http://{options.host}:{server.server_port}\n")
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return 0
    finally:
        server.server_close()
    return 0


def _options(arguments: list[str]) -> Options:
    parser = command_line("fake_gateway serve", "A payment gateway of test money.")
    usual = Options()
    parser.add_argument("--host", default=usual.host, help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=usual.port, help="port, 0 for any free one (%(default)s)")
    parser.add_argument("--account", default=usual.account, help="name of the account (%(default)s)")
    parser.add_argument("--key", default=usual.key, help="API key (%(default)s)")
    parser.add_argument("--secret", default=usual.secret, help="secret that signs the notices (%(default)s)")
    parser.add_argument("--late-s", type=float, default=usual.late_s, help="seconds until a late success (%(default)s)")
    parser.add_argument(
        "--stall-s", type=float, default=usual.stall_s, help="seconds of silence on a timeout (%(default)s)"
    )
    parser.add_argument("--live", action="store_true", help="claim to be live, which the plugin refuses")
    return Options(**vars(parser.parse_args(arguments)))
