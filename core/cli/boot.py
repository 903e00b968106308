"""What a command needs before it works: the installation, its tables, and a bar that shows how far it is."""

from __future__ import annotations

import difflib
import socket
import sys
from collections.abc import Iterable
from typing import Any

from core.hookspecs.site import Site
from core.kernel import config, migrate
from core.kernel.installation import Installation, installation
from core.lib.errors import NotFound


def boot(*, migrated: bool = True, **overrides: Any) -> Installation:
    """Assemble the installation for a command; with `migrated`, bring its tables up to date first."""
    from core.app import assemble

    made = assemble(config.load(**overrides))
    if migrated:
        migrate.migrate()
    return made


PORT_FILE = "port"


def running_port() -> int | None:
    """The port at which `run` serves this installation right now, as it noted; None if nothing answers there."""
    noted = config.load().instance / PORT_FILE
    if not noted.exists() or not (text := noted.read_text("utf-8").strip()).isdecimal():
        return None
    with socket.socket() as probe:
        probe.settimeout(1)
        return int(text) if probe.connect_ex(("127.0.0.1", int(text))) == 0 else None


def the_site(host: str) -> Site:
    """The site with this domain. Raises NotFound with the domains there are."""
    for state in (known := installation().sites.all()):
        if state.site.host == host:
            return state.site
    instance = installation().config.instance
    if not known:
        raise NotFound(f"there is no site {host!r}: {instance} has none yet (STOA_INSTANCE names another installation)")
    raise NotFound(f"there is no site {host!r}{meant(host, [state.site.host for state in known], f' in {instance}')}")


def the_plugin(name: str) -> str:
    """The name, if there is such a plugin, be it broken. Raises NotFound with the name that was meant."""
    found = {*installation().plugins.loaded, *installation().plugins.broken}
    if name in found:
        return name
    where = f" in plugins/ and {installation().config.plugins_path}"
    raise NotFound(f"there is no plugin {name!r}{meant(name, found, where)}")


def meant(word: str, known: Iterable[str], where: str = "") -> str:
    """A guess at what was meant, else all there is."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; there are{where}: {', '.join(names) or 'none'}"


def bar(done: int, whole: int, what: str = "") -> None:
    """A progress bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        return
    share = done / whole if whole else 1.0
    width = 32
    filled = round(width * share)
    sys.stderr.write(f"\r[{'█' * filled}{'·' * (width - filled)}] {done:,}/{whole:,} {what}\033[K")
    if done >= whole:
        sys.stderr.write("\n")
    sys.stderr.flush()
