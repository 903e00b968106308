"""Open orders of other channels: a file, its columns, a rehearsal, the import, what came of it, and how to undo it."""

from __future__ import annotations

from typing import BinaryIO, cast

from flask import Response, request

from core.imports.models import DRAFT, ORDERS
from core.imports.services.mapping import forget_mapping, kept_mappings, store_mapping
from core.imports.services.reports import find_run, first_remarks, remarks_csv, report, reports
from core.imports.services.runs import go_on, stop_import
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib.errors import Refused, Unfit
from core.orders.services.channel_columns import check_columns, guess_columns
from core.orders.services.channel_runs import (
    choose_order_columns,
    import_orders_for_good,
    look,
    open_orders_file,
    rehearse_orders,
)
from core.orders.services.channel_undo import orders_left, undo_import
from core.orders.services.channels import known_channels
from core.panel.imports.views.runs import left_for, run_state, steps
from core.panel.orders.services import arriving
from core.panel.shell import actor, page, panel, to

_MAY = "orders.import"
_SHOWN_REMARKS = 20
_SHOWN_LEFT = 50
Problems = list[tuple[str, str]]


@panel.get("/orders/imports", endpoint="order_imports")
@staff(_MAY)
def show() -> Response:
    """The form for a file, and the imports before."""
    return _upload([])


@panel.post("/orders/imports", endpoint="order_import_start")
@staff(_MAY)
def start() -> Response:
    """Keep the file and look at its columns; nothing in the shop changes."""
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        return _upload([("file", _("Choose a file."))], 422)
    try:
        run_id = open_orders_file(
            current().site, cast("BinaryIO", upload.stream), upload.filename, request.form.get("channel", ""), actor()
        )
    except Refused as error:
        return _upload([("file", i18n.say(error))], error.status)
    return to("panel.order_import_columns", order_run_id=run_id)


def _upload(problems: Problems, status: int = 200) -> Response:
    return page(
        "order_imports.html",
        status,
        problems=problems,
        channel=request.form.get("channel", ""),
        channels=known_channels(current().site),
        runs=[(run, run_state(run)) for run in reports(current().site, kind=ORDERS)],
    )


# -- columns -----------------------------------------------------------------------------------------------------------


@panel.get("/orders/imports/<int:order_run_id>/columns", endpoint="order_import_columns")
@staff(_MAY)
def columns(order_run_id: int) -> Response:
    """The columns of the file, what they are taken for, and its first orders."""
    return _columns(order_run_id, [])


@panel.post("/orders/imports/<int:order_run_id>/columns", endpoint="order_import_choose")
@staff(_MAY)
def choose(order_run_id: int) -> Response:
    """Take what was chosen. `act`: look, rehearse, keep, use:<kept choice> or forget:<kept choice>."""
    act, _colon, which = request.form.get("act", "look").partition(":")
    try:
        if _act(order_run_id, act, which):
            return to("panel.order_import", order_run_id=order_run_id)
    except Unfit as error:
        return _columns(order_run_id, [(name, _(text)) for name, text in error.errors.items()], 422)
    except Refused as error:
        if error.status == 404:
            raise
        return _columns(order_run_id, [("columns", i18n.say(error))], error.status)
    return to("panel.order_import_columns", order_run_id=order_run_id)


def _act(run_id: int, act: str, which: str) -> bool:
    """Whether the rehearsal begins."""
    site = current().site
    names = [column.name for column in look(site, run_id).columns]
    mapping, channel = _chosen(names), request.form.get("channel", "")
    if act == "use":
        kept = next((one for one in kept_mappings(site, ORDERS) if str(one.id) == which), None)
        known = kept.mapping if kept is not None else mapping
        mapping = {**guess_columns(names), **{name: target for name, target in known.items() if name in names}}
    elif act == "forget":
        forget_mapping(site, int(which) if which.isdigit() else 0, ORDERS)
    choose_order_columns(site, run_id, mapping, channel)
    if act in {"keep", "rehearse"}:
        check_columns(mapping)
    if act == "keep":
        store_mapping(site, request.form.get("keep_name", ""), mapping, kind=ORDERS)
    if act == "rehearse":
        if not channel.strip() and "channel" not in mapping.values():
            raise Unfit({"channel": "Say where these orders were placed."})
        rehearse_orders(site, run_id)
    return act == "rehearse"


def _chosen(names: list[str]) -> dict[str, str]:
    """What was chosen for each column, and nothing that could not be chosen."""
    known = dict(arriving.targets())
    return {
        name: target if (target := request.form.get(f"column-{place}", "")) in known else ""
        for place, name in enumerate(names)
    }


def _columns(run_id: int, problems: Problems, status: int = 200) -> Response:
    site, run = current().site, find_run(current().site, run_id, ORDERS)
    if run.state != DRAFT:
        return to("panel.order_import", order_run_id=run_id)
    seen = look(site, run_id)
    wrong = i18n.say(seen.problem) if seen.problem else ""
    return page(
        "order_import_columns.html",
        status,
        run=run,
        steps=steps(True, run.state),
        columns=seen.columns,
        targets=[("", _("Leave out")), *arriving.targets()],
        chosen={name: value for name, value in request.form.items() if name.startswith("column-")},
        channel=request.form.get("channel", run.channel),
        channels=known_channels(site),
        look=None if seen.problem else seen,
        first=[arriving.shown(one) for one in seen.first],
        kept=kept_mappings(site, ORDERS),
        problems=problems or ([("columns", wrong)] if wrong else []),
    )


# -- a run -------------------------------------------------------------------------------------------------------------


@panel.get("/orders/imports/<int:order_run_id>", endpoint="order_import")
@staff(_MAY)
def run(order_run_id: int) -> Response:
    """How far it is; at its end what became of the orders."""
    site = current().site
    found = report(site, order_run_id, ORDERS)
    if found.state == DRAFT:
        return to("panel.order_import_columns", order_run_id=order_run_id)
    return page(
        "order_import.html",
        run=found,
        state=run_state(found),
        left_for=left_for(found.seconds_left),
        remarks=first_remarks(site, order_run_id, _SHOWN_REMARKS, ORDERS),
        left=orders_left(site, order_run_id, _SHOWN_LEFT) if found.kept else [],
        steps=steps(found.dry_run, found.state),
    )


@panel.post("/orders/imports/<int:order_run_id>/<any(apply,stop,resume,undo):act>", endpoint="order_import_act")
@staff(_MAY)
def steer(order_run_id: int, act: str) -> Response:
    """After the rehearsal: for good. Stop it, let it go on after an interruption, or take all of it back."""
    site = current().site
    try:
        if act == "apply":
            return to("panel.order_import", order_run_id=import_orders_for_good(site, order_run_id, actor()))
        if act == "stop":
            stop_import(site, order_run_id, ORDERS)
        elif act == "resume":
            go_on(site, order_run_id, ORDERS)
        else:
            undo_import(site, order_run_id, actor())
    except Refused as error:
        if error.status == 404:
            raise
        return to("panel.order_import", i18n.say(error), kind="bad", order_run_id=order_run_id)
    return to("panel.order_import", order_run_id=order_run_id)


@panel.get("/orders/imports/<int:order_run_id>/remarks.csv", endpoint="order_import_remarks")
@staff(_MAY)
def remarks(order_run_id: int) -> Response:
    """All remarks about a run as a file."""
    report(current().site, order_run_id, ORDERS)
    response = Response(remarks_csv(current().site, order_run_id, ORDERS), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="remarks-{order_run_id}.csv"'
    return response
