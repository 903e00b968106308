"""Splitting an order, and merging it into another: previewed, then confirmed once."""

from __future__ import annotations

from flask import Response, request

from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib import ids
from core.lib.errors import Broken, Refused, Unfit
from core.lib.money import Money
from core.orders.services import parting
from core.orders.services.parting import Parting
from core.orders.services.shapes import OrderView
from core.panel.orders import forms
from core.panel.orders.services import returning
from core.panel.orders.services.find import order_numbered
from core.panel.shell import actor, panel
from core.panel.shell.answers import page, to


@panel.get("/orders/<number>/split", endpoint="order_split")
@staff("orders.edit")
def ask(number: str) -> Response:
    """Which pieces go into an order of their own, or into which order all of this one goes."""
    return _page(order_numbered(number))


@panel.post("/orders/<number>/split", endpoint="order_split_save")
@staff("orders.edit")
def part(number: str) -> Response:
    """`act` is preview (nothing is written) or confirm, which needs the value that the preview said."""
    order = order_numbered(number)
    try:
        found = _looked(order)
        seen = request.form.get("seen", type=int)
        if request.form.get("act") != "confirm" or seen is None:
            return _page(order, found=found)
        went = _confirmed(order, found, seen)
    except (Refused, Broken) as refusal:
        return _page(order, _problems(refusal), getattr(refusal, "status", 409))
    said = _("Merged into order %(number)s.", number=went) if found.target else _("Split: this is the new order.")
    return to("panel.order", say=said, number=went)


def _looked(order: OrderView) -> Parting:
    into = request.form.get("into", type=int)
    if into:
        return parting.preview_merge(current().site, order.id, into, actor=actor())
    units = returning.units(request.form, _movable(order))
    return parting.preview_split(current().site, order.id, units, actor=actor())


def _confirmed(order: OrderView, found: Parting, seen: int) -> str:
    site, key, reason = current().site, request.form.get("key", "")[:64], request.form.get("reason", "").strip()[:200]
    if found.target is not None:
        return parting.merge_order(
            site, order.id, found.target.id, key=key, actor=actor(), reason=reason, seen=seen
        )  # fmt: skip
    return parting.split_order(site, order.id, found.plan.moves, key=key, actor=actor(), reason=reason, seen=seen)


def _movable(order: OrderView) -> list[tuple[int, str, int]]:
    return [
        (line.id, f"{line.name} ({whose})" if (whose := order.whose(line.place)) else line.name, most)
        for line in order.lines
        if (most := parting.movable(line)) > 0
    ]


def _problems(refusal: Refused | Broken) -> forms.Problems:
    if isinstance(refusal, Unfit):
        return [(name if name != "lines" else "", _(message)) for name, message in refusal.errors.items()]
    return [("", i18n.say(refusal))]


def _page(
    order: OrderView, problems: forms.Problems | None = None, status: int = 200, *, found: Parting | None = None
) -> Response:
    typed = forms.typed()
    candidates = parting.merge_candidates(current().site, order)
    return page(
        "order_split.html",
        status,
        order=order,
        lines=_movable(order),
        candidates=[("", _("None: into a new order")), *candidates],
        typed=typed,
        problems=problems or [],
        errors=forms.by_field(problems or []),
        key=typed["key"] or ids.token(),
        found=found,
        sums={
            "value": Money(found.value, order.currency),
            "money": Money(found.money, order.currency),
            "target_due": Money(found.target_due, order.currency),
            "stays_due": Money(found.effect.to_pay, order.currency),
            "owed": Money(max(0, found.effect.to_refund), order.currency),
        } if found else {},
    )  # fmt: skip
