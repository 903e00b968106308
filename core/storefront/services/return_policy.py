"""What holds for sending a product back, in words, before it is bought."""

from __future__ import annotations

from msgspec import Struct

from core.catalogue.services.returns import NEVER
from core.hookspecs.site import Site
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.i18n import ngettext
from core.lib.money import Money
from core.orders.services.case_rules import OURS, REASONS, Rules, days_for, rules_of


class ReturnPolicy(Struct, frozen=True, kw_only=True):
    """In a few words, and in a sentence. `is_usual`: the shop's own rules, about which it may say more.

    `days` is 0 where it cannot be sent back; `fee` is what sending it back costs, None where nothing.
    """

    title: str
    text: str
    is_usual: bool
    days: int = 0
    fee: Money | None = None


def return_policy(site: Site, returns: str, currency: str) -> ReturnPolicy:
    """The policy for goods that say `returns`. No statement while the rules stay."""
    rules = rules_of(site)
    days = max((days_for(rules, returns, reason) for reason in REASONS if reason not in OURS), default=0)
    if not days:
        words = NEVER.get(returns, NEVER["final"])
        ours = _("Only if it came damaged, wrong or incomplete, or does not work.")
        return ReturnPolicy(title=str(words).rstrip(".。"), text=ours, is_usual=False)
    title = ngettext("You can send it back for %(n)s day", "You can send it back for %(n)s days", days)
    amount = rules.return_delivery.get(currency, 0)
    fee = Money(amount, currency) if amount else None
    return ReturnPolicy(title=title, text=i18n.sentences(_costs(rules, fee)), is_usual=not returns, days=days, fee=fee)


def _costs(rules: Rules, fee: Money | None) -> list[str]:
    said = []
    if fee is not None:
        said.append(_("Sending it back costs %(amount)s.", amount=i18n.money(fee)))
    if rules.restocking:
        share = i18n.number(rules.restocking / 100)
        said.append(_("We keep %(percent)s %% of the price.", percent=share))
    return said
