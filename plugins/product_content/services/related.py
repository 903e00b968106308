"""Goods that go together: picked by hand, or others of the same category."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from core.api import (
    ListingQuery,
    NamedProduct,
    NotFound,
    ProductPage,
    Refused,
    ShownCard,
    Site,
    Unfit,
    cards_for,
    cards_only,
    current_currency,
    depends,
    language,
    named_products,
    products_by_sku,
    request,
    search_cards,
    transaction,
)
from core.api import gettext as _
from plugins.product_content.forms import KINDS, Unreadable, skus
from plugins.product_content.models import Related
from plugins.product_content.services.keeping import changed, end_pages, must_exist
from plugins.product_content.services.reading import content_of

_FOUND = 8
_MOST = 24


class KindForm(Struct, kw_only=True):
    """The picks of one kind as the form shows them."""

    kind: str
    text: str = ""
    names: Sequence[str] = ()
    error: str = ""


class Shelf(Struct, frozen=True, kw_only=True):
    """Goods under one heading of the product's page."""

    kind: str
    cards: Sequence[ShownCard]


class Itself(Refused):
    """A product does not go with itself."""

    status = 422
    code = "itself"
    default_message = "This is the product itself. Name another one."


class TooMany(Refused):
    """More than a page can show."""

    status = 422
    code = "too_many_related"
    default_message = "These are many already. Take one away first."


# -- the panel ---------------------------------------------------------------------------------------------------------


def form_values(site: Site, product_id: int) -> dict[str, Any]:
    """What the section shows: the picks per kind, and what the words of the search box find."""
    picked = _picked(site, product_id)
    names = named_products(site, language(), {other for others in picked.values() for other in others})
    kinds = [
        KindForm(
            kind=kind,
            text="\n".join(names[other].sku for other in picked[kind] if other in names and names[other].sku),
            names=[names[other].name for other in picked[kind] if other in names],
        )
        for kind in KINDS
    ]
    words = request.args.get("related", "").strip()[:100]
    return {"kinds": kinds, "words": words, "found": _found(site, product_id, words) if words else []}


def _found(site: Site, product_id: int, words: str) -> list[NamedProduct]:
    tag = language() if language() in site.languages else site.language
    found = search_cards(site, tag, site.currency, words, ListingQuery(limit=_FOUND + 1))
    ids = [card.product_id for card in found.cards if card.product_id != product_id][:_FOUND]
    names = named_products(site, tag, ids)
    return [names[one] for one in ids if one in names]


def _picked(site: Site, product_id: int) -> dict[str, list[int]]:
    picked: dict[str, list[int]] = {kind: [] for kind in KINDS}
    for row in Related.for_site(site).where(Related.product_id == product_id).order_by(Related.position, Related.id):
        picked.setdefault(row.kind, []).append(row.other_id)
    return picked


def save_related(site: Site, product_id: int, typed: Mapping[str, str], *, actor: str) -> None:
    """Keep the picks of each kind, written as SKUs. Raises Unfit with a message per kind, and NotFound. Commits."""
    title = must_exist(site, product_id)
    wanted: dict[str, list[int]] = {}
    errors: dict[str, str] = {}
    for kind in KINDS:
        try:
            wanted[kind] = _products(product_id, typed.get(kind, ""))
        except Unreadable as error:
            errors[kind] = str(error)
    if errors:
        raise Unfit(errors)
    _store(site, product_id, wanted, actor, title)


def _products(product_id: int, text: str) -> list[int]:
    written = skus(text)
    known = products_by_sku(written)
    if unknown := [sku for sku in written if sku not in known]:
        raise Unreadable(_("No product has the SKU %(sku)s.", sku=unknown[0]))
    if product_id in known.values():
        raise Unreadable(_("This is the product itself. Name another one."))
    return list(dict.fromkeys(known[sku] for sku in written))


def add_related(site: Site, product_id: int, kind: str, other_id: int, *, actor: str) -> str:
    """Put another product behind the picks of a kind; answers its name. Raises Itself, TooMany, NotFound. Commits."""
    title, name = must_exist(site, product_id), must_exist(site, other_id)
    picked = _picked(site, product_id)
    if kind not in KINDS:
        raise NotFound
    if other_id == product_id:
        raise Itself
    if len(picked[kind]) >= _MOST:
        raise TooMany
    if other_id not in picked[kind]:
        _store(site, product_id, {**picked, kind: [*picked[kind], other_id]}, actor, title)
    return name


def _store(site: Site, product_id: int, wanted: Mapping[str, list[int]], actor: str, title: str) -> None:
    with transaction():
        before = _picked(site, product_id)
        Related.delete().where(Related.site_id == site.id, Related.product_id == product_id).execute()
        for kind, others in wanted.items():
            for position, other_id in enumerate(others):
                Related.create(site_id=site.id, product_id=product_id, kind=kind, other_id=other_id, position=position)
        # The page of an older product says which one came after it.
        end_pages({*before["replaces"], *wanted["replaces"]})
        changed(site, product_id, "related", actor, before, dict(wanted), title)


# -- the shop ----------------------------------------------------------------------------------------------------------


def shelves(site: Site, product: ProductPage, *, fall_back: bool, most: int) -> list[Shelf]:
    """What the product's page shows below: only goods that the site shows now, and each once."""
    related = content_of(site, product).related
    picked = {kind: related.get(kind, []) for kind in KINDS}
    wanted = {"newer": related.get("newer", []), **picked}
    ids = {other for others in wanted.values() for other in others}
    depends(*(f"product:{other}" for other in ids))
    cards = cards_for(site, language(), current_currency(), sorted(ids)) if ids else {}
    depends(until=min((card.until for card in cards.values() if card.until is not None), default=None))
    shown = [
        Shelf(kind=kind, cards=[cards[other] for other in others if other in cards][:most])
        for kind, others in _once(wanted)
    ]
    shown = [shelf for shelf in shown if shelf.cards]
    if not any(picked.values()) and fall_back:
        shown += _from_category(site, product, ids | {product.id}, most)
    return shown


def _once(wanted: Mapping[str, list[int]]) -> Iterable[tuple[str, list[int]]]:
    seen: set[int] = set()
    for kind in ("newer", *KINDS):
        yield kind, [other for other in wanted[kind] if other not in seen]
        seen.update(wanted[kind])


def _from_category(site: Site, product: ProductPage, without: Collection[int], most: int) -> list[Shelf]:
    """Others of the product's own category, in the merchant's order."""
    if not product.crumbs:
        return []
    query = ListingQuery(category_id=product.crumbs[-1].category_id, in_stock=True, limit=most + len(without))
    found = cards_only(site, language(), current_currency(), query)
    cards = [card for card in found if card.product_id not in without][:most]
    return [Shelf(kind="category", cards=cards)] if cards else []
