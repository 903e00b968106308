"""The links to an order's documents on its pages in the shop."""

from __future__ import annotations

from flask import render_template
from markupsafe import Markup

from core.api import ShownOrder, Site
from plugins.documents.services.reading import documents_of


def links(site: Site, order: ShownOrder) -> Markup | None:
    """A list of links, or nothing before anything is issued."""
    found = documents_of(site, order_number=order.number)
    if not found:
        return None
    html = render_template("documents/shop/links.html", documents=found, secret=order.secret)
    return Markup(html)  # noqa: S704 -- the template escapes


def quote_link(secret: str) -> Markup:
    """A link to the quote behind a pay link."""
    html = render_template("documents/shop/quote.html", secret=secret)
    return Markup(html)  # noqa: S704 -- the template escapes
