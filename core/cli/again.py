"""`./stoa run --debug`: serve, and serve anew after every edit.

This process imports what an author of plugins does not edit, core and the plugins of the house, and opens nothing. The
server is a fork of it, which loads the rest. After an edit of a plugin, a translation or a theme it is replaced by
another fork: that takes a third of a start. After an edit of what was imported, this process begins anew itself.
"""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from core.cli import answered
from core.kernel.config import ROOT, Config
from core.kernel.debug import stamps

_POLL_S = 0.05
_HELD = (ROOT / "core", ROOT / "plugins")


def serve(config: Config, server: Callable[[], int]) -> int:
    """Run `server` in a fork, over and over; answers its code if the first one ends by itself."""
    _import_all()
    folders = [folder for folder in (*_HELD, ROOT / "themes", config.plugins_path) if folder.is_dir()]
    known, child, first = stamps(folders), _fork(server), True
    signal.signal(signal.SIGTERM, _leave)
    try:
        while True:
            time.sleep(_POLL_S)
            code = _ended(child) if child else None
            if code is not None:
                child = 0
                if first:
                    return code
            if (now := stamps(folders)) == known:
                continue
            changed = sorted(path for path, _ in now.items() ^ known.items())
            sys.stderr.write(f"  {changed[0]} has changed: starting anew\n")
            sys.stderr.flush()
            known, first = now, False
            _kill(child)
            if _is_held(changed):
                os.execv(sys.executable, [sys.executable, "-P", "-m", "core.cli", *sys.argv[1:]])  # noqa: S606 -- this very program again
            child = _fork(server)
    except KeyboardInterrupt:
        return 0
    finally:
        _end(child)


def _import_all() -> None:
    """Import what a server imports. What cannot be imported is told by the server, which tries again."""
    for path in sorted((ROOT / "plugins").glob("*/plugin.py")):
        with suppress(Exception, SystemExit):
            importlib.import_module(f"plugins.{path.parent.name}.plugin")
    for name in ("core.app", "core.storefront.views", "core.panel.views", "core.kernel.migrate", "waitress.server"):
        with suppress(Exception):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()


def _is_held(changed: Iterable[str]) -> bool:
    """Whether one of these files was imported by this process."""
    return any(path.endswith(".py") and Path(path).is_relative_to(held) for path in changed for held in _HELD)


def _fork(server: Callable[[], int]) -> int:
    parent = os.getpid()
    child = os.fork()
    if not child:
        _serve_as_child(parent, server)
    return child


def _serve_as_child(parent: int, server: Callable[[], int]) -> NoReturn:
    # Python tells a kept file from an edited one by the second: of two edits within one, the later would be missed.
    sys.dont_write_bytecode = True
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    code = 1
    try:
        code = answered(server)
    except SystemExit as asked:
        code = asked.code if isinstance(asked.code, int) else 0
    except Exception:  # noqa: BLE001 -- above here is only the parent's stack
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


def _ended(child: int) -> int | None:
    """The code that a child ended with; None while it serves."""
    pid, status = os.waitpid(child, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if pid else None


def _kill(child: int) -> None:
    """At once: what it stored is stored, and an author waits for the next one."""
    if child:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(child, 0)


def _end(child: int) -> None:
    """The last one takes back its note of where it serves."""
    if not child:
        return
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGTERM)
    for _ in range(60):
        if _ended(child) is not None:
            return
        time.sleep(_POLL_S)
    _kill(child)


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
