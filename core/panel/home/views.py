"""The panel's first page, and its search."""

from __future__ import annotations

from flask import Response, request

from core.kernel.i18n import gettext as _
from core.kernel.i18n import ngettext
from core.kernel.security import staff
from core.kernel.sites import current
from core.orders.services.listing import list_orders
from core.panel.home import services
from core.panel.orders.services import axes
from core.panel.shell import page, panel, shell


@panel.get("/", endpoint="home")
@staff()
def show() -> Response:
    """What waits, the latest orders, and the first steps of a new shop."""
    state, here = current(), shell()
    needs = services.needs(state, here)
    title = (
        ngettext("%(n)s thing waits for you", "%(n)s things wait for you", len(needs)) if needs else _("All is well")
    )
    orders = (
        [(order, axes.of(order.status)) for order in list_orders(state.site, limit=6).orders]
        if here.may("orders.view")
        else None
    )
    return page("home.html", title=title, lede="", needs=needs, orders=orders, steps=services.steps(state))


@panel.get("/search", endpoint="search")
@staff()
def search() -> Response:
    """Orders, products and pages by words."""
    query = request.args.get("q", "").strip()[:100]
    groups = services.found(current().site, shell(), query) if query else []
    return page("search.html", query=query, groups=groups)
