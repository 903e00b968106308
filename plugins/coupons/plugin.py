"""Coupons: codes for a percentage, a fixed sum or free delivery, with limits that hold under any number of shoppers."""

from __future__ import annotations

from collections.abc import Sequence

from core.api import Cart, MenuEntry, Offer, Permission, Plugin, Rejected, Site, hookimpl, site_by_host
from plugins.coupons import forms, services
from plugins.coupons.models import TABLES
from plugins.coupons.views import panel


def add(arguments: list[str]) -> int:
    """`./stoa coupons add --site HOST --code WELCOME10 --percent 10`."""
    said = forms.arguments(arguments)
    site = site_by_host(said.pop("site"))
    services.save_coupon(site, forms.parse(said, site), actor="system")
    return 0


PLUGIN = Plugin(
    name="coupons",
    version="1.0.0",
    title="Coupons",
    summary="Codes for a percentage, a fixed sum or free delivery, from a sum, for some goods, for a time, so often.",
    category="promotion",
    author="Stoa contributors",
    verbs={
        "saved": "saved the coupon %(title)s",
        "codes_made": "made codes for the coupon %(title)s",
        "switched": "switched the coupon %(title)s on or off",
    },
    models=TABLES,
    panel=panel,
    panel_menu=(MenuEntry(title="Coupons", endpoint="show", icon="coupon", permission="coupons.edit"),),
    permissions=(Permission(code="coupons.edit", title="Edit coupons"),),
    commands={"add": add},
)


@hookimpl
def promote_offers(site: Site, cart: Cart, codes: Sequence[str]) -> Sequence[Offer | Rejected]:
    """An offer, or the reason why not, for each code of ours."""
    return services.answers(site, cart, codes)
