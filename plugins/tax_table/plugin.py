"""Tax table: rates by tax class, country and region, in prices or on top of them."""

from __future__ import annotations

from core.api import MenuEntry, Permission, Plugin, PricedCart, Site, Taxes, hookimpl, site_by_host
from plugins.tax_table import forms, services
from plugins.tax_table.models import TABLES
from plugins.tax_table.views import panel


def add(arguments: list[str]) -> int:
    """`./stoa tax_table add --site HOST --country GB --rate 20 --name VAT`."""
    said = forms.arguments(arguments)
    services.add_rate(site_by_host(said.pop("site")), forms.row(said), actor="system")
    return 0


PLUGIN = Plugin(
    name="tax_table",
    version="1.0.0",
    title="Tax table",
    summary="Sales taxes by tax class, country and region, for prices with or without tax. Delivery is taxed too.",
    category="tax",
    author="Stoa contributors",
    verbs={
        "saved": "saved the tax rates",
    },
    models=TABLES,
    panel=panel,
    panel_menu=(MenuEntry(title="Taxes", endpoint="show", icon="tax", permission="tax_table.edit"),),
    permissions=(Permission(code="tax_table.edit", title="Edit tax rates"),),
    commands={"add": add},
)


@hookimpl
def checkout_taxes(site: Site, priced: PricedCart) -> Taxes | None:
    """The cart's taxes; nothing to say while the table is empty."""
    rates = services.rates_of(site)
    return services.taxes(site, priced, rates) if rates else None
