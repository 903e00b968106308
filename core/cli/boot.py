"""What a command needs before it works: the installation, its tables, and a bar that shows how far it is."""

from __future__ import annotations

import sys
from typing import Any

from core.kernel import config, migrate
from core.kernel.installation import Installation


def boot(*, migrated: bool = True, **overrides: Any) -> Installation:
    """Assemble the installation for a command; with `migrated`, bring its tables up to date first."""
    from core.app import assemble

    made = assemble(config.load(**overrides))
    if migrated:
        migrate.migrate()
    return made


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
