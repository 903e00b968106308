"""For crawlers: robots.txt, and the sitemap as an index of files. The same for everybody, so kept whole."""

from __future__ import annotations

from datetime import timedelta

from flask import Response, g, url_for

from core.catalogue.services.addresses import address_pieces
from core.hookspecs.site import Site, Url
from core.kernel import cache
from core.kernel.respond import absolute, cacheable
from core.kernel.security import public, while_open
from core.kernel.sites import current
from core.lib import clock
from core.lib.errors import NotFound
from core.storefront.services import sitemap
from core.storefront.services.sitemap import Listed
from core.storefront.views.place import VIEWS

# Plugins do not say when their pages come and go, so a file is made anew after this time.
_KEPT = timedelta(hours=1)


@VIEWS.get("/robots.txt")
@cacheable
@public
def robots() -> Response:
    """What crawlers need not ask for, and where the sitemap is."""
    text = sitemap.robots(current().site, absolute(url_for("storefront.sitemap_index")))
    return Response(text, mimetype="text/plain")


@VIEWS.get("/sitemap.xml")
@cacheable
@while_open
@public
def sitemap_index() -> Response:
    """The files of the sitemap."""
    cache.depends(until=clock.now() + _KEPT)
    site = current().site
    pieces = address_pieces(site, sitemap.products_in_a_file(site))
    files = [
        ("categories", 1),
        *(("products", piece + 1) for piece in pieces),
        *(("more", number) for number, _pages in enumerate(_of_plugins(site), start=1)),
    ]
    addresses = [absolute(url_for("storefront.sitemap", kind=kind, number=number)) for kind, number in files]
    return _xml(sitemap.sitemap_index(addresses))


@VIEWS.get("/sitemap/<kind>-<int:number>.xml", endpoint="sitemap")
@cacheable
@while_open
@public
def sitemap_file(kind: str, number: int) -> Response:
    """One file of the sitemap: categories, products, or what plugins show."""
    cache.depends(until=clock.now() + _KEPT)
    site = current().site
    found, hidden = _pages(site, kind, number), sitemap.unlisted(site, _told(site))
    return _xml(sitemap.sitemap(site, [page for page in found if page.address not in hidden]))


def _pages(site: Site, kind: str, number: int) -> list[Listed]:
    found: list[Listed] = []
    if kind == "categories" and number == 1:
        found = sitemap.category_pages(site)
    elif kind == "products" and number > 0:
        found = sitemap.product_pages(site, number - 1)
    elif kind == "more" and number > 0:
        found = next(iter(_of_plugins(site)[number - 1 : number]), [])
    if not found:
        raise NotFound
    return found


def _of_plugins(site: Site) -> list[list[Listed]]:
    return sitemap.plugin_pages(site, _told(site))


def _told(site: Site) -> list[Url]:
    """What plugins say of pages; asked once in a request."""
    if "urls_of_plugins" not in g:
        g.urls_of_plugins = current().hooks.site_urls(site=site, since=None)
    told: list[Url] = g.urls_of_plugins
    return told


def _xml(text: str) -> Response:
    return Response(text, mimetype="application/xml")
