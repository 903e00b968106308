"""Flat rate: delivery at prices that the merchant sets, each free from an amount, by country."""

from __future__ import annotations

from collections.abc import Sequence

from core.api import Carrier, MenuEntry, Permission, Plugin, Site, Slot, hookimpl, site_by_host
from plugins.flat_rate import forms, services
from plugins.flat_rate.models import TABLES
from plugins.flat_rate.views import panel


def add(arguments: list[str]) -> int:
    """`./stoa flat_rate add --site HOST --title "en=Standard" --price EUR=4.90`."""
    said = forms.arguments(arguments)
    site = site_by_host(said.pop("site"))
    services.save_rate(site, forms.parse(said, site), actor="system")
    return 0


PLUGIN = Plugin(
    name="flat_rate",
    version="1.0.0",
    title="Flat rate delivery",
    summary="Delivery at fixed prices: as many rates as you like, free from an amount, by country, with delivery days.",
    category="delivery",
    author="Stoa contributors",
    slots=("product.delivery", "cart.above_lines"),
    kept_slots=("product.delivery",),
    verbs={
        "saved": "saved the delivery price %(title)s",
        "removed": "removed the delivery price %(title)s",
        "restored": "brought the delivery price %(title)s back",
    },
    models=TABLES,
    panel=panel,
    panel_menu=(MenuEntry(title="Delivery prices", endpoint="show", icon="truck", permission="flat_rate.edit"),),
    permissions=(Permission(code="flat_rate.edit", title="Edit delivery prices"),),
    commands={"add": add},
)


@hookimpl
def fulfil_carriers(site: Site) -> Sequence[Carrier]:
    """One carrier with all rates, once there is a rate."""
    rates = services.rates_of(site)
    return [services.FlatRateCarrier(site, rates)] if rates else []


@hookimpl
def site_slot(site: Site, name: str, subject: object) -> Slot | None:
    """When a product would arrive, and how far a cart is from free delivery."""
    if name == "product.delivery":
        return services.promise(site, subject)
    return services.way_to_free(site, subject) if name == "cart.above_lines" else None
