"""Sale prices: lower prices for a time, on chosen goods, with what the law wants said beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.api import (
    Delivery,
    MenuEntry,
    Permission,
    Plugin,
    PriceQuery,
    ProductAct,
    ProductChanged,
    PromotedPrice,
    Site,
    Slot,
    hookimpl,
    site_by_host,
)
from plugins.sale_prices import forms, services
from plugins.sale_prices.models import TABLES
from plugins.sale_prices.services.showing import SaleSettings
from plugins.sale_prices.views import panel


def sweep(payload: Mapping[str, Any], site: Site) -> None:
    """The hourly job: note prices that no event told of, and forget what is long over."""
    del payload
    services.record_all(site)
    services.forget_old(site)


def add(arguments: list[str]) -> int:
    """`./stoa sale_prices add --site HOST --name NAME --percent 15 [SKU ...]`."""
    said = forms.arguments(arguments)
    site = site_by_host(said.pop("site"))
    services.save_sale(site, forms.parse(said, site), actor="system")
    return 0


PLUGIN = Plugin(
    name="sale_prices",
    version="1.0.0",
    title="Sale prices",
    summary="Sales with beginning and end: a percentage, an amount off or fixed prices, on any goods.",
    category="promotion",
    author="Stoa contributors",
    verbs={
        "saved": "saved the sale %(title)s",
        "ended": "ended the sale %(title)s",
        "copied": "copied the sale %(title)s",
        "removed": "removed the sale %(title)s",
        "restored": "brought the sale %(title)s back",
        "imported": "imported prices for the sale %(title)s",
    },
    settings=SaleSettings,
    slots=("product.below_price",),
    models=TABLES,
    panel=panel,
    panel_menu=(MenuEntry(title="Sale prices", endpoint="show", icon="percent", permission="sale_prices.edit"),),
    product_acts=(ProductAct(endpoint="new", title="Put on sale", icon="percent", permission="sale_prices.edit"),),
    permissions=(Permission(code="sale_prices.edit", title="Edit sale prices"),),
    jobs={"tell": services.tell, "sweep": sweep},
    every={"sweep": 3600},
    commands={"add": add},
    hears=(ProductChanged,),
)


@hookimpl
def promote_prices(site: Site, queries: Sequence[PriceQuery]) -> Mapping[PriceQuery, PromotedPrice]:
    """The lowest price of all sales that hold, and when that changes."""
    return services.answers(site, queries)


@hookimpl
def site_slot(site: Site, name: str, subject: object) -> Slot | None:
    """Until when a price holds, and the lowest of the 30 days before."""
    return services.below_price(site, subject) if name == "product.below_price" else None


@hookimpl
def notify_event(site: Site, delivery: Delivery) -> None:
    """A product changed: note its prices for the history."""
    if isinstance(delivery.event, ProductChanged):
        services.record(site, delivery.event.product_ids)
