"""The list of returns, exchanges and claims, and the same as a file."""

from __future__ import annotations

from flask import Response, request

from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.orders.services import case_reading
from core.orders.services.case_rules import REASONS
from core.panel.orders.services import exporting, returning
from core.panel.shell import panel, shell
from core.panel.shell.answers import address, page, table_file


@panel.get("/returns", endpoint="returns")
@staff("orders.view")
def show() -> Response:
    """The cases that fit the address' filters, newest first."""
    chosen, before = returning.read(request.args), request.args.get("before", type=int)
    cases = case_reading.list_cases(current().site, **chosen.wanted(), before=before)
    is_full = len(cases) == case_reading.PAGE
    named = (("open", _("Open")), ("ended", _("Ended")), ("all", _("All")))
    views = [(title, address("panel.returns", **chosen.address(view=key)), key == chosen.view) for key, title in named]
    chips = [(_("Kind"), str(returning.KINDS[chosen.kind]), "kind")] if chosen.kind else []
    chips += [(_("Search"), chosen.q, "q")] if chosen.q else []
    return page(
        "order_returns.html",
        cases=[(case, returning.status(case), returning.KINDS[case.kind]) for case in cases],
        filters=chosen,
        kinds=[(kind, str(words)) for kind, words in returning.KINDS.items()],
        views=[(*view, None) for view in views],
        chips=[(name, value, address("panel.returns", **chosen.address(**{of: ""}))) for name, value, of in chips],
        next=address("panel.returns", **chosen.address(), before=cases[-1].id) if is_full else "",
        first=address("panel.returns", **chosen.address()) if before else "",
        export=address("panel.returns_export", **chosen.address()) if shell().may("orders.export") else "",
        reasons=REASONS,
    )


@panel.get("/returns.csv", endpoint="returns_export")
@staff("orders.export")
def export() -> Response:
    """The cases that the same filters show, as a table."""
    site = current().site
    wanted = returning.read(request.args)
    return table_file("returns", lambda file: exporting.write_cases(site, wanted, file))
