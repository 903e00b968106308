"""Products, categories and search."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from core.api import CategoryNode as Node
from core.api import (
    CategoryPage,
    Listing,
    ListingQuery,
    NotFound,
    ProductPage,
    ShownCard,
    ShownVariant,
    Site,
    Sort,
    cards_for,
    category_page,
    category_tree,
    listing,
    media_url,
    product_page,
    search_goods,
)
from core.api import Picture as StoredPicture
from plugins.api.forms.base import Spoken
from plugins.api.forms.catalogue import ListQuery, SearchQuery
from plugins.api.models import scopes
from plugins.api.services.operations import Call, currency_of, language_of, operation
from plugins.api.services.shapes.base import money, money_or_none
from plugins.api.services.shapes.catalogue import (
    Card,
    Category,
    CategoryNode,
    CategoryTree,
    Facet,
    FacetValue,
    Fact,
    Option,
    OptionValue,
    Picture,
    Product,
    ProductList,
    SearchResult,
    Step,
    Tier,
    Variant,
)

_WIDTH = 1_200


@operation("GET", "/products", tag="Catalogue", scope=scopes.CATALOGUE, query=ListQuery, answer=ProductList)
def list_products(call: Call) -> ProductList:
    """List products, narrowed and sorted."""
    asked: ListQuery = call.query
    site, language, currency = _spoken(call)
    if asked.category is not None:
        _node(site, language, currency, asked.category)
    filters: dict[str, tuple[str, ...]] = {}
    for code, value in (one.split(":", 1) for one in asked.filter):
        filters[code] = (*filters.get(code, ()), value)
    found = listing(
        site,
        language,
        currency,
        ListingQuery(
            category_id=asked.category, filters=filters, price_min=asked.price_min, price_max=asked.price_max,
            in_stock=asked.in_stock, sort=Sort(asked.sort), after=asked.after, before=asked.before, limit=asked.limit,
        ),
    )  # fmt: skip
    return ProductList(**_page(site, found))


@operation("GET", "/search", tag="Catalogue", scope=scopes.CATALOGUE, query=SearchQuery, answer=SearchResult)
def search_products(call: Call) -> SearchResult:
    """Search products by words, best first."""
    asked: SearchQuery = call.query
    site, language, currency = _spoken(call)
    query = ListingQuery(in_stock=asked.in_stock, sort=Sort.RELEVANCE, after=asked.after, limit=asked.limit)
    found = search_goods(call.state, language, currency, asked.q, query)
    return SearchResult(**_page(site, found.goods), suggestion=found.suggestion)


@operation("GET", "/products/{product_id}", tag="Catalogue", scope=scopes.CATALOGUE, query=Spoken, answer=Product)
def get_product(call: Call) -> Product:
    """Read a product with its variants and prices."""
    site, language, currency = _spoken(call)
    card = cards_for(site, language, currency, [call.path["product_id"]]).get(call.path["product_id"])
    page = product_page(site, language, currency, card.path) if card else None
    if not isinstance(page, ProductPage):
        raise NotFound
    return _product(site, page)


@operation("GET", "/categories", tag="Catalogue", scope=scopes.CATALOGUE, query=Spoken, answer=CategoryTree)
def list_categories(call: Call) -> CategoryTree:
    """Read all categories as a tree."""
    site, language, currency = _spoken(call)
    return CategoryTree(items=_nodes(site, category_tree(site, language, currency)))


@operation("GET", "/categories/{category_id}", tag="Catalogue", scope=scopes.CATALOGUE, query=Spoken, answer=Category)
def get_category(call: Call) -> Category:
    """Read a category's own words."""
    site, language, currency = _spoken(call)
    node = _node(site, language, currency, call.path["category_id"])
    page = category_page(site, language, currency, node.path)
    if not isinstance(page, CategoryPage):
        raise NotFound
    return Category(
        id=page.id, name=page.name, path=page.path, url=_url(site, "c", page.path), language=page.text_language,
        body_html=page.body_html, picture=picture(site, page.picture),
        above=tuple(Step(id=crumb.category_id, name=crumb.name, path=crumb.path) for crumb in page.crumbs),
        children=_nodes(site, page.children),
    )  # fmt: skip


