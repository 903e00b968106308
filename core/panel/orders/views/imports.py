"""Orders from a file: its columns, a rehearsal, the import, what came of it, and how to undo it.

Open orders of other channels, to be sent from here, or past ones, for the record: the steps are the same.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import BinaryIO, cast

from flask import Response, request
from msgspec.structs import replace

from core.imports.models import DRAFT, HISTORY, ORDERS
from core.imports.services.kept_files import LARGEST_FILE_MB
from core.imports.services.mapping import forget_mapping, kept_mappings, store_mapping
from core.imports.services.reports import find_run, first_remarks, remarks_csv, report, reports
from core.imports.services.runs import go_on, stop_import
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.security import staff, takes_megabytes
from core.kernel.sites import current
from core.lib.csv import write_rows
from core.lib.errors import Refused, Unfit
from core.orders.services.channel_undo import kind_of, orders_left, undo_import
from core.orders.services.channels import known_channels
from core.orders.services.file_runs import KINDS, Terms, choose, for_good, look, open_file, rehearse
from core.orders.services.history import tally_of
from core.orders.services.history_rows import ReadDocument
from core.orders.services.history_undo import undo_history
from core.panel.imports.forms import day_order
from core.panel.imports.views.runs import left_for, run_state, steps
from core.panel.orders.services import arriving, past
from core.panel.shell import actor, panel
from core.panel.shell.answers import page, to
from core.panel.shell.once import form_key, once

_MAY = "orders.import"
_SHOWN_REMARKS = 20
_SHOWN_LEFT, _SHOWN_RUNS = 50, 20
Problems = list[tuple[str, str]]


@panel.get("/orders/imports", endpoint="order_imports")
@staff(_MAY)
def show() -> Response:
    """The form for a file, and the imports before."""
    return _upload([])


@panel.post("/orders/imports", endpoint="order_import_start")
@staff(_MAY)
@takes_megabytes(LARGEST_FILE_MB + 1)
@once("panel.order_imports")
def start() -> Response:
    """Keep the file and look at its columns; nothing in the shop changes."""
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        return _upload([("file", _("Choose a file."))], 422)
    kind = HISTORY if request.form.get("kind") == HISTORY else ORDERS
    stream = cast("BinaryIO", upload.stream)
    try:
        run_id = open_file(current().site, kind, stream, upload.filename, actor(), _terms(kind), key=form_key())
    except Refused as error:
        return _upload([("file", i18n.say(error))], error.status)
    return to("panel.order_import_columns", order_run_id=run_id)


def _terms(kind: str) -> Terms:
    """What the form says of a file of this kind beside its columns."""
    form = request.form
    if kind == HISTORY:
        return Terms(currency=form.get("currency", ""), prefix=form.get("prefix", ""), dates=form.get("dates", ""))
    return Terms(channel=form.get("channel", ""), dates=form.get("dates", ""))


def _upload(problems: Problems, status: int = 200) -> Response:
    site = current().site
    runs = [(one, kind) for kind in (ORDERS, HISTORY) for one in reports(site, kind=kind)]
    return page(
        "order_imports.html",
        status,
        problems=problems,
        kind=HISTORY if request.values.get("kind") == HISTORY else ORDERS,
        channel=request.form.get("channel", ""),
        channels=known_channels(site),
        runs=[(run, run_state(run), kind) for run, kind in sorted(runs, key=lambda pair: -pair[0].id)[:_SHOWN_RUNS]],
    )


# -- columns -----------------------------------------------------------------------------------------------------------


@panel.get("/orders/imports/<int:order_run_id>/columns", endpoint="order_import_columns")
@staff(_MAY)
def columns(order_run_id: int) -> Response:
    """The columns of the file, what they are taken for, and its first orders."""
    return _columns(order_run_id, [])


@panel.post("/orders/imports/<int:order_run_id>/columns", endpoint="order_import_choose")
@staff(_MAY)
def chosen(order_run_id: int) -> Response:
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
        return _columns(order_run_id, [("columns", _told(error, kind_of(current().site, order_run_id)))], error.status)
    return to("panel.order_import_columns", order_run_id=order_run_id)


def _act(run_id: int, act: str, which: str) -> bool:
    """Whether the rehearsal begins."""
    site, kind = current().site, kind_of(current().site, run_id)
    names = _names(run_id, kind)
    mapping, terms, kept_dates = _chosen(names, kind), _terms(kind), ""
    if act == "use":
        kept = next((one for one in kept_mappings(site, kind) if str(one.id) == which), None)
        known, kept_dates = (kept.mapping, kept.dates) if kept is not None else (mapping, "")
        terms = replace(terms, dates="")
        mapping = {**KINDS[kind].guess(names), **{name: target for name, target in known.items() if name in names}}
    elif act == "forget":
        forget_mapping(site, int(which) if which.isdigit() else 0, kind)
    choose(site, kind, run_id, mapping, terms, kept_dates=kept_dates)
    if act in {"keep", "rehearse"}:
        KINDS[kind].check(mapping)
    if act == "keep":
        dates = find_run(site, run_id, kind).dates
        store_mapping(site, request.form.get("keep_name", ""), mapping, kind=kind, dates=dates)
    if act == "rehearse":
        _rehearse(run_id, kind, mapping)
    return act == "rehearse"


def _told(error: Refused, kind: str) -> str:
    """What is wrong with the columns, with their targets as the page calls them."""
    labels, said = dict(_targets(kind)), str(error.params.get("columns", ""))
    if not said:
        return i18n.say(error)
    return _(error.message, columns=i18n.enumerated(labels.get(name, name) for name in said.split(", ")))


def _names(run_id: int, kind: str) -> list[str]:
    return [column.name for column in look(current().site, kind, run_id).columns]


def _rehearse(run_id: int, kind: str, mapping: Mapping[str, str]) -> None:
    if kind == ORDERS and not request.form.get("channel", "").strip() and "channel" not in mapping.values():
        raise Unfit({"channel": "Say where these orders were placed."})
    rehearse(current().site, kind, run_id)


def _targets(kind: str) -> list[tuple[str, str]]:
    return past.past_targets() if kind == HISTORY else arriving.targets()


def _chosen(names: list[str], kind: str) -> dict[str, str]:
    """What was chosen for each column, and nothing that could not be chosen."""
    known = dict(_targets(kind))
    return {
        name: target if (target := request.form.get(f"column-{place}", "")) in known else ""
        for place, name in enumerate(names)
    }


def _columns(run_id: int, problems: Problems, status: int = 200) -> Response:
    site, kind = current().site, kind_of(current().site, run_id)
    run = find_run(site, run_id, kind)
    if run.state != DRAFT:
        return to("panel.order_import", order_run_id=run_id)
    seen = look(site, kind, run_id)
    wrong = _told(seen.problem, kind) if seen.problem else ""
    return page(
        "order_import_columns.html",
        status,
        run=run,
        kind=kind,
        steps=steps(True, run.state),
        columns=seen.columns,
        targets=[("", _("Leave out")), *_targets(kind)],
        chosen={name: value for name, value in request.form.items() if name.startswith("column-")},
        channel=request.form.get("channel", run.channel),
        channels=known_channels(site),
        currency=request.form.get("currency", run.currency),
        currencies=[(code, code) for code in site.currencies],
        days=day_order(run, [one for one in seen.columns if one.target in KINDS[kind].days], problems),
        prefix=request.form.get("prefix", run.prefix),
        orders=None if seen.problem else seen.orders,
        first=[past.past_shown(one) if isinstance(one, ReadDocument) else arriving.shown(one) for one in seen.first],
        kept=kept_mappings(site, kind),
        problems=problems or ([("columns", wrong)] if wrong else []),
    )


# -- a run -------------------------------------------------------------------------------------------------------------


@panel.get("/orders/imports/<int:order_run_id>", endpoint="order_import")
@staff(_MAY)
def run(order_run_id: int) -> Response:
    """How far it is; at its end what became of the orders."""
    site, kind = current().site, kind_of(current().site, order_run_id)
    found = report(site, order_run_id, kind)
    if found.state == DRAFT:
        return to("panel.order_import_columns", order_run_id=order_run_id)
    return page(
        "order_import.html",
        run=found,
        kind=kind,
        state=run_state(found),
        left_for=left_for(found.seconds_left),
        remarks=first_remarks(site, order_run_id, _SHOWN_REMARKS, kind),
        left=orders_left(site, order_run_id, _SHOWN_LEFT) if found.kept else [],
        sums=past.past_sums(tally_of(find_run(site, order_run_id, kind).sums)) if kind == HISTORY else [],
        steps=steps(found.dry_run, found.state),
    )


@panel.post("/orders/imports/<int:order_run_id>/<any(apply,stop,resume,undo):act>", endpoint="order_import_act")
@staff(_MAY)
def steer(order_run_id: int, act: str) -> Response:
    """After the rehearsal: for good. Stop it, let it go on after an interruption, or take all of it back."""
    site, kind = current().site, kind_of(current().site, order_run_id)
    try:
        if act == "apply":
            return to("panel.order_import", order_run_id=for_good(site, kind, order_run_id, actor()))
        if act == "stop":
            stop_import(site, order_run_id, kind)
        elif act == "resume":
            go_on(site, order_run_id, kind)
        else:
            (undo_history if kind == HISTORY else undo_import)(site, order_run_id, actor())
    except Refused as error:
        if error.status == 404:
            raise
        return to("panel.order_import", i18n.say(error), kind="bad", order_run_id=order_run_id)
    return to("panel.order_import", order_run_id=order_run_id)


@panel.get("/orders/imports/<int:order_run_id>/remarks.csv", endpoint="order_import_remarks")
@staff(_MAY)
def remarks(order_run_id: int) -> Response:
    """All remarks about a run as a file."""
    site, kind = current().site, kind_of(current().site, order_run_id)
    return _file(remarks_csv(site, order_run_id, kind), f"remarks-{order_run_id}.csv")


@panel.get("/orders/imports/<int:order_run_id>/left.csv", endpoint="order_import_left")
@staff(_MAY)
def left_as_file(order_run_id: int) -> Response:
    """All orders that an undo had to leave as a file."""
    text = io.StringIO(newline="")
    write_rows(text, (_("Line"), _("Number in the file"), _("Order")), orders_left(current().site, order_run_id))
    return _file(text.getvalue().encode("utf-8-sig"), f"left-{order_run_id}.csv")


def _file(parts: Iterator[bytes] | bytes, name: str) -> Response:
    response = Response(parts, mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
