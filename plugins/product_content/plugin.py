"""Product content: specifications, downloads, related goods and size advice, beside a product's words and pictures."""

from __future__ import annotations

import sys
from pathlib import Path

from core.api import Permission, Plugin, ProductPage, Refused, Site, Slot, hookimpl, say, site_by_host
from plugins.product_content import forms
from plugins.product_content.forms import ProductContent
from plugins.product_content.models import TABLES
from plugins.product_content.services import downloads, page
from plugins.product_content.services.recorded import RECORDED
from plugins.product_content.views import SECTIONS, panel, shop


def import_file(arguments: list[str]) -> int:
    """`./stoa product_content import FILE --site HOST`; 1 if anything could not be taken."""
    from plugins.product_content.services import importing  # noqa: PLC0415 -- no page needs it

    said = forms.import_arguments(arguments)
    try:
        taken, wrong = importing.import_file(site_by_host(said.site), Path(said.file), actor="system")
    except (Refused, OSError) as error:
        sys.stderr.write(f"{said.file}: {say(error) if isinstance(error, Refused) else error}\n")
        return 1
    sys.stderr.write("".join(f"{line}\n" for line in wrong) + f"{taken:,} products taken.\n")
    return 1 if wrong else 0


PLUGIN = Plugin(
    name="product_content",
    version="1.0.0",
    title="Product content",
    summary="Specification tables, downloads, goods that go together and size advice on the pages of products.",
    category="content",
    author="Stoa contributors",
    verbs={
        "specs": "changed the facts of %(title)s",
        "download": "changed the files of %(title)s",
        "related": "changed what goes with %(title)s",
        "sizes": "changed the sizes of %(title)s",
    },
    recorded=RECORDED,
    settings=ProductContent,
    slots=page.PLACES,
    kept_slots=page.PLACES,
    models=TABLES,
    shop=shop,
    panel=panel,
    panel_sections=SECTIONS,
    permissions=(Permission(code="product_content.edit", title="Edit specifications, downloads and size advice"),),
    jobs={"purge": downloads.purge},
    every={"purge": 86400},
    commands={"import": import_file},
)


@hookimpl
def site_slot(site: Site, name: str, subject: object) -> Slot | None:
    """The four parts in their places of a product's page."""
    return page.in_slot(site, name, subject) if isinstance(subject, ProductPage) else None
