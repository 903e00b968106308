"""Wish list: what shoppers keep for later, with an account or without, and show to others by a link."""

from __future__ import annotations

import sys
from typing import Any

from markupsafe import Markup

from core.api import (
    CardAct,
    Delivery,
    PanelSection,
    Plugin,
    ShopperErased,
    Site,
    Stored,
    asset,
    gettext,
    hookimpl,
    icon,
    is_open,
    language,
    lazy,
    named_products,
    site_by_host,
    url_for,
)
from plugins.wishlist import forms
from plugins.wishlist.models import TABLES
from plugins.wishlist.services import keeping
from plugins.wishlist.views import shop

_SLOTS = ("page.end", "header.tools", "menu.links", "account.menu")


def _wishes(site: Site, shopper_id: int) -> dict[str, Any]:
    """What a shopper keeps, the newest first, for their page in the panel; products that are gone are left out."""
    ids = [entry.product_id for entry in keeping.entries(site, shopper_id, "")]
    names = named_products(site, language(), ids)
    found = [(names[one].name, url_for("panel.product", product_id=one)) for one in ids if one in names]
    return {"found": found}


def keep(arguments: list[str]) -> int:
    """`./stoa wishlist keep --site HOST EMAIL SKU ...`."""
    said = forms.arguments(arguments)
    count = keeping.keep_for(site_by_host(said.site), said.email, said.skus)
    sys.stderr.write(f"{count:,} products kept.\n")
    return 0


SECTION = PanelSection(
    place="shopper", title="Wish list", template="wishlist/shopper.html", values=_wishes, permission="shoppers.view"
)
PLUGIN = Plugin(
    name="wishlist",
    version="1.0.0",
    title="Wish list",
    summary="A heart on every product: what shoppers keep for later, with the news that it became cheaper or is back.",
    category="content",
    author="Stoa contributors",
    models=TABLES,
    stores=(Stored(name="mine_wishlist", purpose=lazy("What you keep for later, without an account."), days=365),),
    shop=shop,
    panel_sections=(SECTION,),
    card_acts=(CardAct(endpoint="add", title="Keep for later", icon="heart"),),
    entered=keeping.take_over,
    slots=_SLOTS,
    kept_slots=tuple(name for name in _SLOTS if name != "account.menu"),
    commands={"keep": keep},
    hears=(ShopperErased,),
)
_ITEM = Markup('<li><a class="{css}" href="{url}">{icon}{title}</a></li>')
_TOOL = Markup(
    '<a class="icon-button wish-tool" href="{url}"><span class="unseen">{title} </span>{icon}'
    '<span class="count num" data-wish-count hidden></span></a>'
)
_SCRIPT = Markup('<template data-module="{}"></template>')


@hookimpl
def site_slot(name: str) -> Markup | None:
    """The way to the list, in the header, in the menu and in the account; and the script that marks hearts."""
    if name == "page.end":
        return _SCRIPT.format(asset("wishlist:js/wishlist.js"))
    if name not in {"header.tools", "menu.links", "account.menu"} or (name == "account.menu" and not is_open()):
        return None
    values = {"url": url_for("wishlist.show"), "title": gettext("Wish list"), "icon": icon("heart")}
    if name == "header.tools":
        return _TOOL.format(**values)
    return _ITEM.format(css="account-nav__item" if name == "account.menu" else "menu__item", **values)


@hookimpl
def notify_event(site: Site, delivery: Delivery) -> None:
    """An erased account takes its list along."""
    if isinstance(delivery.event, ShopperErased):
        keeping.forget(site, delivery.event.shopper_id)
