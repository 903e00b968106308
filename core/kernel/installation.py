"""The one installation this process runs: its configuration, plugins, sites and themes, made by `create_app()`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.kernel.cache import PageCache, Versions
    from core.kernel.config import Config
    from core.kernel.faults import Faults
    from core.kernel.fragments import Fragments
    from core.kernel.plugins import Registry
    from core.kernel.sites import Sites
    from core.kernel.themes import Themes


class Installation:
    """What all floors share. Replaced whole by the next `create_app()` in tests; never changed otherwise."""

    def __init__(
        self,
        *,
        config: Config,
        plugins: Registry,
        themes: Themes,
        sites: Sites,
        faults: Faults,
        versions: Versions,
        pages: PageCache,
        fragments: Fragments,
    ) -> None:
        self.config = config
        self.plugins = plugins
        self.themes = themes
        self.sites = sites
        self.faults = faults
        self.versions = versions
        self.pages = pages
        self.fragments = fragments
        self.plugins_changed: Callable[[], None] = lambda: None


_present: list[Installation] = []


def install(installation: Installation) -> None:
    """Make `installation` the one of this process."""
    _present[:] = [installation]


def installation() -> Installation:
    """The installation of this process; RuntimeError before `create_app()`."""
    if not _present:
        raise RuntimeError("create_app() has not run in this process")
    return _present[0]
