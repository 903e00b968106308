"""The import wizard: a file, a rehearsal, the import with its progress, what came of it, and how to take it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO, cast

from flask import Response, request

from core.imports.models import DRAFT
from core.imports.services.kept_files import LARGEST_FILE_MB
from core.imports.services.reports import Report, first_remarks, remarks_csv, report, reports
from core.imports.services.runs import go_on, import_for_good, open_file, stop_import
from core.imports.services.undo import Left, left, left_csv, undo_import
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.i18n import ngettext
from core.kernel.security import staff, takes_megabytes
from core.kernel.sites import current
from core.lib.errors import Refused
from core.panel.imports.forms import UploadForm
from core.panel.shell import actor, panel
from core.panel.shell.answers import page, to
from core.panel.shell.status import Status

_SHOWN_REMARKS = 20
_SHOWN_LEFT = 50
_STATES: dict[str, Callable[[], Status]] = {
    "draft": lambda: Status(_("Not begun"), "none"),
    "waiting": lambda: Status(_("Waiting"), "wait"),
    "running": lambda: Status(_("Running"), "busy", "busy"),
    "done": lambda: Status(_("Done"), "done", "good"),
    "failed": lambda: Status(_("Failed"), "stop", "bad"),
    "stopped": lambda: Status(_("Stopped"), "pause", "warn"),
    "undoing": lambda: Status(_("Being undone"), "busy", "busy"),
    "undone": lambda: Status(_("Undone"), "none"),
}
_ON_THEIR_WAY = {"waiting", "running"}


@panel.get("/products/imports", endpoint="imports")
@staff("products.edit")
def show() -> Response:
    """The form for a file, and the runs before."""
    return _upload_page([])


@panel.post("/products/imports", endpoint="import_start")
@staff("products.edit")
@takes_megabytes(LARGEST_FILE_MB + 1)
def start() -> Response:
    """Keep the file and look at its columns; nothing in the shop changes."""
    form = UploadForm(request.form)
    if refusal := form.refusal():
        return _upload_page([("file", refusal)], 422)
    upload = request.files["file"]
    stream = cast("BinaryIO", upload.stream)
    try:
        run_id = open_file(current().site, stream, upload.filename or "", actor(), form.format.data or "")
    except Refused as error:
        return _upload_page([("file", i18n.say(error))], error.status)
    return to("panel.import_columns", run_id=run_id)


def _upload_page(problems: list[tuple[str, str]], status: int = 200) -> Response:
    return page(
        "imports.html",
        status,
        form=UploadForm(request.form),
        problems=problems,
        runs=[(run, run_state(run)) for run in reports(current().site)],
    )


def run_state(run: Report) -> Status:
    """Where a run is, as the panel draws it."""
    return Status(_("Interrupted"), "pause", "warn") if run.interrupted else _STATES[run.state]()


@panel.get("/products/imports/<int:run_id>", endpoint="import_run")
@staff("products.edit")
def run(run_id: int) -> Response:
    """How far a run is; at its end what became of the products."""
    found = report(current().site, run_id)
    if found.state == DRAFT:
        return to("panel.import_columns", run_id=run_id)
    return page(
        "import_run.html",
        run=found,
        state=run_state(found),
        left_for=left_for(found.seconds_left),
        remarks=first_remarks(current().site, run_id, _SHOWN_REMARKS),
        kept=[(one, _reason(one)) for one in left(current().site, run_id, _SHOWN_LEFT)] if found.kept else [],
        steps=steps(found.dry_run, found.state),
    )


def steps(dry_run: bool, state: str) -> list[tuple[str, str]]:  # noqa: FBT001 -- the two facts of a run
    """(name, `done`, `now` or empty) of the steps of the wizard."""
    is_over = state not in _ON_THEIR_WAY
    place = 1 if state == DRAFT else (2 if not is_over else 3) if dry_run else (4 if not is_over else 5)
    names = (_("File"), _("Columns"), _("Rehearsal"), _("Look it over"), _("Import"), _("Result"))
    return [(name, "done" if n < place else "now" if n == place else "") for n, name in enumerate(names)]


def left_for(seconds: int | None) -> str:
    """The remaining time as people say it; empty as long as nobody knows."""
    if seconds is None:
        return ""
    if seconds < 60:
        return _("Less than a minute left.")
    minutes = round(seconds / 60)
    if minutes < 90:
        return ngettext("About %(n)s minute left.", "About %(n)s minutes left.", minutes)
    return ngettext("About %(n)s hour left.", "About %(n)s hours left.", round(minutes / 60))


def _reason(one: Left) -> str:
    return {
        "edited": _("Somebody has edited it since."),
        "sold": _("It has been sold since."),
        "moved": _("Its stock has moved since."),
    }.get(one.reason, _("It could not be put back as it was."))


# -- acts --------------------------------------------------------------------------------------------------------------


@panel.post("/products/imports/<int:run_id>/apply", endpoint="import_apply")
@staff("products.edit")
def apply(run_id: int) -> Response:
    """After the rehearsal: import the file for good."""
    return to("panel.import_run", run_id=import_for_good(current().site, run_id, actor()))


@panel.post("/products/imports/<int:run_id>/<any(stop,resume,undo):act>", endpoint="import_act")
@staff("products.edit")
def steer(run_id: int, act: str) -> Response:
    """Stop a run, let it go on after an interruption, or take all of it back."""
    site = current().site
    try:
        if act == "stop":
            stop_import(site, run_id)
        elif act == "resume":
            go_on(site, run_id)
        else:
            undo_import(site, run_id, actor())
    except Refused as error:
        if error.status == 404:
            raise
        return to("panel.import_run", i18n.say(error), kind="bad", run_id=run_id)
    return to("panel.import_run", run_id=run_id)


@panel.get("/products/imports/<int:run_id>/remarks.csv", endpoint="import_remarks")
@staff("products.edit")
def remarks(run_id: int) -> Response:
    """All remarks about a run as a file."""
    report(current().site, run_id)
    return _file(remarks_csv(current().site, run_id), f"remarks-{run_id}.csv")


@panel.get("/products/imports/<int:run_id>/left.csv", endpoint="import_left")
@staff("products.edit")
def left_as_file(run_id: int) -> Response:
    """All that an undo had to leave as a file."""
    report(current().site, run_id)
    return _file(left_csv(current().site, run_id, _reason), f"left-{run_id}.csv")


def _file(parts: object, name: str) -> Response:
    response = Response(parts, mimetype="text/csv")  # type: ignore[arg-type]
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
