"""Table rate: delivery priced by zone and by brackets of weight, order value or quantity."""

from __future__ import annotations

from collections.abc import Sequence

from core.api import Attribute, Carrier, MenuEntry, Permission, Plugin, Site, hookimpl
from plugins.table_rate import services
from plugins.table_rate.models import TABLES
from plugins.table_rate.views import panel

PLUGIN = Plugin(
    name="table_rate",
    version="1.0.0",
    title="Table rate delivery",
    summary="Delivery by zones down to the post code, with brackets by weight, order value or quantity.",
    category="delivery",
    author="Stoa contributors",
    verbs={
        "zone_saved": "saved the zone %(title)s",
        "zone_removed": "removed the zone %(title)s",
        "zone_restored": "brought the zone %(title)s back",
        "method_saved": "saved the method %(title)s",
        "method_removed": "removed the method %(title)s",
        "method_restored": "brought the method %(title)s back",
        "imported": "imported a rate table",
    },
    models=TABLES,
    panel=panel,
    panel_menu=(MenuEntry(title="Rate tables", endpoint="show", icon="truck", permission="table_rate.edit"),),
    permissions=(Permission(code="table_rate.edit", title="Edit rate tables"),),
    attributes=(
        Attribute(code="length_cm", title="Length in cm", kind="number"),
        Attribute(code="width_cm", title="Width in cm", kind="number"),
        Attribute(code="height_cm", title="Height in cm", kind="number"),
    ),
)


@hookimpl
def fulfil_carriers(site: Site) -> Sequence[Carrier]:
    """One carrier over the whole table, once there is a zone."""
    table = services.table_of(site)
    return [services.TableRateCarrier(site, table)] if table.zones else []
