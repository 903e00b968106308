"""The products of a site as a file."""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import BinaryIO, cast

from flask import Response, request, send_file
from msgspec.structs import replace

from core.imports.services.export_products import export_products
from core.kernel.security import staff
from core.kernel.sites import current
from core.panel.products.services.listing import Query, ids_of
from core.panel.products.views.listing import read_query
from core.panel.shell import panel

_AT_ONCE = 200


@panel.get("/products/export.csv", endpoint="products_export")
@staff("catalogue.view")
def export() -> Response:
    """The products that the list shows under the same filters, in our own format; without any, all of this site."""
    query = read_query(request.args)
    narrowed = query.text or query.show or query.category_id is not None
    # Written whole before it is sent, so that an error half-way is an error page and not half a file.
    file = TemporaryFile()  # noqa: SIM115 -- the response closes it when it is sent
    export_products(current().site, cast("BinaryIO", file), batches=_batches(query) if narrowed else None)
    file.seek(0)
    return send_file(
        file, mimetype="text/csv", as_attachment=True, download_name=f"products-{current().site.key}.csv", max_age=0
    )


def _batches(query: Query) -> Iterator[list[int]]:
    """The ids of the products that fit, in the order of the list."""
    while found := ids_of(current().site, query, _AT_ONCE):
        yield found
        query = replace(query, before=found[-1])
