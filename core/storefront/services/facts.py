"""Facts for search engines: schema.org as JSON-LD. It says nothing that the page does not show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from core.catalogue.services.shapes import Listing, ProductPage, ShownVariant
from core.hookspecs.site import Site
from core.kernel import files
from core.lib.text import plain
from core.storefront.services.return_policy import ReturnPolicy

Facts = dict[str, Any]
Trail = Sequence[tuple[str, str]]


def graph(*things: Facts) -> Facts:
    """Several things as one block."""
    return {"@context": "https://schema.org", "@graph": list(things)}


def shop(site: Site, search: str) -> Facts:
    """The shop itself, and how to search it; `search` is the address with `{q}` where the words go."""
    action = {"@type": "SearchAction", "target": search, "query-input": "required name=q"}
    return graph(
        {"@type": "Organization", "name": site.name, "url": f"{site.origin}/"},
        {"@type": "WebSite", "name": site.name, "url": f"{site.origin}/", "potentialAction": action},
    )


def breadcrumbs(trail: Trail, site: Site) -> Facts:
    """Where a page is; the last step has no address."""
    steps = []
    for position, (name, path) in enumerate(trail, start=1):
        step: Facts = {"@type": "ListItem", "position": position, "name": name}
        steps.append({**step, "item": site.origin + path} if path else step)
    return {"@type": "BreadcrumbList", "itemListElement": steps}


def goods(listing: Listing, addresses: Sequence[str]) -> Facts:
    """A list of products by their addresses."""
    items = [
        {"@type": "ListItem", "position": n, "name": card.name, "url": url}
        for n, (card, url) in enumerate(zip(listing.cards, addresses, strict=True), start=1)
    ]
    return {"@type": "ItemList", "numberOfItems": listing.total, "itemListElement": items}


def product(page: ProductPage, variant: ShownVariant | None, url: str, site: Site, policy: ReturnPolicy) -> Facts:
    """A product with the offer of the variant that is shown, and the group that it is one of."""
    said: Facts = {
        "@type": "Product",
        "name": page.name,
        "url": url,
        "description": page.summary or plain(page.body_html)[:500],
    }
    if page.pictures:
        said["image"] = [site.origin + files.url(picture.name, 1600) for picture in page.pictures[:6]]
    if page.vendor:
        said["brand"] = {"@type": "Brand", "name": page.vendor}
    if variant is not None:
        said["sku"] = variant.sku
    if variant is not None and variant.price is not None:
        said["offers"] = {**_offer(variant, url), "hasMerchantReturnPolicy": _sending_back(policy, site)}
        if len(page.variants) > 1:
            said["isVariantOf"] = _group(page, variant, url, site)
    if page.rating is not None:
        said["aggregateRating"] = {
            "@type": "AggregateRating", "ratingValue": round(page.rating.mean, 2), "reviewCount": page.rating.count,
        }  # fmt: skip
    return _more(page, said)


def _group(page: ProductPage, shown: ShownVariant, url: str, site: Site) -> Facts:
    """What the variants share and differ in, with each of the others that is sold in this currency."""
    named = {value.id: (option.name, value.name) for option in page.options for value in option.values}
    pictures = {picture.media_id: picture.name for picture in page.pictures}

    def one(variant: ShownVariant) -> Facts:
        values = [named[value_id] for value_id in variant.value_ids if value_id in named]
        picture = pictures.get(variant.media_id or 0) or next(iter(pictures.values()), "")
        return {
            "@type": "Product",
            "name": " · ".join([page.name, *(value for _, value in values)]),
            "sku": variant.sku,
            **({"image": site.origin + files.url(picture, 1600)} if picture else {}),
            "additionalProperty": [{"@type": "PropertyValue", "name": name, "value": value} for name, value in values],
            "offers": _offer(variant, f"{url}?{urlencode({'v': variant.sku})}"),
        }

    others = [variant for variant in page.variants if variant.id != shown.id and variant.price is not None]
    return {
        "@type": "ProductGroup",
        "name": page.name,
        "productGroupID": str(page.id),
        "variesBy": [option.name for option in page.options],
        "hasVariant": [one(variant) for variant in others[:_MOST_VARIANTS]],
    }


def _sending_back(policy: ReturnPolicy, site: Site) -> Facts:
    """What the page says of sending it back."""
    said: Facts = {"@type": "MerchantReturnPolicy", "applicableCountry": site.country}
    if not policy.days:
        return {**said, "returnPolicyCategory": "https://schema.org/MerchantReturnNotPermitted"}
    said |= {
        "returnPolicyCategory": "https://schema.org/MerchantReturnFiniteReturnWindow",
        "merchantReturnDays": policy.days,
        "returnMethod": "https://schema.org/ReturnByMail",
        "returnFees": "https://schema.org/FreeReturn",
    }
    if policy.fee is not None:
        fee = {"@type": "MonetaryAmount", "value": policy.fee.decimal, "currency": policy.fee.currency}
        said |= {"returnFees": "https://schema.org/ReturnShippingFees", "returnShippingFeesAmount": fee}
    return said


_MOST_VARIANTS = 50
_OURS = {"offers", "sku", "image", "brand", "aggregateRating", "isVariantOf"}


def _more(page: ProductPage, said: Facts) -> Facts:
    """What plugins add to the one Product of the page: lists of the same property are joined, core's own stay."""
    more: Facts = {}
    for values in page.data.values():
        added = values.get("json_ld")
        for name, value in added.items() if isinstance(added, dict) else ():
            if isinstance(value, list) and isinstance(more.get(name), list):
                more[name] = [*more[name], *value]
            else:
                more.setdefault(name, value)
    return {**{name: value for name, value in more.items() if name not in _OURS and name[:1] != "@"}, **said}


def added(graph: Facts, thing: Mapping[str, Any]) -> Facts:
    """The block with one more thing. Where a thing of its type is there, that one gets what it lacks: never a second.

    A Product gets no offer, stars or pictures that core did not find.
    """
    things = list(graph["@graph"])
    for at, ours in enumerate(things):
        if ours["@type"] == thing["@type"]:
            allowed = {name: value for name, value in thing.items() if name in ours or name not in _OURS}
            things[at] = _filled(ours, allowed if ours["@type"] == "Product" else thing)
            return {**graph, "@graph": things}
    return {**graph, "@graph": [*things, dict(thing)]}


def _filled(ours: Facts, theirs: Mapping[str, Any]) -> Facts:
    """Ours with what only they say, also within what both say."""
    filled = dict(ours)
    for name, value in theirs.items():
        known = filled.get(name)
        if isinstance(known, dict) and isinstance(value, dict):
            filled[name] = _filled(known, value)
        else:
            filled.setdefault(name, value)
    return filled


def _offer(variant: ShownVariant, url: str) -> Facts:
    assert variant.price is not None
    later = "PreOrder" if variant.release_at is not None else "BackOrder" if variant.is_backorder else "InStock"
    there = later if variant.can_be_bought else "OutOfStock"
    return {
        "@type": "Offer", "url": url, "price": variant.price.decimal, "priceCurrency": variant.price.currency,
        "availability": f"https://schema.org/{there}", "itemCondition": "https://schema.org/NewCondition",
    }  # fmt: skip
