"""Counts per variant and location."""

from __future__ import annotations

from flask import Response, request

from core.catalogue.services import stock_counts
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.panel.products.services import editor
from core.panel.products.views.refusals import Problems
from core.panel.shell import actor, panel
from core.panel.shell.answers import page, to
from core.panel.stock import services as stock_pages
from core.panel.stock.services.moves import moves


@panel.get("/products/<int:product_id>/stock", endpoint="product_stock")
@staff("catalogue.view")
def show_stock(product_id: int) -> Response:
    """Counts per variant and location, and the latest moves."""
    return _stock_page(product_id, {}, [])


@panel.post("/products/<int:product_id>/stock", endpoint="product_stock_save")
@staff("stock.edit")
def save_stock(product_id: int) -> Response:
    """Store counts: each changed one is a move with a reason."""
    found = editor.variants(current().site, product_id)
    titles = {variant.id: variant.title for variant in found}
    changes, problems = stock_pages.changed_counts(request.form, titles)
    reason = request.form.get("reason", "").strip()[:200]
    if changes and not reason:
        problems.append(("reason", _("Say why the counts change.")))
    if not problems:
        problems = stock_pages.counted_since(request.form, changes, titles)
    if problems:
        return _stock_page(product_id, request.form, problems, 422)
    stored, problems = stock_pages.set_counts(changes, titles, reason, actor())
    if problems:
        return _stock_page(product_id, request.form, problems, 422, stored)
    return to("panel.product_stock", say=_("The counts are stored."), product_id=product_id)


def _stock_page(product_id: int, typed: object, problems: Problems, status: int = 200, stored: int = 0) -> Response:
    site = current().site
    partly = i18n.ngettext("%(n)s count is stored.", "%(n)s counts are stored.", stored) if stored else ""
    found = editor.variants(site, product_id)
    wrong = dict(problems)
    return page(
        "product_stock.html",
        status,
        product=editor.head(site, product_id),
        problems=problems,
        told=i18n.sentences([partly, _("Not stored:")]) if partly else "",
        locations=stock_pages.locations(),
        rows=stock_pages.grid([(variant.id, variant.title, variant.sku) for variant in found], typed, wrong),
        reason=request.form.get("reason", ""),
        errors={"reason": wrong.get("reason", "")},
        moves=moves(site, [variant.id for variant in found]),
        first=stock_counts.first_location(),
    )
