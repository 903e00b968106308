"""What the shops say of themselves, and their guides: files of texts, handed to the plugin that keeps pages."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import redirect_stderr
from pathlib import Path

from core.api import NotFound, Site, run_plugin_command

HERE = Path(__file__).parents[1]
GUIDES = "guides.toml"
# Each shop promises what it keeps, so each has pages of its own.
PAGES = {"shop.localhost": "pages-shop.toml", "ji.localhost": "pages-ji.toml"}


def seed_pages(sites: Sequence[Site]) -> None:
    """Publish each site's pages and the guides; without the plugin there are none. Commits, file by file."""
    for site in sites:
        for name in (PAGES[site.host], GUIDES):
            try:
                with redirect_stderr(io.StringIO()) as said:
                    failed = run_plugin_command("pages", "import", [str(HERE / name), "--site", site.host, "--publish"])
            except NotFound:
                return
            if failed:
                raise RuntimeError(said.getvalue())
