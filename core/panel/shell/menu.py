"""The menu of the panel, with what plugins add, and the palette: where each person can go from every page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from flask import request, url_for
from msgspec import Struct

from core.hookspecs.site import Site
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.i18n import lazy
from core.kernel.installation import installation

if TYPE_CHECKING:
    from core.panel.shell import Shell


class Entry(Struct, frozen=True):
    """One line of the menu or the palette. `count` stands at its end, in red if it is an `alert`.

    `words` are others that find it in the palette. With `post` (a name and a value) it posts to `url`.
    """

    key: str
    title: str
    url: str
    icon: str
    count: int = 0
    alert: bool = False
    note: str = ""
    words: str = ""
    post: tuple[str, str] | None = None


class Group(Struct, frozen=True):
    """Entries under one heading; the first group has none. `folds` are groups that open when they are asked for."""

    key: str
    title: str
    entries: list[Entry]
    folds: tuple[Group, ...] = ()


class Item(Struct, frozen=True):
    """An entry of core's menu, before anyone is asked whether they may see it."""

    key: str
    title: Any
    icon: str
    permission: str
    everywhere: bool = False


_SELLING = (
    Item("home", lazy("Home"), "home", ""),
    Item("orders", lazy("Orders"), "orders", "orders.view"),
    Item("shoppers", lazy("Shoppers"), "people", "shoppers.view"),
)
_GOODS = (
    Item("products", lazy("Products"), "products", "catalogue.view"),
    Item("categories", lazy("Categories"), "split", "catalogue.view"),
    Item("media", lazy("Pictures"), "image", "catalogue.view"),
    Item("stock", lazy("Stock"), "box", "catalogue.view"),
    Item("search_leads", lazy("Search"), "search", "site.edit"),
)
# Where the entries of plugins stand, by the plugins' categories.
_BESIDE_ORDERS = ("payment", "machinery")
_BESIDE_GOODS = ("content", "community", "search")
_FOLDS = (
    ("delivery", lazy("Delivery and taxes"), ("delivery", "tax")),
    ("marketing", lazy("Marketing"), ("promotion", "marketing")),
    ("links", lazy("Connections"), ("channel",)),
)
_SITE = (
    Item("theme", lazy("Theme"), "brush", "theme.edit"),
    Item("plugins", lazy("Plugins"), "plug", "plugins.switch"),
    Item("settings", lazy("Settings"), "gear", "site.edit"),
)
_HOUSE = (
    Item("sites", lazy("Sites"), "store", "sites.edit", everywhere=True),
    Item("staff", lazy("Staff and roles"), "staff", "staff.edit", everywhere=True),
    Item("activity", lazy("Activity"), "clock", "activity.view"),
    Item("jobs", lazy("Jobs"), "jobs", "jobs.view", everywhere=True),
    Item("health", lazy("Health"), "pulse", "jobs.view", everywhere=True),
)
_ACTS = (
    ("product_new", lazy("Add a product"), "plus", "products.edit"),
    ("draft_new", lazy("New order"), "plus", "orders.create"),
    ("imports", lazy("Import products"), "upload", "products.edit"),
    ("order_imports", lazy("Import orders"), "upload", "orders.import"),
    ("manifests", lazy("Manifests"), "truck", "orders.ship"),
    ("category_new", lazy("Add a category"), "plus", "categories.edit"),
    ("staff_new", lazy("Add someone"), "plus", "staff.edit"),
    ("role_new", lazy("New role"), "plus", "staff.edit"),
    ("site_new", lazy("Add a site"), "plus", "sites.edit"),
    ("plugin_defaults", lazy("Shared plugin settings"), "plug", "plugins.settings"),
)
# Permissions that hold for the open site; the other acts above concern all sites.
_OF_SITE = {"orders.create", "orders.import"}
_ORDER_ACTS = (
    ("order_ship", lazy("Ship"), "truck", "orders.ship"),
    ("order_paid", lazy("Mark as paid"), "card", "orders.pay"),
    ("order_refund", lazy("Refund"), "undo", "orders.refund"),
    ("order_change", lazy("Change"), "edit", "orders.edit"),
    ("order_cancel", lazy("Cancel"), "close", "orders.cancel"),
    ("order_return", lazy("Take back"), "return", "orders.return"),
)
COUNTERS: dict[str, Callable[[Site], tuple[int, bool]]] = {}