def _spoken(call: Call) -> tuple[Site, str, str]:
    asked: Spoken = call.query
    return call.site, language_of(call.site, asked.language), currency_of(call.site, asked.currency)


def _node(site: Site, language: str, currency: str, category_id: int) -> Node:
    for node in _flat(category_tree(site, language, currency)):
        if node.id == category_id:
            return node
    raise NotFound


def _flat(nodes: Sequence[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from _flat(node.children)


# -- into shapes -------------------------------------------------------------------------------------------------------


def _page(site: Site, found: Listing) -> dict[str, Any]:
    return {
        "items": tuple(_card(site, card) for card in found.cards),
        "total": found.total,
        "facets": tuple(
            Facet(
                code=facet.code,
                name=facet.name,
                values=tuple(FacetValue(value=one.value, name=one.name, count=one.count) for one in facet.values),
            )
            for facet in found.facets
        ),
        "next": found.next,
        "previous": found.previous,
    }


def _card(site: Site, card: ShownCard) -> Card:
    return Card(
        id=card.product_id, name=card.name, path=card.path, url=_url(site, "p", card.path), summary=card.summary,
        price=money(card.price), was=money_or_none(card.was), from_price=card.from_price, available=card.available,
        variant_id=card.variant_id, picture=picture(site, card.picture), created_at=card.created_at,
    )  # fmt: skip


def _product(site: Site, page: ProductPage) -> Product:
    return Product(
        id=page.id, name=page.name, path=page.path, url=_url(site, "p", page.path), language=page.text_language,
        summary=page.summary, body_html=page.body_html, vendor=page.vendor,
        options=tuple(
            Option(
                id=option.id, code=option.code, name=option.name,
                values=tuple(
                    OptionValue(id=one.id, code=one.code, name=one.name, colour=one.colour) for one in option.values
                ),
            )
            for option in page.options
        ),
        variants=tuple(_variant(variant) for variant in page.variants),
        pictures=_pictures(site, page.pictures),
        facts=tuple(Fact(code=fact.code, name=fact.name, values=tuple(fact.values)) for fact in page.facts),
        categories=tuple(Step(id=crumb.category_id, name=crumb.name, path=crumb.path) for crumb in page.crumbs),
        created_at=page.created_at, updated_at=page.updated_at,
    )  # fmt: skip


def _variant(variant: ShownVariant) -> Variant:
    return Variant(
        id=variant.id, sku=variant.sku, barcode=variant.barcode, price=money_or_none(variant.price),
        list_price=money_or_none(variant.list_price), was=money_or_none(variant.was),
        tiers=tuple(Tier(from_quantity=tier.from_qty, price=money(tier.amount)) for tier in variant.tiers),
        stock=str(variant.stock), value_ids=tuple(variant.value_ids), weight_g=variant.weight_g,
        needs_delivery=variant.needs_delivery,
    )  # fmt: skip


def _pictures(site: Site, found: Iterable[StoredPicture]) -> tuple[Picture, ...]:
    return tuple(shown for one in found if (shown := picture(site, one)) is not None)


def picture(site: Site, found: StoredPicture | None) -> Picture | None:
    """A stored picture with its address."""
    if found is None:
        return None
    url = site.origin + media_url(found.name, _WIDTH)
    return Picture(url=url, width=found.width, height=found.height, alt=found.alt)


def _nodes(site: Site, nodes: Sequence[Node]) -> tuple[CategoryNode, ...]:
    return tuple(
        CategoryNode(
            id=node.id, code=node.code, name=node.name, path=node.path, url=_url(site, "c", node.path),
            count=node.count, children=_nodes(site, node.children),
        )
        for node in nodes
    )  # fmt: skip


def _url(site: Site, kind: str, path: str) -> str:
    return f"{site.origin}/{kind}/{path}"
