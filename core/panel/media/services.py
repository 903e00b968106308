"""Pictures of the installation: stored from uploads, listed, and where each is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import url_for
from msgspec import Struct
from werkzeug.datastructures import FileStorage

from core.catalogue.services import media
from core.catalogue.services.writing import decoded
from core.kernel import db, files, i18n, theme_versions
from core.kernel.i18n import gettext as _
from core.kernel.installation import installation
from core.kernel.sites import current
from core.lib.errors import NotFound, Refused
from core.lib.languages import named
from core.panel.shell.sites import there

PAGE = 48
USES = 50
_LAST = 2**31


class PictureRow(Struct, frozen=True, kw_only=True):
    """A picture in the list."""

    id: int
    name: str
    url: str
    alt: str
    uses: int


class PictureFacts(Struct, frozen=True, kw_only=True):
    """One picture. `uses` are (title, address) of what shows it."""

    id: int
    stored: str
    name: str
    url: str
    alt: Mapping[str, str]
    focal_x: int
    focal_y: int
    width: int
    height: int
    bytes: int
    before: str
    uses: list[tuple[str, str]]


def store_uploads(
    uploads: Sequence[FileStorage], form: Mapping[str, str], languages: Sequence[str], actor: str, *, key: str = ""
) -> tuple[list[int], list[tuple[str, str]]]:
    """Check and store each file; answers the ids of those that are pictures, and what is wrong with the others.

    The first picture claims the form's `key`. Raises DoneBefore.
    """
    alt = {tag: words for tag in languages if (words := form.get(f"alt-{tag}", "").strip()[:300])}
    added, problems = list[int](), list[tuple[str, str]]()
    for upload in [upload for upload in uploads if upload.filename]:
        try:
            added.append(media.add_media(_stored(upload), alt, actor, key="" if added else key))
        except Refused as refusal:
            problems.append(("files", i18n.labelled(upload.filename or "", i18n.say(refusal))))
    if not added and not problems:
        problems.append(("files", _("Choose at least one picture.")))
    return added, problems


def partly(added: Sequence[int]) -> str:
    """What is said above the files that were not taken, where others were; empty where none was."""
    if not added:
        return ""
    said = i18n.ngettext("%(n)s picture is added.", "%(n)s pictures are added.", len(added))
    return i18n.sentences([said, _("Not added:")])


def _stored(upload: FileStorage) -> media.StoredFile:
    stored = files.store_picture(upload.read())
    return media.StoredFile(
        name=stored.name,
        original=upload.filename or "",
        mime=stored.mime,
        width=stored.width,
        height=stored.height,
        bytes=stored.size,
        sha256=stored.sha256,
    )


_USERS = ("product_media", "variant", "category")


def listed(query: str, show: str, before: int | None) -> tuple[list[PictureRow], int | None]:
    """The pictures that fit, newest first, and the id to go on from; four statements, and what plugins ask."""
    where, params = ["m.id < ?"], [before or _LAST]
    if query:
        where.append("(LOWER(m.original) LIKE ? OR LOWER(m.alt) LIKE ?)")
        params += [f"%{query.lower()}%"] * 2  # type: ignore[list-item]
    themes = theme_versions.pictures_used()
    if show == "wordless":
        where.append(f"m.{media.WORDLESS}")
    if show == "unused":
        where += [f"NOT EXISTS (SELECT 1 FROM {table} u WHERE u.media_id = m.id)" for table in _USERS]
        if themes:
            where.append(f"m.id NOT IN ({db.marks(list(themes))})")
            params += themes
    found = db.rows(
        f"SELECT m.id, m.name, m.original, m.alt FROM media m WHERE {' AND '.join(where)} ORDER BY m.id DESC LIMIT ?",
        *params,
        PAGE + 1,
    )
    shown = [row[0] for row in found[:PAGE]]
    uses = _counted_uses(shown)
    elsewhere = media.plugin_uses(shown)
    for media_id in shown:
        more = len(themes.get(media_id, ())) + len(elsewhere.get(media_id, ()))
        uses[media_id] = uses.get(media_id, 0) + more
    rows = [
        PictureRow(
            id=row[0],
            name=row[2] or row[1],
            url=files.url(row[1], 400),
            alt=named(_words(row[3]), i18n.language()),
            uses=uses[row[0]],
        )
        for row in found[:PAGE]
        # What plugins show, SQL does not know.
        if show != "unused" or not uses[row[0]]
    ]
    return rows, found[PAGE - 1][0] if len(found) > PAGE else None


def _counted_uses(media_ids: list[int]) -> dict[int, int]:
    """In how many products, variants and categories each is. One statement."""
    found: dict[int, int] = {}
    among = f"WHERE media_id IN ({db.marks(media_ids)}) GROUP BY media_id"
    for media_id, count in db.rows(
        " UNION ALL ".join(f"SELECT media_id, COUNT(*) FROM {table} {among}" for table in _USERS),
        *media_ids * len(_USERS),
    ):
        found[media_id] = found.get(media_id, 0) + count
    return found


def find(media_id: int) -> PictureFacts:
    """One picture with its uses; raises NotFound."""
    row = db.one(
        "SELECT name, original, alt, focal_x, focal_y, width, height, bytes, before FROM media WHERE id = ?", media_id
    )
    if row is None:
        raise NotFound
    return PictureFacts(
        id=media_id,
        stored=row[0],
        name=row[1] or row[0],
        url=files.url(row[0], 800),
        alt=_words(row[2]),
        focal_x=row[3],
        focal_y=row[4],
        width=row[5],
        height=row[6],
        bytes=row[7],
        before=decoded(row[8]).get("original", "") if row[8] else "",
        uses=_uses(media_id),
    )


def _uses(media_id: int) -> list[tuple[str, str]]:
    products = db.rows(
        "SELECT t.product_id, COALESCE(MIN(CASE WHEN t.language = ? THEN t.name END), MIN(t.name)) FROM product_text t"
        " WHERE t.product_id IN (SELECT product_id FROM product_media WHERE media_id = ?"
        " UNION SELECT product_id FROM variant WHERE media_id = ?) GROUP BY t.product_id ORDER BY t.product_id LIMIT ?",
        i18n.language(),
        media_id,
        media_id,
        USES,
    )
    categories = db.rows(
        "SELECT c.id, COALESCE(MIN(CASE WHEN t.language = ? THEN t.name END), MIN(t.name)) FROM category c JOIN"
        " category_text t ON t.category_id = c.id WHERE c.media_id = ? GROUP BY c.id ORDER BY c.id",
        i18n.language(),
        media_id,
    )
    shown = [(name, url_for("panel.product", product_id=product_id)) for product_id, name in products]
    shown += [(name, url_for("panel.category", category_id=category_id)) for category_id, name in categories]
    shown += [_of_theme(*place) for place in theme_versions.pictures_used().get(media_id, ())]
    return shown + [_of_plugin(use) for use in media.plugin_uses([media_id]).get(media_id, ())]


def _of_plugin(use: media.PluginUse) -> tuple[str, str]:
    """Where a plugin shows a picture; on another site it is edited in the panel of that one."""
    title = use.title if use.site.id == current().site.id else f"{use.title} · {use.site.name}"
    return title, there(use.site, use.url) if use.url else ""


def _of_theme(site_id: int, theme: str, setting: str) -> tuple[str, str]:
    """Where a theme's settings show a picture, with the site if it is another one."""
    known = installation().themes.get(theme)
    site = installation().sites.pinned(site_id).site
    title = i18n.of_theme(theme, known.title)
    label = i18n.of_theme(theme, known.settings[setting].label) if setting in known.settings else setting
    return f"{title} · {label} · {site.name}", there(site, url_for("panel.theme_of", theme=theme))


def _words(stored: str | None) -> dict[str, str]:
    return decoded(stored) or {}


def replace(media_id: int, upload: FileStorage | None, actor: str, *, key: str = "") -> str:
    """Put what was uploaded in place of a picture; answers what is wrong with it, or nothing. Raises NotFound."""
    if upload is None or not upload.filename:
        return _("Choose a picture.")
    try:
        media.replace_media(media_id, upload.read(), upload.filename, actor, key=key)
    except NotFound:
        raise
    except Refused as refusal:
        return i18n.labelled(upload.filename or "", i18n.say(refusal))
    return ""
