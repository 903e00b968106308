"""Pieces on their way from one place to another: send them, note what came, take a transfer back."""

from __future__ import annotations

from flask import Response, request, url_for

from core.catalogue.services import stock_transfers
from core.catalogue.services.skus import variants_by_sku
from core.catalogue.services.stock_transfers import Transfer
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.lib.errors import Refused, Unfit
from core.panel.shell import actor, panel
from core.panel.shell.answers import page, to
from core.panel.shell.once import form_key, once
from core.panel.stock import forms, services

PAGE = 30


@panel.get("/stock/transfers", endpoint="stock_transfers")
@staff("catalogue.view")
def show() -> Response:
    """What is on its way, the latest transfers, and the form for another one."""
    return _page([])


@panel.post("/stock/transfers", endpoint="stock_transfer")
@staff("stock.edit")
@once("panel.stock_transfers")
def send() -> Response:
    """Move free pieces from one place to another."""
    wrong: forms.Problems = []
    sku, reason = request.form.get("sku", "").strip(), request.form.get("reason", "").strip()[:200]
    variant_id = variants_by_sku([sku]).get(sku, 0)
    if not variant_id:
        said = _("There is no variant with the SKU %(sku)s.", sku=sku) if sku else _("Fill this in.")
        wrong.append(("sku", said))
    pieces = forms.read_some(request.form, "pieces", wrong)
    source, target = (request.form.get(name, 0, type=int) for name in ("source", "target"))
    if source == target:
        wrong.append(("target", _("Choose another place than the one they come from.")))
    if not reason:
        wrong.append(("reason", _("Say why.")))
    if wrong:
        return _page(wrong, 422)
    on_its_way = bool(request.form.get("on_its_way"))
    try:
        made = stock_transfers.transfer_stock(
            variant_id, source, target, pieces, reason, actor(), on_its_way=on_its_way, key=form_key()
        )
    except Unfit as refusal:
        return _page([(name, _(said)) for name, said in refusal.errors.items()], 422)
    except Refused as refusal:
        return _page([("pieces", i18n.say(refusal))], 422)
    said = _("They are on their way.") if on_its_way else _("They are moved.")
    return to("panel.stock_transfers", say=said, undo=url_for("panel.stock_transfer_undo", transfer_id=made))


@panel.post("/stock/transfers/<int:transfer_id>/received", endpoint="stock_transfer_receive")
@staff("stock.edit")
@once("panel.stock_transfers")
def receive(transfer_id: int) -> Response:
    """So many of them came; what is wrong stands beside their number."""
    text, field = request.form.get("came", "").strip(), f"came-{transfer_id}"
    if not (text.isdecimal() and len(text) < 10):
        return _page([(field, _("Write how many came, at most as many as were sent."))], 422)
    try:
        stock_transfers.receive_transfer(transfer_id, actor(), int(text), key=form_key())
    except Unfit as refusal:
        return _page([(field, _(refusal.errors["came"]))], 422)
    except Refused as refusal:
        return to("panel.stock_transfers", say=i18n.say(refusal), kind="bad")
    undo = url_for("panel.stock_transfer_undo", transfer_id=transfer_id)
    return to("panel.stock_transfers", say=_("They are on the shelf."), undo=undo)


@panel.post("/stock/transfers/<int:transfer_id>/undo", endpoint="stock_transfer_undo")
@staff("stock.edit")
@once("panel.stock_transfers")
def undo(transfer_id: int) -> Response:
    """Bring them back."""
    try:
        stock_transfers.undo_transfer(transfer_id, actor(), key=form_key())
    except Refused as refusal:
        return to("panel.stock_transfers", say=i18n.say(refusal), kind="bad")
    return to("panel.stock_transfers", say=_("They are back where they came from."))


def _page(problems: forms.Problems, status: int = 200) -> Response:
    found = stock_transfers.transfers(PAGE + 1, request.args.get("before", type=int))
    places = [(place.id, place.name) for place in services.locations()]
    chosen = {"sku": request.args.get("sku", "")[:64], "target": places[-1][0]}
    return page(
        "stock_transfers.html",
        status,
        on_their_way=stock_transfers.on_their_way(),
        rows=[(one, _state(one)) for one in found[:PAGE]],
        earlier=found[PAGE - 1].id if len(found) > PAGE else None,
        places=places,
        typed=request.form if "sku" in request.form else chosen,
        came=request.form.get("came", ""),
        problems=problems,
        errors=dict(problems),
    )


def _state(one: Transfer) -> tuple[str, str, str]:
    """What became of it, as the panel draws a status."""
    if one.undone_at is not None:
        return _("Taken back"), "stop", ""
    if one.received_at is None:
        return _("On its way"), "part", "busy"
    if one.came < one.pieces:
        return _("%(came)s of %(pieces)s came", came=one.came, pieces=one.pieces), "part", "warn"
    return _("Arrived"), "done", "good"
