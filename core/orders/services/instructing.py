"""Where to pay, told by those who write to the shopper: perhaps before the shopper's own request has come so far."""

from __future__ import annotations

from core.kernel import db
from core.kernel.sites import SiteState
from core.lib.errors import Broken
from core.orders.services.intents import newest_payment
from core.orders.services.opening import begin_payment
from core.orders.services.operations import known_gateway
from core.orders.services.settle import open_amount


def begin_instructions(state: SiteState, order_id: int) -> None:
    """Begin the newest payment if its gateway only has words to say, and nobody has begun it. Commits.

    Other payments lead the shopper somewhere, so they begin with the shopper alone. Twice is one operation.
    """
    opened = newest_payment(state.site.id, order_id)
    if opened is None or open_amount(order_id) <= 0:
        return
    if db.value("SELECT 1 FROM payment WHERE id = ? AND shown IS NOT NULL", opened.row.id):
        return
    gateway = known_gateway(state, opened)
    if gateway is None or gateway.flow != "instructions":
        return
    try:
        begin_payment(state, order_id)
    except Broken:
        return  # The guard has reported it, and the order's own page offers another try.
