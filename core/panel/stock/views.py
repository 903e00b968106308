"""The levels of all counted variants, and the latest moves."""

from __future__ import annotations

from flask import Response, request, url_for

from core.catalogue.services import stock as counting
from core.catalogue.services import stock_audit, stock_counts
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.lib.errors import Refused
from core.panel.shell import actor, address, page, panel, to
from core.panel.stock import services


@panel.get("/stock", endpoint="stock")
@staff("catalogue.view")
def show() -> Response:
    """What is there, promised and free."""
    query, chosen = request.args.get("q", "").strip()[:100], "low" if request.args.get("show") == "low" else ""
    rows, further = services.levels(i18n.language(), query, chosen, request.args.get("after", type=int))
    kept = {"q": query or None, "show": chosen or None}
    following = address("panel.stock", after=further, **kept) if further else ""
    first = address("panel.stock", **kept) if "after" in request.args else ""
    views = [
        (_("All"), url_for("panel.stock"), not chosen, None),
        (_("Running low"), url_for("panel.stock", show="low"), bool(chosen), None),
    ]
    return page(
        "stock.html",
        rows=rows,
        query=query,
        show=chosen,
        views=views,
        next=following,
        first=first,
        moves=services.moves(),
        places=services.locations(),
    )


@panel.post("/stock/<int:variant_id>", endpoint="stock_adjust")
@staff("stock.edit")
def adjust(variant_id: int) -> Response:
    """Add pieces, or take them away, with a reason."""
    delta, reason = (
        request.values.get("delta", "").strip().replace("−", "-"),
        request.values.get("reason", "").strip()[:200],
    )
    location_id = request.values.get("location", stock_counts.first_location(), type=int)
    if not delta.lstrip("+-").isdecimal() or not reason:
        return to(
            "panel.stock", say=_("Nothing was changed: write how many pieces, such as 5 or −2, and why."), kind="bad"
        )
    try:
        left = stock_counts.adjust_stock(variant_id, location_id, int(delta), reason, actor())
    except (counting.StockPromised, Refused) as refusal:
        return to("panel.stock", say=i18n.say(refusal), kind="bad")
    undo = url_for(
        "panel.stock_adjust", variant_id=variant_id, delta=-int(delta), reason=_("Undone"), location=location_id
    )
    said = i18n.ngettext("%(n)s piece is there now.", "%(n)s pieces are there now.", left)
    return to("panel.stock", say=said, undo=undo)


@panel.get("/stock/proof", endpoint="stock_proof")
@staff("catalogue.view")
def proof() -> Response:
    """Every level beside the sum of its moves."""
    found = stock_audit.prove()
    return page(
        "stock_proof.html",
        proof=found,
        differences=[(one, services.differing(one)) for one in found.differences],
    )


@panel.post("/stock/proof", endpoint="stock_repair")
@staff("stock.edit", everywhere=True)
def repair() -> Response:
    """Set levels to the sum of their moves, and note it."""
    repaired, left = stock_audit.repair_stock(actor(), "panel")
    if left:
        return to("panel.stock_proof", say=_("%(count)s levels need a count by a person.", count=len(left)), kind="bad")
    return to("panel.stock_proof", say=_("%(count)s levels are right again.", count=len(repaired)))
