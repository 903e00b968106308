"""Ways to pay: those of the plugins, and core's own "by arrangement" where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from msgspec.structs import replace

from core.hookspecs.payment import Begun, Fact, Gateway, Intent, Show
from core.kernel.i18n import gettext as _
from core.kernel.installation import installation
from core.kernel.sites import SiteState
from core.lib.errors import Broken, StoaError

CORE = "core"
_Answer = TypeVar("_Answer")


class GatewayGone(Broken):
    """The plugin of a payment is off or removed, so that nobody can be asked."""

    default_message = "The plugin that handles this payment is switched off."


class Arrangement(Gateway):
    """Core's own way to be paid: shop and shopper agree between themselves, and the merchant marks the order paid."""

    code = "arrangement"
    flow = "instructions"
    icon = "chat"
    live = True
    unpaid_days = 0

    def __init__(self) -> None:
        self.title = _("By arrangement")
        self.description = _("We will contact you about how to pay.")

    def begin(self, intent: Intent, key: str) -> Begun:
        """Nothing to open: the words for the shopper."""
        del key
        return Show(text=_("We will contact you about how to pay."), rows=((_("Order"), intent.order_number),))


def gateways_of(state: SiteState) -> list[tuple[str, Gateway]]:
    """(plugin, gateway) in the order to be offered; core's own alone where no plugin offers any."""
    found = [
        (plugin, gateway)
        for plugin, answer in state.hooks.each("payment_gateways", site=state.site)
        for gateway in answer
    ]
    return found or [(CORE, Arrangement())]


def find_gateway(state: SiteState, plugin: str, account: str, code: str = "") -> Gateway | None:
    """The gateway of an existing payment or notice; plugins that only finish their open orders answer too."""
    if plugin == CORE:
        return Arrangement()
    for _name, answer in state.hooks.each("payment_gateways", draining=True, among={plugin}, site=state.site):
        return next((one for one in answer if one.account == account and code in {"", one.code}), None)
    return None


def told_by(gateway: Gateway, facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Facts with the account and the kind of money of the gateway that told them, where they do not say."""
    return tuple(
        replace(
            fact,
            account=fact.account or gateway.account,
            live=gateway.live if fact.live is None else fact.live,
        )
        for fact in facts
    )


def guarded(state: SiteState, plugin: str, act: str, call: Callable[[], _Answer]) -> _Answer:
    """Call a provider's method; what is none of its typed failures is reported as a fault and becomes Broken."""
    try:
        return call()
    except StoaError:
        raise
    except (Exception, SystemExit) as error:  # the guard around provider objects: the order must go on
        installation().faults.report(state.site.id, plugin, act, error)
        raise Broken from error
