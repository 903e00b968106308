"""Picture rows. `kernel.files` stores the bytes first and hands over what it found in them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from msgspec import Struct

from core.catalogue.services.cards import changing
from core.catalogue.services.reading import picture_of
from core.catalogue.services.shapes import Picture
from core.catalogue.services.writing import decoded, encoded, insert, update
from core.hookspecs.site import Site
from core.kernel import activity, cache, db, files, jobs, tables, theme_versions
from core.kernel.installation import installation
from core.kernel.repeats import DoneBefore, claim
from core.lib import clock
from core.lib.errors import NotFound, Refused


class MediaInUse(Refused):
    """A picture that products or categories show cannot be deleted."""

    code = "media_in_use"
    default_message = "This picture is shown in %(uses)s places. Take it away there first."


class MediaChanged(Refused):
    """Somebody else replaced the picture at the same moment."""

    code = "media_changed"
    default_message = "Somebody else has just replaced this picture. Look at it, then try again."


class StoredFile(Struct, frozen=True, kw_only=True):
    """A picture that `kernel.files` has stored under `name`."""

    name: str
    original: str
    mime: str
    width: int
    height: int
    bytes: int
    sha256: str


def add_media(file: StoredFile, alt: Mapping[str, str], actor: str, *, key: str = "") -> int:
    """The id of the picture's row; a picture with the same bytes is not stored twice. Raises DoneBefore."""
    with db.transaction():
        claim(key)
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
            "before": encoded({}),
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
        _tell_others(media_id)
        before, after = {"alt": decoded(old[0]), "focal": old[1:3]}, {"alt": dict(alt), "focal": (focal_x, focal_y)}
        activity.record(actor, "media.described", f"media:{media_id}", title=old[3], before=before, after=after)


def replace_media(media_id: int, data: bytes, filename: str, actor: str, *, key: str = "") -> None:
    """Put another picture in place of this one, wherever it is shown; words and focal point stay.

    Raises NotFound, NotAPicture, TooLarge, MediaChanged, DoneBefore. Writes a file, then commits. The file before is
    kept for `bring_media_back`; the one before that is deleted.
    """
    old = _file_of(media_id)
    stored = files.store_version(old["name"], data)
    new = {
        "name": stored.name,
        "original": filename[:255],
        "mime": stored.mime,
        "width": stored.width,
        "height": stored.height,
        "bytes": stored.size,
        "sha256": stored.sha256,
    }
    try:
        _swap(media_id, old, new, actor, key)
    except (Refused, DoneBefore):
        files.delete_version(stored.name)
        raise
    if old["before"]:
        files.delete_version(old["before"]["name"])


def bring_media_back(media_id: int, actor: str) -> None:
    """Show the file that was replaced last again; doing it twice changes nothing. Raises NotFound, MediaChanged."""
    old = _file_of(media_id)
    if not old["before"]:
        raise NotFound
    _swap(media_id, old, old["before"], actor)


_FILE = ("name", "original", "mime", "width", "height", "bytes", "sha256")


def _file_of(media_id: int) -> dict[str, Any]:
    row = db.one(f"SELECT {', '.join(_FILE)}, before FROM media WHERE id = ?", media_id)
    if row is None:
        raise NotFound
    return {**dict(zip(_FILE, row, strict=False)), "before": decoded(row[-1])}


def _swap(media_id: int, old: Mapping[str, Any], new: Mapping[str, Any], actor: str, key: str = "") -> None:
    """Let the row name another file; guarded, so that of two who replace at once one is told."""
    used = products_with(media_id)
    kept = {name: old[name] for name in _FILE}
    with changing(used) as change:
        claim(key)
        taken = db.execute(
            f"UPDATE media SET {', '.join(f'{name} = ?' for name in _FILE)}, before = ? WHERE id = ? AND name = ?",
            *(new[name] for name in _FILE),
            encoded(kept),
            media_id,
            old["name"],
        )
        if not taken:
            raise MediaChanged
        change.products.update(used)
        _tell_others(media_id)
        activity.record(
            actor,
            "media.replaced",
            f"media:{media_id}",
            title=str(old["original"]),
            before={name: old[name] for name in ("original", "width", "height", "bytes")},
            after={name: new[name] for name in ("original", "width", "height", "bytes")},
        )
    files.show_version(str(new["name"]))


def _tell_others(media_id: int) -> None:
    """Categories, plugins' pages and the settings of themes show what the row says now. Inside the transaction."""
    cache.touch(f"picture:{media_id}")
    if db.value("SELECT 1 FROM category WHERE media_id = ? LIMIT 1", media_id):
        cache.touch("categories")
    said = snapshot(media_id)
    assert said is not None
    theme_versions.picture_changed(media_id, said)


_ROW = (*_FILE, "focal_x", "focal_y", "alt", "before", "created_at")