def menu_of(shell: Shell) -> list[Group]:
    """Core's entries and those of the plugins that are on, as far as this person may use them."""
    folds = (Group(key, str(title), _plugin_entries(shell, kinds)) for key, title, kinds in _FOLDS)
    groups = [
        Group("selling", "", [*_entries(shell, _SELLING), *_plugin_entries(shell, _BESIDE_ORDERS)]),
        Group("goods", _("Goods"), [*_entries(shell, _GOODS), *_plugin_entries(shell, _BESIDE_GOODS)]),
        Group("more", _("More to do"), [], tuple(fold for fold in folds if fold.entries)),
        Group("site", _("This site"), _entries(shell, _SITE)),
        Group("house", _("All sites"), _entries(shell, _HOUSE)),
    ]
    return [group for group in groups if group.entries or group.folds]


def _entries(shell: Shell, items: tuple[Item, ...]) -> list[Entry]:
    return [
        Entry(item.key, str(item.title), url_for(f"panel.{item.key}"), item.icon, *_count(shell.site, item.key))
        for item in items
        if not item.permission or (shell.may_everywhere if item.everywhere else shell.may)(item.permission)
    ]


def _count(site: Site, key: str) -> tuple[int, bool]:
    return COUNTERS[key](site) if key in COUNTERS else (0, False)


def _plugin_entries(shell: Shell, kinds: tuple[str, ...]) -> list[Entry]:
    """The entries of those plugins that are on and of one of these categories."""
    loaded = installation().plugins.loaded
    return [
        Entry(
            f"{name}.{entry.endpoint}",
            i18n.of_plugin(name, entry.title),
            url_for(f"{name}.panel.{entry.endpoint}"),
            entry.icon,
        )
        for name in shell.state.runtime.plugins
        if loaded[name].plugin.category in kinds
        for entry in loaded[name].plugin.panel_menu
        if (not entry.permission or shell.may(entry.permission)) and (entry.where is None or entry.where(shell.site))
    ]


def _order_acts(shell: Shell) -> Iterator[Entry]:
    """What can be done with the order that is open, where one is."""
    number = (request.view_args or {}).get("number")
    if number and (request.endpoint or "").startswith("panel.order"):
        for endpoint, title, icon, permission in _ORDER_ACTS:
            if shell.may(permission):
                said = f"{title} · {number}"
                yield Entry("", said, url_for(f"panel.{endpoint}", number=number), icon)


def _own_acts(scheme: str) -> Iterator[Entry]:
    """What everybody may do for themselves."""
    for other, title, icon in (
        ("light", _("Light"), "sun"),
        ("dark", _("Dark"), "moon"),
        ("", _("System"), "system"),
    ):
        if other != scheme:
            yield Entry(
                "", i18n.labelled(_("Appearance"), title), url_for("panel.appearance"), icon, post=("scheme", other)
            )
    yield Entry("", _("Sign out"), url_for("panel.logout"), "arrow", post=("out", "1"))


def palette_of(shell: Shell) -> list[tuple[str, list[Entry]]]:
    """What Ctrl K finds without asking the server."""
    new = _("new, make, create")
    acts = [
        Entry("", str(title), url_for(f"panel.{endpoint}"), icon, words=new if icon == "plus" else "")
        for endpoint, title, icon, permission in _ACTS
        if (shell.may if permission in _OF_SITE else shell.may_everywhere)(permission)
    ]
    pages = [entry for group in shell.menu for one in (group, *group.folds) for entry in one.entries]
    found = [
        (_("This order"), list(_order_acts(shell))),
        (_("Actions"), [*acts, *_own_acts(shell.scheme)]),
        (_("Go to"), [*pages, Entry("", _("Your account"), url_for("panel.account"), "key")]),
    ]
    return [(head, hits) for head, hits in found if hits]
