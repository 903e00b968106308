"""Picture rows. `kernel.files` stores the bytes first and hands over what it found in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.catalogue.services.cards import changing
from core.catalogue.services.writing import decoded, encoded, insert, update
from core.hookspecs.site import Site
from core.kernel import activity, db, files
from core.lib import clock
from core.lib.errors import NotFound, Refused


class MediaInUse(Refused):
    """A picture that products or categories show cannot be deleted."""

    code = "media_in_use"
    default_message = "This picture is shown in %(uses)s places. Take it away there first."


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A picture that `kernel.files` has stored under `name`."""

    name: str
    original: str
    mime: str
    width: int
    height: int
    bytes: int
    sha256: str


def add_media(file: StoredFile, alt: Mapping[str, str], actor: str) -> int:
    """The id of the picture's row; a picture with the same bytes is not stored twice."""
    with db.transaction():
        return ensure_media(file, alt, actor)


def ensure_media(file: StoredFile, alt: Mapping[str, str], actor: str) -> int:
    """Part of a verb: like `add_media`."""
    known = db.value("SELECT id FROM media WHERE sha256 = ? ORDER BY id LIMIT 1", file.sha256)
    if known is not None:
        return int(known)
    media_id = insert(
        "media",
        {
            "name": file.name,
            "original": file.original[:255],
            "mime": file.mime,
            "width": file.width,
            "height": file.height,
            "bytes": file.bytes,
            "focal_x": 50,
            "focal_y": 50,
            "alt": encoded(dict(alt)),
            "sha256": file.sha256,
            "created_at": clock.now_us(),
        },
    )
    activity.record(actor, "media.added", f"media:{media_id}", title=file.original)
    return media_id


def describe_media(media_id: int, actor: str, *, alt: Mapping[str, str], focal_x: int = 50, focal_y: int = 50) -> None:
    """Alternative text per language and the focal point in hundredths. Cards that show it change. Raises NotFound."""
    focal_x, focal_y = (min(max(point, 0), 100) for point in (focal_x, focal_y))
    used = products_with(media_id)
    with changing(used) as change:
        old = db.one("SELECT alt, focal_x, focal_y, original FROM media WHERE id = ?", media_id)
        if old is None:
            raise NotFound
        update("media", media_id, {"alt": encoded(dict(alt)), "focal_x": focal_x, "focal_y": focal_y})
        change.products.update(used)
        before, after = {"alt": decoded(old[0]), "focal": old[1:3]}, {"alt": dict(alt), "focal": (focal_x, focal_y)}
        activity.record(actor, "media.described", f"media:{media_id}", title=old[3], before=before, after=after)


def delete_media(media_id: int, actor: str) -> str:
    """Delete the row and answer the stored name, whose bytes the caller deletes. Raises NotFound, MediaInUse."""
    with db.transaction():
        name = db.value("SELECT name FROM media WHERE id = ?", media_id)
        if name is None:
            raise NotFound
        uses = db.value(
            "SELECT (SELECT COUNT(*) FROM product_media WHERE media_id = ?) + (SELECT COUNT(*) FROM variant WHERE"
            " media_id = ?)"
            " + (SELECT COUNT(*) FROM category WHERE media_id = ?)",
            media_id,
            media_id,
            media_id,
        )
        if uses:
            raise MediaInUse(uses=uses)
        db.execute("DELETE FROM media WHERE id = ?", media_id)
        activity.record(actor, "media.deleted", f"media:{media_id}", title=name)
        return str(name)


def snapshot(media_id: int) -> dict[str, Any] | None:
    """What others store of a picture to show it without a look-up, such as the settings of a theme."""
    row = db.one("SELECT name, width, height, focal_x, focal_y, alt FROM media WHERE id = ?", media_id)
    if row is None:
        return None
    names = ("name", "width", "height", "focal_x", "focal_y")
    return {"id": media_id, **dict(zip(names, row, strict=False)), "alt": dict(decoded(row[5]))}


def recent(limit: int, further: Sequence[int] = ()) -> list[tuple[int, str, str]]:
    """(id, file name, address of a small rendition) of the latest pictures, and of `further` ones."""
    found = db.rows(
        "SELECT id, name, original FROM media WHERE id IN (SELECT id FROM (SELECT id FROM media ORDER BY id DESC"
        f" LIMIT ?) latest) OR id IN ({db.marks(further)}) ORDER BY id DESC",
        limit,
        *further,
    )
    return [(row[0], row[2] or row[1], files.url(row[1], 192)) for row in found]


def products_with(media_id: int) -> Sequence[int]:
    """The products that show a picture, themselves or by a variant."""
    return [
        row[0]
        for row in db.rows(
            "SELECT product_id FROM product_media WHERE media_id = ? UNION SELECT product_id FROM variant WHERE"
            " media_id = ? ORDER BY 1",
            media_id,
            media_id,
        )
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class WordlessPicture:
    """A picture that has no alternative text in a language; `original` is its uploader's name for it."""

    media_id: int
    original: str
    product_id: int


def wordless_pictures(site: Site, language: str) -> list[WordlessPicture]:
    """The pictures of products that the site shows without words in this language, each once. One statement."""
    found: dict[int, WordlessPicture] = {}
    for media_id, original, alt, product_id in db.rows(
        "SELECT m.id, m.original, m.alt, pm.product_id FROM product_media pm JOIN media m ON m.id = pm.media_id"
        " JOIN listing l ON l.product_id = pm.product_id AND l.site_id = ? AND l.visible ORDER BY m.id, pm.product_id",
        site.id,
    ):
        if media_id not in found and not decoded(alt).get(language, "").strip():
            found[media_id] = WordlessPicture(media_id=media_id, original=original, product_id=product_id)
    return list(found.values())


def add_picture(data: bytes, filename: str, alt: Mapping[str, str], actor: str) -> int:
    """Check and keep a picture's bytes and answer its row's id; known bytes are not kept twice.

    Raises NotAPicture, TooLarge. Writes a file, then commits.
    """
    stored = files.store_picture(data)
    file = StoredFile(
        name=stored.name,
        original=filename,
        mime=stored.mime,
        width=stored.width,
        height=stored.height,
        bytes=stored.size,
        sha256=stored.sha256,
    )
    media_id = add_media(file, alt, actor)
    if db.value("SELECT name FROM media WHERE id = ?", media_id) != stored.name:
        files.delete(stored.name)
    return media_id
