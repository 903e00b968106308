"""The page of changes. Staff of one site see that site's; those with a role for all sites see everything."""

from __future__ import annotations

from flask import Response, request

from core.kernel.security import staff
from core.panel.activity import services
from core.panel.shell import panel, shell
from core.panel.shell.answers import address, page


@panel.get("/activity", endpoint="activity")
@staff("activity.view")
def show() -> Response:
    """The latest changes, by day."""
    query, chosen = request.args.get("q", "").strip(), request.args.get("site", type=int)
    found = services.log(_sites(chosen), query, request.args.get("before", type=int))
    kept = {"q": query or None, "site": chosen}
    following = address("panel.activity", before=found.further, **kept) if found.further else ""
    back = address("panel.activity", **kept) if "before" in request.args else ""
    return page("activity.html", days=found.days, query=query, chosen_site=chosen, next=following, back=back)


def _sites(chosen: int | None) -> list[int] | None:
    """The sites to show: the chosen one if this person works there, else all of theirs; None for everything."""
    if shell().may_everywhere("activity.view"):
        return [chosen] if chosen is not None else None
    allowed = [place.id for place in shell().places if shell().visitor.may("activity.view", place.id)]
    return [chosen] if chosen in allowed else allowed
