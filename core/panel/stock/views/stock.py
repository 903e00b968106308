"""The levels of all counted variants, and the latest moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, request, url_for

from core.cart.services import holds
from core.catalogue.services import stock as counting
from core.catalogue.services import stock_audit, stock_counts, stock_kits, stock_reserves, stock_terms
from core.catalogue.services.skus import variants_by_sku
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib.errors import Refused, Unfit
from core.orders.services.channels import known_channels
from core.panel.shell import actor, panel
from core.panel.shell.answers import address, page, to
from core.panel.shell.once import form_key, once
from core.panel.stock import forms, services
from core.panel.stock.services.moves import KINDS, MOVES, moves
from core.panel.stock.services.variant import kept_words, sku_of, states, too_few, variant_stock


@panel.get("/stock", endpoint="stock")
@staff("catalogue.view")
def show() -> Response:
    """What is there, promised and free."""
    return _levels()


def _levels(problems: forms.Problems | None = None, wrong: int = 0, status: int = 200) -> Response:
    """The list as the address narrows it; with what was typed about the variant `wrong`, and why it was refused."""
    asked = _asked()
    query, chosen = str(asked.get("q", "")), str(asked.get("show", ""))
    rows, further = services.levels(i18n.language(), query, chosen, request.args.get("after", type=int))
    views = [
        (_("All"), url_for("panel.stock"), not chosen, None),
        (_("Running low"), url_for("panel.stock", show="low"), bool(chosen), None),
    ]
    return page(
        "stock.html",
        status,
        rows=rows,
        query=query,
        show=chosen,
        asked=asked,
        views=views,
        next=address("panel.stock", **{**asked, "after": further}) if further else "",
        first=address("panel.stock", **{**asked, "after": None}) if "after" in asked else "",
        moves=moves(current().site),
        places=services.locations(),
        problems=[(f"correct-{wrong}", text) for _name, text in problems or []],
        errors=dict(problems or []),
        wrong=wrong,
        typed=request.form,
    )


def _asked() -> dict[str, Any]:
    """What narrows the list, as it stands in an address."""
    found: dict[str, Any] = {}
    if query := request.args.get("q", "").strip()[:100]:
        found["q"] = query
    if request.args.get("show") == "low":
        found["show"] = "low"
    if after := request.args.get("after", type=int):
        found["after"] = after
    return found


@panel.post("/stock/<int:variant_id>", endpoint="stock_adjust")
@staff("stock.edit")
@once("panel.stock")
def adjust(variant_id: int) -> Response:
    """Add pieces, or take them away, with a reason."""
    delta, reason = (
        request.values.get("delta", "").strip().replace("−", "-"),
        request.values.get("reason", "").strip()[:200],
    )
    location_id = request.values.get("location", stock_counts.first_location(), type=int)
    problems: forms.Problems = []
    if not _is_count(delta):
        problems.append(("delta", _("Write how many pieces more or fewer, such as 5 or −2.")))
    if not reason:
        problems.append(("reason", _("Say why.")))
    if problems:
        return _levels(problems, variant_id, 422)
    try:
        left = stock_counts.adjust_stock(variant_id, location_id, int(delta), reason, actor(), key=form_key())
    except counting.StockPromised:
        return _levels([("delta", too_few(variant_id, location_id, "on_hand"))], variant_id, 422)
    except Refused as refusal:
        return _levels([("delta", i18n.say(refusal))], variant_id, 422)
    back: dict[str, Any] = {"delta": -int(delta), "reason": "adjust.undone", "location": location_id}
    undo = url_for("panel.stock_adjust", variant_id=variant_id, **back, **_asked())
    one, many = "%(sku)s: %(n)s piece is there now.", "%(sku)s: %(n)s pieces are there now."
    return to("panel.stock", say=i18n.ngettext(one, many, left, sku=sku_of(variant_id)), undo=undo, **_asked())


def _is_count(text: str) -> bool:
    digits = text[1:] if text[:1] in {"+", "-"} else text
    return digits.isascii() and digits.isdecimal() and len(digits) < 10 and int(digits) > 0


@panel.get("/stock/proof", endpoint="stock_proof")
@staff("catalogue.view")
def proof() -> Response:
    """Every level beside the sum of its moves: asked for by a button, since it reads all that ever moved."""
    if "now" not in request.args:
        return page("stock_proof.html", proof=None, differences=[])
    found = stock_audit.prove()
    return page(
        "stock_proof.html",
        proof=found,
        states=states(),
        kinds=[(str(KINDS.get(one.kind, one.kind)), one) for one in found.kinds],
        differences=[(one, services.differing(one)) for one in found.differences],
        loose=stock_reserves.loose_holds(),
        reserves=[
            (kept_words(site_id, channel), sku, pieces)
            for site_id, channel, sku, pieces in stock_reserves.all_reserves()
        ],
    )


@panel.post("/stock/proof", endpoint="stock_repair")
@staff("stock.edit", everywhere=True)
def repair() -> Response:
    """Set levels to the sum of their moves, and note it."""
    repaired, left = stock_audit.repair_stock(actor(), "panel")
    if left:
        one, many = "%(n)s level needs a count by a person.", "%(n)s levels need a count by a person."
        return to("panel.stock_proof", say=i18n.ngettext(one, many, len(left)), kind="bad")
    one, many = "%(n)s level is right again.", "%(n)s levels are right again."
    return to("panel.stock_proof", say=i18n.ngettext(one, many, len(repaired)))


# -- one variant -------------------------------------------------------------------------------------------------------

_SORTABLE = ("on_hand", "quality", "damaged")


@panel.get("/stock/<int:variant_id>", endpoint="stock_variant")
@staff("catalogue.view")
def show_variant(variant_id: int) -> Response:
    """Every state of a variant at every location, its terms and its moves."""
    return _variant_page(variant_id, [])


def _variant_page(variant_id: int, problems: forms.Problems, status: int = 200) -> Response:
    found = variant_stock(current().site, variant_id)
    typed = request.form
    told = moves(current().site, [variant_id], request.args.get("before", type=int))
    return page(
        "stock_variant.html",
        status,
        variant=found,
        states=states(),
        sortable=[(state, words) for state, words in states() if state in _SORTABLE],
        places=[(place.id, place.name) for place in services.locations()],
        typed=typed,
        terms=typed if "backorder_limit" in typed else forms.typed_terms(current().site, found.terms),
        kit=typed if "parts" in typed else forms.typed_kit(found.parts, found.kit_off),
        channels=known_channels(current().site),
        moves=told,
        earlier=told[-1].id if len(told) == MOVES else None,
        problems=problems,
        errors=dict(problems),
    )


def _place() -> int:
    return request.form.get("location", type=int) or stock_counts.first_location()


@panel.post("/stock/<int:variant_id>/sort", endpoint="stock_sort")
@staff("stock.edit")
@once("panel.stock_variant", "variant_id")
def sort(variant_id: int) -> Response:
    """Move pieces between the shelf, damaged, to be looked at, and out of the house."""
    wrong: forms.Problems = []
    pieces, reason = forms.read_some(request.form, "pieces", wrong), request.form.get("reason", "").strip()[:200]
    if not reason:
        wrong.append(("reason", _("Say why.")))
    return _done(
        variant_id,
        wrong,
        lambda: stock_counts.sort_stock(
            variant_id,
            _place(),
            pieces,
            request.form.get("from", ""),
            request.form.get("to", ""),
            reason,
            actor(),
            key=form_key(),
        ),
        ("pieces", request.form.get("from", "")),
    )


@panel.post("/stock/<int:variant_id>/incoming", endpoint="stock_incoming")
@staff("stock.edit")
@once("panel.stock_variant", "variant_id")
def incoming(variant_id: int) -> Response:
    """Pieces are on order, came, or do not come after all."""
    wrong: forms.Problems = []
    pieces, act = forms.read_some(request.form, "incoming", wrong), request.form.get("act", "")
    reference = request.form.get("reference", "").strip()[:80]

    def verb() -> None:
        if act == "take":
            stock_counts.take_delivery(variant_id, _place(), pieces, reference, actor(), key=form_key())
        else:
            more = -pieces if act == "drop" else pieces
            stock_counts.expect_stock(variant_id, _place(), more, reference, actor(), key=form_key())

    return _done(variant_id, wrong, verb, ("incoming", "incoming"))


@panel.post("/stock/<int:variant_id>/terms", endpoint="stock_terms")
@staff("stock.edit")
def terms(variant_id: int) -> Response:
    """Backorders, pre-orders, and what this site keeps back."""
    wrong: forms.Problems = []
    wanted = forms.read_terms(current().site, request.form, wrong)
    return _done(
        variant_id, wrong, lambda: stock_terms.set_stock_terms(current().site, variant_id, wanted, actor())
    )  # fmt: skip


@panel.post("/stock/<int:variant_id>/kept", endpoint="stock_keep")
@staff("stock.edit")
def keep(variant_id: int) -> Response:
    """How much is kept for this site's own orders, or for those of a channel."""
    wrong: forms.Problems = []
    pieces = forms.read_pieces(request.form, "kept", wrong)
    site, channel = current().site, request.form.get("channel", "")
    return _done(variant_id, wrong, lambda: stock_reserves.keep_for(site, channel, variant_id, pieces, actor()))


