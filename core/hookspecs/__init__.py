"""The hooks of Stoa: eighteen specs in seven families, each beside the structs that cross its door.

Ask (a hook), act (a provider object), tell (an event): see ARCHITECTURE.md. A plugin imports all of this from
`core.api`.
"""

from __future__ import annotations

from core.hookspecs.checkout import CheckoutSpecs
from core.hookspecs.fulfil import FulfilSpecs
from core.hookspecs.notify import NotifySpecs
from core.hookspecs.order import OrderSpecs
from core.hookspecs.payment import PaymentSpecs
from core.hookspecs.promote import PromoteSpecs
from core.hookspecs.site import SiteSpecs

FAMILIES = (CheckoutSpecs, OrderSpecs, PromoteSpecs, PaymentSpecs, FulfilSpecs, NotifySpecs, SiteSpecs)
