"""What gateways tell by themselves.

A notice is verified before anything is looked up, and acknowledged after the commit.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from msgspec.structs import replace

from core.hookspecs.payment import IncomingRequest, Notice, Reply
from core.kernel import db
from core.kernel.answers import checked
from core.kernel.sites import SiteState
from core.lib import clock
from core.lib.errors import NotFound
from core.orders.services.facts import find_payment, record_facts
from core.orders.services.gateways import find_gateway, guarded, told_by

log = structlog.get_logger(__name__)
# An order may just be committing when its notice arrives, so an unknown payment is asked for again this long.
ORPHAN_GRACE = timedelta(hours=1)
TRY_AGAIN = Reply(status=503, body="unknown payment, try again")


def take_notice(state: SiteState, plugin: str, account: str, request: IncomingRequest) -> Reply:
    """Verify a webhook's raw bytes, store its facts in one transaction, and answer what the gateway wants to read.

    Raises NotFound for a plugin or account that this site does not have (one that is draining still answers), and
    Forged. A payment that nobody knows is kept as an orphan: the gateway is told to come again for an hour, then it is
    believed to mean somebody else.
    """
    gateway = find_gateway(state, plugin, account)
    if gateway is None:
        raise NotFound
    notice = guarded(state, plugin, "read", lambda: checked(gateway.read(request), Notice, asked="read"))
    notice = replace(notice, facts=told_by(gateway, notice.facts))
    payment = find_payment(
        state.site.id, token=notice.intent, plugin=plugin, account=account, reference=notice.reference
    )
    if payment is None and notice.intent and notice.reference:
        payment = find_payment(state.site.id, plugin=plugin, account=account, reference=notice.reference)
    db.retrying(lambda: record_facts(state.site, plugin, account, notice.facts, payment))
    if payment is None and notice.facts:
        return _orphan_reply(state, plugin, notice)
    return notice.reply


def _orphan_reply(state: SiteState, plugin: str, notice: Notice) -> Reply:
    first = min(
        db.value(
            "SELECT stored_at FROM payment_fact WHERE site_id = ? AND plugin = ? AND account = ? AND kind = ? AND"
            " reference = ?",
            state.site.id, plugin, fact.account, str(fact.kind), fact.reference[:200],
        )
        or clock.now_us()
        for fact in notice.facts
    )  # fmt: skip
    if clock.now() - clock.instant(first) < ORPHAN_GRACE:
        return TRY_AGAIN
    log.warning(
        "a notice about a payment that nobody knows", site=state.site.key, plugin=plugin, notice=notice.event_id
    )
    return notice.reply
