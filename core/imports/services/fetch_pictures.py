"""The job that fetches the pictures of a product after the commit, through the one client for typed addresses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from core.catalogue.services.drafts import ProductDraft, VariantDraft
from core.catalogue.services.media import StoredFile, add_media
from core.catalogue.services.products import Saved, save_products
from core.hookspecs.site import Site
from core.imports.models import DONE, FAILED, WAITING, PictureSource
from core.imports.services.pictures import IN_A_FOLDER, IN_THE_LIBRARY, own_name
from core.kernel import db, jobs
from core.kernel.fetch import fetch
from core.kernel.files import delete, store_picture
from core.kernel.i18n import say, speaking
from core.kernel.sites import state_of
from core.lib.errors import Broken, Refused

TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif", "image/avif")
LARGEST_BYTES = 16_000_000
ACTOR = "system"
_TRIES = 3


class NoSuchPicture(Refused):
    """A file has only the name of a picture, and nothing here is called so."""

    status = 404
    code = "no_such_picture"
    default_message = "There is no picture called %(name)s."


@jobs.job("imports.pictures")
def _fetch_pictures(running: jobs.Running) -> None:
    """The pictures of one product. What fails for good is in the run's report; what may come later is tried again."""
    product_id, run_id = int(running.payload["product"]), int(running.payload["run"])
    site = state_of(int(running.site_id or 0)).site
    language = db.value("SELECT language FROM import_run WHERE id = ? AND site_id = ?", run_id, site.id)
    waiting = PictureSource.select().where(PictureSource.product_id == product_id, PictureSource.state == WAITING)
    later: Broken | None = None
    with speaking(language or site.language, site.timezone):
        for source in list(waiting.order_by(PictureSource.position)):
            try:
                _take(site, source)
            except Broken as error:
                if error.permanent or running.attempt >= _TRIES:
                    _give_up(source, say(error))
                else:
                    later = error
            except Refused as error:
                _give_up(source, say(error))
            running.progress(0)
    if later is not None:
        raise later


def _take(site: Site, source: PictureSource) -> None:
    """Fetch a picture, show it with its product, then note that it is there: a crash in between only does it twice."""
    media_id = _present(site, source)
    if media_id is None:
        media_id = _stored(source, *_bytes(source.url))
    _show(site, source, media_id)
    with db.transaction():
        PictureSource.update(state=DONE, media_id=media_id, reason="").where(PictureSource.id == source.id).execute()


def _give_up(source: PictureSource, reason: str) -> None:
    with db.transaction():
        PictureSource.update(state=FAILED, reason=reason[:255]).where(PictureSource.id == source.id).execute()


def _present(site: Site, source: PictureSource) -> int | None:
    """The picture, if it is the shop's own or another product has fetched it already."""
    found: int | None
    if name := own_name(site, source.url):
        found = db.value("SELECT id FROM media WHERE name = ?", name)
    elif source.url.startswith(IN_THE_LIBRARY):
        name = source.url.removeprefix(IN_THE_LIBRARY)
        found = db.value("SELECT id FROM media WHERE original = ? ORDER BY id DESC LIMIT 1", name)
        if found is None:
            raise NoSuchPicture(name=name)
    else:
        found = db.value(
            "SELECT m.id FROM picture_source s JOIN media m ON m.id = s.media_id"
            " WHERE s.url_digest = ? AND s.state = ? LIMIT 1",
            source.url_digest, DONE,
        )  # fmt: skip
    return found


def _bytes(address: str) -> tuple[bytes, str]:
    """(picture, its address at last). From a folder only if the command named one: cells hold web addresses alone."""
    if not address.startswith(IN_A_FOLDER):
        fetched = fetch(address, types=TYPES, limit_bytes=LARGEST_BYTES)
        return fetched.data, fetched.url
    path = Path(unquote(urlsplit(address).path))
    if not path.is_file() or path.stat().st_size > LARGEST_BYTES:
        raise NoSuchPicture(name=path.name)
    return path.read_bytes(), address


def _stored(source: PictureSource, data: bytes, address: str) -> int:
    stored = store_picture(data)
    file = StoredFile(
        name=stored.name,
        original=unquote(urlsplit(address).path).rpartition("/")[2],
        mime=stored.mime,
        width=stored.width,
        height=stored.height,
        bytes=stored.size,
        sha256=stored.sha256,
    )
    media_id = add_media(file, {source.language: source.alt} if source.alt else {}, ACTOR)
    if db.value("SELECT name FROM media WHERE id = ?", media_id) != stored.name:
        delete(stored.name)  # the same bytes were there already
    return media_id


def _show(site: Site, source: PictureSource, media_id: int) -> None:
    """Behind the pictures that the product has, and with the variants that have none."""
    shown = [
        row[0]
        for row in db.rows(
            "SELECT media_id FROM product_media WHERE product_id = ? ORDER BY position, media_id", source.product_id
        )
    ]
    bare = db.rows(
        "SELECT id, sku FROM variant WHERE product_id = ? AND media_id IS NULL AND deleted_at IS NULL"
        f" AND sku IN ({db.marks(source.skus)})",
        source.product_id, *source.skus,
    )  # fmt: skip
    change = ProductDraft(
        id=source.product_id,
        media_ids=tuple(dict.fromkeys([*shown, media_id])),
        variants=tuple(VariantDraft(id=variant_id, sku=sku, media_id=media_id) for variant_id, sku in bare) or None,
        whole=False,
    )

    @contextmanager
    def keeping_the_journal_true(results: list[Saved | Refused]) -> Iterator[None]:
        """The import's own pictures are no edit that would keep its undo from the product."""
        yield
        for saved in results:
            if isinstance(saved, Saved) and saved.changed:
                db.execute(
                    "UPDATE import_change SET version = ? WHERE run_id = ? AND kind = 'product' AND ref = ?"
                    " AND version = ?",
                    saved.version, source.run_id, source.product_id, saved.version - 1,
                )  # fmt: skip

    for result in save_products(site, [change], ACTOR, around=keeping_the_journal_true):
        if isinstance(result, Refused):
            raise result
