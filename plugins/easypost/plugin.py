"""EasyPost: whoever packs buys the label of a parcel, from any carrier of the merchant's account."""

from __future__ import annotations

from collections.abc import Sequence

from core.api import Carrier, Plugin, Site, hookimpl
from plugins.easypost.forms import Settings
from plugins.easypost.services import carrier_of, try_connection
from plugins.easypost.views import shop

PLUGIN = Plugin(
    name="easypost",
    version="1.0.0",
    title="EasyPost labels",
    summary="Buy the labels of your parcels from the carriers of your EasyPost account, and hear when they arrive.",
    category="delivery",
    author="Stoa contributors",
    settings=Settings,
    test=try_connection,
    shop=shop,
)


@hookimpl
def fulfil_carriers(site: Site) -> Sequence[Carrier]:
    """One carrier with the services of the account, once it is ready."""
    carrier = carrier_of(site)
    return [carrier] if carrier is not None else []
