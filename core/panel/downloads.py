"""Files that the panel hands out: tables, and what the shop knows of a person."""

from __future__ import annotations

import io
from collections.abc import Callable
from tempfile import TemporaryFile
from typing import BinaryIO, cast

from flask import Response, send_file

from core.kernel.sites import current


def table(name: str, write: Callable[[BinaryIO], object]) -> Response:
    """What `write` writes, as `<name>-<site>.csv`: whole before it is sent, so that an error half-way is a page."""
    file = TemporaryFile()  # noqa: SIM115 -- the response closes it when it is sent
    write(cast("BinaryIO", file))
    file.seek(0)
    return _sent(cast("BinaryIO", file), "text/csv", f"{name}-{current().site.key}.csv")


def data(name: str, text: str) -> Response:
    """JSON that somebody asked for, as `<site>-<name>.json`."""
    return _sent(io.BytesIO(text.encode()), "application/json", f"{current().site.key}-{name}.json")


def _sent(file: BinaryIO, kind: str, name: str) -> Response:
    return send_file(file, mimetype=kind, as_attachment=True, download_name=name, max_age=0)
