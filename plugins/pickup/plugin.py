"""Pickup: shoppers collect at one of the merchant's places."""

from __future__ import annotations

from collections.abc import Sequence

from core.api import Carrier, MenuEntry, Permission, Plugin, Site, hookimpl, site_by_host
from plugins.pickup import forms, services
from plugins.pickup.models import TABLES
from plugins.pickup.views import panel


def add(arguments: list[str]) -> int:
    """`./stoa pickup add --site HOST --name "Canal Street" --address "12 Canal Street, Leeds"`."""
    said = forms.arguments(arguments)
    site = site_by_host(said.pop("site"))
    services.save_point(site, forms.parse(said, site), actor="system")
    return 0


PLUGIN = Plugin(
    name="pickup",
    version="1.0.0",
    title="Pickup",
    summary="Shoppers collect their order at one of your places, each with address, opening hours and perhaps a fee.",
    category="delivery",
    author="Stoa contributors",
    verbs={
        "saved": "saved the pickup point %(title)s",
        "removed": "removed the pickup point %(title)s",
        "restored": "brought the pickup point %(title)s back",
    },
    models=TABLES,
    panel=panel,
    panel_menu=(MenuEntry(title="Pickup points", endpoint="show", icon="pin", permission="pickup.edit"),),
    permissions=(Permission(code="pickup.edit", title="Edit pickup points"),),
    commands={"add": add},
)


@hookimpl
def fulfil_carriers(site: Site) -> Sequence[Carrier]:
    """One carrier with all points, once there is a point."""
    points = services.points_of(site)
    return [services.PickupCarrier(points)] if points else []
