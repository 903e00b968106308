"""Which pages stand in the menus of the shop, and in which order."""

from __future__ import annotations

from typing import Any

from core.api import actor, current_site, panel_to, render, request
from core.api import gettext as _
from plugins.pages.services.panel import listing
from plugins.pages.services.panel import menus as placing
from plugins.pages.views.panel.place import may_publish, panel

_LAST_ID = 2**31


@panel.get("/menus")
@may_publish
def menus() -> Any:
    """The pages in the header and in the footer."""
    site = current_site()
    found, _further = listing.listed(site, listing.Query())
    rows = {row.id: row for row in found}
    placed = {menu: placing.placed(site, menu) for menu in placing.MENUS}
    return render(
        "pages/panel/menus.html",
        menus={menu: [rows[one] for one in ids if one in rows] for menu, ids in placed.items()},
        others={menu: [row for row in found if row.id not in ids] for menu, ids in placed.items()},
    )


@panel.post("/menus")
@may_publish
def arrange() -> Any:
    """Put a page in, take it out, or move it."""
    form = request.form
    act, _colon, number = form.get("act", "").partition(":")
    page_id = number or form.get("page", "")
    known = int(page_id) if page_id.isascii() and page_id.isdecimal() and len(page_id) < 10 else 0
    if act == "add" and not known:
        return panel_to("pages.panel.menus", say=_("Choose a page first."), kind="bad")
    placing.arrange(current_site(), form.get("menu", ""), act, known, actor=actor())
    return panel_to("pages.panel.menus", say=_("Saved. Shoppers see it with the next page."))
