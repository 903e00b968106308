"""The panel's first page, its figures as a file, and its search."""

from __future__ import annotations

import csv
from io import StringIO

from flask import Response, request, url_for

from core.kernel import i18n, respond
from core.kernel.i18n import gettext as _
from core.kernel.i18n import ngettext
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib import clock
from core.orders.services.listing import list_orders
from core.panel.home.services import find, needs, sales, steps
from core.panel.orders.services import axes
from core.panel.shell import panel, shell
from core.panel.shell.answers import page


@panel.get("/", endpoint="home")
@staff()
def show() -> Response:
    """How the shop does, what waits, the latest orders, and the first steps of a new shop."""
    state, here = current(), shell()
    shown = sales.of_days(state.site, _days()) if here.may("orders.view") else None
    return page(
        "home.html",
        title=i18n.day(clock.now(), "full"),
        needs=needs.needs(state, here),
        sales=shown,
        drawings=sales.drawings(shown) if shown else [],
        days=_days(),
        ranges=[
            (ngettext("%(n)s day", "%(n)s days", days), url_for("panel.home", days=days), days == _days(), None)
            for days in sales.RANGES
        ],
        orders=[(order, axes.of(order)) for order in list_orders(state.site, limit=6).orders] if shown else None,
        steps=steps.steps(state, here.may),
    )


@panel.get("/sales.csv", endpoint="sales_csv")
@staff("orders.view")
def sales_file() -> Response:
    """The table below the chart as a file: a row per day, amounts in the site's currency."""
    shown = sales.of_days(current().site, _days())
    written = StringIO()
    rows = csv.writer(written)
    rows.writerow(["day", "currency", "orders", "sales", "orders_before", "sales_before"])
    rows.writerows(
        [day.day, day.total.currency, day.orders, day.total.decimal, day.orders_before, day.before.decimal]
        for day in shown.days
    )
    name = f"sales-{shown.today.day}.csv"
    return Response(
        written.getvalue(), mimetype="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _days() -> int:
    """The period that the address asks for."""
    asked = request.args.get("days", type=int)
    return asked if asked in sales.RANGES else sales.RANGES[0]


@panel.get("/find", endpoint="search")
@staff()
def search() -> Response:
    """What can be done, and orders, products, settings and pages by words; the palette asks for the hits alone."""
    query = request.args.get("q", "").strip()[:100]
    groups = find.found(current(), shell(), query) if query else []
    if respond.is_fragment():
        return respond.page("panel/parts/hits.html", groups=groups)
    return page("search.html", query=query, groups=groups or [], title=_("Search"))
