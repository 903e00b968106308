"""Pages in the panel."""

from __future__ import annotations

from plugins.pages.views.panel import editor, history, listing, menus, tree
from plugins.pages.views.panel.place import PERMISSION, PUBLISH, panel

__all__ = ["PERMISSION", "PUBLISH", "editor", "history", "listing", "menus", "panel", "tree"]
