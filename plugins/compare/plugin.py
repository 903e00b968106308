"""Compare: up to four products side by side, with what differs made plain."""

from __future__ import annotations

from markupsafe import Markup

from core.api import CardAct, Plugin, Stored, asset, gettext, hookimpl, icon, lazy, url_for
from plugins.compare.views import shop

_SLOTS = ("page.end", "menu.links")
PLUGIN = Plugin(
    name="compare",
    version="1.0.0",
    title="Compare",
    summary="Shoppers put up to four products side by side and see where they differ.",
    category="content",
    author="Stoa contributors",
    stores=(Stored(name="mine_compare", purpose=lazy("What you put side by side."), days=365),),
    shop=shop,
    card_acts=(CardAct(endpoint="add", title="Compare", icon="columns"),),
    slots=_SLOTS,
    kept_slots=_SLOTS,
)
_END = Markup(
    '<a class="compare-bar button button--primary" href="{url}" data-compare-bar hidden>{icon}<span>{title}</span>'
    ' <span class="num" data-compare-count></span></a>'
    '<template data-module="{script}"></template>'
)
_ITEM = Markup('<li><a class="menu__item" href="{url}">{icon}{title}</a></li>')


@hookimpl
def site_slot(name: str) -> Markup | None:
    """The way to the comparison: a bar once something is in it, which a script shows, and a line of the menu."""
    if name not in {"page.end", "menu.links"}:
        return None
    values = {"url": url_for("compare.show"), "title": gettext("Compare")}
    if name == "menu.links":
        return _ITEM.format(icon=icon("columns"), **values)
    return _END.format(icon=icon("columns"), script=asset("compare:js/compare.js"), **values)
