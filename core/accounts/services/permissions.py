"""What staff may be allowed to do, and the roles that core brings.

Titles are English msgids. Plugins add theirs with `Plugin(permissions=...)`, offered while the plugin is loaded.
"""

from __future__ import annotations

from msgspec import Struct

from core.kernel.installation import installation


class Permission(Struct, frozen=True, kw_only=True):
    """A permission as the page of roles shows it.

    `shared`: what it opens belongs to all sites together, so only a role for every site gives it.
    """

    code: str
    title: str
    group: str
    shared: bool = False


ORDERS, CATALOGUE, SHOP, INSTALLATION, PLUGINS = "Orders", "Catalogue", "Shop", "Installation", "From plugins"

CORE: tuple[Permission, ...] = (
    Permission(code="orders.view", title="See orders", group=ORDERS),
    Permission(code="orders.pay", title="Mark orders as paid", group=ORDERS),
    Permission(code="orders.ship", title="Ship and print", group=ORDERS),
    Permission(code="orders.create", title="Prepare orders and send pay links", group=ORDERS),
    Permission(code="orders.import", title="Import orders from other channels", group=ORDERS),
    Permission(code="orders.edit", title="Change, split and merge orders", group=ORDERS),
    Permission(code="orders.review", title="Decide about orders on hold", group=ORDERS),
    Permission(code="orders.cancel", title="Cancel orders", group=ORDERS),
    Permission(code="orders.return", title="Take goods back and decide about returns", group=ORDERS),
    Permission(code="orders.refund", title="Refund payments", group=ORDERS),
    Permission(code="orders.export", title="Export orders", group=ORDERS),
    Permission(code="shoppers.view", title="See shoppers", group=ORDERS),
    Permission(code="shoppers.edit", title="Edit and disable shoppers", group=ORDERS),
    Permission(code="shoppers.export", title="Export shoppers and their data", group=ORDERS),
    Permission(code="catalogue.view", title="See products and stock", group=CATALOGUE),
    Permission(code="products.edit", title="Edit products", group=CATALOGUE, shared=True),
    Permission(code="texts.edit", title="Edit words and pictures", group=CATALOGUE),
    Permission(code="listings.edit", title="Show products on a site and hide them", group=CATALOGUE),
    Permission(code="prices.edit", title="Edit prices", group=CATALOGUE),
    Permission(code="stock.edit", title="Correct stock", group=CATALOGUE),
    Permission(code="categories.edit", title="Edit categories", group=CATALOGUE, shared=True),
    Permission(code="media.edit", title="Add and remove pictures", group=CATALOGUE),
    Permission(code="catalogue.import", title="Import and export products", group=CATALOGUE, shared=True),
    Permission(code="plugins.switch", title="Switch plugins on and off", group=SHOP),
    Permission(code="plugins.settings", title="Change settings of plugins", group=SHOP),
    Permission(code="plugins.secrets", title="Replace secrets of plugins", group=SHOP),
    Permission(code="theme.edit", title="Change the theme", group=SHOP),
    Permission(code="site.edit", title="Edit the site’s own settings", group=SHOP),
    Permission(code="activity.view", title="See the activity log", group=SHOP),
    Permission(code="jobs.view", title="See jobs and faults", group=INSTALLATION, shared=True),
    Permission(code="jobs.retry", title="Retry and drop jobs", group=INSTALLATION, shared=True),
    Permission(code="sites.edit", title="Add and edit sites", group=INSTALLATION, shared=True),
    Permission(code="staff.edit", title="Invite staff and give roles", group=INSTALLATION, shared=True),
)

_DESK = (
    "orders.view", "orders.create", "orders.edit", "orders.pay", "orders.ship", "orders.cancel", "orders.return",
    "orders.export", "shoppers.view", "stock.edit",
)  # fmt: skip
_CONTENT = ("catalogue.view", "texts.edit", "listings.edit", "categories.edit", "media.edit", "theme.edit")
_RESERVED = frozenset({"plugins.secrets", "sites.edit", "staff.edit"})

BUILTIN_ROLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "manager": ("Manager", tuple(known.code for known in CORE if known.code not in _RESERVED)),
    "order_desk": ("Order desk", (*_DESK, "catalogue.view")),
    "content_editor": ("Content editor", _CONTENT),
}


def permissions() -> tuple[Permission, ...]:
    """All permissions there are now: core's, then those of the loaded plugins."""
    from_plugins = (
        Permission(code=added.code, title=added.title, group=PLUGINS)
        for _, loaded in sorted(installation().plugins.loaded.items())
        for added in loaded.plugin.permissions
    )
    return (*CORE, *from_plugins)


SHARED = frozenset(known.code for known in CORE if known.shared)


def known_codes() -> frozenset[str]:
    """The codes of `permissions()`; what a role may hold."""
    return frozenset(known.code for known in permissions())
