"""`python -m plugins.fake_gateway.server --port 8600`."""

from __future__ import annotations

import sys

from plugins.fake_gateway.server.command import serve

sys.exit(serve(sys.argv[1:]))
