"""One act on many orders: each on its own, with an answer of its own, so that one refusal stops no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from msgspec import Struct

from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.sites import SiteState
from core.lib.errors import Broken, Refused
from core.lib.money import Money
from core.orders.services import opening, payments, picked, promising, stages, tags
from core.orders.services import ship as shipping
from core.orders.services.awaited import awaited_money
from core.orders.services.money_limits import left_to_capture
from core.orders.services.shapes import OrderView
from core.panel.orders.services import staged
from core.panel.orders.services.find import order_numbered

MOST = 100


class Result(Struct, frozen=True, kw_only=True):
    """What became of one order. `is_unpaid`: it was left out for that alone."""

    number: str
    is_done: bool
    text: str
    is_unpaid: bool = False


class NotAllHere(Refused):
    """A bulk act sends whole orders."""

    code = "not_all_here"
    default_message = "Only %(here)s of %(all)s pieces are on the shelf. Send a part from the order’s page."


class NotPaidYet(Refused):
    """Many orders at a time are not looked at one by one, so none leaves that waits for its money."""

    code = "not_paid_yet"
    default_message = "Not paid yet: %(amount)s are open."


class Wish(Struct, frozen=True, kw_only=True):
    """Who wants it, and the key of the form that was sent: a repeated click is the same act.

    `unpaid`: orders are sent that are not paid yet, too.
    """

    state: SiteState
    actor: str
    key: str
    tag: str = ""
    stage: str = ""
    day: str = ""
    unpaid: bool = False


def run(act: str, numbers: Sequence[str], wish: Wish) -> list[Result]:
    """Do it to every order, up to a hundred; each has its own transaction. Network for captures."""
    return [_one(ACTS[act][1], number, wish) for number in list(dict.fromkeys(numbers))[:MOST]]


def _one(act: Callable[[OrderView, Wish], str], number: str, wish: Wish) -> Result:
    try:
        return Result(number=number, is_done=True, text=act(order_numbered(number), wish))
    except (Refused, Broken) as refusal:
        return Result(number=number, is_done=False, text=i18n.say(refusal), is_unpaid=isinstance(refusal, NotPaidYet))


def _capture(order: OrderView, wish: Wish) -> str:
    """Take what is due of what was authorised and not taken yet."""
    taken = 0
    for payment in order.payments:
        part = min(order.due.amount - taken, left_to_capture(payment.id))
        if part > 0:
            amount = Money(part, order.currency)
            payments.capture(wish.state, payment.id, amount, actor=wish.actor, key=f"bulk:{wish.key}:{payment.id}")
            taken += part
    if not taken:
        raise opening.NothingToPay("Nothing is authorised.")
    return _("%(amount)s captured.", amount=i18n.money(Money(taken, order.currency)))


def _ship(order: OrderView, wish: Wish) -> str:
    """All that waits, in one parcel from each location to each place, if all of it is there and it is paid.

    What shall leave in parts is chosen on the order's own page.
    """
    waiting, here = sum(line.allocated for line in order.lines), sum(order.here.values())
    if here < waiting:
        raise NotAllHere(here=here, all=waiting)
    if waiting and not order.is_held and not wish.unpaid and (amount := awaited_money(wish.state, order)):
        raise NotPaidYet(amount=amount)
    parts = [part for part in order.by_place if part.can_be_cancelled] or [order]
    for part in parts:
        place, key = part.destinations[0].position, f"bulk:{wish.key}"[:36]
        shipping.ship(
            wish.state.site, order.id, actor=wish.actor, place=place if order.is_spread else None,
            carrier=part.carrier, service=part.service, title=part.delivery_title,
            key=f"{key}:{place}" if place else key,
        )  # fmt: skip
    return i18n.ngettext("%(n)s piece shipped.", "%(n)s pieces shipped.", waiting)


def _pick(order: OrderView, wish: Wish) -> str:
    count = picked.start_picking(wish.state.site, order.id, actor=wish.actor)
    return i18n.ngettext("%(n)s piece to pick.", "%(n)s pieces to pick.", count)


def _deliver(order: OrderView, wish: Wish) -> str:
    shipping.deliver(wish.state.site, order.id, actor=wish.actor)
    return _("Noted as delivered.")


def _promise(order: OrderView, wish: Wish) -> str:
    try:
        day = date.fromisoformat(wish.day) if wish.day else None
    except ValueError:
        raise promising.DayOver from None
    is_new = promising.promise_day(wish.state.site, order.id, day, actor=wish.actor)
    return _("The new day is promised.") if is_new else _("That day was promised already.")


def _tag(order: OrderView, wish: Wish) -> str:
    is_new = tags.tag_order(wish.state.site, order.id, wish.tag, actor=wish.actor)
    return _("Tagged.") if is_new else _("It has this tag already.")


def _untag(order: OrderView, wish: Wish) -> str:
    had = tags.untag_order(wish.state.site, order.id, wish.tag, actor=wish.actor)
    return _("The tag is off.") if had else _("It did not have this tag.")


def _stage(order: OrderView, wish: Wish) -> str:
    if wish.stage not in dict(staged.choices(wish.state.site, by_hand=True)):
        raise stages.WrongStage
    plugin, _colon, code = wish.stage.partition(":")
    is_new = stages.enter_stage(wish.state.site, order.id, plugin, code, actor=wish.actor)
    said = _("Now: %(stage)s", stage=staged.stage_title(plugin, code))
    return said if is_new else _("It stands there already.")


# The acts with the permission each needs.
ACTS: dict[str, tuple[str, Callable[[OrderView, Wish], str]]] = {
    "capture": ("orders.pay", _capture),
    "pick": ("orders.ship", _pick),
    "ship": ("orders.ship", _ship),
    "deliver": ("orders.ship", _deliver),
    "promise": ("orders.edit", _promise),
    "tag": ("orders.edit", _tag),
    "untag": ("orders.edit", _untag),
    "stage": ("orders.edit", _stage),
}
