"""Work that takes longer than a page: asked for here, done by the worker."""

from __future__ import annotations

from core.api import Site, enqueue_job, micros, now, transaction
from plugins.seo.services.rules import PLUGIN

_MINUTE_US = 60_000_000


def ask_for(site: Site, name: str) -> None:
    """Let the worker do it; pressed twice within a minute, it is done once. Commits."""
    with transaction():
        key = f"{PLUGIN}.{name}:{site.id}:{micros(now()) // _MINUTE_US}"
        enqueue_job(f"{PLUGIN}.{name}", {}, site_id=site.id, plugin=PLUGIN, key=key)
