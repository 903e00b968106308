"""The history of a product: every change in words, and the way back to how it was."""

from __future__ import annotations

from flask import Response, request

from core.catalogue.services.products import Stale
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib.errors import Refused
from core.panel.products.services import editor, history, restoring
from core.panel.products.views.refusals import Problems, said
from core.panel.shell import actor, panel, shell
from core.panel.shell.answers import address, page, to


@panel.get("/products/<int:product_id>/history", endpoint="product_history")
@staff("catalogue.view")
def show(product_id: int) -> Response:
    """The latest changes of a product, newest first."""
    site, before = current().site, request.args.get("before", type=int)
    head = editor.head(site, product_id)
    found, further = history.entries(product_id, _sites(), before)
    days: dict[str, list[history.Entry]] = {}
    for entry in found:
        days.setdefault(i18n.day(entry.at), []).append(entry)
    return page(
        "product_history.html",
        product=head,
        days=days.items(),
        may_restore=shell().may("products.edit"),
        next=address("panel.product_history", product_id=product_id, before=further) if further else "",
        first=address("panel.product_history", product_id=product_id) if before else "",
    )


@panel.get("/products/<int:product_id>/history/<int:entry_id>", endpoint="product_then")
@staff("products.edit")
def ask(product_id: int, entry_id: int) -> Response:
    """What would change if the product were brought back to how it was."""
    return _then_page(product_id, entry_id, [])


@panel.post("/products/<int:product_id>/history/<int:entry_id>", endpoint="product_then_restore")
@staff("products.edit")
def restore(product_id: int, entry_id: int) -> Response:
    """Bring the product back to how it was right after an entry."""
    site = current().site
    try:
        wanted = restoring.then(site, product_id, entry_id, may=_may())
        version, retire = request.values.get("version", type=int), "retire" in request.form
        restoring.restore(site, product_id, wanted, version, actor(), retire=retire)
    except Stale as refusal:
        return _then_page(product_id, entry_id, said(refusal), refusal.status)
    except Refused as refusal:
        return to("panel.product_history", say=i18n.say(refusal), kind="bad", product_id=product_id)
    return to("panel.product_history", say=_("The product is as it was then."), product_id=product_id)


def _sites() -> list[int] | None:
    """The sites whose changes this person may see; None for all."""
    if shell().may_everywhere("catalogue.view"):
        return None
    return [place.id for place in shell().places if shell().visitor.may("catalogue.view", place.id)]


def _may() -> dict[str, bool]:
    may = shell().may
    return {"shared": may("products.edit"), "prices": may("prices.edit"), "listing": may("listings.edit")}


def _then_page(product_id: int, entry_id: int, problems: Problems, status: int = 200) -> Response:
    site = current().site
    wanted = restoring.then(site, product_id, entry_id, may=_may())
    return page(
        "product_then.html",
        status,
        product=editor.head(site, product_id),
        entry_id=entry_id,
        wanted=wanted,
        changes=wanted.told(),
        stays=[history.title_of(name) for name in sorted(wanted.stays)],
        added=sorted(wanted.added),
        elsewhere=[place for place in shell().places if place.id in wanted.elsewhere],
        problems=problems,
    )
