"""What the shop tells crawlers: which pages there are, in which languages, and which they need not ask for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from html import escape
from urllib.parse import quote

from msgspec import Struct, field

from core.catalogue.services.addresses import ProductAddress, product_addresses
from core.catalogue.services.category_pages import category_tree, flat
from core.hookspecs.site import Site, Url
from core.kernel.outside import in_language

# A file may list 50,000 addresses (sitemaps.org); a fifth of that keeps each one small enough to be kept in memory.
MOST = 10_000
_XMLNS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_XHTML = 'xmlns:xhtml="http://www.w3.org/1999/xhtml"'
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
# Nothing to find, or somebody's own. Search, cart and checkout are pages that may be read, and say themselves that
# they are not to be listed; what is forbidden here would never be read.
_CLOSED = ("/panel", "/account", "/checkout/", "/order/", "/pay/", "/notify/", "/cart/", "/search/complete")


class Listed(Struct, frozen=True, kw_only=True):
    """A page: its absolute address, when it changed if that is known, and its address in each of several languages."""

    address: str
    changed: datetime | None = None
    languages: Mapping[str, str] = field(default_factory=dict)


def products_in_a_file(site: Site) -> int:
    """How many product ids a file spans, so that their addresses in all languages fit."""
    return max(1, MOST // max(1, len(site.languages)))


def product_pages(site: Site, piece: int) -> list[Listed]:
    """The products of one file, each in its languages."""
    found = product_addresses(site, piece, products_in_a_file(site))
    return [page for one in found for page in _product(site, one)]


def _product(site: Site, one: ProductAddress) -> Iterator[Listed]:
    return _translated(site, {tag: f"/p/{quote(path)}" for tag, path in one.paths.items()}, one.changed)


def category_pages(site: Site) -> list[Listed]:
    """The start page and every visible category, each in its languages."""
    paths: dict[int, dict[str, str]] = {}
    for tag in site.languages:
        for _depth, node in flat(category_tree(site, tag, site.currency)):
            paths.setdefault(node.id, {})[tag] = f"/c/{quote(node.path)}"
    start = dict.fromkeys(site.languages, "/")
    return [page for one in (start, *paths.values()) for page in _translated(site, one, None)]


def plugin_pages(site: Site, urls: Iterable[Url]) -> list[list[Listed]]:
    """The pages of plugins, in files."""
    listed = [
        Listed(
            address=site.origin + url.path,
            changed=url.changed,
            languages={tag: site.origin + path for tag, path in url.alternates.items()},
        )
        for url in urls
        if url.listed
    ]
    return [listed[start : start + MOST] for start in range(0, len(listed), MOST)]


def unlisted(site: Site, urls: Iterable[Url]) -> frozenset[str]:
    """The addresses that plugins want left out, in every language."""
    hidden = [url for url in urls if not url.listed]
    return frozenset(site.origin + path for url in hidden for path in (url.path, *url.alternates.values()))


def _translated(site: Site, paths: Mapping[str, str], changed: datetime | None) -> Iterator[Listed]:
    """A page once per language; each of them names all the others, as crawlers ask."""
    known = {tag: site.origin + in_language(site, tag, path) for tag, path in paths.items()}
    for address in known.values():
        yield Listed(address=address, changed=changed, languages=known if len(known) > 1 else {})


def sitemap(site: Site, pages: Iterable[Listed]) -> str:
    """One file. The shop's first language stands for readers of all others."""
    entries = "".join(_entry(site, page) for page in pages)
    return f"{_HEAD}<urlset {_XMLNS} {_XHTML}>\n{entries}</urlset>\n"


def _entry(site: Site, page: Listed) -> str:
    changed = f"<lastmod>{page.changed.isoformat(timespec='seconds')}</lastmod>" if page.changed else ""
    known = list(page.languages.items())
    if known and site.language in page.languages:
        known.append(("x-default", page.languages[site.language]))
    links = "".join(
        f'<xhtml:link rel="alternate" hreflang="{escape(tag)}" href="{escape(address)}"/>' for tag, address in known
    )
    return f"<url><loc>{escape(page.address)}</loc>{changed}{links}</url>\n"


def sitemap_index(addresses: Iterable[str]) -> str:
    """The list of files."""
    entries = "".join(f"<sitemap><loc>{escape(address)}</loc></sitemap>\n" for address in addresses)
    return f"{_HEAD}<sitemapindex {_XMLNS}>\n{entries}</sitemapindex>\n"


def robots(site: Site, sitemap_address: str) -> str:
    """robots.txt: what is closed, in every language, and where the sitemap is."""
    closed = [f"Disallow: {in_language(site, tag, path)}" for tag in site.languages for path in _CLOSED]
    return "\n".join(["User-agent: *", *closed, "", f"Sitemap: {sitemap_address}", ""])
