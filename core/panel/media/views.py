"""All pictures, and one with its words, focal point and uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Response, request, url_for

from core.catalogue.services import media
from core.kernel import i18n
from core.kernel.i18n import gettext as _
from core.kernel.security import staff
from core.kernel.sites import current
from core.lib.errors import Refused
from core.panel.activity import services as log
from core.panel.media import services
from core.panel.shell import actor, panel
from core.panel.shell.answers import address, page, to
from core.panel.shell.once import form_key, once
from core.panel.shell.sites import languages


@panel.get("/media", endpoint="media")
@staff("catalogue.view")
def show() -> Response:
    """The pictures that fit the address' filters."""
    return _list_page([])


@panel.post("/media", endpoint="media_add")
@staff("media.edit")
@once("panel.media")
def add() -> Response:
    """Upload pictures."""
    added, problems = services.store_uploads(
        request.files.getlist("files"), request.form, languages(current().site), actor(), key=form_key()
    )
    if problems:
        return _list_page(problems, 422, added)
    return to("panel.media", say=i18n.ngettext("%(n)s picture is added.", "%(n)s pictures are added.", len(added)))


@panel.get("/media/<int:media_id>", endpoint="medium")
@staff("catalogue.view")
def one(media_id: int) -> Response:
    """One picture."""
    return _one_page(media_id)


@panel.post("/media/<int:media_id>", endpoint="medium_save")
@staff("media.edit")
def describe(media_id: int) -> Response:
    """Store the words and the focal point of a picture."""
    alt = {tag: words for tag, _name in _languages() if (words := request.form.get(f"alt-{tag}", "").strip()[:300])}
    across, down = (min(100, max(0, request.form.get(name, 50, type=int))) for name in ("focal_x", "focal_y"))
    if other := log.meanwhile(request.form.get("version"), f"media:{media_id}"):
        return _one_page(media_id, [("", other)], 409, alt=alt, focal=(across, down))
    media.describe_media(media_id, actor(), alt=alt, focal_x=across, focal_y=down)
    return to("panel.medium", say=_("Saved."), media_id=media_id)


@panel.post("/media/<int:media_id>/replace", endpoint="medium_replace")
@staff("media.edit")
@once("panel.medium", "media_id")
def replace(media_id: int) -> Response:
    """Put another picture in its place, wherever it is shown."""
    wrong = services.replace(media_id, request.files.get("file"), actor(), key=form_key())
    if wrong:
        return _one_page(media_id, [("file", wrong)], 422)
    return to(
        "panel.medium",
        say=_("The picture is replaced wherever it is shown. Check its words and its focal point."),
        undo=url_for("panel.medium_back", media_id=media_id),
        media_id=media_id,
    )


@panel.post("/media/<int:media_id>/back", endpoint="medium_back")
@staff("media.edit")
def bring_back(media_id: int) -> Response:
    """Show the picture that was replaced last again."""
    media.bring_media_back(media_id, actor())
    return to("panel.medium", say=_("The picture before is shown again."), media_id=media_id)


@panel.post("/media/<int:media_id>/delete", endpoint="medium_delete")
@staff("media.edit")
def delete(media_id: int) -> Response:
    """Delete a picture that nothing shows."""
    try:
        removed_id = media.delete_media(media_id, actor())
    except Refused as refusal:
        return to("panel.medium", say=i18n.say(refusal), kind="bad", media_id=media_id)
    undo = url_for("panel.medium_restore", removed_id=removed_id)
    return to("panel.media", say=_("The picture is deleted."), undo=undo)


@panel.post("/media/removed/<int:removed_id>/restore", endpoint="medium_restore")
@staff("media.edit")
def restore(removed_id: int) -> Response:
    """Bring a deleted picture back."""
    media_id = media.restore_media(removed_id, actor())
    return to("panel.medium", say=_("The picture is back."), media_id=media_id)


def _one_page(
    media_id: int,
    problems: Sequence[tuple[str, str]] = (),
    status: int = 200,
    *,
    alt: Mapping[str, str] | None = None,
    focal: tuple[int, int] | None = None,
) -> Response:
    """The picture with its own words and focal point, or with those that were sent."""
    picture = services.find(media_id)
    return page(
        "medium.html",
        status,
        picture=picture,
        alt=picture.alt if alt is None else alt,
        focal=focal or (picture.focal_x, picture.focal_y),
        problems=problems,
        version=log.latest(f"media:{media_id}"),
        languages=_languages(),
    )


def _languages() -> list[tuple[str, str]]:
    return [(tag, i18n.language_name(tag)) for tag in languages(current().site)]


def _list_page(problems: Sequence[tuple[str, str]], status: int = 200, added: Sequence[int] = ()) -> Response:
    query, chosen = request.args.get("q", "").strip()[:100], request.args.get("show", "")
    rows, further = services.listed(query, chosen, request.args.get("before", type=int))
    named = [("", _("All")), ("wordless", _("Need words")), ("unused", _("Unused"))]
    views = [(title, address("panel.media", show=key or None), key == chosen, None) for key, title in named]
    following = address("panel.media", before=further, q=query or None, show=chosen or None) if further else ""
    return page(
        "media.html",
        status,
        rows=rows,
        query=query,
        show=chosen,
        views=views,
        next=following,
        problems=problems,
        partly=services.partly(added),
        sent=request.form,
        languages=_languages(),
    )
