"""The change editor: what a change would do is shown first; then it is confirmed once, or left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, request
from msgspec import Struct

from core.catalogue.services.stock import OutOfStock
from core.checkout.services.changing import Preview, change_order, check_stock, preview_change
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib import addresses, ids
from core.lib.errors import Broken, Refused, Unfit
from core.orders.services.change import check_not_done
from core.orders.services.change_shapes import KEEP, POLICIES, Action
from core.orders.services.change_wish import MOST_PLACES
from core.orders.services.shapes import OrderView
from core.panel.orders import forms
from core.panel.orders.services import addressing, said, standing, wishes
from core.panel.orders.services.drafting import search
from core.panel.orders.services.find import order_numbered
from core.panel.orders.services.new_lines import field_of, new_lines
from core.panel.shell import actor, panel
from core.panel.shell.answers import page, to
from core.panel.shell.once import once

# What only shows the form anew, with what was typed.
_FORM_ONLY = frozenset({"fields", "find", "row"})


@panel.get("/orders/<number>/change", endpoint="order_change")
@staff("orders.edit")
def ask(number: str) -> Response:
    """The editor, with the order as it is."""
    return _editor(order_numbered(number))


@panel.post("/orders/<number>/change", endpoint="order_change_save")
@staff("orders.edit")
@once("panel.order", "number")
def change(number: str) -> Response:
    """`act` is preview, fields, find or row (nothing is written) or confirm, which needs the price that was shown.

    `pick` puts goods that were found into a row.
    """
    order = order_numbered(number)
    policy = request.form.get("policy", KEEP)
    policy = policy if policy in POLICIES else KEEP
    if not _is_form_only():
        check_not_done(current().site, order.id, request.form.get("key", ""))
    if standing.has_moved(request.form, order.version):
        return _moved(order, policy)
    if _is_form_only():
        return _editor(order)
    try:
        actions = wishes.actions_of(request.form, order, current().site)
        if request.form.get("act") != "confirm" or not request.form.get("seen"):
            return _looked(order, actions, policy)
        change_order(
            current(),
            order.id,
            actions,
            key=request.form.get("key", "")[:64],
            actor=actor(),
            reason=request.form.get("reason", "").strip(),
            policy=policy,
            seen_price=request.form.get("seen", type=int),
            seen_version=request.form.get(standing.VERSION, type=int),
        )
    except (Refused, Broken) as refusal:
        return _editor(order, problems=_problems(order, refusal), status=getattr(refusal, "status", 409))
    return to("panel.order", say=_("The order is changed."), number=number)


def _is_form_only() -> bool:
    return request.form.get("act") in _FORM_ONLY or "pick" in request.form


def _looked(order: OrderView, actions: list[Action], policy: str) -> Response:
    if not actions:
        return _editor(order)
    preview = preview_change(current(), order.id, actions, policy=policy, actor=actor())
    check_stock(current(), preview)
    return _editor(order, preview=preview)


def _moved(order: OrderView, policy: str) -> Response:
    """What the form would do to the order as somebody else left it, to be looked at before anything is written."""
    typed, preview = standing.caught_up(request.form, wishes.standing(order)), None
    problems = [("", _("Meanwhile this order has changed. What you wrote is kept; the rest is as it is now."))]
    try:
        if not _is_form_only() and (actions := wishes.actions_of(typed, order, current().site)):
            preview = preview_change(current(), order.id, actions, policy=policy, actor=actor())
    except (Refused, Broken) as refusal:
        problems += _problems(order, refusal)
    return _editor(order, typed=typed, preview=preview, problems=problems, status=409)


def _problems(order: OrderView, refusal: Refused | Broken) -> forms.Problems:
    if isinstance(refusal, Unfit):
        return [(name, _(message)) for name, message in refusal.errors.items()]
    if isinstance(refusal, OutOfStock):
        more = (f"qty-{line.id}" for line in order.lines if line.variant_id == refusal.variant_id)
        return [(field_of(refusal.variant_id, request.form) or next(more, ""), i18n.say(refusal))]
    field, place = getattr(refusal, "field", None), getattr(refusal, "place", None)
    if field not in addresses.NAMES:
        return [("", i18n.say(refusal))]
    prefix = wishes.FURTHER if place == wishes.further_place(order) else addressing.PREFIX
    if order.is_spread and place is not None and prefix != wishes.FURTHER:
        prefix = wishes.names_at(order, order.at(place)).prefix
    return [(f"{prefix}{field}", i18n.say(refusal))]


class PlaceForm(Struct, frozen=True, kw_only=True):
    """The fields about one place with what was typed, and where its goods would go by which way."""

    names: wishes.Names
    title: str
    now: OrderView
    address: addressing.AddressForm | None
    values: Mapping[str, str]
    goes_to: Sequence[str]
    rates: Sequence[tuple[str, str, str]]
    chosen: str

    def is_open(self, errors: Mapping[str, str]) -> bool:
        """Whether something in it is other than it was, or wrong."""
        return bool(self.goes_to) or any(text and name.startswith(self.names.prefix) for name, text in errors.items())


def _places(order: OrderView, typed: Mapping[str, str], preview: Preview | None) -> list[PlaceForm]:
    found = []
    for part in wishes.live_parts(order):
        names = wishes.names_at(order, part)
        country = typed[f"{names.prefix}country"] or (part.address.country if part.address else "")
        now = addressing.address_values(part.address, names.prefix)
        found.append(
            PlaceForm(
                names=names, title=order.whose(names.place), now=part,
                address=addressing.address_form(country, names.prefix) if part.address else None,
                values=defaultdict(str, {**now, **typed}), **_ways(preview, names.place),
            )
        )  # fmt: skip
    return found


def _further(order: OrderView, typed: Mapping[str, str], preview: Preview | None) -> PlaceForm | None:
    """The fields of one more address; none where the order goes nowhere, or where there are enough."""
    first = order.destinations[0].address
    if first is None or not order.needs_delivery or len(order.destinations) >= MOST_PLACES:
        return None
    names = wishes.Names(
        place=wishes.further_place(order), prefix=wishes.FURTHER, title="", delivery="",
        service=f"to_service-{wishes.NEW}",
    )  # fmt: skip
    return PlaceForm(
        names=names, title="", now=order,
        address=addressing.address_form(typed[f"{wishes.FURTHER}country"] or first.country, wishes.FURTHER),
        values=typed, **_ways(preview, names.place),
    )  # fmt: skip


def _ways(preview: Preview | None, place: int) -> dict[str, Any]:
    """Where the goods of a place would go, and how."""
    address = preview.plan.addresses.get(place) if preview else None
    rates, chosen = (preview.rates(place), preview.service(place)) if preview else ((), None)
    return {
        "goes_to": said.address_lines(address),
        "rates": [(f"{rate.carrier}:{rate.service}", rate.full_title, i18n.money(rate.amount)) for rate in rates],
        "chosen": f"{chosen.carrier}:{chosen.service}" if chosen else "",
    }


def _bill(order: OrderView, typed: Mapping[str, str], preview: Preview | None) -> dict[str, object]:
    """The form of who the bill is for, with what was typed."""
    known = order.billing or wishes.live_parts(order)[0].address
    country = typed[f"{addressing.BILLING}country"] or (known.country if known else "")
    now = addressing.address_values(known, addressing.BILLING)
    return {
        "billing": addressing.address_form(country, addressing.BILLING) if known else None,
        "bill_values": defaultdict(str, {**now, **typed}),
        "billed_to": said.address_lines(preview.plan.billing) if preview and preview.plan.billing else [],
    }


def _is_moving(typed: Mapping[str, str], problems: forms.Problems) -> bool:
    """Whether something was written about other addresses, shall go to a new one, or is wrong there."""
    begin = ("move-", "move_to-", wishes.FURTHER)
    written = [name for name, text in typed.items() if text] + [name for name, _text in problems]
    if any(name.startswith("add_to") and text == wishes.NEW for name, text in typed.items()):
        return True
    return any(name.startswith(begin) and name != f"{wishes.FURTHER}country" for name in written)


def _editor(
    order: OrderView,
    *,
    typed: forms.Fields | None = None,
    preview: Preview | None = None,
    problems: forms.Problems | None = None,
    status: int = 200,
) -> Response:
    typed = forms.typed() if typed is None else typed
    effect, site = preview.effect if preview else None, current().site
    places, further = _places(order, typed, preview), _further(order, typed, preview)
    choices = wishes.goods_places(order, further=further is not None)
    return page(
        "order_change.html",
        status,
        order=order,
        was=standing.kept(wishes.standing(order)),
        places=places,
        further=further,
        choices=choices if order.is_spread else [],
        goods_places=choices,
        typed=typed,
        added=new_lines(typed, order, site),
        found=search(site, typed["find"], order.language, order.currency),
        problems=problems or [],
        errors=forms.by_field(problems or []),
        key=ids.token() if problems else typed["key"] or ids.token(),
        **_bill(order, typed, preview),
        moves_open=_is_moving(typed, problems or []),
        moved=wishes.moved(preview) if preview else [],
        preview=preview,
        rows=wishes.rows(preview) if preview else [],
        stock=wishes.stock_rows(effect),
        sums=wishes.sums(effect, order.currency),
    )
