"""The tree of pages in the panel."""

from __future__ import annotations

from typing import Any

from core.api import actor, current_site, panel_form_key, panel_once, panel_to, render, request
from core.api import gettext as _
from plugins.pages.services.panel import tree as arranging
from plugins.pages.views.panel.place import may_publish, panel


@panel.get("/tree")
@may_publish
def tree() -> Any:
    """All pages as they stand below each other."""
    return render("pages/panel/tree.html", branches=arranging.branches(current_site()))


@panel.post("/tree")
@may_publish
@panel_once("pages.panel.tree")
def step() -> Any:
    """Take one step with a page: `up:7`, `down:7`, `in:7` below the one before it, `out:7`."""
    act, _colon, number = request.form.get("act", "").partition(":")
    page_id = int(number) if number.isascii() and number.isdecimal() and len(number) < 10 else 0
    arranging.move(current_site(), page_id, act, actor=actor(), key=panel_form_key())
    said = _("Saved. Shoppers see it with the next page.")
    return panel_to("pages.panel.tree", say=said, _anchor=f"page-{page_id}")
