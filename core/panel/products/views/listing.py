"""The list of products."""

from __future__ import annotations

from flask import Response, request
from werkzeug.datastructures import MultiDict

from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.i18n import lazy
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib import ids
from core.panel.products.services import listing
from core.panel.products.services.bulk_acts import ACTS
from core.panel.products.services.columns import PRODUCTS
from core.panel.products.services.plugin_acts import product_acts
from core.panel.saved.services import READY, cleaned, columns_of
from core.panel.shell import panel, shell
from core.panel.shell.answers import address, page

_VIEWS = READY["products"] = {
    "": lazy("All"),
    "on_sale": lazy("Listed here"),
    "hidden": lazy("Hidden here"),
    "scheduled": lazy("Scheduled"),
    "low": lazy("Running low"),
    "archived": lazy("Archived"),
}


@panel.get("/products", endpoint="products")
@staff("catalogue.view")
def show() -> Response:
    """The products that fit the address' filters."""
    query = read_query(request.args)
    site_names = {place.id: place.name for place in shell().places}
    columns = columns_of(shell().person.id, "products")
    rows, further = listing.listed(current().site, i18n.language(), query, site_names, columns)
    kept = {"q": query.text or None, "show": query.show or None, "category": query.category_id}
    following = address("panel.products", before=further, **kept) if further else ""
    first = address("panel.products", **kept) if query.before else ""
    views = [
        (str(title), address("panel.products", show=key or None), key == query.show, None)
        for key, title in _VIEWS.items()
    ]
    return page(
        "products.html",
        rows=rows,
        query=query,
        views=views,
        categories=listing.category_choices(i18n.language()),
        chips=_chips(query),
        next=following,
        first=first,
        columns=columns,
        export=address("panel.products_export", **kept),
        every_column=PRODUCTS.every.items(),
        key=ids.token(),
        here=cleaned(request.query_string.decode("utf-8", "replace")),
        plugin_acts=product_acts(),
        acts={name for name, act in ACTS.items() if shell().may(act.permission)},
    )


def read_query(said: MultiDict[str, str]) -> listing.Query:
    """What the list is narrowed by, as an address or a form says it."""
    show = said.get("show", "")
    return listing.Query(
        text=said.get("q", "").strip()[:100],
        show=show if show in listing.SHOWS else "",
        category_id=said.get("category", type=int),
        before=said.get("before", type=int),
    )


def _chips(query: listing.Query) -> list[tuple[str, str, str]]:
    chips = []
    if query.text:
        chips.append(
            (_("Search"), query.text, address("panel.products", show=query.show or None, category=query.category_id))
        )
    if query.category_id is not None:
        name = dict(listing.category_choices(i18n.language())).get(query.category_id, "").lstrip("– ")
        chips.append((_("Category"), name, address("panel.products", show=query.show or None, q=query.text or None)))
    return chips
