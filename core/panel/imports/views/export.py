"""The products of a site as a file."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import BinaryIO, cast

from flask import Response, send_file

from core.imports.services.export_products import export_products
from core.kernel.security import staff
from core.kernel.sites import current
from core.panel.shell import panel


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
