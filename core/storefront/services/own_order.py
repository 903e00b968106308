"""What shoppers may do with their order by themselves, and what their forms say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from core.catalogue.services.shapes import Picture
from core.catalogue.services.stock import OutOfStock
from core.checkout.services.own_changes import can_be_changed_by_shopper
from core.hookspecs.site import Site
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.i18n import ngettext
from core.lib import clock
from core.lib.errors import Refused
from core.lib.money import Money
from core.orders.services.case_reading import cases_of
from core.orders.services.case_rules import (
    Rules,
    claims_until,
    deadline,
    rules_of,
)
from core.orders.services.goods import NotThatMany
from core.orders.services.guards import Guarded
from core.orders.services.price_now import price_now
from core.orders.services.shapes import OrderView
from core.storefront.services.exchanging import Further
from core.storefront.services.fields import (
    Field,
    said,
)
from core.storefront.services.own_order_steps import ShownCase, shown_cases
from core.storefront.services.totals import Row

MOST_UNITS = 9_999


class Own(Struct, frozen=True, kw_only=True):
    """What may be done from the order's page. Empty `changing` or `returning`: it may; else they say why not.

    `can_claim` says whether what is wrong may still be claimed, also after the time to send back.
    `has_left` says whether there is anything that could come back at all, `only_ours` that it may for the shop's own
    faults alone. `moved` is what was given back so far,
    `to_come` what is still owed.
    """

    can_be_changed: bool
    changing: str
    has_left: bool
    returning: str
    can_claim: bool
    until: datetime | None
    only_ours: bool
    cases: tuple[ShownCase, ...]
    moved: Money
    to_come: Money


class LineField(Struct, frozen=True, kw_only=True):
    """A line of a form: its picture and the field for its quantity; without a field `why` says why not.

    `instead`: what it may be exchanged for.
    """

    name: str
    picture: Picture | None
    field: Field | None
    why: str = ""
    instead: Field | None = None


class OwnForm(Struct, frozen=True, kw_only=True):
    """A form about goods that left.

    `further` is what else may be sent instead, `sums` what an exchange comes to.
    `photos`: what is wrong with those that were sent.
    """

    errors: tuple[tuple[str, str], ...]
    lines: tuple[LineField, ...]
    fields: Sequence[Field] = ()
    photos: str = ""
    key: str = ""
    further: Further | None = None
    sums: tuple[Row, ...] = ()


def own_side(site: Site, order: OrderView) -> Own:
    """What the shopper may do with this order now. Two to four statements."""
    is_open = can_be_changed_by_shopper(order)
    waits = order.can_be_cancelled and not is_open
    has_left = any(line.can_be_returned > 0 for line in order.lines)
    rules = rules_of(site) if has_left else Rules()
    until, last = deadline(order, rules) if has_left else None, claims_until(order, rules)
    own_until = deadline(order, rules, ours=False) if has_left else None
    return Own(
        can_be_changed=is_open,
        changing=_("We have begun to pack this order, so it cannot be changed here any more. Write to us.")
        if waits
        else "",
        has_left=has_left,
        returning=_why_none(until) if has_left else "",
        can_claim=has_left and last is not None and clock.now() <= last,
        until=until,
        only_ours=own_until is None or clock.now() > own_until,
        cases=shown_cases(site, order, cases_of(site, order.id)),
        moved=order.refunded,
        to_come=order.refund_due,
    )


def _why_none(until: datetime | None) -> str:
    if until is None or clock.now() > until:
        return _("The time to send these goods back is over.")
    return ""


def price_rows(order: OrderView) -> tuple[Row, ...]:
    """What an order costs by now, where units were cancelled or came back since it was agreed."""
    now = price_now(order)
    if now is None:
        return _money_back(order)
    less = ((_("Cancelled"), now.cancelled), (_("In other orders"), now.moved), (_("Sent back"), now.returned))
    return (
        *(Row(name=name, amount=-amount) for name, amount in less if amount),
        Row(name=_("Total now"), amount=now.total, kind="sum"),
        *_money_back(order),
    )


def _money_back(order: OrderView) -> tuple[Row, ...]:
    """What of the shopper's money went back, and what is still owed to them."""
    rows = ((_("Given back to you"), order.refunded), (_("Still on its way to you"), order.refund_due))
    return tuple(Row(name=name, amount=amount, kind="soft") for name, amount in rows if amount)


# -- forms -------------------------------------------------------------------------------------------------------------


def units(text: str) -> int | None:
    """A whole number of units as it was typed; None if it is none."""
    bare = text.strip()
    return int(bare) if len(bare) <= len(str(MOST_UNITS)) and bare.isdecimal() else None


NUMBER = {"mode": "numeric", "max": 4, "autocomplete": "off", "wide": True}


def picture(name: str) -> Picture | None:
    """The picture of an order's line, from its stored name."""
    return Picture(name=name, mime="", width=400, height=400) if name else None


def placed_errors(order: OrderView, error: Refused) -> dict[str, str]:
    """What is wrong, at the field of the line that it is about."""
    about = [
        line.id
        for line in order.lines
        if (isinstance(error, OutOfStock) and line.variant_id == error.variant_id)
        or (isinstance(error, NotThatMany) and line.sku == error.params.get("sku"))
        or (isinstance(error, Guarded) and error.field == f"line-{line.id}")
    ]
    if not about:
        return said(error)
    return {f"quantity.{about[0]}": _no_more(error) if isinstance(error, OutOfStock) else i18n.say(error)}


def _no_more(error: OutOfStock) -> str:
    """How many more there are, without the number by which the shop calls it."""
    if error.available < 1:
        return _("No more of it can be had now.")
    return ngettext("Only one more of it can be had now.", "Only %(n)s more of it can be had now.", error.available)
