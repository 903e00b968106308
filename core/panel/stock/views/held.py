"""What is held for carts, drafts and exchanges, those that end first before the others."""

from __future__ import annotations

from flask import Response, request

from core.catalogue.services.stock_held import PAGE, held_now
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.panel.shell import panel, shell
from core.panel.shell.answers import address, page, table_file
from core.panel.stock.services import held


@panel.get("/stock/held", endpoint="stock_held")
@staff("catalogue.view")
def show() -> Response:
    """The holds, a page at a time."""
    kind, after = _kind(), request.args.get("after", "")
    found = held_now(kind=kind, after=after)
    named = [("", _("All")), *((key, str(words)) for key, words in held.KINDS.items())]
    return page(
        "stock_held.html",
        rows=held.rows(current().site, found),
        views=[(title, address("panel.stock_held", kind=key or None), key == kind, None) for key, title in named],
        next=address("panel.stock_held", kind=kind or None, after=found[-1].cursor) if len(found) == PAGE else "",
        first=address("panel.stock_held", kind=kind or None) if after else "",
        export=address("panel.stock_held_export", kind=kind or None) if shell().may("orders.export") else "",
    )


@panel.get("/stock/held.csv", endpoint="stock_held_export")
@staff("orders.export")
def export() -> Response:
    """The holds that the same view shows, as a table."""
    site, kind = current().site, _kind()
    return table_file("held", lambda file: held.write_held(site, kind, file))


def _kind() -> str:
    kind = request.args.get("kind", "")
    return kind if kind in held.KINDS else ""
