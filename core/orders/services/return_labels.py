"""The way back: a label that a carrier sells, else one to print, with the return's number as text and as a code."""

from __future__ import annotations

import json

from flask import Response

from core.hookspecs.checkout import Address
from core.hookspecs.fulfil import Carrier, Label, Parcel, ParcelLine
from core.hookspecs.site import Site
from core.kernel import activity, db, files
from core.kernel.answers import checked
from core.kernel.sites import SiteState
from core.lib.errors import Broken, NotFound, Refused
from core.lib.money import Money
from core.orders.services.case_reading import case_view
from core.orders.services.case_rules import rules_of
from core.orders.services.case_shapes import APPROVED, CLAIM, RECEIVED, CaseView, WrongStep
from core.orders.services.gateways import guarded
from core.orders.services.read import order_view
from core.orders.services.shapes import OrderView
from core.orders.services.timeline import note

FOLDER = "labels"
_KINDS = {"application/pdf": "pdf", "image/png": "png"}


class NoLabel(Refused):
    """No carrier of the site sells labels for the way back."""

    code = "no_label"
    default_message = "No carrier of yours offers a label for this return. Let the shopper print the shop’s own."


def return_number(case: CaseView) -> str:
    """The number of a return, as it stands on its label."""
    return f"{case.order_number}-R{case.id}"


def return_address(site: Site) -> list[str]:
    """Where goods are sent back to, line by line; empty where the merchant has not written it."""
    return [line.strip() for line in rules_of(site).send_to.splitlines() if line.strip()]


def can_be_sent(case: CaseView) -> bool:
    """Whether goods are still to come, so that a label is of use."""
    return case.kind != CLAIM and case.state in {APPROVED, RECEIVED} and any(line.to_come for line in case.lines)


def are_sold(state: SiteState) -> bool:
    """Whether a carrier of this site can sell a way back; of a return it may still say no."""
    return any(
        type(carrier).return_label is not Carrier.return_label
        for _plugin, answer in state.hooks.each("fulfil_carriers", site=state.site)
        for carrier in answer
    )


def buy_return_label(state: SiteState, case_id: int, *, actor: str) -> str:
    """Buy the way back of a return at the first carrier that offers it; answers its tracking number. Network, commits.

    One that was bought is kept: the same is answered again. Raises NotFound, WrongStep, NoLabel, Broken.
    """
    case = case_view(state.site, case_id)
    if case.label:
        return str(case.label["tracking"])
    order = order_view(case.order_id, site=state.site)
    if order is None:
        raise NotFound
    if not can_be_sent(case):
        raise WrongStep
    carrier, bought = _bought(state, order, case)
    name = files.keep_file(FOLDER, bought.document, _KINDS[bought.mime])
    label = {
        "carrier": carrier.code, "title": carrier.title, "tracking": bought.tracking[:120],
        "file": name, "mime": bought.mime, "cost": bought.cost.amount, "currency": bought.cost.currency,
    }  # fmt: skip
    with db.transaction():
        kept = db.execute(
            "UPDATE order_case SET label = ? WHERE id = ? AND site_id = ? AND label IS NULL",
            json.dumps(label), case_id, state.site.id,
        )  # fmt: skip
        if kept:
            note(case.order_id, actor, "return_label", case=case.id, tracking=bought.tracking[:120])
            activity.record(
                actor, "buy label", f"order:{case.order_id}", after={"case": case.id, "tracking": label["tracking"]},
                site_id=state.site.id, title=case.order_number,
            )  # fmt: skip
    if not kept:  # Another click was first; the carrier sold one label, since both had one key.
        files.drop_file(FOLDER, name)
    return str(case_view(state.site, case_id).label["tracking"])


def _bought(state: SiteState, order: OrderView, case: CaseView) -> tuple[Carrier, Label]:
    places = {line.id: line.place for line in order.lines}
    order = order.at(next(places[line.line_id] for line in case.lines if line.to_come))
    parcel, key = _parcel(order, case), f"return-{case.id}"
    offered = [
        (plugin, carrier)
        for plugin, answer in state.hooks.each("fulfil_carriers", site=state.site)
        for carrier in answer
    ]
    for plugin, carrier in sorted(offered, key=lambda pair: pair[1].code != order.carrier):
        label = guarded(state, plugin, "return_label", lambda: _asked(carrier, parcel, key))  # noqa: B023 -- called at once
        if label is not None:
            return carrier, label
    raise NoLabel


def _asked(carrier: Carrier, parcel: Parcel, key: str) -> Label | None:
    answer = carrier.return_label(parcel, key)
    if answer is None:
        return None
    label: Label = checked(answer, Label, asked="return_label")
    if label.mime not in _KINDS or not label.document:
        raise Broken("A carrier sent a label that cannot be printed.", permanent=True)
    return label


def _parcel(order: OrderView, case: CaseView) -> Parcel:
    by_id = {line.id: line for line in order.lines}
    lines = tuple(
        ParcelLine(
            variant_id=line.variant_id, sku=line.sku, name=line.name, quantity=line.to_come,
            weight_g=by_id[line.line_id].weight_g, value=by_id[line.line_id].unit * line.to_come,
        )
        for line in case.lines
        if line.to_come
    )  # fmt: skip
    value = Money(sum(line.value.amount for line in lines), order.currency)
    return Parcel(lines=lines, address=order.address or Address(), value=value)


def label_file(case: CaseView) -> Response:
    """The bought label of this very case. Raises NotFound."""
    path = files.kept_file(FOLDER, str(case.label["file"])) if case.label else None
    if path is None:
        raise NotFound
    answer = Response(path.read_bytes(), mimetype=str(case.label["mime"]))
    answer.headers.set("Content-Disposition", "attachment", filename=f"{return_number(case)}{path.suffix}")
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
