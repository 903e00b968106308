"""The panel: the card on an order's page, and the list of orders by their risk."""

from __future__ import annotations

from typing import Any

from core.api import PanelSection, Site, Views, current_site, render, request, staff, url_for
from plugins.risk.forms import Risk, read
from plugins.risk.services.reading import list_scores, score_of
from plugins.risk.services.rules import MOST

VIEW = "risk.view"
panel = Views()


def _values(site: Site, order_id: int) -> dict[str, Any]:
    rules = Risk.of(site)
    return {"told": score_of(site, order_id), "most": MOST, "hold_at": rules.hold_at}


SECTION = PanelSection(place="order", title="Risk", template="risk/section.html", values=_values, permission=VIEW)


@panel.get("/")
@staff(VIEW)
def show() -> Any:
    """Orders by their score: those on hold, or all."""
    filters, after = read(request.args), request.args.get("after", "")
    here: dict[str, Any] = dict(filters.address())
    found, following = list_scores(current_site(), filters, after)
    return render(
        "risk/list.html",
        orders=found,
        filters=filters,
        most=MOST,
        hold_at=Risk.of(current_site()).hold_at,
        first=url_for("risk.panel.show", **here) if after else "",
        next=url_for("risk.panel.show", after=following, **here) if following else "",
    )
