"""The list of products."""

from __future__ import annotations

from flask import Response, request

from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.panel.products.services import listing
from core.panel.shell import address, page, panel, shell


@panel.get("/products", endpoint="products")
@staff("catalogue.view")
def show() -> Response:
    """The products that fit the address' filters."""
    query = _query()
    site_names = {place.id: place.name for place in shell().places}
    rows, further = listing.listed(current().site, i18n.language(), query, site_names)
    kept = {"q": query.text or None, "show": query.show or None, "category": query.category_id}
    following = address("panel.products", before=further, **kept) if further else ""
    first = address("panel.products", **kept) if query.before else ""
    named = [
        ("", _("All")),
        ("on_sale", _("Listed here")),
        ("hidden", _("Hidden here")),
        ("low", _("Running low")),
        ("archived", _("Archived")),
    ]
    views = [(title, address("panel.products", show=key or None), key == query.show, None) for key, title in named]
    return page(
        "products.html",
        rows=rows,
        query=query,
        views=views,
        categories=listing.category_choices(i18n.language()),
        chips=_chips(query),
        next=following,
        first=first,
    )


def _query() -> listing.Query:
    show = request.args.get("show", "")
    return listing.Query(
        text=request.args.get("q", "").strip()[:100],
        show=show if show in listing.SHOWS else "",
        category_id=request.args.get("category", type=int),
        before=request.args.get("before", type=int),
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
