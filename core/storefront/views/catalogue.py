"""Start page, categories and products: the same for everybody, so kept whole."""

from __future__ import annotations

from flask import Response, request, url_for
from msgspec.structs import replace

from core.catalogue.services.category_pages import category_page, home_page
from core.catalogue.services.lists import listing
from core.catalogue.services.pages import product_page
from core.catalogue.services.shapes import Crumb, Moved
from core.kernel import i18n
from core.kernel.respond import absolute, ask_currency, cacheable, currency, page, redirect, set_currency
from core.kernel.security import public, while_open
from core.kernel.sites import current
from core.lib.errors import NotFound
from core.storefront import forms
from core.storefront.services import facts, head
from core.storefront.services.choice import choice, variant_of
from core.storefront.services.listing import link, shown_listing
from core.storefront.services.navigation import alternates, menu, product_url
from core.storefront.services.return_policy import return_policy
from core.storefront.views.place import VIEWS


@VIEWS.get("/")
@cacheable
@while_open
@public
def home() -> Response:
    """The start page."""
    site = current().site
    return page(
        "pages/home.html",
        home=home_page(site, i18n.language(), currency(), tree=menu()),
        canonical=absolute(url_for("storefront.home")),
        alternates=alternates("", dict.fromkeys(site.languages, "/")),
        **head.with_answers("home", None, facts.shop(site, absolute(url_for("storefront.search")) + "?q={q}")),
    )


@VIEWS.get("/c/<path:path>")
@cacheable
@while_open
@public
def category(path: str) -> Response:
    """A category with its goods, narrowed by the query string."""
    site, language = current().site, i18n.language()
    found = category_page(site, language, currency(), path, menu())
    if isinstance(found, Moved):
        return _moved(link(url_for("storefront.category", path=found.path), request.args.items(multi=True)))
    if found is None:
        raise NotFound
    query = forms.listing_query(request.args.items(multi=True), currency(), category_id=found.id)
    goods = listing(site, language, currency(), query)
    trail = _trail(found.crumbs, found.name)
    here = url_for("storefront.category", path=found.path)
    return page(
        "pages/category.html",
        category=found,
        trail=trail,
        current=found.crumbs[0].path if found.crumbs else found.path,
        listing=shown_listing(goods, here, request.args.items(multi=True), currency=currency(), sort=query.sort),
        canonical=absolute(here),
        alternates=alternates("/c/", found.alternates),
        **head.with_answers(
            "category",
            found,
            facts.graph(
                facts.breadcrumbs(trail, site),
                facts.goods(goods, [absolute(product_url(card.path)) for card in goods.cards]),
            ),
        ),
    )


@VIEWS.get("/p/<path:path>")
@cacheable
@while_open
@public
def product(path: str) -> Response:
    """A product; `?v=<sku>`, or a value per option, says which variant is shown, and `?currency=` in which currency.

    So a file of goods in a further currency names pages that show its prices. Who comes that way goes on in it.
    """
    asked = request.args.get("currency", "")
    return set_currency(_product(path), asked) if ask_currency(asked) else _product(path)


def _product(path: str) -> Response:
    site = current().site
    found = product_page(site, i18n.language(), currency(), path)
    if isinstance(found, Moved):
        return _moved(link(url_for("storefront.product", path=found.path), request.args.items(multi=True)))
    if found is None:
        raise NotFound
    picked = forms.picked_values(request.args)
    variant = variant_of(found, request.args.get("v", ""), picked)
    if picked and variant is not None:
        return redirect(link(url_for("storefront.product", path=found.path), [("v", variant.sku)]))
    found = replace(found, shown=variant and variant.id)
    trail = _trail(found.crumbs, found.name)
    here = absolute(url_for("storefront.product", path=found.path))
    policy = return_policy(site, found.returns, currency())
    return page(
        "pages/product.html",
        product=found,
        choice=choice(found, variant),
        policy=policy,
        trail=trail,
        current=found.crumbs[0].path if found.crumbs else "",
        canonical=here,
        alternates=alternates("/p/", found.alternates),
        **head.with_answers(
            "product",
            found,
            facts.graph(facts.product(found, variant, here, site, policy), facts.breadcrumbs(trail, site)),
        ),
    )


@VIEWS.post("/currency")
@public
def show_prices_in() -> Response:
    """Remember a currency and go back to the start page."""
    return set_currency(redirect(url_for("storefront.home")), request.form.get("currency", ""))


def _trail(crumbs: tuple[Crumb, ...], name: str) -> list[tuple[str, str]]:
    above = [(crumb.name, url_for("storefront.category", path=crumb.path)) for crumb in crumbs]
    return [(current().site.name, url_for("storefront.home")), *above, (name, "")]


def _moved(target: str) -> Response:
    response = redirect(target)
    response.status_code = 301
    return response
