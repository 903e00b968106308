"""The way every view of the panel answers: a page, a way to the next one, a file."""

from __future__ import annotations

import io
from collections.abc import Callable
from tempfile import TemporaryFile
from typing import Any, BinaryIO, cast

from flask import Response, send_file, url_for

from core.kernel import respond
from core.kernel.sites import current


def address(endpoint: str, **values: Any) -> str:
    """`url_for` for parameters that may be None, which are left out."""
    return url_for(endpoint, **values)


def page(name: str, status: int = 200, **values: Any) -> Response:
    """Answer with a page of the panel; `name` is a file in `panel/pages`."""
    return respond.page(f"panel/pages/{name}", status, **values)


def to(endpoint: str, say: str = "", undo: str = "", kind: str = "good", **values: Any) -> Response:
    """Answer a POST: 303 to a page, which shows `say` once, with a button that posts to `undo`.

    A message of `kind` bad stays until it is dismissed.
    """
    if say:
        respond.note(say, kind, undo=undo)
    return respond.redirect(url_for(endpoint, **values))


def table_file(name: str, write: Callable[[BinaryIO], object]) -> Response:
    """What `write` writes, as `<name>-<site>.csv`: whole before it is sent, so that an error half-way is a page."""
    file = cast("BinaryIO", TemporaryFile())  # noqa: SIM115 -- the response closes it when it is sent
    write(file)
    file.seek(0)
    return _file(file, "text/csv", f"{name}-{current().site.key}.csv")


def data_file(name: str, text: str) -> Response:
    """JSON that somebody asked for, as `<site>-<name>.json`."""
    return _file(io.BytesIO(text.encode()), "application/json", f"{current().site.key}-{name}.json")


def _file(file: BinaryIO, kind: str, name: str) -> Response:
    return send_file(file, mimetype=kind, as_attachment=True, download_name=name, max_age=0)
