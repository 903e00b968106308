"""Every page of a site in one language, as shoppers see it: for files of goods and for looking after the pages."""

from __future__ import annotations

from collections.abc import Iterator

from core.api import (
    CategoryNode,
    CategoryPage,
    ProductPage,
    Site,
    cards_for,
    category_page,
    category_tree,
    job_progress,
    product_page,
    search_texts,
)

_AT_ONCE = 100
_WHOLE, _END = 100, 99


def products(site: Site, tag: str, currency: str = "") -> Iterator[ProductPage]:
    """The products that the site shows now, in the order of their ids; a few statements each.

    With a further `currency` of the site: those that are sold in it.

    Says to the job that runs now that it goes on.
    """
    after, seen, priced_in = 0, 0, currency or site.currency
    while ids := [text.product_id for text in search_texts(site, tag, after=after, limit=_AT_ONCE)]:
        cards = cards_for(site, tag, priced_in, ids)
        for product_id in ids:
            card = cards.get(product_id)
            page = product_page(site, tag, priced_in, card.path) if card is not None else None
            if isinstance(page, ProductPage):
                yield page
        after, seen = ids[-1], seen + len(ids)
        # Nobody counts first how many there are, so the bar nears its end without reaching it.
        job_progress(min(_END, _WHOLE * seen // (seen + _AT_ONCE * 10)))


def categories(site: Site, tag: str) -> Iterator[CategoryPage]:
    """The categories that the site shows, parents first."""
    tree = category_tree(site, tag, site.currency)
    for node in nodes(tree):
        page = category_page(site, tag, site.currency, node.path, tree)
        if isinstance(page, CategoryPage):
            yield page


def nodes(tree: tuple[CategoryNode, ...]) -> Iterator[CategoryNode]:
    """Every category of a tree, parents first."""
    for node in tree:
        yield node
        yield from nodes(node.children)
