"""Contract suites: what core relies on when it speaks to a plugin's provider, as tests that the plugin inherits.

    class TestMyGateway(GatewayContract):
        @pytest.fixture
        def gateway(self): return MyGateway(Settings({...}))

        @pytest.fixture
        def peer(self, server): return MyDriver(server)

Each rule is proved to refuse a plugin that breaks it.
"""

from __future__ import annotations

from core.testing.contracts.asks import AskContract
from core.testing.contracts.carrier import CarrierContract
from core.testing.contracts.channel import ChannelContract, ChannelPeer
from core.testing.contracts.events import EventContract, any_event
from core.testing.contracts.gateway import GatewayContract
from core.testing.contracts.guard import GuardContract
from core.testing.contracts.prices import PriceContract
from core.testing.contracts.promotion import Case, PromotionContract
from core.testing.contracts.samples import (
    a_cart,
    a_line,
    a_parcel,
    a_site,
    an_act,
    an_intent,
    an_order,
    the_address,
)
from core.testing.contracts.search import SearchContract
from core.testing.contracts.sourcing import SourcingContract
from core.testing.contracts.steps import GatewayPeer
from core.testing.contracts.tax import TaxContract

__all__ = [
    "AskContract",
    "CarrierContract",
    "Case",
    "ChannelContract",
    "ChannelPeer",
    "EventContract",
    "GatewayContract",
    "GatewayPeer",
    "GuardContract",
    "PriceContract",
    "PromotionContract",
    "SearchContract",
    "SourcingContract",
    "TaxContract",
    "a_cart",
    "a_line",
    "a_parcel",
    "a_site",
    "an_act",
    "an_intent",
    "an_order",
    "any_event",
    "the_address",
]
