"""HTTP: the operations themselves, their reference, and the panel's pages for keys."""

from __future__ import annotations

from plugins.api.views import operations, reference
from plugins.api.views.keys import panel
from plugins.api.views.place import shop

__all__ = ["operations", "panel", "reference", "shop"]
