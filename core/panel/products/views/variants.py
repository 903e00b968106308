"""The grid of variants with this site's prices, and the options."""

from __future__ import annotations

from flask import Response, request

from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib.errors import Refused
from core.panel.activity import services as log
from core.panel.products import forms
from core.panel.products.services import editor, saving
from core.panel.products.views.refusals import Problems, said
from core.panel.shell import actor, page, panel, shell, to

# The changes that the grid shows; a count of stock is none of them.
_FORM = ("product.changed", "price.")


@panel.get("/products/<int:product_id>/variants", endpoint="product_variants")
@staff("catalogue.view")
def variants(product_id: int) -> Response:
    """The grid of variants with this site's prices, and the options."""
    found = editor.variants(current().site, product_id)
    return _variants_page(product_id, forms.grid(current().site, found), [])


@panel.post("/products/<int:product_id>/variants", endpoint="product_variants_save")
@staff("prices.edit")
def save_variants(product_id: int) -> Response:
    """Store the grid; those who may not edit what is shared change prices alone."""
    site = current().site
    found = editor.variants(site, product_id)
    rows = forms.grid(site, found, request.form)
    drafts = [forms.variant_draft(site, variant, row) for variant, row in zip(found, rows, strict=True)]
    problems = forms.grid_problems(rows, forms.columns(site))
    if other := log.meanwhile(request.form.get("version"), *_things(product_id, found), verbs=_FORM):
        return _variants_page(product_id, rows, [("", other), *problems], 409)
    if problems:
        return _variants_page(product_id, rows, problems, 422)
    try:
        saving.save_variants(site, product_id, found, drafts, actor(), prices_only=not shell().may("products.edit"))
    except Refused as refusal:
        return _variants_page(product_id, rows, said(refusal), refusal.status)
    return to("panel.product_variants", say=_("Saved."), product_id=product_id)


@panel.post("/products/<int:product_id>/options", endpoint="product_options")
@staff("products.edit")
def save_options(product_id: int) -> Response:
    """Store the options, and add the variants that are missing."""
    site = current().site
    found = editor.variants(site, product_id)
    names, values = request.form.getlist("option"), request.form.getlist("values")
    drafts = forms.option_drafts(names, values, i18n.language())
    try:
        saving.save_options(site, product_id, drafts, found, actor())
    except Refused as refusal:
        return _variants_page(
            product_id, forms.grid(site, found), said(refusal), refusal.status, list(zip(names, values, strict=False))
        )
    return to("panel.product_variants", say=_("Saved. Give new variants a price to sell them."), product_id=product_id)


def _things(product_id: int, found: list[forms.VariantFact]) -> list[str]:
    return [f"product:{product_id}", *(f"variant:{variant.id}" for variant in found)]


def _variants_page(
    product_id: int,
    rows: list[forms.GridRow],
    problems: Problems,
    status: int = 200,
    typed: list[tuple[str, str]] | None = None,
) -> Response:
    site = current().site
    options = typed or saving.option_words(product_id, i18n.language())
    return page(
        "product_variants.html",
        status,
        product=editor.head(site, product_id),
        rows=rows,
        columns=forms.columns(site),
        problems=problems,
        version=log.latest(*_things(product_id, editor.variants(site, product_id)), verbs=_FORM),
        options=[*options, *[("", "")] * max(1, 2 - len(options))],
    )
