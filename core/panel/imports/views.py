"""The import wizard: a file, a rehearsal, the import with its progress, and what came of it. Beside it the export."""

from __future__ import annotations

from collections.abc import Callable
from tempfile import TemporaryFile
from typing import BinaryIO, cast

from flask import Response, request, send_file

from core.imports.services.export_products import export_products
from core.imports.services.import_products import import_for_good, start_import
from core.imports.services.reports import Report, first_remarks, remarks_csv, report, reports
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib.errors import Refused
from core.panel.imports.forms import UploadForm
from core.panel.shell import Status, actor, page, panel, to

_SHOWN_REMARKS = 20
_STATES: dict[str, Callable[[], Status]] = {
    "waiting": lambda: Status(_("Waiting"), "wait"),
    "running": lambda: Status(_("Running"), "busy", "busy"),
    "done": lambda: Status(_("Done"), "done", "good"),
    "failed": lambda: Status(_("Failed"), "stop", "bad"),
}


@panel.get("/products/imports", endpoint="imports")
@staff("products.edit")
def show() -> Response:
    """The form for a file, and the runs before."""
    return _upload_page([])


@panel.post("/products/imports", endpoint="import_start")
@staff("products.edit")
def start() -> Response:
    """Keep the file and rehearse its import; nothing in the shop changes."""
    form = UploadForm(request.form)
    if refusal := form.refusal():
        return _upload_page([("file", refusal)], 422)
    upload = request.files["file"]
    try:
        run_id = start_import(
            current().site,
            cast("BinaryIO", upload.stream),
            upload.filename or "",
            dry_run=True,
            actor=actor(),
            format_name=form.format.data or "",
        )
    except Refused as error:
        return _upload_page([("file", i18n.say(error))], error.status)
    return to("panel.import_run", run_id=run_id)


def _upload_page(problems: list[tuple[str, str]], status: int = 200) -> Response:
    return page(
        "imports.html",
        status,
        form=UploadForm(request.form),
        problems=problems,
        runs=[(run, _state(run)) for run in reports(current().site)],
    )


def _state(run: Report) -> Status:
    return _STATES[run.state]()


@panel.get("/products/imports/<int:run_id>", endpoint="import_run")
@staff("products.edit")
def run(run_id: int) -> Response:
    """How far a run is; at its end what became of the products."""
    found = report(current().site, run_id)
    return page(
        "import_run.html",
        run=found,
        state=_state(found),
        remarks=first_remarks(current().site, run_id, _SHOWN_REMARKS),
        steps=_steps(found),
    )


def _steps(run: Report) -> list[tuple[str, str]]:
    """(name, `done`, `now` or empty) of the steps of the wizard."""
    is_over = run.state in {"done", "failed"}
    place = (1 if not is_over else 2) if run.dry_run else (3 if not is_over else 4)
    names = (_("File"), _("Rehearsal"), _("Look it over"), _("Import"), _("Result"))
    return [(name, "done" if n < place else "now" if n == place else "") for n, name in enumerate(names)]


@panel.post("/products/imports/<int:run_id>/apply", endpoint="import_apply")
@staff("products.edit")
def apply(run_id: int) -> Response:
    """After the rehearsal: import the file for good."""
    return to("panel.import_run", run_id=import_for_good(current().site, run_id, actor()))


@panel.get("/products/imports/<int:run_id>/remarks.csv", endpoint="import_remarks")
@staff("products.edit")
def remarks(run_id: int) -> Response:
    """All remarks about a run as a file."""
    report(current().site, run_id)
    response = Response(remarks_csv(current().site, run_id), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="remarks-{run_id}.csv"'
    return response


@panel.get("/products/export.csv", endpoint="products_export")
@staff("catalogue.view")
def export() -> Response:
    """The products of this site in our own format."""
    # Written whole before it is sent, so that an error half-way is an error page and not half a file.
    file = TemporaryFile()  # noqa: SIM115 -- the response closes it when it is sent
    export_products(current().site, cast("BinaryIO", file))
    file.seek(0)
    return send_file(
        file, mimetype="text/csv", as_attachment=True, download_name=f"products-{current().site.key}.csv", max_age=0
    )
