"""What the first page and the search show: each figure and list costs one statement."""

from __future__ import annotations

from dataclasses import dataclass

from flask import url_for

from core.hookspecs.site import Site
from core.kernel import db
from core.kernel.i18n import gettext as _
from core.kernel.i18n import ngettext
from core.kernel.sites import SiteState
from core.panel.jobs.services import dead_count
from core.panel.orders.services.filters import to_ship_count
from core.panel.shell import Shell

LOW = 5
HITS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something that waits for the merchant, why, and the act that settles it."""

    icon: str
    title: str
    why: str
    url: str
    act: str
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A first step, with how it was noticed that it is done, or why to do it."""

    title: str
    how: str
    url: str
    is_done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A thing that the search found."""

    title: str
    note: str
    url: str
    icon: str


def steps(state: SiteState) -> list[Step]:
    """The first steps of a new shop; none once all are done."""
    site_id = state.site.id
    listed, paid_by, carried_by, ordered = db.one(
        "SELECT EXISTS (SELECT 1 FROM listing WHERE site_id = ? AND visible = ?), 0, 0, EXISTS (SELECT 1 FROM orders"
        " WHERE site_id = ?)",
        site_id,
        True,
        site_id,
    ) or (0, 0, 0, 0)
    paid_by = bool(state.hooks.answering("payment_gateways"))
    carried_by = bool(state.hooks.answering("fulfil_carriers"))
    known = [
        Step(
            title=_("Put a first product on sale"),
            how=_("Shoppers see it at once."),
            url=url_for("panel.products"),
            is_done=bool(listed),
        ),
        Step(
            title=_("Decide how you are paid"),
            how=_("Without a plugin, orders are to be paid by arrangement."),
            url=url_for("panel.plugins", _anchor="group-payment"),
            is_done=paid_by,
        ),
        Step(
            title=_("Decide how parcels travel"),
            how=_("One flat price is enough to begin."),
            url=url_for("panel.plugins", _anchor="group-delivery"),
            is_done=carried_by,
        ),
        Step(
            title=_("Place a test order"),
            how=_("Buy from your own shop as a shopper would."),
            url=state.site.origin,
            is_done=bool(ordered),
        ),
    ]
    return [] if all(step.is_done for step in known) else known


def needs(state: SiteState, shell: Shell) -> list[Need]:
    """What waits for this person on this site, the worst first."""
    return [*_paused(state, shell), *_dead(shell), *_to_ship(state.site, shell), *_low(state.site, shell)]


def _paused(state: SiteState, shell: Shell) -> list[Need]:
    names = [name for name, now in state.states.items() if now == "paused"]
    if not names or not shell.may("plugins.switch"):
        return []
    title = ngettext("%(n)s plugin is paused", "%(n)s plugins are paused", len(names))
    return [
        Need(
            icon="plug",
            title=title,
            why=", ".join(names),
            url=url_for("panel.plugins", show="care"),
            act=_("Look"),
            tone="bad",
        )
    ]


def _dead(shell: Shell) -> list[Need]:
    count = dead_count() if shell.may("jobs.view") else 0
    if not count:
        return []
    title = ngettext("%(n)s piece of work gave up", "%(n)s pieces of work gave up", count)
    return [
        Need(
            icon="jobs",
            title=title,
            why=_("Nothing is lost; it waits until you try again."),
            url=url_for("panel.jobs"),
            act=_("Look"),
            tone="bad",
        )
    ]


def _to_ship(site: Site, shell: Shell) -> list[Need]:
    count = to_ship_count(site) if shell.may("orders.ship") else 0
    if not count:
        return []
    title = ngettext("%(n)s order is to be shipped", "%(n)s orders are to be shipped", count)
    return [
        Need(
            icon="truck",
            title=title,
            why=_("The pieces are set aside for them."),
            url=url_for("panel.orders", view="to_ship"),
            act=_("Show"),
        )
    ]


def _low(site: Site, shell: Shell) -> list[Need]:
    if not shell.may("catalogue.view"):
        return []
    count = db.value(
        "SELECT COUNT(*) FROM variant v JOIN listing l ON l.product_id = v.product_id AND l.site_id = ? AND"
        " l.visible = ?"
        " WHERE v.tracked = ? AND v.active = ? AND v.deleted_at IS NULL"
        " AND (SELECT COALESCE(SUM(s.on_hand - s.allocated), 0) FROM stock_level s WHERE s.variant_id = v.id) <= ?",
        site.id,
        True,
        True,
        True,
        LOW,
    )
    if not count:
        return []
    title = ngettext("%(n)s variant is running low", "%(n)s variants are running low", count)
    why = ngettext("%(n)s piece or fewer left.", "%(n)s pieces or fewer left.", LOW)
    return [Need(icon="box", title=title, why=why, url=url_for("panel.stock", show="low"), act=_("Look"), tone="warn")]


def found(site: Site, shell: Shell, query: str) -> list[tuple[str, list[Hit]]]:
    """Orders, products, people and pages that fit the words, by kind."""
    groups = [
        (_("Orders"), _orders(site, query) if shell.may("orders.view") else []),
        (_("Products"), _products(query) if shell.may("catalogue.view") else []),
        (
            _("Pages"),
            [
                Hit(title=e.title, note="", url=e.url, icon=e.icon)
                for group in shell.menu
                for e in group.entries
                if query.casefold() in e.title.casefold()
            ],
        ),
    ]
    return [(head, hits) for head, hits in groups if hits]


def _orders(site: Site, query: str) -> list[Hit]:
    rows = db.rows(
        "SELECT number, email FROM orders WHERE site_id = ? AND (number = ? OR LOWER(email) LIKE ?) ORDER BY id DESC"
        " LIMIT ?",
        site.id,
        query,
        f"{query.lower()}%",
        HITS,
    )
    return [
        Hit(title=number, note=email, url=url_for("panel.order", number=number), icon="orders")
        for number, email in rows
    ]


def _products(query: str) -> list[Hit]:
    rows = db.rows(
        "SELECT t.product_id, MIN(t.name), MIN(v.sku) FROM product_text t JOIN product p ON p.id = t.product_id AND"
        " p.deleted_at IS NULL"
        " LEFT JOIN variant v ON v.product_id = p.id WHERE LOWER(t.name) LIKE ? OR v.sku = ? GROUP BY t.product_id"
        " ORDER BY t.product_id DESC LIMIT ?",
        f"%{query.lower()}%",
        query,
        HITS,
    )
    return [
        Hit(title=name, note=sku or "", url=url_for("panel.product", product_id=product), icon="products")
        for product, name, sku in rows
    ]
