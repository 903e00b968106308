"""Where a product stands on each site: seen or not, from when until when, at which prices, in whose words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import url_for

from core.catalogue.services import products
from core.catalogue.services.drafts import ProductDraft, VariantDraft
from core.hookspecs.site import Site
from core.kernel import db, i18n
from core.lib import clock
from core.lib.errors import NotFound
from core.lib.money import Money
from core.panel.products.forms import PlaceForm
from core.panel.products.services import listing
from core.panel.products.services.restoring import price_draft
from core.panel.shell.sites import every_site, there

# Of each variant, what is asked in a currency: rows of [currency, from_qty, starts, ends, amount, was].
Prices = dict[int, list[list[Any]]]


def places(product_id: int, site_ids: Iterable[int]) -> list[PlaceForm]:
    """The product's place on each of these sites. Bounded in statements, whatever the number of sites and variants."""
    rows = {
        row[0]: row[1:]
        for row in db.rows(
            "SELECT site_id, visible, position, publish_at, withdraw_at FROM listing WHERE product_id = ?", product_id
        )
    }
    prices = _prices(product_id)
    own: dict[int, list[str]] = defaultdict(list)
    for site_id, tag in db.rows(
        "SELECT site_id, language FROM product_text WHERE product_id = ? AND site_id IS NOT NULL ORDER BY id",
        product_id,
    ):
        own[site_id].append(i18n.language_name(tag))
    archived = db.value("SELECT deleted_at FROM product WHERE id = ?", product_id) is not None
    wanted, sites = set(site_ids), every_site()
    found = []
    for site in sites:
        if site.id not in wanted:
            continue
        model = _model(site, [other for other in sites if other.id in wanted], prices)
        found.append(_place(site, product_id, rows.get(site.id), prices, own[site.id], archived=archived, model=model))
    return found


def _place(
    site: Site,
    product_id: int,
    row: tuple[Any, ...] | None,
    prices: Mapping[tuple[int, str], Prices],
    own: list[str],
    *,
    archived: bool,
    model: Site | None,
) -> PlaceForm:
    visible, position, publish_at, withdraw_at = row or (False, 0, None, None)
    fact = listing.ListingFact(bool(visible), publish_at, withdraw_at)
    here = prices.get((site.id, site.currency), {})
    return PlaceForm(
        id=site.id,
        name=site.name,
        host=site.host,
        status=listing.status(fact, sold=bool(here), archived=archived),
        own=own,
        words_url=there(site, url_for("panel.product_own", product_id=product_id)),
        timezone=site.timezone,
        prices=i18n.enumerated(
            _lowest(prices.get((site.id, code), {})) for code in site.currencies if (site.id, code) in prices
        ),
        model=(model.id, model.name) if model else None,
        is_like_model=model is not None and here == prices.get((model.id, site.currency), {}),
        visible=bool(visible),
        position=str(position),
        publish_at=_local(publish_at, site),
        withdraw_at=_local(withdraw_at, site),
    )


def _model(site: Site, sites: Iterable[Site], prices: Mapping[tuple[int, str], Prices]) -> Site | None:
    """The first site that sells the product in this site's currency, if that is another one: it may lend its prices."""
    first = next((other for other in sites if (other.id, site.currency) in prices), None)
    return first if first is not None and first.id != site.id else None


def _lowest(prices: Prices) -> str:
    row = min((row for rows in prices.values() for row in rows), key=lambda row: row[4])
    return i18n.money(Money(row[4], row[0]))


def _prices(product_id: int) -> dict[tuple[int, str], Prices]:
    """All public prices by site and currency; one statement."""
    found: dict[tuple[int, str], Prices] = defaultdict(lambda: defaultdict(list))
    for site_id, variant_id, *price in db.rows(
        "SELECT p.site_id, p.variant_id, p.currency, p.from_qty, p.starts, p.ends, p.amount, p.was FROM price p JOIN"
        " variant v ON v.id = p.variant_id WHERE v.product_id = ? AND p.list IS NULL AND v.deleted_at IS NULL ORDER BY"
        " p.site_id, p.currency, p.variant_id, p.from_qty, p.starts, p.amount",
        product_id,
    ):
        found[site_id, price[0]][variant_id].append(price)
    return found


def take_over_prices(site: Site, model_id: int, product_id: int, actor: str) -> None:
    """Ask on this site what another one asks in the same currency; other currencies stay. Raises NotFound. Commits."""
    prices = _prices(product_id)
    if (model_id, site.currency) not in prices:
        raise NotFound
    lent = prices[model_id, site.currency]
    kept = [prices[site.id, code] for code in {code for owner, code in prices if owner == site.id} - {site.currency}]
    known = db.rows("SELECT id, sku FROM variant WHERE product_id = ? AND deleted_at IS NULL ORDER BY id", product_id)
    variants = tuple(
        VariantDraft(
            id=variant_id,
            sku=sku,
            prices=tuple(price_draft(row) for part in (lent, *kept) for row in part.get(variant_id, [])),
            every_currency=True,
        )
        for variant_id, sku in known
    )
    products.update_product(site, product_id, ProductDraft(id=product_id, variants=variants, whole=False), actor)


def _local(micros: object, site: Site) -> str:
    if not isinstance(micros, int):
        return ""
    at: datetime = clock.instant(micros).astimezone(ZoneInfo(site.timezone))
    return at.strftime("%Y-%m-%dT%H:%M")
