"""Ship rules: from where goods go to which countries: fewest parcels, cheapest, where most is left, last hours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.api import Address, MenuEntry, Permission, Plugin, Site, Source, Sourced, hookimpl
from plugins.ship_rules import services
from plugins.ship_rules.models import TABLES
from plugins.ship_rules.views import panel

PLUGIN = Plugin(
    name="ship_rules",
    version="1.0.0",
    title="Ship rules",
    summary="From where goods go to which countries: fewest parcels, cheapest, where most is left, and still today.",
    category="delivery",
    author="Stoa contributors",
    verbs={
        "saved": "saved a rule of where goods come from",
        "removed": "removed a rule of where goods come from",
        "restored": "brought a rule of where goods come from back",
    },
    models=TABLES,
    panel=panel,
    panel_menu=(MenuEntry(title="Ship rules", endpoint="show", icon="split", permission="ship_rules.edit"),),
    permissions=(Permission(code="ship_rules.edit", title="Edit from where goods are sent"),),
)


@hookimpl
def fulfil_allocate(
    site: Site, needs: Mapping[int, int], sources: Sequence[Source], address: Address | None
) -> Sequence[Sourced] | None:
    """The plan of the first rule for the address's country; core's own where there is none."""
    return services.choose(site, needs, sources, address)
