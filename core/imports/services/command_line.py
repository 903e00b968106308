"""The command `import`: what it says on the terminal, and the file of remarks beside the merchant's own."""

from __future__ import annotations

import sys
from pathlib import Path

from core.hookspecs.site import Site
from core.imports.services.import_products import import_products, resume_import
from core.imports.services.reports import Report, remarks_csv
from core.imports.services.running import Progress
from core.kernel.i18n import gettext as _
from core.kernel.i18n import ngettext


def run_from_command_line(
    site: Site, file: Path, *, dry_run: bool, errors: Path, progress: Progress, pictures: str = "", dates: str = "",
    resume: bool = False,
) -> int:  # fmt: skip
    """Import `file` and say what became of it; remarks go to `errors`. The exit code is 1 if a product was refused.

    With `resume` an import of the same file that was interrupted goes on where it stopped, if there is one.
    Raises UnreadableFile, MissingColumns and Unfit: then nothing was stored.
    """
    done = resume_import(site, file, progress) if resume else None
    if done is None:
        place = _place(pictures)
        done = import_products(site, file, dry_run=dry_run, pictures=place, dates=dates, progress=progress)
    sys.stdout.write("\n".join(_lines(done)) + "\n")
    if done.remarks is not None:
        with errors.open("wb") as target:
            target.writelines(remarks_csv(site, done.id))
        sys.stdout.write(_("The remarks are in %(file)s.", file=errors) + "\n")
    return 1 if done.refused else 0


def _place(pictures: str) -> str:
    """An address stays; anything else is a folder of this machine."""
    return pictures if not pictures or "://" in pictures else Path(pictures).resolve().as_uri()


def _lines(done: Report) -> list[str]:
    lines = [_("This was a dry run: nothing has been stored.")] if done.dry_run else []
    if done.resumed:
        lines.append(_("It was interrupted, and went on behind line %(line)s.", line=done.resumed_line))
    return [
        *lines,
        ngettext("%(n)s product added", "%(n)s products added", done.created),
        ngettext("%(n)s product changed", "%(n)s products changed", done.updated),
        ngettext("%(n)s product was so already", "%(n)s products were so already", done.unchanged),
        ngettext("%(n)s product left out", "%(n)s products left out", done.refused),
    ]
