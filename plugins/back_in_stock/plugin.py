"""Back in stock: shoppers leave an address on what is sold out, and get one mail when it can be bought again."""

from __future__ import annotations

import sys

from core.api import (
    Delivery,
    GuestErased,
    MenuEntry,
    Permission,
    Plugin,
    ProductChanged,
    ProductPage,
    ShopperErased,
    Site,
    Slot,
    StockChanged,
    hookimpl,
    site_by_host,
)
from plugins.back_in_stock import forms, services
from plugins.back_in_stock.models import TABLES
from plugins.back_in_stock.views import CARD, PERMISSION, panel, shop


def erase(arguments: list[str]) -> int:
    """`./stoa back_in_stock erase ADDRESS --site HOST`."""
    said = forms.erase_arguments(arguments)
    sys.stderr.write(f"{services.erase(site_by_host(said.site), said.email):,} subscriptions forgotten.\n")
    return 0


def import_file(arguments: list[str]) -> int:
    """`./stoa back_in_stock import FILE --site HOST`; 1 if a line could not be taken."""
    said = forms.import_arguments(arguments)
    taken, wrong = services.wait_from_file(site_by_host(said.site), said.file)
    sys.stderr.write("".join(f"{line}\n" for line in wrong) + f"{taken:,} addresses wait.\n")
    return 1 if wrong else 0


PLUGIN = Plugin(
    name="back_in_stock",
    version="1.0.0",
    title="Back in stock",
    summary="A form on what is sold out, and one mail when it can be bought again.",
    category="marketing",
    author="Stoa contributors",
    settings=forms.BackInStock,
    slots=("product.below_buy",),
    models=TABLES,
    shop=shop,
    panel=panel,
    panel_menu=(MenuEntry(title="Back in stock", endpoint="show", icon="mail", permission=PERMISSION),),
    panel_sections=(CARD,),
    permissions=(Permission(code=PERMISSION, title="See who waits for what"),),
    jobs={"look": services.look, "purge": services.purge},
    every={"look": 3600, "purge": 86400},
    commands={"erase": erase, "import": import_file},
    hears=(ProductChanged, StockChanged, ShopperErased, GuestErased),
)


@hookimpl
def site_slot(name: str, subject: object) -> Slot | None:
    """The form below the buy button, while something is sold out."""
    return services.section(subject) if name == "product.below_buy" and isinstance(subject, ProductPage) else None


@hookimpl
def notify_event(site: Site, delivery: Delivery) -> None:
    """Stock, prices or listings changed: whoever can buy now is told. Whoever is erased waits no more."""
    event = delivery.event
    if isinstance(event, StockChanged):
        services.tell(site, services.products_of(site, event.variant_ids))
    elif isinstance(event, ProductChanged):
        services.tell(site, services.waited_for(site, event.product_ids))
    elif isinstance(event, ShopperErased | GuestErased):
        services.forget(site, event.mail_codes, delivery.at)
