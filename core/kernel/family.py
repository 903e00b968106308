"""A family of workers under `core.kernel.keeper`: the process that loads the application, and those it is forked into.

Runs as a file, `python family.py MODULE:NAME SOCKET REQUESTS PROXIES`, with the lines to the keeper in `STOA_LINES`,
and imports nothing before its thread does: glibc gives each thread a heap of its own, and loading leaves thousands of
holes in its heap. Workers that filled them would copy a page of memory for each.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable


def main(words: list[str]) -> None:
    """Load the application by a thread, then serve it; where it cannot be loaded, the thread has said why."""
    ready: list[Callable[[], None]] = []
    loader = threading.Thread(target=_load, args=(words, ready))
    loader.start()
    loader.join()
    if not ready:
        sys.exit(1)
    ready[0]()


def _load(words: list[str], ready: list[Callable[[], None]]) -> None:
    from core.kernel import serving  # noqa: PLC0415 -- see above

    name, listening, requests, forwarders = words
    ready.append(serving.loaded(name, int(listening), int(requests), forwarders).serve)


if __name__ == "__main__":
    main(sys.argv[1:])
