"""The sections' forms in the panel, and the files in the shop."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flask import Response, send_file

from core.api import (
    PanelSection,
    Site,
    Unfit,
    Views,
    actor,
    current_site,
    panel_section_id,
    panel_section_refused,
    panel_to,
    public,
    request,
    say,
    staff,
    url_for,
)
from core.api import gettext as _
from plugins.product_content.forms import KINDS, ProductContent
from plugins.product_content.models import Download
from plugins.product_content.services import downloads, related, sizes, specs
from plugins.product_content.services.keeping import PLUGIN, LanguageForm
from plugins.product_content.services.reading import CATEGORY, PRODUCT

panel = Views()
shop = Views("/product-files")
PERMISSION = "product_content.edit"
may_edit = staff(PERMISSION)
Texts = Sequence[LanguageForm]


def _section(place: str, name: str, title: str, values: Any) -> PanelSection:
    template = f"product_content/{name}.html"
    return PanelSection(place=place, name=name, title=title, template=template, values=values, permission=PERMISSION)


def _file_values(site: Site, product_id: int) -> dict[str, Any]:
    return downloads.form_values(site, product_id, ProductContent.of(site).most_mb)


def _product_sizes(site: Site, product_id: int) -> dict[str, Any]:
    return sizes.form_values(site, PRODUCT, product_id)


def _category_sizes(site: Site, category_id: int) -> dict[str, Any]:
    return sizes.form_values(site, CATEGORY, category_id)


SPECS = _section("product", "specs", "Specifications", specs.form_values)
FILES = _section("product", "downloads", "Downloads", _file_values)
RELATED = _section("product", "related", "Related products", related.form_values)
SIZES = _section("product", "sizes", "Size advice", _product_sizes)
CATEGORY_SIZES = _section("category", "sizes", "Size advice", _category_sizes)
SECTIONS = (SPECS, FILES, RELATED, SIZES, CATEGORY_SIZES)


def _done(section: PanelSection, object_id: int, said: str, undo: str = "") -> Response:
    """Back to the section on its page."""
    anchor = panel_section_id(PLUGIN, section)
    if section.place == "category":
        return panel_to("panel.category", say=said, category_id=object_id, _anchor=anchor)
    return panel_to("panel.product", say=said, undo=undo, product_id=object_id, _anchor=anchor)


# -- specifications ----------------------------------------------------------------------------------------------------


@panel.post("/products/<int:product_id>/specs")
@may_edit
def save_specs(product_id: int) -> Response:
    """Keep the rows of every language."""
    site = current_site()
    typed = {tag: request.form.get(f"specs-{tag}", "") for tag in site.languages}
    try:
        specs.save_specs(site, product_id, typed, actor=actor())
    except Unfit as refusal:
        texts = [LanguageForm(language=tag, text=typed[tag], error=refusal.errors.get(tag, "")) for tag in typed]
        return panel_section_refused(SPECS, product_id, _problems("specs", texts), texts=texts)
    return _done(SPECS, product_id, _("The specifications are saved."))


def _problems(field: str, texts: Texts) -> list[tuple[str, str]]:
    return [(f"{field}-{text.language}", text.error) for text in texts if text.error]


# -- downloads ---------------------------------------------------------------------------------------------------------


@panel.post("/products/<int:product_id>/downloads")
@may_edit
def add_file(product_id: int) -> Response:
    """Take a file."""
    site, sent = current_site(), request.files.get("file")
    typed = {name: request.form.get(name, "") for name in ("title", "language")}
    error = ""
    if sent is None or not sent.filename:
        error = _("Choose a file.")
    else:
        upload = downloads.Upload(stream=sent.stream, filename=sent.filename, **typed)
        try:
            downloads.add_download(site, product_id, upload, most_mb=ProductContent.of(site).most_mb, actor=actor())
        except (downloads.NotTaken, downloads.TooBig, downloads.TooManyFiles) as refusal:
            error = say(refusal)
    if error:
        return panel_section_refused(FILES, product_id, [("downloads-file", error)], typed=typed, error=error)
    return _done(FILES, product_id, _("The file is added."))


@panel.post("/products/<int:product_id>/downloads/<int:download_id>/remove")
@may_edit
def remove_file(product_id: int, download_id: int) -> Response:
    """Take a file off the page."""
    title = downloads.remove_download(current_site(), product_id, download_id, actor=actor())
    undo = url_for("product_content.panel.restore_file", product_id=product_id, download_id=download_id)
    return _done(FILES, product_id, _("“%(title)s” is removed.", title=title), undo)


@panel.post("/products/<int:product_id>/downloads/<int:download_id>/restore")
@may_edit
def restore_file(product_id: int, download_id: int) -> Response:
    """Bring a removed file back."""
    title = downloads.restore_download(current_site(), product_id, download_id, actor=actor())
    return _done(FILES, product_id, _("“%(title)s” is back.", title=title))


@panel.get("/downloads/<int:download_id>")
@may_edit
def see_file(download_id: int) -> Response:
    """A file for the staff, whether its product is on sale or not."""
    return _attachment(*downloads.own_file(current_site(), download_id))


@shop.get("/<int:download_id>/<name>")
@public
def download(download_id: int, name: str) -> Response:
    """A product's file. `name` is for people."""
    del name
    return _attachment(*downloads.public_file(current_site(), download_id))


