"""The newest goods as an Atom feed (RFC 4287): of the shop, or of one category."""

from __future__ import annotations

from html import escape

from core.api import (
    CategoryPage,
    ListingQuery,
    ShownCard,
    Site,
    Sort,
    absolute,
    cards_only,
    category_page,
    language,
    media_url,
    money,
    url_for,
)

MOST = 30


def atom(site: Site, path: str = "") -> str | None:
    """The feed of a category, or of all goods without a path; None for a category that is not there."""
    category: object = category_page(site, language(), site.currency, path) if path else None
    if path and not isinstance(category, CategoryPage):
        return None
    query = ListingQuery(
        category_id=category.id if isinstance(category, CategoryPage) else None, sort=Sort.NEWEST, limit=MOST
    )
    cards = cards_only(site, language(), site.currency, query)
    title = f"{category.name} · {site.name}" if isinstance(category, CategoryPage) else site.name
    here = absolute(address(path))
    page = absolute(url_for("storefront.category", path=path) if path else url_for("storefront.home"))
    # A feed without goods changed when the shop began, as far as its readers can tell.
    changed = max((card.created_at for card in cards), default=None)
    stamp = changed.isoformat(timespec="seconds") if changed else "1970-01-01T00:00:00+00:00"
    head = (
        f"<title>{escape(title)}</title><id>{escape(here)}</id><updated>{stamp}</updated>"
        f'<link rel="self" href="{escape(here)}"/><link href="{escape(page)}"/>'
        f"<author><name>{escape(site.name)}</name></author>"
    )
    entries = "\n".join(_entry(site, card) for card in cards)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{escape(language())}">{head}\n{entries}\n</feed>\n'
    )


def _entry(site: Site, card: ShownCard) -> str:
    where = absolute(url_for("storefront.product", path=card.path))
    picture = ""
    if card.picture is not None:
        source = site.origin + media_url(card.picture.name, 800)
        picture = f'<link rel="enclosure" type="image/webp" href="{escape(source)}"/>'
    stamp = card.created_at.isoformat(timespec="seconds")
    summary = " – ".join(part for part in (money(card.price), card.summary) if part)
    return (
        f"<entry><title>{escape(card.name)}</title><id>{escape(where)}</id><updated>{stamp}</updated>"
        f'<link href="{escape(where)}"/>{picture}<summary>{escape(summary)}</summary></entry>'
    )


def address(path: str = "") -> str:
    """The path of a feed."""
    return url_for("seo.new_in", path=path) if path else url_for("seo.new")
