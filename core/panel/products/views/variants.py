"""The grid of variants with this site's prices, a block of cells pasted into it, and the options."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, request

from core.catalogue.services.saving_variants import SkuTaken
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib.errors import Refused
from core.panel.activity import services as log
from core.panel.products import forms
from core.panel.products.forms import grid, paste
from core.panel.products.services import edit_drafts, editor, saving
from core.panel.products.views.drafts import owner
from core.panel.products.views.refusals import Problems, said
from core.panel.shell import actor, panel, shell
from core.panel.shell.answers import page, to

# The changes that the grid shows.
_FORM = ("product.changed", "price.")


@panel.get("/products/<int:product_id>/variants", endpoint="product_variants")
@staff("catalogue.view")
def variants(product_id: int) -> Response:
    """The grid of variants with this site's prices, and the options."""
    found = editor.variants(current().site, product_id)
    draft = edit_drafts.draft_of(owner("variants", product_id))
    rows = grid.grid(current().site, found, draft.fields if draft else None)
    return _variants_page(product_id, found, rows, [], draft=draft)


@panel.post("/products/<int:product_id>/variants", endpoint="product_variants_save")
@staff("prices.edit")
def save_variants(product_id: int) -> Response:
    """Store the grid, or lay a pasted block over it; what this person may not edit stays as it is stored."""
    site = current().site
    found = editor.variants(site, product_id)
    rows, columns = grid.grid(site, found, request.form), _columns()
    if request.form.get("act") == "fill":
        return _filled(product_id, found, rows, columns)
    drafts = grid.variant_drafts(site, found, rows, columns, request.form)
    problems = grid.problems(rows, columns)
    if other := log.meanwhile(request.form.get("version"), *_things(product_id, found), verbs=_FORM):
        return _variants_page(product_id, found, rows, [("", other), *problems], 409)
    if problems:
        return _variants_page(product_id, found, rows, problems, 422)
    try:
        saving.save_variants(site, product_id, drafts, request.form.get("reason", "").strip()[:200], actor())
    except SkuTaken as refusal:
        grid.blame(rows, "sku", refusal.sku, i18n.say(refusal))
        return _variants_page(product_id, found, rows, grid.problems(rows, columns) or said(refusal), refusal.status)
    except Refused as refusal:
        return _variants_page(product_id, found, rows, said(refusal), refusal.status)
    edit_drafts.close(owner("variants", product_id), log.latest(*_things(product_id, found), verbs=_FORM))
    return to("panel.product_variants", say=_("Saved."), product_id=product_id)


def _filled(
    product_id: int, found: list[forms.VariantFact], rows: list[grid.GridRow], columns: list[grid.Column]
) -> Response:
    """The grid with the block laid over it: nothing is stored, and what found no place stays in the box."""
    text = request.form.get("block", "")
    laid = paste.lay(rows, columns, text, request.form.get("first", ""), request.form.get("row", 0, type=int))
    grid.variant_drafts(current().site, found, rows, columns, request.form)
    return _variants_page(product_id, found, rows, [], block="\n".join(laid.left), laid=laid)


@panel.post("/products/<int:product_id>/options", endpoint="product_options")
@staff("products.edit")
def save_options(product_id: int) -> Response:
    """Store the options, and add the variants that are missing; what was left out is asked about first."""
    site = current().site
    found = editor.variants(site, product_id)
    names, values = request.form.getlist("option"), request.form.getlist("values")
    drafts = forms.option_drafts(names, values, i18n.language())
    typed = list(zip(names, values, strict=False))
    gone = saving.left_out(product_id, drafts, found, i18n.language())
    if gone.names and "delete" not in request.form:
        problem = _("Something that is there is not named any more. Say whether it shall be deleted.")
        rows = grid.grid(site, found)
        return _variants_page(product_id, found, rows, [("delete", problem)], 422, options=typed, left_out=gone)
    version = request.form.get("seen", type=int) or 0 if gone.names else None
    try:
        saving.save_options(site, product_id, drafts, found, actor(), version=version)
    except Refused as refusal:
        return _variants_page(product_id, found, grid.grid(site, found), said(refusal), refusal.status, options=typed)
    if gone.names:
        deleted = _("Deleted: %(names)s. The history brings it back.", names=i18n.enumerated(gone.names))
        return to("panel.product_variants", say=deleted, product_id=product_id)
    return to("panel.product_variants", say=_("Saved. Give new variants a price to sell them."), product_id=product_id)


def _columns() -> list[grid.Column]:
    here = shell()
    return grid.columns(current().site, shared=here.may("products.edit"), stock=here.may("stock.edit"))


def _things(product_id: int, found: list[forms.VariantFact]) -> list[str]:
    return [f"product:{product_id}", *(f"variant:{variant.id}" for variant in found)]


def _variants_page(
    product_id: int,
    found: list[forms.VariantFact],
    rows: list[grid.GridRow],
    problems: Problems,
    status: int = 200,
    *,
    options: list[tuple[str, str]] | None = None,
    left_out: saving.LeftOut | None = None,
    block: str = "",
    laid: paste.Laid | None = None,
    draft: edit_drafts.Draft | None = None,
) -> Response:
    site = current().site
    columns = _columns()
    named = options or saving.option_words(product_id, i18n.language())
    typed: Mapping[str, str] = request.form if request.endpoint == "panel.product_variants_save" else {}
    version = log.latest(*_things(product_id, found), verbs=_FORM)
    if draft is not None:
        typed, version = draft.fields, draft.version
    return page(
        "product_variants.html",
        status,
        product=editor.head(site, product_id),
        rows=rows,
        columns=columns,
        may_save=shell().may("prices.edit"),
        shared=shell().may("products.edit"),
        problems=problems,
        version=typed.get("version", "") if laid else version,
        draft=draft,
        overtaken=log.meanwhile(str(version), *_things(product_id, found), verbs=_FORM) if draft else "",
        reason=typed.get("reason", ""),
        block=block or (draft.fields.get("block", "") if draft else ""),
        laid=laid,
        first=typed.get("first", ""),
        first_columns=[(column.key, column.title) for column in columns if not column.fixed],
        row=typed.get("row", ""),
        first_rows=[(line.id, line.title) for line in rows],
        left_out=left_out,
        options=[*named, *[("", "")] * max(1, 2 - len(named))],
    )