@panel.post("/stock/<int:variant_id>/kit", endpoint="stock_kit")
@staff("stock.edit")
def kit(variant_id: int) -> Response:
    """What is in a kit, and what follows for its price."""
    wrong: forms.Problems = []
    wanted, off = forms.read_kit(request.form, wrong)
    known = variants_by_sku(list(wanted))
    wrong += [("parts", _("There is no variant with the SKU %(sku)s.", sku=sku)) for sku in wanted if sku not in known]
    parts = {known[sku]: pieces for sku, pieces in wanted.items() if sku in known}
    return _done(variant_id, wrong, lambda: stock_kits.set_kit(variant_id, parts, actor(), off=off))


def _done(
    variant_id: int, wrong: forms.Problems, verb: Callable[[], object], leaving: tuple[str, str] = ("", "on_hand")
) -> Response:
    """Do it if the form could be read; what is refused stands beside its field, with what was typed.

    `leaving` are the field that says how many pieces leave a state, and that state.
    """
    if not wrong:
        try:
            verb()
        except Unfit as refusal:
            wrong = [(name, _(text)) for name, text in refusal.errors.items()]
        except counting.StockPromised:
            wrong = [(leaving[0], too_few(variant_id, _place(), leaving[1]))]
        except Refused as refusal:
            wrong = [(refusal.field or "", i18n.say(refusal))]
    if wrong:
        return _variant_page(variant_id, wrong, 422)
    return to("panel.stock_variant", say=_("Saved."), variant_id=variant_id)


# -- rules -------------------------------------------------------------------------------------------------------------


@panel.get("/stock/rules", endpoint="stock_rules")
@staff("site.edit")
def rules() -> Response:
    """For how long this site holds what is in a cart."""
    return _rules_page(str(holds.hold_minutes(current().site)), "")


@panel.post("/stock/rules", endpoint="stock_rules_save")
@staff("site.edit")
def save_rules() -> Response:
    """Store it."""
    text = request.form.get("hold_minutes", "").strip()
    minutes = int(text) if text.isdecimal() and len(text) < 5 else -1
    try:
        holds.set_hold_minutes(current().site, minutes, actor())
    except Unfit as refusal:
        return _rules_page(text, _(refusal.errors["hold_minutes"]), 422)
    return to("panel.stock_rules", say=_("The rules are saved."))


def _rules_page(value: str, error: str, status: int = 200) -> Response:
    problems = [("hold_minutes", error)] if error else []
    return page("stock_rules.html", status, value=value, error=error, problems=problems)