def delete_media(media_id: int, actor: str) -> int:
    """Put a picture away that nothing shows; answers the number by which `restore_media` brings it back. Commits.

    Its file goes 30 days later. Plugins are asked first whether they show it. Raises NotFound, MediaInUse.
    """
    row = db.one(f"SELECT {', '.join(_ROW)} FROM media WHERE id = ?", media_id)
    if row is None:
        raise NotFound
    kept = dict(zip(_ROW, row, strict=True))
    elsewhere = len(plugin_uses([media_id]).get(media_id, ()))
    with db.transaction():
        own = db.value(
            "SELECT (SELECT COUNT(*) FROM product_media WHERE media_id = ?) + (SELECT COUNT(*) FROM variant WHERE"
            " media_id = ?)"
            " + (SELECT COUNT(*) FROM category WHERE media_id = ?)",
            media_id,
            media_id,
            media_id,
        )
        if uses := own + elsewhere + len(theme_versions.pictures_used().get(media_id, ())):
            raise MediaInUse(uses=uses)
        theme_versions.picture_gone(media_id)
        if not db.execute("DELETE FROM media WHERE id = ? AND name = ?", media_id, kept["name"]):
            raise MediaChanged
        now = clock.now()
        removed_id = insert(
            "media_removed", {"name": kept["name"], "kept": encoded(kept), "removed_at": clock.micros(now)}
        )
        jobs.enqueue("media.forget", {"removed": removed_id}, at=now + tables.KEPT_WHEN_REMOVED)
        activity.record(actor, "media.deleted", f"media:{media_id}", title=str(kept["original"] or kept["name"]))
        return removed_id


def restore_media(removed_id: int, actor: str) -> int:
    """Bring a picture back that was deleted; answers its id, a new one: nothing names the one before. Commits.

    Raises NotFound if it is back already, or gone for good.
    """
    with db.transaction():
        kept = db.value("DELETE FROM media_removed WHERE id = ? RETURNING kept", removed_id)
        if kept is None:
            raise NotFound
        row = decoded(kept)
        media_id = insert("media", row)
        activity.record(actor, "media.restored", f"media:{media_id}", title=str(row["original"] or row["name"]))
    return media_id


@jobs.job("media.forget")
def _forget(running: jobs.Running) -> None:
    """Delete the file of a picture that nobody brought back."""
    with db.transaction():
        name = db.value("DELETE FROM media_removed WHERE id = ? RETURNING name", running.payload["removed"])
    if name is not None:
        files.delete(str(name))


class PluginUse(Struct, frozen=True, kw_only=True):
    """A place where a plugin of a site shows a picture, by its own words, and where that is edited in its panel."""

    site: Site
    plugin: str
    title: str
    url: str


def plugin_uses(media_ids: Sequence[int]) -> dict[int, list[PluginUse]]:
    """Where plugins show these pictures, on every site: what they answer to `site_data` of the kind `picture`."""
    found: dict[int, list[PluginUse]] = {}
    for state in installation().sites.all():
        answers = state.hooks.site_data(site=state.site, kind="picture", objects=list(media_ids)) if media_ids else {}
        for plugin, said in answers.items():
            for media_id, data in said.items():
                uses = data.values.get("uses", ())
                found.setdefault(media_id, []).extend(
                    PluginUse(site=state.site, plugin=plugin, title=str(use["title"]), url=str(use.get("url", "")))
                    for use in (uses if isinstance(uses, list | tuple) else ())
                    if isinstance(use, Mapping) and use.get("title")
                )
    return found


def wordless_count() -> int:
    """How many pictures have no words in any language."""
    return int(db.value(f"SELECT COUNT(*) FROM media WHERE {WORDLESS}"))


WORDLESS = "alt IN ('{}', '')"


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


def stored_pictures(site: Site, language: str, media_ids: Collection[int]) -> dict[int, Picture]:
    """Pictures by their ids, with their words in a language; one statement. A page that shows one ends with it."""
    cache.depends(*(f"picture:{media_id}" for media_id in media_ids))
    found = db.rows(
        "SELECT id, name, mime, width, height, focal_x, focal_y, alt FROM media"
        f" WHERE id IN ({db.marks(list(media_ids))})",
        *media_ids,
    ) if media_ids else []  # fmt: skip
    pictures = {row[0]: picture_of(row, language, site.language, "") for row in found}
    return {media_id: picture for media_id, picture in pictures.items() if picture is not None}


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


class WordlessPicture(Struct, frozen=True, kw_only=True):
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


def add_picture(data: bytes, filename: str, alt: Mapping[str, str], actor: str, *, is_ours: bool = False) -> int:
    """Check and keep a picture's bytes and answer its row's id; known bytes are not kept twice.

    `is_ours` is for files of the program, which are kept as they are. Raises NotAPicture, TooLarge. Writes a file, then
    commits.
    """
    stored = files.store_picture(data, is_ours=is_ours)
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
