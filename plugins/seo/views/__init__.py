"""Pages of the panel, and what crawlers fetch."""

from __future__ import annotations

from plugins.seo.views import audit, feeds, redirects, words
from plugins.seo.views.place import panel, shop

__all__ = ["audit", "feeds", "panel", "redirects", "shop", "words"]
