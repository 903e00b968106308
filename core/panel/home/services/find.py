"""What the search finds: each kind costs one statement."""

from __future__ import annotations

from collections.abc import Iterator

from flask import url_for
from msgspec import Struct

from core.accounts.services.listing import ShopperFilters, list_shoppers
from core.catalogue.services.product_words import holding
from core.hookspecs.site import Site
from core.kernel import db, i18n
from core.kernel.answers import checked
from core.kernel.i18n import gettext as _
from core.kernel.installation import installation
from core.kernel.manifest import PanelHit
from core.kernel.settings import fields
from core.kernel.sites import SiteState
from core.orders.services.listing import OrderFilters, list_orders
from core.panel.shell import Shell
from core.panel.shell.menu import Entry

HITS = 8


class Hit(Struct, frozen=True, kw_only=True):
    """A thing that the search found."""

    title: str
    note: str
    url: str
    icon: str
    words: str = ""
    post: tuple[str, str] | None = None


def found(state: SiteState, shell: Shell, query: str) -> list[tuple[str, list[Hit]]]:
    """Orders, shoppers, products, acts, settings and pages that fit, as far as this person may use them, by kind."""
    words = query.casefold().split()
    exact = _of_sku(query) if shell.may("catalogue.view") else []
    groups = [
        (_("Exactly this SKU"), exact),
        (_("Orders"), _orders(state.site, query) if shell.may("orders.view") else []),
        (_("Shoppers"), _shoppers(state.site, query) if shell.may("shoppers.view") else []),
        (_("Products"), [hit for hit in _products(query) if hit not in exact] if shell.may("catalogue.view") else []),
        *_of_plugins(state, shell, query),
        *((head, _entries(entries, words)) for head, entries in shell.palette),
        (_("Plugins"), _switches(state, shell, words)),
        (_("Settings"), _settings(state, shell, words)),
    ]
    return [(head, hits) for head, hits in groups if hits]


def _of_plugins(state: SiteState, shell: Shell, query: str) -> Iterator[tuple[str, list[Hit]]]:
    """What plugins find among the things they keep, each guarded."""
    loaded = installation().plugins.loaded
    for name in state.runtime.plugins:
        finder = loaded[name].plugin.panel_finder
        if finder is None or not shell.may(finder.permission):
            continue
        try:
            found = [checked(hit, PanelHit, asked="panel finder") for hit in finder.find(state.site, query)[:HITS]]
        except (Exception, SystemExit) as error:  # noqa: BLE001 -- the guard: whatever a plugin does, the search stands
            installation().faults.report(state.site.id, name, "panel finder", error)
            continue
        hits = [Hit(title=hit.title, note=hit.note, url=hit.url, icon=hit.icon) for hit in found]
        yield i18n.of_plugin(name, finder.title), hits


def _entries(entries: list[Entry], words: list[str]) -> list[Hit]:
    return [
        Hit(title=entry.title, note="", url=entry.url, icon=entry.icon, words=entry.words, post=entry.post)
        for entry in entries
        if _fits(f"{entry.title} {entry.words}", words)
    ]


def _switches(state: SiteState, shell: Shell, words: list[str]) -> list[Hit]:
    """Switching a plugin on or off, by its title or by what it is called in the code."""
    if not shell.may("plugins.switch"):
        return []
    hits = []
    for name, loaded in sorted(installation().plugins.loaded.items()):
        is_on = name in state.runtime.plugins
        title = i18n.of_plugin(name, str(loaded.plugin.title))
        said = _("Switch off %(plugin)s", plugin=title) if is_on else _("Switch on %(plugin)s", plugin=title)
        url = url_for("panel.plugin_switch", name=name)
        if _begin(f"{said} {name}", words):
            hits.append(Hit(title=said, note="", url=url, icon="plug", post=("off" if is_on else "on", "1")))
    return hits[:HITS]


def _settings(state: SiteState, shell: Shell, words: list[str]) -> list[Hit]:
    """Single settings of the plugins that are on here, by the words of their form."""
    if not shell.may("plugins.settings"):
        return []
    loaded = installation().plugins.loaded
    declared = [(name, loaded[name].plugin) for name in state.runtime.plugins if loaded[name].plugin.settings]
    hits = [
        Hit(
            title=i18n.of_plugin(name, about.label),
            note=i18n.of_plugin(name, str(plugin.title)),
            url=url_for("panel.plugin_settings", name=name, _anchor=about.name),
            icon="gear",
        )
        for name, plugin in declared
        if plugin.settings
        for about in fields(plugin.settings)
        if _fits(f"{i18n.of_plugin(name, str(plugin.title))} {i18n.of_plugin(name, about.label)}", words)
    ]
    return hits[:HITS]


def _fits(text: str, words: list[str]) -> bool:
    return all(word in text.casefold() for word in words)


def _begin(text: str, words: list[str]) -> bool:
    """Whether each word begins one of the text's; Chinese has no spaces, so there it may stand anywhere."""
    folded = text.casefold()
    begun = folded.replace("_", " ").split()
    return all(any(one.startswith(word) for one in begun) or (not word.isascii() and word in folded) for word in words)


def _orders(site: Site, query: str) -> list[Hit]:
    found = list_orders(site, OrderFilters(text=query), limit=HITS).orders
    return [
        Hit(
            title=order.number,
            note=order.name or order.email,
            url=url_for("panel.order", number=order.number),
            icon="orders",
        )
        for order in found
    ]


def _shoppers(site: Site, query: str) -> list[Hit]:
    found, _further = list_shoppers(site, ShopperFilters(text=query), limit=HITS)
    return [
        Hit(
            title=one.name or one.email,
            note=one.email if one.name else "",
            url=url_for("panel.shopper", shopper_id=one.id),
            icon="people",
        )
        for one in found
    ]


def _products(query: str) -> list[Hit]:
    """By pieces of names, SKUs and barcodes, the newest first; two statements that stop at enough."""
    held, words = holding(query)
    found = db.rows(
        f"SELECT p.id FROM product p WHERE p.deleted_at IS NULL AND {held} ORDER BY p.id DESC LIMIT ?", *words, HITS
    )
    return _as_hits([row[0] for row in found])


def _of_sku(query: str) -> list[Hit]:
    """The product with a variant of this very number, whichever way its letters are written. One statement or two."""
    found = db.rows(
        "SELECT v.product_id FROM variant v JOIN product p ON p.id = v.product_id WHERE v.sku IN (?, ?, ?) AND"
        " v.deleted_at IS NULL AND p.deleted_at IS NULL LIMIT 1",
        query, query.upper(), query.lower(),
    )  # fmt: skip
    return _as_hits([row[0] for row in found])


def _as_hits(ids: list[int]) -> list[Hit]:
    if not ids:
        return []
    rows = db.rows(
        "SELECT p.id, COALESCE(MIN(CASE WHEN t.language = ? THEN t.name END), MIN(t.name)), MIN(v.sku) FROM product p"
        " LEFT JOIN product_text t ON t.product_id = p.id LEFT JOIN variant v ON v.product_id = p.id"
        f" WHERE p.id IN ({db.marks(ids)}) GROUP BY p.id ORDER BY p.id DESC",
        i18n.language(),
        *ids,
    )
    return [
        Hit(
            title=name or _("Without a name"),
            note=sku or "",
            url=url_for("panel.product", product_id=found),
            icon="box",
        )
        for found, name, sku in rows
    ]