def _attachment(row: Download, path: Path) -> Response:
    """A file that no browser opens by itself."""
    answer = send_file(path, mimetype=row.mime, as_attachment=True, download_name=row.original, conditional=True)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "no-cache"
    return answer


# -- related -----------------------------------------------------------------------------------------------------------


@panel.post("/products/<int:product_id>/related")
@may_edit
def save_related(product_id: int) -> Response:
    """Keep the picks, written as SKUs."""
    typed = {kind: request.form.get(f"related-{kind}", "") for kind in KINDS}
    try:
        related.save_related(current_site(), product_id, typed, actor=actor())
    except Unfit as refusal:
        kinds = [
            related.KindForm(kind=kind, text=text, error=refusal.errors.get(kind, "")) for kind, text in typed.items()
        ]
        problems = [(f"related-{kind}", message) for kind, message in refusal.errors.items()]
        return panel_section_refused(RELATED, product_id, problems, kinds=kinds)
    return _done(RELATED, product_id, _("The related products are saved."))


@panel.post("/products/<int:product_id>/related/add")
@may_edit
def add_related(product_id: int) -> Response:
    """Put one that the search found behind the others."""
    kind, _colon, other = request.form.get("add", "").partition(":")
    try:
        name = related.add_related(
            current_site(), product_id, kind, int(other) if other.isdecimal() else 0, actor=actor()
        )
    except (related.Itself, related.TooMany) as refusal:
        return panel_section_refused(RELATED, product_id, [("related-words", say(refusal))])
    return _done(RELATED, product_id, _("“%(name)s” is added.", name=name))


# -- sizes -------------------------------------------------------------------------------------------------------------


@panel.post("/products/<int:product_id>/sizes")
@may_edit
def save_product_sizes(product_id: int) -> Response:
    """Keep the size advice of one product."""
    return _save_sizes(SIZES, product_id)


@panel.post("/categories/<int:category_id>/sizes")
@may_edit
def save_category_sizes(category_id: int) -> Response:
    """Keep the size advice of a category."""
    return _save_sizes(CATEGORY_SIZES, category_id)


def _save_sizes(section: PanelSection, owner_id: int) -> Response:
    site = current_site()
    typed = {
        tag: (request.form.get(f"sizes-{tag}", ""), request.form.get(f"sizes-note-{tag}", "")) for tag in site.languages
    }
    try:
        sizes.save_sizes(site, section.place, owner_id, typed, actor=actor())
    except Unfit as refusal:
        texts = [
            LanguageForm(language=tag, text=text, note=note, error=refusal.errors.get(tag, ""))
            for tag, (text, note) in typed.items()
        ]
        return panel_section_refused(section, owner_id, _problems("sizes", texts), texts=texts)
    return _done(section, owner_id, _("The size advice is saved."))
