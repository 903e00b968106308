"""The pictures of a product in their order."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, request, url_for

from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.panel.media.services import partly, store_uploads
from core.panel.products.services import editor, saving
from core.panel.products.views.refusals import Problems
from core.panel.shell import actor, panel
from core.panel.shell.answers import page, to
from core.panel.shell.once import form_key, once
from core.panel.shell.sites import languages


@panel.get("/products/<int:product_id>/pictures", endpoint="product_pictures")
@staff("catalogue.view")
def pictures(product_id: int) -> Response:
    """The pictures in their order."""
    return _pictures_page(product_id, [])


@panel.post("/products/<int:product_id>/pictures", endpoint="product_picture_add")
@staff("products.edit")
@once("panel.product_pictures", "product_id")
def add_pictures(product_id: int) -> Response:
    """Upload pictures behind those that are there."""
    site = current().site
    added, problems = store_uploads(request.files.getlist("files"), request.form, languages(site), actor())
    if added:
        shown = [picture.id for picture in editor.pictures(product_id)]
        saving.set_pictures(site, product_id, [*shown, *added], actor(), key=form_key())
    if problems:
        return _pictures_page(product_id, problems, 422, added)
    return to(
        "panel.product_pictures",
        say=i18n.ngettext("%(n)s picture is added.", "%(n)s pictures are added.", len(added)),
        product_id=product_id,
    )


@panel.post(
    "/products/<int:product_id>/pictures/<int:media_id>/<any(earlier, later):way>", endpoint="product_picture_move"
)
@staff("products.edit")
def move_picture(product_id: int, media_id: int, way: str) -> Response:
    """Move a picture one place."""
    ids = [picture.id for picture in editor.pictures(product_id)]
    if media_id in ids:
        place = ids.index(media_id)
        ids.insert(max(0, place + (-1 if way == "earlier" else 1)), ids.pop(place))
        saving.set_pictures(current().site, product_id, ids, actor())
    return to("panel.product_pictures", product_id=product_id)


@panel.post("/products/<int:product_id>/pictures/<int:media_id>/remove", endpoint="product_picture_remove")
@staff("products.edit")
def remove_picture(product_id: int, media_id: int) -> Response:
    """Take a picture off a product; it stays among the pictures."""
    ids = [picture.id for picture in editor.pictures(product_id) if picture.id != media_id]
    saving.set_pictures(current().site, product_id, ids, actor())
    undo = url_for("panel.product_picture_back", product_id=product_id, media_id=media_id)
    return to(
        "panel.product_pictures", say=_("The picture is taken off this product."), undo=undo, product_id=product_id
    )


@panel.post("/products/<int:product_id>/pictures/<int:media_id>/back", endpoint="product_picture_back")
@staff("products.edit")
def put_picture_back(product_id: int, media_id: int) -> Response:
    """Undo taking a picture off."""
    ids = [*(picture.id for picture in editor.pictures(product_id)), media_id]
    saving.set_pictures(current().site, product_id, ids, actor())
    return to("panel.product_pictures", product_id=product_id)


def _pictures_page(product_id: int, problems: Problems, status: int = 200, added: Sequence[int] = ()) -> Response:
    site = current().site
    named = [(tag, i18n.language_name(tag)) for tag in languages(site)]
    return page(
        "product_pictures.html",
        status,
        product=editor.head(site, product_id),
        pictures=editor.pictures(product_id),
        languages=named,
        problems=problems,
        partly=partly(added),
        sent=request.form,
    )
